"""Plugins are found without being imported, and one that is broken harms no other."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from backstay.kernel.discovery import discover
from backstay.kernel.load import load

if TYPE_CHECKING:
    from backstay.testing.plugins import PluginShelf


GOOD = """
READ = spi.Permission("{name}.thing.view", "see things", spi.Risk.READ)

@spi.hookimpl
def backstay_permissions():
    return [READ]
"""


def good(name: str) -> str:
    return GOOD.replace("{name}", name)


def test_discovery_imports_nothing(shelf: PluginShelf) -> None:
    shelf.add("apple", "raise RuntimeError('imported')")
    found = discover()["apple"]
    assert (found.title, found.version, found.api) == ("Apple", "1.0", 1)
    assert "backstay_apple" not in sys.modules


def test_a_plugin_that_fails_says_where_in_its_code(shelf: PluginShelf) -> None:
    shelf.add("apple", "\n\nraise RuntimeError('no core')")
    assert load(["apple"]).failed == {
        "apple": "RuntimeError: no core (backstay_apple.plugin, line 4)"
    }


def test_hard_dependencies_come_from_the_distribution(shelf: PluginShelf) -> None:
    shelf.add("apple", good("apple"), requires=("pear",))
    shelf.add("pear", good("pear"))
    assert discover()["apple"].requires == {"pear"}
    assert load(["apple", "pear"]).running == ("pear", "apple")


def test_a_plugin_whose_requirement_is_off_does_not_run(shelf: PluginShelf) -> None:
    shelf.add("apple", good("apple"), requires=("pear",))
    shelf.add("pear", good("pear"))
    suite = load(["apple"])
    assert suite.running == ()
    assert "needs pear" in suite.failed["apple"]


def test_plugins_that_need_one_another_are_named(shelf: PluginShelf) -> None:
    shelf.add("apple", good("apple"), requires=("pear",))
    shelf.add("pear", good("pear"), requires=("apple",))
    shelf.add("fig", good("fig"))
    suite = load(["apple", "pear", "fig"])
    assert suite.running == ("fig",)
    assert set(suite.failed) == {"apple", "pear"}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import no_such_module", "no_such_module"),
        ("raise RuntimeError('broken at import')", "broken at import"),
        ("@spi.hookimpl\ndef backstay_permissions():\n    raise ValueError('no')", "no"),
        ("@spi.hookimpl\ndef backstay_permisions():\n    return []", "backstay_permisions"),
        ("@spi.hookimpl\ndef backstay_models():\n    return 3", "declarative base"),
    ],
)
def test_a_broken_plugin_is_listed_and_the_others_run(
    shelf: PluginShelf, code: str, reason: str
) -> None:
    shelf.add("bad", code)
    shelf.add("good", good("good"))
    suite = load(["bad", "good"])
    assert suite.running == ("good",)
    assert reason in suite.failed["bad"]
    assert "good.thing.view" in suite.permissions


def test_a_missing_package_is_listed_and_its_data_promised(shelf: PluginShelf) -> None:
    shelf.add("good", good("good"))
    suite = load(["gone", "good"])
    assert suite.running == ("good",)
    assert "data is kept" in suite.failed["gone"]


def test_the_api_number_decides_about_compatibility(shelf: PluginShelf) -> None:
    shelf.add("future", good("future"), api=99)
    assert "API 99" in load(["future"]).failed["future"]


def test_a_name_that_is_declared_twice_fails_the_second_plugin_only(shelf: PluginShelf) -> None:
    shelf.add("apple", good("same"))
    shelf.add("pear", good("same"))
    suite = load(["apple", "pear"])
    assert suite.running == ("apple",)
    assert "declared twice" in suite.failed["pear"]


def test_one_bad_relationship_does_not_break_other_plugins(shelf: PluginShelf) -> None:
    model = """
from sqlalchemy.orm import DeclarativeBase, Mapped, relationship

class Base(spi.Model, DeclarativeBase):
    metadata = spi.plugin_metadata("{name}")
    type_annotation_map = spi.ANNOTATIONS

class Thing(spi.Identified, Base):
    __tablename__ = "{name}_thing"
    __scope__ = spi.Scope.SHARED
    __audit__ = spi.Audit.DERIVED
    name: Mapped[str]
    {extra}

@spi.hookimpl
def backstay_models():
    return Base
"""
    shelf.add(
        "bad",
        model.replace("{name}", "bad").replace("{extra}", "other = relationship('Nowhere')"),
    )
    shelf.add("good", model.replace("{name}", "good").replace("{extra}", ""))
    suite = load(["bad", "good"])
    assert suite.running == ("good",)
    assert "Nowhere" in suite.failed["bad"]


@pytest.mark.parametrize(
    ("declaration", "reason"),
    [
        (
            (
                "__tablename__ = 'other_thing'\n    __scope__ = spi.Scope.SHARED\n"
                "    __audit__ = spi.Audit.FULL"
            ),
            "must be called",
        ),
        ("__tablename__ = 'loose_thing'\n    __audit__ = spi.Audit.FULL", "__scope__"),
        ("__tablename__ = 'loose_thing'\n    __scope__ = spi.Scope.SHARED", "__audit__"),
        (
            (
                "__tablename__ = 'loose_thing'\n    __scope__ = spi.Scope.COMPANY\n"
                "    __audit__ = spi.Audit.FULL"
            ),
            "CompanyScoped",
        ),
    ],
)
def test_models_must_declare_scope_and_audit_policy(
    shelf: PluginShelf, declaration: str, reason: str
) -> None:
    shelf.add(
        "loose",
        f"""
from sqlalchemy.orm import DeclarativeBase

class Base(spi.Model, DeclarativeBase):
    metadata = spi.plugin_metadata("loose")
    type_annotation_map = spi.ANNOTATIONS

class Thing(spi.Identified, Base):
    {declaration}

@spi.hookimpl
def backstay_models():
    return Base
""",
    )
    assert reason in load(["loose"]).failed["loose"]


def test_a_bridge_runs_only_while_both_ends_run(shelf: PluginShelf) -> None:
    bridge = good("apple.pear")
    shelf.add(
        "apple",
        good("apple"),
        files={
            "bridges/__init__.py": "",
            "bridges/pear.py": f"from backstay import spi\n{bridge}",
        },
    )
    shelf.add("pear", good("pear"))
    assert "apple.pear.thing.view" not in load(["apple"]).permissions
    assert "apple.pear.thing.view" in load(["apple", "pear"]).permissions


def test_safe_mode_starts_core_alone(shelf: PluginShelf) -> None:
    shelf.add("good", good("good"))
    suite = load(["good"], safe_mode=True)
    assert suite.running == ()
    assert suite.safe_mode


def test_a_name_of_more_than_letters_is_refused(shelf: PluginShelf) -> None:
    shelf.add("apple_pie", good("apple_pie"))
    assert "small letters" in load(["apple_pie"]).failed["apple_pie"]
