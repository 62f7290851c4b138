"""Open items over the API and the command line: what people are refused, programs are refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from backstay.errors import Conflict, Invalid
from backstay.testing.api import ApiClient
from backstay.testing.web import make_user, web_app
from backstay_ledger.permissions import BOOKS_VIEW, PERMISSIONS
from plugins.ledger.tests.printing import printed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

    Connect = Callable[..., ApiClient]

__all__ = ["web_app"]


@pytest.fixture
def connect(web_app: Flask, database: Database, suite: Suite, desk: Any) -> Connect:
    """A program of somebody with permissions in ALPHA, all if none is named."""

    def to(login: str = "ada", *permissions: Any) -> ApiClient:
        make_user(database, login, permissions or PERMISSIONS, desk.books.company)
        return ApiClient.for_user(web_app, database, suite, login, "/api/v1/c/ALPHA/ledger/")

    return to


@pytest.fixture
def run(database: Database, suite: Suite, desk: Any) -> Callable[..., Any]:
    """``backstay ledger ... --company ALPHA`` on the test's own database; returns its JSON."""

    def command(name: str, *arguments: str) -> Any:
        company = ("--company", desk.books.company.code)
        return printed(database, suite, name, *company, *arguments)

    return command


def pair(desk: Any, debit: str, credit: str, amount: str | None = None) -> dict[str, Any]:
    sent = {"debit": str(desk.ids[debit]), "credit": str(desk.ids[credit])}
    return sent if amount is None else {**sent, "amount": amount}


def send(program: ApiClient, *pairs: dict[str, Any], **more: Any) -> Any:
    headers = more.pop("headers", None)
    body = {"pairs": list(pairs), **more}
    return program.post("allocations/actions/allocate", body, headers=headers)


def problems(answer: Any, status: int = 422) -> list[tuple[str, str]]:
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    return [(one["field"], one["message"]) for one in answer.json["errors"]]


def scenario_9(desk: Any) -> None:
    """Debit 60 / 120 FC meets credit 80 / 240 FC."""
    desk.item("debit", "60", abroad="120", day=date(2026, 1, 15))
    desk.item("credit", "-80", abroad="-240", day=date(2026, 1, 31))


def scenario_13(desk: Any) -> None:
    """Payable 1,000 @83, 400 settled @85; 600 stay open at 49,800."""
    desk.item("bill", "-83000", account="2000", abroad="-1000", day=date(2026, 4, 1))
    desk.item("payment", "34000", account="2000", abroad="400", day=date(2026, 4, 20))


def test_scenario_9_over_the_api(desk: Any, connect: Connect) -> None:
    scenario_9(desk)
    program = connect()
    done = send(program, pair(desk, "debit", "credit"))
    assert done.status_code == 201, done.text
    assert done.json["tax_waits"] is False
    (one,) = done.json["allocations"]
    assert {name: one[name] for name in ("debit", "credit", "amount", "currency", "date", "gain")}
    assert (one["debit"], one["credit"]) == (str(desk.ids["debit"]), str(desk.ids["credit"]))
    assert (one["amount"], one["currency"], one["gain"]) == ("120.00", "USD", "-20.00")
    assert one["date"] == "2026-01-31"
    assert program.get(f"entries/{one['entry']}").json["number"] == one["entry_number"]
    item = program.get(f"items/{desk.ids['credit']}").json
    assert (item["amount"], item["residual"], item["residual_base"]) == (
        "-240.00",
        "-120.00",
        "-40.00",
    )
    assert program.get(f"items/{desk.ids['debit']}").json["state"] == "settled"
    (open_,) = program.get("items?state=open&account=" + account(desk, "1100")).json["items"]
    assert open_["id"] == str(desk.ids["credit"])
    assert desk.balance("7100") == 20
    assert desk.sound()


