"""The application over a fresh database, for all tests of the web layer."""

from backstay.testing.web import web_app

__all__ = ["web_app"]
