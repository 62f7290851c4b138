"""What both databases keep by themselves: nobody approves their own, and nothing is rewritten."""

from __future__ import annotations

from typing import Final

from backstay.spi import append_only, declare, freeze
from backstay_approvals.models import Decision, Deputy, Request, RequestMaker, RequestStage

CLOSED: Final = "A request for approval that came to its end is never changed."
KEPT: Final = "A request for approval is never deleted, and what it asks for never changes."
OPEN: Final = "Only the open stage of an open request is decided, on the content it asks for."
OWN: Final = "Nobody decides on what they wrote or submitted, themselves or through a deputy."
ENOUGH: Final = "A request is approved when each stage has been, by as many different people."
LATE: Final = "Stages and makers of a request are written when approval is asked for."
DEPUTY: Final = "A deputy is named once: it can only be ended."

_FIXED: Final = (
    "id",
    "company_id",
    "record",
    "action",
    "record_id",
    "label",
    "amount",
    "digest",
    "rule",
    "requested_by",
    "requested_at",
)
_NOT_ENOUGH: Final = """(NOT EXISTS (SELECT 1 FROM approvals_request_stage AS s
        WHERE s.request_id = NEW.id)
    OR EXISTS (SELECT 1 FROM approvals_request_stage AS s WHERE s.request_id = NEW.id
        AND s.people > (SELECT count(*) FROM approvals_decision AS d
            WHERE d.request_id = s.request_id AND d.stage = s.position
            AND d.verdict = 'approve')))"""
_NOT_OPEN: Final = """NOT EXISTS (SELECT 1 FROM approvals_request AS r WHERE r.id = NEW.request_id
    AND r.company_id = NEW.company_id AND r.state = 'open' AND r.stage = NEW.stage
    AND r.digest = NEW.digest)"""
_MAKER: Final = """EXISTS (SELECT 1 FROM approvals_request_maker AS m
    WHERE m.request_id = NEW.request_id AND m.login IN (NEW.decided_by, NEW.counts_for))"""
_DECIDED: Final = (
    "EXISTS (SELECT 1 FROM approvals_decision AS d WHERE d.request_id = NEW.request_id)"
)
_HELD: Final = """EXISTS (SELECT 1 FROM approvals_request AS held WHERE held.id = NEW.id
    OR (held.state = 'open' AND held.company_id = NEW.company_id AND held.record = NEW.record
        AND held.action = NEW.action AND held.record_id = NEW.record_id))"""
_DEPUTY: Final = ("id", "company_id", "login", "stands_for", "starts_on", "ends_on", "named_by")


def _changed(columns: tuple[str, ...], operator: str) -> str:
    return " OR ".join(f"NEW.{column} {operator} OLD.{column}" for column in columns)


def _raising(name: str, rules: tuple[tuple[str, str], ...]) -> str:
    body = "".join(
        f"    IF {condition} THEN\n"
        f"        RAISE EXCEPTION '{said}' USING ERRCODE = 'restrict_violation';\n    END IF;\n"
        for condition, said in rules
    )
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$\n"
        f"BEGIN\n{body}    RETURN NEW;\nEND $$"
    )


def _aborting(name: str, event: str, rules: tuple[tuple[str, str], ...]) -> str:
    table = name.partition("__")[0]
    body = " ".join(f"SELECT RAISE(ABORT, '{said}') WHERE {rule};" for rule, said in rules)
    return f"CREATE TRIGGER {name} BEFORE {event} ON {table} BEGIN {body} END"


def _before(name: str, event: str, function: str) -> str:
    table = name.partition("__")[0]
    return (
        f"CREATE TRIGGER {name} BEFORE {event} ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION {function}()"
    )


