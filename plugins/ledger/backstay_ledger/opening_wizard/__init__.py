"""Bringing books in: a trial balance and open items, each against an account that comes to zero."""
