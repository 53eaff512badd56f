import pytest
from dash import ALL, MATCH, Input, Output, Patch, State, dcc, html
from specs import addresses, apply, call, clientside, spec

from enrich.callbacks.clientside import target_of
from enrich.callbacks.compile import compile_on_error
from enrich.callbacks.spec import Program
from enrich.dependencies import Trigger
from enrich.transforms import (
    GroupTransform,
    MultiplexerTransform,
    NoOutputTransform,
    PrefixIdTransform,
    TriggerTransform,
    dynamic_prefix,
)


def prefixed(*specs, **settings):
    return apply(PrefixIdTransform("p", **settings), *specs)


def laid_out(layout, *specs, **settings):
    (change,) = PrefixIdTransform("p", **settings).apply(Program(callbacks=specs)).layout_maps
    return change(layout)


def returned(value, *specs, **settings):
    """What a callback of a prefixed program returns, where it returns ``value`` as written."""
    own = spec(Output("o", "children"), Input("i", "value"), func=lambda _: value)
    after = PrefixIdTransform("p", **settings).apply(Program(callbacks=(own, *specs))).callbacks[0]
    return call(after, None)


# --- callbacks --------------------------------------------------------------------------------------


def test_every_leaf_gets_the_prefix_once():
    after = prefixed(spec(Output("o", "p"), Input("x", "v"), State("x", "w"), Trigger("t", "n")))
    assert addresses(after.outputs) == "p-o.p"
    assert addresses(after.inputs) == ["p-x.v", "p-x.w", "p-t.n"]


def test_nested_groups_keep_their_shape():
    after = prefixed(spec(output={"a": [Output("o", "p")]}, inputs={"b": {"c": Input("x", "v")}}))
    assert addresses(after.outputs) == {"a": ["p-o.p"]}
    assert addresses(after.inputs) == {"b": {"c": "p-x.v"}}


def test_strings_in_a_dict_id_get_it_numbers_and_wildcards_do_not():
    after = prefixed(
        spec(Output({"kind": "row", "i": MATCH, "n": 3}, "p"), Input({"kind": "all", "i": ALL}, "v"))
    )
    (output,), (own,) = after.output_slots(), after.input_slots()
    assert output.id.thaw() == {"kind": "p-row", "i": MATCH, "n": 3}
    assert own.id.thaw() == {"kind": "p-all", "i": ALL}


def test_anchors_stay():
    after = prefixed(spec(Output("a-top", "p"), Input("anchor-x", "v")))
    assert (addresses(after.outputs), addresses(after.inputs)) == ("a-top.p", "anchor-x.v")


def test_what_to_leave_alone_can_be_said():
    after = prefixed(
        spec(Output("shared", "p"), Input({"kind": "shared"}, "v"), State("a-x", "v")),
        escape=lambda own: own in ("shared", {"kind": "shared"}),
    )
    assert addresses(after.outputs) == "shared.p"
    assert addresses(after.inputs) == ["{kind: shared}.v", "p-a-x.v"]


def test_the_parts_of_dashs_page_container_stay():
    assert addresses(prefixed(spec(Output("o", "p"), Input("_pages_location", "pathname"))).inputs) == (
        "_pages_location.pathname"
    )


def test_clientside_callbacks_get_it_too():
    after = prefixed(clientside(Output("o", "p"), Input("x", "v")))
    assert (addresses(after.outputs), addresses(after.inputs)) == ("p-o.p", "p-x.v")


def test_a_clientside_function_gets_its_authors_view():
    own = clientside(Output("o", "p"), Input("x", "v"), source="go", is_authors=True)
    after = prefixed(own)
    assert after.func.source.endswith(f".view({target_of(own.func)})")
    assert '"authors": {"p-o": "o", "p-x": "x"}' in after.func.source


def test_a_clientside_function_of_a_transform_is_left_alone():
    before = clientside(Output("o", "p"), Input("x", "v"), source="go")
    assert prefixed(before).func is before.func


@pytest.mark.parametrize("alone", [False, True], ids=["list", "one"])
def test_running_hits_the_prefixed_id(alone):
    triple = (Output("button", "disabled"), True, False)
    after = prefixed(spec(Output("o", "p"), Input("x", "v"), running=triple if alone else [triple]))
    ((output, on, off),) = after.options["running"]
    assert (output.component_id, output.component_property, on, off) == ("p-button", "disabled", True, False)


