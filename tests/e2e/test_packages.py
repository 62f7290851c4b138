"""A package is installed, removed and put back while three web processes and a runner serve people.

The distribution is built as others build theirs, and unpacked where the servers look for packages.
Nothing is restarted, and no page of core fails.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from backstay.testing.distributions import build_wheel, unpack
from backstay.testing.postgres import create_database, drop_database
from tests.e2e.servers import Client, cli, environment, web_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PASSWORD = "seven-sheep-on-a-hill"
PARCEL = "/c/ACME/parcel/"
LONGEST_SECONDS = 90
SETUP = """
[metadata]
name = backstay-parcel
version = 1.0
[options]
packages = backstay_parcel, backstay_parcel.migrations, backstay_parcel.migrations.versions
[options.package_data]
* = plugin.toml
[options.entry_points]
backstay.plugins =
    parcel = backstay_parcel.plugin
"""
PLUGIN = """
from sqlalchemy import func, select
from sqlalchemy.orm import DeclarativeBase, Mapped

from backstay import spi

class Base(spi.Model, DeclarativeBase):
    metadata = spi.plugin_metadata("parcel")
    type_annotation_map = spi.ANNOTATIONS

class Parcel(spi.Identified, Base):
    __tablename__ = "parcel_parcel"
    __scope__ = spi.Scope.SHARED
    __audit__ = spi.Audit.DERIVED
    weight: Mapped[int]

pages = spi.PluginBlueprint("parcel", __name__)

@pages.get("/")
@spi.requires(spi.SIGNED_IN)
def count():
    return f"{spi.session().scalar(select(func.count()).select_from(Parcel))} parcels"

@spi.hookimpl
def backstay_models():
    return Base

@spi.hookimpl
def backstay_blueprints():
    return [pages]
"""
MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "parcel_0001"
down_revision = None

def upgrade():
    op.create_table(
        "parcel_parcel",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("weight", sa.Integer(), nullable=False),
    )
    op.execute("INSERT INTO parcel_parcel (id, weight) VALUES (1, 12)")
"""


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A third party's distribution."""
    source = tmp_path / "parcel"
    files = {
        "setup.cfg": SETUP,
        "pyproject.toml": '[build-system]\nrequires = ["setuptools"]\n'
        'build-backend = "setuptools.build_meta"\n',
        "backstay_parcel/__init__.py": "",
        "backstay_parcel/plugin.toml": 'title = "Parcels"\ncategory = "supply"\napi = 1\n',
        "backstay_parcel/plugin.py": PLUGIN,
        "backstay_parcel/migrations/__init__.py": "",
        "backstay_parcel/migrations/versions/__init__.py": "",
        "backstay_parcel/migrations/versions/0001_parcels.py": MIGRATION,
    }
    for name, text in files.items():
        place = source / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    target = tmp_path / "dist"
    target.mkdir()
    return build_wheel(source, target)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgresql"))])
def env(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """A set-up installation whose servers find packages in an empty folder as well."""
    url = ""
    if request.param == "postgres":
        server: str = request.getfixturevalue("postgres_url")
        url = create_database(server, "packages")
    site = tmp_path / "site"
    site.mkdir()
    made = {**environment(tmp_path / "home", url), "PYTHONPATH": str(site)}
    cli(made, "migrate")
    cli(made, "company", "create", "ACME", "--name", "Acme Ltd", "--currency", "EUR")
    cli(
        made,
        *("user", "create", "boss", "--role", "administrator", "--password-stdin"),
        stdin=PASSWORD,
    )
    yield made
    if url:
        drop_database(server, "packages")


class Reader(threading.Thread):
    """Somebody who reads pages of core until told to stop, and keeps what went wrong."""

    def __init__(self, client: Client, stop: threading.Event) -> None:
        super().__init__()
        self.client = client
        self.stop = stop
        self.read = 0
        self.wrong: list[str] = []

    def run(self) -> None:
        while not self.stop.wait(0.05):
            for path in ("/me/", "/admin/modules"):
                answer = self.client.get(path)
                self.read += 1
                if answer.status != 200:
                    self.wrong.append(f"{path}: {answer.status}")


def soon(true: Callable[[], bool], what: str) -> None:
    """Wait until it is so; how long does not matter, that it comes does."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while not true():
        assert time.monotonic() < deadline, f"not within {LONGEST_SECONDS} s: {what}"
        time.sleep(0.5)


def test_packages_come_and_go_while_the_servers_run(
    env: dict[str, str], wheel: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    with ExitStack() as stack:
        clients = []
        for number in range(3):
            port = stack.enter_context(web_server(env, tmp_path / f"web{number}.log"))
            client = Client(port)
            client.sign_in("boss", PASSWORD)
            clients.append(client)
        runner = subprocess.Popen([sys.executable, "-m", "backstay", "runner"], env=env)
        stack.callback(runner.wait, 60)
        stack.callback(runner.terminate)
        stop = threading.Event()
        readers = [Reader(Client(c.port, dict(c.cookies)), stop) for c in clients]
        for reader in readers:
            reader.start()
        try:
            assert clients[0].get(PARCEL).status == 404
            unpack(wheel, site)
            assert "Parcels" in clients[0].get("/admin/modules").text
            cli(env, "plugin", "enable", "parcel")
            for client in clients:
                assert client.get(PARCEL).text == "1 parcels"
            soon(
                lambda: clients[0].get("/admin/processes").text.count("parcel 1.0") == 4,
                "three web servers and a runner tell that they have imported it",
            )
            aside = tmp_path / "aside"
            shutil.move(site, aside)
            site.mkdir()
            for client in clients:
                soon(
                    lambda c=client: "its package is not installed" in c.get(PARCEL).text,  # type: ignore[misc]
                    "every process says that the package is gone",
                )
            assert "missing" in cli(env, "plugin", "list")
            site.rmdir()
            shutil.move(aside, site)
            for client in clients:
                soon(
                    lambda c=client: c.get(PARCEL).text == "1 parcels",  # type: ignore[misc]
                    "it runs again, with its data",
                )
        finally:
            stop.set()
            for reader in readers:
                reader.join()
    assert [wrong for reader in readers for wrong in reader.wrong] == []
    assert all(reader.read for reader in readers)
