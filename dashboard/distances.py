"""The map of an event's distances: which of the registration side is which of scoring; proof first, then a person's word.

Likeness and what depends on a pair is `contest_map`'s. Directors look; the timing partner decides, or support for them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from dashboard import access, distances_data, distances_proof, hx, live, scope, words
from dashboard.access import requires
from dashboard.distances_data import Map
from sync_jobs import contest_map, jobs
from sync_jobs.models import Contest, ContestPair, Edition, db

pages = Blueprint("distances", __name__)

WHY_ALONE = {
    "registration": "Who signs up here is on no start list, and gets no result.",
    "scoring": "Who stands here is matched with nobody, and their results go nowhere.",
}


@pages.get("/events/<int:edition_id>/distances")
@requires("see_distances")
def distances(edition_id: int) -> ResponseReturnValue:
    """How the distances of both sides belong together, live."""
    seen = live.look(visible=scope.edition_exists(edition_id))
    if seen.unchanged:
        return hx.nothing_new()
    edition, found = access.edition_or_404(edition_id), distances_data.read(edition_id, words.page_now())
    zone = edition.timezone or live.HOUSE_ZONE
    shown = live.Live(
        title=f"Distances of {edition.name}", said=answer(found), token=seen.token, zone=zone,
        worst="late" if found.open and len(found.sides) > 1 else "good",
    )  # fmt: skip
    return hx.page("distances/_live.html", shown, event=edition, map=found, zone=zone, why_alone=WHY_ALONE)


def answer(found: Map) -> str:
    """The first line of the page."""
    if not found.sides:
        return "No distances are known yet"
    if len(found.sides) < 2:
        missing = "scoring system" if "registration" in found.sides else "registration provider"
        return f"No {missing} is linked to this event yet"
    if found.open:
        return f"{words.counted(found.open, 'distance')} {'waits' if found.open == 1 else 'wait'} for a word"
    return "Every distance has its counterpart"


@pages.get("/events/<int:edition_id>/distances/pair")
@requires("map_distances")
def pair(edition_id: int) -> ResponseReturnValue:
    """Two distances beside each other, and what proves that they are the same; or the choice of two."""
    return _proof(access.edition_or_404(edition_id), request.args)


@pages.post("/events/<int:edition_id>/distances/pair")
@requires("map_distances")
def confirm(edition_id: int) -> ResponseReturnValue:
    """These two are the same."""
    edition, given = access.edition_or_404(edition_id), request.form
    ours, theirs = _number("ours"), _number("theirs")
    instead = given.get("instead", type=int)
    try:
        contest_map.confirm(
            edition_id, ours, theirs, by=acting(), now=words.page_now(), looked="looked" in given,
            instead_of=None if instead is None else access.possible(instead), reason=given.get("reason"),
        )  # fmt: skip
    except contest_map.NeedsReason as why:
        return _proof(edition, given, unsaid=str(why), status=422)
    except contest_map.CannotMap as why:
        return _proof(edition, given, wrong=str(why), status=422)
    jobs.send_start_lists(edition, acting(), words.page_now())
    return hx.did("They are the same now. People of both sides were matched.", address=_back(edition_id))


def _proof(edition: Edition, given: Any, *, wrong: str = "", unsaid: str = "", status: int = 200) -> ResponseReturnValue:
    edition_id, zone = edition.edition_id, edition.timezone or live.HOUSE_ZONE
    ours, theirs, instead = (given.get(name, type=int) for name in ("ours", "theirs", "instead"))
    choice = distances_proof.choices(edition_id)
    known = {one.contest_id for one in (*choice.ours, *choice.theirs)}
    proved = None
    if ours in known and theirs in known:
        try:
            proved = distances_proof.prove(edition, ours, theirs, instead, words.page_now())
        except contest_map.CannotMap as why:
            wrong, status = str(why), 422
    return render_template(
        "distances/pair.html", event=edition, zone=zone, choice=choice, proof=proved, ours=ours, theirs=theirs, instead=instead,
        wrong=wrong, length=distances_proof.length, unsaid=unsaid, reason=given.get("reason", ""), looked="looked" in given,
        most=contest_map.MOST_REASON,
    ), status  # fmt: skip


@pages.post("/events/<int:edition_id>/distances/suggest")
@requires("map_distances")
def suggest(edition_id: int) -> ResponseReturnValue:
    """Look again which are probably the same."""
    access.edition_or_404(edition_id)
    found = contest_map.suggest(edition_id, words.page_now())
    said = f"{words.counted(found, 'suggestion')} now." if found else "Nothing looks alike enough to be suggested."
    return hx.did(said, kind="good" if found else "wait", address=_back(edition_id))


Doors = dict[str, tuple[Callable[..., None], str, str, str]]
DOORS: Doors = {
    "leave-out": (contest_map.ignore, "contest", "Leave it out", "It is left out."),
    "refuse": (contest_map.refuse, "pair", "Not the same", "They are not the same. It is not suggested again."),
    "undo": (contest_map.undo, "pair", "Take it back", "Taken back. It stands as before."),
}
"""What one press says: the door, what it is about, the word on the button, and the sentence afterwards."""


@pages.post("/events/<int:edition_id>/distances/leave-out")
@requires("map_distances")
def leave_out(edition_id: int) -> ResponseReturnValue:
    """This one has no counterpart, and needs none."""
    return _done(edition_id, "leave-out")


@pages.post("/events/<int:edition_id>/distances/refuse")
@requires("map_distances")
def refuse(edition_id: int) -> ResponseReturnValue:
    """These two are not the same."""
    return _done(edition_id, "refuse")


@pages.post("/events/<int:edition_id>/distances/undo")
@requires("map_distances")
def undo(edition_id: int) -> ResponseReturnValue:
    """Take the last word about a pair back."""
    return _done(edition_id, "undo")


def _done(edition_id: int, what: str) -> ResponseReturnValue:
    edition = access.edition_or_404(edition_id)
    door, which, _, said = DOORS[what]
    number = _number(which)
    try:
        door(edition_id, number, by=acting(), now=words.page_now(), reason=request.form.get("reason"))
    except contest_map.NeedsReason as why:
        return _unsaid(edition, what, number, str(why))
    except contest_map.CannotMap as why:
        return hx.refused(str(why), address=_back(edition_id))
    jobs.send_start_lists(edition, acting(), words.page_now())
    return hx.did(said, address=_back(edition_id))


def _unsaid(edition: Edition, what: str, number: int, wrong: str) -> ResponseReturnValue:
    """It has started and nobody said why: the page that asks, with what was typed."""
    if hx.is_htmx():
        there = url_for("distances.why", edition_id=edition.edition_id, do=what, of=number)
        return Response(status=422, headers={"HX-Redirect": there})
    return _why(edition, what, number, wrong), 422


@pages.get("/events/<int:edition_id>/distances/why")
@requires("map_distances")
def why(edition_id: int) -> ResponseReturnValue:
    """The page that asks why the map changes after the start."""
    edition, number = access.edition_or_404(edition_id), request.args.get("of", type=int)
    what = request.args.get("do", "")
    if what not in DOORS or number is None:  # an address that somebody shortened
        return render_template("distances/why.html", event=edition, do=None)
    return _why(edition, what, access.possible(number), "")


def _why(edition: Edition, what: str, number: int, wrong: str) -> str:
    _, which, word, _ = DOORS[what]
    return render_template(
        "distances/why.html", event=edition, do=what, which=which, word=word, number=number, wrong=wrong,
        about=_names(edition, which, number), reason=request.form.get("reason", ""), most=contest_map.MOST_REASON,
    )  # fmt: skip


def _names(edition: Edition, which: str, number: int) -> str:
    """What it is about: both distances of a pair, or one."""
    ids: tuple[int | None, ...] = (number,)
    if which == "pair":
        found = db.session.get(ContestPair, number)
        ids = (found.registration_contest_id, found.scoring_contest_id) if found else ()
    contests = [contest for one in ids if one is not None and (contest := db.session.get(Contest, one))]
    if not contests or any(contest.edition_id != edition.edition_id for contest in contests):
        abort(404)
    return " and ".join(f"{contest.name or 'Without a name'} ({words.provider(contest.provider_name)})" for contest in contests)


def acting() -> str:
    """Who decides, as it is kept: support and administrators act for the timing partner, and it says so."""
    person = access.current()
    return person.name if person.role in access.PARTNER_ROLES else f"{person.name} ({person.role})"


def _number(name: str) -> int:
    """An id that a page of ours sent."""
    number: int | None = request.form.get(name, type=int)
    return access.possible(number) if number is not None else abort(400)


def _back(edition_id: int) -> str:
    return f"/events/{edition_id}/distances"
