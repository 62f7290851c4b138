"""Gives every test of this tree the fixtures that plugin authors have as well."""

pytest_plugins = ["backstay.testing.fixtures", "backstay.testing.plugins"]
