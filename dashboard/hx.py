"""The one place that knows htmx: whether it asks, what it is answered, and how it is set. Plain requests get whole pages."""

from __future__ import annotations

import gzip
import re
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from dashboard import access
from dashboard.live import Live

INDENTATION = re.compile(r"\s*\n\s*")
CONFIG = {
    "historyCacheSize": 0,
    "historyRestoreAsHxRequest": False,
    "refreshOnHistoryMiss": True,
    "allowEval": False,
    "includeIndicatorStyles": False,
    "selfRequestsOnly": True,
    "timeout": 10_000,
    "responseHandling": [
        {"code": "204", "swap": False},
        {"code": "[23]..", "swap": True},
        {"code": "(409|422)", "swap": True, "error": False},
        {"code": "[45]..", "swap": False, "error": True},
    ],
}
"""For the meta tag: no runner's name in session storage, no eval, and answers 409 and 422 are shown where they belong."""


def is_htmx() -> bool:
    """Whether a script asked, which wants a fragment."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-History-Restore-Request") != "true"


def nothing_new() -> Response:
    """The answer to a poll whose version is still true: nothing is swapped, and the server was there."""
    return Response(status=204)


def page(fragment: str, live: Live, *, whole: str = "live.html", **context: Any) -> Response:
    """A live page: its fragment for a poll, else the page around the same fragment."""
    if not is_htmx():
        return make_response(lean(render_template(whole, fragment=fragment, live=live, **context)))
    return _small(make_response(lean(render_template(fragment, fragment=fragment, live=live, **context))))


def _small(fragment: Response) -> Response:
    """A poll travels compressed: a sixth of its size on a phone's network. It holds no token whose bytes the size could tell."""
    if request.accept_encodings["gzip"]:
        fragment.set_data(gzip.compress(fragment.get_data(), compresslevel=5))
        fragment.content_encoding = "gzip"
        fragment.vary.add("Accept-Encoding")
    return fragment


def lean(markup: str) -> str:
    """Without the indentation that templates are written with: a third of what a poll would carry."""
    return INDENTATION.sub("\n", markup)


def did(sentence: str, *, kind: str = "good", status: int = 200, address: str | None = None) -> ResponseReturnValue:
    """The answer to a press: a sentence in the page's status line and a fresh look, or the same after a redirect."""
    if is_htmx():
        answer = make_response(render_template("_said.html", sentence=sentence, kind=kind), status)
        answer.headers["HX-Trigger-After-Settle"] = "refresh"
        return answer
    flash(sentence, kind)
    return redirect(address or came_from(), 303)


def went_on(sentence: str, address: str) -> ResponseReturnValue:
    """The answer to a press whose page is no more, or that leads elsewhere: the sentence stands on the next page."""
    flash(sentence, "good")
    if not is_htmx():
        return redirect(address, 303)
    answer = make_response("", 200)
    answer.headers["HX-Redirect"] = address
    return answer


def refused(sentence: str, *, address: str | None = None) -> ResponseReturnValue:
    """The answer to a press that cannot be granted now: why, and nothing was changed."""
    return did(sentence, kind="bad", status=409, address=address)


def came_from() -> str:
    """The page of ours on which the button stood; never another site's."""
    seen = access.split_address(request.headers.get("Referer", ""))
    inside = seen.netloc == request.host and seen.path.startswith("/") and not seen.path.startswith("//")
    return access.relative(seen.path, seen.query) if inside else "/"
