"""Callbacks as MCP tools, over Dash's own endpoint: the author's names, and values that stay on the server."""

from __future__ import annotations

import json
import time
from importlib.util import find_spec

import clients
import dash
import pandas as pd
import pytest
from clients import client, on
from processes import SECONDS

from enrich import (
    ALL,
    CycleBreakerInput,
    Dash,
    Input,
    Output,
    Serverside,
    ServersideOutput,
    ServersideOutputTransform,
    State,
    Trigger,
    callback,
    clientside_callback,
    ctx,
    dcc,
    enrich_app,
    html,
)
from enrich.store import MemoryBackend

pytestmark = pytest.mark.skipif(find_spec("dash.mcp") is None, reason="this Dash has no MCP server")

SECRET = "~enrich1~"
# Dash 4.4 answers no MCP client under FastAPI.
SERVERS = [name for name in clients.SERVERS if name != "fastapi" or not dash.__version__.startswith("4.4")]


@pytest.fixture(params=SERVERS)
def server(request):
    return request.param


class Agent:
    """An MCP client: it begins a session, and sends back the id that it got."""

    def __init__(self, http, path="/_mcp"):
        self.http, self.path = http, path
        self.headers = {}
        self.seen = ""
        answer = self.send("initialize")
        self.instructions = answer["result"]["instructions"]
        self.headers = {"Mcp-Session-Id": self.answer.headers["Mcp-Session-Id"]}

    def send(self, method, **params):
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        self.answer = self.http.open(
            self.path,
            method="POST",
            data=json.dumps(message),
            content_type="application/json",
            headers=self.headers,
        )
        assert self.answer.status_code == 200
        text = self.answer.get_data(as_text=True) if hasattr(self.answer, "get_data") else self.answer.text
        self.seen += text
        return json.loads(text)

    def tools(self):
        return {tool["name"]: tool for tool in self.send("tools/list")["result"]["tools"]}

    def takes(self, tool):
        return list(self.tools()[tool]["inputSchema"]["properties"])

    def call(self, tool, **arguments):
        """The outputs of a tool by component and property, or the text of its error."""
        result = self.send("tools/call", name=tool, arguments=arguments)["result"]
        (content,) = result["content"]
        if result["isError"]:
            return content["text"]
        assert json.loads(content["text"]) == result["structuredContent"]
        response = result["structuredContent"]["response"]
        return {f"{name}.{prop}": value for name, props in response.items() for prop, value in props.items()}

    def read(self, resource):
        return json.loads(self.send("resources/read", uri=resource)["result"]["contents"][0]["text"])


def layout():
    ids = ["load", "d", "e", "total", "rows"]
    return html.Div(
        [
            *(html.Button(id=name) for name in ids),
            dcc.Input(id="n", value=3),
            dcc.Input(id="q", value="hi"),
            dcc.Store(id="store"),
        ]
    )


def make(server="flask", **settings):
    app = Dash(__name__, enable_mcp=True, **on(server), **settings)
    app.layout = layout()
    return app


def declare_tables(app):
    @app.callback(
        ServersideOutput("store", "data"),
        Trigger("load", "n_clicks"),
        Input("n", "value"),
        prevent_initial_call=True,
    )
    def load(rows: int):
        return pd.DataFrame({"value": range(rows), "name": "x"})

    @app.callback(
        Output("total", "children"), Input("store", "data"), Input("q", "value"), prevent_initial_call=True
    )
    def total(df: pd.DataFrame, unit=None):
        return f"{df['value'].sum()} {unit}"


# --- values that stay on the server -----------------------------------------------------------------


def test_a_table_is_shown_as_its_schema_its_rows_and_its_head(server):
    app = make(server)
    declare_tables(app)
    with client(app) as http:
        agent = Agent(http)
        shown = agent.call("load", rows=1000)["store.data"]
    assert shown == {
        "name": shown["name"],
        "kind": "pandas.DataFrame",
        "rows": 1000,
        "schema": {"value": "int64", "name": shown["schema"]["name"]},
        "head": [{"value": n, "name": "x"} for n in range(5)],
    }
    assert SECRET not in agent.seen


