"""The routes of files, below generated pages or for records that have none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from backstay.errors import ConfigurationError, Invalid
from backstay.resources.attachment_pages import AttachmentViews, attachments_panel
from backstay.resources.serialize import Reader
from backstay.web.blueprint import PluginBlueprint, requires
from backstay.web.page.attachments import AttachmentsView
from backstay.web.request import context, session, suite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.orm import Session

    from backstay.access.permissions import Permission
    from backstay.files.declare import Attachments
    from backstay.resources.declare import Resource


@dataclass(frozen=True, slots=True)
class Route:
    """One address below a record."""

    path: str
    name: str
    view: Callable[..., Any]
    permission: Permission
    methods: tuple[str, ...] = ("GET",)


def routes_of(views: AttachmentViews, declared: Attachments) -> Iterator[Route]:
    """The addresses of a record's files."""
    see = views.resource.view
    files = "/<int:id>/attachments"
    one = f"{files}/<int:attachment>"
    yield Route(files, "attachments", views.listed, see)
    yield Route(one, "attachment", views.show, see)
    yield Route(f"{one}/file", "attachment_file", views.file, see)
    yield Route(f"{one}/page/<int:number>.png", "attachment_picture", views.picture, see)
    yield Route(f"{files}/add", "attach", views.attach, declared.attach, ("POST",))
    yield Route(f"{one}/remove", "remove_attachment", views.remove, declared.removal, ("POST",))


class AttachmentBlueprint(PluginBlueprint):
    """The files of records without generated pages, such as what somebody is still typing.

    Arguments:
        resource: says what the records are and who may see them and their files; it is not handed
            to the hook of resources. ``record_endpoint`` is the page that shows the record.
        find: called with the session and an id; raises NotFound for what isn't theirs to see.
    """

    def __init__(self, resource: Resource, find: Callable[[Session, int], Any]) -> None:
        """Make the routes, under ``<plugin>.<noun>``."""
        super().__init__(resource.plugin, __name__, name=resource.noun)
        declared = resource.attachments
        if declared is None:
            message = f"{resource.name} takes no attachments"
            raise ConfigurationError(message)
        views = AttachmentViews(_Found(resource, find), _reader, _refused)
        for route in routes_of(views, declared):
            self.add_url_rule(
                f"/{resource.path}{route.path}",
                route.name,
                requires(route.permission)(_answering(route.view)),
                methods=route.methods,
            )

    def register(self, app: Any, options: dict[str, Any]) -> None:
        """Name the routes as those of generated pages are named."""
        super().register(app, {**options, "name_prefix": self.plugin})


def attachments_view(resource: Resource, record: Any) -> AttachmentsView:
    """The files of a record, for a page that shows them in its own way."""
    shown = attachments_panel(session(), resource, record, _reader()).context
    assert isinstance(shown, AttachmentsView)  # noqa: S101 - as the panel is made
    return shown


@dataclass(frozen=True, slots=True)
class _Found:
    resource: Resource
    find: Callable[[Session, int], Any]

    def record(self, working: Session, record_id: int) -> Any:
        return self.find(working, record_id)


def _answering(view: Callable[..., Any]) -> Callable[..., Any]:
    # A function of its own for each route: the mark of its permission is put on it.
    def answer(**values: Any) -> Any:
        return view(**values)

    return answer


def _refused(_record_id: int, problems: tuple[str, ...]) -> NoReturn:
    raise Invalid(" ".join(problems), field="file")


def _reader() -> Reader:
    return Reader.of(context(), suite())


__all__ = ["AttachmentBlueprint", "Route", "attachments_view", "routes_of"]
