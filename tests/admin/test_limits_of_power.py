"""No way up: not through a second account, a friend, a later grant or an archived company."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from backstay.access.assignments import grant_role, revoke_grant
from backstay.access.core_permissions import (
    AUDIT_VIEW,
    GRANT_EDIT,
    PLUGIN_MANAGE,
    ROLE_EDIT,
    USER_RESET_PASSWORD,
)
from backstay.access.grants import context_for_login, read_only_names
from backstay.access.models import Grant
from backstay.access.roles import CreateRole, EditRole, create_role, edit_role
from backstay.access.user_commands import GrantRole, ResetPassword, RevokeGrant
from backstay.access.users import reset_password
from backstay.audit.queries import AuditQuery, list_events, masked_values
from backstay.clock import today
from backstay.companies.models import Company, CompanyState
from backstay.companies.services import ref_of
from backstay.errors import Forbidden

from .conftest import PASSWORD

if TYPE_CHECKING:
    from backstay.access.permissions import Permission
    from backstay.db.context import CompanyRef

    from .conftest import Office


def names(*permissions: Permission) -> frozenset[str]:
    return frozenset(permission.name for permission in permissions)


def test_nobody_gives_others_more_than_they_may_administer(
    office: Office, alpha: CompanyRef
) -> None:
    office.user("helper")
    friend = office.user("friend")
    context = office.as_user("helper", names(GRANT_EDIT))
    with pytest.raises(Forbidden, match="give others"), office.write(context) as session:
        grant_role(session, GrantRole(user_id=friend, role="administrator"))
    with office.write(context) as session:
        reader = GrantRole(user_id=friend, role="auditor", company_id=alpha.id, valid_to=today())
        assert grant_role(session, reader).id
    with office.read() as session:
        grant_id = session.scalars(select(Grant.id).where(Grant.user_id == office.admin_id)).one()
    office.user("second", "administrator")
    with pytest.raises(Forbidden, match="more than you"), office.write(context) as session:
        revoke_grant(session, RevokeGrant(id=grant_id))


def test_nobody_composes_a_role_that_administers_more_than_they_do(office: Office) -> None:
    office.user("composer")
    context = office.as_user("composer", names(ROLE_EDIT))
    wanted = (PLUGIN_MANAGE.name,)
    with pytest.raises(Forbidden, match="give others"), office.write(context) as session:
        create_role(session, CreateRole(code="up", name="Up", permissions=wanted))
    with office.write(context) as session:
        made = create_role(session, CreateRole(code="up", name="Up"))
    with pytest.raises(Forbidden, match="give others"), office.write(context) as session:
        edit_role(session, EditRole(id=made.id, name="Up", permissions=wanted))


def test_a_grant_that_begins_later_counts_as_one_s_own_and_as_power(office: Office) -> None:
    tomorrow = today() + timedelta(days=1)
    with office.write() as session:
        made = create_role(session, CreateRole(code="later", name="Later"))
    office.user("composer")
    coming = office.user("coming")
    context = office.as_user("composer", names(ROLE_EDIT, USER_RESET_PASSWORD))
    with office.write() as session:
        for user_id, code in ((context.actor.user_id, "later"), (coming, "administrator")):
            grant_role(session, GrantRole(user_id=user_id, role=code, valid_from=tomorrow))
    with pytest.raises(Forbidden, match="yourself"), office.write(context) as session:
        wanted = ("ledger.entry.post",)
        edit_role(session, EditRole(id=made.id, name="Later", permissions=wanted))
    with pytest.raises(Forbidden, match="more than you"), office.write(context) as session:
        reset_password(session, ResetPassword(id=coming, password=PASSWORD))


def test_on_the_command_line_an_archived_company_is_only_read_too(
    office: Office, alpha: CompanyRef
) -> None:
    office.user("clerk", "accountant", company_id=alpha.id)
    with office.write() as session:
        session.get_one(Company, alpha.id).state = CompanyState.ARCHIVED
    with office.read() as session:
        archived = ref_of(session.get_one(Company, alpha.id))
    reading = read_only_names(office.suite.permissions.values())
    context = context_for_login(office.database, "clerk", archived, reading=reading)
    assert context.permissions is not None
    assert "ledger.books.view" in context.permissions
    assert "ledger.entry.post" not in context.permissions


def test_an_auditor_reads_no_masked_field_from_the_trail(office: Office) -> None:
    office.user("clerk", email="clerk@example.org")
    office.user("auditor", "auditor", valid_to=today())
    context = office.as_user("auditor", names(AUDIT_VIEW))
    with office.read(context) as session:
        (made,) = list_events(session, AuditQuery(entity="core_user", entity_id=_id(office)))
        shown = masked_values(session, made.entity, made.after)
    assert made.after["email"] == "clerk@example.org"
    assert (shown["email"], shown["login"]) == ("•••", "clerk")
    with office.read() as session:
        assert masked_values(session, made.entity, made.after) == made.after


def _id(office: Office) -> str:
    return str(office.as_user("clerk").actor.user_id)
