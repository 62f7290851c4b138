"""Lists, records and forms of rates, currencies and the exchange settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from backstay.spi import (
    Action,
    Column,
    Empty,
    Filter,
    Kind,
    Operation,
    Resource,
    Section,
    company_of,
    context_of,
    redirect_to,
    resource_url,
    today,
)
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay.spi import view as ui
from backstay_ledger.currencies.conversion import plain
from backstay_ledger.currencies.permissions import CURRENCY_EDIT, RATE_EDIT
from backstay_ledger.currencies.rates import (
    RATE_KINDS,
    CorrectRate,
    DeleteRate,
    TypeRate,
    correct_rate,
    delete_rate,
    type_rate,
)
from backstay_ledger.currencies.settings import (
    EditExchangeSettings,
    SaveExchangeSettings,
    edit_exchange_settings,
    save_exchange_settings,
)
from backstay_ledger.currencies.units import AddCurrency, EditCurrency, add_currency, edit_currency
from backstay_ledger.models.accounts import Account
from backstay_ledger.models.currencies import (
    CompanyCurrency,
    ExchangeRate,
    ExchangeSettings,
)
from backstay_ledger.permissions import BOOKS_EXPORT, BOOKS_VIEW
from backstay_ledger.resources.import_links import import_link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response
    from sqlalchemy.orm import Session


_DECIMALS: Final = 4
"""Rates are printed with so many at least, so that their points stand below each other."""


def _rate(value: Any) -> str:
    text = plain(value)
    whole, _point, decimals = text.partition(".")
    return f"{whole}.{decimals:0<{_DECIMALS}}"


def _new_rate(session: Session, _record: object) -> dict[str, Any]:
    company = company_of(session)
    return {"date": today(company.time_zone), "quote": company.currency}


def _stored_rate(_session: Session, rate: ExchangeRate) -> dict[str, Any]:
    return {
        "date": rate.date,
        "base": rate.base,
        "quote": rate.quote,
        "rate": plain(rate.rate),
        "kind": rate.kind,
        "source": rate.source,
    }


def _import(session: Session) -> Sequence[ui.Button]:
    if not context_of(session).may(RATE_EDIT):
        return ()
    return (ui.Button(translate("Import"), import_link("ledger.rates"), "file-import"),)


def _to_the_rates(_session: Session, _result: None) -> Response:
    return redirect_to(resource_url("ledger.fx_rate"))


RATES: Final = Resource(
    name="ledger.fx_rate",
    path="exchange-rates",
    model=ExchangeRate,
    view=BOOKS_VIEW,
    export=BOOKS_EXPORT,
    label=_("Exchange rate"),
    label_many=_("Exchange rates"),
    icon="coins",
    help=_(
        "What one unit of a currency costs in another on a day. Where a day has no rate, the last"
        " one before it is taken."
    ),
    columns=(
        Column("date", _("Date"), ExchangeRate.date, Kind.DATE, sortable=True, link=True),
        Column("base", _("Currency"), ExchangeRate.base, Kind.CODE),
        Column("quote", _("Priced in"), ExchangeRate.quote, Kind.CODE),
        Column("rate", _("Rate"), ExchangeRate.rate, Kind.NUMBER, format=_rate, total=False),
        Column("kind", _("Kind"), ExchangeRate.kind, choices=RATE_KINDS),
        Column("source", _("Source"), ExchangeRate.source),
    ),
    filters=(
        Filter("from", _("From"), ExchangeRate.date, kind="date_from"),
        Filter("to", _("To"), ExchangeRate.date, kind="date_to"),
        Filter("kind", _("Kind"), ExchangeRate.kind, RATE_KINDS),
    ),
    search=(ExchangeRate.quote, ExchangeRate.base),
    search_label=_("Search by currency"),
    order=("-date",),
    title=lambda rate: f"{rate.base}/{rate.quote} {rate.date.isoformat()}",
    sections=(Section(_("Rate"), ("date", "base", "quote", "rate", "kind", "source")),),
    create=Operation(
        type_rate,
        TypeRate,
        RATE_EDIT,
        _("New rate"),
        initial=_new_rate,
        done=_("Rate saved."),
        example={"base": "EUR", "quote": "USD"},
    ),
    update=Operation(
        correct_rate,
        CorrectRate,
        RATE_EDIT,
        _("Correct rate"),
        initial=_stored_rate,
        help=_("Entries that were made with the old rate keep their amounts."),
        done=_("Rate saved."),
    ),
    actions=(
        Action(
            "delete",
            Operation(
                delete_rate,
                DeleteRate,
                RATE_EDIT,
                _("Delete rate"),
                done=_("Rate deleted."),
                respond=_to_the_rates,
            ),
            icon="trash",
            danger=True,
            confirm=_("Delete this rate? Entries that were made with it stay as they are."),
        ),
    ),
    empty=Empty(
        _("No rates yet"),
        _(
            "Import a file, such as the history that the European Central Bank publishes, or type"
            " rates in."
        ),
        "coins",
    ),
    buttons=_import,
)

CURRENCIES: Final = Resource(
    name="ledger.currency",
    path="currencies",
    model=CompanyCurrency,
    view=BOOKS_VIEW,
    label=_("Currency"),
    label_many=_("Currencies"),
    icon="coins",
    help=_(
        "The currencies that this company deals in: their decimals and smallest coins. A currency"
        " gets here by itself with the first entry that is made in it."
    ),
    columns=(
        Column("code", _("Currency"), CompanyCurrency.code, Kind.CODE, sortable=True, link=True),
        Column("minor_units", _("Decimals"), CompanyCurrency.minor_units, Kind.NUMBER),
        Column(
            "cash_unit",
            _("Smallest coin"),
            CompanyCurrency.cash_unit,
            Kind.NUMBER,
            format=_rate,
            total=False,
        ),
    ),
    search=(CompanyCurrency.code,),
    search_label=_("Search by code"),
    order=("code",),
    title=lambda currency: str(currency.code),
    sections=(Section(_("Currency"), ("code", "minor_units", "cash_unit")),),
    create=Operation(
        add_currency, AddCurrency, CURRENCY_EDIT, _("New currency"), done=_("Currency saved.")
    ),
    update=Operation(
        edit_currency, EditCurrency, CURRENCY_EDIT, _("Edit currency"), done=_("Currency saved.")
    ),
    empty=Empty(
        _("No currencies yet"),
        _("A currency gets here with the first entry in it. Add one to set its smallest coin."),
        "coins",
    ),
)


def _account(column: Any) -> Any:
    return (
        select(Account.code + " " + Account.name)
        .where(Account.id == column)
        .correlate(ExchangeSettings)
        .scalar_subquery()
    )


_DIFFERENCES: Final = (
    "realised_gain_id",
    "realised_loss_id",
    "unrealised_gain_id",
    "unrealised_loss_id",
)
SETTINGS: Final = Resource(
    name="ledger.exchange_setting",
    path="exchange-settings",
    model=ExchangeSettings,
    view=BOOKS_VIEW,
    label=_("Exchange settings"),
    label_many=_("Exchange settings"),
    icon="settings",
    help=_("The accounts for exchange differences and rounded cash, and how old a rate may be."),
    columns=(
        Column(
            "realised_gain_id",
            _("Realised gains"),
            _account(ExchangeSettings.realised_gain_id),
            link=True,
        ),
        Column(
            "realised_loss_id", _("Realised losses"), _account(ExchangeSettings.realised_loss_id)
        ),
        Column(
            "unrealised_gain_id",
            _("Unrealised gains"),
            _account(ExchangeSettings.unrealised_gain_id),
        ),
        Column(
            "unrealised_loss_id",
            _("Unrealised losses"),
            _account(ExchangeSettings.unrealised_loss_id),
        ),
        Column(
            "cash_rounding_id",
            _("Rounding of cash"),
            _account(ExchangeSettings.cash_rounding_id),
        ),
        Column("rate_days", _("Days to look back"), ExchangeSettings.rate_days, Kind.NUMBER),
    ),
    title=lambda _row: translate("Exchange settings"),
    sections=(
        Section(_("Exchange differences"), _DIFFERENCES),
        Section(_("Cash and rates"), ("cash_rounding_id", "rate_days")),
    ),
    create=Operation(
        save_exchange_settings,
        SaveExchangeSettings,
        CURRENCY_EDIT,
        _("Set up"),
        done=_("Settings saved."),
    ),
    update=Operation(
        edit_exchange_settings,
        EditExchangeSettings,
        CURRENCY_EDIT,
        _("Edit settings"),
        done=_("Settings saved."),
    ),
    empty=Empty(
        _("No exchange settings yet"),
        _("Name the accounts for exchange gains and losses before you revalue or round cash."),
        "settings",
    ),
)

CURRENCY_RESOURCES: Final = (RATES, CURRENCIES, SETTINGS)
