"""Asking for a step from a web process: another process takes it, and is waited for."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Final

from backstay.i18n import gettext as _
from backstay.kernel.plan_json import read_plan
from backstay.kernel.plans import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backstay.home import Home
    from backstay.kernel.plans import Plan
    from backstay.kernel.states import Step

PLAN_SECONDS: Final = 30
PATIENCE_SECONDS: Final = 100
"""How long a page waits. The process goes on; what it does is not undone because nobody waits."""


def ask_plan(home: Home, name: str, step: Step, actor_login: str) -> Plan | None:
    """The dry run of a step with what only the plugin's own code can say; None if it can't be had.

    Arguments:
        actor_login: who wants to know.
    """
    arguments = ["--as", actor_login, "plugin", "plan", name, "--for", step.value, "--json"]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "backstay", *arguments],
            env=home.environment(),
            capture_output=True,
            text=True,
            timeout=PLAN_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    return read_plan(done.stdout) if done.returncode == 0 else None


def run_step(
    home: Home, name: str, step: Step, actor_login: str, reason: str, give: Sequence[str] = ()
) -> Result:
    """Take a step in a process of its own and wait for it; for web processes.

    Arguments:
        actor_login: on whose behalf; the audit trail names them.
        reason: why, in the administrator's words; may be empty.
        give: what is given to roles, see :func:`backstay.kernel.lifecycle.transition`.
    """
    options = ["--as", actor_login, *(["--reason", reason] if reason else [])]
    more = ["--confirm", name] if step.value == "purge" else []
    more += [f"--give={one}" for one in give]
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as refused:
        # Files and a session of its own: it must not end with the web process that started it.
        running = subprocess.Popen(
            [sys.executable, "-m", "backstay", *options, "plugin", step.value, name, *more],
            env=home.environment(),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=refused,
            start_new_session=True,
        )
        try:
            status = running.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            return Result(
                ok=True,
                message=_("It is still being done. This page says how far it is."),
                ended=False,
            )
        answer = refused if status else said
        answer.seek(0)
        message = answer.read().strip().removeprefix("backstay: ")
    if status < 0:
        return Result(
            ok=False,
            message=_("It was interrupted from outside. Nothing is half done; try it again."),
        )
    return Result(ok=status == 0, message=message)
