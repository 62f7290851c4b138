"""Values for the tests that attack the plugin, where no guess fits."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from backstay.spi import company_of, keep_file, now
from backstay.testing.attack import JobSample, Making, Sample
from backstay_auditfiles.models import AuditFile, AuditFileState
from backstay_auditfiles.services.files import MAKE, MakeAuditFile, make_audit_file

SIREN: Final = "732829320"

_FIRST: Final = date(2090, 1, 1)
_LAST: Final = date(2090, 12, 31)


def _waiting(making: Making) -> AuditFile:
    return make_audit_file(making.session, MakeAuditFile(form="saft", start=_FIRST, end=_LAST))


def _ready(making: Making) -> AuditFile:
    session = making.session
    kept = keep_file(session, f"JournalCode {making.number}".encode() * 20)
    row = AuditFile(
        company_id=company_of(session).id,
        form="fec",
        starts_on=_FIRST,
        ends_on=_LAST,
        state=AuditFileState.READY,
        name=f"{SIREN}FEC20901231.txt",
        sha256=kept.sha256,
        size=kept.size,
        made_by="sample",
        made_at=now(),
        finished_at=now(),
    )
    session.add(row)
    session.flush()
    return row


def _refused(making: Making) -> AuditFile:
    row = _waiting(making)
    row.state, row.said, row.finished_at = AuditFileState.REFUSED, "No SIREN.", now()
    making.session.flush()
    return row


def _asked_for(making: Making) -> dict[str, Any]:
    return {"id": str(_waiting(making).id)}


SAMPLES: Final = (
    Sample(
        resource="auditfiles.file",
        make=_waiting,
        values={
            "form": lambda _number: "saft",
            "fiscal_year": lambda _number: "",
            "start": lambda _number: _FIRST,
            "end": lambda _number: _LAST,
        },
    ),
    Sample(resource="auditfiles.file", make=_ready, state="ready"),
    Sample(resource="auditfiles.file", make=_refused, state="refused"),
    JobSample(job=MAKE, arguments=_asked_for),
    Sample(
        resource="auditfiles.company",
        values={"siren": lambda _number: SIREN, "country": lambda _number: "FR"},
        only_one=True,
    ),
)
