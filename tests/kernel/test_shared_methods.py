"""Frozen values behave with the shared methods as with those that dataclass writes for each."""

from __future__ import annotations

import copy
import gc
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, replace
from types import FunctionType
from typing import Any

import pytest

from backstay.kernel.load import load
from backstay.kernel.shared_methods import share_methods
from backstay.kernel.suite import Suite


@dataclass(frozen=True, slots=True)
class Point:
    """Two fields, and one that neither counts nor is shown."""

    x: int
    y: int = 0
    note: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True)
class Single:
    """One field, which may hold itself."""

    only: Any


class Named(Single):
    """No dataclass: it may have further attributes."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """No field at all."""


@dataclass(frozen=True, slots=True)
class Written:
    """Methods of its own."""

    code: str

    def __repr__(self) -> str:
        return f"<{self.code}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Written) and self.code.lower() == other.code.lower()

    def __hash__(self) -> int:
        return hash(self.code.lower())


@dataclass(slots=True)
class Changing:
    """Not frozen, so it is left alone."""

    x: int


share_methods(__name__)


def test_the_methods_are_shared_and_what_they_kept_alive_is_gone() -> None:
    gc.collect()
    for name in ("__setattr__", "__delattr__", "__repr__"):
        assert vars(Point)[name] is vars(Single)[name]
    named = [kind for kind in object.__subclasses__() if kind.__qualname__ == "Point"]
    assert [kind for kind in named if kind.__module__ == __name__] == [Point]


def test_values_are_shown_compared_and_hashed_by_their_fields() -> None:
    assert repr(Point(1, 2, "seen")) == "Point(x=1, y=2)"
    assert Point(1, 2, "a") == Point(1, 2, "b")
    assert Point(1, 2) != Point(2, 1)
    assert Point(1, 2).__eq__((1, 2)) is NotImplemented
    assert {Point(1, 2, "a"), Point(1, 2, "b"), Point(1)} == {Point(1), Point(1, 2)}
    assert hash(Single("a")) == hash(("a",))
    assert Single("a") == Single("a") != Named("a")
    assert Nothing() == Nothing()
    assert repr(Nothing()) == "Nothing()"
    assert repr(Named(1)) == "Named(only=1)"


def test_a_value_that_holds_itself_can_be_shown() -> None:
    held: list[Any] = []
    one = Single(held)
    held.append(one)

    assert repr(one) == "Single(only=[...])"


def test_fields_stay_frozen() -> None:
    point: Any = Point(1)
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'x'"):
        point.x = 2
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'x'"):
        del point.x
    with pytest.raises(FrozenInstanceError):
        point.z = 2
    named: Any = Named(1)
    with pytest.raises(FrozenInstanceError):
        named.only = 2
    named.more = 2
    assert named.more == 2
    del named.more
    assert not hasattr(named, "more")


def test_values_are_copied_replaced_and_pickled() -> None:
    point = Point(1, 2, "n")
    assert replace(point, x=3) == Point(3, 2)
    assert copy.deepcopy(point) == point
    assert pickle.loads(pickle.dumps(point)) == point  # noqa: S301 - made in the line


def test_methods_of_its_own_and_classes_that_change_are_left_alone() -> None:
    assert repr(Written("a")) == "<a>"
    assert Written("a") == Written("A")
    assert len({Written("a"), Written("A")}) == 1
    with pytest.raises(FrozenInstanceError):
        Written("a").code = "b"  # type: ignore[misc]
    changing = Changing(1)
    changing.x = 2
    assert changing == Changing(2)


def test_loading_shares_the_methods_of_core_and_of_plugins() -> None:
    load(())

    method = vars(Suite)["__setattr__"]
    assert isinstance(method, FunctionType)
    assert method is vars(Point)["__setattr__"]
