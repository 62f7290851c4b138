"""Signed-in people for a load: their cookies and the requests that they send."""

from __future__ import annotations

import http.client
import urllib.parse
from dataclasses import dataclass

from flask import Flask

from backstay.access.sessions import start_session
from backstay.db.context import operator_context
from backstay.testing.web import make_user
from backstay.web.app import COOKIE, PageCookies
from benchmarks.rig.bench import COMPANY, Installation
from benchmarks.rig.server import HOST


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in with every permission."""

    cookie: str

    def get(self, path: str, **headers: str) -> str:
        """A whole GET request, as a browser on a kept-alive connection sends it."""
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {HOST}",
            f"Cookie: {COOKIE}={self.cookie}",
            "Accept: text/html",
            "Accept-Encoding: gzip",
            *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
        ]
        return "\r\n".join([*lines, "", ""])

    def open(self, port: int, path: str) -> str:
        """Open a page now and return its HTML.

        Raises:
            RuntimeError: it is not answered with 200.
        """
        connection = http.client.HTTPConnection(HOST, port, timeout=60)
        try:
            connection.request("GET", path, headers={"Cookie": f"{COOKIE}={self.cookie}"})
            answer = connection.getresponse()
            body = answer.read().decode()
            if answer.status != 200:  # noqa: PLR2004
                message = f"{path}: {answer.status} {answer.headers.get('Location', '')}"
                raise RuntimeError(message)
            return body
        finally:
            connection.close()


def people(made: Installation, count: int) -> list[Person]:
    """So many browsers, each with its own session, of a user with every permission."""
    user_id = make_user(made.database, "bench", list(made.suite.permissions))
    signer = Flask("signer")
    signer.secret_key = made.home.secret_key()
    serializer = PageCookies().get_signing_serializer(signer)
    if serializer is None:
        message = "the installation has no secret key"
        raise RuntimeError(message)
    found = []
    with made.database.write(operator_context("cli:benchmark")) as session:
        for _one in range(count):
            _id, token = start_session(session, user_id, device="Benchmark", ip=HOST)
            found.append(Person(str(serializer.dumps({"_user_id": token, "_fresh": True}))))
    return found


def in_company(path: str, **arguments: str) -> str:
    """An address in the company that has the books."""
    asked = f"?{urllib.parse.urlencode(arguments)}" if arguments else ""
    return f"/c/{COMPANY}/{path}{asked}"
