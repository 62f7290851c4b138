"""`backstay serve --reload` follows the code, says what is wrong with it, and comes back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from backstay.authoring.new import NewPlugin, write_plugin
from backstay.serve.watching import changed, faults, look
from backstay.testing.distributions import build_wheel, unpack
from tests.e2e.servers import free_port

LONGEST_SECONDS = 90


@dataclass
class Author:
    """A server that runs with the code in a folder."""

    package: Path
    url: str
    output: Path

    def ask(self) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"{self.url}sign-in", timeout=30) as answer:  # noqa: S310
                return int(answer.status), answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()
        except OSError:
            return 0, ""

    def until(self, holds: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + LONGEST_SECONDS
        while time.monotonic() < deadline:
            if holds():
                return
            time.sleep(0.1)
        pytest.fail(f"never {what}; it said:\n{self.said()}")

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")

    def change(self, file: str, old: str, new: str) -> None:
        path = self.package / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def author(tmp_path: Path) -> Iterator[Author]:
    """Somebody who writes the plugin “garden”, with the server running."""
    write_plugin(NewPlugin(name="garden", folder=tmp_path / "garden"))
    (tmp_path / "wheel").mkdir()
    unpack(build_wheel(tmp_path / "garden", tmp_path / "wheel"), tmp_path / "site")
    port = free_port()
    output = tmp_path / "output.txt"
    environment = {
        **os.environ,
        "PYTHONPATH": str(tmp_path / "site"),
        "BACKSTAY_HOME": str(tmp_path / "home"),
    }
    command = [sys.executable, "-m", "backstay", "serve", "--reload", "--port", str(port)]
    with output.open("wb") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
    try:
        made = Author(tmp_path / "site" / "backstay_garden", f"http://127.0.0.1:{port}/", output)
        made.until(lambda: made.ask()[0] == 200, "answered")
        yield made
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_it_follows_the_code_and_shows_mistakes_until_they_are_mended(author: Author) -> None:
    author.change("permissions.py", '_("see tasks")', '_("see all tasks")')
    author.until(lambda: "Started again." in author.said(), "started again")
    assert "Changed: permissions.py\n" in author.said()
    assert author.ask()[0] == 200

    author.change("services.py", "def finish_task(", "def finish_task((")
    author.until(lambda: author.ask()[0] == 503, "said that it is not running")
    shown = author.ask()[1]
    assert "services.py, line " in shown
    assert "def finish_task((" in shown
    assert "def finish_task((" in author.said()
    author.change("services.py", "def finish_task((", "def finish_task(")
    author.until(lambda: author.ask()[0] == 200, "came back")
    assert author.said().count("Started again.") == 2

    author.change("plugin.py", "from __future__", "import no_such_module\nfrom __future__")
    author.until(lambda: author.ask()[0] == 503, "said what a wrong order is")
    author.change("plugin.py", "import no_such_module\n", "")
    author.change("plugin.py", "@hookimpl", "import no_such_module\n\n\n@hookimpl")
    author.until(lambda: author.ask()[0] == 200, "came back without the module")
    author.until(
        lambda: "The module garden does not run" in author.said(), "told of the module that fails"
    )
    assert "no_such_module" in author.said()


def test_a_file_that_is_written_made_or_removed_is_seen(tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "models.py").write_text("a = 1\n")
    before = look([tmp_path])
    assert changed(before, look([tmp_path])) == []
    (tmp_path / "models.py").write_text("a = 12\n")
    (tmp_path / "static" / "a.css").write_text("p {}")
    (tmp_path / "notes.md").write_text("not read by the server")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "x.py").write_text("")
    after = look([tmp_path])
    assert changed(before, after) == [tmp_path / "models.py", tmp_path / "static" / "a.css"]
    (tmp_path / "models.py").unlink()
    assert changed(after, look([tmp_path])) == [tmp_path / "models.py"]


def test_what_python_can_not_read_is_said_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text("a = 1\n")
    (tmp_path / "bad.py").write_text("a = 1\nb = (2 +\n")
    (tmp_path / "style.css").write_text("p {")
    found = faults([*tmp_path.iterdir(), tmp_path / "gone.py"])
    assert list(found) == [tmp_path / "bad.py"]
    assert found[tmp_path / "bad.py"].startswith(f"{tmp_path / 'bad.py'}, line 2: ")
    assert "    b = (2 +\n        ^" in found[tmp_path / "bad.py"]
