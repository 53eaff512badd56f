// Lets a callback run once at a time: what happens meanwhile waits, and runs it once more when it ends.
(function (rows, config) {
    const api = window.dash_clientside;
    const fresh = () => ({busy: false, since: 0, runs: 0, waiting: null, timer: null, needs: [], target: null});
    const gateOf = (base, row) => rows.stateOf(base, row, fresh);
    const start = (gate) => {
        const triggered = gate.waiting || [];
        clearTimeout(gate.timer);
        Object.assign(gate, {busy: true, since: Date.now(), runs: gate.runs + 1, waiting: null, timer: null});
        return {run: gate.runs, triggered};
    };
    const release = (base, row, gate) => {
        if (gate.needs.every(rows.isThere)) {
            rows.fire(base, row, gate.target, () => start(gate));
        } else {
            // The page that the inputs were on was left.
            Object.assign(gate, {busy: false, waiting: null});
        }
    };
    const end = (base, row) => {
        const gate = gateOf(base, row);
        // dash-renderer reports the end before it shows the results, and drops them if the callback fires meanwhile.
        setTimeout(() => {
            gate.busy = false;
            if (gate.waiting) {
                release(base, row, gate);
            }
        }, 0);
    };
    const triggered = function () {
        const context = api.callback_context;
        const base = rows.baseHere();
        const outputs = [context.outputs_list || []].flat(2);
        const inputs = [context.inputs_list[config.place]].flat();
        const target = (outputs[0] || inputs[0]).id;
        const row = rows.inRows ? rows.rowOf(target) : [];
        const gate = gateOf(base, row);
        gate.target = target;
        const waiting = new Map(
            [...(gate.waiting || []), ...rows.changes(context.inputs_list)].map((change) => [`${change}`, change]),
        );
        gate.waiting = [...waiting.values()];
        gate.needs = config.needs.map((place) => context.inputs_list[place].id);
        const left = config.timeout * 1000 - (Date.now() - gate.since);
        if (gate.busy && left > 0) {
            gate.timer = gate.timer || setTimeout(() => gate.waiting && release(base, row, gate), left);
            return api.no_update;
        }
        if (config.edge) {
            return start(gate);
        }
        Object.assign(gate, {busy: true, since: Date.now()});
        release(base, row, gate);
        return api.no_update;
    };
    const ended = function () {
        for (const change of api.callback_context.triggered) {
            if (change.value === false) {
                const id = rows.parsed(change.prop_id);
                end(rows.baseOf(id, "end"), rows.inRows ? rows.rowOf(id) : []);
            }
        }
    };
    // dash-renderer has no `running` for functions in the browser.
    const wrap = (target) =>
        rows.seen(target, (run, {id, value}) => {
            if (!value) {
                throw api.PreventUpdate;
            }
            const done = () => end(rows.baseOf(id, "go"), rows.inRows ? rows.rowOf(id) : []);
            let result;
            try {
                result = run();
            } catch (error) {
                done();
                throw error;
            }
            if (result && typeof result.then === "function") {
                return result.finally(done);
            }
            done();
            return result;
        });
    return {triggered, ended, wrap, stores: rows.stores};
})
