"""Values for the tests that attack the plugin, where no guess fits."""

from __future__ import annotations

from typing import Final

from backstay.testing.attack import Sample

SIREN: Final = "732829320"

SAMPLES: Final = (
    Sample(
        resource="auditfiles.company",
        values={"siren": lambda _number: SIREN, "country": lambda _number: "FR"},
    ),
)
