"""Reading If-Match: RFC 9110, 8.8.3 and 13.1.1."""

from __future__ import annotations

import pytest

from backstay.api.etags import read_if_match
from backstay.errors import Malformed


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("*", {"*"}),
        ('"v1"', {'"v1"'}),
        (' "v1" , "a,b",, W/"v2",', {'"v1"', '"a,b"', 'W/"v2"'}),
        ('""', {'""'}),
        ('"é"', {'"é"'}),
    ],
)
def test_if_match_is_read_as_the_rfc_says(header: str, tags: set[str]) -> None:
    assert read_if_match(header) == tags


@pytest.mark.parametrize(
    "header",
    [
        "v1",
        '"v1',
        'v1"',
        "'v1'",
        '"v1""v2"',
        '"v1" "v2"',
        '*,"v1"',
        "**",
        "W/*",
        'w/"v1"',
        ",",
        '"a b"',
    ],
)
def test_if_match_without_an_etag_is_malformed(header: str) -> None:
    with pytest.raises(Malformed, match='like "v3"') as refused:
        read_if_match(header)
    assert refused.value.problems[0].field == "If-Match"
