"""Moving an app here from dash-extensions: before -> after, and what is said of it."""

import sys
from pathlib import Path
from textwrap import dedent

import pytest

pytest.importorskip("libcst")

from enrich.__main__ import main
from enrich.diagnostics.rewrite import rewrite


def after(source):
    return rewrite(dedent(source).encode(), "app.py").code.decode()


def said(source):
    return [str(finding) for finding in rewrite(dedent(source).encode(), "app.py").findings]


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("from dash_extensions.enrich import DashProxy, html\n", "from enrich import DashProxy, html\n"),
        (
            "from dash_extensions.enrich import DashProxy as D  # here\n",
            "from enrich import DashProxy as D  # here\n",
        ),
        (
            "from dash_extensions.enrich import (\n    Dash,  # the app\n    Trigger,\n)\n",
            "from enrich import (\n    Dash,  # the app\n    Trigger,\n)\n",
        ),
        ("from dash_extensions.enrich import *\n", "from enrich import *\n"),
        ("import dash_extensions.enrich as de\nde.Dash()\n", "import enrich as de\nde.Dash()\n"),
        (
            "import dash_extensions.enrich\napp = dash_extensions.enrich.Dash()\n",
            "import enrich\napp = enrich.Dash()\n",
        ),
        ("from dash_extensions import enrich\n", "import enrich\n"),
        ("from dash_extensions import enrich as e\n", "import enrich as e\n"),
        (
            "from dash_extensions import enrich, Lottie  # both\n",
            "import enrich  # both\nfrom dash_extensions import Lottie\n",
        ),
        ("from dash_extensions.logging import DivLogHandler\n", "from enrich import DivLogHandler\n"),
        (
            "def f():\n    from dash_extensions.enrich import html\n",
            "def f():\n    from enrich import html\n",
        ),
        ("import os; from dash_extensions.enrich import html\n", "import os; from enrich import html\n"),
        ("from dash_extensions.enrich import html\r\n", "from enrich import html\r\n"),
        (
            "from dash_extensions.enrich import Dash, NotHere\n",
            "from enrich import Dash\nfrom dash_extensions.enrich import NotHere\n",
        ),
    ],
)
def test_imports_are_rewritten(before, expected):
    assert after(before) == expected


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (
            "import dash_extensions.enrich  # both\ndash_extensions.enrich.Dash(dash_extensions.Lottie())\n",
            "import enrich  # both\nimport dash_extensions\nenrich.Dash(dash_extensions.Lottie())\n",
        ),
        (
            "import dash_extensions\nimport dash_extensions.enrich\nx = dash_extensions.Lottie()\n",
            "import dash_extensions\nimport enrich\nx = dash_extensions.Lottie()\n",
        ),
        (
            "import dash_extensions.enrich, dash_extensions.javascript\nx = dash_extensions.javascript.assign\n",
            "import enrich, dash_extensions.javascript\nx = dash_extensions.javascript.assign\n",
        ),
        (
            "def f():\n    import dash_extensions.enrich\n    return dash_extensions.Lottie()\n",
            "def f():\n    import enrich\n    import dash_extensions\n    return dash_extensions.Lottie()\n",
        ),
        (
            "try: import os, dash_extensions.enrich\nfinally: pass\ndash_extensions.Lottie()\n",
            "try: import os, enrich; import dash_extensions\nfinally: pass\ndash_extensions.Lottie()\n",
        ),
        (
            "import dash_extensions as de\nimport dash_extensions.enrich\nde.enrich.Dash(de.Lottie())\n",
            "import dash_extensions as de\nimport enrich\nenrich.Dash(de.Lottie())\n",
        ),
        (
            "import dash_extensions.enrich, dash_extensions.logging\ndash_extensions.logging.DivLogHandler\n",
            "import enrich\nenrich.DivLogHandler\n",
        ),
        (
            "import dash_extensions.enrich as e\ne.Dash(other.dash_extensions)\n",
            "import enrich as e\ne.Dash(other.dash_extensions)\n",
        ),
    ],
)
def test_the_package_stays_imported_where_something_else_of_it_is_used(before, expected):
    assert after(before) == expected


def test_a_use_whose_module_is_imported_elsewhere_is_left_alone_and_said_to_be():
    source = "import dash_extensions as de\napp = de.enrich.Dash()\n"
    assert after(source) == source
    assert said(source)[1] == "app.py:2: de.enrich  left alone: write enrich in its place, and import enrich"


@pytest.mark.parametrize(
    ("source", "note"),
    [
        ("from dash_extensions import EventListener, WebSocket\n", "components stay what they are"),
        ("import dash_extensions as de\n", "components stay what they are"),
        (
            "from dash_extensions.javascript import assign\n",
            "dash_extensions.javascript is no part of enrich",
        ),
        ("from dash_extensions.snippets import send_bytes\n", "keep dash-extensions installed"),
    ],
)
def test_components_are_left_alone_and_said_to_be(source, note):
    assert after(source) == source
    (text,) = said(source)
    assert text.startswith(f"app.py:1: {source.strip()}  left alone")
    assert note in text


