"""The plugin's bespoke pages."""

from __future__ import annotations

from typing import Final

from backstay_auditfiles.pages.download import blueprint

BLUEPRINTS: Final = (blueprint,)
