"""Names that apps import from older libraries of this kind, each for what it is here."""

from __future__ import annotations

import importlib
import json
from typing import Any

from plotly.utils import PlotlyJSONEncoder

ON_DEMAND = {
    "FileSystemBackend": ("enrich.store.backends.older", "FileSystemStore"),
    "FileSystemCache": ("enrich.store.backends.older", "FileSystemStore"),
    "FileSystemStore": ("enrich.store.backends.older", "FileSystemStore"),
    "RedisBackend": ("enrich.store.backends.older_redis", "RedisStore"),
    "RedisCache": ("enrich.store.backends.older_redis", "RedisStore"),
    "RedisStore": ("enrich.store.backends.older_redis", "RedisStore"),
    "ServersideBackend": ("enrich.store.backends.older", "ServersideBackend"),
}
"""Where each backend is; imported when it is asked for, since most apps use one at most."""


def load(name: str) -> Any:
    """Import what a name stands for."""
    module, own = ON_DEMAND[name]
    return getattr(importlib.import_module(module), own)


def plotly_jsonify(data: Any) -> Any:
    """Turn a figure, or anything that holds figures or arrays, into what JSON gives back for it.

    Parameters
    ----------
    data:
        Anything that Plotly can write as JSON.

    Examples
    --------
    >>> import numpy as np
    >>> from enrich import plotly_jsonify
    >>> plotly_jsonify({"x": np.array([1.5, 2.5])})["x"]
    [1.5, 2.5]
    """
    return json.loads(json.dumps(data, cls=PlotlyJSONEncoder))
