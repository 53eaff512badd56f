from __future__ import annotations

import functools
import sys
import textwrap
from collections.abc import Hashable, Mapping, Sized
from numbers import Number
from typing import Annotated, Any, Protocol, TypedDict

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from dash import ALL, Input, Output, html

from enrich import (
    Columns,
    Dash,
    DeclarationError,
    Serverside,
    ServersideRef,
    StoreConfigError,
    StoreError,
    Trigger,
    UnknownColumnError,
    dcc,
)
from enrich.page import Page

FRAME = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]})


@pytest.fixture
def received():
    """Pass the stored frame to a function with an annotation; what it received."""

    def run(function, stored=FRAME, **declaration):
        app, seen = Dash("annotated", suppress_callback_exceptions=True), []
        app.server.testing = True
        app.layout = html.Div([html.Button(id="b"), dcc.Store(id="s"), html.Div(id="o")])
        app.callback(Output("s", "data"), Trigger("b", "n_clicks"), prevent_initial_call=True)(
            lambda: Serverside(stored)
        )
        declaration = declaration or {"inputs": [Input("s", "data")]}
        app.callback(output=Output("o", "children"), prevent_initial_call=True, **declaration)(function(seen))
        Page(app).act({"b.n_clicks": 1})
        return seen[0]

    return run


def taking(annotation):
    def make(seen):
        def function(table):
            seen.append(table)

        function.__annotations__["table"] = annotation
        return function

    return make


def test_without_a_wish_the_value_comes_as_it_was_stored(received):
    pd.testing.assert_frame_equal(received(taking(object)), FRAME)


@pytest.mark.parametrize(
    "form",
    [pd.DataFrame, pa.Table, pl.DataFrame, pl.LazyFrame, duckdb.DuckDBPyRelation, np.ndarray, "pa.Table"],
    ids=str,
)
def test_a_table_comes_in_the_form_of_the_annotation(received, form):
    value = received(taking(form))
    assert isinstance(value, pa.Table if form == "pa.Table" else form)


class Called:
    def __init__(self, seen):
        self.seen = seen

    def __call__(self, table: pa.Table):
        self.seen.append(table)


def partially(seen):
    def function(kept, table: pa.Table):
        kept.append(table)

    return functools.partial(function, seen)


@pytest.mark.parametrize("make", [Called, partially])
def test_annotations_count_of_all_that_is_called_like_a_function(received, make):
    assert isinstance(received(make), pa.Table)


def test_an_optional_form_counts(received):
    assert isinstance(received(taking(pa.Table | None)), pa.Table)


@pytest.mark.parametrize(
    "annotation",
    [
        Annotated[pd.DataFrame, Columns("b")],
        Annotated[pd.DataFrame, Columns("b")] | None,
        Annotated[pd.DataFrame | None, Columns("b")],
        Annotated[Annotated[pd.DataFrame, "a note"] | None, Columns("b")],
        Annotated[object, Columns("b")],
    ],
    ids=str,
)
def test_only_the_named_columns_are_read(received, annotation):
    assert list(received(taking(annotation)).columns) == ["b"]


@pytest.mark.parametrize("note", [np.array([1, 2]), pl.col("a"), pd.DataFrame({"a": [1]})], ids=type)
def test_notes_beside_columns_may_be_of_any_type(received, note):
    assert isinstance(received(taking(Annotated[pa.Table, note])), pa.Table)
    assert received(taking(Annotated[pa.Table, note, Columns("b")])).column_names == ["b"]
    with pytest.raises(DeclarationError, match="names no columns"):
        received(taking(Annotated[pa.Table, note, Columns]))


def test_an_array_of_some_dtype_is_an_array(received):
    assert isinstance(received(taking(npt.NDArray[np.object_])), np.ndarray)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python 3.12 has the type statement")
@pytest.mark.parametrize(
    "alias", ["Table", "Same[pa.Table]", "Maybe[pa.Table]", "Other[int, pa.Table]", "Nested[pa.Table]"]
)
def test_an_alias_is_what_it_stands_for(received, alias):
    names = {"pa": pa, "pd": pd}
    source = """
    type Table = pa.Table
    type Same[T] = T
    type Maybe[T] = T | None
    type Other[S, T] = T | None
    type Nested[T] = Maybe[T]
    """
    exec(textwrap.dedent(source), names)
    assert isinstance(received(taking(eval(alias, names))), pa.Table)


def test_columns_are_named_one_by_one():
    with pytest.raises(StoreConfigError, match=r"Columns\(\['a', 'b'\]\): give the names one by one"):
        Columns(["a", "b"])


