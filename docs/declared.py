"""What the reference pages name, and whether each of it says what it is."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import click
import pluggy

from backstay import contracts, hookspecs, spi
from backstay.cli import core_commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backstay.kernel.suite import Suite

VALUES: Final = {
    "ANNOTATIONS": "How the Python types of `Mapped[...]` are stored.",
    "hookimpl": "Marks a function of `plugin.py` as the implementation of a hook.",
    "Id": "The column type of ids and of references to them.",
    "SIGNED_IN": "The permission that every active user holds: their own pages.",
    "Text": "A text, translated at once or when it is shown.",
}
"""What `spi` offers besides classes and functions, which describe themselves."""


def undocumented(suite: Suite) -> list[str]:
    """What these pages would name without saying what it is."""
    manager = pluggy.PluginManager("backstay")
    silent = [
        f"hook {name}"
        for name, hook in inspect.getmembers(hookspecs, inspect.isfunction)
        if manager.parse_hookspec_opts(hookspecs, name) is not None and not said(hook)
    ]
    silent += [
        f"spi.{name}" for name in spi.__all__ if name not in VALUES and not said(getattr(spi, name))
    ]
    for module in contract_modules():
        silent += [] if module.__doc__ else [f"contract {module.__name__}"]
        for one in classes_of(module):
            silent += [] if said(one) else [f"contract {one.__name__}"]
            silent += [
                f"contract {one.__name__}.{name}"
                for name, method in methods_of(one)
                if not said(method)
            ]
    for part in suite.parts:
        silent += [f"event {one.name}" for one in part.events if not said(one)]
        named: list[Any] = [*part.permissions, *part.job_kinds, *part.schedules]
        silent += [f"{type(one).__name__} {one.name}" for one in named if not str(one.label)]
        silent += [
            f"role {one.code}" for one in part.role_templates if not str(one.description).strip()
        ]
    commands = [*core_commands(), *(one for part in suite.parts for one in part.commands)]
    return [*silent, *(line for one in commands for line in _silent_in(one, str(one.name)))]


def _silent_in(command: click.Command, path: str) -> Iterator[str]:
    if not command.help:
        yield f"command {path}"
    for option in command.params:
        if isinstance(option, click.Option) and not (option.help or option.hidden):
            yield f"option {path} {option.opts[0]}"
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _silent_in(inner, f"{path} {name}")


def said(one: Any) -> str:
    """Its docstring; nothing where Python made one of a dataclass's fields."""
    text = one.__doc__ or ""
    return "" if text.startswith(f"{getattr(one, '__name__', '')}(") else text


def contract_modules() -> list[Any]:
    """The modules of contracts, by name."""
    found = sorted(one.name for one in pkgutil.iter_modules(contracts.__path__))
    return [import_module(f"{contracts.__name__}.{name}") for name in found]


def classes_of(module: Any) -> list[type[Any]]:
    """The public classes of a module in the order in which it declares them."""
    return [
        one
        for name, one in vars(module).items()
        if inspect.isclass(one) and one.__module__ == module.__name__ and not name.startswith("_")
    ]


def methods_of(one: type[Any]) -> Iterator[tuple[str, Any]]:
    """The public functions and properties that a class itself declares."""
    for name, member in vars(one).items():
        if not name.startswith("_") and (
            inspect.isfunction(member) or isinstance(member, property)
        ):
            yield name, member
