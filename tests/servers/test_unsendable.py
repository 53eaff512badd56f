"""What no page can take, such as a DataFrame returned to a plain Output: the error says where, and what helps."""

import re

import clients
import dash
import pandas as pd
import pytest
from pages import as_async

from enrich import (
    Dash,
    Input,
    Output,
    ServersideOutput,
    UnsendableValueError,
    dcc,
    html,
    no_update,
    set_props,
)
from enrich.page import Page
from enrich.page_errors import CallbackFailed

FRAME = pd.DataFrame({"a": [1, 2]})
HELPS = re.compile(r"ServersideOutput.*frame\.to_dict")


def make_app(**kwargs):
    app = Dash(__name__, prevent_initial_callbacks=True, **kwargs)
    app.layout = html.Div(
        [html.Button(id="load"), dcc.Store(id="table"), dcc.Store(id="other"), html.P(id="text")]
    )
    return app


def failing(app):
    """What a click raises."""
    with pytest.raises(CallbackFailed) as caught:
        Page(app).act({"load.n_clicks": 1})
    assert isinstance(caught.value.__cause__, UnsendableValueError)
    text = str(caught.value.__cause__)
    assert HELPS.search(text)
    return text


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_frame_for_a_plain_output_is_explained_on_each_server(server, kind):
    app = make_app(**clients.on(server), **({"use_async": True} if server == "flask" else {}))

    def load(n_clicks):
        return FRAME

    app.callback(Output("table", "data"), Input("load", "n_clicks"))(
        as_async(load) if kind == "async" else load
    )
    app.enable_dev_tools(debug=True, dev_tools_hot_reload=False)
    with clients.client(app) as browser:
        answer = clients.call(browser, "table.data", {"load.n_clicks": 1})
    assert answer.status_code == 500
    assert re.search(
        r"callback (&#39;|&#x27;|')load\1 \(.*test_unsendable\.py:\d+\), output table\.data: .*DataFrame",
        answer.text,
    )
    assert HELPS.search(answer.text)


@pytest.mark.parametrize("debug", [True, False])
def test_a_websocket_tells_it_and_without_debug_mode_no_place(asgi, debug):
    app = make_app(backend=asgi, websocket_callbacks=True)
    app.callback(Output("table", "data"), Input("load", "n_clicks"))(lambda n_clicks: FRAME)
    app.enable_dev_tools(debug=debug, dev_tools_hot_reload=False)
    with clients.client(app) as browser, clients.socket(browser) as socket:
        message = socket.call("table.data", {"load.n_clicks": 1})["message"]
    assert (__file__ in message) == debug
    assert bool(HELPS.search(message)) == debug
    assert "UnsendableValueError" in message or debug


@pytest.mark.parametrize(
    ("value", "at"),
    [
        (FRAME, ""),
        ([1, {"rows": FRAME}], r", at \[1\]\['rows'\]"),
        (html.Div([html.B("rows"), html.P(FRAME)]), r", at \.children\[1\]\.children"),
    ],
)
@pytest.mark.parametrize("memoize", [None, True])
def test_it_says_where_in_the_value(value, at, memoize):
    app = make_app()
    app.callback(Output("table", "data"), Input("load", "n_clicks"), memoize=memoize)(lambda n_clicks: value)
    assert re.search(rf"output table\.data{at}: .*DataFrame", failing(app))


def test_it_says_which_of_several_outputs():
    app = make_app()

    @app.callback(
        output={"kept": ServersideOutput("table", "data"), "sent": [Output("other", "data")]},
        inputs=Input("load", "n_clicks"),
    )
    def load(n_clicks):
        return {"kept": FRAME, "sent": [FRAME]}

    assert "output other.data: " in failing(app)


def test_it_says_which_callback_of_a_group():
    app = make_app()

    @app.callback(Output("table", "data"), Input("load", "n_clicks"), group="both")
    def numbers(n_clicks):
        return [1]

    @app.callback(Output("other", "data"), Input("load", "n_clicks"), group="both")
    def frame(n_clicks):
        return FRAME

    text = failing(app)
    assert text.startswith("callback 'frame' (")
    assert "output other.data: " in text


@pytest.mark.parametrize("outputs", [[], [Output("table", "data"), Output("other", "data")]])
def test_it_says_what_set_props_was_given(outputs):
    app = make_app()

    @app.callback(*outputs, Input("load", "n_clicks"))
    def load(n_clicks):
        set_props("text", {"children": FRAME})
        return no_update

    assert "set_props of text.children: " in failing(app)


def test_a_plain_app_has_dashs_own_error():
    app = dash.Dash("plain")
    app.layout = html.Div([html.Button(id="load"), dcc.Store(id="table")])
    app.callback(dash.Output("table", "data"), dash.Input("load", "n_clicks"))(lambda n_clicks: FRAME)
    app.server.testing = True
    with clients.client(app) as browser, pytest.raises(dash.exceptions.InvalidCallbackReturnValue) as caught:
        clients.call(browser, "table.data", {"load.n_clicks": 1})
    assert not isinstance(caught.value, UnsendableValueError)
