"""What a process remembers of its counts, so that few writes count anew."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Collection

import pytest

from enrich.errors import StoreFullError
from enrich.store.backends import book as book_module
from enrich.store.backends.book import Book, Kept, to_drop

from .conftest import Clock


class Held:
    """What a session pays for, and how often it was counted."""

    def __init__(self, clock: Clock, limit: int = 1000) -> None:
        self.kept: dict[str, Kept] = {}
        self.counts = 0
        self.book = Book(limit, 86_400, clock)
        self._clock = clock

    def count(self, _payer: str, but: Collection[str]) -> list[Kept]:
        self.counts += 1
        return [kept for kept in self.kept.values() if kept.key not in but]

    def drop(self, kept: Kept) -> bool:
        return self.kept.pop(kept.key, None) is not None

    def admitted(self, key: str, nbytes: int, payer: str = "one"):
        return self.book.admitted(payer, key, nbytes, self.count, self.drop)

    def write(self, key: str, nbytes: int, payer: str = "one") -> None:
        with self.admitted(key, nbytes, payer):
            self.kept[key] = Kept(self._clock.now, nbytes, key)


@pytest.fixture
def held(clock: Clock) -> Held:
    return Held(clock)


def test_the_least_recently_used_are_chosen_if_they_suffice():
    kept = [Kept(1, 10, "a"), Kept(2, 10, "b"), Kept(9, 10, "c")]
    assert to_drop(kept, 0, 5) == []
    assert to_drop(kept, 11, 5) == kept[:2]
    assert to_drop(kept, 21, 5) is None
    assert to_drop(kept, 31, 10) is None


def test_a_session_is_counted_every_ten_seconds_and_before_a_refusal(held: Held, clock: Clock):
    for number in range(10):
        held.write(str(number), 10)
    assert held.counts == 1
    clock.tick(10)
    held.write("later", 10)
    assert held.counts == 2
    held.kept.clear()
    held.write("large", 1000)
    assert held.counts == 3


def test_a_clock_set_back_does_not_keep_an_old_count(held: Held, clock: Clock):
    held.write("a", 10)
    clock.tick(-3600)
    held.write("b", 10)
    assert held.counts == 2


def test_what_threads_are_writing_counts_until_it_is_written_or_has_failed(held: Held):
    def fail() -> None:
        with held.admitted("a", 600):
            with pytest.raises(StoreFullError, match="600"):
                held.write("b", 500)
            raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        fail()
    held.write("b", 500)


def test_room_is_made_for_what_threads_are_writing_too(held: Held, clock: Clock):
    for key in "abc":
        held.write(key, 300)
        clock.tick(1)
    clock.tick(200)
    with held.admitted("d", 300):
        assert set(held.kept) == {"b", "c"}
        held.write("e", 300)
        assert set(held.kept) == {"c", "e"}


@pytest.mark.parametrize("another", [False, True])
def test_what_is_being_written_is_not_dropped_for_room(held: Held, clock: Clock, another: bool):
    held.write("a", 300)
    clock.tick(200)
    # So many that the oldest are remembered.
    held.kept |= {str(number): Kept(clock.now, 0, str(number)) for number in range(1001)}
    held.write("z", 1)
    account = held.book._shelves[hash("one") % book_module._SHELVES].accounts["one"]
    assert account.oldest[0].key == "a"
    if another:
        with held.admitted("a", 300):
            held.write("b", 500)
    else:
        with held.admitted("a", 700):
            pass
    assert "a" in held.kept


def test_a_write_that_can_t_succeed_drops_nothing(held: Held, clock: Clock):
    held.write("old", 400)
    clock.tick(200)
    held.write("new", 400)
    for size in (601, 1001):
        with pytest.raises(StoreFullError):
            held.write("c", size)
    assert set(held.kept) == {"old", "new"}
    held.write("c", 600)
    assert set(held.kept) == {"new", "c"}


def test_a_value_used_while_room_is_made_stays_and_counts(held: Held, clock: Clock):
    held.write("a", 900)
    clock.tick(200)
    held.drop = lambda kept: False
    with pytest.raises(StoreFullError, match="900"):
        held.write("b", 900)


def test_a_full_quota_of_many_values_is_not_counted_anew_for_each_that_is_dropped(clock: Clock):
    held = Held(clock, limit=30_000)
    held.kept = {str(number): Kept(clock.now - 200, 10, str(number)) for number in range(3000)}
    for number in range(3000, 3050):
        held.write(str(number), 10)
    assert held.counts == 1
    assert len(held.kept) == 3000


def test_nothing_is_dropped_by_what_was_remembered_before_another_was_deleted(held: Held, clock: Clock):
    held.write("a", 400)
    held.write("b", 400)
    clock.tick(400)
    held.write("c", 150)
    del held.kept["b"]
    held.write("d", 400)
    assert held.kept.keys() == {"a", "c", "d"}


def test_a_value_without_room_that_drops_nothing_refuses_no_later_one(clock: Clock):
    held = Held(clock, limit=3000)
    held.kept = {str(number): Kept(clock.now - 400, 2, str(number)) for number in range(1100)}
    with pytest.raises(StoreFullError), held.book.admitted("one", "there", 900, held.count, None):
        pass
    held.write("a", 1000)
    assert "a" in held.kept


def test_a_refusal_that_took_long_to_count_stands_for_a_while(held: Held, clock: Clock):
    held.kept = {str(number): Kept(clock.now, 0, str(number)) for number in range(3000)}
    held.write("a", 900)
    for _ in range(3):
        with pytest.raises(StoreFullError, match="900"):
            held.write("b", 200)
    assert held.counts == 2
    held.write("c", 50)
    with pytest.raises(StoreFullError):
        held.write("d", 100)
    assert held.counts == 3
    clock.tick(4)
    with pytest.raises(StoreFullError):
        held.write("b", 200)
    assert held.counts == 4


def test_a_large_value_may_take_the_room_of_more_than_are_remembered(clock: Clock):
    held = Held(clock, limit=4000)
    held.kept = {str(number): Kept(clock.now - 200, 1, str(number)) for number in range(3000)}
    held.write("a", 500)
    held.write("b", 2000)
    assert len(held.kept) == 1502


def test_a_session_whose_count_takes_long_keeps_few_others_waiting(held: Held):
    begun, go_on = threading.Event(), threading.Event()

    def slow(_payer: str, _but: Collection[str]) -> list[Kept]:
        begun.set()
        go_on.wait(30)
        return []

    def write() -> None:
        with held.book.admitted("one", "a", 10, slow, held.drop):
            pass

    thread = threading.Thread(target=write)
    thread.start()
    begun.wait(30)
    shelf = hash("one") % book_module._SHELVES
    other = next(who for who in map(str, itertools.count()) if hash(who) % book_module._SHELVES != shelf)
    held.write("b", 10, other)
    go_on.set()
    thread.join()


def test_few_sessions_are_remembered_and_those_that_are_writing_always(held: Held, monkeypatch):
    monkeypatch.setattr(book_module, "_SHELVES", 1)
    held.book._open()
    with held.admitted("a", 900):
        for number in range(200):
            held.write(str(number), 0, f"session {number}")
        assert len(held.book._shelves[0].accounts) <= 40
        with pytest.raises(StoreFullError, match="900"):
            held.write("b", 200)


def test_a_forked_child_does_not_count_what_its_parent_s_threads_were_writing(held: Held, monkeypatch):
    with held.admitted("a", 900):
        monkeypatch.setattr(os, "getpid", lambda: -1)
        held.write("b", 900)
