"""For WSGI servers that are pointed at a checkout: ``gunicorn wsgi:application``."""

from backstay.web.wsgi import app, application

__all__ = ["app", "application"]
