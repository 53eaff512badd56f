"""Names that are imported from dash-extensions by mistake are refused, with the import to write."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import cachelib
import dash
import pytest

import enrich
from enrich import DashProxy, DeclarationError, EnrichError, Input, Output, ServersideOutputTransform
from enrich.errors import StoreConfigError, TransformError
from enrich.store import Store

MODULE = "dash_extensions.enrich"


@pytest.fixture
def theirs(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Stand in for the module of dash-extensions, which can't be imported beside every Dash."""
    module = ModuleType(MODULE)
    for name, base in [
        ("Trigger", dash.Input),
        ("CycleBreakerInput", dash.Input),
        ("EnrichedOutput", dash.Output),
        ("Serverside", object),
        ("TriggerTransform", object),
        ("DashTransform", object),
        ("FileSystemBackend", cachelib.SimpleCache),
        ("ServersideBackend", object),
    ]:
        setattr(
            module, name, type(name, (base,), {"__module__": MODULE, "apply": lambda self, *given: given})
        )
    monkeypatch.setitem(sys.modules, MODULE, module)
    return module


DECLARING = {
    "app": lambda output, given: DashProxy("app").callback(output, given),
    "keyword": lambda output, given: DashProxy("app").callback(output=output, inputs={"a": given}),
    "blueprint": lambda output, given: enrich.DashBlueprint().callback(output, given),
    "enrich": lambda output, given: enrich.callback(output, given),
    "clientside": lambda output, given: DashProxy("app").clientside_callback("() => 1", output, given),
}


@pytest.mark.parametrize("declare", DECLARING)
@pytest.mark.parametrize("name", ["Trigger", "CycleBreakerInput"])
def test_their_inputs_are_refused_at_the_declaration(theirs: Any, declare: str, name: str):
    given = getattr(theirs, name)("b", "n_clicks")
    with pytest.raises(
        DeclarationError,
        match=rf"The callback at .*test_other_package.py:\d+ has {name} of dash_extensions.enrich.*"
        rf"Write: from enrich import {name}$",
    ):
        DECLARING[declare](Output("o", "children"), given)


def test_their_output_is_refused_at_the_declaration(theirs: Any):
    with pytest.raises(DeclarationError, match="EnrichedOutput of dash_extensions.enrich"):
        DashProxy("app").callback(theirs.EnrichedOutput("s", "data"), Input("b", "n_clicks"))


@pytest.mark.parametrize("nested", [False, True])
def test_a_function_that_makes_their_stored_values_is_refused(
    theirs: Any, nested: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(globals(), "Kept", theirs.Serverside)

    def load(_: Any) -> Any:
        return [Kept() for _ in range(3)] if nested else Kept()  # type: ignore[name-defined]  # noqa: F821

    app = DashProxy("app", transforms=[ServersideOutputTransform()])
    with pytest.raises(DeclarationError, match="The callback at .* has Serverside of .*import Serverside$"):
        app.callback(Output("s", "data"), Input("b", "n_clicks"))(load)


def test_their_transforms_are_refused_and_what_derives_from_them(theirs: Any):
    for given in (theirs.TriggerTransform(), theirs.TriggerTransform):
        with pytest.raises(TransformError, match=r"transforms= has TriggerTransform of .*import Trigger"):
            DashProxy("app", transforms=[given])

    class Own(theirs.DashTransform):  # type: ignore[misc]
        pass

    with pytest.raises(EnrichError, match=r"has Own, which derives from DashTransform of dash_extensions"):
        DashProxy("app", transforms=[Own()])


@pytest.mark.parametrize("name", ["FileSystemBackend", "ServersideBackend"])
def test_their_backends_are_refused_since_they_pickle(theirs: Any, name: str):
    ways = {
        "get": lambda self, key: None,
        "set": lambda self, key, value: None,
        "has": lambda self, key: False,
    }
    for kind in (getattr(theirs, name), type("Own", (getattr(theirs, name),), ways)):
        for settings in ({"backends": [kind()]}, {"backend": kind()}):
            for make in (ServersideOutputTransform, Store):
                with pytest.raises(
                    StoreConfigError, match=rf"backend= has .*{name} of .*Write: from enrich import {name}"
                ):
                    make(**settings)


def test_what_is_really_theirs_alone_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)  # their transform makes a folder where it is
    real = pytest.importorskip(MODULE)
    app = real.DashProxy("theirs", transforms=[real.TriggerTransform(), real.ServersideOutputTransform()])
    app.layout = real.html.Div(id="o")
    app.callback(Output("o", "children"), real.Trigger("b", "n_clicks"))(lambda: real.Serverside(1))
    sent = app.server.test_client().get("/_dash-dependencies").json
    assert [one["output"] for one in sent] == ["o.children"]
