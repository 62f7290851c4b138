"""Pages that are not made from a resource: the inbox, and the separation of duties."""

from __future__ import annotations

from typing import Final

# Imported for their routes.
from backstay_approvals.pages import duties, inbox, together
from backstay_approvals.pages.blueprint import blueprint

__all__ = ["BLUEPRINTS", "duties", "inbox", "together"]

BLUEPRINTS: Final = (blueprint,)
