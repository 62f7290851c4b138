"""Records for the tests that attack the plugin, where its declarations do not say it all."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from backstay.spi import company_of, new_id, now
from backstay.testing.attack import Sample
from backstay_approvals.models import (
    Deputy,
    Request,
    RequestMaker,
    RequestStage,
    RequestState,
    Rule,
    Stage,
)
from backstay_approvals.services.rules import EVERYTHING

if TYPE_CHECKING:
    from backstay.testing.attack import Making


def rule(making: Making) -> Rule:
    """A rule that any other person satisfies."""
    row = Rule(
        company_id=company_of(making.session).id,
        name=f"Sample {making.number}",
        about=EVERYTHING,
        position=making.number,
        stages=[Stage().stored()],
    )
    making.session.add(row)
    making.session.flush()
    return row


def request(making: Making) -> Request:
    """An open request about a record of a module that is not there."""
    row = Request(
        id=new_id(),
        company_id=company_of(making.session).id,
        record="sample.record",
        action="do",
        record_id=new_id(),
        label=f"Sample {making.number}",
        digest=f"{making.number:064d}",
        state=RequestState.OPEN,
        stage=1,
        requested_by="sample",
        requested_at=now(),
    )
    making.session.add(row)
    making.session.flush()
    making.session.add_all(
        (
            RequestStage(
                company_id=row.company_id, request_id=row.id, position=1, persons=[], people=1
            ),
            RequestMaker(company_id=row.company_id, request_id=row.id, login="sample"),
        )
    )
    making.session.flush()
    return row


def closed(making: Making) -> Request:
    """The same, taken back."""
    row = request(making)
    row.state, row.closed_by, row.closed_at = RequestState.WITHDRAWN, "sample", now()
    making.session.flush()
    return row


def deputy(making: Making) -> Deputy:
    """A deputy in the far future."""
    row = Deputy(
        company_id=company_of(making.session).id,
        login=f"sample{making.number}",
        stands_for="sample",
        starts_on=date(2090, 1, 1),
        ends_on=date(2090, 1, 31),
        reason=f"Sample {making.number}",
        named_by="sample",
    )
    making.session.add(row)
    making.session.flush()
    return row


SAMPLES: Final = (
    Sample(
        resource="approvals.rule",
        make=rule,
        values={
            "about": lambda _number: EVERYTHING,
            "conditions": lambda number: f"maker = sample{number}",
            "role_1": lambda _number: "",
            "role_2": lambda _number: "",
            "role_3": lambda _number: "",
            "persons_1": lambda _number: "",
            "persons_2": lambda _number: "",
            "persons_3": lambda _number: "",
        },
    ),
    Sample(resource="approvals.request", make=request),
    Sample(resource="approvals.request", make=closed, state=RequestState.WITHDRAWN.value),
    Sample(
        resource="approvals.deputy",
        make=deputy,
        values={
            "login": lambda _number: "boss",
            "stands_for": lambda _number: "member",
            "starts_on": lambda _number: date(2090, 1, 1),
            "ends_on": lambda _number: date(2090, 1, 31),
        },
    ),
)
