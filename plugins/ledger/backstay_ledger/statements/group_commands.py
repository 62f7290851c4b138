"""``backstay ledger group-share``: what part of a company belongs to the owners of its group."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from backstay.spi import command_environment
from backstay.spi import gettext as _
from backstay_ledger.statements.group_shares import percent_of, shares_of
from backstay_ledger.statements.groups import group_by_code
from backstay_ledger.statements.share_edits import AddShare, add_share

if TYPE_CHECKING:
    from datetime import datetime

_day = click.DateTime(["%Y-%m-%d"])


@click.command("group-share")
@click.argument("group")
@click.option("--company", required=True, help="Code of the company that keeps the group.")
@click.option("--member", default="", help="Code of the company whose share it is.")
@click.option("--from", "start", type=_day, help="The first day of the share.")
@click.option("--to", "end", type=_day, help="The last day; left out, until further notice.")
@click.option("--share", default="", help="In per cent, such as 80 or 33.3333.")
@click.option(
    "--investment",
    multiple=True,
    help="Who holds it on which accounts: 'ALPHA 1400'; may be given several times.",
)
@click.option(
    "--dividends", multiple=True, help="On which accounts its dividends are income: 'ALPHA 4700'."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def group_share(  # noqa: PLR0913 - one for each option of the command
    group: str,
    company: str,
    member: str,
    start: datetime | None,
    end: datetime | None,
    share: str,
    investment: tuple[str, ...],
    dividends: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """List the shares in the companies of GROUP, or add one with --member, --from and --share.

    A share that has no last day yet ends the day before the new one begins. Left out, --investment
    and --dividends are those of the share before.
    """
    given = (bool(member), start is not None, bool(share))
    if any(given) and not all(given):
        raise click.UsageError(_("A share needs --member, --from and --share."))
    with command_environment(company=company, write=any(given)) as session:
        kept = group_by_code(session, group)
        if start is not None:
            add_share(
                session,
                AddShare(
                    group_id=kept.id,
                    member=member,
                    share=share,
                    valid_from=start.date(),
                    valid_to=end.date() if end else None,
                    investment="\n".join(investment),
                    dividends="\n".join(dividends),
                ),
            )
        rows = [
            {
                "member": one.member,
                "from": one.valid_from.isoformat(),
                "to": one.valid_to.isoformat() if one.valid_to else None,
                "share": percent_of(one.share),
                "investment": one.investment,
                "dividends": one.dividends,
            }
            for one in shares_of(session, kept.id)
        ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(
            "  ".join(
                (
                    str(row["member"]).ljust(10),
                    f"{row['from']} – {row['to'] or '…'}".ljust(25),  # noqa: RUF001
                    f"{row['share']} %",
                )
            )
        )
