"""The locks hold what the distributions of this tree ask for, with hashes and nothing private."""

from __future__ import annotations

import configparser
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = sorted(
    [ROOT / "setup.cfg", *ROOT.glob("plugins/*/setup.cfg"), *ROOT.glob("themes/*/setup.cfg")]
)
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def pins(lock: str) -> dict[str, str]:
    text = (ROOT / "requirements" / lock).read_text()
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", text, re.MULTILINE))


def declared(config: Path, section: str, key: str) -> list[Requirement]:
    parser = configparser.ConfigParser()
    parser.read(config)
    lines = parser.get(section, key, fallback="").splitlines()
    return [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]


def unmet(requirements: list[Requirement], lock: dict[str, str]) -> list[str]:
    return [
        str(requirement)
        for requirement in requirements
        if not canonicalize_name(requirement.name).startswith("backstay")
        and not requirement.specifier.contains(
            lock.get(canonicalize_name(requirement.name), "0.dev0"), prereleases=True
        )
    ]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.parent.name)
def test_the_run_lock_meets_what_every_distribution_requires(config: Path) -> None:
    assert not unmet(declared(config, "options", "install_requires"), pins("run.txt"))


@pytest.mark.parametrize("extra", ["postgres", "test"])
def test_the_test_lock_meets_the_extras(extra: str) -> None:
    wanted = declared(ROOT / "setup.cfg", "options.extras_require", extra)
    assert wanted
    assert not unmet(wanted, pins("test.txt"))


def test_the_test_lock_pins_what_the_run_lock_pins() -> None:
    assert pins("run.txt").items() <= pins("test.txt").items()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_pin_has_a_hash_and_no_line_names_a_place(lock: Path) -> None:
    blocks = re.split(r"\n(?=\S)", lock.read_text())
    packages = [block for block in blocks if "==" in block]
    assert packages
    assert not [block for block in packages if "--hash=sha256:" not in block]
    assert not re.search(r"https?://|file:|(?<!\w)/\w", lock.read_text())


def test_the_import_rules_cover_every_plugin() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    plugins = {path.parent.name for path in ROOT.glob("plugins/*/backstay_*/__init__.py")}
    assert plugins == set(linter["root_packages"]) - {"backstay"}
