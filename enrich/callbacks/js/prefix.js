// The author's view of a function under a prefix: ctx, set_props and what it returns have the ids as written.
(function (config) {
    const api = window.dash_clientside;
    const start = `${config.prefix}-`;
    const isObject = (value) => value !== null && typeof value === "object";
    const texts = (id) => Object.values(id).filter((value) => typeof value === "string");
    const map = (id, change) =>
        Object.fromEntries(Object.entries(id).map(([k, v]) => [k, typeof v === "string" ? change(v) : v]));
    const strip = (text) => (text.startsWith(start) ? text.slice(start.length) : text);
    const author = (id) => {
        if (isObject(id)) {
            return texts(id).every((text) => text.startsWith(start)) ? map(id, strip) : id;
        }
        return id in config.authors ? config.authors[id] : strip(id);
    };
    const known = new Set(Object.values(config.authors));
    const fits = (id) =>
        config.patterns.some(
            (pattern) =>
                Object.keys(pattern).length === Object.keys(id).length &&
                Object.entries(pattern).every(([k, v]) => k in id && (v === null || v === id[k]))
        );
    const isKnown = (id) => (isObject(id) ? fits(id) : known.has(id));
    const page = (id) => {
        if (!isKnown(id) && isKnown(author(id))) {
            // Its author has prefixed it by hand.
            return id;
        }
        if (isObject(id)) {
            return map(id, (text) => start + text);
        }
        const own = Object.keys(config.authors).find((key) => config.authors[key] === id);
        return own ?? (config.kept.some((kept) => id.startsWith(kept)) ? id : start + id);
    };
    const named = (text, change) => (text.startsWith("{") ? JSON.stringify(change(JSON.parse(text))) : change(text));
    const propId = (text) => {
        const dot = text.lastIndexOf(".");
        return named(text.slice(0, dot), author) + text.slice(dot);
    };
    const ids = (value, change) =>
        Array.isArray(value)
            ? value.map((part) => ids(part, change))
            : typeof value === "string" || (isObject(value) && value !== api.no_update)
              ? change(value)
              : value;
    // A tree of values, and one of the same shape that says of each whether it is a component's own id.
    const idsIn = (value, places, change) => {
        if (!isObject(places)) {
            return places ? ids(value, change) : value;
        }
        if (!isObject(value) || value === api.no_update) {
            return value;
        }
        const part = ([k, v]) => [k, k in places ? idsIn(v, places[k], change) : v];
        return Array.isArray(value)
            ? value.map((v, i) => part([i, v])[1])
            : Object.fromEntries(Object.entries(value).map(part));
    };
    const shown = (name, value) => (name.endsWith(".id") ? ids(value, author) : value);
    const item = (node) => ({
        ...node,
        id: author(node.id),
        ...("value" in node && {value: shown(`.${node.property}`, node.value)})
    });
    const items = (node) =>
        Array.isArray(node) ? node.map(items) : isObject(node) && "id" in node ? item(node) : node;
    const values = (own) =>
        Object.fromEntries(Object.entries(own).map(([text, value]) => [propId(text), shown(text, value)]));
    const view = (whole) => ({
        ...whole,
        triggered: whole.triggered.map((one) => ({
            ...one,
            prop_id: propId(one.prop_id),
            value: shown(one.prop_id, one.value)
        })),
        triggered_id: whole.triggered_id && author(whole.triggered_id),
        inputs: values(whole.inputs),
        states: values(whole.states),
        inputs_list: items(whole.inputs_list),
        states_list: items(whole.states_list),
        outputs_list: items(whole.outputs_list)
    });
    // What has no ids comes back as the same object: dash-renderer knows no_update by identity.
    const returned = (value) => {
        if (!isObject(value) || value === api.no_update) {
            return value;
        }
        if (Array.isArray(value)) {
            const parts = value.map(returned);
            return parts.every((part, i) => part === value[i]) ? value : parts;
        }
        if (Object.getPrototypeOf(value) !== Object.prototype) {
            return value;
        }
        const own = Object.fromEntries(Object.entries(value).map(([k, v]) => [k, returned(v)]));
        if ("namespace" in own && "type" in own && own.props?.id !== undefined) {
            own.props = {...own.props, id: page(own.props.id)};
        }
        return Object.keys(own).every((k) => own[k] === value[k]) ? value : own;
    };
    return {
        view: (target, taken, given) =>
            function (...args) {
                const answer = (result) => idsIn(returned(result), given, page);
                const [whole, send] = [api.callback_context, api.set_props];
                api.callback_context = view(whole);
                api.set_props = (id, props) =>
                    send(typeof id === "string" ? named(id, page) : page(id), returned(props));
                try {
                    const result = target.apply(this, idsIn(args, taken, author));
                    return result instanceof Promise ? result.then(answer) : answer(result);
                } finally {
                    // What a promise does later has the page's own: another callback may be running by then.
                    [api.callback_context, api.set_props] = [whole, send];
                }
            }
    };
})
