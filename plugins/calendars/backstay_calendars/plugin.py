"""What calendars add to Backstay: each hook returns what a module declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from backstay.contracts.calendars import Calendars
from backstay.spi import (
    DemoData,
    ImportKind,
    JobKind,
    Page,
    Permission,
    PluginBlueprint,
    Resource,
    RoleTemplate,
    Schedule,
    SetupChoice,
    hookimpl,
)
from backstay_calendars.commands import COMMANDS
from backstay_calendars.company_setup import COMPANY_SETUP, DEMO
from backstay_calendars.contract import CompanyCalendars
from backstay_calendars.imports import IMPORTS
from backstay_calendars.jobs import JOBS, SCHEDULES
from backstay_calendars.models import CalendarsBase
from backstay_calendars.navigation import PAGES
from backstay_calendars.pages import BLUEPRINTS
from backstay_calendars.permissions import PERMISSIONS, ROLE_TEMPLATES
from backstay_calendars.resources import RESOURCES


@hookimpl
def backstay_models() -> type[CalendarsBase]:
    """Calendars, working hours, public holidays, special days."""
    return CalendarsBase


@hookimpl
def backstay_permissions() -> Sequence[Permission]:
    """Functions that a role may hold."""
    return PERMISSIONS


@hookimpl
def backstay_role_templates() -> Sequence[RoleTemplate]:
    """Who keeps the calendars, and who reads them."""
    return ROLE_TEMPLATES


@hookimpl
def backstay_resources() -> Sequence[Resource]:
    """Calendars, working hours, public holidays, special days."""
    return RESOURCES


@hookimpl
def backstay_blueprints() -> Sequence[PluginBlueprint]:
    """The year and the due date."""
    return BLUEPRINTS


@hookimpl
def backstay_navigation() -> Sequence[Page]:
    """Pages of the work area People."""
    return PAGES


@hookimpl
def backstay_jobs() -> Sequence[JobKind]:
    """The update of public holidays."""
    return JOBS


@hookimpl
def backstay_schedules() -> Sequence[Schedule]:
    """Holidays are brought up to date each month."""
    return SCHEDULES


@hookimpl
def backstay_imports() -> Sequence[ImportKind]:
    """Special days, from tables and iCalendar files."""
    return IMPORTS


@hookimpl
def backstay_commands() -> Sequence[click.Command]:
    """``backstay calendars ...``."""
    return COMMANDS


@hookimpl
def backstay_company_setup() -> Sequence[SetupChoice]:
    """Country, region and working hours of a new company."""
    return COMPANY_SETUP


@hookimpl
def backstay_demo() -> Sequence[DemoData]:
    """The calendar of the demo company."""
    return DEMO


@hookimpl
def backstay_services() -> Mapping[type[Any], Any]:
    """The contract of calendars."""
    return {Calendars: CompanyCalendars()}
