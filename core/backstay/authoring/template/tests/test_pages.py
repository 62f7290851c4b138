"""Tasks as somebody at a browser sees them; each test runs on both databases."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from backstay.testing.author import AsRole
from backstay.testing.web import Browser
from backstay_plugname.permissions import TASK_VIEW

LIST = "/c/ALPHA/plugname/tasks"


@pytest.fixture
def keeper(as_role: AsRole) -> Browser:
    """Somebody who may do everything with the tasks of ALPHA."""
    return as_role("plugnamekeeper")


def create(keeper: Browser, **changed: str) -> str:
    """Fill in the form for a new task; returns the address of its page."""
    keeper.get(f"{LIST}/new")
    done = keeper.post(f"{LIST}/new", {"title": "Water the plants", **changed})
    assert done.status_code == 303, done.text
    return str(done.location)


def test_an_empty_list_says_what_belongs_there(keeper: Browser) -> None:
    page = keeper.get(LIST)
    assert page.status_code == 200
    assert "No tasks yet" in page.text


def test_a_new_task_is_in_the_list_and_on_its_page(keeper: Browser) -> None:
    record = create(keeper)
    assert "Water the plants" in keeper.get(record).text
    assert "Water the plants" in keeper.get(LIST).text


def test_what_is_wrong_is_said_at_its_field(keeper: Browser) -> None:
    keeper.get(f"{LIST}/new")
    refused = keeper.post(f"{LIST}/new", {"title": "Water the plants", "due_on": "soon"})
    assert refused.status_code == 422
    assert "not a date" in refused.text


def test_a_finished_task_is_final_and_its_days_are_counted(
    keeper: Browser, run_jobs: Callable[[], int]
) -> None:
    record = create(keeper)
    keeper.get(f"{record}/do/finish")
    assert keeper.post(f"{record}/do/finish").status_code == 303
    assert run_jobs() > 0
    assert keeper.get(f"{LIST}.csv?state=done").text.count("Water the plants") == 1
    assert keeper.get(f"{record}/edit").status_code == 409


def test_without_the_permission_there_is_no_form(as_role: AsRole) -> None:
    reader = as_role(permissions=[TASK_VIEW])
    assert reader.get(LIST).status_code == 200
    assert reader.get(f"{LIST}/new").status_code == 403


def test_somebody_who_is_not_signed_in_is_asked_to(client: Browser) -> None:
    assert client.get(LIST).status_code == 303
