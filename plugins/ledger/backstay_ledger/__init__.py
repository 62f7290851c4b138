"""General ledger: the books of a company, posted by double entry."""
