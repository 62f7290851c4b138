"""From a key to the picture: the entry editor with 300 lines, in a real Chromium.

The time is that from the key's event to the first task after the next frame. Where there is no
browser, it measures nothing and says so.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

from backstay.testing.chromium import find_chromium, launch_args
from backstay.web.app import COOKIE
from benchmarks.rig.bench import Bench, Size
from benchmarks.rig.books import CODES
from benchmarks.rig.people import in_company, people
from benchmarks.rig.result import Result
from benchmarks.rig.server import web_server

LINES: Final = 300
KEYS: Final = 75
_PAUSE_MS: Final = 60
_WATCH: Final = """() => {
  window.taken = []
  document.addEventListener("keydown", (event) => {
    const pressed = event.timeStamp
    requestAnimationFrame(() => {
      const channel = new MessageChannel()
      channel.port1.onmessage = () => window.taken.push(performance.now() - pressed)
      channel.port2.postMessage(0)
    })
  }, true)
}"""
_PASTE: Final = """(text) => {
  const data = new DataTransfer()
  data.setData("text/plain", text)
  document.activeElement.dispatchEvent(
    new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }))
}"""
_NAMED: Final = """(lines) =>
  [...document.querySelectorAll("table[data-lines] tbody input[role=combobox]")]
    .filter((field) => field.value.includes(" ")).length >= lines"""
_TYPED: Final = {
    "text": ("#lines-150-text", "abcdefghijklmno"),
    "amount": ("#lines-150-debit", "=123456.78+12*3"),
    "account": ("#lines-151-account", "10"),
}


def measure(bench: Bench) -> Iterator[Result]:
    """Paste 300 lines, then type in the middle of them; the database hardly takes part."""
    chromium = find_chromium()
    if chromium is None:
        print("editor: there is no Chromium, or no Playwright to drive it", file=sys.stderr)
        return
    from playwright.sync_api import sync_playwright

    kind = bench.databases[0]
    made = bench.books(kind, Size(1_000, 4))
    with web_server(made.home) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=launch_args())
        context = browser.new_context(
            base_url=server.address.url, viewport={"width": 1280, "height": 800}
        )
        # Its name begins with __Host-, so it is taken from https only; loopback counts as such.
        context.add_cookies(
            [
                {
                    "name": COOKIE,
                    "value": people(made, 1)[0].cookie,
                    "url": server.address.url.replace("http://", "https://"),
                    "secure": True,
                }
            ]
        )
        page = context.new_page()
        page.on("dialog", lambda dialog: dialog.accept())
        yield _pasted(page, kind)
        page.evaluate(_WATCH)
        for name, (cell, keys) in _TYPED.items():
            yield _typed(page, kind, name, cell, keys)
        browser.close()
    bench.discard(made)


def _pasted(page: Any, kind: str) -> Result:
    """How long until 300 pasted lines stand there, each with the name of its account."""
    page.goto(in_company("ledger/entries/new"))
    page.locator("#lines-0-account").focus()
    rows = [f"{CODES[at % len(CODES)]}\tLine {at}\t{at}.50" for at in range(1, LINES)]
    total = sum(range(1, LINES)) + (LINES - 1) / 2
    rows.append(f"{CODES[0]}\tThe rest\t-{total:.2f}")
    began = time.perf_counter()
    page.evaluate(_PASTE, "\n".join(["Account\tText\tAmount", *rows, ""]))
    page.wait_for_function(_NAMED, arg=LINES, timeout=60_000)
    took = (time.perf_counter() - began) * 1000
    return Result("editor.paste", took, "ms", kind, {"lines": LINES})


def _typed(page: Any, kind: str, name: str, cell: str, keys: str) -> Result:
    page.locator(cell).focus()
    page.evaluate("() => { window.taken.length = 0 }")
    for at in range(KEYS):
        page.keyboard.press(keys[at % len(keys)])
        page.wait_for_timeout(_PAUSE_MS)
    page.wait_for_timeout(5 * _PAUSE_MS)
    taken: list[float] = sorted(page.evaluate("() => window.taken"))
    return Result(
        f"editor.key_to_paint: {name}",
        statistics.median(taken),
        "ms",
        kind,
        {
            "lines": LINES,
            "keys": len(taken),
            "19 of 20 within ms": taken[int(len(taken) * 0.95)],
            "slowest ms": taken[-1],
        },
    )


__all__ = ["measure"]
