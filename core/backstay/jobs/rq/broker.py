"""The connection to the broker: Redis or Valkey, named by ``BACKSTAY_REDIS``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from backstay.errors import ConfigurationError

if TYPE_CHECKING:
    from datetime import timedelta


def connect(url: str, patience: timedelta) -> Redis:
    """A client that connects at its first command and may be shared by threads.

    Arguments:
        url: ``redis://``, ``rediss://`` (over TLS) or ``unix://``.
        patience: how long a command may take before the broker counts as away.

    Raises:
        ConfigurationError: the URL can't be understood.
    """
    seconds = patience.total_seconds()
    try:
        return Redis.from_url(
            url,
            socket_timeout=seconds,
            socket_connect_timeout=min(seconds, 5),
            # Whoever calls knows better than the client when to try again.
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError as error:
        raise ConfigurationError(f"BACKSTAY_REDIS can't be understood: {error}") from error


__all__ = ["RedisError", "connect"]
