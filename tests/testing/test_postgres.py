"""The throw-away PostgreSQL is real, separate for each test, and gone when its process is."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from backstay.testing.postgres import create_database, drop_database, running_postgres

pytestmark = [pytest.mark.needs("postgresql"), pytest.mark.xdist_group("postgres-server")]


def scalar(url: str, statement: str) -> object:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            return connection.scalar(text(statement))
    finally:
        engine.dispose()


def execute(url: str, statement: str) -> None:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()


def test_databases_are_copied_from_a_template_and_dropped() -> None:
    with running_postgres() as url:
        template = create_database(url, "template_books")
        execute(template, "CREATE TABLE account AS SELECT 1200 AS code")
        copy = create_database(url, "copy-1", template="template_books")
        execute(copy, "INSERT INTO account VALUES (4000)")
        assert scalar(copy, "SELECT sum(code) FROM account") == 5200
        assert scalar(template, "SELECT sum(code) FROM account") == 1200
        drop_database(url, "copy-1")
        with pytest.raises(OperationalError, match="copy-1"):
            scalar(copy, "SELECT 1")
    with pytest.raises(OperationalError):
        scalar(url, "SELECT 1")


def test_the_server_ends_when_its_process_is_killed() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "backstay.testing.postgres"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert scalar(url, "SELECT 1") == 1
    process.send_signal(signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            scalar(url, "SELECT 1")
        except OperationalError:
            return
        time.sleep(0.1)
    pytest.fail("the server outlived the process that started it")
