"""The two ways back: take down what is public, and publish an earlier version again. Each says first what it does, and asks why.

Both are doors of `sync_jobs.approvals`, which guards them; history is never rewritten.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, abort, make_response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from dashboard import access, hx, versions_data, words
from dashboard.access import requires
from dashboard.acting import actor
from dashboard.results_scope import SEEN_AS, Place, chosen, places, scored_or_404, zone_of
from dashboard.versions import WORDS, base_of, sections
from dashboard.versions_data import Shown
from sync_jobs import approvals, assembling
from sync_jobs.approvals import Blocked, Refused
from sync_jobs.approvals.base import MOST_WORDS
from sync_jobs.approvals.looking import spot_of
from sync_jobs.approvals.retracting import back_act
from sync_jobs.models import Contest, Edition, Publication, db
from sync_jobs.providers import label
from sync_jobs.review.lines import summary, total

pages = Blueprint("take_down", __name__)
BASE = "/events/<int:edition_id>/results/<int:contest_id>"
SAY_WHY = "Say why: it is kept with your name and the time."
NAME_TICKET = "Support takes results down on instruction: name the ticket's number."
DO_IT_FIRST = "Take them down there first, then tick this."
FEW = 6  # lines of one section beside a form
TOO_LONG = f"At most {MOST_WORDS} characters."


@pages.get(f"{BASE}/take-down")
@requires("retract_results")
def take_down(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """What is public, and what becomes of it."""
    edition = access.edition_or_404(edition_id)
    contest = scored_or_404(edition, contest_id)
    return _down_page(edition, contest, request.args.get("to", type=int))


@pages.post(f"{BASE}/take-down")
@requires("retract_results")
def pressed(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """Hide it. One person is enough."""
    edition = access.edition_or_404(edition_id)
    contest, base = scored_or_404(edition, contest_id), f"/events/{edition_id}/results/{contest_id}"
    to, reason = request.form.get("to", type=int), request.form.get("reason", "").strip()
    place = chosen(places(contest_id), to)
    wrong = _wrong(place, reason)
    if place is None or wrong:
        return _down_page(edition, contest, to, wrong=wrong, typed=reason, status=422)
    try:
        approvals.retract(place.destination_id, reason, actor(), words.page_now())
    except Refused as why:
        edition = access.edition_or_404(edition_id)
        return _down_page(edition, scored_or_404(edition, contest_id), to, refused=why.sentences, typed=reason, status=409)
    said = "Noted, with a receipt." if place.is_file else f"It is being hidden at {label(place.provider_name)}."
    return hx.went_on(said, base)


def _wrong(place: Place | None, reason: str) -> dict[str, str]:
    """What has to be put right, by field."""
    found = {}
    if place is None:
        found["to"] = "Choose what to take down."
    elif place.is_file and "done" not in request.form:
        found["done"] = DO_IT_FIRST
    if error := _of_reason(reason):
        found["reason"] = error
    elif access.current().role == "support" and not any(letter.isdigit() for letter in reason):
        found["reason"] = NAME_TICKET
    return found


def _of_reason(reason: str) -> str:
    return SAY_WHY if not reason else TOO_LONG if len(reason) > MOST_WORDS else ""


def _down_page(
    edition: Edition, contest: Contest, to: int | None, *, wrong: dict[str, str] | None = None, refused: Sequence[str] = (),
    typed: str = "", status: int = 200,
) -> ResponseReturnValue:  # fmt: skip
    found = places(contest.contest_id)
    moving = _moving(contest.contest_id)
    public = [place for place in found if place.is_public or place.destination_id in moving]
    chosen(found, to)  # 404 for one of another distance
    return make_response(hx.lean(render_template(
        "take_down/down.html", event=edition, contest=contest, base=base_of(edition, contest), places=public, to=to,
        moving=moving, seen_as=SEEN_AS, wrong=wrong or {}, refused=refused, typed=typed, most=MOST_WORDS, plain=True,
    )), status)  # fmt: skip


def _moving(contest_id: int) -> frozenset[int]:
    """Destinations to which something is on its way."""
    mine = select(Publication.destination_id).where(
        Publication.state.in_(("waiting", "publishing")), Publication.act != "retraction",
        Publication.destination_id.in_([place.destination_id for place in places(contest_id)]),
    )  # fmt: skip
    return frozenset(db.session.scalars(mine))


# Back to an earlier version


@pages.get(f"{BASE}/go-back")
@requires("approve_results")
def go_back(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """What the public would see again, and who has to stand behind it."""
    edition = access.edition_or_404(edition_id)
    contest = scored_or_404(edition, contest_id)
    version_id, to = request.args.get("version", type=int), request.args.get("to", type=int)
    return _back_page(edition, contest, version_id, to)


@pages.post(f"{BASE}/go-back")
@requires("approve_results")
def went_back(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """Ask for it, or do it, as for any correction."""
    edition = access.edition_or_404(edition_id)
    contest, base = scored_or_404(edition, contest_id), f"/events/{edition_id}/results/{contest_id}"
    version_id, to = request.form.get("version", type=int) or abort(400), request.form.get("to", type=int)
    reason = request.form.get("reason", "").strip()
    places_of = _once_public(contest_id, version_id)
    place = chosen([one for one, _ in places_of], to)
    wrong = {"to": "Choose where."} if place is None else {}
    wrong |= {"reason": error} if (error := _of_reason(reason)) else {}
    if place is None or wrong:
        return _back_page(edition, contest, version_id, to, wrong=wrong, typed=reason, status=422)
    try:
        approval = approvals.go_back(place.destination_id, version_id, reason, actor(), words.page_now())
    except Refused as why:
        edition = access.edition_or_404(edition_id)
        status = 422 if isinstance(why, Blocked) else 409
        return _back_page(
            edition, scored_or_404(edition, contest_id), version_id, to, refused=why.sentences, typed=reason, status=status
        )
    waits = (
        "It waits for a second person." if approval.not_before is None else "It goes out in half an hour, unless somebody stops it."
    )
    said = f"Asked for. {waits}" if approval.state == "waiting" else "It is on its way."
    return hx.went_on(said, f"{base}?version={version_id}&to={place.destination_id}")


def _once_public(contest_id: int, version_id: int) -> list[tuple[Place, Shown]]:
    """The destinations at which that version was public once and is not now. 404 where there is no such version."""
    access.possible(version_id)
    known = versions_data.number_of(contest_id, version_id) or abort(404)
    shown = {one.destination_id: one for one in versions_data.public(contest_id).get(version_id, [])}
    return [
        (place, shown[place.destination_id])
        for place in places(contest_id)
        if known and place.destination_id in shown and not place.is_ended
        and not (place.is_public and place.live_version_id == version_id)
    ]  # fmt: skip


def _back_page(
    edition: Edition, contest: Contest, version_id: int | None, to: int | None, *, wrong: dict[str, str] | None = None,
    refused: Sequence[str] = (), typed: str = "", status: int = 200,
) -> ResponseReturnValue:  # fmt: skip
    found = [] if version_id is None else _once_public(contest.contest_id, version_id)
    place = chosen([one for one, _ in found], to)
    more = {} if place is None or version_id is None else _what(edition, contest.contest_id, place, version_id)
    return make_response(hx.lean(render_template(
        "take_down/back.html", event=edition, contest=contest, base=base_of(edition, contest), found=found, place=place,
        version_id=version_id, number=versions_data.number_of(contest.contest_id, version_id) if version_id else None,
        zone=zone_of(edition), wrong=wrong or {}, refused=refused, typed=typed, most=MOST_WORDS, plain=True, seen_as=SEEN_AS,
        word_states=WORDS, **{"sections": [], "says": "", "total": "", "act": "", "second": False, **more},
    )), status)  # fmt: skip


def _what(edition: Edition, contest_id: int, place: Place, version_id: int) -> dict[str, Any]:
    """What the public would see change, and as what it would go out."""
    act = back_act(spot_of(db.session(), place.destination_id))
    policy = assembling.policy_of(edition.timing_partner_id or 0, edition.edition_id)
    second = act == "correction" and policy.second_person
    if not place.is_public or place.live_version_id is None:
        return {"act": act, "second": second}
    compared = versions_data.compare(contest_id, place.live_version_id, version_id)
    return {
        "act": act, "second": second, "sections": sections(compared, None, 0, FEW), "says": summary(compared.found),
        "total": total(compared.found),
    }  # fmt: skip
