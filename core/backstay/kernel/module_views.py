"""How the Modules pages show a module: its card, and the parts of its own page."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from flask import url_for

from backstay.access.core_permissions import JOB_VIEW, PLUGIN_MANAGE
from backstay.i18n import gettext as _
from backstay.i18n import lazy, ngettext
from backstay.kernel.modules import STATE_LABELS
from backstay.kernel.states import ModuleState, Step
from backstay.kernel.step_log import Outcome
from backstay.resources.formats import instant_text
from backstay.resources.urls import resource_url
from backstay.web.page import (
    Button,
    Cell,
    FieldView,
    Head,
    Note,
    PanelView,
    RelatedView,
    Row,
    Tag,
)
from backstay.web.request import context, suite

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from backstay.access.role_templates import Proposal
    from backstay.i18n import Text
    from backstay.kernel.checks import CheckResult
    from backstay.kernel.modules import Module, ModuleDetails, Summary, UnderWay
    from backstay.kernel.step_log import LastStep
    from backstay.web.page import ButtonKind

_GONE: Final = frozenset({ModuleState.RETIRED, ModuleState.PURGED})
_TROUBLED: Final = frozenset({ModuleState.FAILED, ModuleState.PAUSED})


@dataclass(frozen=True, slots=True)
class StepWords:
    """How a step is called on its button."""

    label: Text
    icon: str
    kind: ButtonKind = "default"


WORDS: Final = {
    Step.ENABLE: StepWords(lazy("Switch on"), "player-play", "primary"),
    Step.UPGRADE: StepWords(lazy("Update"), "refresh", "primary"),
    Step.DISABLE: StepWords(lazy("Switch off"), "ban", "danger"),
    Step.RETIRE: StepWords(lazy("Uninstall"), "box", "danger"),
    Step.PURGE: StepWords(lazy("Delete its data"), "trash", "danger"),
}


@dataclass(frozen=True, slots=True)
class Card:
    """A module among the others."""

    title: str
    href: str
    icon: str
    status: Tag
    summary: str
    facts: tuple[str, ...]
    message: str
    step: Button | None


@dataclass(frozen=True, slots=True)
class CardGroup:
    """The modules of a category."""

    title: str
    cards: tuple[Card, ...]


def card_groups(
    modules: Sequence[Module], summaries: Mapping[str, Summary]
) -> tuple[CardGroup, ...]:
    """The cards of all modules by category; those that were uninstalled come last."""

    def category(one: Module) -> tuple[bool, str]:
        return (True, _("Uninstalled")) if one.state in _GONE else (False, _category(one))

    ordered = sorted(modules, key=lambda one: (*category(one), one.title.casefold()))
    return tuple(
        CardGroup(name, tuple(_card(one, summaries[one.name]) for one in found))
        for (_gone, name), found in groupby(ordered, key=category)
    )


def _category(found: Module) -> str:
    return found.category[:1].upper() + found.category[1:] or _("Other")


def _card(found: Module, summary: Summary) -> Card:
    label, tone = STATE_LABELS[found.state]
    forward = next((one for one in (Step.UPGRADE, Step.ENABLE) if one in found.steps), None)
    return Card(
        title=found.title,
        href=url_for("modules.module", name=found.name),
        icon=found.icon,
        status=Tag(label, tone),
        summary=found.summary,
        facts=tuple(_card_facts(found, summary)),
        message=found.message[:1].upper() + found.message[1:] if found.state in _TROUBLED else "",
        step=step_button(found, forward) if forward else None,
    )


def _card_facts(found: Module, summary: Summary) -> Iterator[str]:
    if found.version:
        yield _("Version %(version)s", version=found.version)
    if found.requires:
        yield _("needs %(names)s", names=", ".join(found.requires))
    if summary.permissions:
        yield ngettext("%(n)s permission", "%(n)s permissions", summary.permissions)
    if summary.tables:
        yield ngettext("%(n)s table", "%(n)s tables", summary.tables)
    if summary.waiting:
        yield ngettext("%(n)s job waits", "%(n)s jobs wait", summary.waiting)
    if summary.given_up:
        yield ngettext("%(n)s job was given up", "%(n)s jobs were given up", summary.given_up)
    if summary.check is not None:
        yield check_text(summary.check)


def check_text(check: CheckResult) -> str:
    """How many of the rules that apply are kept."""
    counts = check.counts
    return _(
        "keeps %(kept)s of %(all)s rules",
        kept=counts["pass"],
        all=counts["pass"] + counts["fail"],
    )


def step_button(found: Module, step: Step) -> Button:
    """The button that leads to the plan of a step."""
    words = WORDS[step]
    return Button(
        _("%(step)s …", step=words.label),
        href=url_for("modules.take", name=found.name, verb=step.value),
        icon=words.icon,
        kind=words.kind,
        disabled_reason=None
        if context().may(PLUGIN_MANAGE)
        else _("Your roles do not let you %(what)s.", what=PLUGIN_MANAGE.label),
    )


def _when(at: datetime) -> str:
    return instant_text(at, context().time_zone, context().locale)


def under_way_notes(step: UnderWay | None) -> tuple[Note, ...]:
    """What is being done now with some module, or was cut off."""
    if step is None:
        return ()
    words, since = WORDS[step.step].label, _when(step.since)
    if step.alive:
        text = _("“%(step)s” has been under way since %(since)s.", step=words, since=since)
        return (Note(text, "info", step.plugin),)
    text = _(
        "“%(step)s”, begun %(since)s, was cut off. Nothing of it is half done: take the step"
        " again.",
        step=words,
        since=since,
    )
    return (Note(text, "warn", step.plugin),)


def failed_step_notes(found: Module, last: LastStep | None) -> Iterator[Note]:
    """Why the last step changed nothing, where the state of the module does not say it already."""
    if last is None or last.outcome is not Outcome.FAILED or found.state in _TROUBLED:
        return
    title = _("“%(step)s” failed on %(at)s:", step=WORDS[last.step].label, at=_when(last.began_at))
    yield Note(last.message, "warn", title)


def missed_notes(details: ModuleDetails) -> Iterator[Note]:
    """What happened without a module that does not run."""
    if details.missed and details.missed_since:
        text = _(
            "%(events)s. It is not told of them afterwards: what it keeps may have to be made up"
            " for.",
            events=", ".join(one.text for one in details.missed),
        )
        title = _("Since %(at)s it misses these events:", at=_when(details.missed_since))
        yield Note(text, "info", title)


def by_role(proposals: Sequence[Proposal]) -> tuple[tuple[str, tuple[Proposal, ...]], ...]:
    """What is proposed for roles, under the name of each role."""
    return tuple(
        (name, tuple(found)) for name, found in groupby(proposals, lambda one: one.role_name)
    )


def notes(found: Module) -> tuple[Note, ...]:
    """What must not be overlooked about a module."""
    return (*_state_notes(found), *_running_notes(found))


def _state_notes(found: Module) -> Iterator[Note]:
    match found.state:
        case ModuleState.FAILED if found.message:
            yield Note(found.message, "bad", _("It does not run:"))
        case ModuleState.MISSING:
            text = _(
                "Its package is not installed any more. Its data is kept: install the package"
                " again, or uninstall the module."
            )
            yield Note(text, "bad")
        case ModuleState.UPGRADE_DUE:
            text = _(
                "Version %(new)s is installed, its data is at version %(old)s.",
                new=found.version,
                old=found.migrated,
            )
            yield Note(text, "warn")
        case ModuleState.RETIRED:
            text = _("Its data is kept. Its package may be removed from the machine.")
            yield Note(text, "info")
        case ModuleState.PURGED:
            text = _(
                "Its data was deleted. The export lies in the folder “exports” of the data folder:"
                " %(file)s",
                file=found.message,
            )
            yield Note(text, "info")


def _running_notes(found: Module) -> Iterator[Note]:
    """How it runs in the processes, beside where it stands."""
    if found.state is ModuleState.ENABLED and not found.running:
        text = (
            _("Backstay runs in safe mode, which starts no module.")
            if suite().safe_mode
            else _("It is being loaded; open this page again in a moment.")
        )
        yield Note(text, "info")


def facts(found: Module) -> tuple[FieldView, ...]:
    """What it is."""
    return (
        FieldView("name", _("Name"), found.name, "code"),
        FieldView("version", _("Installed version"), found.version),
        FieldView("migrated", _("Version of its data"), found.migrated),
        FieldView("category", _("Category"), _category(found)),
        FieldView("licence", _("Licence"), found.licence),
        FieldView("running", _("Runs now"), _("Yes") if found.running else _("No"), "bool"),
    )


def neighbours(found: Module) -> tuple[FieldView, ...]:
    """Which others it needs, and which need it."""
    return (
        FieldView("requires", _("Needs"), ", ".join(found.requires) or _("nothing else")),
        FieldView("needed_by", _("Needed by"), ", ".join(found.needed_by) or _("nothing else")),
    )


def panels(details: ModuleDetails) -> tuple[PanelView, ...]:
    """What it asks for, holds and does; how it was checked; what changed."""
    unknown = _("Known once it was switched on: until then nothing of it is loaded.")
    groups = [{"title": "", "permissions": details.permissions}]
    permissions = {
        "groups": groups if details.permissions else [],
        "gone": [],
        "empty": _("It asks for no permissions.") if details.known else unknown,
    }
    tables = _table(
        (Head("table", _("Table")), Head("rows", _("Rows"), "end")),
        tuple(Row((Cell(one.name, "code"), Cell(one.text, "number"))) for one in details.tables),
        _("It holds no data."),
    )
    jobs = _table(
        (Head("job", _("Job")), Head("name", _("Name"))),
        tuple(Row((Cell(label), Cell(name, "code"))) for name, label in details.jobs),
        _("It has no background jobs.") if details.known else unknown,
    )
    return (
        PanelView(_("Permissions it asks for"), "admin/permissions_panel.html", permissions),
        PanelView(_("Data it holds"), "admin/table_panel.html", tables, flush=True),
        PanelView(_("Background jobs"), "admin/table_panel.html", jobs, flush=True),
        *_failures(details),
        *_checked(details.check),
        *_changes(details),
    )


def _failures(details: ModuleDetails) -> Iterator[PanelView]:
    if not details.failures:
        return
    rows = tuple(
        Row(
            (
                Cell(_when(one.at) if one.at else ""),
                Cell(one.kind, "code"),
                Cell(one.error, tone="bad"),
            )
        )
        for one in details.failures
    )
    heads = (Head("at", _("When")), Head("job", _("Job")), Head("error", _("Error")))
    shown = _table(heads, rows, "")
    yield PanelView(_("Last errors"), "admin/table_panel.html", shown, flush=True)


def _checked(check: CheckResult | None) -> Iterator[PanelView]:
    if check is None:
        return
    where = (
        _("checked here on %(at)s", at=_when(check.checked_at))
        if check.here
        else _("checked by its author on %(at)s", at=_when(check.checked_at))
    )
    shown = {
        "text": _(
            "Version %(version)s %(kept)s, %(where)s.",
            version=check.version,
            kept=check_text(check),
            where=where,
        ),
        "broken": tuple(one for one in check.verdicts if one.result == "fail"),
    }
    yield PanelView(_("Rules for modules"), "admin/check_panel.html", shown)


def _changes(details: ModuleDetails) -> Iterator[PanelView]:
    if details.changes:
        yield PanelView(_("What changed"), "admin/changes_panel.html", details.changes)


def _table(heads: tuple[Head, ...], rows: tuple[Row, ...], empty: Text) -> dict[str, object]:
    return {"heads": heads, "rows": rows, "empty": empty, "links": ()}


def related(found: Module, details: ModuleDetails) -> tuple[RelatedView, ...]:
    """Its jobs, counted."""
    may_see_jobs = context().may(JOB_VIEW)
    jobs = resource_url("core.job", q=found.name) if may_see_jobs else None
    return (
        RelatedView(_("Jobs waiting"), str(details.waiting), jobs, "clock"),
        RelatedView(_("Jobs given up"), str(details.given_up), jobs, "alert-triangle"),
    )
