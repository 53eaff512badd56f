// Passes a change on where it is one: the same value again stops here, however it is written.
(function (rows, config) {
    const api = window.dash_clientside;
    const changed = function () {
        const context = api.callback_context;
        const items = [context.inputs_list[0]].flat();
        const groups = new Map();
        for (const item of items) {
            const row = config.match.length ? rows.rowOf(item.id) : [];
            const key = JSON.stringify(row);
            groups.set(key, {row, items: [...(groups.get(key)?.items || []), item]});
        }
        for (const {row, items: own} of groups.values()) {
            const value = rows.text([own.map((item) => [item.id, item.value])]);
            const state = rows.stateOf(row, () => ({runs: 0, value: context.triggered.length ? null : value}));
            if (state.value !== value) {
                state.value = value;
                const ids = own.map((item) => rows.text(item.id));
                const triggered = context.triggered
                    .map((change) => change.prop_id)
                    .filter((propId) => ids.includes(rows.text(rows.parsed(propId))));
                rows.fire(row, () => ({run: (state.runs += 1), triggered}));
            }
        }
    };
    return {changed, wrap: (target) => rows.seen(target, (run) => run()), stores: rows.stores};
})
