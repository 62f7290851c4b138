"""Pages are light: few requests at the first visit, few bytes at later ones."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

import brotli

from backstay.testing.web import Browser, make_user

if TYPE_CHECKING:
    from flask import Flask

    from backstay.db.database import Database

KIB = 1024
FIRST_REQUESTS = 8
FIRST_BYTES = 100 * KIB
LATER_BYTES = 15 * KIB
PAGES = (
    "/c/ALPHA/ledger/entries",
    "/c/ALPHA/ledger/entries/new",
    "/c/ALPHA/ledger/accounts",
    "/c/ALPHA/",
)
_LOADED = re.compile(r'(?:src|href)="(/static/[^"#]+)')
_IMPORTED = re.compile(r'^import .* from "\./([\w.-]+)"', re.MULTILINE)


def signed_in(app: Flask, database: Database) -> Browser:
    make_user(database, "clerk", list(app.extensions["backstay"].suite.permissions))
    return Browser.for_user(app, database, "clerk")


def fetched(browser: Browser, path: str) -> dict[str, int]:
    """What a browser with an empty cache fetches for a page, with the bytes of each as sent."""
    packed_only = {"Accept-Encoding": "gzip"}
    page = browser.client.get(path, headers=packed_only)
    assert page.status_code == 200
    sizes = {path: len(page.data)}
    waiting = _LOADED.findall(gzip.decompress(page.data).decode())
    while waiting:
        address = waiting.pop()
        if address in sizes:
            continue
        answer = browser.client.get(address, headers=packed_only)
        assert answer.status_code == 200, address
        sizes[address] = len(answer.data)
        body = gzip.decompress(answer.data) if answer.content_encoding == "gzip" else answer.data
        if address.endswith(".js"):
            folder = address.rpartition("/")[0]
            waiting += [f"{folder}/{name}" for name in _IMPORTED.findall(body.decode())]
    return sizes


def test_the_first_visit_of_a_page_stays_within_its_budget(
    web_app: Flask, database: Database
) -> None:
    browser = signed_in(web_app, database)
    for path in PAGES:
        sizes = fetched(browser, path)
        assert len(sizes) <= FIRST_REQUESTS, sizes
        assert sum(sizes.values()) <= FIRST_BYTES, sizes
        assert sizes[path] < LATER_BYTES, sizes


def test_a_browser_that_understands_no_gzip_gets_the_page_as_it_is(
    web_app: Flask, database: Database
) -> None:
    browser = signed_in(web_app, database)
    plain = browser.client.get(PAGES[0])
    assert plain.content_encoding is None
    assert plain.text.startswith("<!doctype html>")
    assert "Accept-Encoding" in plain.headers["Vary"]


def test_a_browser_that_understands_brotli_gets_less(web_app: Flask, database: Database) -> None:
    browser = signed_in(web_app, database)
    sizes = {}
    for encoding, unpack in (("gzip", gzip.decompress), ("br", brotli.decompress)):
        page = browser.client.get(PAGES[0], headers={"Accept-Encoding": f"{encoding}, deflate"})
        assert page.content_encoding == encoding
        assert unpack(page.data).decode().startswith("<!doctype html>")
        sizes[encoding] = len(page.data)
    assert sizes["br"] < sizes["gzip"]


def test_the_length_of_a_compressed_page_says_nothing_exact_about_it(
    web_app: Flask, database: Database
) -> None:
    browser = signed_in(web_app, database)
    lengths = set()
    for _one in range(40):
        page = browser.client.get(PAGES[3], headers={"Accept-Encoding": "br"})
        lengths.add(len(page.data) + sum(len(value) for _name, value in page.headers))
    assert len(lengths) > 10
