"""A company's accounts for exchange differences and rounded cash, and how old a rate may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import (
    Invalid,
    NotFound,
    NumberField,
    PickerField,
    Problem,
    authorize,
    check_version,
    company_of,
    lazy,
)
from backstay.spi import gettext as _
from backstay_ledger.currencies.permissions import CURRENCY_EDIT
from backstay_ledger.models.accounts import Account
from backstay_ledger.models.currencies import ExchangeSettings
from backstay_ledger.services.accounts import account_codes

RATE_DAYS: Final = 7
NAMES: Final = {
    "realised_gain": lazy("realised exchange gains"),
    "realised_loss": lazy("realised exchange losses"),
    "unrealised_gain": lazy("unrealised exchange gains"),
    "unrealised_loss": lazy("unrealised exchange losses"),
    "cash_rounding": lazy("rounding of cash"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveExchangeSettings:
    """Where a company books what exchange rates and small coins leave over."""

    realised_gain_id: Annotated[
        int | None,
        PickerField(
            label=lazy("Realised exchange gains"),
            help=lazy("Booked when a foreign amount was paid at another rate than it was booked."),
            resource="ledger.account",
        ),
    ] = None
    realised_loss_id: Annotated[
        int | None,
        PickerField(label=lazy("Realised exchange losses"), resource="ledger.account"),
    ] = None
    unrealised_gain_id: Annotated[
        int | None,
        PickerField(
            label=lazy("Unrealised exchange gains"),
            help=lazy("Booked by the revaluation at a day, and taken back on the next."),
            resource="ledger.account",
        ),
    ] = None
    unrealised_loss_id: Annotated[
        int | None,
        PickerField(label=lazy("Unrealised exchange losses"), resource="ledger.account"),
    ] = None
    cash_rounding_id: Annotated[
        int | None,
        PickerField(
            label=lazy("Rounding of cash"),
            help=lazy("What cash amounts are rounded by, up and down."),
            resource="ledger.account",
        ),
    ] = None
    rate_days: Annotated[
        int,
        NumberField(
            label=lazy("Days to look back for a rate"),
            help=lazy("Where a day has no rate, the last one before it is taken, if not older."),
            minimum=0,
            maximum=366,
        ),
    ] = RATE_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class EditExchangeSettings(SaveExchangeSettings):
    """Changed settings."""

    id: int
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force, accounts by their codes; None where none was named yet."""

    realised_gain: str | None = None
    realised_loss: str | None = None
    unrealised_gain: str | None = None
    unrealised_loss: str | None = None
    cash_rounding: str | None = None
    rate_days: int = RATE_DAYS

    def account(self, name: str) -> str:
        """The code of the account for a purpose, such as ``realised_gain``.

        Raises:
            Invalid: the settings name none.
        """
        code: str | None = getattr(self, name)
        if code is None:
            raise Invalid(
                _(
                    "No account for %(purpose)s is named yet: do so in the exchange settings.",
                    purpose=str(NAMES[name]),
                )
            )
        return code


def exchange_settings(session: Session) -> Settings:
    """The settings of the session's company; the caller has checked the permission."""
    row = _row(session)
    if row is None:
        return Settings()
    ids = {name: getattr(row, f"{name}_id") for name in NAMES}
    codes = account_codes(session, [found for found in ids.values() if found is not None])
    return Settings(
        **{name: codes.get(found) for name, found in ids.items()}, rate_days=row.rate_days
    )


def save_exchange_settings(session: Session, command: SaveExchangeSettings) -> ExchangeSettings:
    """Set up a company's exchange settings; those that it has already are replaced.

    Raises:
        Invalid: an account is not in the chart, or managed by open items.
    """
    authorize(session, CURRENCY_EDIT)
    _check(session, command)
    row = _row(session)
    if row is None:
        row = ExchangeSettings(company_id=company_of(session).id)
        session.add(row)
    return _set(session, row, command)


def edit_exchange_settings(session: Session, command: EditExchangeSettings) -> ExchangeSettings:
    """Change the settings; what was booked before stays where it is.

    Raises:
        Invalid: an account is not in the chart, or managed by open items.
        Stale: somebody else saved in the meantime.
    """
    authorize(session, CURRENCY_EDIT)
    row = _row(session)
    if row is None or row.id != command.id:
        raise NotFound(_("The company has no such exchange settings."))
    check_version(row, command.version)
    _check(session, command)
    return _set(session, row, command)


def _row(session: Session) -> ExchangeSettings | None:
    return session.scalars(
        select(ExchangeSettings).where(ExchangeSettings.company_id == company_of(session).id)
    ).one_or_none()


def _set(
    session: Session, row: ExchangeSettings, command: SaveExchangeSettings
) -> ExchangeSettings:
    row.realised_gain_id = command.realised_gain_id
    row.realised_loss_id = command.realised_loss_id
    row.unrealised_gain_id = command.unrealised_gain_id
    row.unrealised_loss_id = command.unrealised_loss_id
    row.cash_rounding_id = command.cash_rounding_id
    row.rate_days = command.rate_days
    session.flush()
    return row


def _check(session: Session, command: SaveExchangeSettings) -> None:
    ids = {f"{name}_id": getattr(command, f"{name}_id") for name in NAMES}
    known = account_codes(session, [found for found in ids.values() if found is not None])
    problems = [
        Problem(_("There is no such account in the chart."), field)
        for field, found in ids.items()
        if found is not None and found not in known
    ]
    managed = select(Account.id).where(Account.id.in_(known), Account.open_item_managed)
    by_items = set(session.scalars(managed))
    message = _("This account is managed by open items: choose one without them.")
    problems += [Problem(message, field) for field, found in ids.items() if found in by_items]
    if problems:
        raise Invalid(_("The settings can't be saved."), problems=tuple(problems))
