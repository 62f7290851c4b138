"""Companies: made with what the plugins set up, in one transaction, or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from sqlalchemy import func, select

from backstay.access.core_permissions import COMPANY_CREATE
from backstay.companies.currencies import currency_codes, minor_units
from backstay.companies.declare import SetupChoice
from backstay.companies.models import Company, CompanyState
from backstay.companies.services import (
    ArchiveCompany,
    CreateCompany,
    EditCompany,
    ReopenCompany,
    archive_company,
    create_company,
    edit_company,
    reopen_company,
)
from backstay.db.context import authorize, company_of, context_of
from backstay.errors import Conflict, Forbidden, Invalid, Stale
from backstay.kernel.suite import Part
from backstay.resources.declare import Choice

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.db.context import CompanyRef
    from backstay.kernel.suite import Suite

    from .conftest import Office

Asked: TypeAlias = "tuple[Suite, list[tuple[str, str, str]]]"
ACME = CreateCompany(code="acme", name="Acme", currency="eur", fiscal_year_start="4")


@pytest.fixture
def asked(office: Office) -> Asked:
    """The suite with a plugin that asks something, and what it was answered."""
    answers: list[tuple[str, str, str]] = []

    def apply(session: Session, company: Company, value: str) -> None:
        # The plugin's own permissions are in force although an administrator has none of them.
        authorize(session, office.suite.permissions["core.grant.edit"])
        answers.append((company_of(session).code, context_of(session).actor.label, value))
        if value == "bad":
            raise Invalid("This one does not work.", field="kind")

    question = SetupChoice(
        "kind", "Kind", "Which one", (Choice("good", "Good"), Choice("bad", "Bad")), apply, "good"
    )
    suite = replace(
        office.suite,
        parts=(office.suite.parts[0], Part("probe", company_setup=(question,))),
        permissions={},
        resources={},
        jobs={},
        imports={},
        services={},
    )
    return suite, answers


def test_a_company_copies_the_decimals_of_its_currency(office: Office) -> None:
    with office.write() as session:
        made = create_company(session, ACME)
        dinar = create_company(session, replace(ACME, code="KW", currency="KWD"))
    assert (made.code, made.currency, made.minor_units) == ("ACME", "EUR", 2)
    assert made.fiscal_year_start == 4
    assert dinar.minor_units == 3


def test_decimals_are_those_of_the_standard_not_of_daily_use() -> None:
    assert {code: minor_units(code) for code in ("PKR", "RSD", "JPY", "CLF", "IQD")} == {
        "PKR": 2,
        "RSD": 2,
        "JPY": 0,
        "CLF": 4,
        "IQD": 3,
    }
    assert {"EUR", "CHF", "USD", "JPY"} <= currency_codes()
    assert "DEM" not in currency_codes()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": "A B"}, "code"),
        ({"code": ""}, "code"),
        ({"code": "alpha"}, "code"),
        ({"name": " "}, "name"),
        ({"currency": "EURO"}, "currency"),
        ({"currency": "XXX"}, "currency"),
        ({"fiscal_year_start": "13"}, "fiscal_year_start"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"setup": (("nobody", "asks"),)}, "nobody"),
    ],
)
def test_a_wrong_company_is_refused_at_the_field(
    office: Office, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused, office.write() as session:
        create_company(session, replace(ACME, **change))
    assert refused.value.problems[0].field == field


def test_the_plugins_set_it_up_in_the_new_company(office: Office, asked: Asked) -> None:
    suite, answers = asked
    office.user("maker")
    context = office.as_user("maker", frozenset({COMPANY_CREATE.name}))
    with office.database.write(context, suite) as session:
        create_company(session, ACME)
        assert context_of(session) is context
    assert answers == [("ACME", "maker", "good")]


def test_a_set_up_that_fails_leaves_no_company_behind(office: Office, asked: Asked) -> None:
    suite, _answers = asked
    with (
        pytest.raises(Invalid, match="does not work"),
        office.database.write(office.operator, suite) as session,
    ):
        create_company(session, replace(ACME, setup=(("kind", "bad"),)))
    with office.read() as session:
        assert not session.scalar(select(func.count(Company.id)).where(Company.code == "ACME"))


def test_an_answer_that_is_no_choice_is_refused(office: Office, asked: Asked) -> None:
    suite, _answers = asked
    with (
        pytest.raises(Invalid, match="good, bad"),
        office.database.write(office.operator, suite) as session,
    ):
        create_company(session, replace(ACME, setup=(("kind", "ugly"),)))


def test_a_company_is_edited_archived_and_reopened(office: Office, alpha: CompanyRef) -> None:
    with office.write() as session:
        edit_company(session, EditCompany(id=alpha.id, version=1, name="Alpha plc"))
    with pytest.raises(Stale), office.write() as session:
        edit_company(session, EditCompany(id=alpha.id, version=1, name="Late"))
    with pytest.raises(Conflict), office.write() as session:
        reopen_company(session, ReopenCompany(id=alpha.id))
    with office.write() as session:
        archived = archive_company(session, ArchiveCompany(id=alpha.id, reason="sold"))
        assert archived.state is CompanyState.ARCHIVED
    with pytest.raises(Conflict), office.write() as session:
        archive_company(session, ArchiveCompany(id=alpha.id))
    with office.write() as session:
        assert reopen_company(session, ReopenCompany(id=alpha.id)).state is CompanyState.ACTIVE


def test_every_service_asks_for_its_permission_first(office: Office, alpha: CompanyRef) -> None:
    office.user("nobody")
    context = office.as_user("nobody", frozenset())
    for service, command in (
        (create_company, ACME),
        (edit_company, EditCompany(id=alpha.id, name="X")),
        (archive_company, ArchiveCompany(id=alpha.id)),
        (reopen_company, ReopenCompany(id=alpha.id)),
    ):
        with pytest.raises(Forbidden), office.write(context) as session:
            service(session, command)
