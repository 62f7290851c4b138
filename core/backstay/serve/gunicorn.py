"""Settings of gunicorn: the application is built once, before the web processes are forked from it.

So the first request does not wait for it, and the processes share its memory. Used by
``gunicorn -c python:backstay.serve.gunicorn backstay.web.wsgi:application``.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import Any, Final

preload_app: Final = True
worker_class: Final = "backstay.serve.patient.PatientWorker"
workers: Final = 2
threads: Final = 4
"""Two a core: one computes while the other waits for the database."""
graceful_timeout: Final = 25
loglevel: Final = "warning"
control_socket_disable: Final = True

TELL_FAILURES: Final = "BACKSTAY_TELL_FAILURES"
"""Set by ``backstay serve --reload``, whose terminal says which module does not run, and why."""

# While modules are imported there is no garbage, and looking for it takes a tenth of the start.
gc.disable()


def post_worker_init(worker: Any) -> None:
    """Tell that the process lives before it is asked for anything."""
    worker.app.wsgi().attend()


def when_ready(server: Any) -> None:
    """Build the application, then set what is there now aside from the garbage collector.

    A collection would write to every object that it looks at, and so end the sharing of its page.
    """
    application = server.app.wsgi()
    if os.environ.get(TELL_FAILURES):
        _tell_failures(application)
    application.prepare()
    gc.collect()
    gc.freeze()
    gc.enable()


def _tell_failures(application: Any) -> None:
    """Say on the terminal which modules are left out, each with its reason."""
    from backstay.web.request import EXTENSION

    try:
        suite = application.current().extensions[EXTENSION].suite
    except Exception as error:  # noqa: BLE001 - the first request says it again
        sys.stderr.write(f"The application can't be built: {error}\n")
        return
    for name, why in suite.failed.items():
        sys.stderr.write(f"The module {name} does not run: {why}\n")
