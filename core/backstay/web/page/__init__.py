"""What a view hands to a template: frozen values that are already formatted for a reader.

Templates only lay out; everything in here is decided, translated, formatted and permission-checked
before it arrives. A view builds one of the ``...Page`` classes and renders the template of the same
name with ``page=``: ``resources/list.html``, ``resources/record.html``, ``resources/form.html``,
``report.html``, ``home.html``, ``plan.html``, ``error.html``, ``sign_in.html``.
"""

from __future__ import annotations

from backstay.web.page.attachments import AttachmentsView
from backstay.web.page.form import (
    Conflict,
    ConflictRow,
    FormPage,
    FormProblem,
    FormSection,
)
from backstay.web.page.frame import (
    CompanyChoice,
    Crumb,
    NavArea,
    NavItem,
    Shell,
)
from backstay.web.page.months import DayLook, Month, MonthDay, Months
from backstay.web.page.pieces import (
    Button,
    ButtonKind,
    EmptyState,
    Note,
    Tag,
    Tone,
)
from backstay.web.page.record import (
    Change,
    FieldView,
    PanelView,
    RecordPage,
    RelatedView,
    SectionView,
    Step,
    StepState,
    TimelineItem,
)
from backstay.web.page.screens import (
    ChecklistItem,
    ErrorPage,
    Figure,
    HomePage,
    HomePart,
    PlanPage,
    PlanStep,
    ProgressView,
    Shortcuts,
    SignInPage,
)
from backstay.web.page.tables import (
    ActiveChip,
    BulkMenu,
    Cell,
    CellKind,
    ColumnChoice,
    ExportLink,
    FilterChoice,
    FilterControl,
    FilterKind,
    Head,
    ListPage,
    ReportGroup,
    ReportPage,
    Row,
    ViewLink,
    ViewMenu,
)

__all__ = [
    "ActiveChip",
    "AttachmentsView",
    "BulkMenu",
    "Button",
    "ButtonKind",
    "Cell",
    "CellKind",
    "Change",
    "ChecklistItem",
    "ColumnChoice",
    "CompanyChoice",
    "Conflict",
    "ConflictRow",
    "Crumb",
    "DayLook",
    "EmptyState",
    "ErrorPage",
    "ExportLink",
    "FieldView",
    "Figure",
    "FilterChoice",
    "FilterControl",
    "FilterKind",
    "FormPage",
    "FormProblem",
    "FormSection",
    "Head",
    "HomePage",
    "HomePart",
    "ListPage",
    "Month",
    "MonthDay",
    "Months",
    "NavArea",
    "NavItem",
    "Note",
    "PanelView",
    "PlanPage",
    "PlanStep",
    "ProgressView",
    "RecordPage",
    "RelatedView",
    "ReportGroup",
    "ReportPage",
    "Row",
    "SectionView",
    "Shell",
    "Shortcuts",
    "SignInPage",
    "Step",
    "StepState",
    "Tag",
    "TimelineItem",
    "Tone",
    "ViewLink",
    "ViewMenu",
]