_T: Final = "approvals_request__steps"
declare(
    Request.__table__,
    "steps",
    sqlite=(
        _aborting(
            f"{_T}_update",
            "UPDATE",
            (
                ("OLD.state <> 'open'", CLOSED),
                (_changed(_FIXED, "IS NOT"), KEPT),
                ("NEW.stage < OLD.stage", KEPT),
                (f"NEW.state = 'approved' AND {_NOT_ENOUGH}", ENOUGH),
            ),
        ),
        _aborting(f"{_T}_delete", "DELETE", (("1 = 1", KEPT),)),
        _aborting(
            f"{_T}_insert",
            "INSERT",
            (
                ("NEW.state IS NOT 'open' OR NEW.stage IS NOT 1", KEPT),
                (_HELD, KEPT),
            ),
        ),
    ),
    postgresql=(
        _raising(
            f"{_T}_update",
            (
                ("OLD.state <> 'open'", CLOSED),
                (_changed(_FIXED, "IS DISTINCT FROM"), KEPT),
                ("NEW.stage < OLD.stage", KEPT),
                (f"NEW.state = 'approved' AND {_NOT_ENOUGH}", ENOUGH),
            ),
        ),
        _before(f"{_T}_update", "UPDATE", f"{_T}_update"),
        _raising(f"{_T}_delete", (("TRUE", KEPT),)),
        _before(f"{_T}_delete", "DELETE", f"{_T}_delete"),
        _raising(f"{_T}_insert", (("NEW.state IS DISTINCT FROM 'open' OR NEW.stage <> 1", KEPT),)),
        _before(f"{_T}_insert", "INSERT", f"{_T}_insert"),
        _raising(f"{_T}_truncate", (("TRUE", KEPT),)),
        (
            f"CREATE TRIGGER {_T}_truncate BEFORE TRUNCATE ON approvals_request"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {_T}_truncate()"
        ),
    ),
)

append_only(Decision.__table__, "What somebody decided is never changed.")
_DECISION: Final = ((_NOT_OPEN, OPEN), (_MAKER, OWN))
declare(
    Decision.__table__,
    "maker",
    sqlite=(_aborting("approvals_decision__maker", "INSERT", _DECISION),),
    postgresql=(
        _raising("approvals_decision__maker", _DECISION),
        _before("approvals_decision__maker", "INSERT", "approvals_decision__maker"),
    ),
)

for _model in (RequestStage, RequestMaker):
    _table = _model.__table__
    append_only(_table, KEPT)
    # Nobody adds a maker or a stage to what has been decided on already, or takes one's place.
    _name = f"{_model.__tablename__}__late"
    declare(
        _table,
        "late",
        sqlite=(_aborting(_name, "INSERT", ((_DECIDED, LATE),)),),
        postgresql=(
            _raising(_name, ((_DECIDED, LATE),)),
            _before(_name, "INSERT", _name),
        ),
    )

freeze(Deputy.__table__, "{row}.ended_at IS NOT NULL", DEPUTY)
declare(
    Deputy.__table__,
    "once",
    sqlite=(
        _aborting(
            "approvals_deputy__once_update", "UPDATE", ((_changed(_DEPUTY, "IS NOT"), DEPUTY),)
        ),
        _aborting("approvals_deputy__once_delete", "DELETE", (("1 = 1", DEPUTY),)),
        _aborting(
            "approvals_deputy__once_insert",
            "INSERT",
            (("EXISTS (SELECT 1 FROM approvals_deputy AS held WHERE held.id = NEW.id)", DEPUTY),),
        ),
    ),
    postgresql=(
        _raising(
            "approvals_deputy__once_update", ((_changed(_DEPUTY, "IS DISTINCT FROM"), DEPUTY),)
        ),
        _before("approvals_deputy__once_update", "UPDATE", "approvals_deputy__once_update"),
        _raising("approvals_deputy__once_delete", (("TRUE", DEPUTY),)),
        _before("approvals_deputy__once_delete", "DELETE", "approvals_deputy__once_delete"),
    ),
)

DECLARED: Final = True
"""Importing this module declares the guards with the models."""
