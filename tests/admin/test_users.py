"""User accounts: who may make, disable and take over whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from backstay.access.assignments import grant_role, revoke_grant
from backstay.access.core_permissions import (
    CONTACT_EDIT,
    GRANT_EDIT,
    USER_CREATE,
    USER_DISABLE,
    USER_EDIT,
    USER_RESET_PASSWORD,
)
from backstay.access.models import Grant, SignIn, User, UserState
from backstay.access.passwords import verify_password
from backstay.access.sessions import start_session
from backstay.access.user_commands import (
    CreateUser,
    DisableUser,
    EditUser,
    EnableUser,
    GrantRole,
    IssuePassword,
    ResetPassword,
    RevokeGrant,
    RevokeSession,
)
from backstay.access.users import (
    create_user,
    disable_user,
    edit_user,
    enable_user,
    invite_user,
    issue_password,
    reset_password,
    revoke_session,
)
from backstay.audit.canonical import MASK
from backstay.audit.models import AuditEvent
from backstay.clock import today
from backstay.errors import Conflict, Forbidden, Invalid, NotFound, Stale

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.access.permissions import Permission
    from backstay.db.context import CompanyRef

    from .conftest import Office

PASSWORD = "correct horse battery staple"


def only(*permissions: Permission) -> frozenset[str]:
    return frozenset(permission.name for permission in permissions)


def test_a_new_user_gets_the_roles_in_the_company_and_must_change_the_password(
    office: Office, alpha: CompanyRef
) -> None:
    with office.write() as session:
        command = CreateUser(
            login=" Clerk ",
            name="Clerk",
            password=PASSWORD,
            roles=("auditor",),
            company_id=alpha.id,
            valid_to=today() + timedelta(days=30),
        )
        user = create_user(session, command)
    with office.read() as session:
        found = session.get_one(User, user.id)
        assert found.login == "clerk"
        assert found.must_change_password
        assert verify_password(found.password_hash, PASSWORD)
        assert [grant.company_id for grant in found.grants] == [alpha.id]


@pytest.mark.parametrize("login", ["", "a", "Ä b", "-x", "x" * 81, "a/b", "a:b"])
def test_a_sign_in_name_of_a_wrong_form_is_refused_at_its_field(office: Office, login: str) -> None:
    with pytest.raises(Invalid) as refused, office.write() as session:
        create_user(session, CreateUser(login=login, name="X", password=PASSWORD))
    assert refused.value.problems[0].field == "login"


def test_a_taken_sign_in_name_is_refused_whatever_its_case(office: Office) -> None:
    with pytest.raises(Invalid) as refused, office.write() as session:
        create_user(session, CreateUser(login="ADMIN", name="X", password=PASSWORD))
    assert refused.value.problems[0].field == "login"


def test_a_weak_password_is_refused(office: Office) -> None:
    with pytest.raises(Invalid) as refused, office.write() as session:
        create_user(session, CreateUser(login="weak", name="X", password="password1234"))
    assert refused.value.problems[0].field == "password"


def test_an_unknown_role_is_refused_and_the_existing_ones_are_named(office: Office) -> None:
    with pytest.raises(Invalid, match="administrator") as refused, office.write() as session:
        create_user(session, CreateUser(login="odd", name="X", password=PASSWORD, roles=("boss",)))
    assert refused.value.problems[0].field == "roles"


def test_a_reading_role_needs_an_end_that_lies_ahead(office: Office) -> None:
    for valid_to in (None, today() - timedelta(days=1)):
        with pytest.raises(Invalid) as refused, office.write() as session:
            create_user(
                session,
                CreateUser(
                    login="audit",
                    name="X",
                    password=PASSWORD,
                    roles=("auditor",),
                    valid_to=valid_to,
                ),
            )
        assert refused.value.problems[0].field == "valid_to"


def test_administration_is_not_given_for_one_company(office: Office, alpha: CompanyRef) -> None:
    with pytest.raises(Invalid) as refused, office.write() as session:
        create_user(
            session,
            CreateUser(
                login="local",
                name="X",
                password=PASSWORD,
                roles=("administrator",),
                company_id=alpha.id,
            ),
        )
    assert refused.value.problems[0].field == "company_id"


def test_whoever_may_create_users_but_not_give_roles_creates_users_without_roles(
    office: Office,
) -> None:
    office.user("helper")
    context = office.as_user("helper", only(USER_CREATE))
    with pytest.raises(Forbidden), office.write(context) as session:
        create_user(
            session,
            CreateUser(login="one", name="X", password=PASSWORD, roles=("administrator",)),
        )
    with office.write(context) as session:
        assert create_user(session, CreateUser(login="two", name="X", password=PASSWORD)).id


@pytest.mark.parametrize(
    ("service", "command"),
    [
        (create_user, CreateUser(login="x1", name="X", password=PASSWORD)),
        (edit_user, EditUser(id=1, name="X")),
        (disable_user, DisableUser(id=1)),
        (enable_user, EnableUser(id=1)),
        (reset_password, ResetPassword(id=1, password=PASSWORD)),
        (grant_role, GrantRole(user_id=1, role="auditor")),
        (revoke_grant, RevokeGrant(id=1)),
        (revoke_session, RevokeSession(id=1)),
    ],
)
def test_every_service_asks_for_its_permission_first(
    office: Office, service: Callable[..., Any], command: object
) -> None:
    office.user("nobody")
    context = office.as_user("nobody", frozenset())
    with pytest.raises(Forbidden), office.write(context) as session:
        service(session, command)


def test_disabling_ends_the_sessions_at_once_and_keeps_the_reason(office: Office) -> None:
    user_id = office.user("leaver")
    with office.write() as session:
        start_session(session, user_id, device="Test", ip="127.0.0.1")
    with office.write(office.as_user("admin")) as session:
        disable_user(session, DisableUser(id=user_id, reason="left"))
    with office.read() as session:
        assert session.get_one(User, user_id).state is UserState.DISABLED
        assert all(row.revoked_at for row in session.scalars(select(SignIn)))
        event = session.scalars(
            select(AuditEvent)
            .where(AuditEvent.entity == "core_user", AuditEvent.action == "update")
            .order_by(AuditEvent.id.desc())
        ).first()
        assert (event.actor, event.reason) == ("admin", "left")
    with pytest.raises(Conflict), office.write() as session:
        disable_user(session, DisableUser(id=user_id))
    with office.write() as session:
        assert enable_user(session, EnableUser(id=user_id)).state is UserState.ACTIVE


def test_nobody_disables_themselves(office: Office) -> None:
    with pytest.raises(Forbidden), office.write(office.as_user("admin")) as session:
        disable_user(session, DisableUser(id=office.admin_id))


def test_the_last_administrator_can_not_be_disabled_by_anybody(office: Office) -> None:
    with pytest.raises(Conflict, match="nobody could administer"), office.write() as session:
        disable_user(session, DisableUser(id=office.admin_id))
    with office.read() as session:
        assert session.get_one(User, office.admin_id).state is UserState.ACTIVE
    office.user("second", "administrator")
    with office.write() as session:
        disable_user(session, DisableUser(id=office.admin_id))


def test_an_administrator_for_a_time_does_not_count_as_the_last_one(office: Office) -> None:
    office.user("guest", "administrator", valid_to=today() + timedelta(days=1))
    with pytest.raises(Conflict), office.write() as session:
        disable_user(session, DisableUser(id=office.admin_id))


def test_the_last_administrator_keeps_the_role(office: Office) -> None:
    with office.read() as session:
        grant_id = session.scalars(select(Grant.id).where(Grant.user_id == office.admin_id)).one()
    with pytest.raises(Conflict), office.write() as session:
        revoke_grant(session, RevokeGrant(id=grant_id))
    office.user("second", "administrator")
    with office.write() as session:
        revoke_grant(session, RevokeGrant(id=grant_id))
    with pytest.raises(NotFound), office.write() as session:
        revoke_grant(session, RevokeGrant(id=grant_id))


def test_nobody_gives_a_role_to_themselves_or_takes_one(office: Office) -> None:
    admin = office.as_user("admin")
    with pytest.raises(Forbidden), office.write(admin) as session:
        grant_role(session, GrantRole(user_id=office.admin_id, role="auditor"))
    with office.read() as session:
        grant_id = session.scalars(select(Grant.id).where(Grant.user_id == office.admin_id)).one()
    with pytest.raises(Forbidden), office.write(admin) as session:
        revoke_grant(session, RevokeGrant(id=grant_id))


def test_a_grant_that_says_nothing_new_is_refused(
    office: Office, alpha: CompanyRef, beta: CompanyRef
) -> None:
    end = today() + timedelta(days=9)
    user_id = office.user("reader", "auditor", company_id=alpha.id, valid_to=end)
    with pytest.raises(Invalid) as refused, office.write() as session:
        grant_role(
            session,
            GrantRole(user_id=user_id, role="auditor", company_id=alpha.id, valid_to=end),
        )
    assert refused.value.problems[0].field == "role"
    later = GrantRole(
        user_id=user_id,
        role="auditor",
        company_id=alpha.id,
        valid_from=end + timedelta(days=1),
        valid_to=end + timedelta(days=2),
    )
    with office.write() as session:
        grant_role(session, later)
        grant_role(session, replace(later, company_id=beta.id))
    with pytest.raises(Invalid) as refused, office.write() as session:
        grant_role(session, replace(later, company_id=None, valid_to=today()))
    assert refused.value.problems[0].field == "valid_to"


def test_a_helper_can_not_take_over_or_lock_out_an_administrator(office: Office) -> None:
    clerk = office.user("clerk")
    helper = office.user("helper")
    context = office.as_user("helper", only(USER_RESET_PASSWORD, USER_DISABLE))
    with pytest.raises(Forbidden, match="more than you"), office.write(context) as session:
        reset_password(session, ResetPassword(id=office.admin_id, password=PASSWORD))
    with pytest.raises(Forbidden, match="more than you"), office.write(context) as session:
        disable_user(session, DisableUser(id=office.admin_id))
    with pytest.raises(Forbidden, match="own page"), office.write(context) as session:
        reset_password(session, ResetPassword(id=helper, password=PASSWORD))
    with office.write(context) as session:
        reset_password(session, ResetPassword(id=clerk, password=PASSWORD))


def test_a_one_time_password_works_once_shown_and_is_written_nowhere(office: Office) -> None:
    with office.write() as session:
        made = invite_user(session, CreateUser(login="fresh", name="Fresh"))
        again = issue_password(session, IssuePassword(id=made.user.id, reason="lost"))
    assert made.password != again.password
    with office.read() as session:
        user = session.get_one(User, made.user.id)
        assert user.must_change_password
        assert verify_password(user.password_hash, again.password)
        for event in session.scalars(select(AuditEvent)):
            said = f"{event.before} {event.after} {event.label} {event.reason}"
            assert again.password not in said
            assert "$argon2" not in said
        updated = session.scalars(
            select(AuditEvent).where(
                AuditEvent.entity == "core_user", AuditEvent.action == "update"
            )
        ).all()
        assert updated[-1].after["password_hash"] == MASK


def test_a_stale_save_is_refused(office: Office) -> None:
    user_id = office.user("twice")
    with office.write() as session:
        edit_user(session, EditUser(id=user_id, version=1, name="First"))
    with pytest.raises(Stale), office.write() as session:
        edit_user(session, EditUser(id=user_id, version=1, name="Second"))


def test_an_address_is_changed_only_with_the_permission_for_contact_data(office: Office) -> None:
    user_id = office.user("mail")
    office.user("editor")
    without = office.as_user("editor", only(USER_EDIT))
    with office.write(without) as session:
        edit_user(session, EditUser(id=user_id, name="Mail"))
    with pytest.raises(Forbidden), office.write(without) as session:
        edit_user(session, EditUser(id=user_id, name="Mail", email="m@example.org"))
    with office.write(office.as_user("editor", only(USER_EDIT, CONTACT_EDIT))) as session:
        changed = edit_user(session, EditUser(id=user_id, name="Mail", email="m@example.org"))
        assert changed.email == "m@example.org"


def test_a_session_is_revoked_once_and_recorded(office: Office) -> None:
    user_id = office.user("browsing")
    with office.write() as session:
        session_id, _token = start_session(session, user_id, device="Test", ip="127.0.0.1")
    with office.write() as session:
        assert revoke_session(session, RevokeSession(id=session_id)).revoked_at
    with pytest.raises(Conflict), office.write() as session:
        revoke_session(session, RevokeSession(id=session_id))
    with office.read() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "revoke")).one()
        assert event.label == "browsing, Test"


def test_grants_are_named_in_the_audit_trail_by_user_role_and_company(
    office: Office, alpha: CompanyRef
) -> None:
    office.user("named", "auditor", company_id=alpha.id, valid_to=today())
    with office.read() as session:
        labels = session.scalars(
            select(AuditEvent.label).where(AuditEvent.entity == "core_grant")
        ).all()
    assert "named: Auditor, ALPHA" in labels
    assert GRANT_EDIT.name not in labels
