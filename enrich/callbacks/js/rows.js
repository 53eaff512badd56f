// Hidden stores that fire a callback: one of each kind for a callback, or one for each row where its ids have MATCH.
// Their ids are read from the page, since a prefix may have been put before them: `base` is what they have in common.
(function (config) {
    const api = window.dash_clientside;
    const inRows = config.match.length > 0;
    const sorted = (value) =>
        value === null || typeof value !== "object"
            ? value
            : Array.isArray(value)
              ? value.map(sorted)
              : Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
    const text = (value) => (typeof value === "string" ? value : JSON.stringify(sorted(value)));
    const rowOf = (id) => config.match.map((key) => id[key]);
    const idOf = (base, part, row) =>
        inRows
            ? Object.fromEntries([[`enrich-${part}`, base], ...row.map((value, i) => [config.match[i], value])])
            : `${base}-${part}`;
    const baseOf = (id, part) => (inRows ? id[`enrich-${part}`] : id.slice(0, -`-${part}`.length));
    // The last state of a script's own callback is the id of a hidden component.
    const baseHere = () => {
        const id = api.callback_context.states_list[0].value;
        return inRows ? id : baseOf(id, "go");
    };
    const parsed = (propId) => {
        const id = propId.slice(0, propId.lastIndexOf("."));
        return id.startsWith("{") ? JSON.parse(id) : id;
    };
    // For a component that is not there, getLayout throws or gives the whole layout.
    const isThere = (id) => {
        try {
            return text(window.dash_component_api.getLayout(id).props.id) === text(id);
        } catch {
            return false;
        }
    };
    // What is known of each row, for as long as the page lives.
    const stateOf = (base, row, fresh) => {
        const states = (window.dash_enrich = window.dash_enrich || {});
        const key = JSON.stringify([base, row]);
        return (states[key] = states[key] || fresh());
    };
    // Which of a callback's inputs changed: the place of each, and the place in its list where it is for all.
    const changes = (inputs) => {
        const changed = api.callback_context.triggered.map((change) => change.prop_id);
        const isChanged = (item) => changed.includes(`${text(item.id)}.${item.property}`);
        return inputs.flatMap((item, place) =>
            Array.isArray(item)
                ? item.flatMap((part, i) => (isChanged(part) ? [[place, i]] : []))
                : isChanged(item)
                  ? [[place, null]]
                  : [],
        );
    };
    // A new row's stores are added by a callback of their own, which may come later than the row's first event.
    const fire = (base, row, target, data, tries = 0) => {
        const id = idOf(base, "go", row);
        if (isThere(id)) {
            api.set_props(id, {data: data()});
            if (inRows) {
                // The row's own component fires: its id, written anew.
                api.set_props(target, {id: target});
            }
        } else if (tries < 200) {
            setTimeout(() => fire(base, row, target, data, tries + 1), 25);
        }
    };
    let known = null;
    const stores = function () {
        const context = api.callback_context;
        const all = context.inputs_list.flat().map((item) => rowOf(item.id));
        const rows = [...new Map(all.map((row) => [JSON.stringify(row), row])).values()];
        if (known === JSON.stringify(rows)) {
            return api.no_update;
        }
        known = JSON.stringify(rows);
        return rows.flatMap((row) =>
            config.parts.map((part) => ({
                type: "Store",
                namespace: "dash_core_components",
                props: {id: idOf(context.outputs_list.id, part, row)},
            })),
        );
    };
    // Lets an author's own clientside function see what the user did, where it was a hidden store that fired it.
    const seen = (target, call) =>
        function (...args) {
            const context = api.callback_context;
            const request = [...context.inputs_list, ...(context.states_list || [])];
            const port = [request[config.port]].flat()[0];
            const own = `${text(port.id)}.${port.property}`;
            const data = request[config.data];
            const sources = ((data.value || {}).triggered || []).map(([place, i]) => {
                const item = request[config.sources[place]];
                return i === null ? item : item[i];
            });
            context.triggered = context.triggered.flatMap((change) =>
                change.prop_id === own
                    ? sources.map((item) => ({prop_id: `${text(item.id)}.${item.property}`, value: item.value}))
                    : [change],
            );
            context.triggered_id = context.triggered.length ? parsed(context.triggered[0].prop_id) : undefined;
            return call(() => target.apply(this, args), data);
        };
    return {inRows, text, rowOf, baseOf, baseHere, parsed, isThere, stateOf, changes, fire, stores, seen};
})
