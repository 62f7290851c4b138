"""Values that another plugin keeps: made, renamed and closed with its records, by the hook."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pluggy
import pytest
from sqlalchemy import event

from backstay import hookspecs
from backstay.contracts.dimensions import DimensionItem, KeptInStep
from backstay.contracts.ledger import Posting, PostingLine
from backstay.db.guards import install_guards
from backstay.errors import ConfigurationError, Conflict, Invalid, NotFound
from backstay.jobs.execute import execute_next
from backstay.jobs.queue import enqueue
from backstay.kernel.load import _collect, _prepare
from backstay.kernel.suite import refuse_twins
from backstay.spi import today
from backstay_ledger.dimensions.jobs import KEEP_DIMENSIONS
from backstay_ledger.dimensions.kept import keep_in_step
from backstay_ledger.dimensions.slices import slice_of
from backstay_ledger.dimensions.values import (
    AddDimension,
    AddValue,
    EditDimension,
    EditValue,
    add_dimension,
    add_value,
    edit_dimension,
    edit_value,
)
from backstay_ledger.services.balances import trial_balance
from backstay_ledger.services.checks import check_books
from plugins.ledger.tests.printing import printed

from . import projects
from .projects import NAME, ProjectsBase, delete_project, save_project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backstay.kernel.suite import Part, Suite


@pytest.fixture(scope="module")
def part() -> Part:
    """What the plugin declares, collected as the kernel does it."""
    manager = pluggy.PluginManager("backstay")
    manager.add_hookspecs(hookspecs)
    manager.register(projects, "projects")
    manager.check_pending()
    made = _collect(manager, "projects")
    _prepare(made)
    return made


def with_part(suite: Suite, part: Part) -> Suite:
    return replace(suite, parts=(*suite.parts, part), jobs={}, subscribers={})


@pytest.fixture
def works(books: Any, part: Part) -> Any:
    """Books beside which the plugin of projects runs."""
    with books.database.engine.begin() as connection:
        ProjectsBase.metadata.create_all(connection)
        install_guards(connection, ProjectsBase.metadata)
    return replace(books, suite=with_part(books.suite, part))


def values(works: Any) -> dict[str, tuple[Any, ...]]:
    rows = works.rows(
        "SELECT v.code, v.name, p.code, v.valid_to FROM ledger_dimension_value v"
        " JOIN ledger_dimension d ON d.id = v.dimension_id"
        " LEFT JOIN ledger_dimension_value p ON p.id = v.parent_id"
        " WHERE d.code = 'project' ORDER BY v.code"
    )
    return {row[0]: tuple(None if one is None else str(one) for one in row[1:]) for row in rows}


def cost(works: Any, amount: str, project: str, day: date = date(2026, 3, 15)) -> Any:
    lines = (
        PostingLine("5000", Decimal(amount), dimensions=(("project", project),)),
        PostingLine("1000", -Decimal(amount)),
    )
    return works.post(Posting(key="", journal="GEN", date=day, lines=lines))


def test_a_record_is_a_value_at_once_and_lines_carry_it(works: Any) -> None:
    with works.write() as session:
        bridge = save_project(session, "BRIDGE", name="The bridge")
        save_project(session, "PIER", name="A pier of it", part_of=bridge.id)
    assert values(works) == {
        "BRIDGE": ("The bridge", None, None),
        "PIER": ("A pier of it", "BRIDGE", None),
    }
    cost(works, "70", "PIER")
    with works.read() as session:
        within = slice_of(session, ["project=BRIDGE"]).within(session)
        assert [row.code for row in trial_balance(session, None, within)] == ["5000"]
        assert check_books(session) == []


def test_a_value_is_renamed_recoded_and_closed_with_its_record(works: Any) -> None:
    with works.write() as session:
        save_project(session, "A", name="First")
        save_project(session, "B", name="Second")
    cost(works, "70", "A")
    with works.write() as session:
        save_project(session, "A", name="The first", new_code="A-1", ends_on=date(2026, 3, 31))
    assert values(works)["A-1"] == ("The first", None, "2026-03-31")
    cost(works, "5", "A-1")
    with pytest.raises(Invalid, match="not valid on 2026-04-01"):
        cost(works, "5", "A-1", date(2026, 4, 1))
    with works.read() as session:
        within = slice_of(session, ["project=A-1"]).within(session)
        assert [row.debit for row in trial_balance(session, None, within)] == [Decimal(75)]
    with works.write() as session:
        delete_project(session, save_project(session, "B"))
    assert values(works)["B"] == ("Second", None, today("UTC").isoformat())


def test_records_exchange_their_codes(works: Any) -> None:
    with works.write() as session:
        first, second = (save_project(session, code, name=f"was {code}") for code in ("A", "B"))
        # The plugin has no such service: both are changed before the ledger is told.
        for project, code in ((first, "~"), (second, "A"), (first, "B")):
            project.code = code
            session.flush()
        assert keep_in_step(session, NAME) == KeptInStep(0, 2, 0)
    assert {code: row[0] for code, row in values(works).items()} == {"A": "was B", "B": "was A"}


def test_what_the_transaction_takes_back_is_no_value(works: Any) -> None:
    def change_their_mind() -> None:
        with works.write() as session:
            save_project(session, "A")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change_their_mind()
    assert values(works) == {}


def test_a_dimension_that_is_there_becomes_the_plugins(works: Any) -> None:
    with works.write() as session:
        key = add_dimension(session, AddDimension(code="project", name="Our projects")).id
        add_value(session, AddValue(dimension_id=key, code="A", name="typed"))
        own = add_value(session, AddValue(dimension_id=key, code="OLD", name="typed")).id
        save_project(session, "A", name="First")
    assert values(works) == {"A": ("First", None, None), "OLD": ("typed", None, None)}
    theirs = works.value("SELECT id FROM ledger_dimension_value WHERE code = 'A'")
    with pytest.raises(Conflict, match="come from the module “projects”"), works.write() as session:
        add_value(session, AddValue(dimension_id=key, code="X", name="by hand"))
    with pytest.raises(Conflict, match="change them there"), works.write() as session:
        edit_value(session, EditValue(id=theirs, name="by hand"))
    with works.write() as session:  # what nobody else keeps is still theirs
        edit_value(session, EditValue(id=own, name="old", valid_to=date(2026, 1, 31)))
        edit_dimension(session, EditDimension(id=key, name="Projects", active=False))
        save_project(session, "A", name="Again")
    with pytest.raises(Invalid, match="inactive"):
        cost(works, "1", "A")


def test_the_job_of_the_night_takes_over_what_nobody_told(works: Any) -> None:
    with works.write() as session:
        kept = save_project(session, "A")
        gone = save_project(session, "B")
        kept.name = "Changed behind the ledger's back"
        session.delete(gone)
        session.add(type(kept)(company_id=works.company.id, code="C", name="New"))
        session.flush()
        enqueue(session, KEEP_DIMENSIONS, {})
    while execute_next(works.database, lambda: works.suite):
        pass
    found = values(works)
    assert found["A"][0] == "Changed behind the ledger's back"
    assert found["B"][2] == today("UTC").isoformat()
    assert found["C"] == ("New", None, None)
    assert works.value("SELECT count(*) FROM core_job WHERE state = 'dead'") == 0


def test_the_command_says_what_it_took_over(works: Any) -> None:
    with works.write() as session:
        session.add(projects.Project(company_id=works.company.id, code="C", name="New"))
    asked = (works.database, works.suite, "refresh-dimensions", "--company", "ALPHA")
    done = printed(*asked)
    assert done == [{"dimension": NAME, "created": 1, "changed": 0, "closed": 0}]
    assert printed(*asked)[0]["created"] == 0


def test_values_that_do_not_fit_are_named_and_nothing_is_taken_over(works: Any, part: Part) -> None:
    wrong = (
        DimensionItem(key="1", code="A=B", name="x"),
        DimensionItem(key="2", code="TWO", name=""),
        DimensionItem(key="3", code="TWO", name="x"),
        DimensionItem(
            key="4",
            code="FOUR",
            name="x",
            valid_from=date(2026, 2, 1),
            valid_to=date(2026, 1, 1),
        ),
    )
    (kind,) = part.dimension_types
    bad = replace(part, dimension_types=(replace(kind, values=lambda *_asked: wrong),))
    works = replace(works, suite=with_part(works.suite, replace(bad, plugin="other")))
    with pytest.raises(Invalid) as error, works.write() as session:
        keep_in_step(session, NAME)
    assert [(one.field, one.message) for one in error.value.problems] == [
        ("values.1", "“A=B” can't be the code of a value."),
        ("values.2", "A name has 1 to 100 characters."),
        ("values.3", "The code “TWO” is that of another value."),
        ("values.4", "The days end before they begin."),
    ]
    assert works.count("ledger_dimension") == 0


def test_a_dimension_that_nobody_keeps_and_twins_are_refused(works: Any, part: Part) -> None:
    with pytest.raises(NotFound, match="keeps a dimension"), works.write() as session:
        keep_in_step(session, "other.thing")
    with pytest.raises(ConfigurationError, match="declared twice"):
        refuse_twins([part, replace(part, plugin="other", base=None)])


def test_where_the_plugin_is_off_people_keep_its_values(works: Any, books: Any) -> None:
    with works.write() as session:
        save_project(session, "A")
    theirs = works.value("SELECT id FROM ledger_dimension_value WHERE code = 'A'")
    with books.write() as session:
        edit_value(session, EditValue(id=theirs, name="by hand"))
    assert values(works)["A"][0] == "by hand"


def test_a_new_record_gets_the_code_of_one_that_is_gone(works: Any) -> None:
    with works.write() as session:
        delete_project(session, save_project(session, "B", name="The old one"))
        save_project(session, "B", name="The new one")
    old = ("The old one", None, today("UTC").isoformat())
    assert values(works) == {"B": ("The new one", None, None), "B~1": old}
    with works.write() as session:
        # Nobody tells the ledger that this one went and that another came.
        session.delete(save_project(session, "B"))
        session.flush()
        session.add(projects.Project(company_id=works.company.id, code="B", name="The third"))
        assert keep_in_step(session, NAME) == KeptInStep(1, 0, 1)
    assert values(works)["B"] == ("The third", None, None)
    assert values(works)["B~2"] == ("The new one", None, today("UTC").isoformat())


def test_a_code_is_not_taken_from_a_record_that_is_there(works: Any) -> None:
    with works.write() as session:
        first, second = (save_project(session, code) for code in ("A", "B"))
    with pytest.raises(Invalid, match="is that of another value"), works.write() as session:
        for project, code in ((first, "C"), (second, "A")):  # and tells of the second one only
            session.get_one(projects.Project, project.id).code = code
        session.flush()
        keep_in_step(session, NAME, [str(second.id)])
    with works.write() as session:
        save_project(session, "A", new_code="C")
        save_project(session, "B", new_code="A")
    assert sorted(values(works)) == ["A", "C"]


def test_a_code_that_people_gave_is_theirs(works: Any) -> None:
    with works.write() as session:
        key = add_dimension(session, AddDimension(code="project", name="Our projects")).id
        add_value(session, AddValue(dimension_id=key, code="OLD", name="typed"))
        record = save_project(session, "A").id
    with pytest.raises(Invalid) as refused, works.write() as session:
        save_project(session, "A", new_code="OLD")
    (problem,) = refused.value.problems
    assert problem.field == f"values.{record}"
    assert problem.message == "The code “OLD” is that of another value."


def test_records_change_places_in_the_tree(works: Any) -> None:
    with works.write() as session:
        first = save_project(session, "A")
        second = save_project(session, "B", part_of=first.id)
        third = save_project(session, "C", part_of=second.id)
        first.part_of, second.part_of, third.part_of = second.id, third.id, None
        session.flush()
        assert keep_in_step(session, NAME) == KeptInStep(0, 3, 0)
    assert {code: row[1] for code, row in values(works).items()} == {"A": "B", "B": "C", "C": None}


def test_records_in_a_circle_and_below_nothing_are_named(works: Any) -> None:
    with works.write() as session:
        first, second, third = (save_project(session, code).id for code in ("A", "B", "C"))
    with pytest.raises(Invalid) as refused, works.write() as session:
        for key, above in ((first, second), (second, first), (third, 4711)):
            session.get_one(projects.Project, key).part_of = above
        session.flush()
        keep_in_step(session, NAME)
    assert {one.field: one.message for one in refused.value.problems} == {
        f"values.{first}": "“A” would stand below itself.",
        f"values.{second}": "“B” would stand below itself.",
        f"values.{third}": "There is no “4711” to lie below.",
    }


def test_what_a_record_lies_below_comes_with_it(works: Any) -> None:
    with works.write() as session:
        above = projects.Project(company_id=works.company.id, code="BRIDGE", name="The bridge")
        session.add(above)
        session.flush()
        save_project(session, "PIER", name="A pier", part_of=above.id)
    assert values(works) == {
        "BRIDGE": ("The bridge", None, None),
        "PIER": ("A pier", "BRIDGE", None),
    }


def test_many_that_move_cost_as_many_statements_as_one(works: Any) -> None:
    with works.write() as session:
        keys = [str(save_project(session, f"P{place}").id) for place in range(12)]

    def move(some: Sequence[str], above: Sequence[str]) -> int:
        with works.write() as session:
            for key, parent in zip(some, above, strict=True):
                session.get_one(projects.Project, int(key)).part_of = int(parent)
            session.flush()
            sent: list[str] = []

            def note(*arguments: Any) -> None:
                sent.append(arguments[2])

            event.listen(works.database.engine, "before_cursor_execute", note)
            keep_in_step(session, NAME, some)
            event.remove(works.database.engine, "before_cursor_execute", note)
        return sum(one.startswith("SELECT") for one in sent)

    assert move(keys[1:6], keys[6:11]) == move(keys[11:], keys[:1])


def test_one_plugin_s_refusal_keeps_no_other_dimension_from_being_taken_over(
    works: Any, part: Part
) -> None:
    (kind,) = part.dimension_types
    wrong = replace(
        kind,
        name="other.thing",
        code="thing",
        values=lambda *_asked: (DimensionItem(key="1", code="A=B", name="x"),),
    )
    works = replace(
        works, suite=with_part(works.suite, replace(part, dimension_types=(wrong, kind)))
    )
    with works.write() as session:
        session.add(projects.Project(company_id=works.company.id, code="C", name="New"))
        session.flush()
        enqueue(session, KEEP_DIMENSIONS, {})
    while execute_next(works.database, lambda: works.suite):
        pass
    assert values(works) == {"C": ("New", None, None)}
    assert works.value("SELECT error FROM core_job WHERE state = 'dead'") == (
        "other.thing: values.1: “A=B” can't be the code of a value."
    )


@pytest.mark.needs("postgresql")
def test_postings_refer_to_a_dimension_while_it_is_kept_in_step(works: Any) -> None:
    if works.database.is_sqlite:
        return  # one writer at a time
    with works.write() as session:
        bridge = save_project(session, "BRIDGE").id
        save_project(session, "PIER")
    with works.write() as session, works.database.engine.connect() as beside:
        save_project(session, "PIER", part_of=bridge)
        posting = "SELECT id FROM ledger_dimension FOR KEY SHARE NOWAIT"
        assert beside.exec_driver_sql(posting).all()
