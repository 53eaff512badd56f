import pytest

from enrich.errors import without_places


@pytest.mark.parametrize(
    "file", ["/srv/app.py", "/srv/copy (2)/app.py", r"C:\Program Files (x86)\app\app.py"]
)
def test_a_text_without_places_names_callbacks_and_no_files(file):
    text = (
        f"callback 'read' ({file}:3), argument s.data: What callback 'load' ({file}:9), output s.data stored"
    )
    assert without_places(text) == (
        "callback 'read', argument s.data: What callback 'load', output s.data stored"
    )
    assert (
        without_places("callback 'read' (a.py:3) has (see http://x:80)")
        == "callback 'read' has (see http://x:80)"
    )