def test_progress_and_cancel_get_it_and_nothing_given_changes():
    progress, cancel = Output({"kind": "bar"}, "value"), Input("stop", "n_clicks")
    background = {"interval": 1, "progress": [progress], "cancel_inputs": [cancel]}
    before = spec(Output("o", "p"), Input("x", "v"), background=background)
    own = prefixed(before).options["background"]
    assert own["progress"][0].component_id == {"kind": "p-bar"}
    assert own["cancel_inputs"][0].component_id == "p-stop"
    assert own["interval"] == 1
    assert (progress.component_id, cancel.component_id) == ({"kind": "bar"}, "stop")
    assert background["progress"] == [progress]


def test_nothing_given_is_changed():
    output, own = Output({"kind": "row"}, "p"), Input("x", "v")
    before = spec(output, own)
    prefixed(before)
    assert (output.component_id, own.component_id) == ({"kind": "row"}, "x")
    assert addresses(before.inputs) == "x.v"


@pytest.mark.parametrize("grouped", [False, True])
def test_an_error_handlers_answer_gets_it_once(grouped):
    def fail(_value):
        raise ValueError

    flags = {"group": "g"} if grouped else {}
    own = spec(
        Output("o", "p"), Input("x", "v"), func=fail, on_error=lambda error: html.Div(id="failed"), **flags
    )
    after = prefixed(apply(GroupTransform(), own))
    if grouped:
        assert after.func.members[0].spec.options["on_error"](ValueError()).id == "p-failed"
    else:
        assert compile_on_error(after, ())(ValueError()).id == "p-failed"


# --- layout -----------------------------------------------------------------------------------------


def test_ids_in_every_property_that_holds_components_get_it():
    layout = html.Div(
        [
            html.Div(id="a", title="a"),
            [html.Span(id={"kind": "b", "i": 1})],
            dcc.Dropdown(id="c", options=[{"label": html.Div(id="d"), "value": "d"}]),
            dcc.Loading(custom_spinner=html.Div(id="e")),
        ]
    )
    after = laid_out(layout)
    assert after.children[0].id == "p-a"
    assert after.children[0].title == "a"
    assert after.children[1][0].id == {"kind": "p-b", "i": 1}
    assert after.children[2].id == "p-c"
    assert after.children[2].options[0]["label"].id == "p-d"
    assert after.children[3].custom_spinner.id == "p-e"


def test_properties_that_name_other_components_get_it():
    layout = html.Div(
        [
            html.Label("x", htmlFor="x"),
            dcc.Clipboard(target_id="x"),
            html.Div(**{"aria-labelledby": "x y"}),
            dcc.Loading(target_components={"x": "children"}),
            html.A("x", target="_blank"),
        ]
    )
    label, clipboard, labelled, loading, link = laid_out(layout).children
    assert label.htmlFor == "p-x"
    assert clipboard.target_id == "p-x"
    assert getattr(labelled, "aria-labelledby") == "p-x p-y"
    assert loading.target_components == {"p-x": "children"}
    assert link.target == "_blank"


def references():
    return [
        dcc.Input(list="x"),
        html.Button(form="x"),
        html.Td(headers="x elsewhere"),
        html.Div(**{"aria-errormessage": "x"}),
    ]


def test_properties_of_html_that_name_components_of_the_same_layout_get_it():
    field, button, cell, described, _ = laid_out(html.Div([*references(), html.Div(id="x")])).children
    assert (field.list, button.form, cell.headers) == ("p-x", "p-x", "p-x elsewhere")
    assert getattr(described, "aria-errormessage") == "p-x"


def test_properties_of_html_that_name_what_a_callback_is_declared_with_get_it():
    known = spec(Output("x", "children"), Input("y", "value"))
    assert returned(html.Button(form="x"), known).form == "p-x"
    assert laid_out(html.Button(form="x"), known).form == "p-x"


def test_properties_of_html_that_name_other_components_stay():
    field, button, cell, _ = laid_out(html.Div(references())).children
    assert (field.list, button.form, cell.headers) == ("x", "x", "x elsewhere")
    assert (
        laid_out(html.Div([html.Button(form="x"), html.Div(id="x")]), escape=lambda _: True).children[0].form
        == "x"
    )


