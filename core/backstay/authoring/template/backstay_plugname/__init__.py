"""Plugin title."""
