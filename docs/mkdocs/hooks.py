"""What MkDocs runs beside its plugins: the site brings its own mermaid.js, and so needs no network."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from mkdocs.structure.files import File, Files

MERMAID = "javascripts/mermaid.js"


def on_files(site_files: Files, config: Any) -> Files:
    """Add mermaid.js, which Material would take from a CDN otherwise."""
    source = files("mmdc") / "assets" / "mermaid.js"
    site_files.append(File.generated(config, MERMAID, content=source.read_bytes()))
    return site_files
