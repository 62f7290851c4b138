"""Control queries: questions that auditors ask of entries, each declared once.

Pages, files and the command line are made from the declarations. An answer is no proof of anything
wrong, it says where to look (ISA 240.33(a): journal entries and other adjustments are tested).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from backstay.spi import Invalid, NotFound
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay_ledger.audit import control_queries as queries
from backstay_ledger.audit.sampling import sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from sqlalchemy.orm import Session

    from backstay.spi import Text

CellOf = Literal["code", "text", "date", "instant", "money", "number", "percent"]


@dataclass(frozen=True, slots=True)
class ControlColumn:
    """A column of an answer: its name in files, its heading, and how its values are written."""

    name: str
    label: Text
    kind: CellOf = "text"


@dataclass(frozen=True, slots=True)
class Parameter:
    """What can be said beside the days.

    Arguments:
        default: a whole number, or the first of the choices.
        choices: values with their words; empty for a whole number from ``least`` to ``most``.
    """

    name: str
    label: Text
    default: str
    least: int = 0
    most: int = 1_000_000_000
    choices: tuple[tuple[str, Text], ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """The days of a question, both included, and its parameters."""

    first: date
    last: date
    values: Mapping[str, str] = field(default_factory=dict)

    def number(self, name: str) -> int:
        """A parameter that is a whole number."""
        return int(self.values[name])


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A control query.

    Arguments:
        question: what it answers, for people.
        source: the standard or publication that asks for it.
        find: the rows; the first value of each is the id of its entry (or None), the others are
            those of the columns.
    """

    name: str
    label: Text
    question: Text
    source: str
    find: Callable[[Session, Asked], Iterable[tuple[Any, ...]]]
    columns: tuple[ControlColumn, ...]
    parameters: tuple[Parameter, ...] = ()


ENTRY: Final = (
    ControlColumn("entry", _("Entry"), "code"),
    ControlColumn("date", _("Date"), "date"),
    ControlColumn("memo", _("Memo")),
    ControlColumn("amount", _("Amount"), "money"),
    ControlColumn("posted_by", _("Posted by")),
)
_POSTED_AT: Final = ControlColumn("posted_at", _("Posted at"), "instant")
_WRITTEN_BY: Final = ControlColumn("written_by", _("Written by"))
_APPROVED_BY: Final = ControlColumn("approved_by", _("Approved by"))

