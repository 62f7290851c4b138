"""``backstay worker``: runs background jobs, by polling the table or woken through Redis."""

from __future__ import annotations

import click

from backstay.cli_environment import environment
from backstay.errors import ConfigurationError
from backstay.home import REDIS_VARIABLE, safe_mode_wanted
from backstay.jobs.models import JobQueue
from backstay.kernel.stopping import Stop

LOCAL = "local"
RQ = "rq"


def _queues(
    _context: click.Context, _parameter: click.Parameter, value: str
) -> frozenset[JobQueue]:
    names = [name.strip() for name in value.split(",") if name.strip()]
    known = {one.value: one for one in JobQueue}
    if unknown := [name for name in names if name not in known]:
        raise click.BadParameter(f"no queue {', '.join(unknown)}: there are {', '.join(known)}")
    return frozenset(known[name] for name in names)


@click.command("worker")
@click.option(
    "--transport",
    type=click.Choice([LOCAL, RQ]),
    default=LOCAL,
    show_default=True,
    help="local polls the table; rq is woken through Redis ($BACKSTAY_REDIS).",
)
@click.option(
    "--queues",
    callback=_queues,
    default=",".join(one.value for one in JobQueue),
    show_default=True,
    metavar="A,B",
    help="Work for these queues only.",
)
@click.option("--burst", is_flag=True, help="Run what is due now, then end.")
def worker(transport: str, queues: frozenset[JobQueue], burst: bool) -> None:  # noqa: FBT001
    """Run background jobs until SIGTERM or Ctrl-C; the job under way is finished first."""
    if transport == RQ:
        _by_redis(queues, burst=burst)
    else:
        _by_polling(queues, burst=burst)


def _by_polling(queues: frozenset[JobQueue], *, burst: bool) -> None:
    from backstay.jobs.execute import execute_next
    from backstay.jobs.runner import SuiteInForce, living, run_forever
    from backstay.jobs.settings import lease_from_environment

    here = environment()
    stop = Stop()
    stop.at_signals()
    lease = lease_from_environment()
    if not burst:
        with living(here.database, safe_mode=safe_mode_wanted()) as provider:
            run_forever(here.database, stop, provider, queues=queues, lease=lease)
        return
    suite = SuiteInForce(here.database, safe_mode=safe_mode_wanted())
    while not stop.is_set() and execute_next(here.database, suite, queues=queues, lease=lease):
        pass


def _by_redis(queues: frozenset[JobQueue], *, burst: bool) -> None:
    from rq.exceptions import StopRequested

    from backstay.jobs.rq.broker import RedisError
    from backstay.jobs.rq.worker import work_forever, work_off
    from backstay.jobs.runner import SuiteInForce
    from backstay.jobs.settings import lease_from_environment
    from backstay.kernel.heartbeat import Heartbeat
    from backstay.kernel.process_models import ProcessKind

    here = environment()
    if not here.home.redis:
        message = f"{REDIS_VARIABLE} names no broker, for instance redis://127.0.0.1:6379/0"
        raise ConfigurationError(message)
    heartbeat = Heartbeat(here.database, ProcessKind.RUNNER)
    provider = SuiteInForce(here.database, safe_mode=safe_mode_wanted(), told=heartbeat.runs)
    heartbeat.reload = provider.load_again
    lease = lease_from_environment()
    try:
        if burst:
            work_off(here.database, here.home.redis, provider, queues, lease=lease)
            return
        heartbeat.start_without_thread()
        work_forever(
            here.database,
            here.home.redis,
            provider,
            queues,
            lease=lease,
            beside=lambda: heartbeat.when_due(StopRequested),
        )
        heartbeat.stop()
    except RedisError as error:
        raise ConfigurationError(f"the broker does not answer: {error}") from error


COMMANDS = (worker,)
