"""What tests of core and of plugins share; shipped, so that plugin authors have it too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


def suite(plugins: Iterable[str]) -> Any:
    """A fixture ``suite`` of these plugins with those that they require, and nothing else.

    In ``conftest.py``::

        pytest_plugins = ["backstay.testing.author"]
        suite = testing.suite(plugins=["garden"])

    Without it tests see every plugin that is installed.

    Arguments:
        plugins: their names; one that is not installed or does not load fails the tests.
    """
    # Imported here, because pytest loads this package before it watches what is imported.
    import pytest

    wanted = tuple(plugins)

    @pytest.fixture(scope="session", name="suite")
    def chosen() -> Any:
        """Core with the plugins that ``backstay.testing.suite`` was given."""
        from backstay.kernel.discovery import discover, with_required
        from backstay.kernel.load import load

        found = discover()
        if missing := [name for name in wanted if name not in found]:
            pytest.fail(
                f"the plugin {missing[0]} is not installed: pip install --no-deps"
                f" --no-build-isolation -e . (installed: {', '.join(found) or 'none'})",
                pytrace=False,
            )
        loaded = load({name for one in wanted for name in with_required(one, found)})
        if loaded.failed:
            why = "; ".join(f"{name}: {reason}" for name, reason in loaded.failed.items())
            pytest.fail(f"a plugin does not load: {why}", pytrace=False)
        return loaded

    return chosen


__all__ = ["suite"]
