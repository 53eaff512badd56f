import asyncio
import logging
from types import SimpleNamespace

import dash_mantine_components as dmc
import pytest
from dash import Input, Output, html, no_update
from dash.background_callback._proxy_set_props import ProxySetProps
from specs import apply, call, clientside, spec

from enrich import dash_internals
from enrich.callbacks.spec import Program
from enrich.errors import DeclarationError
from enrich.transforms import DashLogger, GroupTransform, LogConfig, LogTransform, PrefixIdTransform
from enrich.transforms.log_writers import get_default_log_writers, writer_of
from enrich.transforms.notifications import notification_log_writers, with_container


class Context(dict):
    __getattr__ = dict.get


def logged(*specs, transform=None):
    return (transform or LogTransform(try_use_mantine=False)).apply(Program(callbacks=specs))


def lines(after, *args, **kwargs):
    """Call as one request; what it wrote on the page, by component."""
    context = Context(updated_props={})
    with dash_internals.use_context(context):
        result = call(after, *args, **kwargs)
        if asyncio.iscoroutine(result):
            asyncio.run(result)
    return {
        component: [line.children for line in props["children"]]
        for component, props in context["updated_props"].items()
    }


def asking(func, **kwargs):
    return spec(Output("o", "p"), Input("x", "v"), func=func, log=True, **kwargs)


def three(_value, dash_logger):
    dash_logger.info("one")
    dash_logger.warning("two")
    dash_logger.error("three")


def test_three_messages_are_three_entries_in_order():
    after = logged(asking(three)).callbacks[0]
    assert lines(after, 1) == {"log": ["INFO: one", "WARNING: two", "ERROR: three"]}


def test_the_next_call_starts_anew():
    after = logged(asking(three)).callbacks[0]
    assert lines(after, 1) == lines(after, 2)


def keyword(_value, dash_logger=None):
    dash_logger.info("by keyword")


def any_keyword(_value, **kwargs):
    kwargs["dash_logger"].info("by keyword")


def last(_value, log):
    log.info("last")


async def coroutine(_value, dash_logger):
    await asyncio.sleep(0)
    dash_logger.info("async")


@pytest.mark.parametrize(
    ("func", "line"),
    [(keyword, "by keyword"), (any_keyword, "by keyword"), (last, "last"), (coroutine, "async")],
)
def test_the_logger_comes_by_keyword_or_last(func, line):
    assert lines(logged(asking(func)).callbacks[0], 1) == {"log": [f"INFO: {line}"]}


def test_with_keyword_inputs_it_comes_under_the_name_that_is_left():
    def named(x, journal):
        journal.info(f"x is {x}")

    own = spec(Output("o", "p"), inputs={"x": Input("x", "v")}, func=named, log=True)
    assert lines(logged(own).callbacks[0], x=1) == {"log": ["INFO: x is 1"]}


def test_a_generator_stays_one():
    def steps(_value, dash_logger):
        yield 1
        dash_logger.info("between")
        yield 2

    context = Context(updated_props={})
    with dash_internals.use_context(context):
        assert list(call(logged(asking(steps)).callbacks[0], 1)) == [1, 2]
    assert [line.children for line in context["updated_props"]["log"]["children"]] == ["INFO: between"]


def test_the_default_place_gives_way_to_a_component_of_the_app():
    own = spec(Output("log", "children"), Input("x", "v"), func=three, log=True)
    program = logged(own)
    assert program.components[0].id == "enrich-log"
    assert list(lines(program.callbacks[0], 1)) == ["enrich-log"]


def test_the_place_and_the_looks_can_be_said():
    config = LogConfig(Output({"kind": "mine"}, "children"), {logging.WARNING: html.P})
    program = logged(asking(three), transform=LogTransform(config))
    assert program.components == ()
    assert lines(program.callbacks[0], 1) == {'{"kind":"mine"}': ["two", "three"]}


def test_lines_are_sent_over_a_websocket_while_the_callback_runs():
    sent = []
    socket = SimpleNamespace(set_prop_sync=lambda name, prop, lines: sent.append((name, prop, len(lines))))
    with dash_internals.use_context(Context(updated_props={}, dash_websocket=socket)):
        call(logged(asking(three)).callbacks[0], 1)
    assert sent == [("log", "children", n) for n in (1, 2, 3)]


@pytest.mark.parametrize("own", [True, False], ids=["of the blueprint", "of the app"])
def test_a_websocket_gets_the_pages_id_of_the_log(own):
    sent = []
    socket = SimpleNamespace(set_prop_sync=lambda name, prop, lines: sent.append((name, len(lines))))
    program = Program(callbacks=(asking(three),))
    transforms = [LogTransform(try_use_mantine=False), PrefixIdTransform("p"), PrefixIdTransform("q")]
    for transform in transforms if own else reversed(transforms):
        program = transform.apply(program)
    with dash_internals.use_context(Context(updated_props={}, dash_websocket=socket)):
        call(program.callbacks[0], 1)
    name = "q-p-log" if own else "log"
    assert sent == [(name, n) for n in (1, 2, 3)]


