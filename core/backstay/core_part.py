"""What core itself declares, in the same form as any plugin: the first user of its own interface."""

from __future__ import annotations

from backstay.access.permissions import SIGNED_IN
from backstay.core_base import CoreBase
from backstay.kernel.suite import Part


def core_part() -> Part:
    """Core's models, permissions, roles, resources, pages and jobs."""
    import backstay.access.models
    import backstay.audit.models
    import backstay.companies.models
    import backstay.db.nodes
    import backstay.imports.models
    import backstay.jobs.models
    import backstay.kernel.models  # noqa: F401

    return Part(plugin="core", base=CoreBase, permissions=(SIGNED_IN,))
