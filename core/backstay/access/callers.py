"""Who calls with an API token: looked up in the database, then remembered for half a second.

A program that sends hundreds of requests a second costs two look-ups a second in each process. A
token that was revoked, an owner who was disabled and a role that was taken away are noticed at
once in the process where it happened, and within half a second in all others.
"""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NoReturn

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import aliased

from backstay.access.grants import PERSON_COLUMNS, Access, Person, access_from, with_grants
from backstay.access.models import User, UserState
from backstay.access.permissions import SIGNED_IN
from backstay.access.throttle import (
    PER_SOURCE,
    WINDOW,
    Throttled,
    failures,
    note_attempt,
    source_of,
)
from backstay.access.token_models import ApiToken, ApiTokenUse, ServiceAccount
from backstay.access.tokens import SHAPE, secret_hash
from backstay.audit.capture import Event, record_event
from backstay.clock import now
from backstay.db.context import operator_context
from backstay.db.engine import briefly
from backstay.errors import BackstayError, Forbidden
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backstay.db.context import Context
    from backstay.db.database import Database

REMEMBERED: Final = 0.5
"""Seconds for which a look-up holds."""
MOST_REMEMBERED: Final = 1000
USE_NOTED_EVERY: Final = timedelta(minutes=10)
_NOTE_WAIT_MS: Final = 200
_SYSTEM: Final = operator_context("system:api")

_RESPONSIBLE: Final = aliased(User)
_OWN = (
    ApiToken.id,
    ApiToken.name,
    ApiToken.prefix,
    ApiToken.permissions.label("scope"),
    ApiToken.companies,
    ApiToken.networks,
    ApiToken.expires_at,
    ApiToken.revoked_at,
    ApiTokenUse.at,
    User.state,
    ServiceAccount.user_id.label("is_service"),
    _RESPONSIBLE.state.label("responsible_state"),
)
_BY_HASH = with_grants(
    select(*_OWN, *PERSON_COLUMNS)
    .join(User, User.id == ApiToken.user_id)
    .outerjoin(ApiTokenUse, ApiTokenUse.token_id == ApiToken.id)
    .outerjoin(ServiceAccount, ServiceAccount.user_id == User.id)
    .outerjoin(_RESPONSIBLE, _RESPONSIBLE.id == ServiceAccount.responsible_id)
    .where(ApiToken.secret_hash == bindparam("hash"))
)


class Unauthenticated(BackstayError):
    """No token, or one that opens nothing."""

    status = 401


class TooManyTokens(BackstayError):
    """Too many wrong tokens came from this address."""

    status = 429

    def __init__(self, message: str, seconds: int) -> None:
        """Remember how long to wait."""
        super().__init__(message)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Caller:
    """A valid token with what may be done with it: what the owner may, as far as it reaches.

    Arguments:
        networks: from where it may be used; none means from anywhere.
        state: why it opens nothing, or an empty text.
    """

    token_id: int
    name: str
    prefix: str
    access: Access
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
    expires_at: datetime
    used_at: datetime | None
    state: str = ""

    def may_come_from(self, ip: str) -> bool:
        """Whether the token may be used from an address."""
        if not self.networks:
            return True
        try:
            address = ipaddress.ip_address(ip)
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self.networks)


