// What the callbacks of this page sent and took, read from the browser's own record of its requests.
window.dash_clientside = window.dash_clientside || {};
window.dash_clientside.explorer = (() => {
    performance.setResourceTimingBufferSize(100000);
    const last = new Map();
    const unpriced = [];
    const total = {bytes: 0, instead: 0};
    const waiting = [];

    const metric = (entry, name) => entry.serverTiming.find((m) => m.name === name);
    const note = (entry) => {
        const ran = metric(entry, "ran");
        if (!ran) return;
        const calls = (last.get(ran.description)?.calls || 0) + 1;
        const [rows, up] = ["rows", "up"].map((name) => metric(entry, name).duration);
        const call = {calls, ms: ran.duration, bytes: up + entry.encodedBodySize, rows};
        total.bytes += call.bytes;
        unpriced.push(call);
        last.set(ran.description, call);
    };
    new PerformanceObserver((list) => {
        list.getEntries().filter((e) => e.name.includes("/_dash-update-component")).forEach(note);
        waiting.splice(0).forEach((wake) => wake());
    }).observe({type: "resource", buffered: true});

    const bytes = (n) => {
        const units = ["B", "kB", "MB", "GB", "TB"];
        const power = n < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(n) / 3));
        return `${(n / 1000 ** power).toFixed(power && n / 1000 ** power < 100 ? 1 : 0)} ${units[power]}`;
    };
    const ms = (n) => (n < 1000 ? `${n.toFixed(n < 10 ? 1 : 0)} ms` : `${(n / 1000).toFixed(1)} s`);

    return {
        async wire(price) {
            // The record of the request that led here may come a moment after its response.
            await Promise.race([new Promise((wake) => waiting.push(wake)), new Promise((r) => setTimeout(r, 200))]);
            const {no_update} = window.dash_clientside;
            if (!price) return [no_update, no_update, no_update, no_update];
            if (!window.isSecureContext)
                return [no_update, "?", "Browsers tell these figures on localhost and over https only.", ""];
            // The next table has rows of another size, so each request is priced once.
            for (const call of unpriced.splice(0)) {
                call.instead = call.bytes + call.rows * price.json_bytes / price.rows;
                total.instead += call.instead;
            }
            const body = [...last].map(([name, c]) => [
                name, String(c.calls), ms(c.ms), bytes(c.bytes), c.rows ? bytes(c.instead) : "the same",
            ]);
            const head = ["Callback", "Calls", "Took", "On the wire", "With dcc.Store"];
            const scaled = price.measured_rows < price.rows
                ? `, measured on ${price.measured_rows.toLocaleString("en")} rows and scaled` : "";
            return [
                {head, body},
                bytes(total.bytes),
                `with dcc.Store ${bytes(total.instead)}`,
                `As JSON in a dcc.Store, this table is ${bytes(price.json_bytes)}: ${ms(price.write_ms)} of CPU to write and ` +
                    `${ms(price.read_ms)} to read, for every callback it goes through${scaled}.`,
            ];
        },
        check(contents, filename) {
            const {no_update} = window.dash_clientside;
            const most = 64 * 2 ** 20;
            if (!contents || contents.length <= most) return [contents || no_update, no_update];
            const text = `${filename} is too big: this page takes files of up to ${Math.floor(most * 0.75 / 1e6)} MB.`;
            const props = {children: text, color: "red", variant: "light", withCloseButton: true, p: "xs"};
            return [no_update, {type: "Alert", namespace: "dash_mantine_components", props}];
        },
        refresh() {
            dash_ag_grid.getApiAsync("grid").then((api) => api.purgeInfiniteCache());
        },
    };
})();
