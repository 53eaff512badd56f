// Passes a change on where it is one: the same value again stops here, however it is written.
(function (rows, config) {
    const api = window.dash_clientside;
    const changed = function () {
        const context = api.callback_context;
        const base = rows.baseHere();
        const changes = rows.changes(context.inputs_list);
        const groups = new Map();
        [context.inputs_list[0]].flat().forEach((item, i) => {
            const row = rows.inRows ? rows.rowOf(item.id) : [];
            const group = groups.get(JSON.stringify(row)) || {row, items: [], places: []};
            groups.set(JSON.stringify(row), group);
            group.items.push(item);
            group.places.push(i);
        });
        for (const {row, items, places} of groups.values()) {
            const value = rows.text(items.map((item) => [item.id, item.value]));
            // Dash 3.1 makes no initial call here: the first call may be for a change.
            const isChange = changes.some(([, i]) => i === null || places.includes(i));
            const first = {runs: 0, value: isChange ? null : value};
            const state = rows.stateOf(base, row, () => first);
            if (state.value === value) {
                continue;
            }
            state.value = value;
            // The author's own slot may be for all, or for the row's one component.
            const triggered = changes
                .filter(([, i]) => i === null || places.includes(i))
                .map(([, i]) => [0, config.forAll ? places.indexOf(i) : null]);
            rows.fire(base, row, items[0].id, () => ({run: (state.runs += 1), triggered}));
        }
    };
    return {changed, wrap: (target) => rows.seen(target, (run) => run()), stores: rows.stores};
})
