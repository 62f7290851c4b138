"""The command line knows its commands by name and imports only the area that is asked for."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from backstay.cli import CORE


@pytest.mark.parametrize("module", CORE)
def test_the_table_of_commands_names_exactly_those_of_each_area(module: str) -> None:
    declared = import_module(module).COMMANDS
    assert {command.name for command in declared} == set(CORE[module])


def test_a_start_imports_neither_databases_nor_the_areas_of_other_commands() -> None:
    code = (
        "import sys, backstay.cli as c\n"
        "c.backstay.get_command(c.click.Context(c.backstay), 'start')\n"
        "late = ('alembic', 'sqlalchemy', 'backstay.')\n"
        "print(*(name for name in sys.modules if name.startswith(late)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "backstay.serve.commands" in loaded
    others = set(CORE) - {"backstay.serve.commands"}
    assert not loaded & others
    assert not any(name.startswith(("alembic", "sqlalchemy")) for name in loaded)
