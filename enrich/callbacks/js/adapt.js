// Calls a clientside function with the arguments that its author declared, and gives dash-renderer the flat list of
// results that it expects. Leaves of `inputs` are positions in dash-renderer's arguments (all inputs, then all states).
(function (target, inputs, outputs) {
    const isObject = (shape) => shape !== null && typeof shape === "object" && !Array.isArray(shape);
    const pick = (shape, values) =>
        Array.isArray(shape)
            ? shape.map((part) => pick(part, values))
            : isObject(shape)
              ? Object.fromEntries(Object.entries(shape).map(([key, part]) => [key, pick(part, values)]))
              : values[shape];
    const flatten = (shape, value) => {
        const noUpdate = window.dash_clientside.no_update;
        if (value === noUpdate) {
            return Array.isArray(shape) || isObject(shape)
                ? Object.values(shape).flatMap((part) => flatten(part, noUpdate))
                : [noUpdate];
        }
        if (Array.isArray(shape) || isObject(shape)) {
            return Object.entries(shape).flatMap(([key, part]) => {
                if (value === null || typeof value !== "object" || !(key in value)) {
                    throw new Error(`The clientside function returned no value for output "${key}".`);
                }
                return flatten(part, value[key]);
            });
        }
        return [value];
    };
    const finish = (result) => {
        if (outputs === null || result === window.dash_clientside.no_update) {
            return result;
        }
        const bare = Array.isArray(outputs) && outputs.length === 1 && !(Array.isArray(result) && result.length === 1);
        return flatten(outputs, bare ? [result] : result);
    };
    return function (...values) {
        const picked = pick(inputs, values);
        const result = target.apply(this, Array.isArray(picked) ? picked : [picked]);
        return result && typeof result.then === "function" ? result.then(finish) : finish(result);
    };
})
