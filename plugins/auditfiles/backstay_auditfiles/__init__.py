"""Audit files: the books of a year as authorities and auditors take them, read back before use."""
