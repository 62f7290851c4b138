"""An empty Flask page: what server and framework cost before anything of ours runs."""

from flask import Flask

application = Flask(__name__)


@application.get("/")
@application.get("/sign-in")
def page() -> str:
    """The smallest page there is."""
    return "<!doctype html><title>Empty</title>"


def prepare() -> None:
    """Nothing is to be built before the fork."""


# The settings of the server prepare the application before they fork, and each process attends.
application.prepare = prepare  # type: ignore[attr-defined]
application.attend = prepare  # type: ignore[attr-defined]
