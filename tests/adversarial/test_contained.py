"""Whatever a plugin does wrong, it alone does not run, the administrator reads why, all else works.

Every adversary is an installed distribution; each test runs on both databases.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from backstay.kernel import load as loading
from backstay.web import generation
from tests.adversarial.neighbours import ADVERSARIES, NEIGHBOUR, PAGE, PERMISSION, Adversary, code

if TYPE_CHECKING:
    from tests.adversarial.conftest import Town


@pytest.mark.parametrize("adversary", ADVERSARIES, ids=lambda one: one.fault.replace(" ", "_"))
def test_a_plugin_that(town: Town, adversary: Adversary) -> None:
    """Is left out; its pages say so; everything else runs."""
    town.shelf.add(
        adversary.name,
        adversary.code,
        requires=adversary.requires,
        api=adversary.api,
        files=adversary.files,
    )
    town.enable(adversary.name)
    town.lives_on()
    assert town.app.extensions["backstay"].suite.running == ("crate",)
    modules = town.get("/admin/modules")
    said = modules.get_data(as_text=True).replace("&#39;", "'")
    assert adversary.said.casefold() in said.casefold()
    if adversary.name != "core":
        page = town.get(f"/c/ALPHA/{adversary.name}/")
        assert page.status_code == 404
        assert "could not be started" in page.text
        assert "Its data is kept" in page.text
    assert adversary.name.title() in town.get("/me/").text


def test_what_needs_a_plugin_that_failed_does_not_run_either(town: Town) -> None:
    town.shelf.add("rogue", "raise RuntimeError('broken at import')")
    town.shelf.add("lid", code(PERMISSION, name="lid"), requires=("rogue",))
    town.enable("rogue")
    town.enable("lid")
    town.lives_on()
    assert "it needs rogue, which is not running" in town.get("/c/ALPHA/lid/").text


def test_a_plugin_that_is_mended_runs_without_a_restart(town: Town) -> None:
    package = town.shelf.add(
        "rogue",
        "from backstay_rogue import half\nraise RuntimeError('broken at import')",
        files={"half.py": "VALUE = 'old'"},
    )
    town.enable("rogue")
    assert town.get("/c/ALPHA/rogue/").status_code == 404
    mended = code(
        PERMISSION,
        PAGE,
        "from backstay_rogue.half import VALUE",
        "@pages.get('/')\n@spi.requires(SEE)\ndef start():\n    return VALUE",
    )
    (package / "half.py").write_text("VALUE = 'mended value'", encoding="utf-8")
    (package / "plugin.py").write_text(f"from backstay import spi\n{mended}", encoding="utf-8")
    town.next_generation()
    assert town.get("/c/ALPHA/rogue/").text == "mended value"


def test_a_hook_that_never_answers_leaves_its_plugin_out(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "LONGEST_SECONDS", 0.2)
    town.shelf.add(
        "rogue",
        "import threading\n@spi.hookimpl\ndef backstay_permissions():\n"
        "    threading.Event().wait(20)",
    )
    town.enable("rogue")
    town.lives_on()
    assert "not loaded within 0.2 s" in town.get("/admin/modules").text


def test_a_slow_hook_is_named_with_its_seconds(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "SLOW_SECONDS", 0.05)
    town.shelf.add(
        "rogue",
        "import threading\n@spi.hookimpl\ndef backstay_permissions():\n"
        "    threading.Event().wait(0.06)",
    )
    town.enable("rogue")
    town.lives_on()
    suite = town.app.extensions["backstay"].suite
    assert "rogue" in suite.running
    assert suite.slow["rogue"] >= 0.06


def test_requests_do_not_queue_behind_a_build_that_takes_too_long(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = town.browser()
    monkeypatch.setattr(generation, "_PATIENCE_SECONDS", 0.05)
    import threading

    released = threading.Event()
    whole = generation.build

    def slowly(*values: object, **options: object) -> object:
        released.wait(20)
        return whole(*values, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(generation, "build", slowly)
    town.next_generation()
    waits: list[float | None] = []
    join = threading.Thread.join

    def counted(thread: threading.Thread, timeout: float | None = None) -> None:
        if thread.name == "backstay-build":
            waits.append(timeout)
        join(thread, timeout)

    monkeypatch.setattr(threading.Thread, "join", counted)
    for _request in range(3):
        assert browser.get("/me/").status_code == 200
    assert waits == [0.05]
    released.set()


def test_a_package_that_is_removed_while_it_is_on_is_missing_and_its_data_kept(
    town: Town,
) -> None:
    town.shelf.add("rogue", NEIGHBOUR.replace("crate", "rogue").replace("Crates", "Rogues"))
    town.enable("rogue", tables=True)
    assert town.get("/c/ALPHA/crate/").status_code == 200
    shutil.rmtree(town.shelf.folder / "backstay_rogue")
    shutil.rmtree(town.shelf.folder / "backstay_rogue-1.0.dist-info")
    town.next_generation()
    town.lives_on()
    page = town.get("/c/ALPHA/rogue/")
    assert page.status_code == 404
    assert "its package is not installed; its data is kept" in page.text
    assert "Package missing" in town.get("/admin/modules").text
    with town.database.reading_connection() as connection:
        from sqlalchemy import inspect

        assert inspect(connection).has_table("rogue_thing")


def test_two_packages_of_one_name_are_told_apart(town: Town) -> None:
    info = town.shelf.folder / "impostor-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.4\nName: impostor\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[backstay.plugins]\ncrate = impostor.plugin\n")
    town.next_generation()
    town.lives_on()
    assert (
        "Its plugin is called crate, as that of backstay-crate" in town.get("/admin/modules").text
    )
