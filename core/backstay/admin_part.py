"""What the administration of core declares: users, roles, companies, modules, the audit trail."""

from __future__ import annotations

from backstay.access.core_permissions import (
    AUDIT_VIEW,
    COMPANY_CREATE,
    COMPANY_VIEW,
    FIELD_GROUPS,
    PERMISSIONS,
    PLUGIN_VIEW,
    ROLE_EDIT,
    ROLE_TEMPLATES,
    ROLE_VIEW,
    SESSION_VIEW,
    THEME_EDIT,
    TOKEN_VIEW,
    USER_CREATE,
    USER_VIEW,
)
from backstay.access.grant_resource import GRANTS, SESSIONS
from backstay.access.role_resource import ROLES
from backstay.access.token_resource import SERVICE_ACCOUNTS, TOKENS
from backstay.access.user_pages import blueprint as user_pages
from backstay.access.user_resource import USERS
from backstay.audit.resources import AUDIT, COMPANY_AUDIT
from backstay.companies.resources import COMPANIES
from backstay.companies.resources import blueprint as company_pages
from backstay.i18n import lazy as _
from backstay.kernel.pages import blueprint as modules
from backstay.kernel.process_pages import blueprint as processes
from backstay.navigation import administration
from backstay.navigation.declare import Area, Page
from backstay.themes.pages import blueprint as theme_pages
from backstay.themes.resource import TOKENS as THEME_TOKENS

RESOURCES = (
    USERS,
    ROLES,
    GRANTS,
    SESSIONS,
    TOKENS,
    SERVICE_ACCOUNTS,
    COMPANIES,
    AUDIT,
    COMPANY_AUDIT,
    THEME_TOKENS,
)
BLUEPRINTS = (user_pages, company_pages, theme_pages, modules, processes)
_ADMIN = Area.ADMINISTRATION
PAGES = (
    Page(
        _ADMIN,
        _("Users"),
        "core.user.list",
        "users",
        USER_VIEW,
        10,
        keywords=_("people login"),
        home=administration.users,
    ),
    Page(_ADMIN, _("Roles"), "core.role.list", "shield-lock", ROLE_VIEW, 20),
    Page(_ADMIN, _("Given roles"), "core.grant.list", "key", USER_VIEW, 25, in_palette_only=True),
    Page(
        _ADMIN,
        _("Companies"),
        "core.company.list",
        "building",
        COMPANY_VIEW,
        30,
        home=administration.companies,
    ),
    Page(
        _ADMIN,
        _("Modules"),
        "modules.overview",
        "plug",
        PLUGIN_VIEW,
        40,
        keywords=_("plugins"),
        home=administration.modules,
    ),
    Page(
        _ADMIN,
        _("Processes"),
        "processes.overview",
        "bolt",
        PLUGIN_VIEW,
        42,
        keywords=_("workers restart paused"),
    ),
    Page(
        _ADMIN,
        _("Signed-in browsers"),
        "core.session.list",
        "devices",
        SESSION_VIEW,
        50,
        home=administration.signed_in_browsers,
    ),
    Page(_ADMIN, _("Themes"), "themes.overview", "adjustments-horizontal", THEME_EDIT, 45),
    Page(_ADMIN, _("Service accounts"), "core.service_account.list", "plug", TOKEN_VIEW, 54),
    Page(_ADMIN, _("API tokens"), "core.api_token.list", "key", TOKEN_VIEW, 55),
    Page(_ADMIN, _("Audit trail"), "core.audit.list", "history", AUDIT_VIEW, 60),
    Page(Area.COMPLIANCE, _("Audit trail"), "core.company_audit.list", "history", AUDIT_VIEW, 60),
    Page(_ADMIN, _("New user"), "core.user.create", "plus", USER_CREATE, 11, in_palette_only=True),
    Page(_ADMIN, _("New role"), "core.role.create", "plus", ROLE_EDIT, 21, in_palette_only=True),
    Page(
        _ADMIN,
        _("New company"),
        "company_pages.create",
        "plus",
        COMPANY_CREATE,
        31,
        in_palette_only=True,
    ),
)

__all__ = [
    "BLUEPRINTS",
    "FIELD_GROUPS",
    "PAGES",
    "PERMISSIONS",
    "RESOURCES",
    "ROLE_TEMPLATES",
]
