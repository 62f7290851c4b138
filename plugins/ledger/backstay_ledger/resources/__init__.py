"""Filled by its own modules."""

from __future__ import annotations

RESOURCES: tuple[()] = ()
