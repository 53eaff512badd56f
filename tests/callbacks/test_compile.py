import asyncio
import contextlib
import contextvars
import functools
import inspect
from concurrent.futures import ThreadPoolExecutor

import pytest
from dash import Input, Output, State, no_update
from specs import call, echo, spec

from enrich.callbacks.call import Call, current_call
from enrich.callbacks.compile import compile_callback, compile_full
from enrich.callbacks.spec import Program
from enrich.dependencies import Trigger
from enrich.transforms import NoOutputTransform, TriggerTransform


def trigger(*args, **kwargs):
    return TriggerTransform().apply(Program(callbacks=(spec(*args, **kwargs),))).callbacks[0]


class Doubling:
    """A wire whose values are strings with a mark; both ways they are doubled."""

    mark = "~"
    count = 0

    def is_made_by(self, func):
        return False

    def prepare(self, spec):
        return spec

    def load(self, value, slot, spec):
        return value * 2 if isinstance(value, str) and "~" in value else value

    def dump(self, value, slot, spec):
        return value * 2 if isinstance(value, str) else value

    def made(self):
        return self.count


@pytest.fixture(params=["sync", "async"])
def invoke(request):
    """Call what a function compiles to; the function is sync or async."""

    def run(make_spec, func, *args, wires=(), **kwargs):
        if request.param == "sync":
            return compile_full(make_spec(func), wires)(*args, **kwargs)

        @functools.wraps(func)
        async def coroutine(*a, **k):
            return func(*a, **k)

        compiled = compile_full(make_spec(coroutine), wires)
        assert inspect.iscoroutinefunction(compiled)
        return asyncio.run(compiled(*args, **kwargs))

    return run


def test_a_callback_that_asks_for_nothing_is_the_users_own_function():
    assert compile_callback(spec(Output("a", "x"), Input("b", "y"))) is echo


def test_it_is_the_users_own_function_even_if_the_app_has_wires():
    assert compile_callback(spec(Output("a", "x"), Input("b", "y")), (Doubling(),)) is echo


def test_a_trigger_is_not_passed(invoke):
    make = lambda f: trigger(Output("o", "x"), Trigger("t", "n"), State("s", "v"), Input("i", "w"), func=f)
    assert invoke(make, echo, 1, 2, 3) == [2, 3]


def test_a_trigger_is_not_passed_by_name(invoke):
    make = lambda f: trigger(Output("o", "x"), inputs={"t": Trigger("t", "n"), "i": Input("i", "w")}, func=f)
    assert invoke(make, echo, t=1, i=2) == {"i": 2}


def test_a_trigger_in_a_nested_group_is_not_passed(invoke):
    make = lambda f: trigger(Output("o", "x"), inputs={"g": [Trigger("t", "n"), Input("i", "w")]}, func=f)
    assert invoke(make, echo, g=[1, 2]) == {"g": [2]}


def test_a_trigger_alone_leaves_no_argument(invoke):
    assert (
        invoke(lambda f: trigger(Output("o", "x"), Trigger("t", "n"), func=f), lambda: "called", 1)
        == "called"
    )


def test_what_comes_before_the_declared_arguments_is_passed_on(invoke):
    """A background callback gets set_progress there."""
    make = lambda f: trigger(Output("o", "x"), Trigger("t", "n"), Input("i", "w"), func=f)
    assert invoke(make, echo, "set_progress", 1, 2) == ["set_progress", 2]


def test_values_of_a_wire_are_loaded_only_if_the_request_has_some(invoke):
    make = lambda f: spec(Output("o", "x"), Input("i", "w"), func=f)
    wires = (Doubling(),)
    assert invoke(make, echo, "~a", wires=wires) == ["~a"]
    token = current_call.set(Call(app=None, wires=wires))
    try:
        assert invoke(make, echo, "~a", wires=wires) == ["~a~a"]
    finally:
        current_call.reset(token)


def test_results_are_looked_at_only_if_a_value_of_a_wire_was_made(invoke):
    make = lambda f: spec(Output("o", "x"), Input("i", "w"), func=f)
    wire = Doubling()

    def makes_one(value):
        wire.count += 1
        return value

    assert invoke(make, lambda value: value, "a", wires=(wire,)) == "a"
    assert invoke(make, makes_one, "a", wires=(wire,)) == "aa"


def test_no_update_is_left_alone(invoke):
    make = lambda f: spec([Output("o", "x"), Output("p", "x")], Input("i", "w"), func=f)
    wire = Doubling()

    def makes_one(_):
        wire.count += 1
        return no_update, "a"

    assert invoke(make, makes_one, 1, wires=(wire,)) == [no_update, "aa"]


