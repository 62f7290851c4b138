"""Roles: templates become roles once, and nobody composes their own way up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from backstay.access.core_permissions import (
    AUDIT_VIEW,
    GRANT_EDIT,
    PERMISSIONS,
    ROLE_EDIT,
    USER_EDIT,
    USER_VIEW,
)
from backstay.access.explain import explain
from backstay.access.models import Role, RolePermission, RoleTemplateMade
from backstay.access.permissions import Permission, Risk, RoleTemplate
from backstay.access.role_templates import EARLIER, install_role_templates
from backstay.access.roles import (
    CreateRole,
    DeleteRole,
    EditRole,
    create_role,
    delete_role,
    edit_role,
)
from backstay.access.user_commands import DisableUser
from backstay.access.users import disable_user
from backstay.clock import today
from backstay.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from backstay.kernel.suite import Part

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.db.context import CompanyRef
    from backstay.kernel.suite import Suite

    from .conftest import Office

READ = Permission("probe.thing.view", "see things", Risk.READ)
WRITE = Permission("probe.thing.edit", "change things")


@pytest.fixture
def with_probe(office: Office) -> Suite:
    """The suite with one more plugin."""
    part = Part(
        "probe",
        permissions=(READ, WRITE),
        role_templates=(
            RoleTemplate("keeper", "Keeper", "Keeps things.", (READ, WRITE)),
            RoleTemplate("auditor", "Other name", "Other words", (READ, WRITE), read_only=True),
        ),
    )
    return replace(
        office.suite,
        parts=(*office.suite.parts, part),
        permissions={},
        resources={},
        jobs={},
        imports={},
        services={},
    )


def roles_of(session: Session) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for role in session.scalars(select(Role)):
        found[role.code] = {row.permission for row in role.permissions}
    return found


def role(session: Session, code: str) -> Role:
    return session.scalars(select(Role).where(Role.code == code)).one()


def test_templates_become_roles_once(office: Office) -> None:
    with office.write() as session:
        install_role_templates(session, office.suite)
    with office.read() as session:
        made = roles_of(session)
    assert made["administrator"] == {one.name for one in PERMISSIONS}
    assert AUDIT_VIEW.name in made["auditor"]
    assert not {name for name in made["administrator"] if not name.startswith("core.")}


def test_a_new_plugin_adds_to_the_role_of_the_same_code_but_only_what_reads(
    office: Office, with_probe: Suite
) -> None:
    with office.database.write(office.operator, with_probe) as session:
        install_role_templates(session, with_probe)
        made = roles_of(session)
        assert role(session, "auditor").name == "Auditor"
    assert made["keeper"] == {READ.name, WRITE.name}
    assert READ.name in made["auditor"]
    assert WRITE.name not in made["auditor"]


def test_what_an_administrator_took_out_or_deleted_does_not_come_back(
    office: Office, with_probe: Suite
) -> None:
    with office.database.write(office.operator, with_probe) as session:
        install_role_templates(session, with_probe)
    with office.database.write(office.operator, with_probe) as session:
        auditor = role(session, "auditor")
        edit_role(session, EditRole(id=auditor.id, name="Auditor", permissions=(READ.name,)))
        keeper = role(session, "keeper")
        edit_role(session, EditRole(id=keeper.id, name="Keeper", permissions=(READ.name,)))
    with office.database.write(office.operator, with_probe) as session:
        install_role_templates(session, with_probe)
        assert roles_of(session)["keeper"] == {READ.name}
        delete_role(session, DeleteRole(id=role(session, "keeper").id))
    with office.database.write(office.operator, with_probe) as session:
        install_role_templates(session, with_probe)
        assert "keeper" not in roles_of(session)
        assert roles_of(session)["auditor"] == {READ.name}


def test_a_role_whose_permissions_were_all_taken_away_stays_empty(
    office: Office, with_probe: Suite
) -> None:
    with office.database.write(office.operator, with_probe) as session:
        install_role_templates(session, with_probe)
    with office.database.write(office.operator, with_probe) as session:
        for code in ("keeper", "auditor"):
            found = role(session, code)
            edit_role(session, EditRole(id=found.id, name=found.name, permissions=()))
    with office.database.write(office.operator, with_probe) as session:
        install_role_templates(session, with_probe)
        made = roles_of(session)
    assert (made.get("keeper", set()), made.get("auditor", set())) == (set(), set())


def test_of_a_plugin_from_before_templates_were_written_down_none_is_made_again(
    office: Office, with_probe: Suite
) -> None:
    with office.database.write(office.operator, with_probe) as session:
        session.add(RoleTemplateMade(plugin="probe", code=EARLIER))
        session.flush()
        install_role_templates(session, with_probe)
        assert "keeper" not in roles_of(session)
        known = set(
            session.scalars(select(RoleTemplateMade.code).where(RoleTemplateMade.plugin == "probe"))
        )
    assert known == {"keeper", "auditor"}


def test_permissions_of_a_plugin_that_is_off_stay_in_the_role(
    office: Office, with_probe: Suite
) -> None:
    with office.database.write(office.operator, with_probe) as session:
        install_role_templates(session, with_probe)
    with office.write() as session:  # without the plugin
        auditor = role(session, "auditor")
        edit_role(session, EditRole(id=auditor.id, name="Auditor", permissions=(AUDIT_VIEW.name,)))
    with office.read() as session:
        assert roles_of(session)["auditor"] == {AUDIT_VIEW.name, READ.name}


def test_a_role_is_made_changed_and_deleted(office: Office) -> None:
    with office.write() as session:
        made = create_role(
            session,
            CreateRole(code="helper", name="Helper", permissions=(USER_VIEW.name,)),
        )
    with office.write() as session:
        edit_role(
            session,
            EditRole(id=made.id, version=1, name="Help", permissions=(USER_EDIT.name,)),
        )
    with pytest.raises(Stale), office.write() as session:
        edit_role(session, EditRole(id=made.id, version=1, name="Late", permissions=()))
    with office.read() as session:
        assert roles_of(session)["helper"] == {USER_EDIT.name}
    with office.write() as session:
        delete_role(session, DeleteRole(id=made.id))
    with pytest.raises(NotFound), office.write() as session:
        delete_role(session, DeleteRole(id=made.id))
    with office.read() as session:
        assert not session.scalars(
            select(RolePermission).where(RolePermission.role_id == made.id)
        ).all()


def test_two_who_change_only_permissions_notice_each_other(office: Office) -> None:
    with office.write() as session:
        made = create_role(session, CreateRole(code="both", name="Both"))
    with office.write() as session:
        edit_role(
            session, EditRole(id=made.id, version=1, name="Both", permissions=(USER_VIEW.name,))
        )
    with pytest.raises(Stale), office.write() as session:
        edit_role(session, EditRole(id=made.id, version=1, name="Both", permissions=()))


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (CreateRole(code="Big", name="X"), "code"),
        (CreateRole(code="auditor", name="X"), "code"),
        (CreateRole(code="fine", name=" "), "name"),
        (CreateRole(code="fine", name="X", permissions=("core.no.such",)), "permissions"),
        (
            CreateRole(code="fine", name="X", permissions=(USER_EDIT.name,), read_only=True),
            "permissions",
        ),
    ],
)
def test_a_wrong_role_is_refused_at_the_field(office: Office, command: object, field: str) -> None:
    with pytest.raises(Invalid) as refused, office.write() as session:
        create_role(session, command)
    assert refused.value.problems[0].field == field


def test_a_role_that_somebody_has_is_not_deleted(office: Office) -> None:
    with pytest.raises(Conflict, match="1 user"), office.write() as session:
        delete_role(session, DeleteRole(id=role(session, "administrator").id))


def test_nobody_adds_to_a_role_of_their_own_what_they_lack(office: Office) -> None:
    with office.write() as session:
        made = create_role(
            session,
            CreateRole(code="composer", name="C", permissions=(ROLE_EDIT.name, USER_VIEW.name)),
        )
    office.user("composer", "composer")
    context = office.as_user("composer", frozenset({ROLE_EDIT.name, USER_VIEW.name}))
    more = (ROLE_EDIT.name, USER_VIEW.name, GRANT_EDIT.name)
    with pytest.raises(Forbidden, match="yourself"), office.write(context) as session:
        edit_role(session, EditRole(id=made.id, name="C", permissions=more))
    with office.write(context) as session:
        edit_role(session, EditRole(id=made.id, name="C", permissions=(ROLE_EDIT.name,)))


def test_the_role_of_the_last_administrator_keeps_what_makes_one(office: Office) -> None:
    rest = tuple(one.name for one in PERMISSIONS if one is not GRANT_EDIT)
    with pytest.raises(Conflict, match="nobody could administer"), office.write() as session:
        found = role(session, "administrator")
        edit_role(session, EditRole(id=found.id, name="A", permissions=rest))
    with office.read() as session:
        assert GRANT_EDIT.name in roles_of(session)["administrator"]


def test_explain_names_the_role_that_decides(
    office: Office, alpha: CompanyRef, beta: CompanyRef
) -> None:
    user_id = office.user(
        "reader", "auditor", company_id=alpha.id, valid_to=today() + timedelta(days=1)
    )
    name = AUDIT_VIEW.name
    with office.read() as session:
        there = explain(session, user_id, name, alpha.id)
        elsewhere = explain(session, user_id, name, beta.id)
        outside = explain(session, user_id, name)
        lacking = explain(session, user_id, GRANT_EDIT.name, alpha.id)
        with pytest.raises(NotFound):
            explain(session, user_id, "core.no.such")
    assert there.allowed
    assert "Auditor" in there.text
    assert not elsewhere.allowed
    assert elsewhere.reasons[0].text == "It is for another company."
    assert not outside.allowed
    assert (lacking.allowed, lacking.reasons) == (False, ())
    with office.write() as session:
        disable_user(session, DisableUser(id=user_id))
    with office.read() as session:
        assert "disabled" in explain(session, user_id, name, alpha.id).text
