"""Gives the tests Backstay's fixtures, with this plugin and what it requires, and nothing else."""

from backstay import testing

pytest_plugins = ["backstay.testing.author"]

suite = testing.suite(plugins=["vehicles"])
