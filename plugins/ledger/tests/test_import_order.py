"""Modules of pages and resources can be imported first, whatever is imported later."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["audit.control_pages", "closing.plan_resources"])
def test_a_module_can_be_imported_first(module: str) -> None:
    code = f"import backstay_ledger.{module}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
