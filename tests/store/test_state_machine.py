"""A store against a dictionary: whatever the order of puts, names, time and damage, answers are right."""

from __future__ import annotations

import shutil
import tempfile
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from enrich.errors import HandleExpired, HandleForeign
from enrich.store import MISSING, FileSystemBackend, Ref, Store

from .conftest import Clock

TTL = 1000.0
VALUES = st.one_of(
    st.none(),
    st.integers(),
    st.text(max_size=20),
    st.lists(st.integers(), max_size=500),
    st.binary(max_size=50),
)
SCOPES = st.sampled_from([None, "one", "two"])


class StoreMachine(RuleBasedStateMachine):
    """Two stores on one folder, as two workers have them; the model knows when each value was last used."""

    refs = Bundle("refs")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.mkdtemp()
        self.clock = Clock()
        self.stores = [self.opened() for _ in range(2)]
        self.values: dict[str, Any] = {}
        self.used: dict[str, float] = {}
        self.names: dict[str, Any] = {}
        self.torn: set[str] = set()

    def opened(self) -> Store:
        return Store(FileSystemBackend(self.folder), app="machine", ttl=TTL, clock=self.clock)

    def teardown(self) -> None:
        for store in self.stores:
            store.backend.sweeper.join()
        shutil.rmtree(self.folder)

    @rule(target=refs, worker=st.integers(0, 1), value=VALUES, scope=SCOPES)
    def put(self, worker: int, value: Any, scope: str | None) -> Ref:
        ref = self.stores[worker].put(value, scope=scope)
        if ref.key in self.torn and not ref.new:
            # A file of the right size is taken at its word until somebody reads it.
            return ref
        self.torn.discard(ref.key)
        self.values[ref.key] = value
        self.used[ref.key] = self.clock.now
        return ref

    @rule(worker=st.integers(0, 1), ref=refs)
    def get(self, worker: int, ref: Ref) -> None:
        found = self.stores[worker].get(ref, default=MISSING)
        if ref.key in self.torn or ref.key not in self.values:
            assert found is MISSING
            return
        age = self.clock.now - self.used[ref.key]
        if found is MISSING:
            assert age > TTL - 61
            return
        assert type(found) is type(self.values[ref.key])
        assert found == self.values[ref.key]
        assert age <= TTL + 1
        if age > 60:
            self.used[ref.key] = self.clock.now

    @rule(worker=st.integers(0, 1), ref=refs, session=st.sampled_from(["a", "b", None]))
    def handle(self, worker: int, ref: Ref, session: str | None) -> None:
        token = self.stores[worker].sign(ref, session="a")
        try:
            opened = self.stores[1 - worker].open(token, session=session)
        except HandleForeign:
            assert session != "a"
        else:
            assert session == "a"
            assert opened.key == ref.key

    @rule(worker=st.integers(0, 1), name=st.sampled_from(["x", "y"]), value=VALUES)
    def put_name(self, worker: int, name: str, value: Any) -> None:
        ref = self.stores[worker].put(value, name=name)
        key = ref.key
        if key in self.torn and not ref.new:
            self.names.pop(name, None)
            return
        self.torn.discard(key)
        self.names[name] = value
        self.values[key], self.used[key] = value, self.clock.now
        self.names[name + " at"] = self.clock.now

    @rule(worker=st.integers(0, 1), name=st.sampled_from(["x", "y"]))
    def get_name(self, worker: int, name: str) -> None:
        try:
            found = self.stores[worker].get(self.stores[worker].named(name))
        except HandleExpired:
            lost = name not in self.names or self.clock.now - self.names[name + " at"] > TTL - 61
            assert lost or self.torn
        else:
            assert name not in self.names or found == self.names[name] or self.torn

    @rule(worker=st.integers(0, 1), ref=refs)
    def delete(self, worker: int, ref: Ref) -> None:
        self.stores[worker].delete(ref)
        self.values.pop(ref.key, None)
        self.torn.discard(ref.key)
        for name in ("x", "y"):
            self.names.pop(name, None)

    @rule(ref=refs, cut=st.integers(1, 30))
    def tear(self, ref: Ref, cut: int) -> None:
        path = self.stores[0].backend.path(ref.key)
        if not path.exists():
            return
        path.write_bytes(path.read_bytes()[:-cut])
        self.torn.add(ref.key)
        self.values.pop(ref.key, None)
        for name in ("x", "y"):
            self.names.pop(name, None)

    @rule(seconds=st.sampled_from([1.0, 59.0, 61.0, 500.0, 2000.0]))
    def tick(self, seconds: float) -> None:
        self.clock.tick(seconds)

    @rule(worker=st.integers(0, 1))
    def sweep(self, worker: int) -> None:
        self.stores[worker].sweep()

    @rule(worker=st.integers(0, 1))
    def restart(self, worker: int) -> None:
        self.stores[worker].backend.sweeper.join()
        self.stores[worker] = self.opened()

    @invariant()
    def nothing_half_written_lies_about(self) -> None:
        for store in self.stores:
            store.backend.sweeper.join()
        assert not list(store.backend.folder.path.rglob(".tmp-*"))


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
