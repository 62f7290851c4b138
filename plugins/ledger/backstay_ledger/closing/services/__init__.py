"""Use cases of closing: locks, exceptions, year-end, plans, the close checklist."""
