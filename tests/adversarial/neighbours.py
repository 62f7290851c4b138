"""Plugins that do what a plugin must not do, and the good neighbour that must not notice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

MODEL: Final = """
from sqlalchemy.orm import DeclarativeBase, Mapped, relationship

class Base(spi.Model, DeclarativeBase):
    metadata = spi.plugin_metadata("{name}")
    type_annotation_map = spi.ANNOTATIONS

class Thing(spi.Identified, Base):
    __tablename__ = "{name}_thing"
    __scope__ = spi.Scope.SHARED
    __audit__ = spi.Audit.DERIVED
    size: Mapped[int]

@spi.hookimpl
def backstay_models():
    return Base
"""
PERMISSION: Final = """
SEE = spi.Permission("{name}.thing.view", "see things", spi.Risk.READ)

@spi.hookimpl
def backstay_permissions():
    return [SEE]
"""
PAGE: Final = """
pages = spi.PluginBlueprint("{name}", __name__)

@spi.hookimpl
def backstay_blueprints():
    return [pages]
"""
NEIGHBOUR: Final = (
    MODEL
    + PERMISSION
    + PAGE
    + """
from sqlalchemy import func, select

@pages.get("/")
@spi.requires(SEE)
def count():
    return f"{spi.session().scalar(select(func.count()).select_from(Thing))} things"

class Crates:
    pass

class _Crates:
    def put(self, session, size):
        session.add(Thing(size=size))

@spi.hookimpl
def backstay_services():
    return {Crates: _Crates()}

def _job(job):
    job.session.add(Thing(size=7))

@spi.hookimpl
def backstay_jobs():
    return [spi.JobKind("crate.fill", "fill", _job)]
"""
).replace("{name}", "crate")
API: Final = """
from backstay_crate.plugin import Thing

def put(session, size):
    session.add(Thing(size=size))
"""


def code(*pieces: str, name: str = "rogue") -> str:
    """The ``plugin.py`` of an adversary."""
    return "\n".join(pieces).replace("{name}", name)


@dataclass(frozen=True)
class Adversary:
    """A plugin that breaks one rule.

    Arguments:
        said: what the administrator reads about it.
    """

    fault: str
    code: str
    said: str
    name: str = "rogue"
    requires: tuple[str, ...] = ()
    api: int = 1
    files: dict[str, str] = field(default_factory=dict)


def _hook(name: str, body: str) -> str:
    return f"\n@spi.hookimpl\ndef {name}():\n    {body}\n"


ADVERSARIES: Final = (
    Adversary("raises on import", "raise RuntimeError('broken at import')", "broken at import"),
    Adversary("ends the process on import", "raise SystemExit(3)", "SystemExit: 3"),
    Adversary(
        "raises in a hook",
        _hook("backstay_permissions", "raise ValueError('no permissions today')"),
        "no permissions today",
    ),
    Adversary(
        "has a broken relationship",
        code(
            MODEL.replace("size: Mapped[int]", "size: Mapped[int]\n    of = relationship('Gone')")
        ),
        "Gone",
    ),
    Adversary(
        "declares a route without permission",
        code(PERMISSION, PAGE, "@pages.get('/')\ndef open_to_all():\n    return 'hello'"),
        "neither @requires nor @public",
    ),
    Adversary(
        "declares a model without scope",
        code(MODEL.replace("    __scope__ = spi.Scope.SHARED\n", "")),
        "does not declare __scope__",
    ),
    Adversary(
        "takes a table of its neighbour",
        code(MODEL, name="crate"),
        "declared as those of crate",
    ),
    Adversary(
        "makes a table outside its prefix",
        code(MODEL, "from sqlalchemy import Table", "Table('crate_extra', Base.metadata)"),
        "table crate_extra must be called rogue_",
    ),
    Adversary(
        "takes a permission of its neighbour",
        code(PERMISSION, name="crate"),
        "permission crate.thing.view is declared twice",
    ),
    Adversary(
        "takes a permission of core",
        code(PERMISSION.replace("{name}.thing.view", "core.user.view")),
        "permission core.user.view is declared twice",
    ),
    Adversary(
        "takes a job of its neighbour",
        _hook("backstay_jobs", "return [spi.JobKind('crate.fill', 'x', print)]"),
        "job crate.fill is declared twice",
    ),
    Adversary(
        "takes the pages of its neighbour",
        code(PAGE, name="crate"),
        "must be a PluginBlueprint(“rogue”",
    ),
    Adversary(
        "takes the name of its neighbour's pages",
        code(PAGE.replace("__name__", "__name__, name='crate'")),
        "group of pages crate is declared twice",
    ),
    Adversary(
        "brings pages that could reach the whole application",
        "from flask import Blueprint\n"
        + _hook("backstay_blueprints", "return [Blueprint('rogue', __name__)]"),
        "must be a PluginBlueprint",
    ),
    Adversary(
        "takes a command of core",
        "import click\n" + _hook("backstay_commands", "return [click.Command('user')]"),
        "command user is one of core's",
    ),
    Adversary(
        "takes a resource of core",
        code(
            MODEL,
            PERMISSION,
            _hook(
                "backstay_resources",
                "return [spi.Resource('core.user', 'users', Thing, SEE, 'x', 'xs', 'star',"
                " (spi.Column('size', 'Size', Thing.size),))]",
            ),
        ),
        "resource core.user is declared twice",
    ),
    Adversary(
        "declares what can't be indexed",
        _hook("backstay_resources", "return [object()]"),
        "has no attribute",
    ),
    Adversary(
        "breaks the menu",
        code(
            PERMISSION,
            PAGE,
            "@pages.get('/')\n@spi.requires(SEE)\ndef start():\n    return 'hello'",
            _hook(
                "backstay_navigation",
                "return [spi.Page('nowhere', 'Rogue', 'rogue.start', 'star', SEE)]",
            ),
        ),
        "nowhere",
    ),
    Adversary(
        "needs a plugin that is not there",
        "",
        "it needs backstay-lid, which is not installed",
        requires=("lid",),
    ),
    Adversary("is written for a newer interface", "", "plugin API 99", api=99),
    Adversary("bears a name of core", "", "its name may not be “core”", name="core"),
    Adversary(
        "implements a hook that there is none of",
        _hook("backstay_permisions", "return []"),
        "backstay_permisions",
    ),
)
