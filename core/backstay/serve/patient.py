"""A web process that was told to stop serves everybody who had come before.

gunicorn's worker closes its socket with the connections that it had no time to accept, and their
visitors see "connection reset". This one accepts them first, and closes the socket at once, so that
who comes later is refused before anything was sent and a proxy may go elsewhere.
"""

from __future__ import annotations

from gunicorn.workers.gthread import ThreadWorker


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's worker with threads, which ends without a reset."""

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001 - gunicorn's signature
        """Take in who waits before the door is shut for good."""
        super().set_accept_enabled(enabled)
        if self.alive:
            return
        for listener in self.sockets:
            self._accept_all(listener)
            listener.close()

    def _accept_all(self, listener: object) -> None:
        known = -1
        while self.nr_conns != known:
            known = self.nr_conns
            self.accept(listener)
