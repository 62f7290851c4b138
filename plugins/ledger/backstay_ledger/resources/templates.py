"""Templates for entries: list, record, renaming, deleting; they are made in the entry editor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import url_for

from backstay.spi import (
    Action,
    Column,
    Empty,
    Kind,
    Operation,
    Panel,
    Resource,
    Section,
    redirect_to,
    resource_url,
)
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay.spi import view as ui
from backstay_ledger.models import EntryTemplate
from backstay_ledger.permissions import ENTRY_DRAFT
from backstay_ledger.resources.template_table import lines_table
from backstay_ledger.services.templates import (
    DeleteTemplate,
    EditTemplate,
    delete_template,
    edit_template,
    not_theirs,
    visible,
)

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy.orm import Session


def _to_the_list(_session: Session, _nothing: None) -> Response:
    return redirect_to(resource_url("ledger.template"))


def _lines(session: Session, template: EntryTemplate) -> dict[str, Any]:
    """The lines of a template, and the way into the editor."""
    use = ui.Button(
        translate("Use this template"),
        url_for("ledger.entry_new", template=template.id),
        "plus",
        shortcut="u",
    )
    return {**lines_table(session, template.content), "use": use}


TEMPLATES: Final = Resource(
    name="ledger.template",
    path="entry-templates",
    model=EntryTemplate,
    view=ENTRY_DRAFT,
    label=_("Entry template"),
    label_many=_("Entry templates"),
    icon="copy",
    help=_("Entries to begin others with: your own, and those that are shared in the company."),
    columns=(
        Column("name", _("Name"), EntryTemplate.name, link=True, sortable=True),
        Column("shared", _("Shared"), EntryTemplate.shared, Kind.BOOL),
        Column("created_by", _("Made by"), EntryTemplate.created_by),
    ),
    search=(EntryTemplate.name,),
    search_label=_("Search by name"),
    order=("name",),
    criteria=visible,
    title=lambda template: str(template.name),
    sections=(Section(_("Template"), ("name", "shared", "created_by")),),
    panels=(Panel(_("Lines"), "ledger/template_lines.html", _lines, flush=True),),
    update=Operation(
        edit_template, EditTemplate, ENTRY_DRAFT, _("Rename or share"), done=_("Template saved.")
    ),
    actions=(
        Action(
            "delete",
            Operation(
                delete_template,
                DeleteTemplate,
                ENTRY_DRAFT,
                _("Delete template"),
                done=_("Template deleted."),
                respond=_to_the_list,
            ),
            icon="trash",
            danger=True,
            confirm=_("Delete this template? Entries that were made with it stay."),
            refuses=not_theirs,
        ),
    ),
    empty=Empty(
        _("No templates yet"),
        _("Write an entry and choose “Save as template” above its lines. Amounts may be empty."),
        "copy",
    ),
)
