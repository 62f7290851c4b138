"""What every model declares: whose it is, who may see its rows, and how its changes are recorded.

Each plugin has its own registry and MetaData, so one plugin's mistake in a relationship can't
break the queries of another.
"""

from __future__ import annotations

import enum
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import JSON, BigInteger, Date, Enum, ForeignKey, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from backstay.db.ids import new_id
from backstay.db.types import Id, Instant, Money
from backstay.errors import ConfigurationError

if TYPE_CHECKING:
    from backstay.db.guards import Guard

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Audit(enum.Enum):
    """How changes of a model's rows reach the audit trail."""

    FULL = "full"
    """Each change of a row is an audit row of its own."""
    BY_PARENT = "by parent"
    """The row belongs to a parent whose audit row covers it (an entry's lines)."""
    DERIVED = "derived"
    """Balances, caches, queues, sign-in sessions: can be rebuilt or are no business record."""


class Scope(enum.Enum):
    """Whose rows a model holds."""

    COMPANY = "company"
    SHARED = "shared"


class Model:
    """What all models share. A plugin's base is ``class XBase(Model, DeclarativeBase)``.

    with ``metadata = plugin_metadata("x")`` and ``type_annotation_map = ANNOTATIONS``.
    """

    __scope__: ClassVar[Scope]
    __audit__: ClassVar[Audit]
    __field_groups__: ClassVar[dict[str, str]] = {}
    """Column name -> field group, for what only some may read."""
    __secret__: ClassVar[frozenset[str]] = frozenset()
    """Columns whose values never leave the row: the audit trail notes only that they changed."""

    def audit_label(self) -> str:
        """How this record is called in the audit trail and in links to it."""
        for name in ("label", "name", "code", "id"):
            value = getattr(self, name, None)
            if value is not None:
                return str(value)
        return ""


ANNOTATIONS: dict[Any, Any] = {
    datetime: Instant(),
    date: Date(),
    Decimal: Money(),
    enum.Enum: Enum(
        enum.Enum,
        native_enum=False,
        length=20,
        create_constraint=False,
        values_callable=lambda members: [member.value for member in members],
    ),
    dict[str, Any]: JSON(),
    list[Any]: JSON(),
}
"""How the Python types of ``Mapped[...]`` are stored."""


def plugin_metadata(plugin: str) -> MetaData:
    """The MetaData of one plugin's tables, each of which must be called ``<plugin>_...``."""
    return MetaData(naming_convention=NAMING, info={"plugin": plugin, "guards": []})


def plugin_of(model: type[Any]) -> str:
    """The plugin whose table a model maps."""
    return str(model.metadata.info["plugin"])


def guards_of(metadata: MetaData) -> list[Guard]:
    """The database guards declared with a plugin's models."""
    guards: list[Guard] = metadata.info["guards"]
    return guards


def check_declarations(base: type[DeclarativeBase]) -> None:
    """Refuse models that do not say their scope and audit policy or use a foreign prefix.

    Raises:
        ConfigurationError: names the model and what is missing.
    """
    plugin = base.metadata.info["plugin"]
    for mapper in base.registry.mappers:
        model = mapper.class_
        for name in ("__scope__", "__audit__"):
            if not hasattr(model, name):
                message = f"{model.__name__} of plugin {plugin} does not declare {name}"
                raise ConfigurationError(message)
        if not model.__tablename__.startswith(f"{plugin}_"):
            message = f"table {model.__tablename__} must be called {plugin}_..."
            raise ConfigurationError(message)
        if model.__scope__ is Scope.COMPANY and not issubclass(model, CompanyScoped):
            message = f"{model.__name__} is scoped by company but is not CompanyScoped"
            raise ConfigurationError(message)


class Identified:
    """A row with a 64-bit, time-ordered id made by the application."""

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id, sort_order=-100)


class CompanyScoped:
    """A row of one company: sessions add the company filter to every query over it."""

    __scope__: ClassVar[Scope] = Scope.COMPANY

    @declared_attr
    def company_id(cls) -> Mapped[int]:  # noqa: N805
        """The company that owns the row; never changes."""
        # The name instead of the Column: core's own tables are declared before the company's.
        from backstay.companies.models import Company

        return mapped_column(Id, ForeignKey(Company.__table__.c.id), sort_order=-90)


class Versioned:
    """An editable row: a save that was based on an older version is refused as stale."""

    version: Mapped[int] = mapped_column(BigInteger, default=1, sort_order=90)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805
        """Let SQLAlchemy count the version and refuse a stale UPDATE."""
        return {"version_id_col": cls.__dict__.get("version", Versioned.version)}


def short(length: int) -> String:
    """A VARCHAR; named so that declarations read ``mapped_column(short(20))``."""
    return String(length)


__all__ = [
    "ANNOTATIONS",
    "Audit",
    "CompanyScoped",
    "Identified",
    "Model",
    "Scope",
    "Versioned",
    "check_declarations",
    "guards_of",
    "plugin_metadata",
    "plugin_of",
    "short",
]
