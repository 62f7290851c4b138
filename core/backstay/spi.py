"""The one module that plugins import from core (beside ``contracts`` and ``testing``).

What is listed in ``__all__`` is stable within one plugin API number; everything else in core may
change from one release to the next.
"""

from __future__ import annotations

from backstay.access.core_permissions import LIST_VIEW_SHARE
from backstay.access.directory import (
    Colleague,
    RoleName,
    colleagues,
    holders,
    holders_of_roles,
    role_names,
)
from backstay.access.elsewhere import context_elsewhere
from backstay.access.permissions import (
    SIGNED_IN,
    FieldGroup,
    Permission,
    Risk,
    RoleTemplate,
)
from backstay.audit.canonical import canonical, row_hash
from backstay.audit.capture import Event, record_event, record_many
from backstay.audit.reasons import act_for, give_reason
from backstay.cli_environment import command_environment
from backstay.clock import now, today
from backstay.companies.declare import DemoData, SetupChoice, SetupDetail
from backstay.companies.models import Company
from backstay.db.base import (
    ANNOTATIONS,
    Audit,
    CompanyScoped,
    Identified,
    Model,
    Scope,
    Versioned,
    plugin_metadata,
    short,
)
from backstay.db.context import (
    Actor,
    CompanyRef,
    Context,
    authorize,
    company_of,
    context_of,
)
from backstay.db.fixed import Answer, Fixed
from backstay.db.guards import append_only, declare, freeze, no_truncate, places, unique_keys
from backstay.db.ids import new_id, new_ids
from backstay.db.round_trips import together
from backstay.db.types import Id, Instant, Money, from_units, to_units
from backstay.db.versions import check_version
from backstay.errors import (
    BackstayError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Problem,
    Stale,
    Unavailable,
)
from backstay.files.attachments import forget_attachments, move_attachments
from backstay.files.declare import Attachments
from backstay.files.kinds import FileKind
from backstay.files.models import Blob
from backstay.files.services import (
    Allowed,
    StoredFile,
    give_file,
    keep_file,
    keep_written,
    let_go,
    new_file,
    open_file,
)
from backstay.hookspecs import hookimpl
from backstay.i18n import Text, gettext, lazy, ngettext
from backstay.imports.command_line import (
    import_file,
    import_files,
    import_summary,
    read_table,
    reading_options,
)
from backstay.imports.declare import (
    ImportColumn,
    ImportKind,
    Outcome,
    StagedRow,
    TextFormat,
    TextReading,
    Validation,
)
from backstay.imports.reading import Options as ReadingOptions
from backstay.jobs.declare import Chunk, JobKind, JobRun
from backstay.jobs.events import DomainEvent, Subscription, emit
from backstay.jobs.models import JobQueue
from backstay.jobs.queue import enqueue
from backstay.jobs.schedules import CatchUp, Schedule
from backstay.kernel.suite import (
    account_roles,
    approvables,
    audit_file_formats,
    close_tasks,
    dimension_types,
    find,
    require,
)
from backstay.navigation.declare import Area, Page
from backstay.resources.arithmetic import Calculated, NoAmount, calculate
from backstay.resources.attachment_routes import AttachmentBlueprint, attachments_view
from backstay.resources.declare import (
    Action,
    ApiShape,
    Bulk,
    Choice,
    Column,
    Empty,
    Filter,
    Kind,
    Operation,
    Panel,
    Related,
    Resource,
    Section,
)
from backstay.resources.fields import (
    BoolField,
    ChoiceField,
    ChoicesField,
    DateField,
    FileField,
    LinesField,
    MoneyField,
    NumberField,
    PickerField,
    SecretField,
    TextField,
    Upload,
)
from backstay.resources.formats import (
    Symbols,
    date_text,
    editable_decimal,
    instant_text,
    money_formatter,
    plain_money,
    read_decimal,
    symbols,
)
from backstay.resources.serialize import csv_line, neutral
from backstay.resources.shorthand import NoDate, read_day
from backstay.resources.urls import resource_url
from backstay.resources.workbooks import (
    fits_a_cell,
    money_look,
    new_workbook,
    sheet_name,
    write_value,
)
from backstay.time_zones import checked_time_zone, time_zone_choices
from backstay.web import page as view
from backstay.web.blueprint import PluginBlueprint, public, requires
from backstay.web.render import fragment, page, redirect_to, wants_fragment
from backstay.web.request import (
    audit_now,
    context,
    database,
    flash_done,
    flash_problem,
    session,
    suite,
)

