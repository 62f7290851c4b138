"""Entries over a limit: they wait until a second person posts them by approving."""