def test_the_head_of_a_table_shows_the_columns_that_have_a_form(server):
    app = make(server)

    @app.callback(ServersideOutput("store", "data"), Trigger("load", "n_clicks"), prevent_initial_call=True)
    def load():
        return pd.DataFrame({"n": [1, 2], "mixed": [1, "x"], "list": [["a"], []]})

    with client(app) as http:
        shown = Agent(http).call("load")["store.data"]
    assert shown["head"] == [{"n": 1, "list": ["a"]}, {"n": 2, "list": []}]
    assert "struct" not in str(shown["schema"])


def test_a_tool_takes_a_table_by_the_name_under_which_another_returned_it(server):
    app = make(server)
    declare_tables(app)
    with client(app) as http:
        agent = Agent(http)
        assert "name" in agent.instructions
        name = agent.call("load", rows=5)["store.data"]["name"]
        assert agent.call("total", df=name, unit="rows") == {"total.children": "10 rows"}
        assert SECRET not in agent.seen


def test_a_name_is_of_the_session_that_got_it(server):
    app = make(server)
    declare_tables(app)
    with client(app) as http:
        agent, other = Agent(http), Agent(http)
        assert agent.headers != other.headers
        name = agent.call("load", rows=5)["store.data"]["name"]
        assert f"Nothing is stored as '{name}' in this session" in other.call("total", df=name)
        assert agent.call("total", df=name, unit="m") == {"total.children": "10 m"}


def test_a_session_is_known_to_every_worker_and_after_a_restart(server):
    names = []
    for _ in range(2):
        app = make(server)
        declare_tables(app)
        with client(app) as http:
            agent = Agent(http)
            if names:
                agent.headers = names[0]
                assert agent.call("total", df=names[1], unit="m") == {"total.children": "10 m"}
            else:
                names += [agent.headers, agent.call("load", rows=5)["store.data"]["name"]]


def test_a_client_that_sends_no_session_back_is_told_so(server):
    app = make(server)
    declare_tables(app)
    with client(app) as http:
        agent = Agent(http)
        agent.headers = {}
        name = agent.call("load", rows=5)["store.data"]["name"]
        assert "Mcp-Session-Id" in agent.call("total", df=name)


@pytest.mark.parametrize("forged", ["", "~", "~e30.AAAA"])
def test_a_session_that_was_not_signed_is_a_new_one(server, forged):
    app = make(server)
    declare_tables(app)
    with client(app) as http:
        agent = Agent(http)
        agent.headers = {"Mcp-Session-Id": agent.headers["Mcp-Session-Id"].partition("~")[0] + forged}
        assert agent.call("load", rows=5)["store.data"]["rows"] == 5


def test_a_value_that_is_gone_is_asked_for_again():
    app = make()
    declare_tables(app)
    with client(app) as http:
        agent = Agent(http)
        name = agent.call("load", rows=5)["store.data"]["name"]
        app.store.clear()
        assert "call that tool again" in agent.call("total", df=name)


def test_a_name_counts_for_the_session_that_got_it(server, caplog):
    app = make(server, transforms=[ServersideOutputTransform(MemoryBackend(), session_quota=1200)])

    @app.callback(ServersideOutput("store", "data"), Input("n", "value"), prevent_initial_call=True)
    def load(length):
        return "x" * length

    with client(app) as http:
        agent, other = Agent(http), Agent(http)
        named = agent.call("load", length=500)["store.data"]
        without_room = other.call("load", length=1000)["store.data"]
    assert named["name"]
    assert "name" not in without_room
    assert "can't be passed on" in without_room["note"]
    assert without_room["kind"] == "json"
    assert "gets no name" in caplog.text


def test_values_deep_in_a_result_and_of_any_kind_are_shown():
    app = make()

    @app.callback(Output("d", "children"), Input("n", "value"), prevent_initial_call=True)
    def things(n):
        return [Serverside({"a": n}), html.Div(id="inner", title=Serverside("x" * 1000)), "plain"]

    @app.callback(Output("e", "children"), Input("q", "value"), prevent_initial_call=True)
    def read(text):
        return repr(text)[:20]

    with client(app) as http:
        agent = Agent(http)
        first, inner, plain = agent.call("things", n=7)["d.children"]
        assert (first["kind"], first["value"], plain) == ("json", {"a": 7}, "plain")
        assert len(inner["props"]["title"]["value"]) < 300
        assert agent.call("read", text=first["name"]) == {"e.children": "{'a': 7}"}
        assert SECRET not in agent.seen


