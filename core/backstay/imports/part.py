"""What the import area declares for core's own part."""

from __future__ import annotations

from backstay.imports.jobs import JOBS

__all__ = ["JOBS"]
