"""The list of all attacks: what each of them proves and how to mend what it finds."""

from __future__ import annotations

from typing import Final

from backstay.testing.attack import on_routes
from backstay.testing.attack.findings import Check

CHECKS: Final = (
    Check(
        "roles",
        "Each route answers each role as the reviewed file says.",
        "Run with BACKSTAY_WRITE_GOLDEN=1, read the difference, and commit it if it is meant.",
        on_routes.roles,
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
    ),
    Check(
        "headers",
        "Each response, errors too, carries the security headers, and each cookie its flags.",
        "Return pages through page() and fragment(), files as attachments, and set no cookies.",
        on_routes.headers,
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
)
