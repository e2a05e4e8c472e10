"""Which awards were handed out on the stage: podiums as rows with a button each. A change of one of them is graver from then on."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from dashboard import access, hx, words
from dashboard.access import requires
from dashboard.acting import actor
from dashboard.results_scope import places, scored_or_404, zone_of
from dashboard.versions import base_of
from sync_jobs import approvals, assembling, versions
from sync_jobs.approvals import Refused
from sync_jobs.models import AwardGiven, HiddenName, ResultVersion, db
from sync_jobs.results import ANONYMOUS
from sync_jobs.review.awards import Award, holders
from sync_jobs.review.payload import is_shown
from sync_jobs.review.words import clock

pages = Blueprint("awards", __name__)
BASE = "/events/<int:edition_id>/results/<int:contest_id>/awards"
GROUPS = {("overall", ""): "Overall", ("gender", "F"): "Women", ("gender", "M"): "Men", ("gender", "X"): "Non-binary"}


@pages.get(BASE)
@requires("see_results")
def awards(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """The podiums of what is public, else of the newest version."""
    edition = access.edition_or_404(edition_id)
    contest = scored_or_404(edition, contest_id)
    version, is_public = _version(contest_id)
    given = {row.entry_key: row for row in db.session.scalars(select(AwardGiven).where(AwardGiven.contest_id == contest_id))}
    podiums = _podiums(version) if version else []
    return make_response(hx.lean(render_template(
        "awards/page.html", event=edition, contest=contest, base=base_of(edition, contest), zone=zone_of(edition), podiums=podiums,
        given=given, version=version, is_public=is_public, said=answer(podiums, given), plain=True,
    )))  # fmt: skip


@pages.post(BASE)
@requires("waive_results")
def handed_out(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """Somebody got theirs on the stage, or did not after all."""
    edition = access.edition_or_404(edition_id)
    address, entry = f"{base_of(edition, scored_or_404(edition, contest_id))}/awards", request.form.get("entry", "")
    by, now = actor(), words.page_now()
    try:
        if request.form.get("answer") == "back":
            approvals.take_hand_out_back(contest_id, entry, by, now)
        else:
            approvals.hand_out(contest_id, [entry], by, now)
    except Refused as why:
        return hx.refused(str(why), address=address)
    return hx.did("Noted.", address=address)


def _version(contest_id: int) -> tuple[ResultVersion | None, bool]:
    live = max((place.live_version_id or 0 for place in places(contest_id) if place.is_public), default=0)
    found = db.session.get(ResultVersion, live) if live else None
    return (found, True) if found else (versions.newest(contest_id), False)


def _podiums(kept: ResultVersion) -> list[dict[str, Any]]:
    """Each ranking with its award places."""
    version = versions.version_of(kept)
    facts = assembling.facts(kept.contest_id, rows=version.rows)
    mine = select(HiddenName.entry_key).where(HiddenName.contest_id == kept.contest_id, HiddenName.ended_at.is_(None))
    hidden = frozenset(db.session.scalars(mine))
    shown = {row.entry_key for row in version.rows if is_shown(row)}
    groups: dict[str, list[dict[str, Any]]] = {}
    for award, rows in holders(version, facts, shown).items():
        for row in rows:
            name = ANONYMOUS if row.entry_key in hidden else row.name or "Without a name"
            ms = row.time(facts.basis if award.kind != "division" else facts.division_basis)
            one = {
                "place": award.place,
                "said": award.said,
                "entry": row.entry_key,
                "name": name,
                "bib": row.bib,
                "time": clock(ms),
            }
            groups.setdefault(_group(award), []).append(one)
    return [{"name": name, "places": places_of} for name, places_of in groups.items()]


def _group(award: Award) -> str:
    return GROUPS.get((award.kind, award.group), award.group)


def answer(podiums: list[dict[str, Any]], given: dict[str, AwardGiven]) -> str:
    """The first line of the page."""
    entries = {one["entry"] for podium in podiums for one in podium["places"]}
    if not entries:
        return "There is no podium yet"
    done = len(entries & given.keys())
    return f"{words.counted(done, 'person has', 'people have')} their award, {len(entries) - done} to go"
