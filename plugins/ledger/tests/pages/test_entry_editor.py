"""Writing entries in the browser: drafts, posting, refusals at their place, two people at once."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import select

from backstay_ledger.models import EntryState, Line
from backstay_ledger.services.fiscal_years import ClosePeriod, close_period, period_on

if TYPE_CHECKING:
    from backstay.testing.web import Browser
    from conftest import Books


def form(books: Books, *lines: tuple[str, str, str, str], **values: str) -> dict[str, str]:
    """What the editor sends: lines of account code, text, debit and credit."""
    sent = {
        "journal": "GEN",
        "date": "2026-03-05",
        "reference": "R-1",
        "memo": "Rent of March",
        "version": "",
        "do": "save",
        **values,
    }
    for n, (account, text, debit, credit) in enumerate(lines):
        sent[f"lines-{n}-account"] = str(books.account(account)) if account else ""
        sent[f"lines-{n}-text"] = text
        sent[f"lines-{n}-debit"] = debit
        sent[f"lines-{n}-credit"] = credit
    return sent


RENT = (("6000", "Shop", "1,250.00", ""), ("1000", "", "", "1250"))


def test_a_draft_is_saved_and_opened_again(accountant: Browser, books: Books) -> None:
    answer = accountant.post(books.url("/entries/new"), form(books, *RENT))
    assert answer.status_code == 303, answer.text
    (entry,) = books.entries()
    assert entry.state is EntryState.DRAFT
    assert entry.number is None
    shown = accountant.get(books.url(f"/entries/{entry.id}/edit")).text
    assert 'value="1250.00"' in shown
    assert "Rent of March" in shown
    assert "6000 Rent &amp; &lt;heating&gt;" in shown


def test_an_entry_is_posted_at_once_with_its_number(accountant: Browser, books: Books) -> None:
    answer = accountant.post(books.url("/entries/new"), form(books, *RENT, do="post"))
    assert answer.status_code == 303, answer.text
    (entry,) = books.entries()
    assert entry.number_text == "GEN-2026-000001"
    shown = accountant.get(answer.headers["Location"]).text
    assert "Posted as GEN-2026-000001." in shown
    edit = accountant.get(books.url(f"/entries/{entry.id}/edit"))
    assert edit.status_code == 303


def test_the_next_of_a_pile_begins_in_the_same_journal_on_the_same_day(
    accountant: Browser, books: Books
) -> None:
    answer = accountant.post(books.url("/entries/new"), form(books, *RENT, do="next"))
    assert answer.status_code == 303, answer.text
    (entry,) = books.entries()
    assert entry.number_text == "GEN-2026-000001"
    shown = accountant.get(answer.headers["Location"]).text
    assert "Posted as GEN-2026-000001." in shown
    assert 'value="2026-03-05"' in shown
    assert re.search(r'<option[^>]*selected[^>]*value="GEN"|value="GEN"[^>]*selected', shown)
    assert "Rent of March" not in shown
    # It is refused like any other, and what was typed stays.
    wrong = form(books, ("6000", "Shop", "1", ""), do="next")
    assert accountant.post(books.url("/entries/new"), wrong).status_code == 422
    assert len(books.entries()) == 1


def test_a_typed_code_counts_more_than_what_was_picked_before(
    accountant: Browser, books: Books
) -> None:
    sent = form(books, *RENT, do="post")
    sent["lines-0-account"] = str(books.account("1100"))
    sent["lines-0-typed"] = "6000"
    sent["lines-1-account"] = ""
    sent["lines-1-typed"] = "1000 Bank"
    assert accountant.post(books.url("/entries/new"), sent).status_code == 303
    with books.database.read(books.context, books.suite) as session:
        found = session.execute(select(Line.account_id, Line.amount).order_by(Line.line_no)).all()
    assert [tuple(row) for row in found] == [
        (books.account("6000"), Decimal(1250)),
        (books.account("1000"), Decimal(-1250)),
    ]


def test_an_account_that_was_emptied_is_none(accountant: Browser, books: Books) -> None:
    sent = form(books, *RENT, do="post")
    sent["lines-0-typed"] = ""
    answer = accountant.post(books.url("/entries/new"), sent)
    assert answer.status_code == 422
    assert "Choose an account." in answer.text
    assert books.entries() == []


def test_an_unbalanced_entry_is_refused_and_everything_typed_stays(
    accountant: Browser, books: Books
) -> None:
    sent = form(books, RENT[0], ("1000", "", "", "1240"), do="post")
    answer = accountant.post(books.url("/entries/new"), sent)
    assert answer.status_code == 422
    assert "out by 10.00 EUR" in answer.text
    for typed in ("1,250.00", "1240", "Shop", "Rent of March", "R-1"):
        assert f'value="{typed}"' in answer.text
    assert books.entries() == []


def test_every_problem_is_named_at_its_cell(accountant: Browser, books: Books) -> None:
    sent = form(
        books,
        ("6000", "", "12.345", ""),
        ("1000", "", "abc", ""),
        ("1000", "", "5", "5"),
        ("", "", "7", ""),
        ("1000", "nothing", "", ""),
        date="soon",
        do="post",
    )
    sent["lines-3-typed"] = "9999"
    answer = accountant.post(books.url("/entries/new"), sent)
    assert answer.status_code == 422
    for place, message in (
        ("lines-0-debit", "12.345 has more decimals than EUR allows (2)."),
        ("lines-1-debit", "“abc” is not an amount."),
        ("lines-2-credit", "A line is either a debit or a credit"),
        ("lines-3-account", "There is no account “9999”."),
        ("lines-4-debit", "Enter a debit or a credit."),
        ("date", "“soon” is not a date. Write 15, 15.3, 0315 or 2026-03-15"),
    ):
        assert message in answer.text
        assert re.search(rf'<a class="link" href="#{place}">', answer.text), place
        assert re.search(rf'id="{place}-error"', answer.text), place
    assert books.entries() == []


def test_another_companys_account_is_an_unknown_one(
    accountant: Browser, books: Books, other_books: Books
) -> None:
    sent = form(books, *RENT, do="post")
    sent["lines-0-account"] = str(other_books.account("6000"))
    answer = accountant.post(books.url("/entries/new"), sent)
    assert answer.status_code == 422
    assert "Choose an account." in answer.text
    assert books.entries() == []


def test_ids_that_no_database_can_hold_are_unknown_accounts(
    accountant: Browser, books: Books
) -> None:
    for nonsense in ("9" * 19, "9" * 5000, "²", "-1", "1.5"):
        sent = form(books, *RENT, do="post")
        sent["lines-0-account"] = nonsense
        assert accountant.post(books.url("/entries/new"), sent).status_code == 422


def test_a_closed_period_refuses(accountant: Browser, books: Books) -> None:
    with books.database.write(books.context, books.suite) as session:
        period = period_on(session, date(2026, 3, 5))
        assert period is not None
        close_period(session, ClosePeriod(id=period.id))
    for do in ("save", "post"):
        answer = accountant.post(books.url("/entries/new"), form(books, *RENT, do=do))
        assert answer.status_code == 409
        assert "2026-03 is closed" in answer.text
    assert books.entries() == []


def test_who_came_second_sees_both_versions(accountant: Browser, books: Books) -> None:
    accountant.post(books.url("/entries/new"), form(books, *RENT))
    (entry,) = books.entries()
    address = books.url(f"/entries/{entry.id}/edit")
    first = form(books, *RENT, version=str(entry.version), memo="First was faster")
    assert accountant.post(address, first).status_code == 303
    second = form(
        books,
        ("6000", "Shop", "99.00", ""),
        RENT[1],
        version=str(entry.version),
        memo="Second was slower",
    )
    answer = accountant.post(address, second)
    assert answer.status_code == 409
    assert "First was faster" in answer.text
    assert 'value="Second was slower"' in answer.text
    assert "debit 1250.00" in answer.text
    assert "debit 99.00" in answer.text
    version = re.search(r'name="version" value="(\d+)"', answer.text)
    assert version is not None
    again = accountant.post(address, {**second, "version": version[1]})
    assert again.status_code == 303
    assert books.entries()[0].memo == "Second was slower"


def test_who_mends_a_mistake_overwrites_nobody(accountant: Browser, books: Books) -> None:
    accountant.post(books.url("/entries/new"), form(books, *RENT))
    (entry,) = books.entries()
    address = books.url(f"/entries/{entry.id}/edit")
    opened = str(entry.version)
    first = form(books, *RENT, version=opened, memo="First was faster")
    assert accountant.post(address, first).status_code == 303
    wrong = form(books, ("6000", "Shop", "1/0", ""), RENT[1], version=opened, memo="Second")
    refused = accountant.post(address, wrong)
    assert refused.status_code == 422
    version = re.search(r'name="version" value="(\d+)"', refused.text)
    assert version is not None
    mended = accountant.post(address, form(books, *RENT, version=version[1], memo="Second"))
    assert mended.status_code == 409
    assert "First was faster" in mended.text
    assert books.entries()[0].memo == "First was faster"


def test_a_double_click_makes_one_entry(accountant: Browser, books: Books) -> None:
    accountant.get(books.url("/entries/new"))
    idem = accountant.idem
    sent = form(books, *RENT, do="post")
    places = {
        accountant.post(books.url("/entries/new"), sent, idem=idem).headers["Location"]
        for _click in range(2)
    }
    assert len(places) == 1
    assert len(books.entries()) == 1


def test_a_bookkeeper_saves_but_does_not_post(bookkeeper: Browser, books: Books) -> None:
    page = bookkeeper.get(books.url("/entries/new")).text
    assert "Posting is for roles" in page
    assert bookkeeper.post(books.url("/entries/new"), form(books, *RENT)).status_code == 303
    answer = bookkeeper.post(books.url("/entries/new"), form(books, *RENT, do="post"))
    assert answer.status_code == 403
    assert [entry.state for entry in books.entries()] == [EntryState.DRAFT]


def test_a_reader_writes_nothing(reader: Browser, books: Books) -> None:
    assert reader.get(books.url("/entries/new")).status_code == 403
    assert reader.post(books.url("/entries/new"), form(books, *RENT)).status_code == 403
    assert "New journal entry" not in reader.get(books.url("/entries")).text
    assert books.entries() == []


def test_markup_in_texts_stays_text(accountant: Browser, books: Books) -> None:
    nasty = "<b>\"'&{{7*14285713}}"
    sent = form(books, ("6000", nasty, "1", ""), ("1000", nasty, "", "1"), memo=nasty)
    place = accountant.post(books.url("/entries/new"), sent).headers["Location"]
    for address in (place, f"{place}/edit", books.url("/entries"), books.url("/")):
        shown = accountant.get(address).text
        assert "<b>" not in shown
        assert "99999991" not in shown


def test_arithmetic_is_calculated_exactly_on_the_server_too(
    accountant: Browser, books: Books
) -> None:
    sent = form(books, ("6000", "", "=120*1.19", ""), ("1000", "", "", "100+30/2+27.80"), do="post")
    assert accountant.post(books.url("/entries/new"), sent).status_code == 303
    with books.database.read(books.context, books.suite) as session:
        found = session.scalars(select(Line.amount).order_by(Line.line_no)).all()
    assert list(found) == [Decimal("142.80"), Decimal("-142.80")]


def test_nonsense_in_amounts_is_named_at_its_cell(accountant: Browser, books: Books) -> None:
    typed = ("1/0", "1e5", "NaN", "999999*999999*999999", "1.23456", "9" * 300, "=")
    sent = form(books, *(("6000", "", text, "") for text in typed), do="post")
    answer = accountant.post(books.url("/entries/new"), sent)
    assert answer.status_code == 422
    for n in range(len(typed)):
        assert f'id="lines-{n}-debit-error"' in answer.text
    assert "“1/0” divides by zero." in answer.text
    assert "That amount is too large." in answer.text
    assert books.entries() == []


def test_dates_may_be_typed_short(accountant: Browser, books: Books) -> None:
    sent = form(books, *RENT, date="20260305")
    assert accountant.post(books.url("/entries/new"), sent).status_code == 303
    assert books.entries()[0].date == date(2026, 3, 5)


def test_lines_in_a_foreign_currency_are_written_and_shown_again(
    accountant: Browser, books: Books
) -> None:
    sent = form(books, ("6000", "", "92.13", ""), ("1000", "", "", "92.13"))
    for n, text in enumerate(("100", "-50*2")):
        sent |= {f"lines-{n}-currency": "usd", f"lines-{n}-foreign": text}
    assert accountant.post(books.url("/entries/new"), sent).status_code == 303
    (entry,) = books.entries()
    with books.database.read(books.context, books.suite) as session:
        found = session.execute(
            select(Line.currency, Line.amount_currency).order_by(Line.line_no)
        ).all()
    assert [tuple(row) for row in found] == [("USD", Decimal(100)), ("USD", Decimal(-100))]
    assert 'value="100.00"' in accountant.get(books.url(f"/entries/{entry.id}/edit")).text


def test_what_is_wrong_with_a_foreign_amount_is_said_at_its_cell(
    accountant: Browser, books: Books
) -> None:
    sent = form(books, *[("6000", "", "1", "")] * 5, do="post")
    for n, (currency, amount) in enumerate(
        (("", "5"), ("EUR", "5"), ("XXY", "5"), ("USD", ""), ("JPY", "1.5"))
    ):
        sent |= {f"lines-{n}-currency": currency, f"lines-{n}-foreign": amount}
    answer = accountant.post(books.url("/entries/new"), sent)
    assert answer.status_code == 422
    for cell in ("0-currency", "1-currency", "2-currency", "3-foreign", "4-foreign"):
        assert f'id="lines-{cell}-error"' in answer.text


def test_pasted_accounts_are_found_by_code_label_and_name(
    accountant: Browser, books: Books
) -> None:
    texts = ("1000", "1000 Bank", "receivables", "9999", "")
    found = accountant.get(
        books.url("/accounts-by-text"), query_string=[("text", text) for text in texts]
    ).json
    assert found is not None
    assert [one["label"] for one in found] == [
        "1000 Bank",
        "1000 Bank",
        "1100 Receivables",
        "",
        "",
    ]
