"""Names for what a transform adds: the same in every worker, and one for each declaration."""

from __future__ import annotations

import hashlib
import json
from collections import Counter

from enrich.callbacks.spec import CallbackSpec


def declaration_salt(spec: CallbackSpec, seen: Counter[str]) -> str:
    """Name a declaration by what it says, and by how often the same was said before."""
    said = json.dumps(
        [
            spec.origin.module,
            getattr(spec.func, "__qualname__", spec.func_name),
            [str(slot) for slot in spec.output_slots()],
            [f"{slot.role} {slot}" for slot in spec.input_slots()],
        ]
    )
    seen[said] += 1
    return f"{said}#{seen[said]}"


def hidden_id(purpose: str, *said: str) -> str:
    """Make the id of a hidden component; like the id of the declaration, it holds in every worker."""
    return f"enrich-{purpose}-{hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]}"
