import pytest
from dash import ALL, MATCH, Input, Output, Patch
from specs import addresses, apply, clientside, spec
from versions import needs_dash

from enrich.callbacks.clientside import target_of
from enrich.callbacks.spec import Program
from enrich.transforms import GroupTransform, LoadingTransform, PrefixIdTransform
from enrich.transforms import loading as loading_module


def loaded(*specs, **settings):
    return LoadingTransform(**settings).apply(Program(callbacks=specs))


def counting(after):
    return [(str(output), on, off) for output, on, off in after.options["running"]]


def step(sign):
    patch = Patch()
    patch = patch.__iadd__(1) if sign > 0 else patch.__isub__(1)
    return patch.to_plotly_json()


@needs_dash(3, 3, "takes patches in running")
def test_a_callback_that_asks_is_counted_while_it_runs():
    program = loaded(spec(Output("o", "p"), Input("x", "v"), loading=True))
    assert counting(program.callbacks[0]) == [("loading_id-running.data", step(1), step(-1))]
    assert "loading" not in program.callbacks[0].flags


def test_a_renderer_without_patches_in_running_gets_plain_values(monkeypatch):
    monkeypatch.setattr(loading_module, "RUNNING_TAKES_PATCHES", False)
    program = loaded(spec(Output("o", "p"), Input("x", "v"), loading=True))
    assert counting(program.callbacks[0]) == [("loading_id-running.data", 1, 0)]


def test_no_output_is_added_so_that_match_goes_on_working():
    program = loaded(spec(Output({"i": MATCH}, "p"), Input({"i": MATCH}, "v"), loading=True))
    assert len(program.callbacks[0].output_slots()) == 1


@pytest.mark.parametrize("alone", [False, True], ids=["list", "one"])
def test_what_the_author_said_of_running_stays(alone):
    own = (Output("b", "disabled"), True, False)
    program = loaded(spec(Output("o", "p"), Input("x", "v"), loading=True, running=own if alone else [own]))
    assert [one[0] for one in counting(program.callbacks[0])] == ["b.disabled", "loading_id-running.data"]


def test_there_is_one_spinner_and_one_callback_that_shows_it():
    program = loaded(
        spec(Output("a", "p"), Input("x", "v"), loading=True),
        spec(Output("b", "p"), Input({"i": ALL}, "v"), loading=True),
    )
    assert addresses(program.callbacks[-1].outputs) == "loading_id.display"
    assert [component.id for component in program.components] == ["loading_id-running", "loading_id"]
    assert program.components[1].display == "hide"


def test_the_spinner_takes_the_properties_of_dcc_loading():
    program = loaded(
        spec(Output("o", "p"), Input("x", "v"), loading=True), id="mine", type="cube", delay_show=0
    )
    spinner = program.components[1]
    assert (spinner.id, spinner.type, spinner.delay_show, spinner.fullscreen) == ("mine", "cube", 0, True)
    assert '"show": 0, "hide": 1000' in program.callbacks[-1].func.source


def test_nothing_is_added_where_nobody_asks():
    before = spec(Output("o", "p"), Input("x", "v"))
    program = loaded(before)
    assert program.callbacks == (before,)
    assert program.callbacks[0] is before
    assert program.components == ()


def test_false_is_as_good_as_nothing():
    program = loaded(spec(Output("o", "p"), Input("x", "v"), loading=False))
    assert program.components == ()
    assert "loading" not in program.callbacks[0].flags


def test_a_group_is_counted_if_one_of_its_members_asks():
    joint = apply(
        GroupTransform(),
        spec(Output("a", "p"), Input("x", "v"), group="g", loading=True),
        spec(Output("b", "p"), Input("x", "v"), group="g"),
    )
    assert [one[0] for one in counting(loaded(joint).callbacks[0])] == ["loading_id-running.data"]


def test_a_clientside_callback_is_wrapped_and_learns_the_stores_id():
    before = clientside(Output("o", "p"), Input("x", "v"), source="go", loading=True)
    after = loaded(before).callbacks[0]
    assert after.func.source.endswith(f".wrap({target_of(before.func)})")
    assert addresses(dict(after.ports)) == {"loading": "loading_id-running.id"}
    assert not after.ports["loading"].passed


def test_a_prefix_reaches_all_of_it():
    program = PrefixIdTransform("p").apply(loaded(spec(Output("o", "p"), Input("x", "v"), loading=True)))
    assert counting(program.callbacks[0])[0][0] == "p-loading_id-running.data"
    assert addresses(program.callbacks[-1].inputs) == ["p-loading_id-running.data", "p-loading_id.id"]
    assert [component.id for component in program.components] == ["p-loading_id-running", "p-loading_id"]


def test_the_first_late_callback_that_asks_brings_the_spinner():
    asking = spec(Output("o", "p"), Input("x", "v"), loading=True)
    first = LoadingTransform().apply(Program(callbacks=(asking,), served=()))
    later = LoadingTransform().apply(Program(callbacks=(asking,), served=first.callbacks))
    assert [len(one.components) for one in (first, later)] == [2, 0]
