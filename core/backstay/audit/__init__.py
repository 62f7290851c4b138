"""The audit trail: what happened, to which record, by whom."""