def test_a_callback_without_outputs_returns_nothing(invoke):
    make = lambda f: (
        NoOutputTransform().apply(Program(callbacks=(spec(Input("i", "w"), func=f),))).callbacks[0]
    )
    assert invoke(make, echo, 1) is None


def test_brackets_open_around_the_function():
    seen = []

    class Bracket:
        def __enter__(self):
            seen.append("in")

        def __exit__(self, *_):
            seen.append("out")

    bracketed = spec(Output("o", "x"), Input("i", "w"), func=lambda _: seen.append("run"))
    call(bracketed.with_changes(around=(Bracket,)), 1)
    assert seen == ["in", "run", "out"]


def chunks_and_values(wire, chunks):
    """A generator's body: a value of the wire is made before the chunks that are written in capitals."""
    for chunk in chunks:
        wire.count += chunk.isupper()
        yield chunk


def test_generators_stay_generators_and_chunks_are_dumped_from_the_first_value_on():
    wire = Doubling()

    def chunks(_):
        yield from chunks_and_values(wire, ["a", "B", "c"])

    compiled = compile_full(spec(Output("o", "x"), Input("i", "w"), func=chunks), (wire,))
    assert inspect.isgeneratorfunction(compiled)
    assert list(compiled(1)) == ["a", "BB", "cc"]


def test_async_generators_stay_async_generators():
    wire = Doubling()

    async def chunks(_):
        for chunk in chunks_and_values(wire, ["a", "B", "c"]):
            yield chunk

    compiled = compile_full(spec(Output("o", "x"), Input("i", "w"), func=chunks), (wire,))
    assert inspect.isasyncgenfunction(compiled)
    assert asyncio.run(collected(compiled(1))) == ["a", "BB", "cc"]


def test_a_stream_in_which_no_value_is_made_takes_no_thread():
    async def chunks(_):
        yield "a"
        yield "b"

    async def main():
        # Whoever asks for a thread here gets none.
        asyncio.get_running_loop().set_default_executor(_NoThreads())
        return await collected(compile_full(stream, (Doubling(),))(1))

    stream = spec(Output("o", "x"), Input("i", "w"), func=chunks)
    assert asyncio.run(main()) == ["a", "b"]


class _NoThreads(ThreadPoolExecutor):
    def submit(self, *args, **kwargs):
        raise AssertionError("asked for a thread")


def test_the_compiled_function_leads_back_to_the_users():
    """Dash's cache keys of background callbacks and names of MCP tools look through it."""
    assert inspect.unwrap(compile_full(spec(Output("o", "x"), Input("i", "w")), ())) is echo


SETTING = contextvars.ContextVar("setting", default="outside")


def streaming(events, chunks=("a", "b")):
    """A compiled async generator within a bracket that sets a context variable."""

    @contextlib.contextmanager
    def bracket():
        token = SETTING.set("inside")
        events.append("opened")
        try:
            yield
        finally:
            SETTING.reset(token)
            events.append("closed")

    async def stream(value):
        try:
            for chunk in chunks:
                if isinstance(chunk, Exception):
                    raise chunk
                yield f"{chunk} {SETTING.get()}"
        finally:
            events.append(f"ended {SETTING.get()}")

    before = spec(Output("o", "p"), Input("x", "v"), func=stream).with_changes(around=(bracket,))
    return compile_full(before, ())("v")


async def collected(generator):
    return [chunk async for chunk in generator]


def test_a_bracket_is_open_from_a_streams_first_step_to_its_last_in_whatever_context_each_is():
    events = []

    async def steps():
        generator = streaming(events)
        return [await asyncio.create_task(_next(generator)) for _ in range(3)]

    assert asyncio.run(steps()) == ["a inside", "b inside", "over"]
    assert events == ["opened", "ended inside", "closed"]
    assert SETTING.get() == "outside"


async def _next(generator):
    return await anext(generator, "over")


def test_a_stream_that_fails_closes_its_bracket():
    events = []
    with pytest.raises(ValueError, match="failed"):
        asyncio.run(collected(streaming(events, ["a", ValueError("failed")])))
    assert events == ["opened", "ended inside", "closed"]


def test_a_stream_that_is_left_closes_its_bracket():
    events = []

    async def leave():
        generator = streaming(events)
        assert await anext(generator) == "a inside"
        await generator.aclose()

    asyncio.run(leave())
    assert events == ["opened", "ended inside", "closed"]
