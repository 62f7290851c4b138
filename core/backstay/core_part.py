"""What core itself declares, in the form that any plugin uses: the interface's first user."""

from __future__ import annotations

from backstay.core_base import CoreBase
from backstay.kernel.suite import Part


def core_part() -> Part:
    """Core's models, permissions, roles, resources, pages and jobs."""
    import backstay.access.token_models
    import backstay.db.nodes
    import backstay.kernel.models
    import backstay.kernel.process_models
    import backstay.lists.models
    import backstay.search.models
    import backstay.themes.models  # noqa: F401 - their tables belong to CoreBase
    from backstay import admin_part
    from backstay.access.permissions import SIGNED_IN
    from backstay.files import part as files
    from backstay.imports import part as imports
    from backstay.jobs import part as jobs
    from backstay.lists import bulk, exports

    return Part(
        plugin="core",
        base=CoreBase,
        permissions=(SIGNED_IN, *admin_part.PERMISSIONS),
        field_groups=admin_part.FIELD_GROUPS,
        role_templates=admin_part.ROLE_TEMPLATES,
        resources=(*admin_part.RESOURCES, *imports.RESOURCES, *jobs.RESOURCES),
        blueprints=(*admin_part.BLUEPRINTS, *files.BLUEPRINTS, *imports.BLUEPRINTS),
        pages=(*admin_part.PAGES, *imports.PAGES, *jobs.PAGES),
        jobs=(*imports.JOBS, *files.JOBS, *bulk.JOBS, *exports.JOBS, *jobs.JOBS),
        schedules=(*files.SCHEDULES, *jobs.SCHEDULES),
    )
