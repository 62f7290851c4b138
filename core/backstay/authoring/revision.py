"""Writing a plugin's next migration: what its models describe and its migrations do not make yet.

The comparison works on a database of its own, so no data folder has to be at any version.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backstay.core_base import CoreBase
from backstay.db.database import Database
from backstay.errors import Conflict, Invalid, NotFound
from backstay.i18n import gettext as _
from backstay.kernel.discovery import discover, with_required
from backstay.kernel.load import load
from backstay.kernel.migrate import (
    apply_migrations,
    core_schema,
    differences,
    make_revision,
    plugin_schema,
)

if TYPE_CHECKING:
    from backstay.kernel.migrate import Schema


def write_revision(plugin: str, message: str) -> Path:
    """Write the next migration of an installed plugin, or of core.

    Arguments:
        message: what changes, in a few words; the file is called after it.

    Returns:
        the new file.

    Raises:
        NotFound: no such plugin is installed.
        Invalid: it has no models, does not load, or the message is empty; or rows that are there
            would have nothing in a new column that may not be empty; or it runs from a wheel.
        Conflict: the migrations make all that the models describe.
        ConfigurationError: a migration that is there fails.
    """
    if not message.strip():
        raise Invalid(_("Say in a few words what changes."), field="message")
    schemas = _schemas(plugin)
    own = schemas[-1]
    _refuse_outside_the_source(plugin, own.versions)
    with tempfile.TemporaryDirectory(prefix="backstay-revision-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'scratch.db'}")
        try:
            for schema in schemas:
                apply_migrations(database.engine, schema)
            with database.engine.connect() as connection:
                if not differences(connection, own):
                    raise Conflict(
                        _(
                            "The migrations of %(plugin)s make all that its models describe;"
                            " nothing was written.",
                            plugin=plugin,
                        ),
                        field="name",
                    )
            return make_revision(database.engine, own, message.strip())
        finally:
            database.dispose()


def _refuse_outside_the_source(plugin: str, versions: Path) -> None:
    """A file written among installed packages is lost with the next installation."""
    if {"site-packages", "dist-packages"} & set(versions.parts):
        raise Invalid(
            _(
                "%(plugin)s runs from %(folder)s, where it was installed as a wheel. Install the"
                " folder of its source in this environment, then write the migration:"
                " pip install --no-deps --no-build-isolation -e FOLDER",
                plugin=plugin,
                folder=versions.parent.parent,
            ),
            field="name",
        )


def _schemas(plugin: str) -> list[Schema]:
    """The schemas of core, of what the plugin requires, and its own, in this order."""
    core = core_schema(CoreBase.metadata)
    if plugin == "core":
        return [core]
    found = discover()
    if plugin not in found:
        raise NotFound(
            _(
                "There is no installed plugin “%(name)s”. Installed: %(known)s.",
                name=plugin,
                known=", ".join(found) or _("none"),
            ),
            field="name",
        )
    suite = load(with_required(plugin, found))
    if suite.failed:
        why = "; ".join(f"{name}: {reason}" for name, reason in suite.failed.items())
        raise Invalid(_("%(name)s can't be loaded: %(why)s", name=plugin, why=why), field="name")
    if suite.part(plugin).base is None:
        raise Invalid(_("%(name)s has no models.", name=plugin), field="name")
    bases: list[tuple[str, Any]] = [(name, suite.part(name).base) for name in suite.running]
    others = [
        plugin_schema(found[name], base.metadata)
        for name, base in bases
        if base is not None and name != plugin
    ]
    own = next(base for name, base in bases if name == plugin)
    return [core, *others, plugin_schema(found[plugin], own.metadata)]
