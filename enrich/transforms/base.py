"""What a transform is, and the order in which several run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable

from enrich.callbacks.spec import Program
from enrich.errors import TransformError
from enrich.other_package import refuse_theirs


@runtime_checkable
class Transform(Protocol):
    """A rewrite of a whole program, in one file of its own.

    Two class attributes may name other transforms, by class name: ``after`` those whose work it must find done,
    ``excludes`` those that can't be in the same list.
    """

    def apply(self, program: Program, /) -> Program:
        """Return the rewritten program; the given one stays as it is."""
        ...


class DashTransform:
    """A base for transforms: applied as they are, with no order asked for."""

    after: ClassVar[tuple[str, ...]] = ()
    excludes: ClassVar[tuple[str, ...]] = ()

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
        For something that is not a transform, for two of one kind, for two that exclude each other, and for a cyclic
        order.
    """
    given = tuple(transforms)
    for transform in given:
        refuse_theirs(transform, "transforms=", TransformError)
        if isinstance(transform, type) or not callable(getattr(transform, "apply", None)):
            hint = (
                f" Did you mean {transform.__name__}()?"
                if isinstance(transform, type)
                else " A transform has a method apply(program) that returns a program."
            )
            raise TransformError(f"transforms= has {transform!r}, which is not a transform.{hint}")
        _refuse_older(transform)
    names = [type(transform).__name__ for transform in given]
    for transform in given:
        for other in getattr(transform, "excludes", ()):
            if other in names:
                raise TransformError(
                    f"transforms= has {type(transform).__name__} and {other}, which exclude each other. Remove one."
                )
    for name in names:
        if names.count(name) > 1:
            raise TransformError(f"transforms= has {name} twice. Give it once.")
    return tuple(_sorted(given))


def _refuse_older(transform: Any) -> None:
    """Say so where a transform of an app's own was written for an older library's protocol."""
    own = type(transform)
    older = [
        name for name in ("apply_serverside", "apply_clientside", "transform_layout") if name in vars(own)
    ]
    if older and "apply" not in vars(own):
        raise TransformError(
            f"{own.__name__} has {older[0]}(), as older libraries call it. "
            "Here a transform has apply(program), which returns a program: see docs/transforms.md."
        )


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
