"""``Idempotency-Key``: a repeated request is answered with the first answer, never done twice.

The key is claimed in the table of the forms, in the transaction of the change itself. It is kept
for two weeks.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from typing import TYPE_CHECKING, Any, Final

from flask import Response, current_app

from backstay.api.body import read_bytes
from backstay.api.etags import etag
from backstay.errors import BackstayError, Invalid, Malformed
from backstay.i18n import gettext as _
from backstay.web.proxied import this_request
from backstay.web.transaction import Claim

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")


class ApiClaim(Claim):
    """A key that a program chose."""

    def differs(self) -> BackstayError:
        """What is said when the key comes again with something else."""
        return Invalid(
            _(
                "This Idempotency-Key was already used for another request. Nothing was changed:"
                " give each request a new key, and keep it only to repeat that request."
            )
        )

    def repeat(self, found: Any) -> Response:
        """The answer that was given before."""
        response = Response(found.body or "", found.status, mimetype="application/json")
        if found.location:
            response.headers["Location"] = found.location
        if found.body and isinstance(version := json.loads(found.body).get("version"), int):
            response.headers["ETag"] = etag(version)
        response.headers[REPLAYED] = "true"
        return response

    def keep(self, session: Session, response: Response) -> None:
        """Remember the answer."""
        self.store(
            session,
            response.status_code,
            response.headers.get("Location", ""),
            response.get_data(as_text=True) or None,
        )


def claim_of(user_id: int) -> ApiClaim | None:
    """The claim of this request, if it has a key.

    Raises:
        Malformed: the key has a form that can't be.
    """
    asked = this_request()
    key = asked.headers.get(HEADER)
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise Malformed(
            _("An Idempotency-Key has 1 to 200 printable ASCII characters without spaces."),
            field=HEADER,
        )
    # A dot is in no token of a form, so that neither can be taken for the other.
    token = "k." + hashlib.sha256(key.encode()).hexdigest()[:62]
    digest = hmac.new(str(current_app.secret_key).encode(), digestmod=hashlib.sha256)
    digest.update(f"{asked.method} {asked.full_path}\n".encode())
    digest.update(f"{asked.headers.get('If-Match', '')}\n".encode())
    digest.update(read_bytes())
    return ApiClaim(token, user_id, digest.hexdigest())
