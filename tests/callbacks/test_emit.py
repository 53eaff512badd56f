import pytest
from dash import Input, Output
from dash.exceptions import DuplicateCallback

from enrich import DashProxy


def test_an_error_of_dash_at_build_is_noted_with_the_place():
    app = DashProxy("app")
    app.callback(Output("x", "title", allow_duplicate=True), Input("a", "n_clicks"))(lambda n: n)
    app.config.prevent_initial_callbacks = False
    with pytest.raises(DuplicateCallback) as refused:
        app.callback_map
    assert any("test_emit.py:" in note for note in refused.value.__notes__)


def test_a_duplicate_that_would_run_on_page_load_is_refused_at_the_decorator():
    app = DashProxy("app", prevent_initial_callbacks=False)
    with pytest.raises(DuplicateCallback):
        app.callback(Output("x", "title", allow_duplicate=True), Input("a", "n_clicks"))
