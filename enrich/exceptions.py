"""Dash's exceptions, where an app that imports ``enrich`` for ``dash`` looks for them; our own are in ``errors``."""

from dash.exceptions import *  # noqa: F403  # pyright: ignore[reportWildcardImportFromLibrary]
