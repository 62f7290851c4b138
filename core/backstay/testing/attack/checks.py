"""The list of all attacks: what each of them proves and how to mend what it finds."""

from __future__ import annotations

from typing import Final

from backstay.testing.attack import (
    on_api,
    on_groups,
    on_headers,
    on_records,
    on_roles,
    on_routes,
    on_work,
)
from backstay.testing.attack.findings import Check

CHECKS: Final = (
    Check(
        "roles",
        "Each route answers each role as the reviewed file says.",
        "Run with BACKSTAY_WRITE_GOLDEN=1, read the difference, and commit it if it is meant.",
        on_roles.roles,
    ),
    Check(
        "marks",
        "Each route is marked with a declared permission, or as public.",
        "Put @requires(PERMISSION) or @public on the view, and declare the permission.",
        on_routes.marks,
    ),
    Check(
        "strangers",
        "Nobody without a role reaches more than public pages and their own.",
        "Ask for a permission of the plugin's own with @requires instead of SIGNED_IN or @public.",
        on_routes.strangers,
    ),
    Check(
        "other-company",
        "A member of one company gets 404 from every page of another, real or not.",
        "Let the route lie in the company: use PluginBlueprint, never a company code of your own.",
        on_routes.other_company,
    ),
    Check(
        "tokens",
        "A form without its token is answered 400 and changes nothing.",
        "Post through the form macros and leave the CSRF check on.",
        on_routes.tokens,
    ),
    Check(
        "reading",
        "GET and HEAD change no business table.",
        "Move the change into a POST view or into a job.",
        on_routes.reading,
        on_both=True,
    ),
    Check(
        "headers",
        "Each response, errors too, carries the security headers, and each cookie its flags.",
        "Return pages through page() and fragment(), files as attachments, and set no cookies.",
        on_headers.headers,
    ),
    Check(
        "parameters",
        "Parameters sent twice, as arrays, or of a wrong type are never a server error.",
        "Read parameters with request.args.get and refuse with Malformed what can't be understood.",
        on_routes.parameters,
    ),
    Check(
        "redirects",
        "No parameter sends a browser to another site.",
        "Redirect to url_for(...) or resource_url(...), never to what was sent.",
        on_routes.redirects,
    ),
    Check(
        "samples",
        "A sample of each resource can be made, in each of its states.",
        "Give a Sample in the package's samples.py: how to make the record, or values of fields.",
        on_records.samples,
        on_both=True,
    ),
    Check(
        "foreign-ids",
        "Ids of another company's records are answered 404 by every route.",
        "Read records with the session, which filters by company, and raise NotFound.",
        on_records.foreign_ids,
        on_both=True,
    ),
    Check(
        "foreign-picks",
        "A record of another company can't be picked in a form.",
        "Take ids through PickerField, and look them up with the session in the service.",
        on_records.foreign_picks,
        on_both=True,
    ),
    Check(
        "texts",
        "What people wrote comes back as text in pages, and as no formula in files.",
        "Let Jinja escape (no |safe, no Markup), and write files with csv_line and neutral.",
        on_records.texts,
    ),
    Check(
        "values",
        "A value of a wrong type, range or length is answered 422 at its field.",
        "Say in the field's kind what fits, and raise Invalid with field= for the rest.",
        on_records.values,
        on_both=True,
    ),
    Check(
        "columns",
        "Posting every column changes only those that the form is made of.",
        "Set attributes one by one from the command; never loop over what was posted.",
        on_records.columns,
        on_both=True,
    ),
    Check(
        "groups",
        "Fields of a group are hidden from who may not read it, everywhere.",
        "Name the column in __field_groups__ and give its Column and field the group.",
        on_groups.groups,
        on_both=True,
    ),
    Check(
        "states",
        "What the table of actions does not allow in a state is answered 409.",
        "Check the state in the service and raise Conflict; give the Action its states.",
        on_work.states,
        on_both=True,
    ),
    Check(
        "faults",
        "A fault at any writing statement of a change leaves nothing half done.",
        "Write through the session of the request only, and never commit or swallow errors.",
        on_work.faults,
        on_both=True,
    ),
    Check(
        "jobs",
        "Each background job run twice leaves the same as run once.",
        "Look first whether the work is done, or write with a key that is there only once.",
        on_work.jobs,
        on_both=True,
    ),
    Check(
        "api-tokens",
        "A cookie opens nothing of the API, and a token needs none.",
        "Leave /api/v1 to the resources: add no routes of your own there.",
        on_api.tokens,
    ),
    Check(
        "api-values",
        "A wrong value that a program sends is answered 422 with the name of its member.",
        "Say in the field's kind what fits, and raise Invalid with field= for the rest.",
        on_api.values,
        on_both=True,
    ),
    Check(
        "api-columns",
        "Members that a command does not have are refused, and PATCH keeps what is not sent.",
        "Let the operation's initial give the present value of every field of its command.",
        on_api.columns,
        on_both=True,
    ),
    Check(
        "api-texts",
        "What a program wrote comes back as data, with no character escaped or lost.",
        "Store what came in; escaping is the business of the page that shows it.",
        on_api.texts,
        on_both=True,
    ),
    Check(
        "api-groups",
        "The API leaves out fields of a group that is not the owner's, and takes none.",
        "Name the column in __field_groups__ and give its Column and field the group.",
        on_groups.api_groups,
        on_both=True,
    ),
    Check(
        "api-states",
        "The API answers 409 to what the state does not allow; what it allows leads on.",
        "Check the state in the service and raise Conflict; give the Action its states.",
        on_api.states,
        on_both=True,
    ),
    Check(
        "api-faults",
        "A fault in a change through the API leaves nothing half done and tells no internals.",
        "Write through the session of the request only, and never commit or swallow errors.",
        on_api.faults,
        on_both=True,
    ),
)
