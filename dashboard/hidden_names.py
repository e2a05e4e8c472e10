"""Somebody who is not to be named: found by bib or name, hidden with a reason, shown again. Rank and time stay.

A search is noted before anything is shown (`look_ups`). Keeping it is `sync_jobs.approvals`' business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from dashboard import access, hx, look_ups, words
from dashboard.access import requires
from dashboard.acting import actor
from dashboard.results_scope import places, scored_or_404, zone_of
from dashboard.versions import base_of
from sync_jobs import approvals, versions
from sync_jobs.approvals import Refused
from sync_jobs.approvals.base import MOST_WORDS
from sync_jobs.models import Contest, Edition, HiddenName, db
from sync_jobs.results import ResultRow
from sync_jobs.review.words import clock, ordinal, standing

pages = Blueprint("hidden_names", __name__)
BASE = "/events/<int:edition_id>/results/<int:contest_id>/names"
SHOWN, LONGEST, SHORT = 12, 80, 3
OVER = "That search is over. Search again: each search is noted."
TOO_SHORT = "Type a bib, or a name."
SAY_WHO = "Say who asked for it."
NO_NAME = "Leave the name out of the reason: it would be kept."


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What somebody looked for, and who fits."""

    number: int
    typed: str
    rows: Sequence[ResultRow]


@pages.get(BASE)
@requires("retract_results")
def names(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """Whose names are hidden, the field, and what the last search found."""
    edition = access.edition_or_404(edition_id)
    return _page(edition, scored_or_404(edition, contest_id))


@pages.post(BASE)
@requires("retract_results")
def search(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """Note who looks for whom, then show it."""
    edition = access.edition_or_404(edition_id)
    contest = scored_or_404(edition, contest_id)
    typed = " ".join(request.form.get("q", "").split())[:LONGEST]
    if not typed:
        return _page(edition, contest, wrong=TOO_SHORT, status=422)
    partner, base = edition.timing_partner_id, base_of(edition, contest)
    found = _fitting(contest_id, typed)
    number = look_ups.note(typed, len(found), words.page_now(), partner=partner, edition_id=edition_id)
    return redirect(f"{base}/names?look={number}", 303)


@pages.post(f"{BASE}/hide")
@requires("retract_results")
def hide(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """One person's name, everywhere and in every version."""
    edition = access.edition_or_404(edition_id)
    contest, entry = scored_or_404(edition, contest_id), request.form.get("entry", "")
    reason, address = request.form.get("reason", "").strip(), f"{base_of(edition, contest)}/names"
    if error := _wrong(contest_id, entry, reason):
        return _page(edition, contest, wrong_of={entry: error}, typed_reason=reason, status=422)
    try:
        approvals.hide_name(contest_id, entry, reason, actor(), words.page_now())
    except Refused as why:
        return hx.refused(str(why), address=address)
    return hx.did("Hidden here at once; for the public with the next publication.", address=address)


@pages.post(f"{BASE}/show")
@requires("retract_results")
def show(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """They may be named again."""
    edition = access.edition_or_404(edition_id)
    address = f"{base_of(edition, scored_or_404(edition, contest_id))}/names"
    try:
        approvals.show_name(contest_id, request.form.get("entry", ""), actor(), words.page_now())
    except Refused as why:
        return hx.refused(str(why), address=address)
    return hx.did("They are named again with the next publication.", address=address)


def _wrong(contest_id: int, entry: str, reason: str) -> str:
    """What is wrong with a reason: it is kept for good, so it must not tell whom it is about."""
    if not reason:
        return SAY_WHO
    if len(reason) > MOST_WORDS:
        return f"At most {MOST_WORDS} characters."
    row = next((row for row in _rows(contest_id) if row.entry_key == entry), None)
    parts = {part for part in (row.name if row else "").casefold().split() if len(part) >= SHORT}
    said = {part.strip(".,;:!?()“”\"'’s") for part in reason.casefold().split()}
    return NO_NAME if parts & (said | set(reason.casefold().split())) else ""


def _rows(contest_id: int) -> Sequence[ResultRow]:
    newest = versions.newest(contest_id)
    return versions.version_of(newest).rows if newest else ()


def _fitting(contest_id: int, typed: str) -> list[ResultRow]:
    """A bib whole, a name by the beginnings of its words."""
    asked = typed.casefold().split()
    return [
        row
        for row in _rows(contest_id)
        if (row.bib or "").casefold() == typed.casefold()
        or all(any(part.startswith(word) for part in row.name.casefold().split()) for word in asked)
    ]


def _looked(edition_id: int, contest_id: int) -> Looked | str | None:
    """The search that the address names; a sentence where it is over."""
    number = request.values.get("look", type=int)
    if number is None:
        return None
    typed = look_ups.words_of(number, words.page_now(), edition_id)
    return OVER if typed is None else Looked(number=number, typed=typed, rows=_fitting(contest_id, typed))


def _page(
    edition: Edition, contest: Contest, *, wrong: str = "", wrong_of: dict[str, str] | None = None, typed_reason: str = "",
    status: int = 200,
) -> ResponseReturnValue:  # fmt: skip
    looked = _looked(edition.edition_id, contest.contest_id)
    wrong, looked = (looked, None) if isinstance(looked, str) else (wrong, looked)
    mine = select(HiddenName).where(HiddenName.contest_id == contest.contest_id, HiddenName.ended_at.is_(None))
    hidden = list(db.session.scalars(mine.order_by(HiddenName.hidden_id.desc())))
    bibs = {row.entry_key: row.bib for row in _rows(contest.contest_id)} if hidden else {}
    return make_response(hx.lean(render_template(
        "hidden_names/page.html", event=edition, contest=contest, base=base_of(edition, contest), zone=zone_of(edition),
        hidden=hidden, bibs=bibs, looked=looked, wrong=wrong, wrong_of=wrong_of or {}, typed_reason=typed_reason,
        shown=SHOWN, most=MOST_WORDS, says=says, said=answer(hidden, looked), plain=True,
        is_public=any(place.is_public for place in places(contest.contest_id)),
        hidden_keys={one.entry_key for one in hidden},
    )), status)  # fmt: skip


def answer(hidden: Sequence[HiddenName], looked: Looked | None) -> str:
    """The first line of the page."""
    if looked is not None:
        return f"{words.counted(len(looked.rows), 'person fits', 'people fit')} “{looked.typed}”"
    return f"{words.counted(len(hidden), 'name is', 'names are')} hidden"


def says(row: ResultRow) -> str:
    """What stays public of somebody."""
    ms = row.chip_ms if row.chip_ms is not None else row.gun_ms
    said = [standing(row.status)] if row.status != "FINISHED" else []
    said += [clock(ms)] if ms is not None else []
    return ", ".join([*said, *([f"{ordinal(row.place)} place"] if row.place else [])])
