"""Handles: what opens, what doesn't, and the error each family gets."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
import xxhash
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from enrich import ServersideOutputTransform
from enrich.errors import HandleError, HandleExpired, HandleForeign, HandleInvalid, StoreConfigError
from enrich.store import PREFIX, MemoryBackend, Store, looks_like_handle
from enrich.store.codecs import encode
from enrich.store.handle import read_handle, session_digests, signer
from enrich.store.secrets import Secrets

from .conftest import Clock

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
BACKEND = MemoryBackend()
STORE = Store(BACKEND, app="demo", secret="the right secret")
VALUE = {"private": 1}
REF = STORE.put(VALUE, scope="alice", producer="callback 'load' (/srv/app/pages/report.py:31)")
TOKEN = STORE.sign(REF, session="alice")
NAMED = STORE.sign(STORE.put([1], name="fixed"))


@pytest.mark.parametrize("token", [TOKEN, NAMED, STORE.sign(STORE.put(1))], ids=["bound", "named", "shared"])
def test_a_handle_is_short_plain_text_of_an_unmistakable_form(token: str):
    assert token.startswith(PREFIX)
    assert looks_like_handle(token)
    assert len(token) <= 110
    assert json.dumps({"data": token}).count(PREFIX) == 1


def test_a_handle_opens_for_its_session_only():
    assert STORE.get(STORE.open(TOKEN, session="alice")) == VALUE
    for other in ("bob", "", "alice ", None):
        with pytest.raises(HandleForeign, match="SameSite=None; Secure"):
            STORE.open(TOKEN, session=other)


def test_who_guesses_a_value_or_a_session_learns_nothing_of_a_token():
    other = Store(MemoryBackend(), app="demo", secret="another secret")
    ref = other.put(VALUE, scope="alice", producer="callback 'load' (/srv/app/pages/report.py:31)")
    content = b"".join(encode(VALUE).buffers)
    assert REF.key[-32:] != ref.key[-32:]
    assert REF.key[-32:] != xxhash.xxh3_128(content).hexdigest()
    one, two = (
        read_handle(token, signer(Secrets((secret,)), "handle"), app="demo", sessions=marks).session
        for token, secret, marks in (
            (TOKEN, "the right secret", session_digests("alice", Secrets(("the right secret",)))),
            (
                other.sign(ref, session="alice"),
                "another secret",
                session_digests("alice", Secrets(("another secret",))),
            ),
        )
    )
    assert one != two


def test_a_handle_stays_its_session_s_when_secrets_rotate():
    rotated = Store(BACKEND, app="demo", secret=["a newer secret", "the right secret"])
    assert rotated.get(rotated.open(TOKEN, session="alice")) == VALUE
    with pytest.raises(HandleForeign):
        rotated.open(TOKEN, session="bob")


def test_a_handle_without_a_session_opens_for_all():
    token = STORE.sign(STORE.put("shared"))
    assert STORE.get(STORE.open(token)) == STORE.get(STORE.open(token, session="bob")) == "shared"


def test_the_browser_learns_no_path_no_session_and_no_producer():
    payload = TOKEN[len(PREFIX) :].partition(".")[0]
    seen = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)) + TOKEN.encode()
    for secret in (b"alice", b"/srv", b"report", b"load", b"files", b"demo"):
        assert secret not in seen


def test_another_app_s_handle_is_foreign():
    other = Store(MemoryBackend(), app="other", secret="the right secret")
    with pytest.raises(HandleForeign, match="'other'"):
        other.open(TOKEN, session="alice")


def test_a_handle_of_another_secret_is_invalid():
    other = Store(MemoryBackend(), app="demo", secret="another secret")
    with pytest.raises(HandleInvalid, match="ENRICH_SECRET_KEY"):
        other.open(TOKEN, session="alice")


def test_secrets_rotate():
    def store(*secrets: str) -> Store:
        return Store(BACKEND, app="demo", secret=list(secrets))

    both = store("a brand new one", "the right secret")
    assert both.get(both.open(TOKEN, session="alice")) == VALUE
    new = both.sign(both.put(VALUE, scope="alice"), session="alice")
    assert store("a brand new one").get(store("a brand new one").open(new, session="alice")) == VALUE
    with pytest.raises(HandleInvalid):
        STORE.open(new, session="alice")
    with pytest.raises(HandleInvalid):
        store("a brand new one").open(TOKEN, session="alice")


def test_a_name_outlives_the_rotation_of_its_secret():
    old = Store(BACKEND, app="rotating", secret="the old secret")
    token = old.sign(old.put("old", name="n"))
    both = Store(BACKEND, app="rotating", secret=["the new secret", "the old secret"])
    assert both.get(both.open(token)) == "old"
    both.put("new", name="n")
    assert both.get(both.open(token)) == "new"


def test_every_handle_to_a_name_reads_the_latest_value():
    store = Store(MemoryBackend())
    tokens = [store.sign(store.put(number, name="n" * 300)) for number in range(3)]
    assert [store.get(store.open(token)) for token in tokens] == [2, 2, 2]
    # A memoized call on it must notice, so the reference knows the content of now.
    assert {store.open(token).key for token in tokens} == {store.put(2).key}
    assert max(map(len, tokens)) < 250


def test_an_expired_handle_names_the_callback_and_the_time(clock: Clock, tmp_path: Path):
    backend = MemoryBackend()
    store = Store(backend, clock=clock, ttl=100)
    token = store.sign(store.put("x", producer="callback 'load' (app.py:31)"), session="s")
    clock.tick(101)
    # Another worker, which never saw the callback write, knows its name too.
    other = Store(backend, clock=clock, ttl=100)
    with pytest.raises(HandleExpired, match=r"callback 'load' \(app.py:31\) stored on 2023-11-1"):
        other.get(other.open(token, session="s"))


def test_a_handle_of_a_backend_that_is_gone_is_invalid(tmp_path: Path):
    store = Store(MemoryBackend(), {"big": MemoryBackend(name="big")}, secret="the right secret")
    token = store.sign(store.put(1, backend="big"))
    assert store.get(store.open(token)) == 1
    with pytest.raises(HandleInvalid, match="'big'"):
        Store(MemoryBackend(), secret="the right secret").open(token)


# --- forged, altered, fuzzed ----------------------------------------------------------------------


@given(at=st.integers(0, len(TOKEN) - 1), char=st.sampled_from(ALPHABET + "~. ="))
@settings(max_examples=500, deadline=None)
def test_one_altered_character_opens_nothing(at: int, char: str):
    assume(TOKEN[at] != char)
    with pytest.raises(HandleInvalid):
        STORE.open(TOKEN[:at] + char + TOKEN[at + 1 :], session="alice")


@settings(deadline=None)
@given(length=st.integers(0, len(TOKEN) - 1), tail=st.text(ALPHABET, max_size=5))
def test_a_truncated_or_extended_handle_opens_nothing(length: int, tail: str):
    assume(TOKEN[:length] + tail != TOKEN)
    with pytest.raises(HandleInvalid):
        STORE.open(TOKEN[:length] + tail, session="alice")
    with pytest.raises(HandleInvalid):
        STORE.open(TOKEN + "A" + tail, session="alice")


@given(text=st.one_of(st.text(), st.text(ALPHABET + ".", max_size=200).map(PREFIX.__add__)))
@settings(max_examples=500, deadline=None)
def test_made_up_handles_open_nothing_and_crash_nothing(text: str):
    looks_like_handle(text)
    with pytest.raises(HandleInvalid):
        STORE.open(text, session="alice")


@given(payload=st.binary(max_size=120))
@settings(max_examples=300, deadline=None)
def test_a_rightly_signed_payload_of_nonsense_crashes_nothing(payload: bytes):
    sign = signer(Secrets(("the right secret",)), "handle")
    token = PREFIX + sign.sign(base64.urlsafe_b64encode(payload).rstrip(b"=")).decode()
    try:
        ref = STORE.open(token, session="alice")
    except HandleError:
        return
    STORE.get(ref, default=None)


def test_the_signature_of_one_handle_doesn_t_fit_another():
    other = STORE.sign(STORE.put("other", scope="alice"), session="alice")
    payload, signature = TOKEN.rpartition(".")[0], other.rpartition(".")[2]
    with pytest.raises(HandleInvalid):
        STORE.open(f"{payload}.{signature}", session="alice")


def test_a_signed_text_is_no_handle_and_fits_its_purpose_only():
    cookie = STORE.sign_text("session id", salt="cookie")
    assert STORE.unsign_text(cookie, salt="cookie") == "session id"
    for token, salt in (
        (cookie, "other"),
        (cookie + "x", "cookie"),
        (cookie[:-1], "cookie"),
        ("", "cookie"),
        ("é", "cookie"),
    ):
        with pytest.raises(HandleInvalid):
            STORE.unsign_text(token, salt=salt)
    with pytest.raises(HandleInvalid):
        STORE.open(PREFIX + cookie, session="alice")
    with pytest.raises(HandleInvalid):
        STORE.unsign_text(TOKEN[len(PREFIX) :], salt="cookie")


@pytest.mark.parametrize(
    "text",
    ["", "text", PREFIX, PREFIX + "hello", "x" + TOKEN, TOKEN + " ", TOKEN + "\n", "enrich1"],
    ids=["empty", "word", "prefix", "short", "before", "space", "newline", "no mark"],
)
def test_other_text_is_the_user_s_own(text: str):
    assert not looks_like_handle(text)


# --- where secrets come from --------------------------------------------------------------------


def test_the_secret_by_argument_comes_first_then_the_environment_then_the_server(monkeypatch):
    def opens(token: str, **arguments: object) -> bool:
        try:
            Store(BACKEND, app="demo", **arguments).open(token, session="alice")
        except HandleInvalid:
            return False
        return True

    assert opens(TOKEN, server_secret="the right secret")
    monkeypatch.setenv("DASH_SECRET_KEY", "the right secret")
    assert opens(TOKEN)
    assert opens(TOKEN, server_secret="another secret")
    monkeypatch.setenv("ENRICH_SECRET_KEY", "yet another secret")
    assert not opens(TOKEN)
    assert opens(TOKEN, secret="the right secret")
    assert opens(TOKEN, secret=["a brand new one", "the right secret"])


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "short",
        [],
        ["a long enough secret", ""],
        [5],
        5,
        {"a long enough secret"},
        b"a long enough secret",
    ],
)
def test_a_useless_secret_is_refused(bad: object):
    with pytest.raises(StoreConfigError, match="secret"):
        Store(MemoryBackend(), secret=bad)


def test_a_secret_that_was_chosen_for_something_else_and_is_too_short_is_passed_over(monkeypatch, caplog):
    monkeypatch.setenv("DASH_SECRET_KEY", "short")
    store = Store(BACKEND, app="demo", server_secret="the right secret")
    assert store.get(store.open(TOKEN, session="alice")) == VALUE
    assert "DASH_SECRET_KEY has less than 8 characters" in caplog.text
    monkeypatch.delenv("DASH_SECRET_KEY")
    for short in ("short", b"dev!", 12345678):
        caplog.clear()
        token = Store(BACKEND, app="demo", server_secret=short).sign(REF, session="alice")
        assert "The server's secret_key has less than 8 characters" in caplog.text
        kept = Store(BACKEND, app="demo")
        assert kept.get(kept.open(token, session="alice")) == VALUE


def test_a_secret_that_was_chosen_for_this_and_is_too_short_is_refused(monkeypatch):
    monkeypatch.setenv("ENRICH_SECRET_KEY", "short")
    with pytest.raises(StoreConfigError, match="ENRICH_SECRET_KEY"):
        Store(MemoryBackend())


def test_secrets_that_can_be_read_only_once_are_refused_as_what_they_are():
    with pytest.raises(StoreConfigError, match="a generator is neither a text nor a list of texts"):
        ServersideOutputTransform(secret=(text for text in ["a long enough secret"]))


def test_secrets_are_not_printed():
    assert "the right secret" not in repr(Secrets(("the right secret",)))
