"""Web server and runner start and end together, also while they are being started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_STARTED_EARLY = """
import os, sys, time
from pathlib import Path
from backstay.serve.processes import Address, Child, run

web = Child("web server", [sys.executable, "-c", "import time; time.sleep(60)"], dict(os.environ))

def prepare():
    Path(sys.argv[1]).write_text(str(web.process.pid))
    try:
        time.sleep(60)
    except Exception:
        pass  # as the loader of plugins does with whatever a plugin raises
    return "up"

run([web], Address("127.0.0.1", 1), prepare, early=True)
"""


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_stop_while_the_database_is_brought_up_to_date_ends_the_web_server(
    tmp_path: Path,
) -> None:
    note = tmp_path / "pid"
    starting = subprocess.Popen(
        [sys.executable, "-c", _STARTED_EARLY, str(note)], stderr=subprocess.DEVNULL
    )
    try:
        while not (note.exists() and note.read_text()):
            assert starting.poll() is None
            time.sleep(0.02)
        web = int(note.read_text())
        assert _lives(web)
        starting.send_signal(signal.SIGTERM)
        assert starting.wait(30) != 0
        assert not _lives(web)
    finally:
        starting.kill()
        starting.wait()
