"""Sample runs of the checks for the tests that attack every plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from backstay.spi import now
from backstay.testing.attack import JobSample, Sample
from backstay_ledger.audit.run_jobs import RUN_CHECKS
from backstay_ledger.audit.runs import keep_run
from backstay_ledger.services.checks import Finding

if TYPE_CHECKING:
    from backstay.testing.attack import Making
    from backstay_ledger.audit.models import CheckRun


def run(making: Making) -> CheckRun:
    """A run that found something."""
    finding = Finding("balanced", f"Sample {making.number}", 2, ("GEN-2026-000001",))
    return keep_run(making.session, now(), [finding])


def _nothing(_making: Making) -> dict[str, Any]:
    return {}


AUDIT_SAMPLES: Final = (
    Sample(resource="ledger.check_run", make=run),
    JobSample(job=RUN_CHECKS, arguments=_nothing),
)
