"""Files are told apart by their content; bombs are found before anybody unpacks them."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest

from backstay.errors import Invalid
from backstay.files.archives import Unpacked, check_archive
from backstay.files.kinds import DOCX, JPEG, ODS, PDF, PNG, TEXT, XLSX, XML, kind_of
from backstay.files.names import saved_name, shown_name

if TYPE_CHECKING:
    from backstay.files.kinds import FileKind


def archive(**members: bytes | str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return file.getvalue()


def xlsx(**more: bytes | str) -> bytes:
    return archive(**{"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<workbook/>", **more})


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n...", PDF),
        (b"\n\n%PDF-1.4\n...", PDF),
        (b"\x89PNG\r\n\x1a\n....", PNG),
        (b"\xff\xd8\xff\xe0....", JPEG),
        (b"code,name\n1000,Cash\n", TEXT),
        ("Konto;Müller\r\n".encode("cp1252"), TEXT),
        ("\ufeffKonto".encode(), TEXT),
        ("Konto".encode("utf-16"), TEXT),
        (("ä" * 40_000).encode(), TEXT),
        (b'<?xml version="1.0"?><Invoice xmlns="urn:x"/>', XML),
        (xlsx(), XLSX),
        (archive(**{"[Content_Types].xml": "x", "word/document.xml": "x"}), DOCX),
        (archive(mimetype="application/vnd.oasis.opendocument.spreadsheet"), ODS),
    ],
)
def test_the_content_says_what_a_file_is(content: bytes, kind: FileKind) -> None:
    assert kind_of(io.BytesIO(content)) == kind


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MZ\x90\x00\x03\x00\x00\x00",
        b"\x7fELF\x02\x01\x01\x00",
        b"#!/bin/sh\nrm -rf /\n",
        b"<!DOCTYPE html><p>hello",
        b"  <HTML><body>hello",
        b"some text <script>alert(1)</script>",
        b"<script>alert(1)</script>\n%PDF-1.4",
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x/>',
        b'<?xml version="1.0"?><h:html xmlns:h="http://www.w3.org/1999/xhtml"/>',
        "<html>".encode("utf-16"),
        b"<?php system($_GET['x']);",
        b"text with \x00 in it",
        archive(readme="just an archive"),
        xlsx(**{"xl/vbaProject.bin": b"macro"}),
        b"PK\x03\x04 cut off",
    ],
)
def test_what_runs_or_is_unknown_is_no_kind(content: bytes) -> None:
    assert kind_of(io.BytesIO(content)) is None


def test_a_small_file_that_unpacks_to_very_much_is_refused_before_it_is_unpacked() -> None:
    bomb = xlsx(**{"xl/sharedStrings.xml": b"\0" * 60_000_000})
    assert len(bomb) < 100_000
    with pytest.raises(Invalid, match="unpacks to far more"):
        check_archive(io.BytesIO(bomb))


def test_many_members_that_are_each_harmless_are_refused_together() -> None:
    members = {f"xl/worksheets/sheet{number}.xml": b"x" for number in range(30)}
    with pytest.raises(Invalid, match="unpacks to far more"):
        check_archive(io.BytesIO(xlsx(**members)), Unpacked(most_members=20))


def test_an_archive_that_lies_about_a_size_is_refused() -> None:
    content = b"\0" * 5_000_000
    bomb = xlsx(**{"xl/sharedStrings.xml": content})
    true, lie = struct.pack("<I", len(content)), struct.pack("<I", 1000)
    assert bomb.count(true) == 2
    with pytest.raises(Invalid, match="damaged"):
        check_archive(io.BytesIO(bomb.replace(true, lie)))


def test_an_archive_with_a_damaged_member_is_refused() -> None:
    packed = zlib.compress(b"<sheet/>" * 100)[2:10]
    content = xlsx(**{"xl/a.xml": b"<sheet/>" * 100})
    assert packed in content
    with pytest.raises(Invalid, match="damaged"):
        check_archive(io.BytesIO(content.replace(packed, b"\xff" * len(packed))))


def test_a_protected_archive_is_refused() -> None:
    content = bytearray(xlsx())
    directory = content.index(b"PK\x01\x02")
    content[directory + 8] |= 1
    with pytest.raises(Invalid, match="password"):
        check_archive(io.BytesIO(bytes(content)))


def test_a_sound_archive_is_taken() -> None:
    check_archive(io.BytesIO(xlsx(**{"xl/a.xml": b"<sheet/>" * 100})))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("invoice.pdf", "invoice.pdf"),
        ("C:\\Users\\me\\invoice.pdf", "invoice.pdf"),
        ("../../etc/passwd", "passwd"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\nb\r\nc\x00.pdf", "abc.pdf"),
        ("\u200b\u2066x\u2069.pdf", "x.pdf"),
        (".htaccess", "htaccess"),
        ("<img src=x onerror=alert(1)>\"'&.pdf", "<img src=x onerror=alert(1)>\"'&.pdf"),
        ("", "file"),
        ("\u202e", "file"),
        ("Rechnung Müller 発票.pdf", "Rechnung Müller 発票.pdf"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
        ("bad \udce4.pdf", "bad .pdf"),
    ],
)
def test_a_name_is_shown_without_what_hides_or_turns_text(name: str, shown: str) -> None:
    assert shown_name(name) == shown


@pytest.mark.parametrize(
    ("name", "kind", "saved"),
    [
        ("invoice.pdf", PDF, "invoice.pdf"),
        ("INVOICE.PDF", PDF, "INVOICE.PDF"),
        ("scan.jpeg", JPEG, "scan.jpeg"),
        ("invoice.pdf", PNG, "invoice.pdf.png"),
        ("invoice.exe", PDF, "invoice.exe.pdf"),
        ("book.csv", TEXT, "book.csv"),
        ("what.ever", None, "what.ever"),
    ],
)
def test_a_file_is_saved_with_the_ending_of_its_content(
    name: str, kind: FileKind | None, saved: str
) -> None:
    assert saved_name(name, kind) == saved
