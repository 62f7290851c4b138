"""The tables of approvals."""

from __future__ import annotations

from backstay_approvals.models.base import ApprovalsBase
from backstay_approvals.models.deputies import Deputy
from backstay_approvals.models.requests import (
    Decision,
    Request,
    RequestMaker,
    RequestStage,
    RequestState,
)
from backstay_approvals.models.rules import MOST_STAGES, Rule, Stage

__all__ = [
    "MOST_STAGES",
    "ApprovalsBase",
    "Decision",
    "Deputy",
    "Request",
    "RequestMaker",
    "RequestStage",
    "RequestState",
    "Rule",
    "Stage",
]
