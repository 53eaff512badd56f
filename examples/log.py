"""Log lines on the page of the user whose call they are of: by a transform, and by Python's own logging."""

import logging

from enrich import Dash, DashLogger, DivLogHandler, Input, LogTransform, Output, dcc, html

# What a library logs, while one of our callbacks uses it, appears on the page too.
library = logging.getLogger("library")
handler = DivLogHandler()
handler.setup_logger("library", logging.INFO)

app = Dash(__name__, transforms=[LogTransform(try_use_mantine=False)], prevent_initial_callbacks=True)
app.layout = html.Div(
    [
        dcc.Input(value="2 3 x 5", id="numbers"),
        html.Button("Add", id="add"),
        html.P(id="total"),
        html.H4("The library says"),
        *handler.embed(),
        html.H4("The callback says"),
    ]
)


def add_up(texts):
    numbers = [int(text) for text in texts if text.isdigit()]
    library.info("%d numbers of %d texts", len(numbers), len(texts))
    return sum(numbers)


@app.callback(Output("total", "children"), Input("add", "n_clicks"), Input("numbers", "value"), log=True)
def add(_n_clicks, numbers, dash_logger: DashLogger):
    texts = numbers.split()
    dash_logger.info("adding")
    for text in texts:
        if not text.isdigit():
            dash_logger.warning(f"{text} is no number")
    return f"Total: {add_up(texts)}"


if __name__ == "__main__":
    app.run(debug=True)
