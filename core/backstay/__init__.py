"""Backstay: a minimal core that runs back-office plugins on Flask and SQLAlchemy."""
