"""Settings of gunicorn: the application is built once, before the web processes are forked from it.

So the first request does not wait for it, and the processes share its memory. Used by
``gunicorn -c python:backstay.serve.gunicorn backstay.web.wsgi:application``.
"""

from __future__ import annotations

import gc
from typing import Any, Final

preload_app: Final = True
worker_class: Final = "gthread"
workers: Final = 2
threads: Final = 4
"""Two a core: one computes while the other waits for the database."""
graceful_timeout: Final = 25
loglevel: Final = "warning"
control_socket_disable: Final = True

# While modules are imported there is no garbage, and looking for it takes a tenth of the start.
gc.disable()


def when_ready(server: Any) -> None:
    """Build the application, then set what is there now aside from the garbage collector.

    A collection would write to every object that it looks at, and so end the sharing of its page.
    """
    server.app.wsgi().prepare()
    gc.collect()
    gc.freeze()
    gc.enable()
