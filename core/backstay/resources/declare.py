"""The typed declaration from which core makes lists, record pages, forms and exports.

A plugin author writes this and the service functions that it names; there are no page templates to
write. The frozen command dataclass of a service is the schema of its form: each of its fields is
annotated with one of the field kinds below, ``Annotated[str, TextField(_("Name"))]``.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from backstay.access.permissions import FieldGroup, Permission
    from backstay.files.declare import Attachments
    from backstay.i18n import Text
    from backstay.web.page import Button, Tone


class Kind(enum.Enum):
    """How a value is shown and aligned."""

    TEXT = "text"
    CODE = "code"
    MONEY = "money"
    NUMBER = "number"
    DATE = "date"
    INSTANT = "instant"
    BOOL = "bool"
    STATE = "state"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of an enum or filter, with the words and the colour it is shown in."""

    value: str
    label: Text
    tone: Tone = "neutral"
    help: Text = ""
    group: Text = ""
    """Choices of one group are shown under one heading."""
    tag: Text = ""
    """A word beside the label, in the tone (the risk of a permission)."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list, a field of the record page, and a column of the export.

    Arguments:
        name: key of the column in URLs and exports.
        value: the SQL expression (a model attribute); resources with joins say them in ``joins``.
        sortable: only indexed columns are.
        link: the cell opens the record.
        group: shown masked to those who may not read the field group.
        format: turns the value into text where the kind alone does not say how.
        in_list: shown by the list itself; the others can be chosen.
        total: an amount is added up below the list; False where a sum says nothing.
    """

    name: str
    label: Text
    value: Any
    kind: Kind = Kind.TEXT
    choices: tuple[Choice, ...] = ()
    sortable: bool = False
    link: bool = False
    group: FieldGroup | None = None
    format: Callable[[Any], str] | None = None
    in_list: bool = True
    total: bool = True


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter above the list, kept in the URL.

    Arguments:
        column: the expression that is compared; ``condition`` overrides how.
        picker: name of the resource (``ledger.account``) whose records can be picked.
    """

    name: str
    label: Text
    column: Any
    choices: tuple[Choice, ...] = ()
    kind: Literal["segments", "select", "date_from", "date_to", "bool", "picker", "text"] = (
        "segments"
    )
    picker: str = ""
    condition: Callable[[str], ColumnElement[bool]] | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Fields shown together on the record page and in the form, by name."""

    title: Text
    fields: tuple[str, ...]
    help: Text = ""


@dataclass(frozen=True, slots=True)
class Empty:
    """What an empty list says: what belongs here, why, and the one thing to do."""

    title: Text
    text: Text
    icon: str = "inbox"


@dataclass(frozen=True, slots=True)
class Operation:
    """A use case: the service function, its command dataclass and its permission.

    Arguments:
        service: ``verb_noun(session, command) -> row``.
        command: frozen dataclass; a field ``id`` (and ``version``) is filled from the record.
        initial: values of a new form, or of the record's form, by field name; left out, they are
            the record's attributes of the same names.
        done: said when it succeeded.
        submit: what the button of a form for a new record says; left out, “Create”.
        respond: answers in place of the way back to the record (a password that is shown once);
            called with the service's result, returns a Flask response.
        in_api: False for what makes sense to a person at a browser only, such as a password that
            is shown once.
        example: values for the API's reference, where those of the fields would not fit together;
            or what makes them of the records of a session's company, empty where it has none.
    """

    service: Callable[[Session, Any], Any]
    command: type[Any]
    permission: Permission
    label: Text
    initial: Callable[[Session, Any], dict[str, Any]] | None = None
    sections: tuple[Section, ...] = ()
    help: Text = ""
    done: Text = ""
    respond: Callable[[Session, Any], Any] | None = None
    in_api: bool = True
    example: Mapping[str, Any] | Callable[[Session], Mapping[str, Any]] = field(
        default_factory=dict
    )
    submit: Text = ""


