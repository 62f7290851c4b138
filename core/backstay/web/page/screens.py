"""The pages that are neither list, record nor form: home, plan, progress, error, sign-in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from backstay.i18n import Text
from backstay.web.page.pieces import Button, Note, Tone
from backstay.web.page.record import TimelineItem


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One thing to do first; ``href`` leads to where it is done."""

    label: Text
    text: Text = ""
    href: str | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that opens the rows behind it."""

    label: Text
    value: Text
    hint: Text = ""
    href: str | None = None
    tone: Tone = "neutral"
    icon: str | None = None


@dataclass(frozen=True, slots=True)
class HomePart:
    """What one module puts on the start page of a company, or of the administration."""

    figures: tuple[Figure, ...] = ()
    checklist: tuple[ChecklistItem, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Shortcuts:
    """Ways that belong together, under their heading."""

    label: Text
    buttons: tuple[Button, ...]


@dataclass(frozen=True, slots=True)
class HomePage:
    """The first page: what waits, where things stand, where to go."""

    title: Text
    subtitle: Text = ""
    checklist_title: Text = ""
    checklist: tuple[ChecklistItem, ...] = ()
    figures: tuple[Figure, ...] = ()
    shortcuts: tuple[Shortcuts, ...] = ()
    recent_title: Text = ""
    recent: tuple[TimelineItem, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One thing that a transition will do."""

    title: Text
    text: Text = ""
    tone: Tone = "neutral"


@dataclass(frozen=True, slots=True)
class PlanPage:
    """What is about to happen, before it happens. ``typed_name`` must be typed to go on."""

    title: Text
    steps: tuple[PlanStep, ...]
    confirm: Button
    cancel_href: str
    action: str = ""
    subtitle: Text = ""
    notes: tuple[Note, ...] = ()
    typed_name: str | None = None
    typed_problem: Text | None = None


@dataclass(frozen=True, slots=True)
class ProgressView:
    """A job under way; ``poll_href`` answers with ``components/progress_live.html`` until done."""

    title: Text
    state: Literal["waiting", "running", "done", "failed"]
    text: Text = ""
    done: int = 0
    total: int | None = None
    poll_href: str | None = None

    @property
    def percent(self) -> int | None:
        """How much is done, if the whole is known."""
        return min(100, self.done * 100 // self.total) if self.total else None


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """What happened and what to do about it; the request id helps whoever reads the log."""

    status: int
    title: Text
    message: Text
    advice: Text = ""
    request_id: str = ""
    actions: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class SignInPage:
    """The sign-in form: fields ``login``, ``password`` and ``next``."""

    action: str = "/sign-in"
    login: str = ""
    next: str = ""
    problem: Text | None = None
    notice: Text | None = None
