"""Proves that the wheels are whole: builds them all, installs them outside the tree, and starts.

An editable checkout never shows that a template or a revision is missing from a wheel. Run by
`.ci/run`; by hand: `.venv/bin/python tests/packaging/wheel_check.py`.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.error import URLError
from urllib.parse import urljoin
from urllib.request import urlopen
from zipfile import ZipFile

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[2]
START_SECONDS: Final = 120


class WheelCheckFailed(Exception):
    """The wheels are not whole; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """One distribution of this tree and the packages it must carry: name -> folder."""

    folder: Path
    packages: dict[str, Path]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="backstay-wheels-") as name:
        scratch = Path(name)
        source = copy_source(scratch / "source")
        wheels = [check_wheel(item, scratch / "wheels") for item in distributions(source)]
        programs = install(scratch / "installed", source, wheels)
        check_program(programs, scratch / "home", scratch)
    say("the wheels are whole")


def say(message: str) -> None:
    sys.stdout.write(f"wheel check: {message}\n")
    sys.stdout.flush()


def run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        words = " ".join(str(word) for word in command)
        raise WheelCheckFailed(f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def copy_source(target: Path) -> Path:
    """Copy what a commit would hold, so that building leaves no traces in the checkout."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def distributions(source: Path) -> Iterator[Distribution]:
    yield Distribution(
        source,
        {"backstay": source / "core/backstay", "backstay_migrations": source / "migrations"},
    )
    for config in sorted([*source.glob("plugins/*/setup.cfg"), *source.glob("themes/*/setup.cfg")]):
        folders = [path for path in config.parent.glob("backstay_*") if path.is_dir()]
        yield Distribution(config.parent, {path.name: path for path in folders})


def check_wheel(distribution: Distribution, target: Path) -> Path:
    """Build the wheel and compare it with the folders it is made from, file by file."""
    expected = {
        f"{package}/{path.relative_to(folder).as_posix()}"
        for package, folder in distribution.packages.items()
        for path in folder.rglob("*")
        if path.is_file()
    }
    before = set(target.glob("*.whl"))
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", target, distribution.folder)
    (wheel,) = set(target.glob("*.whl")) - before
    with ZipFile(wheel) as archive:
        carried = {name for name in archive.namelist() if ".dist-info/" not in name}
    if missing := sorted(expected - carried):
        raise WheelCheckFailed(f"{wheel.name} lacks {', '.join(missing)}")
    if surplus := sorted(carried - expected):
        raise WheelCheckFailed(f"{wheel.name} carries what it should not: {', '.join(surplus)}")
    say(f"{wheel.name}: {len(carried)} files, none missing")
    return wheel


def pip(*arguments: str | Path) -> None:
    run(sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments)


def install(target: Path, source: Path, wheels: list[Path]) -> Path:
    """Install the lock and the wheels into a fresh environment; return its folder of programs."""
    venv.create(target, with_pip=False, symlinks=True)
    python = target / "bin/python"
    into = ("--python", python, "install", "--quiet")
    pip(*into, "--require-hashes", "-r", source / "requirements/run.txt")
    pip(*into, "--no-deps", *wheels)
    pip("--python", python, "check")
    return target / "bin"


def check_program(programs: Path, home: Path, scratch: Path) -> None:
    """Start the installed program away from the tree, and look at it as a browser would."""
    run(programs / "backstay", "migrate", cwd=scratch, env=clean(home))
    plugins = run(programs / "backstay", "plugin", "list", cwd=scratch, env=clean(home))
    for name in ("approvals", "auditfiles", "calendars", "ledger"):
        if name not in plugins:
            raise WheelCheckFailed(f"`backstay plugin list` does not name {name}:\n{plugins}")
    with started(programs, home, scratch) as address:
        page = fetch(urljoin(address, "/sign-in"))
        if "<form" not in page:
            raise WheelCheckFailed(f"The sign-in page has no form:\n{page}")
        assets = re.findall(r'(?:href|src)="(/static/[^"#]+)', page)
        if not any(".css" in asset for asset in assets):
            raise WheelCheckFailed(f"The sign-in page names no style sheet:\n{page}")
        for asset in assets:
            fetch(urljoin(address, asset))
        say(f"the sign-in page and its {len(assets)} static files are served")


def clean(home: Path) -> dict[str, str]:
    """Return an environment in which nothing points back into the checkout."""
    hidden = ("PYTHONPATH", "VIRTUAL_ENV")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in hidden and not name.startswith("BACKSTAY_")
    }
    return {**kept, "BACKSTAY_HOME": str(home)}


@contextlib.contextmanager
def started(programs: Path, home: Path, scratch: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = scratch / "start.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [programs / "backstay", "start", "--port", str(port)],
            cwd=scratch,
            env=clean(home),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{port}/"
    try:
        deadline = time.monotonic() + START_SECONDS
        while not answers(address):
            if process.poll() is not None or time.monotonic() > deadline:
                raise WheelCheckFailed(f"`backstay start` does not answer:\n{log.read_text()}")
            time.sleep(0.2)
        yield address
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def answers(address: str) -> bool:
    try:
        fetch(urljoin(address, "/sign-in"))
    except (URLError, ConnectionError, TimeoutError):
        return False
    return True


def fetch(url: str) -> str:
    with urlopen(url, timeout=10) as reply:  # noqa: S310 - the address is our own
        text: str = reply.read().decode("utf-8", errors="replace")
        return text


if __name__ == "__main__":
    try:
        main()
    except WheelCheckFailed as failure:
        sys.exit(f"wheel check: {failure}")
