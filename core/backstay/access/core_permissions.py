"""The permissions of core: who may administer users, roles, companies, modules and the audit trail.

They take effect on the pages under ``/admin`` when they are granted for all companies, and on the
audit trail of a company when they are granted for that company.
"""

from __future__ import annotations

from typing import Final

from backstay.access.permissions import FieldGroup, Permission, Risk, RoleTemplate
from backstay.i18n import lazy as _

USER_VIEW: Final = Permission(
    "core.user.view",
    _("see users"),
    Risk.READ,
    _("The list of users, their roles and when these end."),
)
USER_CREATE: Final = Permission(
    "core.user.create",
    _("create users"),
    Risk.CRITICAL,
    _("A new user has no roles unless the creator may also give roles."),
)
USER_EDIT: Final = Permission(
    "core.user.edit",
    _("change users"),
    Risk.WRITE,
    _("Name, language and time zone; e-mail addresses need the permission for contact data."),
)
USER_DISABLE: Final = Permission(
    "core.user.disable",
    _("disable and enable users"),
    Risk.SENSITIVE,
    _("A disabled user is signed out at once. Nobody can disable the last administrator."),
)
USER_RESET_PASSWORD: Final = Permission(
    "core.user.reset_password",
    _("reset passwords"),
    Risk.CRITICAL,
    _(
        "Sets a one-time password that the user must change."
        " Not for users who may administer more than the holder."
    ),
)
ROLE_VIEW: Final = Permission(
    "core.role.view",
    _("see roles"),
    Risk.READ,
    _("What each role permits, and who has it."),
)
ROLE_EDIT: Final = Permission(
    "core.role.edit",
    _("compose roles"),
    Risk.CRITICAL,
    _("Decides what the holders of a role may do. Nobody can add to a role of their own."),
)
GRANT_EDIT: Final = Permission(
    "core.grant.edit",
    _("give and take roles"),
    Risk.CRITICAL,
    _("For one company or for all. Nobody can give a role to themselves."),
)
SESSION_VIEW: Final = Permission(
    "core.session.view",
    _("see who is signed in"),
    Risk.READ,
    _("Signed-in browsers with device and network address."),
)
SESSION_REVOKE: Final = Permission(
    "core.session.revoke",
    _("sign others out"),
    Risk.SENSITIVE,
    _("Ends a session at once; what was not saved in that browser is lost."),
)
TOKEN_VIEW: Final = Permission(
    "core.token.view",
    _("see API tokens and service accounts"),
    Risk.READ,
    _("Whose they are, what they may do and when they were used; never the tokens themselves."),
)
TOKEN_REVOKE: Final = Permission(
    "core.token.revoke",
    _("revoke API tokens of others"),
    Risk.SENSITIVE,
    _("The program that uses a token is shut out within a second."),
)
SERVICE_ACCOUNT_EDIT: Final = Permission(
    "core.service_account.edit",
    _("create and change service accounts, and make tokens for them"),
    Risk.CRITICAL,
    _("A service account never signs in with a browser; roles are given to it as to a person."),
)
COMPANY_VIEW: Final = Permission(
    "core.company.view", _("see companies"), Risk.READ, _("Names, currencies and settings.")
)
COMPANY_CREATE: Final = Permission(
    "core.company.create",
    _("create companies"),
    Risk.SENSITIVE,
    _("Includes what the modules set up for a new company, such as its first chart of accounts."),
)
COMPANY_EDIT: Final = Permission(
    "core.company.edit",
    _("change and archive companies"),
    Risk.SENSITIVE,
    _("An archived company can be read but not written. Its currency never changes."),
)
PLUGIN_VIEW: Final = Permission(
    "core.plugin.view",
    _("see modules"),
    Risk.READ,
    _("Which modules are installed, what they ask for and what data they hold."),
)
PLUGIN_MANAGE: Final = Permission(
    "core.plugin.manage",
    _("switch modules on and off, update and uninstall them"),
    Risk.CRITICAL,
    _(
        "Takes functions away from everybody, or brings new ones. Deletes a module's data only when"
        " its name and the password are typed."
    ),
)
THEME_EDIT: Final = Permission(
    "core.theme.edit",
    _("choose the theme, and upload tokens for it"),
    Risk.SENSITIVE,
    _("How every page looks to everybody. What could not be read is refused."),
)
AUDIT_VIEW: Final = Permission(
    "core.audit.view",
    _("read the audit trail"),
    Risk.READ,
    _("Who changed what and when, with the values before and after."),
)
AUDIT_EXPORT: Final = Permission(
    "core.audit.export",
    _("export the audit trail"),
    Risk.READ,
    _("Downloads what the holder may read; the download is itself recorded."),
)
JOB_VIEW: Final = Permission(
    "core.job.view",
    _("see background jobs"),
    Risk.READ,
    _("What is waiting, running or failed."),
)
JOB_MANAGE: Final = Permission(
    "core.job.manage",
    _("retry, stop and schedule background jobs"),
    Risk.WRITE,
    _("A failed job is done again with its user's present permissions."),
)
LIST_VIEW_SHARE: Final = Permission(
    "core.list_view.share",
    _("share saved views of lists"),
    Risk.WRITE,
    _("A shared view is offered to everybody who may see the list, and may be what it opens with."),
)
CONTACT_VIEW: Final = Permission(
    "core.contact.view",
    _("see e-mail addresses of users"),
    Risk.SENSITIVE,
    _("Without it they are masked in lists, exports and the audit trail."),
)
CONTACT_EDIT: Final = Permission(
    "core.contact.edit",
    _("change e-mail addresses of users"),
    Risk.SENSITIVE,
    _("Everybody can change their own."),
)

CONTACT: Final = FieldGroup("core.contact", _("Contact data"), CONTACT_VIEW, CONTACT_EDIT)

PERMISSIONS: Final = (
    USER_VIEW,
    USER_CREATE,
    USER_EDIT,
    USER_DISABLE,
    USER_RESET_PASSWORD,
    CONTACT_VIEW,
    CONTACT_EDIT,
    ROLE_VIEW,
    ROLE_EDIT,
    GRANT_EDIT,
    SESSION_VIEW,
    SESSION_REVOKE,
    TOKEN_VIEW,
    TOKEN_REVOKE,
    SERVICE_ACCOUNT_EDIT,
    COMPANY_VIEW,
    COMPANY_CREATE,
    COMPANY_EDIT,
    PLUGIN_VIEW,
    PLUGIN_MANAGE,
    THEME_EDIT,
    AUDIT_VIEW,
    AUDIT_EXPORT,
    JOB_VIEW,
    JOB_MANAGE,
    LIST_VIEW_SHARE,
)
FIELD_GROUPS: Final = (CONTACT,)

ADMINISTRATOR: Final = "administrator"
AUDITOR: Final = "auditor"
ROLE_TEMPLATES: Final = (
    RoleTemplate(
        ADMINISTRATOR,
        _("Administrator"),
        _("Users, roles, companies and modules. Sees no books: give that with a second role."),
        PERMISSIONS,
        global_only=True,
    ),
    RoleTemplate(
        AUDITOR,
        _("Auditor"),
        _("Reads everything that can be audited and changes nothing, until a given day."),
        (
            USER_VIEW,
            ROLE_VIEW,
            SESSION_VIEW,
            TOKEN_VIEW,
            COMPANY_VIEW,
            PLUGIN_VIEW,
            AUDIT_VIEW,
            AUDIT_EXPORT,
            JOB_VIEW,
        ),
        read_only=True,
    ),
)
