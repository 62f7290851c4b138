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
class SetupDetail:
    """A short text that is asked beside the question that it belongs to.

    Arguments:
        name: the command line's option and the form's field, as a Python name.
    """

    name: str
    label: Text
    help: Text
    example: str = ""
    max_length: int = 200


@dataclass(frozen=True, slots=True)
class SetupChoice:
    """A question that is asked when a company is created, in the browser and as an option.

    Arguments:
        name: the command line's option (``--chart``) and the form's field.
        choices: the possible answers; an empty answer means none of them.
        apply: ``apply(session, company, answer)``, called in the transaction that creates the
            company; an empty answer is passed too. Where there are details, their answers follow
            as keyword arguments, under their names.
        details: what is asked besides, each for a short text.
    """

    name: str
    label: Text
    help: Text
    choices: tuple[Choice, ...] | Callable[[Session], tuple[Choice, ...]]
    apply: Callable[..., None]
    default: str = ""
    details: tuple[SetupDetail, ...] = ()

    def choices_for(self, session: Session) -> tuple[Choice, ...]:
        """The possible answers, in the language of whoever is asked."""
        return self.choices(session) if callable(self.choices) else self.choices


@dataclass(frozen=True, slots=True)
class DemoData:
    """Fills the demo company with a plugin's sample records.

    Arguments:
        fill: called in one transaction with a company that ``SetupChoice.apply`` has prepared.
    """

    name: str
    fill: Callable[[Session, Company], None]
