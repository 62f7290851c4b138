"""New plugins as authors get them: written, built into a wheel, unpacked where Python finds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from backstay.authoring.new import NewPlugin, write_plugin


@pytest.fixture(scope="session")
def garden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a new plugin called “garden”."""
    folder = tmp_path_factory.mktemp("new") / "garden"
    write_plugin(NewPlugin(name="garden", folder=folder, label="Garden & yard"))
    return folder