def test_wide_and_strange_tables_are_cut_to_what_json_can_say():
    app = make()
    table = pd.DataFrame({f"c{i}": [float("nan")] for i in range(300)})
    dates = pd.DataFrame({"when": [pd.Timestamp("2026-01-02")], "raw": [b"\x00\xff"], "text": ["y" * 500]})

    @app.callback(ServersideOutput("store", "data"), Input("q", "value"), prevent_initial_call=True)
    def load(which):
        return table if which == "wide" else dates

    with client(app) as http:
        agent = Agent(http)
        wide = agent.call("load", which="wide")["store.data"]
        assert (wide["columns"], len(wide["schema"]), wide["head"][0]["c0"]) == (300, 100, None)
        row = agent.call("load", which="")["store.data"]["head"][0]
        assert (row["when"], row["raw"], len(row["text"])) == ("2026-01-02 00:00:00", "(2 bytes)", 201)


def test_values_that_the_app_begins_with_are_shown_to_every_client_and_taken_from_each():
    app = make()

    @app.callback(ServersideOutput("store", "data"), Input("n", "value"))
    def load(rows):
        return pd.DataFrame({"value": range(rows)})

    @app.callback(Output("total", "children"), Input("store", "data"))
    def total(df: pd.DataFrame):
        return int(df["value"].sum())

    with client(app) as http:
        for agent in (Agent(http), Agent(http)):
            taken = agent.tools()["total"]["inputSchema"]["properties"]["df"]
            assert taken["type"] == "string"
            assert "`load` returned" in taken["description"]
            assert "pandas.DataFrame of 3 rows" in taken["description"]
            found = agent.send(
                "tools/call",
                name="get_dash_component",
                arguments={"component_id": "store", "property": "data"},
            )
            value = found["result"]["structuredContent"]["properties"]["data"]["initial_value"]
            assert value["rows"] == 3
            assert agent.call("total", df=value["name"]) == {"total.children": 3}
            assert SECRET not in agent.seen


def test_a_layout_with_stored_values_is_shown(server):
    app = make(server)
    app.layout = html.Div([dcc.Store(id="store", data=Serverside([1, 2, 3])), html.Div(id="total")])

    @app.callback(Output("total", "children"), Input("store", "data"))
    def total(values):
        return sum(values)

    with client(app) as http:
        agent = Agent(http)
        tree = agent.read("dash://layout")
        value = tree["props"]["children"][0]["props"]["data"]
        assert (value["kind"], value["value"]) == ("json", [1, 2, 3])
        assert agent.call("total", values=value["name"]) == {"total.children": 6}
        assert SECRET not in agent.seen


def test_errors_say_nothing_of_tokens_and_files():
    app = make()
    declare_tables(app)
    with client(app) as http:
        agent = Agent(http)
        name = agent.call("load", rows=5)["store.data"]["name"]
        app.store.clear()
        app.callback(Output("e", "title"), Input("q", "value"))(lambda x: x)
        for text in (agent.call("total", df=name), agent.call("total", df=f"{SECRET}{'a' * 60}")):
            assert __file__ not in text
            assert ".py" not in text
            assert SECRET not in text


def test_a_login_names_the_sessions_of_clients_too():
    from enrich import ServersideOutputTransform

    users = ["ann"]
    app = make(transforms=[ServersideOutputTransform(session_id=lambda: users[0])])
    declare_tables(app)
    with client(app) as http:
        agent = Agent(http)
        assert "~" not in agent.headers["Mcp-Session-Id"]
        name = agent.call("load", rows=5)["store.data"]["name"]
        assert agent.call("total", df=name, unit="m") == {"total.children": "10 m"}
        users[:] = ["bob"]
        assert "Nothing is stored" in agent.call("total", df=name)


# --- what the author wrote --------------------------------------------------------------------------


def test_arguments_have_the_authors_names_in_the_authors_order(server):
    app = make(server)

    @app.callback(
        Trigger("load", "n_clicks"), State("q", "value"), Output("d", "children"), Input("n", "value")
    )
    def order(text, number: int):
        return f"{text} {number} {ctx.triggered_id}"

    @callback(Output("e", "children"), inputs={"a": Input("n", "value"), "b": [State("q", "value")]})
    def named(a, b):
        return f"{a} {b}"

    with client(app) as http:
        agent = Agent(http)
        assert agent.takes("order") == ["text", "number"]
        assert agent.takes("named") == ["a", "b"]
        assert agent.tools()["order"]["inputSchema"]["properties"]["number"]["type"] == "integer"
        assert agent.call("order", text="t", number=7) == {"d.children": "t 7 n"}
        assert agent.call("named", a=1, b="x") == {"e.children": "1 ['x']"}


