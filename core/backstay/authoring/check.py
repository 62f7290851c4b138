"""Which plugin ``backstay plugin check`` is to try, and whether it can be tried here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from backstay.errors import ConfigurationError, Invalid, NotFound
from backstay.i18n import gettext as _
from backstay.kernel.discovery import discover

if TYPE_CHECKING:
    from backstay.testing.conformance import Verdict


def verdicts_on(plugin: str, only: Sequence[str] = ()) -> Iterator[Verdict]:
    """Try a plugin by name or by folder, rule by rule, as each verdict is asked for.

    Arguments:
        only: the rules to try, by name; left out, all of them.

    Raises:
        Invalid: there is no rule of such a name.
        NotFound: there is neither an installed plugin nor a folder of this name.
        ConfigurationError: the tools for tests are not installed.
    """
    if find_spec("pytest") is None:
        raise ConfigurationError(
            _("The rules are tried with the tools for tests: pip install 'backstay[test]'.")
        )
    from backstay.testing.conformance import RULES, check_folder, check_plugin

    known = [rule.name for rule in RULES]
    if unknown := [name for name in only if name not in known]:
        raise Invalid(
            _(
                "There is no rule “%(name)s”. Rules: %(known)s.",
                name=unknown[0],
                known=", ".join(known),
            ),
            field="rule",
        )
    rules = tuple(rule for rule in RULES if not only or rule.name in only)
    found = discover()
    if plugin in found:
        return check_plugin(plugin, rules)
    folder = Path(plugin).expanduser().resolve()
    if folder.is_dir():
        return check_folder(folder, rules)
    raise NotFound(
        _(
            "There is no installed plugin “%(plugin)s”, and no folder of this name."
            " Installed: %(known)s.",
            plugin=plugin,
            known=", ".join(found) or _("none"),
        ),
        field="plugin",
    )
