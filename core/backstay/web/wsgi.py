"""The WSGI application of an installation, configured by its environment.

``BACKSTAY_HOME`` names the data folder, ``BACKSTAY_DATABASE`` another database than the embedded
one, ``BACKSTAY_PROXIES`` how many reverse proxies are in front, ``BACKSTAY_HOSTS`` the names that
are answered (separated by commas), ``BACKSTAY_REDIS`` the broker that wakes job workers,
``BACKSTAY_SAFE_MODE=1`` starts core alone.
"""

from __future__ import annotations

import os

from backstay.db.database import Database
from backstay.errors import ConfigurationError
from backstay.home import Home, safe_mode_wanted
from backstay.web.generation import Generations
from backstay.web.request import Settings


def settings_from_environment() -> Settings:
    """What the environment says about the web server.

    Raises:
        ConfigurationError: a value can't be understood.
    """
    proxies = os.environ.get("BACKSTAY_PROXIES", "0")
    if not proxies.isdigit():
        message = f"BACKSTAY_PROXIES is a number of reverse proxies, not {proxies!r}"
        raise ConfigurationError(message)
    hosts = os.environ.get("BACKSTAY_HOSTS", "")
    return Settings(
        proxies=int(proxies),
        hosts=tuple(host.strip() for host in hosts.split(",") if host.strip()),
    )


def from_environment() -> Generations:
    """The application of the installation that the environment names."""
    home = Home.from_environment()
    database = Database(home.database_url, files=home.files)
    if home.redis:
        from backstay.jobs.rq.bell import ring_after_commits

        ring_after_commits(database, home.redis)
    return Generations(
        database,
        secret_key=home.secret_key(),
        settings=settings_from_environment(),
        home=home,
        safe_mode=safe_mode_wanted(),
        heartbeat=True,
    )


application = app = from_environment()
