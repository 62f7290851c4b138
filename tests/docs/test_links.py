"""Every link in the documentation leads somewhere, and no page names the machine it was made on."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"(?<!`)!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"`[^`\n]*`")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
MACHINE = re.compile(r"/(?:work|home|root|Users|tmp)/[\w.-]+|[A-Z]:\\")
SKIPPED = {".venv", "node_modules", "var", "build", ".git"}


def documents() -> list[Path]:
    """Every Markdown page of the tree, wherever it lies."""
    return sorted(
        path for path in ROOT.rglob("*.md") if not SKIPPED & set(path.relative_to(ROOT).parts)
    )


def anchors(path: Path) -> set[str]:
    """The anchors that a renderer makes of a page's headings."""
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        for heading in HEADING.findall(text)
    }


def prose(path: Path) -> str:
    """A page without its code, in which brackets mean something else."""
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    return INLINE_CODE.sub("", text)


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_page_and_a_heading_that_exist(path: Path) -> None:
    broken = []
    for target in LINK.findall(prose(path)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        place = (path.parent / name).resolve() if name else path
        if not place.exists():
            broken.append(f"{target}: there is no such file")
        elif anchor and place.suffix == ".md" and anchor not in anchors(place):
            broken.append(f"{target}: there is no such heading")
    assert broken == []


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_page_names_a_path_of_the_machine_it_was_written_on(path: Path) -> None:
    assert MACHINE.findall(path.read_text(encoding="utf-8")) == []


def test_every_page_below_docs_is_reached_from_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    seen: set[Path] = set()
    waiting = [index]
    while waiting:
        page = waiting.pop()
        if page in seen or not page.exists():
            continue
        seen.add(page)
        waiting += [
            (page.parent / target.partition("#")[0]).resolve()
            for target in LINK.findall(prose(page))
            if not re.match(r"[a-z]+:|#", target) and ".md" in target
        ]
    lost = {str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md")} - {
        str(p.relative_to(ROOT)) for p in seen
    }
    assert lost == set()


def test_pictures_are_small_and_all_shown() -> None:
    shown = (ROOT / "README.md").read_text(encoding="utf-8")
    for picture in (ROOT / "docs" / "images").glob("*.png"):
        assert picture.stat().st_size < 200_000
        assert f"docs/images/{picture.name}" in shown


def test_the_programs_that_the_documentation_starts_exist() -> None:
    """`./run ...` in a code block is a command that `./run --help` knows."""
    known = {"cli", "test", "lint", "bench", "install", ""}
    for path in documents():
        for word in re.findall(r"\./run(?: ([a-z]+))?\b", path.read_text(encoding="utf-8")):
            assert word in known, f"{path.name}: ./run {word}"


def test_run_explains_itself() -> None:
    said = subprocess.run(
        [ROOT / "run", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert "./run test" in said
