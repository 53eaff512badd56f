// Places a directed graph in columns: each node right of what leads to it, near those it is joined with.
const layers = (() => {
  const columnsOf = (count, edges) => {
    const next = Array.from({ length: count }, () => []);
    edges.forEach(([from, to]) => from !== to && next[from].push(to));
    const state = new Array(count).fill(0);
    const order = [];
    const back = new Set();
    // Depth first without recursion: an app may have thousands of callbacks in a row.
    for (let root = 0; root < count; root += 1) {
      if (state[root]) continue;
      const walk = [[root, 0]];
      state[root] = 1;
      while (walk.length) {
        const top = walk[walk.length - 1];
        const to = next[top[0]][top[1]];
        top[1] += 1;
        if (to === undefined) {
          state[top[0]] = 2;
          order.push(top[0]);
          walk.pop();
        } else if (state[to] === 0) {
          state[to] = 1;
          walk.push([to, 0]);
        } else if (state[to] === 1) {
          back.add(`${top[0]} ${to}`);
        }
      }
    }
    const column = new Array(count).fill(0);
    order.reverse().forEach((from) =>
      next[from].forEach((to) => {
        if (!back.has(`${from} ${to}`)) column[to] = Math.max(column[to], column[from] + 1);
      }),
    );
    return column;
  };

  // Callbacks that nothing joins stand in a block of their own, below.
  return (count, edges, tallest) => {
    const column = columnsOf(count, edges);
    const joined = new Array(count).fill(false);
    const beside = Array.from({ length: count }, () => []);
    edges.forEach(([from, to]) => {
      if (from === to) return;
      joined[from] = joined[to] = true;
      beside[from].push(to);
      beside[to].push(from);
    });
    const columns = [];
    for (let i = 0; i < count; i += 1) {
      if (joined[i]) (columns[column[i]] = columns[column[i]] || []).push(i);
    }
    const row = new Array(count).fill(0);
    columns.forEach((nodes) => nodes.forEach((node, i) => (row[node] = i)));
    const middle = (node) => {
      const rows = beside[node].map((other) => row[other]);
      return rows.length ? rows.reduce((a, b) => a + b, 0) / rows.length : row[node];
    };
    for (let pass = 0; pass < 8; pass += 1) {
      const turn = pass % 2 ? [...columns].reverse() : columns;
      turn.forEach((nodes) => {
        if (!nodes) return;
        const wanted = new Map(nodes.map((node) => [node, middle(node)]));
        nodes.sort((a, b) => wanted.get(a) - wanted.get(b));
        nodes.forEach((node, i) => (row[node] = i));
      });
    }
    const depth = Math.max(0, ...columns.map((nodes) => (nodes ? nodes.length : 0)));
    const alone = [...Array(count).keys()].filter((i) => !joined[i]);
    const across = Math.max(columns.length, Math.min(4, Math.ceil(alone.length / tallest)), 1);
    alone.forEach((node, i) => {
      column[node] = i % across;
      row[node] = depth + Math.floor(i / across) + (depth ? 0.5 : 0);
    });
    return { column, row };
  };
})();
