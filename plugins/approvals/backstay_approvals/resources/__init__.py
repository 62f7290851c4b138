"""Lists, records and forms that core makes from declarations."""

from __future__ import annotations

from typing import Final

from backstay_approvals.resources.deputies import DEPUTIES
from backstay_approvals.resources.requests import REQUESTS
from backstay_approvals.resources.rules import RULES

RESOURCES: Final = (RULES, REQUESTS, DEPUTIES)
