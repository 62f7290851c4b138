"""The approvals behind ``backstay.contracts.approvals``: what other plugins ask through."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backstay.contracts.approvals import Decided, StageNeeded, Standing, Subject, Verdict
from backstay_approvals.services import requests


class CompanyApprovals:
    """Implements the protocol ``Approvals`` with the services of this plugin."""

    def required(self, session: Session, subject: Subject) -> tuple[StageNeeded, ...] | None:
        """The stages that the rules ask for."""
        found = requests.stages_for(session, subject)
        return None if found is None else requests.needed(session, found[1])

    def request(self, session: Session, subject: Subject) -> Standing:
        """Ask for approval."""
        return requests.standing_of(session, requests.ask(session, subject))

    def decide(
        self, session: Session, subject: Subject, verdict: Verdict, reason: str = ""
    ) -> Decided:
        """Approve or refuse."""
        return requests.decide(session, subject, verdict, reason)

    def withdraw(self, session: Session, subject: Subject, reason: str = "") -> None:
        """End the open request."""
        requests.withdraw(session, subject, reason)

    def standing(
        self, session: Session, record: str, action: str, record_id: int
    ) -> Standing | None:
        """The open request for a record."""
        opened = requests.open_request(session, record, action, record_id, lock=False)
        return None if opened is None else requests.standing_of(session, opened)
