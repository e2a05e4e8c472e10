"""Whose results an address is about: a scored distance of an event, and where its results go. What is shown of it is the pages'."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import abort
from sqlalchemy import select

from dashboard import access, live
from sync_jobs.models import Connection, Contest, Edition, ResultDestination, ResultVersion, db
from sync_jobs.providers import ADAPTERS, label, side
from sync_jobs.review.policy import PUBLIC

SEEN_AS = {
    "none": ("wait", "nothing is public"), "hidden": ("wait", "sent, and hidden"), "preliminary": ("good", "public as preliminary"),
    "official": ("good", "public as official"), "retracted": ("late", "taken down"),
}  # fmt: skip
"""What the public sees at a destination: the shape's state and the words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One destination of a distance's results, as a person knows it."""

    destination_id: int
    provider_name: str
    contest_name: str  # the registration contest's
    visibility: str
    live_version_id: int | None
    live_number: int | None
    is_file: bool  # a person loads a file there
    is_ended: bool  # the map leads elsewhere now

    @property
    def is_public(self) -> bool:
        """Whether anybody can see results there."""
        return self.visibility in PUBLIC

    @property
    def said(self) -> str:
        """`RunSignUp: 10K`."""
        return f"{label(self.provider_name)}: {self.contest_name or 'without a name'}"


def scored_or_404(edition: Edition, contest_id: int) -> Contest:
    """That scored distance of the event, also one that its provider lists no more."""
    contest = db.session.get(Contest, access.possible(contest_id))
    if contest is None or contest.edition_id != edition.edition_id or side(contest.provider_name) != "scoring":
        abort(404)
    return contest


def zone_of(edition: Edition) -> str:
    """The zone in which an event's times are told."""
    return edition.timezone or live.HOUSE_ZONE


def places(contest_id: int) -> list[Place]:
    """Where its results go, or went."""
    mine = (
        select(ResultDestination, Contest.name, ResultVersion.number, Connection.writes)
        .outerjoin(Contest, Contest.contest_id == ResultDestination.registration_contest_id)
        .outerjoin(ResultVersion, ResultVersion.version_id == ResultDestination.live_version_id)
        .outerjoin(Connection, Connection.connection_id == ResultDestination.connection_id)
        .where(ResultDestination.contest_id == contest_id)
        .order_by(ResultDestination.ended_at.is_not(None), ResultDestination.destination_id)
    )
    return [
        Place(
            destination_id=one.destination_id, provider_name=one.provider_name, contest_name=name or "", visibility=one.visibility,
            live_version_id=one.live_version_id, live_number=number, is_file=is_file(one.provider_name, writes),
            is_ended=one.ended_at is not None,
        )
        for one, name, number, writes in db.session.execute(mine)
    ]  # fmt: skip


def is_file(provider_name: str, writes: str | None) -> bool:
    """Whether results reach that provider as a file, as its connection is set."""
    adapter = ADAPTERS.get(provider_name)
    if adapter is None or "publish_results" not in adapter.abilities():
        return True
    return adapter.results_switch and writes != "on"


def chosen(found: Iterable[Place], wanted: int | None) -> Place | None:
    """The one that was asked for; the only one where nobody asked. 404 for one that is not among them."""
    known = {one.destination_id: one for one in found}
    if wanted is not None:
        return known.get(wanted) or abort(404)
    return next(iter(known.values())) if len(known) == 1 else None