def test_a_trigger_fires_what_is_given_nothing_else():
    app = make()

    @app.callback(Output("d", "children"), Trigger("load", "n_clicks"), State("q", "value"))
    def act(text):
        return f"{text} {ctx.triggered_id}"

    with client(app) as http:
        agent = Agent(http)
        assert agent.takes("act") == ["text"]
        assert agent.call("act", text="t") == {"d.children": "t load"}
        assert agent.call("act", text="t", hidden_0=1) == {"d.children": "t load"}


def test_a_group_is_one_tool_that_takes_what_its_members_take():
    app = make()

    @app.callback(Output("d", "children"), Input("q", "value"), Trigger("load", "n_clicks"), group="g")
    def first(text):
        return f"first {text}"

    @app.callback(Output("e", "children"), Input("q", "value"), State("n", "value"), group="g")
    def second(word, number):
        return f"second {word} {number}"

    with client(app) as http:
        agent = Agent(http)
        assert agent.takes("first_and_second") == ["text", "number"]
        assert agent.call("first_and_second", text="a", number=1) == {
            "d.children": "first a",
            "e.children": "second a 1",
        }


def test_names_that_mean_different_things_in_a_group_are_told_apart():
    app = make()

    @app.callback(Output("d", "children"), Input("q", "value"), group="g")
    def first(value):
        return f"first {value}"

    @app.callback(Output("e", "children"), Input("n", "value"), group="g")
    def second(value):
        return f"second {value}"

    with client(app) as http:
        agent = Agent(http)
        assert agent.takes("first_and_second") == ["first_value", "second_value"]
        assert agent.call("first_and_second", second_value=2) == {"e.children": "second 2"}


def test_callbacks_that_share_an_output_are_tools_of_their_own():
    app = make()

    @app.callback(Output("d", "children"), Input("q", "value"))
    def first(text):
        return f"first {text}"

    @app.callback(Output("d", "children"), Input("n", "value"))
    def second(number):
        return f"second {number}"

    with client(app) as http:
        agent = Agent(http)
        descriptions = {name: tool["description"] for name, tool in agent.tools().items()}
        assert descriptions["first"] == descriptions["second"] == "d.children: Returns content"
        assert agent.call("first", text="a") == {"d.children": "first a"}
        assert agent.call("second", number=1) == {"d.children": "second 1"}


def test_what_transforms_have_added_is_not_listed():
    app = make()

    @app.callback(Output("d", "children"), Input("q", "value"), State("n", "value"), blocking=True)
    def slow(text, number):
        return f"{text} {number}"

    @app.callback(Output("q", "value"), CycleBreakerInput("n", "value"))
    def there(number):
        return number

    clientside_callback("x => x", Output("e", "children"), Input("q", "value"))

    with client(app) as http:
        agent = Agent(http)
        assert agent.takes("slow") == ["text", "number"]
        assert agent.takes("there") == ["number"]
        assert agent.call("slow", text="a", number=1) == {"d.children": "a 1"}
        assert agent.call("there", number=1) == {"q.value": 1}
        (own,) = agent.read("dash://clientside-callbacks")["callbacks"]
        assert own["outputs"] == [{"component_id": "e", "property": "children"}]
        listed = {one["id"] for one in agent.read("dash://components")}
        assert listed == {"load", "d", "e", "total", "rows", "n", "q", "store"}
        assert "enrich-" not in json.dumps(agent.read("dash://layout"))
        assert "enrich-" not in json.dumps(agent.tools())


def test_patterns_are_taken_as_dash_takes_them():
    app = make()
    app.layout = html.Div(
        [dcc.Input(id={"k": "v", "i": i}, value=i) for i in range(2)] + [html.Div(id="d"), html.Div(id="t")]
    )

    @app.callback(
        Output("d", "children"), Input({"k": "v", "i": ALL}, "value"), Trigger({"k": "v", "i": ALL}, "n_blur")
    )
    def all_of_them(values):
        return sum(values)

    given = [{"id": {"k": "v", "i": i}, "property": "value", "value": i + 1} for i in range(2)]
    with client(app) as http:
        agent = Agent(http)
        assert agent.takes("all_of_them") == ["values"]
        assert agent.call("all_of_them", values=given) == {"d.children": 3}


