"""How text becomes the words that are searched for: the same on both databases, because it is ours.

Case, accents and width are folded away before a text reaches the database, so neither needs an
extension or a locale to find “Müller” by “muller”. A word is found by its beginning; a number also
by the part after a letter, a dash or its zeros (GEN-2026-000017 by ``2026``, ``000017`` or ``17``).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_WORD: Final = 60
"""Characters of a word that count; more than two numbers of a document need."""
MOST_WORDS: Final = 400
"""Words of one record that are searched; the rest of a very long text is not."""
MOST_ASKED: Final = 12
"""Words of one search that count."""
LONGEST_SEARCH: Final = 100
"""Characters of a search that count."""
_ASCII: Final = re.compile(r"[a-z0-9]+")
# Scripts without spaces and pictures are searched sign by sign; all others word by word.
_SIGN: Final = "\u2190-\u2bff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U0001f000-\U0001faff"
_ANY: Final = re.compile(rf"[{_SIGN}]|[^\W_{_SIGN}]+")
_NUMBER_IN_WORD: Final = re.compile(r"(?<=\D)\d")
# Letters that Unicode does not take apart, as people type them on a keyboard without them.
_LETTERS: Final = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "\u0131": "i",
        "ħ": "h",
    }
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One word of a search.

    Arguments:
        text: folded.
        whole: it must be a whole word, because a dash or the like followed it.
    """

    text: str
    whole: bool


def folded(text: str) -> str:
    """A text without case, accents and width."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(sign for sign in apart if not unicodedata.combining(sign))
    return bare.casefold().translate(_LETTERS)


def plain_words(text: str) -> list[str]:
    """The words of a text as they stand in it."""
    pattern = _ASCII if text.isascii() else _ANY
    return [word[:LONGEST_WORD] for word in pattern.findall(folded(text))]


def indexed_words(texts: Iterable[str]) -> dict[str, None]:
    """The words under which texts are found, each once, as the keys of a dict."""
    words = plain_words("\n".join(texts))
    found = dict.fromkeys(words)
    for word in words:
        # Runs for every row that is posted: most words are letters alone.
        if not word.isalpha():
            found.update(_number_parts(word))
    return found


def _number_parts(word: str) -> dict[str, None]:
    """The numbers within a word, with and without their zeros."""
    if word.isdecimal():
        numbers = [word]
    else:
        numbers = [word[begin.start() :] for begin in _NUMBER_IN_WORD.finditer(word)]
    bare = (number.lstrip("0") for number in numbers if number[0] == "0")
    return dict.fromkeys((*numbers, *filter(None, bare)))


def asked_words(search: str) -> tuple[Asked, ...]:
    """The words that somebody typed; empty when there is nothing in it that can be searched."""
    found: dict[Asked, None] = {}
    for typed in search[:LONGEST_SEARCH].split():
        parts = plain_words(typed)
        for place, part in enumerate(parts, 1):
            found[Asked(part, whole=place < len(parts))] = None
    return tuple(found)[:MOST_ASKED]
