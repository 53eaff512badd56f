"""What MkDocs runs beside its plugins: the site brings its own mermaid.js, and so needs no network."""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

MERMAID = "javascripts/mermaid.js"


def on_files(site_files: Files, config: Any) -> Files:
    """Add mermaid.js, which Material would take from a CDN otherwise."""
    source = Path(str(distribution("mmdc").locate_file("mmdc/assets/mermaid.js")))
    site_files.append(File.generated(config, MERMAID, content=source.read_bytes()))
    return site_files