@pytest.mark.parametrize(
    ("annotation", "mend"),
    [
        (Columns("b"), r"Annotated\[pd\.DataFrame, Columns\('b'\)\]"),
        (list[Columns("b")], r"Annotated\[pd\.DataFrame, Columns\('b'\)\]"),
        (Annotated[pd.DataFrame, Columns("a"), Columns("b")], r"Columns\('a', 'b'\)"),
        (Annotated[Annotated[pd.DataFrame, Columns("a")] | None, Columns("b")], r"Columns\('a', 'b'\)"),
        (Annotated[pd.DataFrame, Columns("b")] | pl.DataFrame, r"Annotated\[A \| B, Columns\('b'\)\]"),
        (Annotated[pd.DataFrame, Columns], r"Columns\('a', 'b'\)"),
    ],
    ids=str,
)
def test_columns_that_would_have_no_effect_are_refused_at_build(annotation, mend):
    app = Dash("refused")
    app.layout = html.Div(id="o")
    app.callback(Output("o", "children"), Input({"i": ALL}, "data"))(taking(annotation)([]))
    with pytest.raises(DeclarationError, match=rf"function.*argument .*{mend}"):
        _ = app.callback_map


FIRST, OTHER = {"Columns": Columns, "Table": pd.DataFrame}, {"Table": Columns("b")}


@pytest.mark.parametrize(
    ("annotation", "second", "module"),
    [
        ("list[Columns('b')]", Input({"i": ALL}, "data"), FIRST),
        ("list[Columns('b')]", [Input("i", "data")], FIRST),
        ("Table", Input("i", "data"), OTHER),
    ],
    ids=["for all", "in a list", "of another module"],
)
def test_an_annotation_that_is_right_in_one_callback_is_looked_at_in_the_next(annotation, second, module):
    app = Dash("refused")
    app.layout = html.Div(id="o")
    for output, names, inputs in (("o", FIRST, Input("i", "data")), ("p", module, second)):
        exec(f"def function(table: {annotation!r}): ...", names)
        app.callback(Output(output, "children"), inputs={"table": inputs})(names["function"])
    with pytest.raises(
        DeclarationError, match=r"function.*argument .*Annotated\[pd\.DataFrame, Columns\('b'\)\]"
    ):
        _ = app.callback_map


def test_unknown_columns_are_refused_with_those_there_are(received):
    with pytest.raises(UnknownColumnError, match=r"argument s\.data.*'a', 'b'"):
        received(taking(Annotated[pd.DataFrame, Columns("c")]))


def test_a_reference_loads_nothing_until_asked(received):
    ref = received(taking(ServersideRef))
    assert (ref.rows, ref.schema.names) == (3, ["a", "b"])
    assert isinstance(ref.load(as_type=pl.DataFrame), pl.DataFrame)


def test_a_reference_loads_the_columns_of_its_annotation(received):
    ref = received(taking(Annotated[ServersideRef, Columns("b")]))
    assert list(ref.load().columns) == ["b"]
    assert ref.load(as_type=pa.Table).column_names == ["b"]
    assert list(ref.load(columns=["a"]).columns) == ["a"]


@pytest.mark.parametrize(
    ("ask", "is_gone"),
    [
        (lambda ref: ref.load(columns=["degres"]), False),
        (lambda ref: ref.load(dict), False),
        (lambda ref: ref.load(), True),
        (lambda ref: ref.rows, True),
    ],
)
def test_an_error_of_a_reference_names_the_callback_and_the_argument(ask, is_gone):
    app, seen = Dash("late"), []
    app.layout = html.Div([dcc.Store(id="s", data=Serverside(FRAME)), html.Div(id="o")])
    app.callback(Output("o", "children"), Input("s", "data"))(taking(ServersideRef)(seen))
    Page(app)
    (ref,) = seen
    if is_gone:
        app.store.delete(ref.ref)
    with pytest.raises(StoreError, match=r"callback 'function' .*, argument s\.data: "):
        ask(ref)


class Record(TypedDict):
    a: int


class Selects(Protocol):
    def select(self): ...


class Selected(Selects):
    pass


SERIES = pd.Series([1], name="a")
BATCH = pa.record_batch({"a": [1]})


