"""How a record is called where it is one of many: in pickers, in what was left out of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backstay.resources.declare import Resource


def label_of_record(resource: Resource, record: Any) -> str:
    """As declared for pickers, or the heading of its page, or as the audit trail calls it."""
    if resource.picker_label is not None:
        return resource.picker_label(record)
    if resource.title is not None:
        return resource.title(record)
    return str(record.audit_label())
