"""Core's Alembic environment and revisions, installed as `backstay_migrations`."""
