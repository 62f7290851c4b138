"""The inbox as somebody at a browser sees it; each test on both databases."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from backstay.testing.web import Browser

from .test_deciding import rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from .conftest import Office

HOME = "/c/ALPHA/approvals"


@pytest.fixture
def at(web_app: Flask, office: Office) -> Callable[[str], Browser]:
    return lambda login: Browser.for_user(web_app, office.database, login)


def test_the_inbox_shows_what_an_entry_says_and_approving_posts_it(
    office: Office, at: Callable[[str], Browser]
) -> None:
    first = office.submit("maker", "5000")
    office.submit("admin", "7000")
    anna = at("anna")
    html = anna.get(f"{HOME}/inbox").text
    assert "Machine 5000" in html
    assert "Machine 7000" in html
    assert "Waits for you (2)" in html
    assert re.search(r"<td[^>]*>1100", html)
    assert "5,000.00" in html
    action = re.findall(rf'action="({HOME}/inbox/\d+)"', html)[0]
    digest = re.findall(r'name="digest" value="(\w+)"', html)[0]
    assert (
        anna.post(action, {"digest": digest, "verdict": "reject", "reason": ""}).status_code == 422
    )
    assert anna.post(action, {"digest": digest, "verdict": "perhaps"}).status_code == 422
    assert anna.post(action, {"digest": digest, "verdict": "approve"}).status_code == 303
    assert office.state(first) == ("posted", "anna")
    after = anna.get(f"{HOME}/inbox").text
    assert "Posted as GEN-2026-000001." in after
    assert "Machine 7000" in after
    assert "Machine 5000" in anna.get(f"{HOME}/inbox?show=decided").text
    assert "Machine 5000" in at("maker").get(f"{HOME}/inbox?show=asked").text
    assert "Waits for your approval" in anna.get("/c/ALPHA/").text


def test_whoever_made_it_finds_nothing_and_is_refused(
    office: Office, at: Callable[[str], Browser]
) -> None:
    entry = office.submit("admin")
    admin = at("admin")
    assert "Nothing waits for you" in admin.get(f"{HOME}/inbox").text
    request_id, digest = office.rows("SELECT id, digest FROM approvals_request")[0]
    answer = admin.post(f"{HOME}/inbox/{request_id}", {"digest": digest, "verdict": "approve"})
    assert answer.status_code == 403
    assert "somebody else" in answer.text
    assert office.state(entry)[0] == "waiting"


def test_several_at_once_are_previewed_and_all_or_none_is_approved(
    office: Office, at: Callable[[str], Browser]
) -> None:
    entries = [office.submit("maker", amount) for amount in ("5000", "6000", "7000")]
    anna = at("anna")
    html = anna.get(f"{HOME}/together").text
    picks = re.findall(r'name="pick" value="([\w.]+)"', html)
    assert len(picks) == 3
    assert html.count("4000") >= 3
    broken = [picks[0], picks[1][:-1] + "x"]
    assert anna.post(f"{HOME}/together", {"pick": broken}).status_code == 409
    assert [office.state(one)[0] for one in entries] == ["waiting"] * 3
    assert anna.post(f"{HOME}/together", {}).status_code == 422
    assert anna.post(f"{HOME}/together", {"pick": picks[:2]}).status_code == 303
    assert [office.state(one)[0] for one in entries] == ["posted", "posted", "waiting"]


def test_the_entry_says_who_has_to_approve_and_who_did(
    office: Office, at: Callable[[str], Browser]
) -> None:
    rule(office, role_1="head", people_1=2)
    entry = office.submit("maker")
    page = f"/c/ALPHA/ledger/entries/{entry}"
    html = at("maker").get(page).text
    assert "2 people have to approve: Head." in html
    anna = at("anna")
    anna.get(page)
    assert anna.post(f"{page}/do/approve", {}).status_code == 303
    assert "Approved by anna." in at("maker").get(page).text


def test_a_rule_is_made_with_a_warning_when_too_few_can_satisfy_it(
    office: Office, at: Callable[[str], Browser]
) -> None:
    admin = at("admin")
    admin.get(f"{HOME}/rules/new")
    form = {
        "name": "Directors",
        "about": "ledger.entry.post",
        "position": "10",
        "over_amount": "10,000",
        "role_1": "director",
        "people_1": "2",
        "people_2": "1",
        "people_3": "1",
    }
    answer = admin.post(f"{HOME}/rules/new", form, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    assert "Stage 1 can never be satisfied" in answer.text
    assert "2 people" in answer.text
    report = admin.get(f"{HOME}/duties").text
    assert "Stage 1 can never be satisfied" in report
    assert "Posting of journal entries over a limit" in report
