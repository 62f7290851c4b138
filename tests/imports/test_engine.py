"""From the upload to the records and back: everything or nothing, and nothing twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from backstay.audit.models import AuditEvent
from backstay.db.context import Actor, Context
from backstay.errors import Conflict, Forbidden, Invalid, NotFound
from backstay.files.models import Blob
from backstay.imports.inline import run_import_inline
from backstay.imports.models import Import, ImportRow, ImportState
from backstay.imports.services import (
    TRANSITIONS,
    UndoImport,
    check_again,
    confirm_import,
    create_import,
    discard_import,
    permitted_kinds,
    undo_import,
    visible_import,
)
from backstay.imports.store import MAX_BYTES, problems_of, references_of, staged
from backstay.jobs.lease import claim_next
from backstay.jobs.models import Job, JobState
from backstay.resources.fields import Upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.db.context import CompanyRef
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

BIRDS = b"ring,species\nA1,Robin\nA2,Wren\n"


class Desk:
    """A person at work with imports in one company."""

    def __init__(self, database: Database, suite: Suite, context: Context) -> None:
        self.database = database
        self.suite = suite
        self.context = context

    def upload(
        self, content: bytes = BIRDS, kind: str = "aviary.bird", name: str = "birds.csv"
    ) -> int:
        with self.database.write(self.context, self.suite) as session:
            return create_import(session, kind, Upload(name, content)).id

    def do(self, service: Callable[..., Any], *arguments: Any) -> Any:
        with self.database.write(self.context, self.suite) as session:
            return service(session, *arguments)

    def look(self, import_id: int) -> Import:
        with self.database.read(self.context, self.suite) as session:
            return visible_import(session, import_id)

    def state(self, import_id: int) -> ImportState:
        return self.look(import_id).state


@pytest.fixture
def desk(database: Database, aviary: Suite, operator: Context, alpha: CompanyRef) -> Desk:
    return Desk(database, aviary, operator.in_company(alpha))


def test_a_file_is_checked_confirmed_and_carried_out(
    desk: Desk, work: Callable[[], None], rings: Callable[[], list[str]]
) -> None:
    import_id = desk.upload()
    assert desk.state(import_id) is ImportState.UPLOADED
    work()
    ready = desk.look(import_id)
    assert (ready.state, ready.rows, ready.new, ready.present) == (ImportState.READY, 2, 2, 0)
    assert ready.notes == ["A new aviary will be opened."]
    assert rings() == []
    desk.do(confirm_import, import_id)
    assert desk.state(import_id) is ImportState.COMMITTING
    work()
    done = desk.look(import_id)
    assert (done.state, done.new, done.present) == (ImportState.DONE, 2, 0)
    assert done.finished_at is not None
    assert rings() == ["A1", "A2"]


def test_the_same_file_again_is_done_at_once_with_nothing_new(
    desk: Desk, work: Callable[[], None], rings: Callable[[], list[str]]
) -> None:
    first = desk.upload()
    work()
    desk.do(confirm_import, first)
    work()
    second = desk.upload()
    work()
    again = desk.look(second)
    assert (again.state, again.new, again.present) == (ImportState.DONE, 0, 2)
    assert "already imported" in again.notes[-1]
    assert rings() == ["A1", "A2"]
    with pytest.raises(Conflict, match="nothing to undo"):
        desk.do(undo_import, UndoImport(second, "because"))


def test_problems_keep_the_whole_file_out(
    desk: Desk, work: Callable[[], None], rings: Callable[[], list[str]]
) -> None:
    import_id = desk.upload(b"ring,species\nA1,Robin\nA2,Dodo\n")
    work()
    refused = desk.look(import_id)
    assert (refused.state, refused.problem_count) == (ImportState.REFUSED, 1)
    (problem,) = problems_of(refused)
    assert (problem.row, problem.field) == (3, "species")
    with pytest.raises(Conflict):
        desk.do(confirm_import, import_id)
    assert rings() == []


def test_only_the_first_hundred_problems_are_kept_but_all_are_counted(
    desk: Desk, work: Callable[[], None]
) -> None:
    import_id = desk.upload(b"ring,species\n" + b"A1,Dodo\n" * 150)
    work()
    refused = desk.look(import_id)
    assert (refused.problem_count, len(refused.problems)) == (150, 100)


def test_a_file_that_can_t_be_read_is_refused_with_its_rows(
    desk: Desk, work: Callable[[], None]
) -> None:
    import_id = desk.upload(BIRDS[:-6])
    work()
    refused = desk.look(import_id)
    assert refused.state is ImportState.REFUSED
    assert "ends in the middle of row 3" in problems_of(refused)[0].message


def test_a_file_of_another_kind_is_recognised(desk: Desk, work: Callable[[], None]) -> None:
    import_id = desk.upload(b"keeper,since\nKim,2020\n")
    work()
    refused = desk.look(import_id)
    assert refused.state is ImportState.REFUSED
    assert "Keepers" in problems_of(refused)[-1].message


def test_what_goes_wrong_while_records_are_made_undoes_all_of_them(
    desk: Desk, work: Callable[[], None], rings: Callable[[], list[str]]
) -> None:
    import_id = desk.upload(b"ring,species\nA1,Robin\nA2,Cuckoo\nA3,Wren\n")
    work()
    assert desk.state(import_id) is ImportState.READY
    desk.do(confirm_import, import_id)
    work()
    refused = desk.look(import_id)
    assert refused.state is ImportState.REFUSED
    assert problems_of(refused)[0].row == 3
    assert rings() == []
    with desk.database.read(desk.context) as session:
        assert session.scalars(select(Job.state)).all() == [JobState.DONE, JobState.DONE]
        made = select(func.count()).where(AuditEvent.entity == "aviary_bird")
        assert session.scalar(made) == 0


def test_an_import_is_undone_with_a_reason(
    desk: Desk, work: Callable[[], None], rings: Callable[[], list[str]]
) -> None:
    import_id = desk.upload()
    work()
    desk.do(confirm_import, import_id)
    work()
    with pytest.raises(Invalid) as caught:
        desk.do(undo_import, UndoImport(import_id, "  "))
    assert caught.value.problems[0].field == "reason"
    assert desk.do(undo_import, UndoImport(import_id, "wrong file")) == "2 birds were set free."
    assert desk.state(import_id) is ImportState.UNDONE
    assert rings() == []
    with desk.database.read(desk.context) as session:
        reasons = session.scalars(
            select(AuditEvent.reason).where(
                AuditEvent.entity == "aviary_bird", AuditEvent.action == "delete"
            )
        )
        assert list(reasons) == ["wrong file", "wrong file"]
    with pytest.raises(Conflict):
        desk.do(undo_import, UndoImport(import_id, "again"))


def test_an_undo_that_the_kind_refuses_changes_nothing(
    desk: Desk, work: Callable[[], None], rings: Callable[[], list[str]]
) -> None:
    import_id = desk.upload(b"ring,species\nA1,Robin\nA2,Eagle\n")
    work()
    desk.do(confirm_import, import_id)
    work()
    with pytest.raises(Invalid, match="eagle"):
        desk.do(undo_import, UndoImport(import_id, "wrong file"))
    assert desk.state(import_id) is ImportState.DONE
    assert rings() == ["A1", "A2"]


def test_a_refused_file_can_be_checked_again(desk: Desk, work: Callable[[], None]) -> None:
    import_id = desk.upload(b"ring,species\nA1,Dodo\n")
    work()
    desk.do(check_again, import_id)
    assert desk.state(import_id) is ImportState.UPLOADED
    work()
    assert desk.state(import_id) is ImportState.REFUSED
    with desk.database.read(desk.context, desk.suite) as session:
        assert len(staged(session, import_id)) == 1


def test_a_discarded_import_stays_as_it_is(desk: Desk, work: Callable[[], None]) -> None:
    import_id = desk.upload()
    desk.do(discard_import, import_id)
    work()
    assert desk.state(import_id) is ImportState.DISCARDED


@pytest.mark.parametrize("state", list(ImportState))
def test_every_step_is_refused_outside_its_states(
    desk: Desk, work: Callable[[], None], state: ImportState
) -> None:
    import_id = desk.upload()
    work()
    with desk.database.write(desk.context, desk.suite) as session:
        session.get_one(Import, import_id).state = state
    steps: dict[str, tuple[Any, ...]] = {
        "confirm": (confirm_import, import_id),
        "check": (check_again, import_id),
        "discard": (discard_import, import_id),
        "undo": (undo_import, UndoImport(import_id, "why")),
    }
    for name, step in steps.items():
        if state not in TRANSITIONS[name]:
            with pytest.raises(Conflict):
                desk.do(*step)
            assert desk.state(import_id) is state


def redeliver(database: Database) -> None:
    """As if the jobs had never been answered."""
    with database.engine.begin() as connection:
        connection.execute(Job.__table__.update().values(state=JobState.READY, attempts=99))


def test_both_jobs_run_twice_with_one_effect(
    desk: Desk, work: Callable[[], None], rings: Callable[[], list[str]]
) -> None:
    import_id = desk.upload()
    work()
    redeliver(desk.database)
    work()
    assert desk.state(import_id) is ImportState.READY
    desk.do(confirm_import, import_id)
    work()
    before = desk.look(import_id)
    redeliver(desk.database)
    work()
    assert rings() == ["A1", "A2"]
    after = desk.look(import_id)
    assert (after.state, after.version) == (ImportState.DONE, before.version)
    with desk.database.read(desk.context, desk.suite) as session:
        assert len(references_of(session, import_id)) == 2
        rows = select(func.count()).where(ImportRow.import_id == import_id)
        assert session.scalar(rows) == 2


def test_an_import_whose_job_was_given_up_can_be_confirmed_again(
    desk: Desk, work: Callable[[], None], rings: Callable[[], list[str]]
) -> None:
    import_id = desk.upload()
    work()
    desk.do(confirm_import, import_id)
    with pytest.raises(Conflict):
        desk.do(confirm_import, import_id)
    claim = claim_next(desk.database, desk.suite.jobs)
    assert claim is not None
    with desk.database.engine.begin() as connection:
        connection.execute(claim.change(state=JobState.DEAD))
    desk.do(confirm_import, import_id)
    work()
    assert rings() == ["A1", "A2"]


def test_a_person_without_the_permission_imports_nothing(
    desk: Desk, alpha: CompanyRef, work: Callable[[], None]
) -> None:
    import_id = desk.upload()
    work()
    nobody = Desk(desk.database, desk.suite, Context(Actor("nobody")).in_company(alpha))
    with desk.database.read(nobody.context, desk.suite) as session:
        assert permitted_kinds(session) == []
    for step in (
        nobody.upload,
        lambda: nobody.look(import_id),
        lambda: nobody.do(confirm_import, import_id),
        lambda: nobody.do(discard_import, import_id),
        lambda: nobody.do(undo_import, UndoImport(import_id, "x")),
    ):
        with pytest.raises(Forbidden):
            step()


def test_the_imports_of_another_company_do_not_exist(
    desk: Desk, beta: CompanyRef, operator: Context, work: Callable[[], None]
) -> None:
    import_id = desk.upload()
    work()
    other = Desk(desk.database, desk.suite, operator.in_company(beta))
    for step in (
        lambda: other.look(import_id),
        lambda: other.do(confirm_import, import_id),
        lambda: other.do(undo_import, UndoImport(import_id, "x")),
    ):
        with pytest.raises(NotFound):
            step()


def test_a_kind_whose_module_is_off_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound, match=r"aviary\.cat"):
        desk.upload(kind="aviary.cat")


@pytest.mark.parametrize("content", [b"", b"x" * (MAX_BYTES + 1)], ids=["empty", "too large"])
def test_an_empty_or_too_large_file_is_refused_at_the_field(desk: Desk, content: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        desk.upload(content)
    assert caught.value.problems[0].field == "file"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("C:\\books\\journal.csv", "journal.csv"),
        ("../../etc/passwd", "passwd"),
        ("a\x00b\u202egnp.csv", "abgnp.csv"),
        ("", "import.csv"),
    ],
)
def test_a_file_s_name_is_only_shown(desk: Desk, given: str, shown: str) -> None:
    assert desk.look(desk.upload(name=given)).file_name == shown


def inline(desk: Desk, content: bytes, **options: Any) -> Any:
    return run_import_inline(
        desk.database,
        desk.suite,
        desk.context,
        "aviary.bird",
        Upload("birds.csv", content),
        **options,
    )


def test_what_is_refused_late_names_the_file_and_leaves_nothing(desk: Desk) -> None:
    """The kind refuses while it makes the records; nothing of the file is in the store."""
    with pytest.raises(Invalid) as refused:
        inline(desk, b"ring,species\nA1,Robin\nA2,Cuckoo\n")
    assert refused.value.message.startswith("birds.csv was not imported")
    assert [(one.field, one.row) for one in refused.value.problems] == [("species", 3)]
    with desk.database.read(desk.context) as session:
        assert session.scalars(select(Blob)).all() == []


def test_the_command_line_imports_at_once(desk: Desk, rings: Callable[[], list[str]]) -> None:
    outcome = inline(desk, BIRDS)
    assert (outcome.new, outcome.present) == (2, 0)
    assert outcome.notes == ("A new aviary will be opened.",)
    again = inline(desk, BIRDS)
    assert (again.new, again.present) == (0, 2)
    assert rings() == ["A1", "A2"]
    with desk.database.read(desk.context) as session:
        assert list(session.scalars(select(Import.state))) == [ImportState.DONE] * 2


def test_a_dry_run_keeps_nothing(desk: Desk, rings: Callable[[], list[str]]) -> None:
    found = inline(desk, BIRDS, dry_run=True)
    assert (found.new, found.present, found.problems) == (2, 0, ())
    assert rings() == []
    with desk.database.read(desk.context) as session:
        assert session.scalar(select(func.count()).select_from(Import)) == 0


@pytest.mark.parametrize(
    ("content", "row"), [(b"ring,species\nA1,Dodo\n", 2), (b"ring,species\nA1,Robin\nA2", 3)]
)
def test_the_command_line_names_every_row_and_keeps_nothing(
    desk: Desk, rings: Callable[[], list[str]], content: bytes, row: int
) -> None:
    with pytest.raises(Invalid) as caught:
        inline(desk, content)
    assert [problem.row for problem in caught.value.problems] == [row]
    assert rings() == []


def test_the_command_line_undoes_what_failed_half_way(
    desk: Desk, rings: Callable[[], list[str]]
) -> None:
    with pytest.raises(Invalid, match="cuckoo"):
        inline(desk, b"ring,species\nA1,Robin\nA2,Cuckoo\n")
    assert rings() == []
    with desk.database.read(desk.context) as session:
        assert session.scalar(select(func.count()).select_from(Import)) == 0
