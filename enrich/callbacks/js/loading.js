// One spinner for many callbacks: a store counts those that run, and the spinner is shown while there are any.
(function (config) {
    const api = window.dash_clientside;
    let timer = null;
    const add = (store, operation) =>
        api.set_props(store, {
            data: {
                __dash_patch_update: "__dash_patch_update",
                operations: [{operation, location: [], params: {value: 1}}]
            }
        });
    return {
        display: function (running, id) {
            clearTimeout(timer);
            const display = running > 0 ? "show" : "hide";
            const delay = running > 0 ? config.show : config.hide;
            if (!delay) {
                return display;
            }
            timer = setTimeout(() => api.set_props(id, {display}), delay);
            return api.no_update;
        },
        // An author's clientside function is waited for if it gives a promise: before that, nothing could be shown.
        wrap: (target) =>
            function (...args) {
                // The last state is the id of the store, with a prefix if it has one.
                const store = api.callback_context.states_list.at(-1).value;
                const result = target.apply(this, args);
                if (!(result instanceof Promise)) {
                    return result;
                }
                add(store, "Add");
                return result.finally(() => add(store, "Sub"));
            }
    };
})
