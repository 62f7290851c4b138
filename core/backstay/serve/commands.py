"""``backstay start``, ``serve``, ``migrate`` and ``runner``."""

from __future__ import annotations

import ipaddress
import os
from typing import TYPE_CHECKING

import click

from backstay.cli_environment import Environment, environment
from backstay.home import SAFE_MODE_VARIABLE, safe_mode_wanted
from backstay.kernel.stopping import Stop

if TYPE_CHECKING:
    from backstay.serve.processes import Address

_safe_mode = click.option("--safe-mode", is_flag=True, help="Start core alone, without any module.")


@click.command("start")
@click.option("--host", default="127.0.0.1", show_default=True, help="Listen here only.")
@click.option("--port", default=8000, show_default=True, help="The next free one if it is taken.")
@click.option("--workers", default=2, show_default=True, help="Web processes.")
@_safe_mode
@click.option("--no-demo", is_flag=True, help="Don't make the demo company at the first start.")
def start(host: str, port: int, workers: int, *, safe_mode: bool, no_demo: bool) -> None:
    """Migrate, set up the first start, then run the web server and the job runner."""
    from backstay.serve.processes import children, free_address, run
    from backstay.serve.stamp import code_is_unchanged

    _enter_safe_mode(wanted=safe_mode)
    here = environment()
    address = free_address(host, port)
    unchanged = code_is_unchanged(here.home)

    def prepare() -> str:
        _bring_up_to_date(here, demo=not no_demo, unchanged=unchanged)
        announcement = _announcement(here, address)
        if not _is_loopback(host):
            announcement += [
                "",
                "  It listens beyond this machine. Browsers keep the sign-in cookie only over TLS:",
                "  put a reverse proxy with a certificate in front (docs/how-to/deploy.md).",
            ]
        here.database.dispose()
        return "\n".join([*announcement, "", "  Stop it with Ctrl-C.", ""])

    run(children(here.home, address, workers), address, prepare, early=unchanged)


@click.command("serve")
@click.option("--port", default=8000, show_default=True, help="The next free one if it is taken.")
@click.option("--reload", "reloading", is_flag=True, help="Start anew when the code changes.")
@_safe_mode
def serve(port: int, *, reloading: bool, safe_mode: bool) -> None:
    """For authors: start, on this machine only, with one web process and one job runner.

    With --reload both are started anew within two seconds when a file of core, of a plugin or of a
    theme changes, and migrations that are due are carried out. A mistake in the code is shown here
    and in the browser, which goes on by itself once it is mended.
    """
    from backstay.serve.processes import children, free_address, run
    from backstay.serve.stamp import code_is_unchanged

    _enter_safe_mode(wanted=safe_mode)
    here = environment()
    address = free_address("127.0.0.1", port)

    def prepare() -> str:
        _bring_up_to_date(here, demo=True, unchanged=code_is_unchanged(here.home))
        announcement = _announcement(here, address)
        if reloading:
            announcement += [
                "",
                "  It starts anew when a file of core, a plugin or a theme changes.",
            ]
        here.database.dispose()
        return "\n".join([*announcement, "", "  Stop it with Ctrl-C.", ""])

    if reloading:
        from backstay.serve.reload import serve_reloading

        serve_reloading(here.home, address, prepare())
    else:
        run(children(here.home, address, workers=1), address, prepare)


def _enter_safe_mode(*, wanted: bool) -> None:
    """Let this command, and the processes that it starts, load no plugin."""
    if wanted:
        os.environ[SAFE_MODE_VARIABLE] = "1"


def _bring_up_to_date(here: Environment, *, demo: bool, unchanged: bool) -> None:
    """Migrate, and fill in a first start, unless nothing changed since the last one."""
    from backstay.kernel.state import is_set_up
    from backstay.serve.stamp import remember

    if not (unchanged and is_set_up(here.database)) and _prepare(here, demo=demo):
        remember(here.home)


def _announcement(here: Environment, address: Address) -> list[str]:
    lines = [
        "",
        f"  Backstay is running:  {address.url}",
        f"  Data folder:          {here.home.path}",
    ]
    if safe_mode_wanted():
        lines += [
            "",
            "  Safe mode: only core runs, no module. Switch the module that failed off under",
            "  Administration, Modules; then start without --safe-mode and BACKSTAY_SAFE_MODE.",
        ]
    if here.home.first_sign_in.exists():
        lines += ["", *_indented(here.home.first_sign_in.read_text(encoding="utf-8"))]
        lines += [f"  (kept in {here.home.first_sign_in})"]
    return lines


def _prepare(here: Environment, *, demo: bool) -> bool:
    """Migrate and fill in a first start; returns whether every plugin's migrations went well."""
    from backstay.kernel.setup import migrate as bring_up_to_date
    from backstay.serve.first_run import first_run, is_first_run

    lines = bring_up_to_date(here.database, _indexing, safe_mode=safe_mode_wanted())
    for line in lines:
        click.echo(f"Migrated {line}")
    if is_first_run(here.database):
        click.echo("First start: making the administrator" + (" and demo data" if demo else ""))
        first_run(here.home, here.database, demo=demo, say=click.echo)
    return not safe_mode_wanted() and not any(": failed: " in line for line in lines)


def _indexing(entity: str, records: int) -> None:
    """Say how far the index of the search is, where that takes a while."""
    if records and records % 50_000 == 0:
        click.echo(f"Indexing {entity} for the search: {records:,} records")


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in text.strip().splitlines()]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@click.command("migrate")
def migrate() -> None:
    """Bring the tables of core and of all enabled plugins up to date."""
    from backstay.kernel.setup import migrate as bring_up_to_date

    lines = bring_up_to_date(environment().database, _indexing, safe_mode=safe_mode_wanted())
    for line in lines or ["nothing to do"]:
        click.echo(line)


@click.command("runner")
def runner() -> None:
    """Run background jobs until SIGTERM or Ctrl-C."""
    from backstay.jobs.runner import living, run_forever
    from backstay.jobs.settings import lease_from_environment

    here = environment()
    stop = Stop()
    stop.at_signals()
    with living(here.database, safe_mode=safe_mode_wanted()) as provider:
        run_forever(here.database, stop, provider, lease=lease_from_environment())


COMMANDS = (start, serve, migrate, runner)
