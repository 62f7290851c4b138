"""What both databases refuse by themselves, whoever sends the SQL."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import make_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from backstay.db.database import Database

    from .conftest import Office

REFUSED = (sqlite3.Error, psycopg.Error)
TABLES = (
    "approvals_request",
    "approvals_request_stage",
    "approvals_request_maker",
    "approvals_decision",
    "approvals_deputy",
)
DECISION = (
    "INSERT INTO approvals_decision (id, company_id, request_id, stage, verdict, decided_by,"
    " counts_for, digest, reason, decided_at) SELECT {at}, company_id, id, {stage}, 'approve',"
    " '{by}', '{counts_for}', {digest}, '', 1 FROM approvals_request WHERE id = {open}"
)


def decision(
    by: str, counts_for: str = "", at: int = 7, stage: int = 1, digest: str = "digest"
) -> str:
    values = {"by": by, "counts_for": counts_for or by, "at": at, "stage": stage}
    return DECISION.format(digest=digest, open="{open}", **values)


CLOSE = (
    "UPDATE approvals_request SET state = 'approved', closed_by = 'x', closed_at = 1"
    " WHERE id = {open}"
)
MAKER = (
    "INSERT INTO approvals_request_maker (company_id, request_id, login)"
    " SELECT company_id, id, 'berta' FROM approvals_request WHERE id = {open}"
)
ATTACKS = {
    "a decision by the maker": decision("maker"),
    "a decision in the place of the maker": decision("anna", "maker"),
    "a decision by the maker in somebody's place": decision("maker", "anna"),
    "a second decision by the same person": (decision("anna"), decision("anna", "berta", 8)),
    "a second decision for the same person": (decision("anna"), decision("berta", "anna", 8)),
    "a decision out of turn": decision("anna", stage=2),
    "a decision on another content": decision("anna", digest="'other'"),
    "a refusal without a reason": decision("anna").replace("'approve'", "'reject'"),
    "a decision on what is closed": decision("anna").replace("{open}", "{closed}"),
    "an approval that nobody gave": CLOSE,
    "an approval that too few gave": (decision("anna"), CLOSE),
    "an approval of no stage": (
        "DELETE FROM approvals_request_stage WHERE request_id = {open}",
        CLOSE,
    ),
    "a stage of fewer people": (
        "UPDATE approvals_request_stage SET people = 1 WHERE request_id = {open}"
    ),
    "a maker who was none": (
        "UPDATE approvals_request_maker SET login = 'x' WHERE request_id = {open}"
    ),
    "a maker taken away": "DELETE FROM approvals_request_maker WHERE request_id = {open}",
    "a maker afterwards": (decision("anna"), MAKER),
    "another content": "UPDATE approvals_request SET digest = 'x' WHERE id = {open}",
    "another record": "UPDATE approvals_request SET record_id = 1 WHERE id = {open}",
    "another amount": "UPDATE approvals_request SET amount = 1 WHERE id = {open}",
    "a request taken away": "DELETE FROM approvals_request WHERE id = {open}",
    "a closed request opened": (
        "UPDATE approvals_request SET state = 'open', closed_by = NULL, closed_at = NULL"
        " WHERE id = {closed}"
    ),
    "a closed request with another reason": (
        "UPDATE approvals_request SET reason = 'x' WHERE id = {closed}"
    ),
    "a decision changed": "UPDATE approvals_decision SET decided_by = 'x'",
    "a decision taken away": "DELETE FROM approvals_decision",
    "a deputy for longer": "UPDATE approvals_deputy SET ends_on = '2099-01-01'",
    "a deputy of somebody else": "UPDATE approvals_deputy SET stands_for = 'berta'",
    "a deputy taken away": "DELETE FROM approvals_deputy",
    "a deputy of themselves": (
        "INSERT INTO approvals_deputy (id, company_id, login, stands_for, starts_on, ends_on,"
        " reason, named_by, version) SELECT 7, company_id, 'x', 'x', '2026-01-01', '2026-01-02',"
        " '', 'x', 1 FROM approvals_request WHERE id = {open}"
    ),
}


@pytest.fixture
def raw(database: Database) -> Iterator[Callable[..., None]]:
    """Statements in one transaction, by somebody who pretends to be Backstay."""
    url = make_url(database.url)
    connection: Any
    if database.is_sqlite:
        connection = sqlite3.connect(str(url.database), isolation_level=None)
        connection.create_function("backstay_audit_context_required", 0, lambda: 1)
    else:
        plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = psycopg.connect(plain, autocommit=True)
        connection.execute("SELECT set_config('backstay.actor', 'intruder', false)")

    def run(*statements: str) -> None:
        connection.execute("BEGIN")
        try:
            for statement in statements:
                connection.execute(statement)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    yield run
    connection.close()


@pytest.fixture
def ids(office: Office) -> dict[str, int]:
    """An open request for two people, and one that was decided; and a deputy."""
    from .test_deciding import decide, named, rule

    closed = office.submit("admin")
    decide(office, "anna", closed)
    rule(office, role_1="head", people_1=2)
    office.submit("maker", "6000")
    named(office, "carl", "admin")
    rows = dict(office.rows("SELECT state, id FROM approvals_request"))
    return {"open": rows["open"], "closed": rows["approved"]}


@pytest.mark.parametrize("what", ATTACKS)
def test_sql_rewrites_nothing_and_approves_nothing(
    office: Office, raw: Callable[..., None], ids: dict[str, int], what: str
) -> None:
    def everything() -> list[Any]:
        return [office.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in TABLES]  # noqa: S608

    before = everything()
    attack = ATTACKS[what]
    statements = (attack,) if isinstance(attack, str) else attack
    with pytest.raises(REFUSED):
        raw(*(statement.format(**ids) for statement in statements))
    assert everything() == before


def test_two_people_and_the_last_of_them_closes_it(
    office: Office, raw: Callable[..., None], ids: dict[str, int]
) -> None:
    """The same statements, allowed: so it is the rules that refuse the others."""
    statements = (decision("anna"), decision("berta", at=8), CLOSE)
    raw(*(statement.format(**ids) for statement in statements))
    assert office.value("SELECT state FROM approvals_request WHERE id = :id", id=ids["open"]) == (
        "approved"
    )
