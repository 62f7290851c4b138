"""Sample values for the tests that attack every plugin: a parent is of the same dimension."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from backstay.testing.attack import JobSample, Sample
from backstay_ledger.dimensions.jobs import KEEP_DIMENSIONS
from backstay_ledger.dimensions.values import AddDimension, AddValue, add_dimension, add_value

if TYPE_CHECKING:
    from backstay.testing.attack import Making
    from backstay_ledger.models.dimensions import Dimension, DimensionValue


def dimension(making: Making) -> Dimension:
    """A dimension of its own."""
    command = AddDimension(code=f"sample_{making.number}", name=f"Sample {making.number}")
    return add_dimension(making.session, command)


def value(making: Making) -> DimensionValue:
    """A value at the top of a dimension of its own."""
    return add_value(
        making.session,
        AddValue(
            dimension_id=dimension(making).id,
            code=str(making.number),
            name=f"Sample {making.number}",
        ),
    )


def _nothing(_making: Making) -> dict[str, Any]:
    return {}


DIMENSION_SAMPLES: Final = (
    JobSample(job=KEEP_DIMENSIONS, arguments=_nothing),
    Sample(
        resource="ledger.dimension",
        make=dimension,
        values={"code": lambda number: f"sample_{number}"},
    ),
    Sample(
        resource="ledger.dimension_value",
        make=value,
        values={
            "code": str,
            "parent_id": lambda _number: None,
            "valid_from": lambda _number: None,
            "valid_to": lambda _number: None,
        },
    ),
)
