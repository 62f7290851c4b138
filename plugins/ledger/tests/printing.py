"""The command line of the ledger on the database of a test."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from backstay.cli import backstay
from backstay.cli_environment import Environment
from backstay.errors import BackstayError
from backstay_ledger.commands import ledger

if TYPE_CHECKING:
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite


def printed(database: Database, suite: Suite, *arguments: str) -> Any:
    """The JSON that ``backstay ledger ... --json`` prints; what it refuses is raised."""
    here = Environment()
    here.__dict__.update(database=database, suite=suite)
    # As below the whole command line: a command keeps the first help option that it was given.
    done = CliRunner().invoke(ledger, [*arguments, "--json"], obj=here, **backstay.context_settings)
    if isinstance(done.exception, BackstayError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)
