"""A record page: values in sections, the status bar, related records and the timeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from backstay.i18n import Text
from backstay.web.page.pieces import Button, Note, Tag, Tone
from backstay.web.page.tables import CellKind

StepState: TypeAlias = Literal["done", "current", "next"]


@dataclass(frozen=True, slots=True)
class FieldView:
    """A value with its label. ``masked`` says that the reader may know of it but not read it."""

    name: str
    label: Text
    text: Text = ""
    kind: CellKind = "text"
    href: str | None = None
    help: Text = ""
    masked: bool = False
    tone: Tone | None = None
    wide: bool = False


@dataclass(frozen=True, slots=True)
class SectionView:
    """A titled group of values."""

    title: Text
    fields: tuple[FieldView, ...]
    help: Text = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One state in the status bar of a record."""

    label: Text
    state: StepState = "next"


@dataclass(frozen=True, slots=True)
class RelatedView:
    """Records that hang on this one, counted."""

    label: Text
    count_text: Text
    href: str | None
    icon: str = "link"


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after."""

    field: Text
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """One thing that happened to a record; ``at_iso`` is the instant, ``at_text`` as it is read."""

    actor: str
    initials: str
    action_text: Text
    at_iso: str
    at_text: str
    changes: tuple[Change, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PanelView:
    """A part of a record page drawn by a template that finds its values in ``panel.context``."""

    title: Text
    template: str
    context: object = None
    flush: bool = False
    plugin: str = "core"
    """Whose it is, for the count of what fails."""


@dataclass(frozen=True, slots=True)
class RecordPage:
    """A record: what it is, where it stands, the one next action, and what happened to it.

    ``menu`` holds what is needed more rarely than ``actions``, behind one button.
    """

    title: Text
    subtitle: Text = ""
    status: Tag | None = None
    steps: tuple[Step, ...] = ()
    primary: Button | None = None
    actions: tuple[Button, ...] = ()
    menu: tuple[Button, ...] = ()
    sections: tuple[SectionView, ...] = ()
    panels: tuple[PanelView, ...] = ()
    related: tuple[RelatedView, ...] = ()
    timeline: tuple[TimelineItem, ...] | None = None
    help: Text = ""
    notes: tuple[Note, ...] = ()
