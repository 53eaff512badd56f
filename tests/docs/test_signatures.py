"""Public names take the arguments, in the order and with the defaults, that the documentation says and apps count on."""

from __future__ import annotations

import inspect
from typing import Any

import dash
import pytest

import enrich
from enrich.store import Store

SIGNATURES = {
    enrich.DashProxy: "*args, transforms=None, include_global_callbacks=True, blueprint=None, "
    "prevent_initial_callbacks='initial_duplicate', checks=None, **kwargs",
    enrich.Dash: "*args, transforms=None, output_defaults=None, **kwargs",
    enrich.enrich_app: "app, transforms=None, checks=None",
    enrich.DashBlueprint: "transforms=None, include_global_callbacks=False",
    enrich.ServersideOutput: "component_id, component_property, backend=None, session_check=None, arg_check=True, "
    "allow_duplicate=False, *, skip_unchanged=False, on_missing=None",
    enrich.Serverside: "value, key=None, backend=None",
    enrich.ServersideOutputTransform: "backends=None, default_backend=None, session_check=True, arg_check=True, *, "
    "backend=None, session_id=None, cookie_samesite='Lax', on_missing='raise', **store",
    enrich.PrefixIdTransform: "prefix, prefix_func=None, escape=None",
    enrich.BlockingCallbackTransform: "timeout=60",
    enrich.LoadingTransform: "**kwargs",
    enrich.LogTransform: "log_config=None, try_use_mantine=True",
    Store.put: "self, value, *, scope=None, name=None, producer=None, backend=None, payer=None",
}


@pytest.mark.parametrize("name", SIGNATURES, ids=lambda name: name.__qualname__)
def test_a_public_name_takes_what_the_documentation_says(name: Any) -> None:
    signature = inspect.signature(name)
    plain = [each.replace(annotation=inspect.Parameter.empty) for each in signature.parameters.values()]
    assert str(inspect.Signature(plain)) == f"({SIGNATURES[name]})"


@pytest.mark.parametrize("name", [enrich.Trigger, enrich.CycleBreakerInput])
def test_an_input_of_ours_takes_what_dashs_own_does(name: Any) -> None:
    assert inspect.signature(name) == inspect.signature(dash.Input)
