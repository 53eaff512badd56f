"""The client of redis-py for a URL."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, NoReturn
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from enrich.errors import StoreConfigError, StoreUnavailableError
from enrich.store.backends.protocol import check_positive
from enrich.store.backends.redis_errors import store_error

_OWN = "url, prefix, timeout, local and name"
_SCHEMES = ("redis", "rediss", "unix", "redis+cluster", "rediss+cluster", "redis+sentinel", "rediss+sentinel")
_LOGIN = frozenset({"username", "password"})
_SENTINEL = "sentinel_"
_NO_DATABASE = "its path doesn't end with the number of a database"
_CONNECTION = frozenset(
    {"client_name", "db", "max_connections", "protocol"}
    | {"socket_connect_timeout", "socket_keepalive", "socket_timeout"}
)
_TLS = frozenset(
    {"ssl_ca_certs", "ssl_ca_data", "ssl_ca_path", "ssl_cert_reqs", "ssl_certfile", "ssl_check_hostname"}
    | {"ssl_keyfile", "ssl_password"}
)
_SETTLED = frozenset(
    {"cluster_error_retry_attempts", "health_check_interval", "retry_on_error", "retry_on_timeout"}
)
_OF_SENTINELS = frozenset(
    {"retry", "retry_on_error", "socket_connect_timeout", "socket_keepalive", "socket_keepalive_options"}
    | {"socket_timeout"}
)


def connect(url: str, timeout: float, given: Mapping[str, Any]) -> Any:
    """Return the client for a URL, or raise `StoreConfigError` for one that can't be used.

    Parameters
    ----------
    url: as `RedisBackend` takes it; what it says counts, where an argument says something else.
    timeout: seconds to wait for an answer, and for a connection unless an argument says how long.
    given: further arguments of redis-py's clients.

    No error quotes what stands in the place of a login, or what redis-py says while it reads the URL.
    """
    try:
        import redis.exceptions
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError as error:
        raise StoreConfigError("RedisBackend needs redis-py: pip install dash-enrich[redis]") from error
    # One more attempt: after a restart of the server, or long idleness behind a firewall, every pooled connection is
    # dead. More would wait too long. redis-py's health checks call themselves without end on a server that hangs up.
    options: dict[str, Any] = {"retry": Retry(NoBackoff(), 1)} | _allowed(given)
    options["socket_timeout"] = timeout
    options["socket_connect_timeout"] = given.get("socket_connect_timeout") or timeout
    check_positive(options["socket_connect_timeout"], "RedisBackend(socket_connect_timeout")
    once_more = {"retry_on_error": [redis.exceptions.ConnectionError, redis.exceptions.TimeoutError]}
    parts = _parsed(url)
    scheme, _, kind = parts.scheme.partition("+")
    if kind == "sentinel":
        return _checked(lambda: _watched(parts, options | once_more), given)
    plain = _joined(parts._replace(scheme=scheme))
    if scheme != "unix" and not parts.path.strip("/").isdecimal() and parts.path.strip("/"):
        _refuse(_NO_DATABASE)
    values = _values(plain)
    if kind != "cluster":
        return _checked(lambda: redis.Redis.from_url(plain, **options, **once_more), given)
    if values.get("db"):
        _refuse("a cluster has only the database 0")
    # redis-py passes over what a cluster doesn't know.
    own = inspect.signature(redis.RedisCluster.__init__).parameters
    others = {name: value for name, value in options.items() if name not in own}
    _checked(lambda: redis.Redis.from_url(plain, **others), given)
    try:
        cluster = redis.RedisCluster.from_url(plain, **options)
    except (redis.exceptions.RedisError, redis.exceptions.RedisClusterException, OSError) as error:
        raise store_error(error, without_login(url), timeout) from error
    except IndexError as error:  # what redis-py says of nodes without slots
        raise StoreUnavailableError(
            f"Redis at {without_login(url)} can't be reached: it is no cluster yet. Give its nodes their slots: "
            "redis-cli --cluster create."
        ) from error
    # From 6.0 on redis-py goes by `retry` and warns of this as an argument; before, it makes three attempts more.
    cluster.cluster_error_retry_attempts = 1
    return cluster


def without_login(url: str) -> str:
    """Return a server's URL as it may be shown."""
    parts = urlsplit(url)
    query = [pair for pair in parse_qsl(parts.query) if not pair[0].endswith(("username", "password"))]
    return _joined(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=urlencode(query)))


def _joined(parts: SplitResult) -> str:
    """Return the URL of which these are the parts; urlunsplit leaves out the slashes of unix:///path."""
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}{parts.path}{query}"


