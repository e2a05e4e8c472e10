"""People that need a look: whom the rungs could not match, or matched against what somebody says. Put right by hand, taken back.

What follows from a decision is `entry_links`' business. Directors look; the timing partner decides, or support for them.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from dashboard import access, hx, live, matches_data, paging, scope, words
from dashboard.access import requires
from dashboard.distances import acting
from dashboard.matches_data import Look
from sync_jobs import entry_links, jobs, people
from sync_jobs.entry_links import Pair
from sync_jobs.models import Contest, Edition, db

pages = Blueprint("matches", __name__)
MOST_TYPED = 80


@pages.get("/events/<int:edition_id>/matches")
@requires("see_matches")
def matches(edition_id: int) -> ResponseReturnValue:
    """Everybody on the scoring lists who needs a look, live."""
    seen = live.look(visible=scope.edition_exists(edition_id))
    if seen.unchanged:
        return hx.nothing_new()
    edition = access.edition_or_404(edition_id)
    name, zone, partner = edition.name, edition.timezone or live.HOUSE_ZONE, edition.timing_partner_id or 0
    found = matches_data.read(partner, edition_id, paging.place("after") or 0)
    shown = live.Live(
        title=f"People of {name}", said=answer(found), token=seen.token, zone=zone, worst="late" if found.total else "good"
    )
    event = {"name": name, "edition_id": edition_id}
    return hx.page(
        "matches/_live.html", shown, event=event, look=found, zone=zone, bad=matches_data.BAD, key_of=matches_data.registration_key
    )


def answer(found: Look) -> str:
    """The first line of the page."""
    if found.total:
        return words.counted(found.total, "person needs a look", "people need a look")
    if found.linked:
        return f"Everybody on the scoring lists is matched, {words.plural(found.linked, 'person', 'people')}"
    return "Nobody is matched yet"


@pages.get("/events/<int:edition_id>/matches/find")
@requires("match_people")
def find(edition_id: int) -> ResponseReturnValue:
    """Who else it may be: search the registration side by name, bib or id."""
    edition = access.edition_or_404(edition_id)
    name, zone, partner = edition.name, edition.timezone or live.HOUSE_ZONE, edition.timing_partner_id or 0
    contest_id, entry_key, typed = request.args.get("contest", type=int), request.args.get("entry", ""), request.args.get("q", "")
    distances = {
        row.contest_id: row for row in db.session.execute(
            select(Contest.contest_id, Contest.name, Contest.provider_name).where(Contest.edition_id == edition_id)
        )
    }  # fmt: skip
    entry = (
        next(iter(people.entries(partner, [contest_id], {entry_key})), None)
        if contest_id is not None and contest_id in distances
        else None
    )
    here, there = people.search(partner, distances, typed[:MOST_TYPED])
    return render_template(
        "matches/find.html", event={"name": name, "edition_id": edition_id}, zone=zone, entry=entry, found=here, entries=there,
        typed=typed, distances=distances,
    )  # fmt: skip


@pages.post("/events/<int:edition_id>/matches/link")
@requires("match_people")
def link(edition_id: int) -> ResponseReturnValue:
    """These two are the same person."""
    edition = access.edition_or_404(edition_id)
    return _done(edition, "They are the same person. It stays so whatever the lists say.", entry_links.link, _pair())


@pages.post("/events/<int:edition_id>/matches/part")
@requires("match_people")
def part(edition_id: int) -> ResponseReturnValue:
    """These two are not the same person."""
    edition = access.edition_or_404(edition_id)
    return _done(edition, "They are two people. They are not matched again by themselves.", entry_links.part, _pair())


@pages.post("/events/<int:edition_id>/matches/swap")
@requires("match_people")
def swap(edition_id: int) -> ResponseReturnValue:
    """Two people run with each other's number."""
    edition = access.edition_or_404(edition_id)
    return _done(edition, "Exchanged. Each is matched with the other’s registration.", entry_links.swap, _pair(), _pair("other_"))


@pages.post("/events/<int:edition_id>/matches/undo")
@requires("match_people")
def undo(edition_id: int) -> ResponseReturnValue:
    """Take back what somebody said by hand."""
    edition = access.edition_or_404(edition_id)
    number = access.possible(request.values.get("link", type=int) or abort(400))
    return _done(edition, "Taken back.", entry_links.undo, number)


def _done(edition: Edition, said: str, door: Callable[..., None], *about: Pair | int) -> ResponseReturnValue:
    """Keep it, and send whoever waited only for that."""
    edition_id = edition.edition_id
    address = f"/events/{edition_id}/matches"
    try:
        door(edition_id, *about, by=acting(), now=words.page_now())
    except entry_links.CannotLink as why:
        return hx.refused(str(why), address=address)
    jobs.send_start_lists(edition, acting(), words.page_now())
    return hx.did(said, address=address)


def _pair(prefix: str = "") -> Pair:
    """An entry and a registration as the pages name them."""
    contest = request.values.get("contest", type=int)
    given = [request.values.get(f"{prefix}{name}", "") for name in ("entry", "provider", "key")]
    if contest is None or not all(given):
        abort(400)
    entry, provider, key = given
    return Pair(contest_id=access.possible(contest), entry_key=entry, registration=(provider, key))
