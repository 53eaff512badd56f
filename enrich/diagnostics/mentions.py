"""What functions may put into the page, read from their code: ids of components that no layout shows yet."""

from __future__ import annotations

import dis
import functools
import re
import site
import sysconfig
import types
from collections.abc import Iterable, Mapping
from typing import Any

from enrich.dash_internals.components import Found

_NOT_OF_USERS = tuple(
    {*map(sysconfig.get_path, ("stdlib", "platstdlib", "purelib", "platlib")), *site.getsitepackages()}
)
_PLACES = re.compile(r"\{[^}]*\}|%\(\w+\)\w|%\w|\$\{?\w+\}?")
_TEXT_METHODS = frozenset({"format", "join", "replace", "format_map", "substitute", "render"})
_TEXT_STEPS = frozenset({"FORMAT_VALUE", "FORMAT_SIMPLE", "FORMAT_WITH_SPEC", "BUILD_STRING", "BINARY_OP"})


class Mentions:
    """The texts that functions mention, with those of the functions, modules and components that they name.

    An id that is mentioned may belong to a component that a callback adds later, so nothing can be said of it.
    """

    def __init__(self, functions: Iterable[Any]) -> None:
        self._texts: set[str] = set()
        self._parts: set[str] = set()
        """Texts in functions that build texts of parts."""
        self._found = Found()
        self._seen: set[int] = set()
        self._waiting: list[Any] = list(functions)
        self._keep: list[Any] = []

    def has(self, component_id: str) -> bool:
        """May one of the functions make a component of this id?"""
        self._read()
        return (
            component_id in self._texts
            or any(found == component_id for found, _ in self._found.components)
            or any(part in component_id for part in self._parts)
        )

    def _read(self) -> None:
        while self._waiting:
            value = self._waiting.pop()
            if value is None or id(value) in self._seen:
                continue
            self._seen.add(id(value))
            self._keep.append(value)
            self._look(value)

    def _look(self, value: Any) -> None:
        if isinstance(value, types.CodeType):
            self._look_at_code(value, {})
        elif isinstance(value, functools.partial):
            self._waiting += [value.func, *value.args, *value.keywords.values()]
        elif isinstance(value, types.MethodType):
            self._waiting += [value.__func__, value.__self__]
        elif isinstance(value, types.FunctionType):
            if not (value.__code__.co_filename.startswith(_NOT_OF_USERS) or _is_of_library(value.__module__)):
                self._look_at_code(value.__code__, value.__globals__)
                self._waiting += [*_cells(value), *(value.__defaults__ or ())]
                self._waiting += (value.__kwdefaults__ or {}).values()
            self._waiting.append(getattr(value, "__wrapped__", None))
        elif isinstance(value, types.ModuleType):
            if _is_of_user(value):
                self._waiting += vars(value).values()
        elif isinstance(value, str):
            self._texts.add(value)
        elif isinstance(value, type):
            if not _is_of_library(value.__module__):
                self._waiting += vars(value).values()
        elif isinstance(value, property | staticmethod | classmethod):
            self._waiting.append(getattr(value, "fget", None) or getattr(value, "__func__", None))
        else:
            self._look_at_data(value)

    def _look_at_data(self, value: Any) -> None:
        if isinstance(value, dict) and len(value) < 10_000:
            self._waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list | tuple | set | frozenset) and len(value) < 10_000:
            self._waiting += value
        self._found.search(value)
        if not _is_of_library(type(value).__module__):
            self._waiting += [type(value), *getattr(value, "__dict__", {}).values()]

    def _look_at_code(self, code: types.CodeType, names: Mapping[str, Any]) -> None:
        texts = [constant for constant in code.co_consts if isinstance(constant, str)]
        self._texts.update(texts)
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self._look_at_code(constant, names)
            elif isinstance(constant, tuple | frozenset):
                self._waiting += constant
        if _builds_text(code):
            parts = (part for text in texts if len(text) < 200 for part in _PLACES.split(text))
            self._parts.update(part for part in parts if len(part) > 1)
        self._waiting += [names[name] for name in code.co_names if name in names]


_LIBRARIES = frozenset(
    {"builtins", "dash", "enrich", "flask", "plotly", "pandas", "numpy", "pyarrow", "logging"}
)


def _builds_text(code: types.CodeType) -> bool:
    return not _TEXT_METHODS.isdisjoint(code.co_names) or any(
        instruction.opname in _TEXT_STEPS for instruction in dis.get_instructions(code)
    )


def _cells(function: types.FunctionType) -> list[Any]:
    found = []
    for cell in function.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:  # not assigned yet
            continue
    return found


def _is_of_user(module: types.ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and not (file.startswith(_NOT_OF_USERS) or _is_of_library(module.__name__))


def _is_of_library(module: str | None) -> bool:
    return (module or "").partition(".")[0] in _LIBRARIES
