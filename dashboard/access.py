"""Who is asking, and what they may do and see. One table of permissions; every page names one or is on the public list.

Signing in and out is left to `accounts`; what a page shows to a role is the page's own business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

from flask import Flask, Response, abort, current_app, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, or_, select, true

from dashboard import tokens
from sync_jobs import times
from sync_jobs.models import Account, Connection, DirectorEdition, Edition, Partner, Run, SignIn, db

View = TypeVar("View", bound=Callable[..., Any])

ROLES = ("director", "partner", "support", "administrator")
PARTNER_ROLES = frozenset({"director", "partner"})  # who belong to one timing partner and see nothing else
EVERYBODY = frozenset(ROLES)
COMPANY = frozenset({"partner", "support", "administrator"})
HOUSE = frozenset({"support", "administrator"})

PERMISSIONS: Mapping[str, frozenset[str]] = {
    "see_overview": COMPANY,
    "see_partner": COMPANY,
    "see_events": EVERYBODY,
    "join_events": frozenset({"partner", "administrator"}),
    "see_distances": EVERYBODY,
    "map_distances": COMPANY,
    "see_matches": EVERYBODY,
    "match_people": COMPANY,
    "see_start_lists": COMPANY,
    "send_start_lists": COMPANY,
    "choose_plans": COMPANY,
    "see_reconciliation": EVERYBODY,
    "see_results": EVERYBODY,
    "approve_results": PARTNER_ROLES,
    "waive_results": PARTNER_ROLES,
    "retract_results": frozenset({"director", "partner", "support"}),
    "declare_corrections": frozenset({"partner", "administrator"}),
    "set_policy": frozenset({"partner", "administrator"}),
    "see_receipts": EVERYBODY,
    "see_trace": COMPANY,
    "see_look_ups": COMPANY,
    "see_runs": EVERYBODY,
    "see_history": COMPANY,
    "see_failed": HOUSE,
    "see_queues": HOUSE,
    "sync": COMPANY,
    "retry": COMPANY,
    "cancel": COMPANY,
    "see_connections": COMPANY,
    "change_connections": frozenset({"partner", "administrator"}),
    "pause_connections": COMPANY,
    "test_connections": COMPANY,
    "start_partners": frozenset({"administrator"}),
    "see_people": COMPANY,
    "manage_people": frozenset({"partner", "administrator"}),
    "see_own_account": EVERYBODY,
}
"""What may be done, and by whom. That a partner or director does it to their own only is for the scope helpers below."""

PUBLIC = frozenset(
    {
        "static",
        "frame.favicon",
        "frame.old_favicon",
        "accounts.sign_in",
        "accounts.invited",
        "health.healthz",
        "api.manual",
        "api.status",
    }
)
"""Endpoints that ask for no sign-in. The two of the API ask for a program's token instead."""

MENUS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "director": (("Approvals", "/approvals"), ("Events", "/events")),
    "partner": (
        ("Overview", "/"),
        ("Events", "/events"),
        ("Approvals", "/approvals"),
        ("Connections", "/connections"),
        ("History", "/history"),
    ),
    "support": (("Overview", "/"), ("Failed", "/failed"), ("Queues", "/queues"), ("History", "/history")),
    "administrator": (
        ("Overview", "/"),
        ("Failed", "/failed"),
        ("Queues", "/queues"),
        ("History", "/history"),
        ("People", "/people"),
    ),
}

LARGEST_ID = 2**63 - 1  # what a database can hold
NO_PARTNER = -1  # of a partner's person without a partner: sees nothing, also not the rows that name no partner

