"""What a plugin says about its own records where the declarations do not tell it all.

Most records are made from the declarations alone: a value for each field by its kind, a record for
each picker. What no machine can guess (an entry whose lines balance, a period that only comes with
its year) a plugin gives in the module ``samples.py`` of its package, as the tuple ``SAMPLES``. It
is found by its name and imported by the tests only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Making:
    """What a sample has to work with.

    Arguments:
        session: a write transaction in the company that the record is for, as the operator.
        number: different for each sample, for codes and names that must be unique.
        record: makes a record of another resource, by its name.
    """

    session: Session
    number: int
    record: Callable[[str], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A record that can't be made from the declarations, or values that can't be guessed.

    Arguments:
        resource: name of the resource, such as ``ledger.entry``.
        make: makes the record and returns it; left out, the create operation is used.
        state: the state in which ``make`` leaves it; empty for the state of a new record.
        action: the action that ``make`` leaves it ready for, where its state alone does not do. For
            what the API does without a record (``create``, or an action of the list) ``make``
            returns the command that it takes then.
        values: values of fields by name, each from the sample's number, for every operation of
            the resource.
        only_one: a company has one of it, so that a second one is refused: the attacks take away
            what is there before they make another.
    """

    resource: str
    make: Callable[[Making], Any] | None = None
    state: str = ""
    action: str = ""
    values: Mapping[str, Callable[[int], Any]] = field(default_factory=dict)
    only_one: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSample:
    """Arguments with which a background job can be run.

    Arguments:
        job: name of the kind.
        arguments: makes what the job works on and returns its arguments.
    """

    job: str
    arguments: Callable[[Making], dict[str, Any]]