@pytest.mark.parametrize(
    "line", ["from plotly_resampler import FigureResampler", "import plotly_resampler as pr"]
)
def test_objects_that_only_pickle_carries_are_pointed_at(line):
    source = f"from dash_extensions.enrich import Serverside\n{line}\n"
    assert after(source) == f"from enrich import Serverside\n{line}\n"
    assert said(source)[1].startswith(
        f"app.py:2: {line}  left alone: Serverside(FigureResampler(...)) needs "
    )
    assert "ServersideOutputTransform(allow_pickle=True)" in said(source)[1]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            "class Mine(DashTransform):\n    x = 1\n\n    def apply_serverside(self, callbacks):\n        return callbacks\n",
            "app.py:1: class Mine  left alone: it has apply_serverside; a transform has apply(program) here",
        ),
        (
            "app.run_server(debug=True)\n",
            "app.py:1: app.run_server(...)  left alone: Dash 3 has app.run(...) in its place",
        ),
        (
            "from main import app\napp.register_celery_tasks()\n",
            "app.py:2: app.register_celery_tasks(...)  left alone: it does nothing here and may go",
        ),
    ],
)
def test_what_its_author_has_to_change_is_named(source, text):
    assert after(source) == source
    (finding,) = said(source)
    assert finding.startswith(text)


def test_a_finding_names_file_line_old_and_new():
    assert said("import os\n\nfrom dash_extensions.enrich import Dash\n") == [
        "app.py:3: from dash_extensions.enrich import Dash  -> from enrich import Dash"
    ]


def test_a_file_without_dash_extensions_is_left_as_it_is():
    assert rewrite(b"not python at all", "notes.py").findings == ()


def test_an_encoding_stays():
    source = "# -*- coding: latin-1 -*-\n# é\nfrom dash_extensions.enrich import html\n".encode("latin-1")
    assert rewrite(source, "app.py").code == source.replace(b"dash_extensions.enrich", b"enrich")


def test_the_command_reports_and_changes_nothing_unless_told(tmp_path, capsys):
    (tmp_path / "app.py").write_text("from dash_extensions.enrich import Dash\n")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "other.py").write_text("from dash_extensions.enrich import Dash\n")
    (tmp_path / "plain.py").write_text("import dash\n")
    assert main(["migrate", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "app.py:1: from dash_extensions.enrich import Dash  -> from enrich import Dash" in out
    assert "1 of 2 files to change. --write does it." in out
    assert main(["migrate", str(tmp_path), "--write"]) == 0
    assert (tmp_path / "app.py").read_text() == "from enrich import Dash\n"
    assert "dash_extensions" in (tmp_path / ".venv" / "other.py").read_text()
    assert main(["migrate", str(tmp_path / "app.py")]) == 0
    assert "0 of 1 files to change." in capsys.readouterr().out


@pytest.mark.parametrize(
    "broken",
    [
        b"from dash_extensions.enrich import (\n",
        b"from dash_extensions.enrich import Dash\nx = '\xe9'\n",
        b"# coding: nope\nfrom dash_extensions.enrich import Dash\n",
        b"\xef\xbb\xbf# coding: latin-1\nfrom dash_extensions.enrich import Dash\n",
        b"from dash_extensions.enrich import Dash\nx = " + b"+".join([b"1"] * 1_000) + b"\n",
    ],
    ids=["syntax", "bytes", "unknown encoding", "two encodings", "depth"],
)
def test_what_is_not_python_is_named_and_the_others_are_changed(tmp_path, capsys, broken):
    (tmp_path / "a.py").write_bytes(broken)
    (tmp_path / "b.py").write_text("from dash_extensions.enrich import Dash\n")
    assert main(["migrate", str(tmp_path), "--write"]) == 1
    assert f"{tmp_path / 'a.py'}: left alone, can't be read" in capsys.readouterr().err
    assert (tmp_path / "a.py").read_bytes() == broken
    assert (tmp_path / "b.py").read_text() == "from enrich import Dash\n"


def test_a_file_that_cannot_be_written_is_named_and_the_others_are_changed(tmp_path, capsys, monkeypatch):
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("from dash_extensions.enrich import Dash\n")
    write = Path.write_bytes

    def refuse_one(path, data):
        if path.name == "a.py":
            raise PermissionError("read-only")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", refuse_one)
    assert main(["migrate", str(tmp_path), "--write"]) == 1
    out, err = capsys.readouterr()
    assert "a.py: left alone, can't be read or written: read-only" in err
    assert "1 of 2 files changed." in out
    assert (tmp_path / "b.py").read_text() == "from enrich import Dash\n"


def test_notebooks_are_left_alone_and_said_to_be(tmp_path, capsys):
    (tmp_path / "app.ipynb").write_text('{"cells": []}')
    assert main(["migrate", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert f"Notebooks are left alone (1, such as {tmp_path / 'app.ipynb'})" in out
    assert "0 of 0 files to change." in out


def test_without_libcst_it_says_what_to_install(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "libcst", None)
    monkeypatch.delitem(sys.modules, "enrich.diagnostics.rewrite", raising=False)
    assert main(["migrate", str(tmp_path)]) == 2
    assert 'pip install "dash-enrich[migrate]"' in capsys.readouterr().err
