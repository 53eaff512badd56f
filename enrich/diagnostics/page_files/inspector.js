(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const view = document.getElementById("view");
  const details = document.getElementById("details");
  const search = document.getElementById("search");
  const showHidden = document.getElementById("show-hidden");
  const TABS = { graph: "Graph", callbacks: "Callbacks", transforms: "Transforms", findings: "Findings" };
  if (data.live) TABS.calls = "Calls";
  const state = { tab: location.hash.slice(1) in TABS ? location.hash.slice(1) : data.live ? "calls" : "graph" };

  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    Object.entries(attributes).forEach(([name, value]) => {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== undefined) element.setAttribute(name, value);
    });
    element.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return element;
  };
  const drawn = (tag, attributes, ...children) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
    element.append(...children);
    return element;
  };
  const list = (lines) => make("ul", {}, lines.map((line) => make("li", {}, line)));
  const codes = (lines) => make("ul", {}, lines.map((line) => make("li", {}, make("code", {}, line))));
  const fileName = (path) => path.split(/[\\/]/).pop();
  const where = (one) => `${fileName(one.file)}:${one.line}`;
  const bytes = (n) => {
    if (n === null || n === undefined) return "";
    if (n < 1000) return `${n} B`;
    return n < 1e6 ? `${(n / 1e3).toFixed(1)} kB` : `${(n / 1e6).toFixed(1)} MB`;
  };

  // --- what is looked for ---

  const textOf = (one) =>
    [one.name, one.file, one.kind, ...one.outputs, ...one.inputs, ...one.states].join("\n").toLowerCase();
  const texts = new Map([...data.registered, ...data.written].map((one) => [one, textOf(one)]));
  const wanted = () => search.value.trim().toLowerCase();
  const matches = (one) => texts.get(one).includes(wanted());
  const isShown = (one) => showHidden.checked || !one.hidden;

  // --- details of a callback ---

  const section = (title, content) => (content ? [make("h3", {}, title), content] : []);
  const showCallback = (place) => {
    const one = data.registered[place];
    state.chosen = place;
    const sources = one.of.map((number) => data.written[number]);
    details.replaceChildren(
      make("h2", {}, one.name),
      make("span", { class: `kind ${one.kind}` }, one.hidden ? "added by a transform" : one.kind),
      make("div", { class: "where mono" }, `${one.file}:${one.line}`),
      ...section("Outputs", one.outputs.length ? codes(one.outputs) : make("span", {}, "none")),
      ...section("Inputs", codes(one.inputs)),
      ...section("States", one.states.length ? codes(one.states) : null),
      ...section(
        "Options",
        Object.keys(one.options).length
          ? codes(Object.entries(one.options).map(([name, value]) => `${name}=${value}`))
          : null,
      ),
      ...(one.hidden ? [] : sources.flatMap((source) => written(source, sources.length > 1))),
      ...section("Last calls", lastCalls(place)),
    );
    paintChosen();
  };
  const written = (source, named) => [
    make("h3", {}, named ? `As written: ${source.name} (${where(source)})` : "As written"),
    codes([...source.outputs.map((o) => `-> ${o}`), ...source.inputs, ...source.states.map((s) => `${s} (state)`)]),
    ...source.changes.flatMap((change) => [make("h3", {}, change.transform), list(change.lines)]),
  ];
  const lastCalls = (place) => {
    const one = data.registered[place];
    const calls = (data.calls || []).filter((call) => call.name === one.name && call.where === `${one.file}:${one.line}`);
    if (!calls.length) return null;
    return list(calls.slice(0, 8).map((call) => `${call.status}, ${call.milliseconds.total} ms, by ${by(call)}`));
  };
  const by = (call) => call.triggered.map((t) => t.id).join(", ") || "the page";

  // --- the graph ---

  const WIDTH = 200, HEIGHT = 46, GAP_X = 90, GAP_Y = 22, MARGIN = 24;
  const graph = () => {
    const visible = data.registered.map((one, place) => place).filter((place) => isShown(data.registered[place]));
    if (!visible.length) return make("div", { class: "empty" }, "This app has no callbacks.");
    const all = joined(new Set(visible));
    const shown = visible.filter(near(all));
    if (!shown.length) return make("div", { class: "empty" }, "No callback fits the search.");
    const places = new Map(shown.map((place, i) => [place, i]));
    const edges = all
      .filter(([from, to]) => places.has(from) && places.has(to))
      .map(([from, to, through]) => [places.get(from), places.get(to), through]);
    const { column, row } = layers(shown.length, edges, 12);
    const x = (i) => MARGIN + column[i] * (WIDTH + GAP_X);
    const y = (i) => MARGIN + row[i] * (HEIGHT + GAP_Y);
    const svg = drawn("svg", {
      width: Math.max(...shown.map((_, i) => x(i))) + WIDTH + MARGIN,
      height: Math.max(...shown.map((_, i) => y(i))) + HEIGHT + MARGIN,
    });
    svg.append(
      drawn("defs", {}, drawn("marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto" },
        drawn("path", { d: "M0,0 L8,4 L0,8 z", style: "fill: var(--soft); stroke: none; opacity: 1" }))),
    );
    edges.forEach(([from, to, through]) => {
      const [x1, y1, x2, y2] = [x(from) + WIDTH, y(from) + HEIGHT / 2, x(to) - 2, y(to) + HEIGHT / 2];
      const path = drawn("path", {
        d: x2 > x1 ? ahead(x1, y1, x2, y2) : around(x1, y1, x2, y2),
        "marker-end": "url(#tip)", "data-from": shown[from], "data-to": shown[to],
      }, drawn("title", {}, through));
      svg.append(path);
    });
    shown.forEach((place, i) => svg.append(node(place, x(i), y(i))));
    return svg;
  };
  const ahead = (x1, y1, x2, y2) => {
    const bend = Math.max(40, (x2 - x1) / 2);
    return `M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`;
  };
  // Back to an earlier column: between the rows, so that no box hides it.
  const around = (x1, y1, x2, y2) => {
    const under = Math.max(y1, y2) + HEIGHT / 2 + GAP_Y / 2;
    return `M${x1},${y1} C${x1 + 34},${y1} ${x1 + 34},${under} ${x1},${under} L${x2},${under} C${x2 - 22},${under} ${x2 - 22},${y2} ${x2},${y2}`;
  };
  // What a hidden callback stands between is joined directly while hidden ones are not shown.
  const joined = (places) => {
    const next = new Map();
    data.edges.forEach(([from, to, through]) => {
      if (!next.has(from)) next.set(from, []);
      next.get(from).push([to, through]);
    });
    const found = [];
    places.forEach((place) => {
      const seen = new Set([place]);
      const walk = [...(next.get(place) || [])];
      while (walk.length) {
        const [to, through] = walk.pop();
        if (seen.has(to)) continue;
        seen.add(to);
        if (places.has(to)) found.push([place, to, through]);
        else (next.get(to) || []).forEach(([further]) => walk.push([further, through]));
      }
    });
    return found;
  };
  // A search leaves what fits it, and what that is joined with.
  const near = (all) => {
    if (!wanted()) return () => true;
    const fits = (place) => matches(data.registered[place]);
    const kept = new Set(all.flatMap(([from, to]) => (fits(from) || fits(to) ? [from, to] : [])));
    return (place) => kept.has(place) || fits(place);
  };
  const pen = document.createElement("canvas").getContext("2d");
  const cut = (text, size) => {
    pen.font = `${size}px system-ui, sans-serif`;
    const fits = (part) => pen.measureText(part).width <= WIDTH - 24;
    if (fits(text)) return text;
    let length = text.length;
    while (length > 1 && !fits(`${text.slice(0, length)}…`)) length -= 1;
    return `${text.slice(0, length)}…`;
  };
  const node = (place, x, y) => {
    const one = data.registered[place];
    const group = drawn("g", {
      class: `node ${one.kind}${one.hidden ? " hidden-one" : ""}`, transform: `translate(${x},${y})`,
      "data-place": place, tabindex: 0,
    });
    group.append(
      drawn("rect", { width: WIDTH, height: HEIGHT, rx: 7 }),
      Object.assign(drawn("text", { x: 12, y: 19 }), { textContent: cut(one.name, 12.5) }),
      Object.assign(drawn("text", { x: 12, y: 36, class: "port" }), { textContent: cut(one.outputs.join(", ") || "no output", 11) }),
      Object.assign(drawn("title", {}), { textContent: `${one.name} (${where(one)})` }),
    );
    group.addEventListener("click", () => showCallback(place));
    group.addEventListener("keydown", (event) => event.key === "Enter" && showCallback(place));
    return group;
  };
  const paintChosen = () => {
    const near = new Set([state.chosen]);
    view.querySelectorAll("svg path[data-from]").forEach((path) => {
      const ends = [Number(path.dataset.from), Number(path.dataset.to)];
      const touched = ends.includes(state.chosen);
      path.classList.toggle("touched", touched);
      if (touched) ends.forEach((end) => near.add(end));
    });
    view.querySelectorAll("g.node").forEach((group) => {
      const place = Number(group.dataset.place);
      group.classList.toggle("chosen", place === state.chosen);
      group.classList.toggle("faded", wanted() ? !matches(data.registered[place]) : state.chosen !== undefined && !near.has(place));
    });
    view.querySelectorAll("svg path[data-from]").forEach((path) => {
      path.classList.toggle("faded", (Boolean(wanted()) || state.chosen !== undefined) && !path.classList.contains("touched"));
    });
    view.querySelectorAll("tr[data-place]").forEach((row) => {
      row.classList.toggle("chosen", Number(row.dataset.place) === state.chosen);
    });
  };

  // --- tables ---

  const table = (heads, rows) =>
    make("table", {},
      make("thead", {}, make("tr", {}, heads.map((head) => make("th", { class: head.startsWith("#") ? "number" : undefined }, head.replace("#", ""))))),
      make("tbody", {}, rows));
  const number = (text) => make("td", { class: "number" }, String(text));
  const row = (attributes, act, cells) =>
    make("tr", { ...attributes, tabindex: 0, onclick: act, onkeydown: (event) => event.key === "Enter" && act() }, cells);

  const callbacks = () => {
    const shown = data.registered.map((one, place) => [one, place]).filter(([one]) => isShown(one) && matches(one));
    if (!shown.length) return make("div", { class: "empty" }, "No callback fits the search.");
    return table(["Callback", "Fires on", "Writes", "Transforms", "Declared at"], shown.map(([one, place]) =>
      row({ "data-place": place }, () => showCallback(place), [
        make("td", {}, one.name, " ", make("span", { class: `kind ${one.kind}` }, one.hidden ? "added" : one.kind)),
        make("td", {}, make("code", {}, one.inputs.join(", "))),
        make("td", {}, make("code", {}, one.outputs.join(", "))),
        make("td", {}, [...new Set(one.of.flatMap((n) => data.written[n].changes.map((c) => c.transform.replace("Transform", ""))))].join(", ")),
        make("td", { class: "where" }, where(one)),
      ])));
  };

  const transforms = () => make("div", { style: "padding: 16px 24px; max-width: 70em" },
    make("h3", {}, "In the order in which they ran"),
    data.transforms.length
      ? make("ol", {}, data.transforms.map((name) => make("li", {}, make("code", {}, name), list(touchedBy(name)))))
      : make("div", { class: "empty" }, "This app has no transforms."));
  const touchedBy = (name) => {
    const kind = name.split("(")[0];
    const whole = data.added.filter((change) => change.transform === kind).flatMap((change) => change.lines);
    const own = data.written.flatMap((one) =>
      one.changes.filter((change) => change.transform === kind).map((change) => `${one.name} (${where(one)}): ${change.lines.join("; ")}`));
    return [...whole, ...own].filter((line) => line.toLowerCase().includes(wanted()));
  };

  const findings = () => {
    if (!data.findings.length) return make("div", { class: "empty" }, "The startup checks found nothing.");
    return table(["Check", "Callback", "What", "Declared at"], data.findings.map((one) =>
      row({}, () => {
        const place = data.registered.findIndex((other) => other.file === one.file && other.line === one.line);
        if (place >= 0) showCallback(place);
      }, [
        make("td", {}, make("code", { class: one.severity === "error" ? "error" : "" }, one.code)),
        make("td", {}, one.callback), make("td", {}, one.text), make("td", { class: "where" }, where(one)),
      ])));
  };

  const calls = () => {
    const shown = data.calls.filter((call) => [call.name, call.where, call.status, ...call.triggered.map((t) => t.id)].join("\n").toLowerCase().includes(wanted()));
    if (!shown.length) return make("div", { class: "empty" }, "No call yet. Use the app; this page follows.");
    return table(["Callback", "Triggered by", "", "#Load", "#Function", "#Dump", "#Store", "#In", "#Out", "Hits / misses"], shown.map((call) => {
      const ms = call.milliseconds;
      const share = (name) => make("i", { class: name, style: `flex: ${ms[name]} 0 0` });
      return row({ class: state.call === call.number ? "chosen" : "" }, () => showCall(call), [
        make("td", {}, call.name, " ", call.status === "ok" ? "" : make("span", { class: call.status }, call.status === "prevented" ? "no update" : call.status)),
        make("td", {}, make("code", {}, by(call))),
        make("td", {}, make("div", { class: "bar", title: `${ms.total} ms` }, share("load"), share("function"), share("dump"))),
        number(`${ms.load} ms`), number(`${ms.function} ms`), number(`${ms.dump} ms`), number(ms.store ? `${ms.store} ms` : ""),
        number(bytes(call.bytes.in)), number(bytes(call.bytes.out)),
        make("td", {}, call.store.hits + call.store.misses ? `${call.store.hits} / ${call.store.misses}` : ""),
      ]);
    }));
  };
  const frame = (one) => make("li", {}, make("code", {}, `${one.file}:${one.line} in ${one.function}`), one.text ? make("pre", {}, one.text) : null);
  const showCall = (call) => {
    state.call = call.number;
    const key = (name, colour) => make("span", { class: "key", style: `background: ${colour}` });
    const ms = call.milliseconds;
    details.replaceChildren(
      make("h2", {}, call.name),
      make("div", { class: "where mono" }, call.where),
      make("div", {}, make("span", { class: call.status }, call.status), ` over ${call.transport} at ${new Date(call.at * 1000).toLocaleTimeString()}`),
      ...section("Triggered by", call.triggered.length ? codes(call.triggered.map((t) => `${t.id} = ${t.value}`)) : make("span", {}, "the page's first load")),
      ...section("Time", make("ul", { style: "list-style: none; padding: 0" },
        make("li", {}, key("load", "#8fb0ee"), `load ${ms.load} ms`),
        make("li", {}, key("function", "var(--strong)"), `function ${ms.function} ms`),
        make("li", {}, key("dump", "#f0b775"), `dump ${ms.dump} ms`),
        make("li", {}, `store ${ms.store} ms, of the times above`),
        Object.entries(call.timings).map(([name, value]) => make("li", {}, `${name} ${value} ms, recorded by the callback`)))),
      ...section("Bytes", make("span", {}, `${bytes(call.bytes.in) || "?"} in, ${bytes(call.bytes.out) || "?"} out${call.chunks ? ` in ${call.chunks} values` : ""}`)),
      ...section("Store", make("span", {}, `${call.store.hits} hits, ${call.store.misses} misses, ${call.store.writes} written (${bytes(call.store.written)})`)),
      ...(call.error ? [
        make("h3", {}, "Error"),
        make("div", { class: "error" }, `${call.error.type}: ${call.error.text}`),
        make("ul", { style: "list-style: none; padding: 0" }, call.error.own.map(frame)),
        make("details", {}, make("summary", {}, `${call.error.others.length} frames of libraries`), make("ul", {}, call.error.others.map(frame))),
      ] : []),
    );
    draw();
  };

  // --- the page ---

  const VIEWS = { graph, callbacks, transforms, findings, calls };
  const draw = () => {
    const kept = [view.scrollLeft, view.scrollTop];
    view.replaceChildren(VIEWS[state.tab]());
    [view.scrollLeft, view.scrollTop] = kept;
    paintChosen();
  };
  const tabs = document.getElementById("tabs");
  const count = { findings: () => data.findings.length, callbacks: () => data.registered.filter(isShown).length };
  const drawTabs = () => tabs.replaceChildren(...Object.entries(TABS).map(([name, title]) =>
    make("button", { "aria-selected": String(name === state.tab), id: `tab-${name}`, onclick: () => go(name) }, count[name] ? `${title} ${count[name]()}` : title)));
  const go = (name) => {
    state.tab = name;
    history.replaceState(null, "", `#${name}`);
    drawTabs();
    draw();
  };
  search.addEventListener("input", draw);
  showHidden.addEventListener("change", () => { drawTabs(); draw(); });
  const follow = async () => {
    try {
      const known = JSON.stringify(data.calls);
      data.calls = (await (await fetch(data.live)).json()).calls;
      if (state.tab === "calls" && JSON.stringify(data.calls) !== known) draw();
    } catch (error) {
      // The app is stopped or starts anew; the next turn tells.
    }
    setTimeout(follow, 1000);
  };
  if (data.live) follow();
  drawTabs();
  draw();
})();
