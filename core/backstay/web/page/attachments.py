"""The files of a record, and the page of one of them."""

from __future__ import annotations

from dataclasses import dataclass

from backstay.i18n import Text
from backstay.web.page.pieces import Button, Note
from backstay.web.page.record import FieldView


@dataclass(frozen=True, slots=True)
class AttachmentView:
    """A file in the list.

    ``small_href`` is a small picture of it, ``picture_href`` its first page; ``waiting`` says that
    they are being made. ``about`` is size, who and when in words.
    """

    name: str
    href: str
    file_href: str
    about: Text
    icon: str = "file-text"
    small_href: str | None = None
    picture_href: str | None = None
    waiting: bool = False
    remove: Button | None = None


@dataclass(frozen=True, slots=True)
class AttachmentsView:
    """The panel. ``attach_href`` is None for those who may not add files.

    ``poll_href`` has the list alone while a preview is being made; ``most_bytes`` and ``accept``
    are a courtesy of the browser, the server decides by the content.
    """

    items: tuple[AttachmentView, ...]
    attach_href: str | None = None
    poll_href: str | None = None
    accept: str = ""
    most_bytes: int = 0
    help: Text = ""
    limits: Text = ""
    too_large: Text = ""
    kept: Text = ""
    """Why the files can't be removed."""
    problems: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class PictureView:
    """A picture of a page, in pixels."""

    href: str
    width: int
    height: int
    alt: Text


@dataclass(frozen=True, slots=True)
class AttachmentPage:
    """One file: what it is, its first pages as pictures, and the way to save it."""

    title: Text
    subtitle: Text
    actions: tuple[Button, ...]
    primary: Button | None
    facts: tuple[FieldView, ...]
    pictures: tuple[PictureView, ...] = ()
    poll_href: str | None = None
    notes: tuple[Note, ...] = ()