@dataclass(frozen=True, slots=True)
class Bulk:
    """An action that can be done with many records at once, each by the action's own service.

    What an action did must keep it from being done again (by its states, ``refuses`` or here): a
    run that was interrupted goes on from the start.

    Arguments:
        skips: called with records whose state allows the action; why some of them can't be done
            now, by id. Asked for many records at once, in place of ``refuses``.
        initial: called with the records; what the form for all of them starts with.
    """

    skips: Callable[[Session, Sequence[Any]], Mapping[int, str]] | None = None
    initial: Callable[[Session, Sequence[Any]], dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """Something that can be done with a record, offered by state and permission.

    Arguments:
        states: values of the state column in which it is allowed; empty means always. The service
            refuses the others with Conflict: UI, API and tests read this one table.
        leads_to: the state after it, where it changes the state.
        past: what whoever did it has done, for the record's timeline: “posted this”.
        confirm: text of the confirmation for what can't be undone.
        refuses: why it is not possible for this record now, or None.
        bulk: it is offered for many records of the list at once.
        only_answers: nothing is made by it, so that the API answers 200 where it lies on the list.
    """

    name: str
    operation: Operation
    icon: str = "player-play"
    states: tuple[str, ...] = ()
    leads_to: str = ""
    past: Text = ""
    primary: bool = False
    danger: bool = False
    confirm: Text = ""
    refuses: Callable[[Session, Any], str | None] | None = None
    bulk: Bulk | None = None
    only_answers: bool = False


@dataclass(frozen=True, slots=True)
class ApiShape:
    """Where the API of a resource differs from its pages.

    Arguments:
        create, update: what takes the place of the resource's own, whose page is bespoke. The
            fields of ``update`` are part of the record's representation, with the values that its
            ``initial`` gives.
        on_list: actions without a record, such as creating and posting in one call.
    """

    create: Operation | None = None
    update: Operation | None = None
    on_list: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Related:
    """Records that belong to this one: a count that opens their list, filtered.

    Arguments:
        resource: name of the other resource.
        filter: name of its filter that takes this record's id.
        count: SQL count of them for one record, or None for “open”.
    """

    label: Text
    resource: str
    filter: str
    count: Callable[[Session, Any], int] | None = None
    icon: str = "list"


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of the record page with a template of its own (an entry's lines)."""

    title: Text
    template: str
    context: Callable[[Session, Any], dict[str, Any]]
    flush: bool = False
    """The panel is a table that touches the edges of its card."""


@dataclass(frozen=True, slots=True)
class Resource:
    """All that core needs to serve a model's pages.

    Arguments:
        name: ``<plugin>.<noun>``; the noun is unique in the plugin.
        path: the last part of the list's URL, such as ``accounts``.
        model: the mapped class; its ``__scope__`` decides whether pages lie inside a company.
        view: the permission to see lists and records.
        columns: the first is the record's name and opens it.
        search: model attributes that the search box looks in (prefix of a word, case-insensitive).
        order: names of columns, ``-`` in front for descending; the id is always added.
        joins: called with the select, adds what the columns' expressions need.
        criteria: extra conditions that hold for every row of the list, by session.
        title: the record page's heading.
        state: name of the column, and of the model's attribute, that holds the record's state;
            ``steps`` are its values in order, for the status bar.
        picker_label: text of a picked record; the default is the record's title.
        update_states: the states in which the record may be edited; empty means always.
        create_endpoint, edit_endpoint, record_endpoint: a bespoke page in place of the generated
            one; record and edit get the record's ``id``.
        export: who may take the list away as a file; left out, whoever may see it.
        buttons: further buttons above the list, such as an import.
        history: further (entity, entity id) pairs of the audit trail whose events are shown in
            the record's timeline.
        api: where its API differs from its pages.
        attachments: records take files, which their generated pages show.
    """

    name: str
    path: str
    model: type[Any]
    view: Permission
    label: Text
    label_many: Text
    icon: str
    columns: tuple[Column, ...]
    help: Text = ""
    filters: tuple[Filter, ...] = ()
    search: tuple[Any, ...] = ()
    search_label: Text = ""
    order: tuple[str, ...] = ()
    joins: Callable[[Any], Any] | None = None
    criteria: Callable[[Session], Sequence[ColumnElement[bool]]] | None = None
    sections: tuple[Section, ...] = ()
    title: Callable[[Any], str] | None = None
    state: str = ""
    steps: tuple[str, ...] = ()
    create: Operation | None = None
    update: Operation | None = None
    actions: tuple[Action, ...] = ()
    related: tuple[Related, ...] = ()
    panels: tuple[Panel, ...] = ()
    empty: Empty | None = None
    create_endpoint: str = ""
    edit_endpoint: str = ""
    record_endpoint: str = ""
    export: Permission | None = None
    picker_label: Callable[[Any], str] | None = None
    picker_criteria: Callable[[Session], Sequence[ColumnElement[bool]]] | None = None
    in_company: bool | None = None
    """None: as the model's scope says."""
    update_states: tuple[str, ...] = ()
    buttons: Callable[[Session], Sequence[Button]] | None = None
    history: Callable[[Session, Any], Sequence[tuple[str, str]]] | None = None
    api: ApiShape | None = None
    attachments: Attachments | None = None

    @property
    def plugin(self) -> str:
        """The plugin that declares it: the first part of its name."""
        return self.name.partition(".")[0]

    @property
    def noun(self) -> str:
        """The name without the plugin."""
        return self.name.partition(".")[2]

    @property
    def thing(self) -> str:
        """The label as it stands inside a sentence: “journal entry”, but “API token”."""
        label = str(self.label)
        return label if label[1:2].isupper() else label[:1].lower() + label[1:]

    @property
    def lies_in_company(self) -> bool:
        """Whether its pages lie inside a company."""
        if self.in_company is not None:
            return self.in_company
        return str(self.model.__scope__.value) == "company"

    def column(self, name: str) -> Column | None:
        """The column of that name, if there is one."""
        return next((column for column in self.columns if column.name == name), None)

    def state_of(self, record: object) -> str:
        """The record's state as the table of actions writes it; empty without states."""
        if not self.state:
            return ""
        value = getattr(record, self.state)
        return str(value.value) if isinstance(value, enum.Enum) else str(value)