def _allowed(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an app may set; raises for what would undo how the backend waits and reads."""
    for name in sorted(_SETTLED & given.keys()):
        raise StoreConfigError(
            f"RedisBackend({name}={given[name]!r}): the backend asks once more where a connection is lost or late, and "
            "does so without health checks. Leave it out."
        )
    if given.get("decode_responses"):
        raise StoreConfigError("RedisBackend(decode_responses=True): values are bytes. Leave it out.")
    return dict(given)


def _checked(make: Callable[[], Any], given: Mapping[str, Any]) -> Any:
    """Make a client and a connection, which connects to nothing yet, to hear of a senseless argument now."""
    import redis.exceptions

    try:
        client = make()
        pool = client.connection_pool
        pool.connection_class(**pool.connection_kwargs)
    except StoreConfigError:
        raise
    except (TypeError, ValueError, AttributeError, redis.exceptions.RedisError) as error:
        # What Python says names the argument; what redis-py says may quote a value.
        if "unexpected keyword argument" in str(error):
            raise StoreConfigError(
                f"RedisBackend: {error}. It takes {_OWN}, and the arguments of redis-py's connections. "
                "What those don't have the URL says: rediss:// for ssl, unix:// for a socket."
            ) from error
        names = ", ".join(f"{name}=" for name in given) or "the query of the URL"
        raise StoreConfigError(
            f"RedisBackend: redis-py can't use the value of something in {names}."
        ) from None
    return client


def _refuse(why: str) -> NoReturn:
    # What redis-py or urllib say may quote a part of the password, and so isn't shown.
    raise StoreConfigError(f"RedisBackend: the URL can't be used: {why}.") from None


def _parsed(url: str) -> SplitResult:
    """Split a URL, and refuse one whose login would end in the wrong place, or whose query isn't known."""
    unquoted = (
        "its user or password holds a character that ends them too early. Write each as "
        "urllib.parse.quote(text, safe='') gives it, so / as %2F, ? as %3F, # as %23, @ as %40, [ as %5B"
    )
    try:
        parts = urlsplit(url)
    except ValueError:
        _refuse(unquoted)
    if parts.scheme not in _SCHEMES or "://" not in url:
        _refuse(f"it begins with none of {', '.join(f'{scheme}://' for scheme in _SCHEMES)}")
    known = _LOGIN | _CONNECTION
    if parts.scheme.startswith("rediss"):
        known |= _TLS
    if parts.scheme.endswith("+sentinel"):
        known |= {_SENTINEL + name for name in _LOGIN}
    pairs = [pair for pair in parts.query.split("&") if pair]
    names = [pair.partition("=")[0] for pair in pairs]
    strange = [name for name in names if name not in known]
    if "@" in parts.path + parts.fragment or ("@" in parts.query and strange):
        _refuse(unquoted)
    if strange:
        _refuse(f"its query may set {', '.join(sorted(known))}, but not {', '.join(strange)}")
    return parts


def _values(plain: str) -> dict[str, Any]:
    """Return what redis-py reads from a URL."""
    from redis.connection import parse_url

    try:
        values: dict[str, Any] = parse_url(plain)
    except ValueError:
        _refuse("its port isn't a number, or a value in its query isn't of the right kind")
    return values


def _watched(parts: SplitResult, options: dict[str, Any]) -> Any:
    """Return a client of the service that sentinels watch; what `sentinel_` begins in the query is for them."""
    from redis.sentinel import Sentinel

    login, at, hosts = parts.netloc.rpartition("@")
    service, _, db = parts.path.strip("/").partition("/")
    if not service:
        _refuse("a sentinel URL ends with its service: redis+sentinel://host:26379/mymaster/0")
    sentinels = [_sentinel(host) for host in hosts.split(",")]
    pairs = [pair for pair in parts.query.split("&") if pair]
    own = [pair.removeprefix(_SENTINEL) for pair in pairs if pair.startswith(_SENTINEL)]
    rest = [pair for pair in pairs if not pair.startswith(_SENTINEL)]
    scheme = parts.scheme.removesuffix("+sentinel")
    place = SplitResult(scheme, f"{login}{at}service", f"/{db}", "&".join(rest), "")
    if db and not db.isdecimal():
        _refuse(_NO_DATABASE)
    values = _values(_joined(place))
    for name in ("host", "connection_class"):
        values.pop(name, None)
    tls: dict[str, Any] = {"ssl": True} if parts.scheme.startswith("rediss") else {}
    tls |= {name: values[name] for name in values.keys() & _TLS}
    their_login = _values(f"redis://?{'&'.join(own)}")
    theirs = {
        name: value for name, value in options.items() if name in _OF_SENTINELS or name.startswith("ssl_")
    }
    return Sentinel(sentinels, sentinel_kwargs=theirs | tls | their_login).master_for(
        service, **options | tls | values
    )


def _sentinel(host: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{host}")
        name, port = parts.hostname, parts.port
    except ValueError:
        name = port = None
    if name is None:
        _refuse("its sentinels are written as host:port, with commas between them")
    return name, port or 26379


def answers(pipe: Any) -> list[Any]:
    """Send a pipeline's commands, and raise the first error as the server wrote it.

    The answer is None where a key holds something of another kind.
    """
    # Left to raise by itself, redis-py writes the command into the error, and so the value.
    found = pipe.execute(raise_on_error=False)
    for answer in found:
        if isinstance(answer, Exception) and "WRONGTYPE" not in str(answer):
            raise answer
    return [None if isinstance(answer, Exception) else answer for answer in found]