def test_properties_of_other_libraries_that_are_called_so_stay():
    other = html.Div()
    other._prop_names, other._namespace, other.list = ["list"], "their_components", "x"
    assert laid_out(html.Div([other, html.Div(id="x")])).children[0].list == "x"


@pytest.mark.parametrize(
    ("target", "after"), [("x", "p-x"), ({"kind": "x"}, {"kind": "p-x"}), ("#x", "#p-x")]
)
def test_a_tooltips_target_gets_it(target, after):
    tooltip = html.Div()
    tooltip._prop_names = ["children", "target"]
    tooltip._namespace, tooltip._type, tooltip.target = "dash_bootstrap_components", "Tooltip", target
    assert laid_out(tooltip).target == after
    assert tooltip.target == target


def test_a_layout_is_copied_and_what_has_no_ids_is_shared():
    plain = html.Div([html.Span("text")])
    layout = html.Div([plain, html.Div(id={"kind": "a"})])
    after = laid_out(layout)
    assert after.children[0] is plain
    assert layout.children[1].id == {"kind": "a"}
    assert after.children[1].id == {"kind": "p-a"}


def test_a_function_for_ids_gets_each_component_in_a_copy():
    def shout(prefix, component, escape):
        if getattr(component, "id", None):
            component.id = f"{prefix}!{component.id}"

    layout = html.Div([html.Div(id="a")], id="b")
    after = laid_out(layout, prefix_func=shout)
    assert (after.id, after.children[0].id) == ("p!b", "p!a")
    assert (layout.id, layout.children[0].id) == ("b", "a")


def test_hidden_components_of_other_transforms_get_it():
    program = Program(components=(dcc.Store(id="hidden"),))
    assert PrefixIdTransform("p").apply(program).components[0].id == "p-hidden"


# --- what callbacks return ---------------------------------------------------------------------------


def test_returned_components_get_it_at_any_depth():
    value = {"a": [html.Div(id="x")], "b": (html.Div([html.Div(id={"k": "y"})]),), "c": 1}
    after = returned(value)
    assert after["a"][0].id == "p-x"
    assert after["b"][0].children[0].id == {"k": "p-y"}
    assert after["c"] == 1
    assert value["a"][0].id == "x"


def test_components_in_a_patch_get_it():
    patch = Patch()
    patch.append(html.Div(id="x"))
    operation = returned(patch).to_plotly_json()["operations"][0]
    assert operation["params"]["value"].id == "p-x"


def test_components_in_their_json_form_get_it():
    after = returned(html.Div(html.Div(id="x"), id="y").to_plotly_json())
    assert after["props"]["id"] == "p-y"
    assert after["props"]["children"].id == "p-x"


def test_values_without_components_are_handed_on_as_they_are():
    rows = [{"a": 1}, {"a": 2}]
    assert returned(rows) is rows


def test_an_id_that_its_author_prefixed_by_hand_stays():
    known = spec(Output("x", "p"), Input({"kind": "row", "i": ALL}, "v"))
    assert returned(html.Div(id="p-x"), known).id == "p-x"
    assert returned(html.Div(id={"kind": "p-row", "i": 1}), known).id == {"kind": "p-row", "i": 1}


def test_an_id_that_only_looks_prefixed_gets_the_prefix():
    known = spec(Output("p-x", "p"), Input("x", "v"))
    assert returned(html.Div(id="p-x"), known).id == "p-p-x"
    assert returned(html.Div(id="p-unknown")).id == "p-p-unknown"


def test_what_dynamic_prefix_has_prefixed_stays():
    class App:
        transforms = (PrefixIdTransform("p"),)

    component = html.Div([html.Div(id="x")])
    dynamic_prefix(App, component)
    assert component.children[0].id == "p-x"
    assert returned(component, spec(Output("x", "p"), Input("y", "v"))).children[0].id == "p-x"


def test_dynamic_prefix_does_nothing_without_a_prefix():
    class App:
        transforms = ()

    component = html.Div(id="x")
    dynamic_prefix(App, component)
    assert component.id == "x"


