"""Every pair of features in one callback, over HTTP: whatever it is combined of, it gives the same answer."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest

from enrich import (
    MATCH,
    CycleBreakerInput,
    Dash,
    DashBlueprint,
    Input,
    Output,
    Serverside,
    ServersideOutput,
    State,
    Trigger,
    ctx,
    dcc,
    html,
)
from enrich.page import Page

FEATURES: Mapping[str, tuple[str, ...]] = {
    "place": ("app", "prefix", "prefix in prefix"),
    "way": ("sync", "async"),
    "signature": ("list", "dict"),
    "fires": ("Input", "Trigger", "CycleBreakerInput"),
    "value": ("plain", "dataclass", "Serverside", "ServersideOutput", "Serverside dataclass"),
    "ids": ("plain", "MATCH"),
    "memoize": ("no", "yes"),
    "blocking": ("no", "yes"),
    "group": ("no", "yes"),
    "log": ("no", "yes"),
    "loading": ("no", "yes"),
    "shared": ("no", "yes"),
}

Case = dict[str, str]
PREFIX = {"app": "", "prefix": "p-", "prefix in prefix": "q-p-"}


@dataclass
class Reading:
    n: int | None
    x: str


def is_possible(case: Case) -> bool:
    """Rows have hidden stores that only a browser makes."""
    hidden = case["blocking"] == "yes" or case["fires"] == "CycleBreakerInput"
    return not (case["ids"] == "MATCH" and hidden)


def pairs(case: Case) -> set[Any]:
    return set(itertools.combinations(sorted(case.items()), 2))


def every_pair() -> Iterator[Case]:
    """Few cases in which each two values of two features meet, always the same ones."""
    cases = (dict(zip(FEATURES, values, strict=True)) for values in itertools.product(*FEATURES.values()))
    possible = [case for number, case in enumerate(cases) if number % 7 in (0, 3) and is_possible(case)]
    waiting = set().union(*map(pairs, possible))
    while waiting:
        best = max(possible[len(waiting) % 5 :: 5], key=lambda case: len(pairs(case) & waiting))
        if not pairs(best) & waiting:
            best = max(possible, key=lambda case: len(pairs(case) & waiting))
        waiting -= pairs(best)
        yield best


CASES = list(every_pair())


def test_each_two_values_meet():
    met = set().union(*map(pairs, CASES))
    for (one, firsts), (other, seconds) in itertools.combinations(sorted(FEATURES.items()), 2):
        for first, second in itertools.product(firsts, seconds):
            case = {name: values[0] for name, values in FEATURES.items()} | {one: first, other: second}
            if is_possible(case):
                assert ((one, first), (other, second)) in met


class Combined:
    """An app with one callback that has the features of a case, and one that reads what it returns."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.runs: list[Any] = []
        self.is_row = case["ids"] == "MATCH"
        self.app = Dash("combined", prevent_initial_callbacks=True)
        self.part: Any = self.app if case["place"] == "app" else DashBlueprint()
        self.declare()
        layout = html.Div([part for row in (0, 1) for part in self.components(row)])
        self.embed(layout)

    def id(self, name: str, row: Any) -> Any:
        return {"k": name, "row": row} if self.is_row else (name if row in (0, MATCH) else f"{name}{row}")

    def components(self, row: int) -> list[Any]:
        return [
            html.Button(id=self.id("b", row)),
            dcc.Input(id=self.id("x", row), value=f"x{row}"),
            dcc.Store(id=self.id("s", row)),
            html.Button(id=self.id("other", row)),
            html.Div(id=self.id("log", row)),
            html.Div(id=self.id("note", row)),
        ]

    def embed(self, layout: Any) -> None:
        if self.part is self.app:
            self.app.layout = layout
            return
        self.part.layout = layout
        if self.case["place"] == "prefix":
            self.app.layout = html.Div(self.part.embed(self.app, prefix="p"))
            return
        outer = DashBlueprint()
        outer.layout = html.Div(self.part.embed(outer, prefix="p"))
        self.app.layout = html.Div(outer.embed(self.app, prefix="q"))

    def declare(self) -> None:
        case, row = self.case, MATCH if self.is_row else 0
        kind = {"Input": Input, "Trigger": Trigger, "CycleBreakerInput": CycleBreakerInput}[case["fires"]]
        fires, state = kind(self.id("b", row), "n_clicks"), State(self.id("x", row), "value")
        output = ServersideOutput if case["value"] == "ServersideOutput" else Output
        written = output(self.id("s", row), "data")
        options: dict[str, Any] = {}
        for name in ("memoize", "blocking", "log", "loading"):
            if case[name] == "yes":
                options[name] = True
        if case["group"] == "yes":
            options["group"] = "g"
            others = {name: value for name, value in options.items() if name != "memoize"}
            self.part.callback(Output(self.id("note", row), "children"), fires, **others)(
                lambda *_, **__: "noted"
            )
        if case["signature"] == "list":
            self.part.callback(written, fires, state, **options)(self.author())
        else:
            shape = {"n": fires, "x": state}
            self.part.callback(output={"s": written}, inputs=shape, **options)(self.author())
        if case["shared"] == "yes":
            again = Output(self.id("s", row), "data")
            self.part.callback(again, Input(self.id("other", row), "n_clicks"))(lambda n: Reading(n, "other"))
        reader = shown_reading if case["value"].endswith("dataclass") else shown
        self.part.callback(Output(self.id("log", row), "children"), Input(self.id("s", row), "data"))(reader)

    def author(self) -> Any:
        def act(*args: Any, dash_logger: Any = None, **kwargs: Any) -> Any:
            self.runs.append(ctx.triggered_id)
            if dash_logger is not None:
                dash_logger.info("a line")
            *n, x = [kwargs[name] for name in ("n", "x") if name in kwargs] or args
            value = self.value(n[0] if n else None, x)
            return {"s": value} if self.case["signature"] == "dict" else value

        async def act_async(*args: Any, dash_logger: Any = None, **kwargs: Any) -> Any:
            await asyncio.sleep(0)
            return act(*args, dash_logger=dash_logger, **kwargs)

        return act_async if self.case["way"] == "async" else act

    def value(self, n: Any, x: Any) -> Any:
        kind = self.case["value"]
        if kind == "plain":
            return {"n": n, "x": x}
        if kind == "dataclass":
            return Reading(n, x)
        if kind == "Serverside dataclass":
            return Serverside(Reading(n, x))
        frame = pd.DataFrame({"n": [n], "x": [x]})
        return Serverside(frame) if kind == "Serverside" else frame

    def click(self, page: Page, n: int) -> None:
        """Click, and do what the hidden stores in a browser would."""
        prefix = PREFIX[self.case["place"]]
        button = f'{{"k":"{prefix}b","row":1}}' if self.is_row else f"{prefix}b"
        relays, gates = (
            [name for name in page.props if re.search(rf"enrich-{kind}-[0-9a-f]{{16}}-go$", name)]
            for kind in ("cycle", "gate")
        )
        said = {"run": len(self.runs) + n, "triggered": [[0, None]]}
        if not relays and not gates:
            page.act({f"{button}.n_clicks": n})
            return
        page.props[button]["n_clicks"] = n
        for relay in relays:
            page.props[relay]["data"] = said
        if gates:
            # A gate of a group stands for each member's relay.
            said = {**said, "triggered": [[place, None] for place in range(max(1, len(relays)))]}
        page.act({f"{name}.data": said for name in gates or relays})

    def log(self, page: Page) -> Any:
        prefix = PREFIX[self.case["place"]]
        return page[f'{{"k":"{prefix}log","row":1}}.children' if self.is_row else f"{prefix}log.children"]


def shown(value: Any) -> str:
    if isinstance(value, pd.DataFrame):
        return f"{value['n'][0]} {value['x'][0]}"
    return f"{value['n']} {value['x']}"


def shown_reading(value: Reading) -> str:
    return f"{value.n} {value.x}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(case.values()).replace(" ", "_"))
def test_whatever_it_is_combined_of_a_callback_gives_the_same(case: Case):
    combined = Combined(case)
    page = Page(combined.app)
    assert combined.runs == []
    for n in (3, 3, 4):
        combined.click(page, n)
        expected = "None" if case["fires"] == "Trigger" else f"{n}"
        assert combined.log(page) == f"{expected} x{1 if combined.is_row else 0}"
    changes = 1 if case["fires"] == "Trigger" else 2
    assert len(combined.runs) == (changes if case["memoize"] == "yes" else 3)
    assert all(one == ({"k": "b", "row": 1} if combined.is_row else "b") for one in combined.runs)
