"""Live regions: one number per scope and a half-minute bucket tell a poll whether there is anything to show.

The server sets how often a page asks. What is shown is the page's own business; the numbers grow in `ledger`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from flask import Response, abort, request
from sqlalchemy import ColumnElement, func, literal, select

from dashboard import access, words
from sync_jobs import times
from sync_jobs.models import LiveVersion, db

BUSY, CALM, ARCHIVE = 5.0, 20.0, 60.0  # seconds between polls
JITTER = 0.1
BUCKET_MS = 30_000  # without any change a page is drawn anew this often: clocks, heartbeats and promises move by themselves
HOUSE_ZONE = "America/New_York"  # for pages over many partners


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What the frame of a live region says: when it was true, how bad it is, and when to ask again."""

    title: str
    said: str
    token: str
    zone: str
    worst: str = "good"
    seconds: float | None = CALM  # None: it will not change any more
    now: datetime = field(default_factory=words.page_now)

    @property
    def at(self) -> str:
        """`16:24:05 CST`."""
        return f"{self.now.astimezone(times.zone(self.zone, HOUSE_ZONE)):%H:%M:%S %Z}"

    @property
    def every(self) -> int | None:
        """Milliseconds until the next poll, scattered so that a hundred tabs do not ask at once."""
        return None if self.seconds is None else round(self.seconds * 1000 * random.uniform(1 - JITTER, 1 + JITTER))

    @property
    def address(self) -> str:
        """Where to ask again, with what is shown now: the page's own address and filters."""
        given = [(name, value) for name, value in request.args.items(multi=True) if name != "v"]
        return f"{request.path}?{urlencode([*given, ('v', self.token)])}"


@dataclass(frozen=True, slots=True)
class Look:
    """The present token of a page, and whether the one that asks has it already."""

    token: str
    unchanged: bool


def scope() -> str:
    """The scope that covers everything which this person's pages show."""
    partner = access.own_partner()
    return "all" if partner is None else f"partner:{partner}"


def look(of: str | None = None, *, visible: ColumnElement[bool] | None = None) -> Look:
    """One small query, before any other: what a poll's answer depends on. 404 where the person may not see the thing."""
    version = select(LiveVersion.version).where(LiveVersion.scope == (of or scope())).scalar_subquery()
    number, seen = db.session.execute(select(func.coalesce(version, 0), literal(1) if visible is None else visible)).one()
    if not seen:
        abort(404)
    token = f"{number}.{times.to_ms(words.page_now()) // BUCKET_MS}"
    return Look(token, unchanged=request.headers.get("HX-Request") == "true" and request.args.get("v") == token)


def stamp(response: Response) -> Response:
    """Say the server's time on every answer to a script: also an unchanged page was true just now."""
    if request.headers.get("HX-Request") == "true":
        response.headers["X-Live-At"] = words.iso(words.page_now())
    return response
