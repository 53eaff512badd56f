"""Everything that can go wrong, one class for each thing a caller can catch.

None of these derives from ``TypeError`` or ``AttributeError``: Dash's JSON encoder swallows those two.
"""

from __future__ import annotations

import re

_PLACE = re.compile(r"(callback '[^']*') \(.*?:\d+\)")


class EnrichError(Exception):
    """Anything that this package refuses, with the place, the reason and the mend in its text."""


def without_places(text: str) -> str:
    """Return an error's text without the places in the author's own files, which are no page's or client's business."""
    return _PLACE.sub(r"\1", text)


class DeclarationError(EnrichError, ValueError):
    """A callback's declaration can't be carried out as written."""


class TransformError(EnrichError, ValueError):
    """The list of transforms can't be used: not a transform, excluded by another, or a cyclic order."""


class MissingTransformError(DeclarationError):
    """A declaration uses a feature whose transform the app doesn't have."""


class TypedValueError(EnrichError, ValueError):
    """What arrived does not fit an annotation; says at which field."""


class GroupError(DeclarationError):
    """Callbacks that are to run as one can't be joined."""


class LateDeclarationError(DeclarationError):
    """A callback was declared after the first request, and would need a look at the whole app."""


class CheckFailed(DeclarationError):
    """A startup check found what can't work, and the app was made with ``checks="error"``."""


class CheckWarning(UserWarning):
    """What the startup checks found; one warning an app, with a line for each finding."""


class StoreError(EnrichError):
    """The store of server-side values failed."""


class UnstorableValueError(StoreError, ValueError):
    """A value can't be stored so that it comes back exactly; says which part, and what would help."""


class StoreFullError(StoreError):
    """Every entry is in use and the size limit leaves no room for another."""


class StoreUnavailableError(StoreError):
    """The place where values are kept can't be reached or written."""


class StoreNotSharedError(StoreError):
    """A value must cross processes or hosts, and its backend doesn't."""


class StoreConfigError(StoreError, ValueError):
    """The store was asked for something it can't be: a negative size, two backends of one name, ..."""


class UnknownColumnError(StoreError, LookupError):
    """Columns were asked for that the stored table doesn't have; lists those it has."""


class HandleError(StoreError):
    """A token from the browser doesn't give access to a stored value."""


class HandleInvalid(HandleError):
    """The token was altered, or signed with a secret this app doesn't have."""


class HandleForeign(HandleError):
    """The token belongs to another browser session or another app."""


class HandleExpired(HandleError):
    """The token is genuine, and the value it stands for is gone."""


class SessionError(StoreError):
    """A session is needed, and the browser brought none."""
