"""The small values that every kind of page uses: states, notes, buttons, empty states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from backstay.i18n import Text

Tone: TypeAlias = Literal["neutral", "ok", "warn", "bad", "info"]
ButtonKind: TypeAlias = Literal["default", "primary", "ghost", "danger"]


@dataclass(frozen=True, slots=True)
class Tag:
    """A state in words and colour."""

    text: Text
    tone: Tone = "neutral"


@dataclass(frozen=True, slots=True)
class Note:
    """A paragraph that must not be overlooked."""

    text: Text
    tone: Tone = "info"
    title: Text | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """An action that looks like a button.

    ``href=None`` submits the form around it. ``method="post"`` makes a form of its own, with the
    tokens. ``disabled_reason`` keeps the button visible and says why it cannot be used.
    ``confirm`` is the question asked before a step that cannot be taken back. ``shortcut`` is shown
    and bound, written like ``Ctrl+Enter``, ``n`` or ``e``.
    """

    label: Text
    href: str | None = None
    icon: str | None = None
    kind: ButtonKind = "default"
    name: str | None = None
    value: str | None = None
    method: Literal["get", "post"] = "get"
    disabled_reason: Text | None = None
    confirm: Text | None = None
    shortcut: str | None = None
    form: str | None = None


@dataclass(frozen=True, slots=True)
class EmptyState:
    """What a page says when there is nothing to show: what belongs here, why, and one way on."""

    title: Text
    text: Text = ""
    action: Button | None = None
    icon: str = "inbox"
