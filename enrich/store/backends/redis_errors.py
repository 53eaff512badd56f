"""What went wrong with a Redis server, and what to do about it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from enrich.errors import StoreError, StoreFullError, StoreUnavailableError


def store_error(error: Exception, where: str, timeout: float) -> StoreError:
    """Say in the store's own terms what redis-py or a socket raised.

    Parameters
    ----------
    error: what was raised.
    where: the server, without the login.
    timeout: seconds that it was waited for.
    """
    if str(error).startswith("OOM") or "maxmemory" in str(error):
        return StoreFullError(
            f"Redis at {where} is out of memory ({error}). Raise its maxmemory, or let it evict what "
            "wasn't used for long: maxmemory-policy volatile-lru."
        )
    what, remedy = _cause(error, timeout)
    return StoreUnavailableError(f"Redis at {where} {what} ({type(error).__name__}: {error}). {remedy}")


def _cause(error: Exception, timeout: float) -> tuple[str, str]:
    import redis.exceptions as kinds

    if isinstance(error, kinds.AuthenticationError):
        return (
            "wants a login, or another one than it got",
            "Give it in the URL: redis://user:password@host:port/0.",
        )
    if isinstance(error, kinds.NoPermissionError):
        return "doesn't let this user do that", "Give the user all commands on the keys below prefix=."
    if isinstance(error, kinds.ReadOnlyError):
        return "is a replica, which can't be written", "Give the URL of its master, or of the sentinels."
    if isinstance(error, kinds.InvalidResponse):
        return (
            "doesn't speak as Redis does",
            "Is another server behind this port, or one that wants rediss://?",
        )
    if isinstance(error, kinds.RedisClusterException):
        return (
            "can't be used as a cluster",
            "Is it running, and is it one? For a single server the URL begins with redis://.",
        )
    if isinstance(error, kinds.ResponseError):
        return (
            "refuses what it was asked",
            "Is the URL right (its database, cluster, or sentinels), and is prefix= nobody else's?",
        )
    raised = list(_chain(error))
    if any(isinstance(one, kinds.TimeoutError | TimeoutError) for one in raised):
        return (
            f"doesn't answer within {timeout:g} s",
            "Is it busy or stopped, is there a firewall, or does only one of the two sides use TLS (rediss://)?",
        )
    if any(isinstance(one, ConnectionRefusedError) for one in raised):
        return "refuses the connection", "Is it running, and are the host and the port right?"
    if any(isinstance(one, FileNotFoundError) for one in raised):
        return "isn't there", "Is it running, and is the path of its socket right?"
    if any(isinstance(one, socket.gaierror) for one in raised):
        return "can't be found", "Is the name of the host right, and can it be looked up from here?"
    return "can't be reached", "Is it running, and is the URL right?"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
