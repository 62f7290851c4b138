"""Sample values for the component gallery, where every component is seen in every state.

The gallery is how a theme or a new component is judged, by eye and by the accessibility tests. The
view is one line: ``render_template("gallery.html", **gallery_context())``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wtforms import (
    BooleanField,
    DateField,
    FileField,
    Form,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired

from backstay.i18n import _
from backstay.web.page import (
    Button,
    Cell,
    Change,
    ChecklistItem,
    Crumb,
    EmptyState,
    FieldView,
    Figure,
    FilterChoice,
    FilterControl,
    FormProblem,
    Head,
    Note,
    ProgressView,
    Row,
    Step,
    Tag,
    TimelineItem,
    Tone,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

PICKER_URL = "/admin/gallery/picker"
ICON_NAMES = """
home layout-dashboard book-2 notebook list-details scale report-analytics building building-bank
users user-circle settings plug shield-check shield-lock key devices history search sun moon
keyboard selector plus check x alert-triangle alert-circle info-circle circle-check download
upload printer file-text file-import paperclip trash pencil copy arrow-back-up filter calendar
inbox link lock eye refresh star bolt help-circle coins receipt-2 chart-bar box truck headset
certificate tag folder sitemap table-import database mark
"""


class _PickerField(StringField):
    """A field that the template draws as a record picker."""

    picker_url = PICKER_URL
    value_label = "6200 IT services"


class SampleForm(Form):
    """One field of every kind."""

    name = StringField("Name", [InputRequired()], description="As it appears on statements.")
    date = DateField("Date")
    amount = StringField("Amount", render_kw={"data-kind": "money", "data-currency": "EUR"})
    journal = SelectField("Journal", choices=[("gen", "General"), ("bank", "Bank")])
    account = _PickerField("Account", description="Type a number or a part of the name.")
    secret = PasswordField("Password")
    memo = TextAreaField("Memo")
    active = BooleanField("Active", description="An inactive record can no longer be chosen.")
    kind = RadioField(
        "Kind",
        choices=[("a", "Asset"), ("l", "Liability"), ("i", "Income")],
        default="a",
    )
    permissions = SelectMultipleField(
        "Permissions",
        choices={
            "Ledger": [
                ("read", "See entries", {"help": "Lists, records and reports."}),
                (
                    "post",
                    "Post entries",
                    {"help": "A posted entry cannot be changed.", "tag": "risk", "tone": "warn"},
                ),
            ],
            "Administration": [
                (
                    "users",
                    "Manage users",
                    {"help": "Create, disable, reset.", "tag": "high risk", "tone": "bad"},
                ),
            ],
        },
        default=["read"],
    )
    file = FileField("File", description="CSV, at most 20 MB.")


def _sample_form() -> SampleForm:
    form = SampleForm(data={"name": "", "amount": "1250.005", "memo": "Office rent"})
    form.name.errors = ["Give it a name."]
    form.amount.errors = ["EUR has two decimals: write 1250.00 or 1250.01."]
    return form


def _rows() -> tuple[Row, ...]:
    samples: tuple[tuple[str, str, str, str, Tone, str], ...] = (
        ("GJ-2026-00042", "2026-03-31", "Office rent March", "Posted", "ok", "1,250.00"),
        ("Draft", "2026-03-30", "Supplier invoice 4711", "Draft", "neutral", "1,428.00"),
        ("GJ-2026-00041", "2026-03-28", "Correction of February", "Reversed", "bad", "-96.10"),
        ("GJ-2026-00040", "2026-03-27", "Payroll March", "To review", "warn", "42,004.45"),
    )
    return tuple(
        Row(
            id=str(number),
            href="#",
            cells=(
                Cell(entry),
                Cell(date, "date"),
                Cell(memo),
                Cell(state, "state", tone=tone),
                Cell(amount, "money"),
            ),
        )
        for number, (entry, date, memo, state, tone, amount) in enumerate(samples)
    )


def gallery_context() -> Mapping[str, object]:
    """Everything that ``gallery.html`` shows."""
    return {
        "icons": ICON_NAMES.split(),
        "form": _sample_form(),
        "problems": (
            FormProblem("name", "Name", "Give it a name."),
            FormProblem("amount", "Amount", "EUR has two decimals: write 1250.00 or 1250.01."),
        ),
        "buttons": (
            Button(_("Post"), icon="check", kind="primary", shortcut="Ctrl+Enter"),
            Button(_("Save draft")),
            Button(_("New entry"), href="#", icon="plus", shortcut="n"),
            Button(_("Export"), href="#", icon="download", kind="ghost"),
            Button(_("Disable"), icon="ban", kind="danger", confirm=_("Disable the ledger now?")),
            Button(_("Close period"), disabled_reason=_("Two drafts are dated in it.")),
        ),
        "tags": (
            Tag(_("Draft")),
            Tag(_("Posted"), "ok"),
            Tag(_("To review"), "warn"),
            Tag(_("Reversed"), "bad"),
            Tag(_("Imported"), "info"),
        ),
        "notes": (
            Note(_("The books agree: debit and credit are both 412,300.55."), "ok", _("Balanced.")),
            Note(_("Period 03/2026 closes in two days."), "warn"),
            Note(_("Row 17: account 9999 is unknown."), "bad", _("Nothing was imported.")),
            Note(_("Reversed by GJ-2026-00050."), "info"),
        ),
        "steps": (Step(_("Draft"), "done"), Step(_("To review"), "current"), Step(_("Posted"))),
        "heads": (
            Head("number", _("Number"), sort_href="#", sorted="descending"),
            Head("date", _("Date"), sort_href="#"),
            Head("memo", _("Memo")),
            Head("state", _("State")),
            Head("amount", _("Amount"), "end"),
        ),
        "rows": _rows(),
        "totals": (Cell(_("Total")), Cell(), Cell(), Cell(), Cell("44,586.35", "money")),
        "facts": (
            FieldView("journal", _("Journal"), "General"),
            FieldView("amount", _("Amount"), "1,250.00 EUR", "money"),
            FieldView("state", _("State"), "Posted", "state", tone="ok"),
            FieldView("reversal", _("Reversal"), "GJ-2026-00050", href="#"),
            FieldView("iban", _("Bank account"), masked=True),
            FieldView("reference", _("Reference"), "RE-20931", "code"),
            FieldView("partner", _("Partner")),
        ),
        "filters": (
            FilterControl(
                "state",
                _("State"),
                "segments",
                (
                    FilterChoice("", _("All"), current=True),
                    FilterChoice("draft", _("Draft")),
                    FilterChoice("posted", _("Posted")),
                ),
            ),
            FilterControl("journal", _("Journal"), "select", (FilterChoice("", _("Any")),)),
            FilterControl("from", _("From"), "date", value="2026-01-01"),
            FilterControl("account", _("Account"), "picker", picker_url=PICKER_URL),
            FilterControl("mine", _("Only mine"), "bool"),
        ),
        "figures": (
            Figure(_("Entries this month"), "128", _("12 drafts"), "#", "warn", "notebook"),
            Figure(_("Cash"), "84,210.77", _("EUR, all banks"), "#", icon="coins"),
            Figure(_("Trial balance"), _("agrees"), _("412,300.55 each"), "#", "ok", "scale"),
        ),
        "checklist": (
            ChecklistItem(_("Create a company"), _("Currency and fiscal year."), "#", done=True),
            ChecklistItem(_("Import the chart of accounts"), _("A CSV file, or a starter."), "#"),
        ),
        "timeline": (
            TimelineItem(
                "Accountant",
                "AC",
                _("posted the entry"),
                "2026-03-31T09:14:00Z",
                _("Today 09:14"),
                (Change(_("State"), "draft", "posted"), Change(_("Number"), "", "GJ-2026-00042")),
            ),
            TimelineItem(
                "Bookkeeper",
                "BK",
                _("changed the draft"),
                "2026-03-30T16:02:00Z",
                _("Yesterday 16:02"),
                (Change(_("Memo"), "Rent", "Office rent March"),),
                _("Asked for by the auditor."),
            ),
        ),
        "progress": (
            ProgressView(_("Reading journal.csv"), "running", _("1,200 of 4,800 rows"), 1200, 4800),
            ProgressView(_("Waiting for the runner"), "waiting", _("a moment")),
            ProgressView(_("Done."), "done", _("4,800 rows became 1,120 entries.")),
        ),
        "empty_state": EmptyState(
            _("No entries yet"),
            _("Entries record what happened in money. Post the first one, or import a journal."),
            Button(_("New entry"), "#", "plus", "primary"),
            "notebook",
        ),
        "tabs": (
            Button(_("Overview"), "#", name="overview"),
            Button(_("Lines"), "#", name="lines"),
            Button(_("Files"), "#", name="files"),
        ),
        "crumbs": (Crumb(_("Ledger"), "#"), Crumb(_("Entries"), "#"), Crumb("GJ-2026-00042")),
        "picker_url": PICKER_URL,
    }