@pytest.mark.parametrize(
    ("annotation", "stored"),
    [
        (pd.Series, SERIES),
        (pd.Series | None, SERIES),
        (pl.Series, pl.Series("a", [1])),
        (pa.RecordBatch, BATCH),
        (pd.DataFrame | pl.DataFrame, pl.DataFrame({"a": [1]})),
        (pd.Series | pd.DataFrame, SERIES),
        (pd.DataFrame | dict, {"a": 1}),
        (pd.DataFrame | dict[str, int], ["neither"]),
        (pd.DataFrame | Record, {"a": 1}),
        (pd.Series, "no table"),
        (pd.DataFrame | ServersideRef, BATCH),
        (pd.DataFrame | Any, BATCH),
        (pd.Series | Any, BATCH),
        (pd.DataFrame | Selects, pl.DataFrame({"a": [1]})),
        (pd.DataFrame | Sized, pl.DataFrame({"a": [1]})),
        (pd.DataFrame | Hashable | None, pl.DataFrame({"a": [1]})),
        (pd.DataFrame | Mapping[str, int], BATCH),
    ],
    ids=str,
)
def test_a_value_that_is_of_the_annotation_is_passed_as_it_was_stored(received, annotation, stored):
    value = received(taking(annotation), stored=stored)
    assert type(value) is type(stored)
    assert str(value) == str(stored)


@pytest.mark.parametrize(
    ("annotation", "form"),
    [
        (pl.DataFrame | pa.Table, pl.DataFrame),
        (Annotated[pl.DataFrame | pa.Table, Columns("b")], pl.DataFrame),
        (Annotated[pa.Table, "a note"] | pl.DataFrame | None, pa.Table),
        (pd.Series | pl.DataFrame, pl.DataFrame),
        (dict | pl.DataFrame, pl.DataFrame),
        (Selected | pl.DataFrame, pl.DataFrame),
        (Record | pl.DataFrame, pl.DataFrame),
        (Number | pl.DataFrame, pl.DataFrame),
    ],
    ids=str,
)
def test_of_several_forms_another_table_comes_in_the_first(received, annotation, form):
    value = received(taking(annotation))
    assert isinstance(value, form)
    assert "b" in value.schema.names if form is pa.Table else "b" in value.columns


@pytest.mark.parametrize("annotation", [pd.Series, pl.Series, pa.RecordBatch, pa.RecordBatchReader, pd.Index])
def test_a_type_that_no_table_is_made_into_is_refused_with_the_forms(received, annotation):
    says = r"callback 'function' .*, argument s\.data: .* is a pandas\.DataFrame, .*Annotate .*pa\.Table"
    with pytest.raises(StoreError, match=says):
        received(taking(annotation))


def test_a_value_that_is_no_table_is_refused_with_who_stored_it(received):
    says = r"argument s\.data: The value that callback .* stored is a dict, not a table: .*Take it as"
    with pytest.raises(StoreError, match=says):
        received(taking(pd.DataFrame), stored={"a": 1})


def test_parameters_by_name_count(received):
    def make(seen):
        def function(other, table: pa.Table):
            seen.append(table)

        return function

    inputs = {"other": Input("b", "n_clicks"), "table": Input("s", "data")}
    assert isinstance(received(make, inputs=inputs), pa.Table)


def taking_all(seen):
    def function(clicks: int, **tables: pa.Table):
        seen.append(tables["table"])

    return function


def taking_dicts(seen):
    def function(tables: dict[str, dict[str, pa.Table]]):
        seen.append(tables["deep"]["table"])

    return function


def taking_lists(seen):
    def function(tables: list[pa.Table], clicks: int):
        seen.append(tables[1])

    return function


CLICKS, TABLE = Input("b", "n_clicks"), Input("s", "data")


@pytest.mark.parametrize(
    ("make", "inputs"),
    [
        (taking_all, {"clicks": CLICKS, "table": TABLE}),
        (taking_dicts, {"tables": {"deep": {"table": TABLE, "clicks": CLICKS}}}),
        (taking_lists, [[CLICKS, TABLE], CLICKS]),
    ],
)
def test_the_element_of_a_group_is_the_form_of_each(received, make, inputs):
    assert isinstance(received(make, inputs=inputs), pa.Table)


def test_triggers_take_no_parameter(received):
    inputs = [Trigger("b", "n_clicks"), Input("s", "data")]
    assert isinstance(received(taking(pa.Table), inputs=inputs), pa.Table)


def test_with_all_each_element_has_the_form_of_the_list(received):
    app, seen = Dash("all"), []
    app.layout = html.Div(
        [dcc.Store(id={"i": i}, data=Serverside(FRAME)) for i in range(2)] + [html.Div(id="o")]
    )

    @app.callback(Output("o", "children"), Input({"i": ALL}, "data"))
    def function(tables: Annotated[list[pa.Table], Columns("b")]):
        seen.extend(tables)

    Page(app)
    assert [table.column_names for table in seen] == [["b"], ["b"]]


def test_annotations_that_can_only_be_read_by_a_type_checker_do_no_harm(received):
    pd.testing.assert_frame_equal(received(taking("OnlyForTypeCheckers")), FRAME)
