"""Dataclasses and pydantic models as arguments and results, alone and with other transforms."""

import asyncio
import dataclasses
import datetime
import enum
import json
import typing
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Literal, Optional

import pytest
from dash import ALL, Input, Output, State, no_update
from pydantic import BaseModel, ConfigDict, Field
from specs import apply, call, spec

from enrich.callbacks.spec import Program
from enrich.dependencies import Trigger
from enrich.errors import TypedValueError
from enrich.page import Page
from enrich.transforms import BaseModelTransform, DataclassTransform, TriggerTransform


class Color(enum.Enum):
    RED = "red"


@dataclass
class Inner:
    price: float
    tags: tuple[str, ...] = ()


@dataclass
class Outer:
    name: str
    items: list[Inner]
    by_key: dict[str, Inner] = field(default_factory=dict)
    when: datetime.datetime | None = None
    color: Color = Color.RED
    amount: Decimal = Decimal("0.1")
    id: uuid.UUID | None = None
    mode: Literal["a", "b"] = "a"


class Point(BaseModel):
    x: int
    y: int = 0


class Aliased(BaseModel):
    first_name: str = Field(alias="firstName")
    when: datetime.date | None = None


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    when: datetime.date


class Holder(BaseModel):
    points: list[Point]


@dataclass
class Mixed:
    point: Point


OUTER = Outer(
    "n",
    [Inner(1.5, ("t",)), Inner(2.0)],
    {"k": Inner(3.0)},
    datetime.datetime(2024, 1, 2, 3, 4),
    Color.RED,
    Decimal("1.10"),
    uuid.UUID(int=7),
    "b",
)
KINDS = {"dataclass": (DataclassTransform(), Inner, {"price": 1.0}, Inner(1.0)),
         "model": (BaseModelTransform(), Point, {"x": 1}, Point(x=1))}  # fmt: skip


def both_ways(transform, value, hint):
    """Send a value as a result, and take it back as an argument."""

    def take(v):
        return v == value

    take.__annotations__ = {"v": hint}
    sent = call(apply(transform, spec(Output("o", "x"), Input("i", "v"), func=_returns(value, hint))), None)
    received = json.loads(json.dumps(sent))
    return call(apply(transform, spec(Output("o", "x"), Input("i", "v"), func=take)), received)


def _returns(value, hint):
    def give(_):
        return value

    give.__annotations__ = {"return": hint}
    return give


@pytest.mark.parametrize(
    ("transform", "value", "hint"),
    [
        (DataclassTransform(), OUTER, Outer),
        (DataclassTransform(), [OUTER, OUTER], list[Outer]),
        (DataclassTransform(), {"a": OUTER}, dict[str, Outer]),
        (DataclassTransform(), OUTER, Optional[Outer]),  # noqa: UP045
        (DataclassTransform(), OUTER, Outer | None),
        (DataclassTransform(), OUTER, Annotated[Outer, "said"]),
        (DataclassTransform(), Mixed(Point(x=1)), Mixed),
        (BaseModelTransform(), Point(x=1, y=2), Point),
        (BaseModelTransform(), [Point(x=1)], list[Point]),
        (BaseModelTransform(), {"a": Point(x=1)}, dict[str, Point]),
        (BaseModelTransform(), Holder(points=[Point(x=1)]), Optional[Holder]),  # noqa: UP045
        (BaseModelTransform(), Point(x=1), Annotated[Point, "said"]),
        (BaseModelTransform(), Aliased(firstName="A", when=datetime.date(2024, 1, 2)), Aliased),
        (BaseModelTransform(), Strict(when=datetime.date(2024, 1, 2)), Strict),
    ],
)
def test_a_value_arrives_as_it_was_returned(transform, value, hint):
    assert both_ways(transform, value, hint)


@pytest.mark.parametrize("kind", KINDS)
def test_none_is_passed_on(kind):
    transform, cls, _, _ = KINDS[kind]

    def take(value: cls):
        return value is None

    assert call(apply(transform, spec(Output("o", "x"), Input("i", "v"), func=take)), None) is True


@pytest.mark.parametrize("kind", KINDS)
def test_an_annotation_may_be_text(kind):
    transform, cls, data, expected = KINDS[kind]

    def take(value):
        return value == expected

    take.__annotations__ = {"value": f"list[{cls.__name__}] | None"}
    assert call(apply(transform, spec(Output("o", "x"), Input("i", "v"), func=take)), [data]) is False
    take.__annotations__ = {"value": f"{cls.__name__} | None"}
    assert call(apply(transform, spec(Output("o", "x"), Input("i", "v"), func=take)), data) is True


@pytest.mark.parametrize("kind", KINDS)
def test_a_class_that_is_local_to_an_app_factory_is_found(kind):
    transform = KINDS[kind][0]
    if kind == "model":

        class Local(BaseModel):
            x: int
    else:

        @dataclass
        class Local:
            x: int

    def take(value: "Local"):
        return isinstance(value, Local)

    assert call(apply(transform, spec(Output("o", "x"), Input("i", "v"), func=take)), {"x": 1}) is True


@pytest.mark.parametrize("kind", KINDS)
def test_an_input_for_all_gives_a_list_of_them(kind):
    transform, cls, data, expected = KINDS[kind]

    def each(values: cls):
        return values == [expected, None]

    def whole(values: list[cls]):
        return values == [expected]

    make = lambda func: apply(transform, spec(Output("o", "x"), Input({"i": ALL}, "v"), func=func))
    assert call(make(each), [data, None]) is True
    assert call(make(whole), [data]) is True


