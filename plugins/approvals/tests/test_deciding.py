"""Requests from being asked for to the posted entry; each test on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from backstay.clock import today
from backstay.contracts.approvals import Approvals, Outcome, Verdict
from backstay.errors import Conflict, Forbidden, Invalid
from backstay.kernel.suite import approvables, require
from backstay_approvals.models import Stage
from backstay_approvals.permissions import INBOX_USE
from backstay_approvals.services.deputies import EndDeputy, NameDeputy, end_deputy, name_deputy
from backstay_approvals.services.duties import duties, hopeless_rules
from backstay_approvals.services.inbox import (
    asked_by_me,
    decide_request,
    decided_by_me,
    waiting_for_me,
)
from backstay_approvals.services.people import shortfall
from backstay_approvals.services.rules import CreateRule, create_rule
from backstay_ledger.approval.deciding import (
    ApproveEntry,
    SendBack,
    TakeBack,
    approve_entry,
    return_entry,
    send_back,
    take_back,
)
from backstay_ledger.permissions import ENTRY_APPROVE
from backstay_ledger.services.drafts import PostDraft, post_draft

if TYPE_CHECKING:
    from backstay.kernel.suite import Suite

    from .conftest import Office

POSTING = "ledger.entry.post"


def rule(office: Office, name: str = "Over the limit", **values: Any) -> None:
    with office.operating() as session:
        create_rule(session, CreateRule(name=name, **{"about": POSTING, **values}))


def decide(
    office: Office, login: str, entry_id: int, verdict: Verdict = Verdict.APPROVE, reason: str = ""
) -> Any:
    """Decide as the inbox does, on what was on the screen."""
    request_id, digest = office.rows(
        "SELECT id, digest FROM approvals_request WHERE record_id = :id ORDER BY id DESC",
        id=entry_id,
    )[0]
    with office.at_work(login) as session:
        return decide_request(session, request_id, digest, verdict, reason)


def inbox(office: Office, login: str) -> list[int]:
    with office.at_work(login) as session:
        return [one.row.record_id for one in waiting_for_me(session)]


def named(office: Office, actor: str, login: str, days: int = 7) -> int:
    day = today()
    with office.at_work(actor) as session:
        command = NameDeputy(login=login, starts_on=day, ends_on=day + timedelta(days=days))
        return name_deputy(session, command).id


def test_whoever_may_approve_entries_by_a_proposed_role_opens_the_inbox(suite: Suite) -> None:
    proposed: dict[str, set[str]] = {}
    for part in suite.parts:
        for role in part.role_templates:
            given = {permission.name for permission in role.permissions}
            proposed.setdefault(role.code, set()).update(given)
    approving = [code for code, given in proposed.items() if "ledger.entry.approve" in given]
    assert approving == ["controller"]
    assert INBOX_USE.name in proposed["controller"]


def test_without_a_rule_any_other_person_approves_and_that_posts_it(office: Office) -> None:
    entry = office.submit("maker")
    assert inbox(office, "maker") == []
    assert inbox(office, "admin") == [entry]
    done = decide(office, "anna", entry)
    assert (done.outcome, done.message) == (Outcome.CARRIED_OUT, "Posted as GEN-2026-000001.")
    assert office.state(entry) == ("posted", "anna")
    assert office.rows("SELECT state, closed_by FROM approvals_request") == [("approved", "anna")]
    with office.at_work("maker") as session:
        assert [one.record_id for one in asked_by_me(session)] == [entry]
    with office.at_work("anna") as session:
        assert [one.record_id for one in decided_by_me(session)] == [entry]


@pytest.mark.parametrize("login", ["maker", "admin"])
def test_the_maker_never_decides_administrators_included(office: Office, login: str) -> None:
    entry = office.submit(login)
    for verdict in Verdict:
        with pytest.raises(Forbidden, match="somebody else"):
            decide(office, login, entry, verdict, "No")
    assert office.state(entry) == ("waiting", None)


def test_stages_come_in_order_and_nobody_counts_twice(office: Office) -> None:
    rule(office, role_1="head", people_1=2, second=True, role_2="director", persons_2="anna")
    entry = office.submit("maker")
    with pytest.raises(Forbidden, match="It waits for Head"):
        decide(office, "carl", entry)
    assert inbox(office, "carl") == []
    assert decide(office, "anna", entry).outcome is Outcome.WAITING
    with pytest.raises(Forbidden, match="different people"):
        decide(office, "anna", entry)
    done = decide(office, "berta", entry)
    assert done.message == "Approved. Now it waits for Director or anna."
    with pytest.raises(Forbidden, match="different people"):
        decide(office, "anna", entry)
    assert inbox(office, "carl") == [entry]
    assert decide(office, "carl", entry).outcome is Outcome.CARRIED_OUT
    assert office.state(entry) == ("posted", "carl")
    assert office.rows("SELECT stage, decided_by FROM approvals_decision ORDER BY id") == [
        (1, "anna"),
        (1, "berta"),
        (2, "carl"),
    ]


def test_the_first_rule_that_fits_decides(office: Office) -> None:
    rule(office, "Bank", position=1, conditions="journal = BNK", role_1="director")
    rule(office, "Not by clerks", position=2, conditions="maker != maker", persons_1="berta")
    rule(office, "Large", position=3, over_amount=Decimal(5000), role_1="head", people_1=2)
    rule(office, "Others", position=4, about="*", role_1="head")
    for journal, login, amount in (
        ("BNK", "maker", "9000"),
        ("GEN", "admin", "9000"),
        ("GEN", "maker", "5000.01"),
        ("GEN", "maker", "5000"),
    ):
        office.submit(login, amount, journal)
    assert office.rows("SELECT rule FROM approvals_request ORDER BY id") == [
        ("Bank",),
        ("Not by clerks",),
        ("Large",),
        ("Others",),
    ]


def test_refused_with_a_reason_it_goes_back_and_is_asked_for_anew(office: Office) -> None:
    entry = office.submit("maker")
    with pytest.raises(Invalid, match="why"):
        decide(office, "anna", entry, Verdict.REJECT, " ")
    done = decide(office, "anna", entry, Verdict.REJECT, "Wrong account")
    assert (done.outcome, done.message) == (Outcome.REJECTED, "Sent back to maker.")
    assert office.state(entry) == ("draft", None)
    assert office.rows("SELECT state, reason FROM approvals_request") == [
        ("rejected", "Wrong account")
    ]
    with office.at_work("maker") as session:
        assert post_draft(session, PostDraft(id=entry)).waits
    assert decide(office, "anna", entry).outcome is Outcome.CARRIED_OUT
    assert office.rows("SELECT state FROM approvals_request ORDER BY id") == [
        ("rejected",),
        ("approved",),
    ]


def test_taken_back_by_its_maker_the_request_ends(office: Office) -> None:
    entry = office.submit("maker")
    with office.at_work("maker") as session:
        take_back(session, TakeBack(id=entry))
    assert office.value("SELECT state FROM approvals_request") == "withdrawn"
    with pytest.raises(Conflict, match="taken back"):
        decide(office, "anna", entry)


def test_the_buttons_of_the_entry_follow_the_rules_too(office: Office) -> None:
    rule(office, role_1="head", people_1=2)
    entry = office.submit("maker")
    with pytest.raises(Forbidden, match="Head"), office.at_work("carl") as session:
        approve_entry(session, ApproveEntry(id=entry))
    with office.at_work("anna") as session:
        assert approve_entry(session, ApproveEntry(id=entry)).waits
    with office.at_work("berta") as session:
        send_back(session, SendBack(id=entry, reason="Split it"))
    assert office.state(entry) == ("draft", None)
    assert office.value("SELECT state FROM approvals_request") == "rejected"


def test_a_changed_record_voids_every_approval(office: Office) -> None:
    rule(office, role_1="head", people_1=2)
    entry = office.submit("maker")
    decide(office, "anna", entry)
    with office.at_work("berta") as session:
        found = approvables(session)[POSTING].subject(session, entry)
        assert found is not None
        changed = replace(found, digest="0" * 64)
        done = require(session, Approvals).decide(session, changed, Verdict.APPROVE)
        assert done.outcome is Outcome.VOID
    assert office.state(entry)[0] == "waiting"
    states = office.rows("SELECT state, digest FROM approvals_request ORDER BY id")
    assert [(state, digest == "0" * 64) for state, digest in states] == [
        ("void", False),
        ("open", True),
    ]
    assert office.value("SELECT count(*) FROM approvals_decision") == 1


def test_what_was_not_on_the_screen_is_not_approved(office: Office) -> None:
    entry = office.submit("maker")
    request_id = office.value("SELECT id FROM approvals_request")
    with pytest.raises(Conflict, match="not what was shown"), office.at_work("anna") as session:
        decide_request(session, request_id, "1" * 64, Verdict.APPROVE, "")
    assert office.state(entry)[0] == "waiting"


def test_a_deputy_decides_and_who_acted_for_whom_is_kept(office: Office) -> None:
    rule(office, role_1="head")
    entry = office.submit("maker")
    deputy = named(office, "anna", "carl")
    assert inbox(office, "carl") == [entry]
    decide(office, "carl", entry)
    assert office.state(entry) == ("posted", "carl")
    assert office.rows("SELECT decided_by, counts_for FROM approvals_decision") == [
        ("carl", "anna")
    ]
    behalf = office.value(
        "SELECT on_behalf_of FROM core_audit WHERE entity = 'ledger_entry' AND action = 'post'"
    )
    assert behalf == "anna"
    with office.at_work("anna") as session:
        end_deputy(session, EndDeputy(id=deputy))
    another = office.submit("maker", "6000")
    assert inbox(office, "carl") == []
    with pytest.raises(Forbidden, match="Head"):
        decide(office, "carl", another)


def test_no_deputy_decides_on_what_either_of_the_two_began(office: Office) -> None:
    rule(office, persons_1="anna, berta")
    named(office, "anna", "carl")
    named(office, "berta", "maker")
    own = office.submit("anna")
    with pytest.raises(Forbidden, match="anna or berta"):
        decide(office, "carl", own)
    mine = office.submit("maker", "6000")
    with pytest.raises(Forbidden, match="somebody else"):
        decide(office, "maker", mine)


def test_nobody_counts_twice_through_a_deputy(office: Office) -> None:
    rule(office, role_1="head", people_1=2)
    entry = office.submit("maker")
    named(office, "anna", "carl")
    decide(office, "anna", entry)
    with pytest.raises(Forbidden, match="Head"):
        decide(office, "carl", entry)


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"login": "anna"}, "own deputy"),
        ({"login": "nobody"}, "does not work"),
        ({"login": "carl", "days": -1}, "before"),
        ({"login": "carl", "days": 400}, "year"),
    ],
)
def test_a_deputy_has_an_end_and_is_somebody_else(
    office: Office, values: dict[str, Any], match: str
) -> None:
    with pytest.raises(Invalid, match=match):
        named(office, "anna", **values)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"conditions": "journal GEN"}, "conditions"),
        ({"conditions": "colour = red"}, "conditions"),
        ({"over_amount": Decimal(-1)}, "over_amount"),
        ({"persons_1": "anna, nobody"}, "persons_1"),
        ({"people_1": 0}, "people_1"),
        ({"about": "ledger.entry.burn"}, "about"),
        ({"about": "*", "conditions": "journal = GEN"}, "conditions"),
    ],
)
def test_a_rule_that_can_not_be_read_is_refused_at_its_field(
    office: Office, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        rule(office, **values)
    assert refused.value.problems[0].field == field


def test_a_rule_that_too_few_people_satisfy_is_pointed_out(office: Office) -> None:
    rule(office, "Directors", position=1, role_1="director", people_1=2)
    rule(office, "Twice", position=2, role_1="head", people_1=2, second=True, persons_2="anna")
    rule(office, "Fine", position=3, role_1="head")
    with office.operating() as session:
        found = {one.name: why for one, why in hopeless_rules(session)}
        assert set(found) == {"Directors", "Twice"}
        assert "Stage 1 can never be satisfied: it asks for 2, and 1 can" in found["Directors"]
        assert "3 different people in all, and 2 can decide" in found["Twice"]
        close = shortfall(session, (Stage("head", (), 2),), ENTRY_APPROVE)
        assert close == "It can't be satisfied when one of these began it: anna, berta."


def test_who_can_both_begin_and_approve_is_reported(office: Office) -> None:
    office.hire("writer", permissions=("ledger.entry.post",))
    office.hire("checker", permissions=("ledger.entry.approve",))
    with office.operating() as session:
        (found,) = duties(session)
        both = {one.person.login: (one.begins, one.approves) for one in found.people}
    assert both["writer"] == (True, False)
    assert both["checker"] == (False, True)
    assert both["anna"] == (True, True)


def test_a_request_whose_record_waits_no_longer_is_closed_by_whoever_finds_it(
    office: Office,
) -> None:
    entry = office.submit("maker")
    with office.at_work("maker") as session:  # as if it was taken back while the module was off
        return_entry(session, entry, "")
    assert decide(office, "anna", entry).outcome is Outcome.VOID
    assert office.value("SELECT state FROM approvals_request") == "void"
