"""Names the packages of the distribution; everything else is in setup.cfg.

This tree has two source roots (`core/` and `migrations/`), and the `find:` of setup.cfg takes one.
"""

from setuptools import find_packages, setup

setup(
    packages=[
        *find_packages("core", include=["backstay", "backstay.*"]),
        "backstay_migrations",
        *(f"backstay_migrations.{name}" for name in find_packages("migrations")),
    ],
)