@pytest.mark.parametrize("kind", KINDS)
def test_a_group_of_inputs_is_read_one_by_one(kind):
    transform, cls, data, expected = KINDS[kind]

    def take(pair: list[cls], *, named: dict[str, cls]):
        return (pair, named) == ([expected, expected], {"k": expected})

    after = apply(
        transform,
        spec(
            Output("o", "x"),
            inputs={"pair": [Input("a", "v"), Input("b", "v")], "named": {"k": State("c", "v")}},
            func=take,
        ),
    )
    assert call(after, pair=[data, data], named={"k": data}) is True


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_async", [False, True])
def test_a_trigger_does_not_shift_the_annotations(kind, is_async):
    transform, cls, data, expected = KINDS[kind]

    def take(value: cls, plain):
        return (value, plain) == (expected, data)

    async def take_async(value: cls, plain):
        return take(value, plain)

    before = spec(
        Output("o", "x"),
        Trigger("t", "n"),
        Input("i", "v"),
        Input("j", "v"),
        func=take_async if is_async else take,
    )
    program = TriggerTransform().apply(Program(callbacks=(before,)))
    result = call(transform.apply(program).callbacks[0], 1, data, data)
    assert (asyncio.run(result) if is_async else result) is True


@pytest.mark.parametrize(
    ("transform", "hint", "value", "complaint"),
    [
        (DataclassTransform(), Outer, {"name": "n", "items": [{"price": "dear"}]},
         r"argument i\.v\.items\[0\]\.price: expected float, got 'dear'"),
        (DataclassTransform(), Outer, {"items": []}, r"i\.v\.name: Outer needs this field"),
        (DataclassTransform(), Outer, 3, r"i\.v: expected Outer, got 3"),
        (DataclassTransform(), Outer, {"name": "n", "items": [], "mode": "c"}, r"i\.v\.mode: expected one of 'a', 'b'"),
        (DataclassTransform(), list[Inner], [{"price": 1}, {"price": None}], r"i\.v\[1\]\.price: expected float"),
        (DataclassTransform(), dict[str, Inner], {"k": {}}, r"i\.v\['k'\]\.price: Inner needs"),
        (BaseModelTransform(), Holder, {"points": [{"x": 1}, {"x": "a"}]}, r"argument i\.v\.points\[1\]\.x: .*integer"),
    ],
)  # fmt: skip
def test_what_does_not_fit_raises_with_the_path_to_the_field(transform, hint, value, complaint):
    def take(v):
        return v

    take.__annotations__ = {"v": hint}
    after = apply(transform, spec(Output("o", "x"), Input("i", "v"), func=take))
    with pytest.raises(TypedValueError, match=r"callback 'take' \(app\.py:7\).*" + complaint):
        call(after, value)


def test_json_text_is_read_too():
    def take(value: Point):
        return value

    after = apply(BaseModelTransform(), spec(Output("o", "x"), Input("i", "v"), func=take))
    assert call(after, '{"x": 3}') == {"x": 3, "y": 0}


def test_no_update_beside_a_model_stays():
    def give(_) -> tuple[Point, typing.Any]:
        return Point(x=1), no_update

    after = apply(
        BaseModelTransform(), spec([Output("o", "x"), Output("p", "x")], Input("i", "v"), func=give)
    )
    assert call(after, 1) == [{"x": 1, "y": 0}, no_update]


def test_both_transforms_stack():
    def give(point: Point, inner: Inner) -> dict:
        return {"point": point, "inner": [inner]}

    program = Program(callbacks=(spec(Output("o", "x"), Input("i", "v"), Input("j", "v"), func=give),))
    for first, second in [
        (DataclassTransform(), BaseModelTransform()),
        (BaseModelTransform(), DataclassTransform()),
    ]:
        (after,) = second.apply(first.apply(program)).callbacks
        assert call(after, {"x": 1}, {"price": 2}) == {
            "point": {"x": 1, "y": 0},
            "inner": [{"price": 2.0, "tags": []}],
        }


@pytest.mark.parametrize("kind", KINDS)
def test_a_program_without_such_types_is_left_alone(kind):
    before = Program(callbacks=(spec(Output("o", "x"), Input("i", "v")),))
    assert KINDS[kind][0].apply(before) is before


# --- with server-side outputs, over HTTP ------------------------------------------------------------


@pytest.mark.parametrize("kind", ["dataclass", "model"])
@pytest.mark.parametrize("way", ["plain", "Serverside", "ServersideOutput"])
@pytest.mark.parametrize("is_async", [False, True])
def test_every_pair_of_a_kind_and_a_way_to_travel(kind, way, is_async):
    from enrich import Dash, Serverside, ServersideOutput, dcc, html

    cls, value = (Inner, Inner(1.5, ("a",))) if kind == "dataclass" else (Point, Point(x=3))
    app = Dash("pairs")
    app.layout = html.Div([html.Button(id="go"), dcc.Store(id="s"), html.Div(id="log")])
    output = (ServersideOutput if way == "ServersideOutput" else Output)("s", "data")

    def give(_):
        return Serverside(value) if way == "Serverside" else value

    async def give_async(_):
        return give(_)

    def show(got: cls):
        return str(got == value and isinstance(got, cls))

    app.callback(output, Input("go", "n_clicks"), prevent_initial_call=True)(give_async if is_async else give)
    app.callback(Output("log", "children"), Input("s", "data"), prevent_initial_call=True)(show)
    page = Page(app)
    page.act({"go.n_clicks": 1})
    assert page["log.children"] == "True"


def test_fields_of_a_dataclass_are_those_it_declares():
    assert [f.name for f in dataclasses.fields(Inner)] == ["price", "tags"]
