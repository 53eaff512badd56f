"""What every backend must do, as tests: subclass, give a `backend` fixture, and let pytest run them."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b

from enrich.errors import StoreConfigError, StoreNotSharedError
from enrich.store.backends.protocol import MISSING, Backend, Buffer
from enrich.store.store import Store

SECRET = "conformance secret"


def key_of(text: str, scope: str = "") -> str:
    """Return a key of the form that stores use: 12 characters of scope or none, and 32 of content."""
    tag = blake2b(scope.encode(), digest_size=6).hexdigest() if scope else ""
    return tag + blake2b(text.encode(), digest_size=16).hexdigest()


def _read(backend: Backend, key: str) -> bytes | None:
    found = backend.read(key)
    assert found is not None, "what isn't there is MISSING, never None"
    return None if found is MISSING else bytes(found)


def _write(backend: Backend, key: str, *buffers: Buffer) -> None:
    backend.write(key, buffers, sum(memoryview(buffer).nbytes for buffer in buffers))


class BackendConformance:
    """The tests. A subclass gives the fixture `backend`: opened by `with_settings`, empty.

    >>> import pytest
    >>> from enrich.store import MemoryBackend, Settings
    >>> from enrich.testing import BackendConformance
    >>> class TestMyBackend(BackendConformance):
    ...     @pytest.fixture
    ...     def backend(self):
    ...         return MemoryBackend().with_settings(Settings())

    Attributes
    ----------
    largest: the size of the largest entry tried, bytes.
    lists: can it list its entries?
    """

    largest = 3 << 20
    lists = True

    def test_an_entry_never_written_is_missing(self, backend: Backend) -> None:
        assert backend.read(key_of("never")) is MISSING
        assert backend.read(key_of("never", "session")) is MISSING

    def test_an_entry_can_be_looked_at_without_renewing_it(self, backend: Backend) -> None:
        assert backend.read(key_of("look"), renew=False) is MISSING
        _write(backend, key_of("look"), b"x" * 40_000)
        found = backend.read(key_of("look"), renew=False)
        assert found is not MISSING
        assert bytes(found) == b"x" * 40_000

    def test_what_was_written_is_read(self, backend: Backend) -> None:
        for size in (1, 8, 1000, 32 * 1024 - 1, 32 * 1024, 300_000, self.largest):
            data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
            _write(backend, key_of(f"size {size}"), data)
            assert _read(backend, key_of(f"size {size}")) == data

    def test_buffers_of_all_kinds_are_joined_in_order(self, backend: Backend) -> None:
        many = [str(i).encode() for i in range(3000)]
        _write(backend, key_of("many"), b"first", bytearray(b"second"), memoryview(b"third"), b"", *many)
        assert _read(backend, key_of("many")) == b"firstsecondthird" + b"".join(many)

    def test_a_reader_can_t_change_what_others_read(self, backend: Backend) -> None:
        for size in (100, 100_000):
            key = key_of(f"private {size}")
            _write(backend, key, b"a" * size)
            found = backend.read(key)
            assert found is not MISSING
            view = memoryview(found)
            if not view.readonly:
                view[:10] = b"b" * 10
            assert _read(backend, key) == b"a" * size

    def test_a_read_value_outlives_its_entry(self, backend: Backend) -> None:
        _write(backend, key_of("long"), b"a" * 100_000)
        found = backend.read(key_of("long"))
        backend.delete(key_of("long"))
        assert found is not MISSING
        assert bytes(found) == b"a" * 100_000

    def test_an_entry_may_be_written_again(self, backend: Backend) -> None:
        for _ in range(3):
            _write(backend, key_of("again"), b"same")
        assert _read(backend, key_of("again")) == b"same"

    def test_renewing_tells_whether_the_entry_is_there_with_its_size(self, backend: Backend) -> None:
        assert not backend.renew(key_of("r"))
        assert not backend.renew(key_of("r"), 5)
        _write(backend, key_of("r"), b"12345")
        assert backend.renew(key_of("r"), 5)
        assert backend.renew(key_of("r"))
        assert _read(backend, key_of("r")) == b"12345"

    def test_deleting_tells_whether_the_entry_was_there(self, backend: Backend) -> None:
        _write(backend, key_of("d"), b"x" * 50_000)
        assert _read(backend, key_of("d")) == b"x" * 50_000
        assert backend.delete(key_of("d"))
        assert backend.read(key_of("d")) is MISSING
        assert not backend.delete(key_of("d"))
        assert not backend.renew(key_of("d"))

    def test_a_discarded_entry_is_missing_in_the_end(self, backend: Backend) -> None:
        _write(backend, key_of("torn"), b"torn")
        for _copy in range(2):
            backend.discard(key_of("torn"))
        assert backend.read(key_of("torn")) is MISSING

    def test_scopes_keep_equal_contents_apart(self, backend: Backend) -> None:
        _write(backend, key_of("v", "one"), b"value")
        assert backend.read(key_of("v", "two")) is MISSING
        assert backend.read(key_of("v")) is MISSING
        assert _read(backend, key_of("v", "one")) == b"value"

    def test_entries_are_listed_with_their_sizes(self, backend: Backend) -> None:
        if not self.lists:
            try:
                list(backend.entries())
            except StoreConfigError:
                return
            raise AssertionError("a backend that can't list says so by StoreConfigError")
        wanted = {key_of(f"l{i}", "s" if i % 2 else ""): i + 1 for i in range(20)}
        for key, size in wanted.items():
            _write(backend, key, b"x" * size)
        backend.set_record("a record is no entry", b"x")
        assert {entry.key: entry.nbytes for entry in backend.entries()} == wanted

    def test_a_sweep_leaves_what_was_just_used(self, backend: Backend) -> None:
        _write(backend, key_of("fresh"), b"x" * 1000)
        backend.set_record("fresh", b"1")
        backend.sweep()
        assert _read(backend, key_of("fresh")) == b"x" * 1000
        assert backend.get_record("fresh") == b"1"

    def test_clearing_leaves_kept_records_only(self, backend: Backend) -> None:
        _write(backend, key_of("c"), b"x" * 50_000)
        backend.set_record("name", b"1")
        backend.set_record("secret", b"2", kept=True)
        backend.clear()
        assert backend.read(key_of("c")) is MISSING
        assert backend.get_record("name") is MISSING
        assert backend.get_record("secret", kept=True) == b"2"

    def test_records_are_replaced_and_dropped(self, backend: Backend) -> None:
        assert backend.get_record("n") is MISSING
        for value in (b"one", b"", b"None", b"\x80\x04N.", bytes(range(256))):
            backend.set_record("n", value)
            assert backend.get_record("n") == value
        assert backend.delete_record("n")
        assert backend.get_record("n") is MISSING
        assert not backend.delete_record("n")

    def test_any_text_names_a_record(self, backend: Backend) -> None:
        names = ["a/../b", "ü €", "x" * 500, "with space", "*", ".", "a", "A"]
        for name in names:
            backend.set_record(name, name.encode())
        assert [backend.get_record(name) for name in names] == [name.encode() for name in names]

    def test_the_first_of_many_adds_a_record(self, backend: Backend) -> None:
        for kept in (False, True):
            assert backend.add_record("first", b"winner", kept=kept) == b"winner"
            assert backend.add_record("first", b"loser", kept=kept) == b"winner"
            assert backend.get_record("first", kept=kept) == b"winner"
        with ThreadPoolExecutor(8) as pool:
            answers = set(
                pool.map(lambda i: backend.add_record("race", str(i).encode(), kept=True), range(40))
            )
        assert len(answers) == 1

    def test_a_lock_has_one_holder(self, backend: Backend) -> None:
        mine = backend.try_lock("job", 30)
        assert mine is not None
        assert backend.try_lock("job", 30) is None
        other = backend.try_lock("other job", 30)
        assert other is not None
        mine.renew()
        assert backend.try_lock("job", 30) is None
        mine.release()
        mine.release()
        again = backend.try_lock("job", 30)
        assert again is not None
        mine.release()
        assert backend.try_lock("job", 30) is None
        again.release()
        other.release()

    def test_threads_get_right_answers(self, backend: Backend) -> None:
        def work(seed: int) -> None:
            for step in range(20):
                number = (seed * 7 + step) % 11
                key, data = key_of(f"t{number}"), f"value {number} ".encode() * 5000
                if step % 3 == 0:
                    _write(backend, key, data)
                elif step % 3 == 1:
                    assert _read(backend, key) in (None, data)
                else:
                    backend.renew(key, len(data))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(16)))

    def test_it_says_who_sees_its_values(self, backend: Backend) -> None:
        assert backend.reach in ("process", "host", "hosts")
        assert isinstance(backend.private, bool)
        assert isinstance(backend.name, str)

    def test_it_goes_to_another_process_or_says_that_it_can_t(self, backend: Backend) -> None:
        _write(backend, key_of("sent"), b"sent")
        try:
            sent = pickle.dumps(backend)
        except StoreNotSharedError:
            return
        assert _read(pickle.loads(sent), key_of("sent")) == b"sent"

    def test_a_store_works_on_it(self, backend: Backend) -> None:
        store = Store(backend, app="conformance", secret=SECRET)
        value = {"a": [1, 2.5, None, "text"]}
        ref = store.put(value, scope="session", producer="callback 'load'")
        assert ref.new
        assert not store.put(value, scope="session").new
        assert store.get(store.open(store.sign(ref, session="s"), session="s")) == value
        store.put([1], name="fixed")
        handle = store.sign(store.named("fixed"))
        store.put([2], name="fixed")
        assert store.get(store.open(handle)) == [2]
        calls: list[int] = []
        for _ in range(3):
            assert store.compute("key", lambda: calls.append(1)) is None
        assert calls == [1]
        store.forget("key")
        store.compute("key", lambda: calls.append(1))
        assert calls == [1, 1]
        assert store.get(ref.key[:-1] + ("0" if ref.key[-1] != "0" else "1"), default=MISSING) is MISSING