CONTROLS: Final = (
    Control(
        name="one_person",
        label=_("One person alone"),
        question=_(
            "Which entries over the limit of today were written and posted by the same person,"
            " with nobody to approve them?"
        ),
        source="ISA 240.A45; COSO, segregation of duties",
        find=queries.one_person,
        columns=(*ENTRY, _WRITTEN_BY, ControlColumn("limit", _("Limit"), "money")),
    ),
    Control(
        name="approved",
        label=_("Approvals"),
        question=_("Who approved which entries?"),
        source="ISA 330.8",
        find=queries.approved,
        columns=(*ENTRY, _WRITTEN_BY, _APPROVED_BY),
    ),
    Control(
        name="days_off",
        label=_("Posted on days off"),
        question=_(
            "Which entries were posted on a day that is no business day: by the calendar of the"
            " company, or a Saturday or Sunday where it has none?"
        ),
        source="ISA 240.A45",
        find=queries.days_off,
        columns=(*ENTRY, _POSTED_AT),
    ),
    Control(
        name="round_sums",
        label=_("Round sums"),
        question=_("Which entries have a total that is a round sum?"),
        source="ISA 240.A45; Nigrini, Benford's Law (2012), chapter 8",
        find=queries.round_sums,
        columns=ENTRY,
        parameters=(Parameter("unit", _("Multiple of"), "1000", least=1, most=100_000_000),),
    ),
    Control(
        name="below_limit",
        label=_("Just below the limit"),
        question=_("Which entries are a little less than what would need a second person?"),
        source="ISA 240.A45; Nigrini, Forensic Analytics (2011), chapter 11",
        find=queries.below_limit,
        columns=(*ENTRY, ControlColumn("limit", _("Limit"), "money")),
        parameters=(Parameter("percent", _("Percent below"), "10", least=1, most=100),),
    ),
    Control(
        name="after_closing",
        label=_("After closing"),
        question=_("Which entries were posted in a period after it had been closed once?"),
        source="ISA 240.A45",
        find=queries.after_closing,
        columns=(*ENTRY, _POSTED_AT, ControlColumn("closed_at", _("First closed"), "instant")),
    ),
    Control(
        name="back_dated",
        label=_("Dated back"),
        question=_("Which entries were posted long after their date?"),
        source="ISA 240.A45",
        find=queries.back_dated,
        columns=(*ENTRY, _POSTED_AT, ControlColumn("days", _("Days later"), "number")),
        parameters=(Parameter("days", _("More than days"), "30", most=10_000),),
    ),
    Control(
        name="rare_accounts",
        label=_("Unusual accounts"),
        question=_("Which entries connect a debit and a credit account that seldom meet?"),
        source="ISA 240.A45(a): entries to unrelated, unusual or seldom-used accounts",
        find=queries.rare_accounts,
        columns=(
            *ENTRY,
            ControlColumn("debit", _("Debit"), "code"),
            ControlColumn("credit", _("Credit"), "code"),
            ControlColumn("times", _("Entries"), "number"),
        ),
        parameters=(Parameter("times", _("In at most entries"), "1", least=1, most=1000),),
    ),
    Control(
        name="duplicates",
        label=_("Twice the same"),
        question=_("Which entries share account, amount, party and date with another?"),
        source="Nigrini, Forensic Analytics (2011), chapter 12: the same-same-same test",
        find=queries.duplicates,
        columns=(
            *ENTRY,
            ControlColumn("account", _("Account"), "code"),
            ControlColumn("party", _("Party")),
            ControlColumn("line_amount", _("Line"), "money"),
        ),
    ),
    Control(
        name="first_digits",
        label=_("First digits (Benford)"),
        question=_(
            "Are the first digits of the amounts as often as Benford's law says? The last row is"
            " the mean absolute deviation: up to 0.6 close, 1.2 acceptable, 1.5 marginal."
        ),
        source="Benford (1938); Nigrini, Benford's Law (2012), table 7.1",
        find=queries.first_digits,
        columns=(
            ControlColumn("digit", _("Digit"), "code"),
            ControlColumn("lines", _("Lines"), "number"),
            ControlColumn("share", _("Share in %"), "percent"),
            ControlColumn("expected", _("Expected in %"), "percent"),
            ControlColumn("difference", _("Difference"), "percent"),
        ),
    ),
    Control(
        name="leading",
        label=_("Entries by first digit"),
        question=_("Which entries have a line whose amount begins with a digit?"),
        source="Nigrini, Benford's Law (2012)",
        find=queries.leading,
        columns=(*ENTRY, ControlColumn("line_amount", _("Line"), "money")),
        parameters=(Parameter("digit", _("Digit"), "9", least=1, most=9),),
    ),
    Control(
        name="sample",
        label=_("Sample"),
        question=_(
            "A sample to look at on paper. The same days, size, seed and method give the same"
            " entries as long as nothing else is posted in these days."
        ),
        source="ISA 530.8, appendices 1 and 4 (monetary unit sampling)",
        find=sample,
        columns=ENTRY,
        parameters=(
            Parameter("size", _("Size"), "25", least=1, most=1000),
            Parameter("seed", _("Seed"), "1", most=999_999_999),
            Parameter(
                "method",
                _("Chosen by"),
                "amount",
                choices=(("amount", _("amount")), ("random", _("chance"))),
            ),
        ),
    ),
)


def control_of(name: str) -> Control:
    """The control query of a name.

    Raises:
        NotFound: there is none.
    """
    for one in CONTROLS:
        if one.name == name:
            return one
    known = ", ".join(one.name for one in CONTROLS)
    raise NotFound(translate("There is no such control query. There are: %(all)s.", all=known))


def read_values(control: Control, given: Mapping[str, str]) -> dict[str, str]:
    """The parameters of a control query as somebody gave them, or their defaults.

    Raises:
        Invalid: one is not what it may be; the message names it.
    """
    values: dict[str, str] = {}
    for one in control.parameters:
        value = given.get(one.name, "").strip() or one.default
        if one.choices:
            if value not in {choice for choice, _label in one.choices}:
                raise Invalid(
                    translate("“%(value)s” can't be chosen.", value=value[:20]), field=one.name
                )
        elif not (value.isascii() and value.isdigit() and one.least <= int(value) <= one.most):
            said = translate(
                "%(label)s: a whole number from %(least)s to %(most)s.",
                label=str(one.label),
                least=one.least,
                most=one.most,
            )
            raise Invalid(said, field=one.name)
        values[one.name] = value
    return values
