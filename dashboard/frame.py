"""What stands around every page: the words and settings that templates know, the sign of the page's state, and error pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy import func, select
from werkzeug.exceptions import HTTPException

from dashboard import access, failed, hx, live, security, words
from dashboard.problems import problem
from sync_jobs.models import Run, db
from sync_jobs.settings import settings

pages = Blueprint("frame", __name__)

ICONS = {
    "good": ("#187746", "circle"),
    "late": ("#d98a00", "triangle"),
    "bad": ("#b3261e", "square"),
    "wait": ("#2457a6", "circle"),
}
FORMS = {
    "circle": '<circle cx="25" cy="25" r="6.5"/>',
    "triangle": '<path d="M25 17.5l7 13H18z"/>',
    "square": '<path d="M18.5 18.5h13v13h-13z"/>',
}
MOST_COUNTED = 99
MORE_PLACES = (
    ("see_events", "Events", "/events"),
    ("see_trace", "Find a person", "/trace"),
    ("see_connections", "Connections", "/connections"),
    ("see_people", "People", "/people"),
    ("see_own_account", "Your account", "/account"),
)

ERRORS: dict[int, tuple[str, str]] = {
    400: ("That request could not be read", "Go back, load the page again, and repeat what you did."),
    403: ("This page is not for your role", "Ask an administrator if you need it."),
    404: ("There is nothing here", "It was removed, or it belongs to another timing partner."),
    405: ("There is nothing here", "Start again from the first page."),
    409: ("It has changed since you looked", "Load the page again to see how it stands now."),
    413: ("That is too much at once", "Send less, or in parts."),
    429: ("Too many tries", "Wait a minute, then try again."),
    500: ("Something of ours went wrong", "It is noted and ours to fix. What you sent may not be done; look before repeating it."),
}


@pages.get("/favicon/<state>.svg")
def favicon(state: str) -> Response:
    """The sign in the browser's tab: its shape and colour are the page's worst state."""
    colour, form = ICONS.get(state) or abort(404)
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#16181d"/>'
        '<text x="3.5" y="18" font-family="sans-serif" font-size="15" font-weight="700" fill="#fffefb">88</text>'
        f'<g fill="{colour}" stroke="#fffefb" stroke-width="1.5">{FORMS[form]}</g></svg>'
    )
    return Response(svg, mimetype="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})


@pages.get("/favicon.ico")
def old_favicon() -> Response:
    """What browsers ask for on pages without a head."""
    return favicon("good")


def register(app: Flask) -> None:
    """Put the frame around the application."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    words.register(app)
    security.register(app)
    app.after_request(live.stamp)
    app.context_processor(_known_to_templates)
    app.register_blueprint(pages)
    app.register_error_handler(HTTPException, _error)
    app.register_error_handler(CSRFError, _stale_form)


def _known_to_templates() -> dict[str, Any]:
    return {
        "htmx_url": current_app.config["HTMX_URL"],
        "htmx_integrity": current_app.config["HTMX_INTEGRITY"],
        "htmx_meta": hx.CONFIG,
        "surroundings": _surroundings(),
        "more_places": MORE_PLACES,
        "nav_failed": _once("nav_failed", _failed_runs),
    }


def _surroundings() -> dict[str, str] | None:
    """The banner that says where one is, wherever that is not the real thing."""
    if settings().rehearsal:
        return {
            "state": "late",
            "sentence": "Rehearsal: a copy of the database, speaking to simulated providers. Nothing real is changed.",
        }
    if settings().mode == "demo":
        return {"state": "wait", "sentence": "Sandbox: everything here is invented."}
    return None


def _once(name: str, ask: Callable[[], Any]) -> Callable[[], Any]:
    def asked() -> Any:
        if name not in g:
            setattr(g, name, ask())
        return g.get(name)

    return asked


def _failed_runs() -> str:
    """How many failed runs that page lists, for the navigation; counted no further than two digits."""
    some = failed.open_failures(MOST_COUNTED + 1).with_only_columns(Run.run_id)
    count = db.session.scalar(select(func.count()).select_from(some.order_by(None).subquery())) or 0
    return "" if count == 0 else f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count)


def _stale_form(_error: CSRFError) -> ResponseReturnValue:
    sentence = "This page was open too long. Load it again and repeat what you did; nothing was changed."
    return (render_template("_said.html", sentence=sentence, kind="bad"), 409) if hx.is_htmx() else _page(400, sentence)


def _error(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None or (error.code or 500) < 400:
        return error.get_response()
    return _page(error.code or 500)


def _page(code: int, sentence: str = "") -> ResponseReturnValue:
    answer, step = ERRORS.get(code, ERRORS[500 if code >= 500 else 400])
    if request.path.startswith("/api/") or request.path.endswith(".json"):
        return problem(code, answer, sentence or step)
    signed_in = access.signed_in() if code != 500 else None
    home = signed_in.home if signed_in else "/"
    return render_template(
        "error.html", answer=answer, next_step=sentence or step, button="Go to the first page", address=home
    ), code