class Callers:
    """The look-ups of one application."""

    def __init__(self, database: Database, *, pepper: bytes, reading: frozenset[str]) -> None:
        """Start without having seen anybody."""
        self.database = database
        self.pepper = pepper
        self.reading = reading
        self._known: dict[str, tuple[float, int, Caller]] = {}

    def find(self, token: str, context: Context) -> Caller:
        """The caller behind a token.

        Arguments:
            context: the anonymous context of the request, for the audit trail.

        Raises:
            Unauthenticated: it opens nothing; says why only to who has the token itself.
            TooManyTokens: too many wrong ones came from this address.
            Forbidden: it may not be used from this address, or the owner's password must be
                changed first.
        """
        caller = self._lookup(token)
        if caller is None:
            self._refuse_unknown(token, context)
        if caller.state:
            raise Unauthenticated(caller.state)
        if caller.expires_at <= now():
            raise Unauthenticated(_("This token has expired: make a new one."))
        if not caller.may_come_from(context.ip):
            raise Forbidden(_("This token may not be used from this address."))
        if caller.access.person.must_change_password:
            raise Forbidden(_("The owner of this token must first choose a new password."))
        return caller

    def _lookup(self, token: str) -> Caller | None:
        if not SHAPE.fullmatch(token):
            return None
        digest = secret_hash(self.pepper, token)
        changes = self.database.core_changes
        at = monotonic()
        known = self._known.get(digest)
        if known is not None and known[0] > at and known[1] == changes:
            return known[2]
        with self.database.look(_SYSTEM) as session:
            rows = session.execute(_BY_HASH, {"hash": digest, "day": now().date()}).all()
            if not rows:
                self._known.pop(digest, None)
                return None
            caller = _caller(session, rows, self.reading)
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[digest] = (at + REMEMBERED, changes, caller)
        return caller

    def note_use(self, caller: Caller, ip: str) -> None:
        """Note that the token is used, every ten minutes; does not wait for a long writer."""
        at = now()
        if caller.used_at is not None and at - caller.used_at < USE_NOTED_EVERY:
            return
        values = {"at": at, "ip": ip[:45]}
        with (
            suppress(OperationalError, IntegrityError),
            briefly(self.database.engine, _NOTE_WAIT_MS) as connection,
        ):
            changed = connection.execute(
                update(ApiTokenUse).where(ApiTokenUse.token_id == caller.token_id).values(values)
            )
            if not changed.rowcount:
                connection.execute(insert(ApiTokenUse).values(token_id=caller.token_id, **values))
        for digest, (until, changes, known) in list(self._known.items()):
            if known.token_id == caller.token_id:
                self._known[digest] = (until, changes, replace(known, used_at=at))

    def _refuse_unknown(self, token: str, context: Context) -> NoReturn:
        """Count and record a wrong token, up to a limit for each address."""
        found = SHAPE.fullmatch(token)
        prefix = found[1] if found else "?"
        # Apart from the sign-ins of people: a misconfigured program must not lock its office out.
        source = f"api {source_of(context.ip)}"[:45]
        with self.database.look(context) as session:
            limit = failures(session, source, PER_SOURCE)
        if limit is not None:
            raise _too_many(limit)
        with self.database.write(context) as session:
            note_attempt(session, f"token {prefix}"[:80], source)
            record_event(
                session,
                Event("api_token", ApiToken.__tablename__, label=prefix, outcome="failed"),
            )
        raise Unauthenticated(
            _("This token is not known here: see whether it was copied whole, or make another.")
        )


def _too_many(limit: Throttled) -> TooManyTokens:
    return TooManyTokens(
        _(
            "Too many wrong tokens came from this address within %(minutes)s minutes.",
            minutes=int(WINDOW.total_seconds()) // 60,
        ),
        limit.seconds,
    )


def _caller(session: Any, rows: Sequence[Any], reading: frozenset[str]) -> Caller:
    first = rows[0]
    start, end = len(_OWN), len(_OWN) + len(PERSON_COLUMNS)
    access = access_from(
        session,
        Person(*first[start:end]),
        [(row[end], row[end + 1], row[end + 2]) for row in rows],
        reading,
    )
    state = ""
    if first.revoked_at is not None:
        state = _("This token was revoked: make another one.")
    elif first.state is not UserState.ACTIVE:
        state = _(
            "The owner of this token is disabled. An administrator can enable them under"
            " Administration, Users; until then take a token of somebody else."
        )
    elif first.is_service is not None and first.responsible_state is not UserState.ACTIVE:
        state = _(
            "The person who answers for this service account is disabled. An administrator can"
            " name another one under Administration, Service accounts; this token works again then."
        )
    return Caller(
        token_id=first.id,
        name=first.name,
        prefix=first.prefix,
        access=narrowed(access, first.scope.split(), first.companies.split()),
        networks=tuple(ipaddress.ip_network(one) for one in first.networks.split()),
        expires_at=first.expires_at,
        used_at=first.at,
        state=state,
    )


def narrowed(access: Access, permissions: Sequence[str], companies: Sequence[str]) -> Access:
    """What is left of an access within a token's permissions and companies; none means all."""
    if permissions:
        scope = frozenset(permissions) | {SIGNED_IN.name}
        access = replace(
            access,
            everywhere=access.everywhere & scope,
            by_company={key: held & scope for key, held in access.by_company.items()},
        )
    if companies:
        chosen = tuple(one for one in access.companies if one.code in companies)
        access = replace(
            access,
            # Nothing is left of the pages outside the companies.
            everywhere=frozenset({SIGNED_IN.name}),
            by_company={
                one.id: access.everywhere | access.by_company.get(one.id, frozenset())
                for one in chosen
            },
            all_companies=False,
            companies=chosen,
        )
    return access
