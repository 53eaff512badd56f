"""An audit log by a transform of one's own: who ran which callback, with what arguments, and how long it took."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import flask

from enrich import CallbackSpec, Dash, DashTransform, Input, Output, Program, State, ctx, dcc, html


class AuditTransform(DashTransform):
    """Give ``write`` an entry for every call of a server-side callback."""

    def __init__(self, write: Callable[[dict], None]) -> None:
        self.write = write

    def apply(self, program: Program, /) -> Program:
        return program.map_callbacks(self.audited)

    def audited(self, spec: CallbackSpec) -> CallbackSpec:
        if spec.is_clientside:
            return spec

        @contextmanager
        def bracket() -> Iterator[None]:
            start = time.perf_counter()
            outcome = "done"
            try:
                yield
            except Exception as error:
                outcome = type(error).__name__
                raise
            finally:
                self.write(
                    {
                        "who": flask.request.remote_addr if flask.has_request_context() else None,
                        "callback": spec.func_name,
                        "declared": str(spec.origin),
                        "arguments": {**ctx.inputs, **ctx.states},
                        "outcome": outcome,
                        "seconds": time.perf_counter() - start,
                    }
                )

        # The last bracket is the innermost: it sees ctx as the callback does.
        return spec.with_changes(around=(*spec.around, bracket))


log: list[dict] = []
app = Dash(__name__, transforms=[AuditTransform(log.append)])
app.layout = html.Div(
    [dcc.Input(id="number", type="number", value=3), dcc.Input(id="unit", value="m"), html.P(id="double")]
)


@app.callback(Output("double", "children"), Input("number", "value"), State("unit", "value"))
def double(number, unit):
    return f"{2 * number} {unit}"


if __name__ == "__main__":
    app.run(debug=True)
