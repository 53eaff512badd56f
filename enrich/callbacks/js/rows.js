// Hidden stores that fire a callback: one of each kind for a callback, or one for each row where its ids have MATCH.
(function (config) {
    const api = window.dash_clientside;
    const sorted = (value) =>
        value === null || typeof value !== "object"
            ? value
            : Array.isArray(value)
              ? value.map(sorted)
              : Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
    const text = (value) => (typeof value === "string" ? value : JSON.stringify(sorted(value)));
    const rowOf = (id) => config.match.map((key) => id[key]);
    const parsed = (propId) => {
        const id = propId.slice(0, propId.lastIndexOf("."));
        return id.startsWith("{") ? JSON.parse(id) : id;
    };
    const idOf = (part, row) =>
        config.match.length === 0
            ? `${config.name}-${part}`
            : Object.fromEntries([[`enrich-${part}`, config.name], ...row.map((value, i) => [config.match[i], value])]);
    // For a component that is not there, getLayout throws or gives the whole layout.
    const isThere = (id) => {
        try {
            return text(window.dash_component_api.getLayout(id).props.id) === text(id);
        } catch {
            return false;
        }
    };
    // What is known of each row, for as long as the page lives.
    const states = ((window.dash_enrich = window.dash_enrich || {})[config.name] =
        window.dash_enrich[config.name] || {});
    const stateOf = (row, fresh) => (states[JSON.stringify(row)] = states[JSON.stringify(row)] || fresh());
    // A new row's stores are added by a callback of their own, which may come later than the row's first event.
    const fire = (row, data, tries = 0) => {
        const id = idOf("go", row);
        if (isThere(id)) {
            api.set_props(id, {data: data()});
        } else if (tries < 200) {
            setTimeout(() => fire(row, data, tries + 1), 25);
        }
    };
    let known = null;
    const stores = function () {
        const ids = api.callback_context.inputs_list.flat().map((item) => item.id);
        const rows = [...new Map(ids.map((id) => [JSON.stringify(rowOf(id)), rowOf(id)])).values()];
        if (known === JSON.stringify(rows)) {
            return api.no_update;
        }
        known = JSON.stringify(rows);
        return rows.flatMap((row) =>
            config.parts.map((part) => ({
                type: "Store",
                namespace: "dash_core_components",
                props: {id: idOf(part, row)},
            })),
        );
    };
    // Lets an author's own clientside function see what the user did, where it was a hidden store that fired it.
    const seen = (target, after) =>
        function (...args) {
            const context = api.callback_context;
            const items = context.inputs_list.flat();
            const own = (change) => {
                const id = parsed(change.prop_id);
                const item = items.find((one) => text(one.id) === text(id));
                const isOurs = text(id).includes(`"${config.name}"`) || id === idOf("go", []);
                return isOurs ? item.value.triggered : [change.prop_id];
            };
            const values = {...context.states, ...context.inputs};
            context.triggered = context.triggered
                .flatMap(own)
                .map((prop_id) => ({prop_id, value: values[prop_id]}));
            context.triggered_id = context.triggered.length ? parsed(context.triggered[0].prop_id) : undefined;
            return after(() => target.apply(this, args), items);
        };
    return {text, rowOf, parsed, isThere, stateOf, fire, stores, seen};
})
