"""What a presentation tree is made of, in words that its tables and its forms share."""

from __future__ import annotations

import enum


class Purpose(enum.Enum):
    """Whom a tree presents the books to."""

    STATUTORY = "statutory"
    MANAGEMENT = "management"
    TAX = "tax"


class Part(enum.Enum):
    """The statement that a node stands in."""

    BALANCE_SHEET = "balance_sheet"
    PROFIT_LOSS = "profit_loss"


class NodeKind(enum.Enum):
    """Where a node's figure comes from."""

    ACCOUNTS = "accounts"
    """The accounts that it names, and the nodes below it."""
    FORMULA = "formula"
    """Figures of other nodes, added and subtracted."""
    RESULT = "result"
    """In the balance sheet the result of the fiscal year, otherwise that of the days shown."""
    PRIOR_RESULTS = "prior_results"
    """Results of earlier fiscal years that no closing entry has moved to equity yet."""


class Side(enum.Enum):
    """The side on which a node's figure is positive."""

    DEBIT = "debit"
    CREDIT = "credit"


class Activity(enum.Enum):
    """Where the cash flow statement shows what changed in a node of the balance sheet."""

    OPERATING = "operating"
    INVESTING = "investing"
    FINANCING = "financing"
