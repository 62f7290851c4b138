"""What the environment says about jobs."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Final

from backstay.errors import ConfigurationError
from backstay.jobs.lease import LEASE

LEASE_VARIABLE: Final = "BACKSTAY_JOB_LEASE"


def lease_from_environment() -> timedelta:
    """For how long a job is claimed at a time: ``BACKSTAY_JOB_LEASE`` in seconds, else 30 s.

    Raises:
        ConfigurationError: it is no number of seconds, or less than one.
    """
    given = os.environ.get(LEASE_VARIABLE)
    if not given:
        return LEASE
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0
    if not 1 <= seconds <= 3600:  # noqa: PLR2004 - an hour
        raise ConfigurationError(f"{LEASE_VARIABLE} is a number of seconds from 1 to 3600")
    return timedelta(seconds=seconds)