def test_a_background_job_hands_on_each_line():
    handed = []
    proxy = ProxySetProps(lambda name, props: handed.append((name, len(props["children"]))))
    with dash_internals.use_context(Context(updated_props=proxy)):
        call(logged(asking(three)).callbacks[0], 1)
    assert handed == [("log", n) for n in (1, 2, 3)]


def test_lines_with_ids_are_prefixed_once():
    config = LogConfig(
        Output("mine", "children"), {logging.INFO: lambda text: html.P(text, id=f"line-{text}")}
    )
    program = PrefixIdTransform("p").apply(logged(asking(three), transform=LogTransform(config)))
    context = Context(updated_props={})
    with dash_internals.use_context(context):
        call(program.callbacks[0], 1)
    assert [line.id for line in context["updated_props"]["p-mine"]["children"]] == [
        f"p-line-{text}" for text in ("one", "two", "three")
    ]


def test_nothing_is_added_where_nobody_asks():
    before = spec(Output("o", "p"), Input("x", "v"))
    program = logged(before)
    assert program.callbacks[0] is before
    assert program.components == ()


def test_a_clientside_callback_is_refused_with_its_place():
    with pytest.raises(DeclarationError, match=r"app\.py:7.*log=True"):
        logged(clientside(Output("o", "p"), Input("x", "v"), log=True))


def test_members_of_a_group_log_each():
    joint = apply(
        GroupTransform(),
        spec(Output("a", "p"), Input("x", "v"), group="g", func=three, log=True),
        spec(Output("b", "p"), Input("x", "v"), group="g"),
    )
    members = logged(joint).callbacks[0].func.members
    assert lines(members[0].spec, 1) == {"log": ["INFO: one", "WARNING: two", "ERROR: three"]}
    assert "log" not in members[0].spec.flags


def test_a_blueprints_own_log_is_prefixed_with_it():
    program = PrefixIdTransform("p").apply(logged(asking(three)))
    assert program.components[0].id == "p-log"
    assert list(lines(program.callbacks[0], 1)) == ["p-log"]


def test_an_apps_log_is_reached_from_a_prefixed_blueprint():
    program = LogTransform(try_use_mantine=False).apply(
        PrefixIdTransform("p").apply(Program(callbacks=(asking(three),)))
    )
    assert program.components[0].id == "log"
    assert list(lines(program.callbacks[0], 1)) == ["log"]


def test_a_logger_that_is_used_outside_of_a_callback_keeps_its_lines():
    logger = DashLogger(get_default_log_writers())
    assert logger.get_output() is no_update
    logger.info("alone", id="line")
    assert logger.get_output()[0].id == "line"
    logger.clear()
    assert logger.get_output() is no_update


def test_a_level_is_written_by_the_next_lower_one():
    writers = get_default_log_writers()
    assert writer_of(writers, logging.CRITICAL) is writers[logging.ERROR]
    assert writer_of(writers, logging.DEBUG) is None


# --- notifications ------------------------------------------------------------------------------------


def test_lines_are_notifications_if_dash_mantine_components_is_there():
    program = logged(asking(three), transform=LogTransform())
    context = Context(updated_props={})
    with dash_internals.use_context(context):
        call(program.callbacks[0], 1)
    shown = context["updated_props"]["enrich-notifications"]["children"]
    assert [(n.title, n.message, n.action) for n in shown] == [
        ("Info", "one", "show"),
        ("Warning", "two", "show"),
        ("Error", "three", "show"),
    ]
    assert len({n.id for n in shown}) == 3


def test_without_dash_mantine_components_lines_stand_in_a_div(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert logged(asking(three), transform=LogTransform()).components[0].id == "log"


def test_the_looks_of_a_notification_can_be_changed_line_by_line():
    line = notification_log_writers()[logging.INFO]("text", autoClose=500)
    assert (line.autoClose, line.color) == (500, "blue")


def test_what_shows_notifications_is_put_into_the_theme_of_the_layout():
    layout = html.Div(dmc.MantineProvider([html.Div("page")]))
    after = with_container(layout)
    assert isinstance(after.children.children[-1], dmc.NotificationContainer)
    assert len(layout.children.children) == 1


def test_a_layout_without_a_theme_gets_one_beside_it():
    layout = html.Div("page")
    after = with_container(layout)
    assert after.children[0] is layout
    assert isinstance(after.children[1], dmc.MantineProvider)


def test_a_layout_that_shows_notifications_stays_as_it_is():
    layout = dmc.MantineProvider([dmc.NotificationContainer(), html.Div("page")])
    assert with_container(layout) is layout
