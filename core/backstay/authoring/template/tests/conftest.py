"""Gives the tests Backstay's fixtures: both databases, two companies, an application, jobs."""

pytest_plugins = ["backstay.testing.fixtures", "backstay.testing.web"]
