"""The reference page: read by people, and its examples work when they are pasted."""

from __future__ import annotations

import html
import json
import re
import shlex
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from backstay.api.openapi import ANSWERS
from backstay.companies.models import Company
from backstay.db.context import operator_context
from backstay.testing.api import ApiClient
from backstay.testing.web import Browser, make_user, web_app

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.test import TestResponse

    from backstay.db.context import CompanyRef
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

__all__ = ["web_app"]
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
EXAMPLE = re.compile(
    r'<pre class="shell"[^>]*aria-label="([^"]*)"[^>]*><code>(.*?)</code>', re.DOTALL
)


@pytest.fixture
def boss(web_app: Flask, database: Database, suite: Suite, alpha: CompanyRef) -> Browser:
    """May do everything, in ALPHA with the demo records of all plugins."""
    with database.write(operator_context("system:test", company=alpha), suite) as session:
        company = session.scalars(select(Company).where(Company.id == alpha.id)).one()
        for part in suite.parts:
            for choice in part.company_setup:
                choice.apply(session, company, choice.default)
                session.flush()
        for part in suite.parts:
            for demo in part.demo:
                demo.fill(session, company)
                session.flush()
    make_user(database, "boss", list(suite.permissions))
    # Somebody comes before them in lists: nobody disables themselves.
    make_user(database, "amy", ["core.role.view"], alpha)
    return Browser.for_user(web_app, database, "boss")


class Shell:
    """Carries the examples out as a shell with curl would."""

    def __init__(self, program: ApiClient, variables: dict[str, str]) -> None:
        self.program = program
        self.variables = variables

    def run(self, line: str) -> TestResponse:
        """Send what a line with curl sends."""
        words = shlex.split(line.replace("\\\n", " "))
        assert words[0] == "curl"
        method, path, body, headers = "GET", "", None, {}
        rest = iter(words[1:])
        for word in rest:
            if word == "-X":
                method = next(rest)
            elif word == "-H":
                name, _colon, value = self.filled(next(rest)).partition(": ")
                headers[name] = value
            elif word == "-d":
                body = next(rest).encode()
            elif word != "-s":
                path = self.filled(word)
        assert headers["Authorization"] == f"Bearer {self.program.token}"
        return self.program.send(method, path, body, headers=headers)

    def filled(self, text: str) -> str:
        """The text with the variables of the shell filled in."""
        return re.sub(r"\$([A-Z]+)", lambda found: self.variables[found[1]], text)


def test_the_index_is_grouped_by_module_with_titles_for_people(boss: Browser) -> None:
    index = boss.get("/api/v1/").text
    assert "<h2>Administration</h2>" in index
    for title in ("Service accounts", "API tokens", "Roles"):
        assert re.search(rf"<h2[^>]*>{title}</h2>|<h3[^>]*>{title}</h3>", index), title
    assert ">core.role<" not in index
    # Examples stand with each resource; the index has the first call alone.
    assert index.count("curl") == 1
    begin = index[index.index('id="begin"') :].split("</section>")[0]
    assert "curl -si" in begin
    assert "export TOKEN=bst_" in begin


def test_the_index_holds_the_rules_and_what_to_do_about_each_refusal(boss: Browser) -> None:
    index = boss.get("/api/v1/").text
    rules = index[index.index('id="rules"') :].split("</section>")[0]
    for words in ("Idempotency-Key", "If-Match", "“after”", "1250.00", "30 wrong tokens"):
        assert words in rules, words
    refusals = index[index.index('id="refusals"') :].split("</section>")[0]
    for status in (*ANSWERS, "application/problem+json"):
        assert status in refusals, status
    assert 'id="rules"' not in boss.get("/api/v1/?q=journal").text
    assert "/api/v1/#refusals" in boss.get("/api/v1/?resource=core.role").text


