"""What BaseModelTransform does, where pydantic is there."""

from __future__ import annotations

import json
import types
import typing
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from enrich.callbacks.spec import Program
from enrich.errors import TypedValueError
from enrich.transforms.typed import Build, typed


def apply(program: Program) -> Program:
    """Give annotated parameters their models, and outputs the JSON of models."""
    return typed(program, _mentions, reader, write, storable=False)


def write(value: Any) -> Any:
    """Make JSON of a model; anything else comes back as it is."""
    if not isinstance(value, BaseModel):
        return value
    fields = type(value).model_fields.values()
    # What is written must be what is read: under another name for writing alone, it would not be found again.
    by_alias = all(f.serialization_alias in (None, f.validation_alias) for f in fields)
    return value.model_dump(mode="json", by_alias=by_alias, round_trip=True)


def reader(hint: Any) -> Build:
    """Compile an annotation that names a model somewhere."""
    adapter: TypeAdapter[Any] = TypeAdapter(hint)
    is_model = _is_model(hint)

    def build(value: Any, path: str) -> Any:
        try:
            if is_model and isinstance(value, str):
                return adapter.validate_json(value)
            text = _as_json(value)
            # JSON is read by other rules than Python's values: a strict model takes a date as text.
            return adapter.validate_python(value) if text is None else adapter.validate_json(text)
        except ValidationError as error:
            raise TypedValueError("; ".join(_complaints(error, path))) from error

    return build


def _mentions(hint: Any) -> bool:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return True
    return any(_mentions(part) for part in typing.get_args(hint))


def _is_model(hint: Any) -> bool:
    """Is it a model, or an optional one? Text is then JSON of it."""
    if typing.get_origin(hint) is typing.Annotated:
        hint = typing.get_args(hint)[0]
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return all(_is_model(part) for part in typing.get_args(hint) if part is not type(None))
    return isinstance(hint, type) and issubclass(hint, BaseModel)


def _as_json(value: Any) -> str | None:
    try:
        return json.dumps(value)
    except (TypeError, ValueError):
        # Something that came from the store, with models or frames in it.
        return None


def _complaints(error: ValidationError, path: str) -> list[str]:
    return [
        path
        + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in one["loc"])
        + f": {one['msg']}, got {one['input']!r:.80}"
        for one in error.errors(include_url=False)
    ]
