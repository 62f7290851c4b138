"""Two people at once: one wins, the other is told why, and nothing is allocated twice."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg

from backstay.errors import BackstayError, Conflict, Invalid, Unavailable


def at_once(*tasks: Any) -> list[Any]:
    """Run tasks in as many threads, started together; returns results and errors."""
    barrier = threading.Barrier(len(tasks))

    def run(task: Any) -> Any:
        barrier.wait()
        while True:
            try:
                return task()
            except Unavailable:  # SQLite was busy for longer than it waits
                continue
            except (BackstayError, psycopg.Error) as error:
                return error

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def test_two_people_can_not_allocate_the_same_amount(desk: Any) -> None:
    for turn in range(4):
        invoice, first, second = f"i{turn}", f"a{turn}", f"b{turn}"
        desk.item(invoice, "100")
        desk.item(first, "-100")
        desk.item(second, "-100")
        results = at_once(
            lambda pair=(invoice, first, "100"): desk.allocate(pair),
            lambda pair=(invoice, second, "100"): desk.allocate(pair),
        )
        lost = [one for one in results if isinstance(one, Exception)]
        assert [type(one) for one in lost] == [Invalid]
        assert "settled already" in str(lost[0])
        assert desk.left(invoice) == (0, 0)
    assert desk.books.count("ledger_allocation") == 4
    assert desk.sound()


def test_pairs_in_opposite_order_do_not_deadlock(desk: Any) -> None:
    for name in ("a", "b"):
        desk.item(name, "100")
        desk.item(f"-{name}", "-100")
    results = at_once(
        lambda: desk.allocate(("a", "-b", "10"), ("b", "-a", "10")),
        lambda: desk.allocate(("b", "-a", "10"), ("a", "-b", "10")),
        lambda: desk.allocate(("b", "-b", "10"), ("a", "-a", "10")),
    )
    assert [one for one in results if isinstance(one, Exception)] == []
    assert desk.left("a") == (70, 70)
    assert desk.sound()


def test_the_same_key_at_once_is_one_allocation(desk: Any) -> None:
    desk.item("invoice", "100")
    desk.item("payment", "-100")
    results = at_once(
        *[lambda: desk.allocate(("invoice", "payment", "30"), key="twin") for _twin in range(4)]
    )
    assert len({one[0].id for one in results}) == 1
    assert sum(not one[0].existed for one in results) == 1
    assert desk.left("invoice") == (70, 70)


def test_an_allocation_is_undone_once_by_two_people(desk: Any) -> None:
    desk.item("invoice", "333.33", abroad="400")
    desk.item("payment", "-363.64", abroad="-400")
    (done,) = desk.allocate(("invoice", "payment", None))
    results = at_once(lambda: desk.undo(done), lambda: desk.undo(done))
    lost = [one for one in results if isinstance(one, Exception)]
    assert [type(one) for one in lost] == [Conflict]
    assert "undone" in str(lost[0])
    assert desk.balance("7000") == 0
    assert desk.sound()
