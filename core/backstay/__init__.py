"""Backstay: a minimal core that runs back-office plugins on Flask and SQLAlchemy."""

__version__ = "0.1.0"
