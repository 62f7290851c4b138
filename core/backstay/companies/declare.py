"""What plugins add to the creation of a company: a starter chart, a work calendar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from backstay.companies.models import Company
    from backstay.i18n import Text
    from backstay.resources.declare import Choice


@dataclass(frozen=True, slots=True)
class SetupChoice:
    """A question that is asked when a company is created, in the browser and as an option.

    Arguments:
        name: the command line's option (``--chart``) and the form's field.
        choices: the possible answers; an empty answer means none of them.
        apply: called in the transaction that creates the company; an empty value is passed too.
    """

    name: str
    label: Text
    help: Text
    choices: tuple[Choice, ...]
    apply: Callable[[Session, Company, str], None]
    default: str = ""


@dataclass(frozen=True, slots=True)
class DemoData:
    """Fills the demo company with a plugin's sample records.

    Arguments:
        fill: called in one transaction with a company that ``SetupChoice.apply`` has prepared.
    """

    name: str
    fill: Callable[[Session, Company], None]
