"""What a transform is, and the order in which several run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable

from enrich.callbacks.spec import Program
from enrich.errors import TransformError


@runtime_checkable
class Transform(Protocol):
    """A rewrite of a whole program, in one file of its own.

    A class attribute ``after`` may name the transforms (by class name) whose work it must find done.
    """

    def apply(self, program: Program, /) -> Program:
        """Return the rewritten program; the given one stays as it is."""


class DashTransform:
    """A base for transforms: applied as they are, with no order asked for."""

    after: ClassVar[tuple[str, ...]] = ()

    def apply(self, program: Program, /) -> Program:
        """Return the program as it is; override this."""
        return program

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def order(transforms: Iterable[Any]) -> tuple[Transform, ...]:
    """Check a list of transforms and sort it: each after those it names, otherwise as given.

    Raises
    ------
    TransformError
        For something that is not a transform, for two of one kind, and for a cyclic order.
    """
    given = tuple(transforms)
    for transform in given:
        if isinstance(transform, type) or not isinstance(transform, Transform):
            hint = (
                f" Did you mean {transform.__name__}()?"
                if isinstance(transform, type)
                else " A transform has a method apply(program) that returns a program."
            )
            raise TransformError(f"transforms= has {transform!r}, which is not a transform.{hint}")
    names = [type(transform).__name__ for transform in given]
    for name in names:
        if names.count(name) > 1:
            raise TransformError(f"transforms= has {name} twice. Give it once.")
    return tuple(_sorted(given))


def _sorted(transforms: Sequence[Transform]) -> list[Transform]:
    """Sort stably: at each step the first one whose predecessors have all run."""
    waiting = list(transforms)
    done: list[Transform] = []
    while waiting:
        names = {type(transform).__name__ for transform in waiting}
        ready = next((t for t in waiting if names.isdisjoint(getattr(t, "after", ()))), None)
        if ready is None:
            cycle = " -> ".join(sorted(names))
            raise TransformError(f"These transforms each want to run after another of them: {cycle}.")
        waiting.remove(ready)
        done.append(ready)
    return done
