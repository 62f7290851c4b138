"""Gives every test of this tree the fixtures that plugin authors have as well."""

from hypothesis import settings

pytest_plugins = ["backstay.testing.author", "backstay.testing.plugins"]

# How long an example takes says more about the machine than about the code.
settings.register_profile("backstay", deadline=None)
settings.load_profile("backstay")