_permission_of: dict[Callable[..., Any], str] = {}


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in."""

    account_id: int
    name: str
    email: str
    role: str
    timing_partner_id: int | None  # None for support and administrators, who see every partner

    def may(self, permission: str) -> bool:
        """Whether the role has that permission."""
        return self.role in PERMISSIONS[permission]

    @property
    def menu(self) -> tuple[tuple[str, str], ...]:
        """The navigation: words and addresses. The first is where this person begins."""
        return MENUS[self.role]

    @property
    def home(self) -> str:
        """Where this person begins."""
        return self.menu[0][1]

    @cached_property
    def edition_ids(self) -> frozenset[int] | None:
        """The editions of a director, with those joined to them; None for everybody else. Read when first asked for."""
        return _editions_given_to(self.account_id) if self.role == "director" else None


def _editions_given_to(account_id: int) -> frozenset[int]:
    given = select(DirectorEdition.edition_id).where(DirectorEdition.account_id == account_id)
    either = or_(Edition.edition_id.in_(given), Edition.joined_into.in_(given))
    rows = db.session.execute(select(Edition.edition_id, Edition.joined_into).where(either))
    return frozenset(edition_id for row in rows for edition_id in row if edition_id is not None)


def requires(permission: str) -> Callable[[View], View]:
    """Name the permission that a page needs: `@pages.get(…)` above, `@requires("see_runs")` below it."""
    PERMISSIONS[permission]  # a misspelt one fails at import

    def mark(view: View) -> View:
        _permission_of[view] = permission
        return view

    return mark


def permission_of(endpoint: str) -> str | None:
    """The permission that an endpoint asks for."""
    return _permission_of.get(current_app.view_functions[endpoint])


def signed_in() -> Person | None:
    """Who is asking, if anybody; read once in a request, by one query."""
    if "hub.person" not in request.environ:
        request.environ["hub.person"] = _person(session.get("sign_in"))
    found: Person | None = request.environ["hub.person"]
    return found


def _person(token: str | None) -> Person | None:
    if not token:
        return None
    row = db.session.execute(
        select(Account.account_id, Account.name, Account.email, Account.role, Account.timing_partner_id)
        .join(SignIn, SignIn.account_id == Account.account_id)
        .where(SignIn.token_digest == tokens.digest(token), SignIn.expires_at > times.now(), Account.state == "active")
    ).one_or_none()
    return Person(*row) if row else None


def current() -> Person:
    """Who is asking, on a page that only somebody signed in can reach."""
    return signed_in() or abort(401)


def guard(app: Flask) -> None:
    """Put the gate before every page, and the person into every template."""
    app.before_request(_gate)
    app.context_processor(lambda: {"person": signed_in()})


def _gate() -> ResponseReturnValue | None:
    for value in (request.view_args or {}).values():
        if isinstance(value, int):
            possible(value)
    if request.endpoint is None or request.endpoint in PUBLIC:
        return None
    person = signed_in()
    if person is None:
        return _to_sign_in()
    permission = permission_of(request.endpoint)
    if permission and person.may(permission):
        return None
    if request.path == "/":  # the front door is open to everybody: it leads to where they begin
        return redirect(person.home)
    return abort(403)


def _to_sign_in() -> ResponseReturnValue:
    if request.headers.get("HX-Request") == "true":
        seen = split_address(request.headers.get("HX-Current-URL", ""))
        back = safe_next(relative(seen.path, seen.query))
        return Response(status=401, headers={"HX-Redirect": url_for("accounts.sign_in", next=back)})
    wanted = relative(request.path, request.query_string.decode("latin-1")) if request.method == "GET" else None
    return redirect(url_for("accounts.sign_in", next=safe_next(wanted)))


def split_address(text: str) -> SplitResult:
    """The parts of an address as a browser sent it; nothing where it is none."""
    try:
        return urlsplit(text)
    except ValueError:
        return urlsplit("")


def relative(path: str, query: str) -> str:
    """The same place, without the site."""
    return f"{path}?{query}" if query else path


def safe_next(address: str | None) -> str | None:
    """An address within this site, or None: a sign-in never sends anybody elsewhere."""
    if not address or not address.startswith("/") or address[1:2] in {"/", "\\"} or address == "/":
        return None
    return None if any(ord(letter) < 33 or ord(letter) == 127 for letter in address) else address


def own_partner() -> int | None:
    """The only partner whose rows may be shown, or None where every partner's may."""
    person = current()
    if person.role not in PARTNER_ROLES:
        return None
    return NO_PARTNER if person.timing_partner_id is None else person.timing_partner_id


def within(column: Any) -> ColumnElement[bool]:
    """A condition that keeps a query inside the asking person's partner: `.where(within(Run.timing_partner_id))`."""
    partner = own_partner()
    inside: ColumnElement[bool] = true() if partner is None else column == partner
    return inside


def possible(number: int) -> int:
    """An id as it came from outside; 404 where no database could hold it."""
    return number if abs(number) <= LARGEST_ID else abort(404)


def partner_or_404(timing_partner_id: int) -> Partner:
    """That partner, if the asking person may know of it."""
    query = select(Partner).where(within(Partner.timing_partner_id), Partner.timing_partner_id == possible(timing_partner_id))
    return db.session.scalar(query) or abort(404)


def connection_or_404(connection_id: int) -> Connection:
    """That connection, if the asking person may know of it; one that was removed is gone for everybody."""
    query = select(Connection).where(within(Connection.timing_partner_id), Connection.connection_id == possible(connection_id))
    return db.session.scalar(query.where(Connection.state != "removed")) or abort(404)


def edition_or_404(edition_id: int) -> Edition:
    """That edition, if the asking person may know of it; one that was joined into another no longer stands for itself."""
    query = select(Edition).where(within(Edition.timing_partner_id), Edition.edition_id == possible(edition_id))
    edition = db.session.scalar(query.where(Edition.joined_into.is_(None)))
    return edition if edition and _is_given(edition.edition_id) else abort(404)


def run_or_404(run_id: int) -> Run:
    """That run, if the asking person may know of it. Runs of a director are those of the editions given to them."""
    run = db.session.scalar(select(Run).where(within(Run.timing_partner_id), Run.run_id == possible(run_id)))
    return run if run and _is_given(run.edition_id) else abort(404)


def _is_given(edition_id: int | None) -> bool:
    given = current().edition_ids
    return given is None or edition_id in given
