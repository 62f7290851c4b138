"""What a page is made of, read as a browser reads it: text nodes, attributes, inputs, errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

INPUTS: Final = frozenset({"input", "select", "textarea", "button"})


@dataclass
class Page:
    """A parsed page.

    Arguments:
        texts: text nodes and attribute values, entities resolved.
        attributes: names of all attributes of all elements.
        inputs: names of what a form would send.
        faulty: ids that the summary of problems links to.
    """

    texts: list[str] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    inputs: set[str] = field(default_factory=set)
    faulty: set[str] = field(default_factory=set)

    def says(self, text: str) -> bool:
        """Whether the text stands somewhere, as text or as an attribute's value."""
        return any(text in one for one in self.texts)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.page.attributes |= set(values)
        self.page.texts += values.values()
        if tag in INPUTS and values.get("name"):
            self.page.inputs.add(values["name"])
        if values.get("aria-invalid") == "true":
            self.page.faulty.add(values.get("name") or values.get("id", ""))
        if (
            tag == "a"
            and values.get("href", "").startswith("#")
            and "link" in values.get("class", "")
        ):
            self.page.faulty.add(values["href"][1:])

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.page.texts.append(data)


def read_page(html: str) -> Page:
    """Parse a page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.page