def test_scenario_13_over_the_api_and_back(desk: Any, connect: Connect) -> None:
    scenario_13(desk)
    program = connect()
    done = send(program, pair(desk, "payment", "bill", "400.00"), on="2026-04-21")
    (one,) = done.json["allocations"]
    assert (one["gain"], one["date"]) == ("-800.00", "2026-04-21")
    item = program.get(f"items/{desk.ids['bill']}").json
    assert (item["residual"], item["residual_base"]) == ("-600.00", "-49800.00")
    assert desk.balance("7100") == 800

    place = f"allocations/{one['id']}"
    shown = program.get(place).json
    assert (shown["state"], shown["amount"], shown["gain"]) == ("allocated", "400.00", "-800.00")
    early = program.post(f"{place}/actions/undo", {"on": "2026-04-20"})
    assert problems(early) == [
        ("on", "An allocation is not undone before its own day (2026-04-21).")
    ]
    undone = program.post(f"{place}/actions/undo", {"on": "2026-05-02"})
    assert undone.status_code == 200, undone.text
    back = undone.json["undone_by"]
    assert (back["amount"], back["gain"], back["date"]) == ("-400.00", "800.00", "2026-05-02")
    assert program.get(place).json["state"] == "undone"
    opposite = program.get(f"allocations/{back['id']}").json
    assert (opposite["state"], opposite["undoes"]) == ("undoing", one["id"])
    item = program.get(f"items/{desk.ids['bill']}").json
    assert (item["residual"], item["residual_base"]) == ("-1000.00", "-83000.00")
    assert desk.balance("7100") == 0
    again = program.post(f"{place}/actions/undo", {"on": "2026-05-03"})
    assert "undone on 2026-05-02 already" in problems(again, 409)[0][1]
    twice = program.post(f"allocations/{back['id']}/actions/undo")
    assert "undoes another allocation" in problems(twice, 409)[0][1]
    assert desk.books.count("ledger_allocation") == 2
    assert desk.sound()


def account(desk: Any, code: str) -> str:
    found = desk.books.value(
        "SELECT id FROM ledger_account WHERE code = :code AND company_id = :company",
        code=code,
        company=desk.books.company.id,
    )
    return str(found)


def test_all_pairs_or_none_and_each_wrong_one_is_named(desk: Any, connect: Connect) -> None:
    program = connect()
    desk.item("invoice", "100")
    desk.item("payment", "-40")
    stranger = desk.item("stranger", "-40", party="OTHER")
    held = desk.item("held", "-40")
    body = {"hold": "blocked", "reason": "waits for a credit note"}
    blocked = program.post(f"items/{desk.ids['held']}/actions/hold", body)
    assert (blocked.status_code, blocked.json["hold"]) == (200, "blocked"), blocked.text
    right = pair(desk, "invoice", "payment", "40.00")
    unknown = {**right, "credit": "4711"}
    answer = send(
        program,
        right,
        pair(desk, "invoice", "payment", "0.01"),
        pair(desk, "invoice", "stranger"),
        pair(desk, "invoice", "held"),
        unknown,
        pair(desk, "payment", "invoice"),
    )
    paid = program.get(f"items/{desk.ids['payment']}").json["number"]
    assert problems(answer) == [
        ("pairs.1.amount", f"{paid} is settled already."),
        ("pairs.2.credit", "The items belong to different parties: “ACME” and “OTHER”."),
        ("pairs.3.hold", f"{held.number} is blocked and can't be allocated."),
        ("pairs.4.credit", "There is no such open item in this company."),
        ("pairs.5.debit", "A debit and a credit settle each other, in this order."),
    ]
    beyond = send(program, pair(desk, "invoice", "payment", "40.01"))
    assert problems(beyond) == [("pairs.0.amount", f"{paid} has only 40.00 left.")]
    alone = send(program, pair(desk, "invoice", "held"))
    assert problems(alone, 409)[0][0] == "pairs.0.hold"
    assert problems(send(program, {**right, "amount": 40}))[0][0] == "pairs.0.amount"
    assert problems(send(program))[0][0] == "pairs"
    assert desk.books.count("ledger_allocation") == 0
    assert desk.left("invoice") == (100, 100)
    assert stranger.number != held.number
    silent = program.post(f"items/{desk.ids['held']}/actions/hold", {"hold": "disputed"})
    assert problems(silent)[0][0] == "reason"
    freed = program.post(f"items/{desk.ids['held']}/actions/hold", {"hold": "none"})
    assert (freed.json["hold"], freed.json["hold_reason"]) == ("none", "")
    assert send(program, pair(desk, "invoice", "held")).status_code == 201
    assert desk.sound()