# --- apps -------------------------------------------------------------------------------------------


def test_an_app_that_became_ours_has_the_same_tools(server):
    app = dash.Dash(__name__, enable_mcp=True, **on(server))
    app.layout = layout()
    declare_tables_plain = app.callback(
        Output("d", "children"), Input("n", "value"), State("q", "value"), prevent_initial_call=True
    )

    @declare_tables_plain
    def plain(number, text):
        return f"{number} {text}"

    enrich_app(app)
    declare_tables(app)
    with client(app) as http:
        agent = Agent(http)
        assert agent.takes("plain") == ["number", "text"]
        name = agent.call("load", rows=5)["store.data"]["name"]
        assert agent.call("total", df=name, unit="m") == {"total.children": "10 m"}


def test_each_of_two_apps_answers_for_itself():
    first, second = make(), make(url_base_pathname="/second/")
    declare_tables(first)
    second.callback(Output("d", "children"), Input("q", "value"))(lambda text: text)
    with client(first) as one, client(second) as two:
        assert "load" in Agent(one).tools()
        assert "load" not in Agent(two, "/second/_mcp").tools()
        assert "load" in Agent(one).tools()


def test_an_app_beside_ours_is_served_by_dash_alone(server):
    ours = make(server)
    declare_tables(ours)
    plain = dash.Dash("plain", enable_mcp=True, **on(server))
    plain.layout = layout()

    @plain.callback(Output("d", "children"), State("q", "value"), Input("n", "value"))
    def act(number, text):
        return f"{number} {text}"

    with client(ours) as http:
        Agent(http).tools()
    with client(plain) as http:
        agent = Agent(http)
        assert "act" in agent.tools()
        assert "stored" not in agent.instructions
        assert "~" not in agent.headers["Mcp-Session-Id"]


def test_an_app_without_a_store_serves_its_tools():
    from enrich import DashProxy

    app = DashProxy(__name__, enable_mcp=True)
    app.layout = layout()
    app.callback(Output("d", "children"), Input("q", "value"))(lambda text: text)
    with client(app) as http:
        agent = Agent(http)
        assert list(agent.tools()) == ["lambda", "get_dash_component"]
        assert "~" not in agent.headers["Mcp-Session-Id"]


def test_an_app_that_was_not_set_up_yet_answers_first():
    app = make()
    declare_tables(app)
    with client(app) as http:
        answer = Agent(http).call("load", rows=1)
    assert answer["store.data"]["rows"] == 1
    assert app._build.frozen


# --- background -------------------------------------------------------------------------------------


@pytest.mark.server
def test_a_background_job_takes_and_returns_values_of_the_session(tmp_path):
    diskcache = pytest.importorskip("diskcache")
    pytest.importorskip("multiprocess")
    from dash import DiskcacheManager

    app = make()
    # Dash looks for the results of an MCP client only with the manager of the callback itself.
    manager = DiskcacheManager(diskcache.Cache(str(tmp_path)))
    declare_tables(app)

    @app.callback(
        ServersideOutput("d", "title"),
        Input("store", "data"),
        background=True,
        manager=manager,
        prevent_initial_call=True,
    )
    def double(df: pd.DataFrame):
        return df * 2

    @app.callback(Output("e", "children"), Input("d", "title"), prevent_initial_call=True)
    def largest(df: pd.DataFrame):
        return int(df["value"].max())

    with client(app) as http:
        agent = Agent(http)
        assert agent.takes("double") == ["df"]
        name = agent.call("load", rows=5)["store.data"]["name"]
        result = agent.send("tools/call", name="double", arguments={"df": name})["result"]
        task = json.loads(result["content"][0]["text"])["taskId"]
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            found = agent.send("tools/call", name="get_background_task_result", arguments={"taskId": task})
            if "structuredContent" in found["result"]:
                break
        assert "structuredContent" in found["result"], found
        doubled = found["result"]["structuredContent"]["response"]["d"]["title"]
        assert (doubled["rows"], doubled["head"][1]["value"]) == (5, 2)
        assert agent.call("largest", df=doubled["name"]) == {"e.children": 8}
        assert SECRET not in agent.seen
