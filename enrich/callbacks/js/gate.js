// Lets a callback run once at a time: what happens meanwhile waits, and runs it once more when it ends.
(function (rows, config) {
    const api = window.dash_clientside;
    const gateOf = (row) => rows.stateOf(row, () => ({busy: false, since: 0, runs: 0, waiting: null, timer: null}));
    const start = (gate) => {
        const triggered = gate.waiting || [];
        clearTimeout(gate.timer);
        Object.assign(gate, {busy: true, since: Date.now(), runs: gate.runs + 1, waiting: null, timer: null});
        return {run: gate.runs, triggered};
    };
    const free = (gate) => Object.assign(gate, {busy: false, waiting: null});
    const release = (row, gate) => {
        if (config.needs.every(rows.isThere)) {
            rows.fire(row, () => start(gate));
        } else {
            // The page that the inputs were on was left.
            free(gate);
        }
    };
    const end = (row) => {
        const gate = gateOf(row);
        // dash-renderer reports the end before it shows the results, and drops them if the callback fires meanwhile.
        setTimeout(() => {
            gate.busy = false;
            if (gate.waiting) {
                release(row, gate);
            }
        }, 0);
    };
    const triggered = function () {
        const context = api.callback_context;
        const outputs = [context.outputs_list || []].flat(2);
        const inputs = [context.inputs_list[config.place]].flat();
        const row = config.match.length ? rows.rowOf((outputs[0] || inputs[0]).id) : [];
        const gate = gateOf(row);
        const changed = context.triggered.map((change) => change.prop_id);
        gate.waiting = [...new Set([...(gate.waiting || []), ...changed])];
        const left = config.timeout * 1000 - (Date.now() - gate.since);
        if (gate.busy && left > 0) {
            gate.timer = gate.timer || setTimeout(() => gate.waiting && release(row, gate), left);
            return api.no_update;
        }
        if (config.edge) {
            return start(gate);
        }
        Object.assign(gate, {busy: true, since: Date.now()});
        release(row, gate);
        return api.no_update;
    };
    const ended = function () {
        for (const change of api.callback_context.triggered) {
            if (change.value === false) {
                end(config.match.length ? rows.rowOf(rows.parsed(change.prop_id)) : []);
            }
        }
    };
    // dash-renderer has no `running` for functions in the browser.
    const wrap = (target) =>
        rows.seen(target, (run, items) => {
            const row = config.match.length ? rows.rowOf(items[0].id) : [];
            let result;
            try {
                result = run();
            } catch (error) {
                end(row);
                throw error;
            }
            if (result && typeof result.then === "function") {
                return result.finally(() => end(row));
            }
            end(row);
            return result;
        });
    return {triggered, ended, wrap, stores: rows.stores};
})