def test_a_request_that_is_repeated_is_carried_out_once(desk: Any, connect: Connect) -> None:
    program = connect()
    desk.item("invoice", "100")
    desk.item("payment", "-100")
    sent = pair(desk, "invoice", "payment", "30.00")
    key = {"Idempotency-Key": "payment-run-1"}
    first = send(program, sent, headers=key)
    again = send(program, sent, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json == first.json
    assert desk.left("invoice") == (70, 70)
    other = send(program, pair(desk, "invoice", "payment", "31.00"), headers=key)
    assert other.status_code == 422
    assert desk.books.count("ledger_allocation") == 1


def test_of_two_at_once_one_allocates_and_the_other_is_told(desk: Any, connect: Connect) -> None:
    programs = [connect(login) for login in ("ada", "ben")]
    desk.item("invoice", "100")
    payments = ("first", "second")
    numbers = [desk.item(name, "-100").number for name in payments]
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(
                lambda one: send(one[0], pair(desk, "invoice", one[1], "100.00")),
                zip(programs, payments, strict=True),
            )
        )
    assert sorted(one.status_code for one in answers) == [201, 422], [one.text for one in answers]
    lost = next(one for one in answers if one.status_code == 422)
    assert problems(lost)[0][1].endswith("is settled already.")
    place = next(one.json["allocations"][0]["id"] for one in answers if one.status_code == 201)
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(lambda one: one.post(f"allocations/{place}/actions/undo"), programs)
        )
    assert sorted(one.status_code for one in answers) == [200, 409], [one.text for one in answers]
    assert desk.left("invoice") == (100, 100)
    assert desk.books.count("ledger_allocation") == 2
    assert len(set(numbers)) == 2
    assert desk.sound()


def test_allocations_are_read_page_by_page_by_item_party_and_day(
    desk: Any, connect: Connect
) -> None:
    program = connect()
    desk.item("invoice", "100")
    desk.item("other", "-9", party="BEST")
    desk.item("theirs", "9", party="BEST")
    for number in range(3):
        desk.item(f"part {number}", "-10")
        desk.allocate(("invoice", f"part {number}", None), on=date(2026, 4, 1 + number))
    desk.allocate(("theirs", "other", None))

    def read(query: str) -> list[str]:
        return [one["date"] for one in program.get(f"allocations?{query}").json["items"]]

    first = program.get("allocations?limit=3").json
    assert [one["date"] for one in first["items"]] == ["2026-04-03", "2026-04-02", "2026-04-01"]
    assert (first["count"], read(f"limit=3&after={first['after']}")) == (4, ["2026-03-15"])
    assert read(f"item={desk.ids['part 1']}") == ["2026-04-02"]
    assert len(read(f"item={desk.ids['invoice']}")) == 3
    assert read("party=BEST") == ["2026-03-15"]
    assert read("from=2026-04-02&to=2026-04-02") == ["2026-04-02"]
    assert read("state=undone") == []


def test_who_may_only_look_reads_and_changes_nothing(desk: Any, connect: Connect) -> None:
    desk.item("invoice", "100")
    desk.item("payment", "-100")
    (done,) = desk.allocate(("invoice", "payment", "30"))
    reader = connect("rita", BOOKS_VIEW)
    assert reader.get(f"allocations/{done.id}").status_code == 200
    assert send(reader, pair(desk, "invoice", "payment")).status_code == 403
    for path in (
        f"allocations/{done.id}/actions/undo",
        f"items/{desk.ids['invoice']}/actions/hold",
        "allocations/actions/propose",
        "recurring-entries/actions/make_due",
    ):
        assert reader.post(path).status_code == 403, path
    assert desk.left("invoice") == (70, 70)


def test_what_is_proposed_can_be_sent_back(desk: Any, connect: Connect) -> None:
    program = connect()
    desk.item("invoice", "100")
    desk.item("payment", "-100")
    asked = {"as_of": "2026-12-31", "party": "ACME"}
    found = program.post("allocations/actions/propose", asked)
    assert found.status_code == 200, found.text
    (one,) = found.json["pairs"]
    assert (one["amount"], one["currency"], one["party"]) == ("100.00", "EUR", "ACME")
    assert desk.books.count("ledger_allocation") == 0
    sent = {name: one[name] for name in ("debit", "credit", "amount")}
    assert send(program, sent).status_code == 201
    assert program.post("allocations/actions/propose", asked).json["pairs"] == []