__all__ = [
    "ANNOTATIONS",
    "LIST_VIEW_SHARE",
    "SIGNED_IN",
    "Action",
    "Actor",
    "Allowed",
    "Answer",
    "ApiShape",
    "Area",
    "AttachmentBlueprint",
    "Attachments",
    "Audit",
    "BackstayError",
    "Blob",
    "BoolField",
    "Bulk",
    "Calculated",
    "CatchUp",
    "Choice",
    "ChoiceField",
    "ChoicesField",
    "Chunk",
    "Colleague",
    "Column",
    "Company",
    "CompanyRef",
    "CompanyScoped",
    "Conflict",
    "Context",
    "DateField",
    "DemoData",
    "DomainEvent",
    "Empty",
    "Event",
    "FieldGroup",
    "FileField",
    "FileKind",
    "Filter",
    "Fixed",
    "Forbidden",
    "Id",
    "Identified",
    "ImportColumn",
    "ImportKind",
    "Instant",
    "Invalid",
    "JobKind",
    "JobQueue",
    "JobRun",
    "Kind",
    "LinesField",
    "Model",
    "Money",
    "MoneyField",
    "NoAmount",
    "NoDate",
    "NotFound",
    "NumberField",
    "Operation",
    "Outcome",
    "Page",
    "Panel",
    "Permission",
    "PickerField",
    "PluginBlueprint",
    "Problem",
    "ReadingOptions",
    "Related",
    "Resource",
    "Risk",
    "RoleName",
    "RoleTemplate",
    "Schedule",
    "Scope",
    "SecretField",
    "Section",
    "SetupChoice",
    "SetupDetail",
    "StagedRow",
    "Stale",
    "StoredFile",
    "Subscription",
    "Symbols",
    "Text",
    "TextField",
    "TextFormat",
    "TextReading",
    "Unavailable",
    "Upload",
    "Validation",
    "Versioned",
    "account_roles",
    "act_for",
    "append_only",
    "approvables",
    "attachments_view",
    "audit_file_formats",
    "audit_now",
    "authorize",
    "calculate",
    "canonical",
    "check_version",
    "checked_time_zone",
    "close_tasks",
    "colleagues",
    "command_environment",
    "company_of",
    "context",
    "context_elsewhere",
    "context_of",
    "csv_line",
    "database",
    "date_text",
    "declare",
    "dimension_types",
    "editable_decimal",
    "emit",
    "enqueue",
    "find",
    "fits_a_cell",
    "flash_done",
    "flash_problem",
    "forget_attachments",
    "fragment",
    "freeze",
    "from_units",
    "gettext",
    "give_file",
    "give_reason",
    "holders",
    "holders_of_roles",
    "hookimpl",
    "import_file",
    "import_files",
    "import_summary",
    "instant_text",
    "keep_file",
    "keep_written",
    "lazy",
    "let_go",
    "money_formatter",
    "money_look",
    "move_attachments",
    "neutral",
    "new_file",
    "new_id",
    "new_ids",
    "new_workbook",
    "ngettext",
    "no_truncate",
    "now",
    "open_file",
    "page",
    "places",
    "plain_money",
    "plugin_metadata",
    "public",
    "read_day",
    "read_decimal",
    "read_table",
    "reading_options",
    "record_event",
    "record_many",
    "redirect_to",
    "require",
    "requires",
    "resource_url",
    "role_names",
    "row_hash",
    "session",
    "sheet_name",
    "short",
    "suite",
    "symbols",
    "time_zone_choices",
    "to_units",
    "today",
    "together",
    "unique_keys",
    "view",
    "wants_fragment",
    "write_value",
]
