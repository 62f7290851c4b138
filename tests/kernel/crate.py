"""A small plugin in two versions, and the command line that works on a test's database."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from backstay.db.database import Database
    from backstay.testing.plugins import PluginShelf

CODE = """
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy import ForeignKey

class Base(spi.Model, DeclarativeBase):
    metadata = spi.plugin_metadata("crate")
    type_annotation_map = spi.ANNOTATIONS

class Thing(spi.Identified, Base):
    __tablename__ = "crate_thing"
    __scope__ = spi.Scope.SHARED
    __audit__ = spi.Audit.FULL
    size: Mapped[int]
    inside: Mapped[int | None] = mapped_column(spi.Id, ForeignKey("crate_thing.id"))

READ = spi.Permission("crate.thing.view", "see things", spi.Risk.READ)

@spi.hookimpl
def backstay_models():
    return Base

@spi.hookimpl
def backstay_permissions():
    return [READ]

@spi.hookimpl
def backstay_role_templates():
    return [spi.RoleTemplate("storekeeper", "Storekeeper", "Keeps the crates.", (READ,))]
"""
NEWER = (
    CODE.replace(
        "    size: Mapped[int]\n",
        "    size: Mapped[int]\n"
        '    colour: Mapped[str] = mapped_column(spi.short(20), default="")\n',
    )
    .replace(
        "@spi.hookimpl\ndef backstay_models",
        'WRITE = spi.Permission("crate.thing.edit", "paint things")\n\n'
        "@spi.hookimpl\ndef backstay_models",
    )
    .replace("return [READ]", "return [READ, WRITE]")
    .replace(
        '"Keeps the crates.", (READ,))]',
        '"Keeps the crates.", (READ, WRITE)),'
        ' spi.RoleTemplate("painter", "Painter", "", (WRITE,))]',
    )
)
FIRST = '''"""make things."""
import os, time
from pathlib import Path
import sqlalchemy as sa
from alembic import op
revision = "crate_0001"
down_revision = None
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
def upgrade():
    op.create_table(
        "crate_thing",
        sa.Column("id", ID, primary_key=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("inside", ID, sa.ForeignKey("crate_thing.id")),
    )
'''
SECOND = '''"""give things a colour."""
import os, time
from pathlib import Path
import sqlalchemy as sa
from alembic import op
revision = "crate_0002"
down_revision = "crate_0001"
def upgrade():
    op.add_column(
        "crate_thing",
        sa.Column("colour", sa.String(length=20), nullable=False, server_default="red"),
    )
    if mark := os.environ.get("CRATE_MARK"):
        Path(mark).touch()
        if op.get_bind().dialect.name == "postgresql":
            op.execute("SELECT pg_sleep(300)")
        time.sleep(300)
'''


def install(shelf: PluginShelf) -> None:
    """Version 1.0."""
    shelf.add("crate", CODE, files={"migrations/versions/0001.py": FIRST})


def install_newer(shelf: PluginShelf) -> None:
    """Version 2.0 in its place, as pip would put it there; this process imports it anew."""
    set_version(shelf, "2.0")
    package = shelf.folder / "backstay_crate"
    (package / "plugin.py").write_text(f"from backstay import spi\n{NEWER}\n", encoding="utf-8")
    (package / "migrations/versions/0002.py").write_text(SECOND, encoding="utf-8")
    for name in [name for name in sys.modules if name.startswith("backstay_crate")]:
        del sys.modules[name]


def set_version(shelf: PluginShelf, version: str) -> None:
    """Let the installed distribution say that it is another version."""
    metadata = shelf.folder / "backstay_crate-1.0.dist-info" / "METADATA"
    lines = metadata.read_text(encoding="utf-8").splitlines()
    lines = [f"Version: {version}" if line.startswith("Version:") else line for line in lines]
    metadata.write_text("\n".join(lines) + "\n", encoding="utf-8")


def command(
    database: Database, shelf: PluginShelf, home: Path, *arguments: str, **environment: str
) -> subprocess.Popen[str]:
    """Start ``backstay ARGUMENTS`` on a test's database."""
    url = database.engine.url.render_as_string(hide_password=False)
    return subprocess.Popen(
        [sys.executable, "-m", "backstay", *arguments],
        env={
            **os.environ,
            "BACKSTAY_HOME": str(home),
            "BACKSTAY_DATABASE": url,
            "PYTHONPATH": str(shelf.folder),
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def said(running: subprocess.Popen[str]) -> str:
    """What a command printed; it must have ended well."""
    out, err = running.communicate(timeout=120)
    assert running.returncode == 0, err
    return textwrap.dedent(out)
