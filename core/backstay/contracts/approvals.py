"""The contract of approvals: what one person began, others have to agree to before it happens.

A module declares in ``backstay_approvables`` which actions on which of its records can need
approval, and asks before it carries one out::

    approvals = find(session, Approvals)
    if approvals is not None and approvals.required(session, subject) is not None:
        approvals.request(session, subject)  # the record waits in the inbox of those who decide
        return

Once enough people have approved, the declaration's own ``carry_out`` does the action in the
transaction of the last of them; a refusal calls ``send_back``. Whoever began it never decides
(separation of duties: ISO/IEC 27002:2022, control 5.3), administrators included, and not through a
deputy either.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from decimal import Decimal

    from sqlalchemy.orm import Session

    from backstay.access.permissions import Permission
    from backstay.i18n import Text


@dataclass(frozen=True, slots=True)
class Subject:
    """A record with the action that somebody wants done with it, as rules look at it.

    Arguments:
        record: the resource, such as ``ledger.entry``.
        action: what is to be done, such as ``post``.
        label: what people call the record.
        digest: a hash of all that is approved; another content has another one.
        made_by: sign-in names of everybody who wrote or submitted it; none of them decides.
        amount: in the base currency of the company, never negative; None where there is none.
        attributes: by the names that the declaration gives; each may have several values.
    """

    record: str
    action: str
    id: int
    label: str
    digest: str
    made_by: tuple[str, ...]
    amount: Decimal | None = None
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Preview:
    """What whoever decides sees of the record without opening it.

    Arguments:
        facts: labels with values, formatted for the reader.
        heads, rows: a table, such as the lines of an entry; amounts stand in ``figures``.
        figures: positions of the columns that hold amounts.
        href: where the record itself is.
    """

    facts: tuple[tuple[str, str], ...]
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    figures: frozenset[int] = frozenset()
    href: str = ""


@dataclass(frozen=True, slots=True)
class Approvable:
    """An action on records that rules can make wait for other people.

    Arguments:
        record: the resource; with ``action`` it is unique among all modules.
        label: what it is about, such as “Posting of journal entries”.
        attributes: name and label of what conditions can ask about, beside the amount and
            ``maker``, the sign-in names of those who made it.
        make: the permission to begin it, for the report on separation of duties.
        decide: the permission that everybody needs who approves or refuses it.
        subject: the record as it is now, locked until the transaction ends; None when it does not
            wait any more.
        preview: what is shown of it.
        carry_out: does the action; called by the last who approves, with their session. Returns
            what they are told, such as “Posted as GEN-2026-000017.”
        send_back: gives it back to whoever began it; called with the reason, which is empty when
            they took it back themselves.
    """

    record: str
    action: str
    label: Text
    attributes: tuple[tuple[str, Text], ...]
    make: Permission
    decide: Permission
    subject: Callable[[Session, int], Subject | None]
    preview: Callable[[Session, int], Preview]
    carry_out: Callable[[Session, int], str]
    send_back: Callable[[Session, int, str], None]

    @property
    def name(self) -> str:
        """Record and action in one, such as ``ledger.entry.post``."""
        return f"{self.record}.{self.action}"


class Verdict(enum.Enum):
    """What somebody decides."""

    APPROVE = "approve"
    REJECT = "reject"


class Outcome(enum.Enum):
    """What became of a request after somebody decided."""

    WAITING = "waiting"
    """More people have to approve."""
    CARRIED_OUT = "carried_out"
    REJECTED = "rejected"
    VOID = "void"
    """The record had changed: nothing was decided, and a new request asks everybody again."""


@dataclass(frozen=True, slots=True)
class StageNeeded:
    """One stage of an approval; the stages come in order.

    Arguments:
        who: the role or the persons who can decide, in words.
        people: how many different people have to approve.
        approved_by: sign-in names of those who did.
    """

    who: str
    people: int
    approved_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the request for a record stands.

    Arguments:
        rule: the name of the rule that asks for it; empty where none did.
    """

    request_id: int
    rule: str
    requested_by: str
    requested_at: datetime
    stages: tuple[StageNeeded, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision led to.

    Arguments:
        message: what whoever decided is told.
    """

    outcome: Outcome
    message: str


@dataclass(frozen=True, slots=True)
class ApprovalRequested:
    """Somebody asked for approval."""

    name: ClassVar[str] = "approvals.requested"
    version: ClassVar[int] = 1

    request_id: int
    record: str
    action: str
    record_id: int


@dataclass(frozen=True, slots=True)
class ApprovalDecided:
    """A request came to its end.

    Arguments:
        outcome: ``approved``, ``rejected``, ``withdrawn`` or ``void``.
    """

    name: ClassVar[str] = "approvals.decided"
    version: ClassVar[int] = 1

    request_id: int
    record: str
    action: str
    record_id: int
    outcome: str


class Approvals(Protocol):
    """The approvals of the company that the session works in."""

    def required(self, session: Session, subject: Subject) -> tuple[StageNeeded, ...] | None:
        """The stages that the rules ask for, or None when no rule is about it.

        The first rule in their order whose conditions all hold decides.
        """
        ...

    def request(self, session: Session, subject: Subject) -> Standing:
        """Ask for approval in the name of whoever acts; asked twice, there is one request.

        Where no rule is about it, one other person who may decide has to approve.

        Raises:
            Invalid: no running module declares the action on the record.
        """
        ...

    def decide(
        self, session: Session, subject: Subject, verdict: Verdict, reason: str = ""
    ) -> Decided:
        """Approve or refuse in the name of whoever acts, or of somebody they stand in for.

        Arguments:
            reason: needed to refuse.

        Raises:
            Forbidden: they began it, approved before, or are not among those who decide now.
            Invalid: it is refused without a reason.
        """
        ...

    def withdraw(self, session: Session, subject: Subject, reason: str = "") -> None:
        """End the open request, if there is one: the owner of the record took it back."""
        ...

    def standing(
        self, session: Session, record: str, action: str, record_id: int
    ) -> Standing | None:
        """The open request for a record, if there is one."""
        ...
