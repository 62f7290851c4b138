"""The store keeps whole files only, once each, and says so when one is no longer what it was."""

from __future__ import annotations

import errno
import io
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest

from backstay.errors import ConfigurationError, Invalid, Unavailable
from backstay.files.store import INCOMING, FileDamaged, FileStore, size_text

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files")


def put(store: FileStore, content: bytes) -> str:
    with store.incoming(10_000) as incoming:
        incoming.copy(io.BytesIO(content))
        return store.keep(incoming)


def everything(store: FileStore) -> list[str]:
    return sorted(
        str(path.relative_to(store.folder)) for path in store.folder.rglob("*") if path.is_file()
    )


def test_a_file_comes_back_as_it_was(store: FileStore) -> None:
    sha256 = put(store, b"voucher")
    with store.open(sha256) as file:
        assert file.read() == b"voucher"
    assert store.state(sha256) == "whole"
    assert everything(store) == [f"{sha256[:2]}/{sha256}"]


def test_only_the_owner_can_read_the_files_and_nobody_write_them(store: FileStore) -> None:
    sha256 = put(store, b"voucher")
    assert stat.S_IMODE(store.path(sha256).stat().st_mode) == 0o400
    assert stat.S_IMODE(store.path(sha256).parent.stat().st_mode) == 0o700


def test_the_same_content_is_kept_once(store: FileStore) -> None:
    assert put(store, b"voucher") == put(store, b"voucher")
    assert len(everything(store)) == 1


class _CutOff(io.RawIOBase):
    """A sender that goes away in the middle."""

    sent = 0

    def read(self, size: int = -1) -> bytes:
        self.sent += 1
        if self.sent == 3:
            message = "the connection is gone"
            raise ConnectionResetError(message)
        return b"x" * 1000


def test_an_upload_that_is_cut_off_leaves_nothing(store: FileStore) -> None:
    with pytest.raises(ConnectionResetError), store.incoming(10_000) as incoming:
        incoming.copy(_CutOff())  # type: ignore[arg-type]
    assert everything(store) == []


def test_a_file_that_nobody_keeps_is_gone(store: FileStore) -> None:
    with store.incoming(10_000) as incoming:
        incoming.write(b"never mind")
        assert everything(store) == [f"{INCOMING}/{incoming.path.name}"]
    assert everything(store) == []


def test_a_file_above_the_limit_is_refused_while_it_arrives(store: FileStore) -> None:
    with pytest.raises(Invalid, match="at most 10 B"), store.incoming(10) as incoming:
        incoming.copy(io.BytesIO(b"x" * 11))
    assert everything(store) == []


def test_a_full_disk_is_said_and_leaves_nothing(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="no room left"):
        put(store, b"voucher")
    assert everything(store) == []


@pytest.mark.parametrize("position", [0, 3, 6])
def test_one_bit_that_flipped_is_noticed(store: FileStore, position: int) -> None:
    sha256 = put(store, b"voucher")
    other = put(store, b"another")
    path = store.path(sha256)
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    with pytest.raises(FileDamaged, match="damaged"):
        store.open(sha256)
    assert store.state(sha256) == "damaged"
    with store.open(other) as file:
        assert file.read() == b"another"


def test_bringing_the_content_again_mends_a_damaged_file(store: FileStore) -> None:
    sha256 = put(store, b"voucher")
    path = store.path(sha256)
    path.chmod(0o600)
    path.write_bytes(b"vouch")
    put(store, b"voucher")
    assert store.state(sha256) == "whole"


def test_a_missing_file_is_said(store: FileStore) -> None:
    sha256 = put(store, b"voucher")
    store.path(sha256).unlink()
    with pytest.raises(FileDamaged, match="can't be opened"):
        store.open(sha256)
    assert store.state(sha256) == "missing"


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_nothing_but_a_hash_becomes_a_path(store: FileStore, name: str) -> None:
    with pytest.raises(ConfigurationError):
        store.path(name)


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1023, "1023 B"), (2048, "2 kB"), (26214400, "25 MB")]
)
def test_sizes_are_written_for_people(size: int, text: str) -> None:
    assert size_text(size) == text
