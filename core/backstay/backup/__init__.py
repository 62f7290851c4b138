"""Backups of a whole installation, and the way back."""