def test_the_value_of_an_output_that_names_a_component_gets_it():
    own = spec(Output("label", "htmlFor"), Input("i", "value"), func=lambda value: value)
    assert call(prefixed(own), "x") == "p-x"
    assert call(prefixed(own), "p-i") == "p-i"


def test_the_values_of_outputs_that_name_a_component_each_get_it():
    own = spec(Output({"label": ALL}, "htmlFor"), Input("i", "value"), func=lambda _: ["x", None])
    assert call(prefixed(own), None) == ["p-x", None]


def test_components_in_a_report_of_progress_get_it():
    reports = []

    def work(set_progress, _value):
        set_progress([html.Div(id="bar"), 1])

    background = {"interval": 1, "progress": [Output("at", "children"), Output("at", "title")]}
    call(
        prefixed(spec(Output("o", "p"), Input("x", "v"), func=work, background=background)), reports.append, 1
    )
    ((bar, number),) = reports
    assert (bar.id, number) == ("p-bar", 1)


# --- with other transforms ---------------------------------------------------------------------------


def test_prefixes_compose():
    once = PrefixIdTransform("inner").apply(Program(callbacks=(spec(Output("o", "p"), Input("x", "v")),)))
    twice = PrefixIdTransform("outer").apply(once)
    assert addresses(twice.callbacks[0].outputs) == "outer-inner-o.p"
    layout = html.Div(id="o")
    for change in twice.layout_maps:
        layout = change(layout)
    assert layout.id == "outer-inner-o"


def test_a_prefix_that_looks_like_an_anchors_is_not_taken_for_one():
    once = PrefixIdTransform("a").apply(Program(callbacks=(spec(Output("o", "p"), Input("x", "v")),)))
    twice = PrefixIdTransform("outer").apply(once)
    assert addresses(twice.callbacks[0].outputs) == "outer-a-o.p"
    inner, outer = twice.layout_maps
    assert outer(inner(html.Div(id="o"))).id == "outer-a-o"


def test_what_an_inner_callback_returns_gets_both_prefixes():
    own = spec(Output("o", "p"), Input("x", "v"), func=lambda _: html.Div(id="new"))
    program = PrefixIdTransform("p").apply(PrefixIdTransform("p").apply(Program(callbacks=(own,))))
    assert call(program.callbacks[0], None).id == "p-p-new"


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_group_and_prefix_go_together_in_either_order(first):
    specs = (
        spec(Output("a", "p"), Input("x", "v"), group="g"),
        spec(Output("b", "p"), Input("x", "v"), Input("y", "v"), group="g"),
    )
    transforms = [PrefixIdTransform("p"), GroupTransform()]
    program = Program(callbacks=specs)
    for transform in transforms if first else reversed(transforms):
        program = transform.apply(program)
    (joint,) = program.callbacks
    assert addresses(joint.outputs) == ["p-a.p", "p-b.p"]
    assert addresses(joint.inputs) == ["p-x.v", "p-y.v"]
    assert [addresses(m.spec.outputs) for m in joint.func.members] == ["p-a.p", "p-b.p"]


def test_a_trigger_stays_hidden():
    before = spec(Output("o", "p"), Trigger("t", "n"), Input("x", "v"))
    after = apply(PrefixIdTransform("p"), apply(TriggerTransform(), before))
    assert [slot.passed for slot in after.input_slots()] == [False, True]
    assert addresses(after.inputs) == ["p-t.n", "p-x.v"]


def test_callbacks_that_need_a_name_of_their_own_have_one_for_each_prefix():
    actions = NoOutputTransform().apply(Program(callbacks=(spec(Input("x", "v")), spec(Input("x", "v")))))
    left = PrefixIdTransform("left").apply(actions)
    right = PrefixIdTransform("right").apply(actions)
    assert len({one.salt for one in (*left.callbacks, *right.callbacks)}) == 4


def test_shared_outputs_stay_shared_under_the_prefix():
    specs = spec(Output("o", "p"), Input("x", "v")), spec(Output("o", "p"), Input("y", "v"))
    after = MultiplexerTransform().apply(Program(callbacks=specs))
    after = PrefixIdTransform("p").apply(after)
    assert [slot.allow_duplicate for one in after.callbacks for slot in one.output_slots()] == [False, True]