def test_the_same_on_the_command_line(desk: Any, run: Callable[..., Any]) -> None:
    scenario_13(desk)
    listed = run("open-items", "--as-of", "2026-12-31")
    assert [(one["left"], one["left_base"], one["currency"]) for one in listed] == [
        ("-1000.00", "-83000.00", "USD"),
        ("400.00", "34000.00", "USD"),
    ]
    bill, payment = (one["entry"] for one in listed)
    given = ("--debit", payment, "--credit", bill, "--amount", "400.00", "--key", "run-1")
    (one,) = run("allocate", *given)["allocations"]
    assert (one["gain"], one["date"], one["existed"]) == ("-800.00", "2026-04-20", False)
    assert run("allocate", *given)["allocations"] == [{**one, "existed": True}]
    assert desk.left("bill") == (-600, -49800)
    undone = run("undo-allocation", one["id"], "--on", "2026-05-02")["undone_by"]
    assert (undone["amount"], undone["gain"]) == ("-400.00", "800.00")
    with pytest.raises(Conflict, match="undone on 2026-05-02 already"):
        run("undo-allocation", one["id"], "--on", "2026-05-02")
    assert desk.left("bill") == (-1000, -83000)
    with pytest.raises(Invalid, match=r"has only 400\.00 USD left"):
        run("allocate", "--debit", payment, "--credit", bill, "--amount", "400.01")
    with pytest.raises(Invalid, match="no entry of that number"):
        run("allocate", "--debit", payment, "--credit", payment)
    for wrong in ((), ("--debit", payment), ("--file", "x.csv", "--debit", payment)):
        with pytest.raises(Invalid, match="Give --debit and --credit"):
            run("allocate", *wrong)
    assert desk.books.count("ledger_allocation") == 2
    assert desk.sound()


def test_a_file_of_pairs_is_carried_out_whole_or_not_at_all(
    desk: Any, run: Callable[..., Any], tmp_path: Path
) -> None:
    file = tmp_path / "pairs.csv"
    desk.item("first", "100")
    second = desk.item("second", "150")
    paid = desk.item("statement line", "-180")
    one, line = desk.ids["first"], desk.ids["statement line"]
    wrong = (
        f"debit,credit,amount\n{one},{line},100\n{second.number},{paid.number},ten\nnone,4711,\n"
    )
    file.write_text(wrong, encoding="utf-8")
    with pytest.raises(Invalid) as refused:
        run("allocate", "--file", str(file))
    assert [(one.row, one.field) for one in refused.value.problems] == [(3, "amount"), (4, "debit")]
    beyond = f"debit,credit,amount\n{one},{line},100\n{second.number},{paid.number},80.01\n"
    file.write_text(beyond, encoding="utf-8")
    with pytest.raises(Invalid, match=r"has only 80\.00 left") as refused:
        run("allocate", "--file", str(file))
    assert [(one.row, one.field) for one in refused.value.problems] == [(3, "amount")]
    assert desk.books.count("ledger_allocation") == 0
    file.write_text(beyond.replace("80.01", ""), encoding="utf-8")
    done = run("allocate", "--file", str(file))["allocations"]
    assert [one["amount"] for one in done] == ["100.00", "80.00"]
    assert desk.left("second") == (70, 70)
    file.write_text("debit,amount\n1,2\n", encoding="utf-8")
    with pytest.raises(Invalid, match=r"“credit” is missing\. Columns found: debit, amount"):
        run("allocate", "--file", str(file))
    assert desk.sound()


@pytest.mark.parametrize(
    ("text", "row", "said"),
    [
        ("debit;credit;amount\n{one};{line};1e2\n", 2, "“1e2” is not an amount"),
        ("debit,credit,amount\n{one},{line},NaN\n", 2, "“NaN” is not an amount"),
        ("debit,credit,amount\n{one},{line},50\n{one},{line}", 3, "cut off"),
        ("debit,credit,amount\n{one},{line},1,50\n", 2, "4 cells"),
        ("debit,credit,Debit\n{one},{line},{one}\n", 1, "twice"),
    ],
)
def test_a_file_of_pairs_that_is_not_whole_allocates_nothing(
    desk: Any, run: Callable[..., Any], tmp_path: Path, text: str, row: int | None, said: str
) -> None:
    file = tmp_path / "pairs.csv"
    desk.item("first", "100")
    desk.item("statement line", "-180")
    one, line = desk.ids["first"], desk.ids["statement line"]
    file.write_text(text.format(one=one, line=line), encoding="utf-8")
    with pytest.raises(Invalid) as refused:
        run("allocate", "--file", str(file))
    (problem,) = refused.value.problems
    assert problem.row == row
    assert said in problem.message
    assert desk.books.count("ledger_allocation") == 0


def test_proposals_of_the_command_are_a_file_for_it(
    desk: Any, run: Callable[..., Any], tmp_path: Path
) -> None:
    desk.item("invoice", "100")
    desk.item("payment", "-100")
    found = run("allocate", "--propose", "--on", "2026-12-31", "--party", "ACME")
    file = tmp_path / "pairs.csv"
    rows = ["debit,credit", *(f"{one['debit']},{one['credit']}" for one in found)]
    file.write_text("\n".join(rows), encoding="utf-8")
    assert desk.books.count("ledger_allocation") == 0
    run("allocate", "--file", str(file))
    assert desk.left("invoice") == (0, 0)