def test_a_record_is_shown_as_an_answer_has_it_and_texts_are_called_texts(boss: Browser) -> None:
    page = boss.get("/api/v1/?resource=ledger.entry").text
    record = page[page.index('id="record"') :].split("</section>")[0]
    shown = re.search(r"<pre[^>]*><code>(\{.*?)</code>", record, re.DOTALL)
    assert shown
    example = json.loads(html.unescape(shown[1]))
    assert example["lines"][0]["account"]
    memo = re.search(r"<code>memo</code>.*?</tr>", record, re.DOTALL)
    assert memo
    assert "string | null" in memo[0]
    assert ">amount | null<" in record


def test_examples_leave_out_what_lines_may_leave_out(boss: Browser) -> None:
    page = boss.get("/api/v1/?resource=ledger.entry").text
    label = "Create and post: Journal entry"
    [shown] = [text for named, text in EXAMPLE.findall(page) if label in named]
    body = shlex.split(html.unescape(shown).replace("\\\n", " "))[-1]
    for line in json.loads(body)["lines"]:
        assert {None, "", False}.isdisjoint(line.values()), line


def test_it_is_reached_from_the_account_menu_and_the_palette(boss: Browser) -> None:
    assert 'href="/api/v1/"' in boss.get("/me/").text
    assert "/api/v1/" in boss.get("/me/palette?q=api").text


def test_it_says_what_an_answer_holds(boss: Browser) -> None:
    page = boss.get("/api/v1/?resource=ledger.entry").text
    shown = re.search(r'id="record".*?</table>', page, re.DOTALL)
    assert shown
    for member in ("number", "state", "lines", "lines[].account", "lines[].debit", "version"):
        assert f"<code>{member}</code>" in shown[0], member
    # A list has marks beside its records, and posting answers with the number.
    listed, posted = (
        page[page.index(f'id="ledger-entry-{name}"') :].split("</section>")[0]
        for name in ("list", "on_list_post")
    )
    assert "<code>count_is_exact</code>" in listed
    assert "<code>existed</code>" in posted


@pytest.mark.usefixtures("boss")
def test_every_example_works_when_it_is_pasted(
    web_app: Flask, database: Database, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One person makes a token for each resource here, more than anybody may have in use.
    monkeypatch.setattr("backstay.access.tokens.MOST_ACTIVE", 1000)
    wrong, tried = [], 0
    program = ApiClient.for_user(web_app, database, suite, "boss")
    for name in suite.resources:
        # Some examples end sessions and revoke tokens, of which nobody may have one for each.
        boss = Browser.for_user(web_app, database, "boss")
        if program.get("core/users?limit=1").status_code != 200:
            program = ApiClient.for_user(web_app, database, suite, "boss")
        shell = Shell(program, {"BACKSTAY": "", "TOKEN": program.token})
        page = boss.get(f"/api/v1/?resource={name}").text
        for label, shown in EXAMPLE.findall(page):
            text = html.unescape(shown)
            if label == "Before the examples":
                named = re.findall(r"^export (\w+)=([A-Z0-9-]+)$", text, re.MULTILINE)
                shell.variables |= dict(named)
                listed = re.search(r"^export ID=\$\((.*) \| sed .*\)$", text, re.MULTILINE)
                assert listed, text
                items = (shell.run(listed[1]).json or {})["items"]
                shell.variables["ID"] = items[0]["id"] if items else ""
                continue
            if "$ID" in text and not shell.variables["ID"]:
                continue  # there is no record to show it with
            if text.startswith("ETAG="):
                found = re.match(r'ETAG=\$\(curl -sI "\$BACKSTAY(/api/v1/\S+)" -H .*\n', text)
                assert found, text
                head = program.send("HEAD", shell.filled(found[1]))
                shell.variables["ETAG"] = head.headers["ETag"]
            answered = shell.run(text[text.index("curl -X") if "curl -X" in text else 0 :])
            tried += 1
            # What the first record itself forbids is refused as such: its state, that it waits for
            # somebody else (for the caller has every permission), or that it does not balance; the
            # example has nothing in it then that could be wrong.
            of_record = answered.status_code in {403, 409} or text.endswith("-d '{}'")
            if answered.status_code >= 400 and not of_record:
                said = json.dumps((answered.json or {}).get("errors"))
                wrong.append(f"{name} {label}: {answered.status_code} {said} {text}")
    assert wrong == [], "\n".join(wrong)
    assert tried > 30
