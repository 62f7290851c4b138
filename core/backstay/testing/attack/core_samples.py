"""Core's own records that no form makes: sessions, jobs, imports, audit rows and given roles."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import Image
from sqlalchemy import select

from backstay.access.models import Grant, SignIn, User
from backstay.access.sessions import start_session
from backstay.access.token_models import ApiToken
from backstay.access.tokens import CreateToken, create_token
from backstay.audit.capture import Event, record_event
from backstay.audit.models import AuditEvent
from backstay.clock import now, today
from backstay.db.context import company_of
from backstay.files.jobs import PRUNE
from backstay.files.models import Preview
from backstay.files.previews import MAKE_PREVIEW
from backstay.files.services import keep_file
from backstay.imports.models import Import, ImportState
from backstay.imports.services import COMMIT, PREPARE
from backstay.imports.store import keep_content
from backstay.jobs.housekeeping import FORGET_JOBS, FORGET_REQUESTS, TIDY_DATABASE
from backstay.jobs.models import Job, JobState
from backstay.jobs.schedules import CatchUp, ScheduleState, StoredSchedule
from backstay.kernel.suite import suite_of
from backstay.lists.bulk import RUN
from backstay.lists.exports import EXPORT
from backstay.lists.models import BulkRun, ExportRun
from backstay.resources.fields import Upload
from backstay.testing.attack.samples import JobSample, Sample
from backstay.themes.models import ThemeTokens
from backstay.themes.services import (
    ApplyTokens,
    RevertTokens,
    applied_tokens,
    apply_tokens,
    keep_tokens,
    revert_tokens,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.testing.attack.samples import Making


def _user(making: Making) -> User:
    name = f"t{making.number}"
    row = User(login=name, name=name, created_at=now())
    row.password_hash = "-"  # noqa: S105 - nobody signs in with it
    making.session.add(row)
    making.session.flush()
    return row


def _session(making: Making) -> SignIn:
    user = making.record("core.user")
    key, _token = start_session(making.session, user.id, device="Sample", ip="127.0.0.1")
    return making.session.get_one(SignIn, key)


def _grant(making: Making) -> Grant:
    row = Grant(
        user_id=making.record("core.user").id,
        role_id=making.record("core.role").id,
        company_id=company_of(making.session).id,
        valid_from=today(),
        granted_by="sample",
        granted_at=now(),
    )
    making.session.add(row)
    making.session.flush()
    return row


def _token(making: Making) -> ApiToken:
    command = CreateToken(name=f"Sample {making.number}", user_id=making.record("core.user").id)
    return create_token(making.session, command, pepper=b"sample").token


def _audit(making: Making) -> AuditEvent:
    company = company_of(making.session)
    record_event(
        making.session,
        Event("sample", "core_company", str(company.id), company.code, company_id=company.id),
    )
    making.session.flush()
    return making.session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()


def _job(state: JobState) -> Callable[[Making], Job]:
    def make(making: Making) -> Job:
        row = Job(
            kind=PREPARE,
            arguments={"import_id": "0"},
            state=state,
            run_at=now() + timedelta(days=300),
            created_at=now(),
            actor="sample",
            company_id=company_of(making.session).id,
        )
        making.session.add(row)
        making.session.flush()
        return row

    return make


def _schedule(state: ScheduleState) -> Callable[[Making], StoredSchedule]:
    def make(making: Making) -> StoredSchedule:
        row = StoredSchedule(
            name=f"core.sample_{making.number}",
            job=FORGET_JOBS,
            cron="30 2 * * *",
            time_zone="UTC",
            catch_up=CatchUp.ONCE,
            limit=31,
            is_own=True,
            state=state,
            planned_until=now(),
            next_at=now() + timedelta(days=300),
        )
        making.session.add(row)
        making.session.flush()
        return row

    return make


def _import(state: ImportState) -> Callable[[Making], Import]:
    def make(making: Making) -> Import:
        session = making.session
        kinds = suite_of(session).imports
        kind = next(iter(kinds.values()), None)
        content = (kind.sample if kind else "a,b\n").encode()
        row = Import(
            company_id=company_of(session).id,
            kind=kind.name if kind else "core.none",
            file_name=f"sample-{making.number}.csv",
            file_hash=hashlib.sha256(content + str(making.number).encode()).hexdigest(),
            state=state,
            problems=[],
            notes=[],
            created_by="sample",
            created_at=now(),
        )
        session.add(row)
        session.flush()
        keep_content(session, row, content)
        return row

    return make


def _about_a_picture(making: Making) -> dict[str, Any]:
    picture = BytesIO()
    Image.new("RGB", (2, 1 + making.number % 500)).save(picture, "PNG")
    stored = keep_file(making.session, picture.getvalue())
    making.session.add(Preview(source=stored.sha256, asked_at=now()))
    making.session.flush()
    return {"sha256": stored.sha256}


def _about_an_import(state: ImportState) -> Callable[[Making], dict[str, Any]]:
    return lambda making: {"import_id": _import(state)(making).id}


def _about_many_records(making: Making) -> dict[str, Any]:
    """A run of the first action that any plugin offers for many records, over one of them."""
    session = making.session
    resource, action = next(
        (resource, action)
        for resource in suite_of(session).resources.values()
        for action in resource.actions
        if action.bulk is not None
    )
    row = BulkRun(
        resource=resource.name,
        action=action.name,
        company_id=company_of(session).id,
        user_id=making.record("core.user").id,
        records=[str(making.record(resource.name).id)],
        inputs={},
        skipped=[],
        created_at=now(),
    )
    session.add(row)
    session.flush()
    return {"run": str(row.id)}


def _about_a_long_list(making: Making) -> dict[str, Any]:
    """A run that writes the companies into a workbook."""
    row = ExportRun(
        resource="core.company",
        company_id=company_of(making.session).id,
        user_id=making.record("core.user").id,
        query={},
        everything=True,
        format="xlsx",
        created_at=now(),
    )
    making.session.add(row)
    making.session.flush()
    return {"run": str(row.id)}


def _tokens(making: Making) -> ThemeTokens:
    return keep_tokens(making.session, _token_file(making.number))


def _applied_tokens(making: Making) -> ThemeTokens:
    before = applied_tokens(making.session)
    if before is not None:
        revert_tokens(making.session, RevertTokens(id=before.id))
    return apply_tokens(making.session, ApplyTokens(id=_tokens(making).id))


def _token_file(number: int) -> bytes:
    return f'name = "Sample {number}"\n[sizes]\nradius = "2px"\n'.encode()


SAMPLES = (
    Sample(
        resource="core.theme_tokens",
        make=_tokens,
        values={"file": lambda number: Upload("tokens.toml", _token_file(number))},
    ),
    Sample(resource="core.theme_tokens", make=_applied_tokens, state="applied"),
    # The form's service answers with the one-time password instead of the user.
    Sample(resource="core.user", make=_user),
    Sample(resource="core.session", make=_session),
    Sample(resource="core.grant", make=_grant),
    Sample(resource="core.api_token", make=_token),
    Sample(resource="core.audit", make=_audit),
    Sample(resource="core.company_audit", make=_audit),
    Sample(resource="core.job", make=_job(JobState.READY)),
    *(Sample(resource="core.job", make=_job(state), state=state.value) for state in JobState),
    Sample(resource="core.schedule", make=_schedule(ScheduleState.ACTIVE)),
    *(
        Sample(resource="core.schedule", make=_schedule(state), state=state.value)
        for state in ScheduleState
    ),
    Sample(resource="core.schedule", values={"cron": lambda _number: "15 4 * * *"}),
    Sample(resource="core.import", make=_import(ImportState.READY)),
    *(
        Sample(resource="core.import", make=_import(state), state=state.value)
        for state in ImportState
    ),
    JobSample(job=MAKE_PREVIEW, arguments=_about_a_picture),
    JobSample(job=PREPARE, arguments=_about_an_import(ImportState.UPLOADED)),
    JobSample(job=RUN, arguments=_about_many_records),
    JobSample(job=EXPORT, arguments=_about_a_long_list),
    JobSample(job=COMMIT, arguments=_about_an_import(ImportState.COMMITTING)),
    *(
        JobSample(job=job, arguments=lambda _making: {})
        for job in (FORGET_JOBS, FORGET_REQUESTS, PRUNE, TIDY_DATABASE)
    ),
)
