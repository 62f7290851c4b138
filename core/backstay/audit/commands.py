"""``backstay audit``: the latest events of the audit trail."""

from __future__ import annotations

import click

from backstay.audit.queries import AuditQuery, list_events, masked_values
from backstay.cli_environment import command_environment
from backstay.cli_output import echo_rows, json_option


@click.group()
def audit() -> None:
    """Read the audit trail."""


@audit.command("list")
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=100,
    show_default=True,
    help="How many, the latest first.",
)
@click.option("--company", metavar="CODE", help="Only events of this company.")
@click.option("--actor", default="", metavar="LOGIN", help="Who did it.")
@click.option("--action", default="", help="Such as create, update, sign_in.")
@click.option("--entity", default="", metavar="TABLE", help="Table of the record.")
@click.option("--id", "entity_id", default="", metavar="ID", help="Id of the record.")
@click.option(
    "--request", "request_id", default="", metavar="ID", help="The request, as error pages name it."
)
@json_option
def list_all(
    *,
    limit: int,
    company: str | None,
    actor: str,
    action: str,
    entity: str,
    entity_id: str,
    request_id: str,
    as_json: bool,
) -> None:
    """List events, the latest first."""
    query = AuditQuery(
        actor=actor,
        entity=entity,
        entity_id=entity_id,
        action=action,
        request_id=request_id,
        limit=limit,
    )
    with command_environment(company=company) as session:
        rows = [
            {
                "id": str(one.id),
                "at": one.at,
                "actor": one.actor,
                "on_behalf_of": one.on_behalf_of,
                "action": one.action,
                "entity": one.entity,
                "entity_id": one.entity_id,
                "label": one.label,
                "outcome": one.outcome,
                "reason": one.reason,
                "request_id": one.request_id,
                "company_id": str(one.company_id) if one.company_id else None,
                "plugin": one.plugin,
                "plugin_version": one.plugin_version,
                "before": masked_values(session, one.entity, one.before),
                "after": masked_values(session, one.entity, one.after),
                "row_hash": one.row_hash,
            }
            for one in list_events(session, query)
        ]
    echo_rows(
        ("at", "actor", "action", "entity", "label", "outcome", "reason"), rows, as_json=as_json
    )


COMMANDS = (audit,)
