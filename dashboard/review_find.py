"""Is somebody in these results, and if not, why not? By bib or name; who looks is noted, as everywhere (`look_ups`)."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from dashboard import look_ups, review_shapes, trace_data, words
from dashboard.access import requires
from dashboard.review import BASE, Asked, asked_for
from dashboard.trace_data import Seen
from sync_jobs import approvals, tracing
from sync_jobs.approvals import Screen
from sync_jobs.approvals.base import MOST_WORDS
from sync_jobs.results import Published, Registered, ResultRow
from sync_jobs.review import REASONS
from sync_jobs.review.words import clock
from sync_jobs.tracing import Meant, Start

pages = Blueprint("review_find", __name__)
MOST = 20
OVER = "That search is over. Search again: each search is noted."
TOO_SHORT = "Type a bib, or at least two letters of a name."


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Somebody who fits: their row, what would be public of it, or why it is not."""

    row: ResultRow
    registered: Registered | None
    published: Published | None
    why: str | None  # it is not public
    is_held: bool


@dataclass(frozen=True, slots=True)
class Found:
    """Everybody who fits, in these results and outside of them."""

    rows: list[Hit] = field(default_factory=list)
    elsewhere: list[Seen] = field(default_factory=list)  # people of the event without a row here
    has_more: bool = False


@pages.get(f"{BASE}/find")
@requires("see_results")
def find(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """The field, and what the last search found."""
    return _page(asked_for(edition_id, contest_id))


@pages.post(f"{BASE}/find")
@requires("see_results")
def search(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """Note who looks for whom, then show it."""
    asked = asked_for(edition_id, contest_id)
    meant = tracing.understand(request.form.get("q", ""))
    if meant.is_nothing:
        return _page(asked, wrong=TOO_SHORT, typed=meant.words, status=422)
    found = _look(meant, _screen(asked), asked)
    many, partner = len(found.rows) + len(found.elsewhere), asked.edition.timing_partner_id
    number = look_ups.note(meant.words, many, words.page_now(), partner=partner, edition_id=edition_id)
    return redirect(f"{asked.base}/find?{_query(asked)}look={number}", 303)


def _query(asked: Asked) -> str:
    given = (("version", asked.version_id), ("to", asked.destination_id))
    return "".join(f"{name}={value}&" for name, value in given if value is not None)


def _page(asked: Asked, *, wrong: str = "", typed: str = "", status: int = 200) -> ResponseReturnValue:
    number, found = request.args.get("look", type=int), None
    screen = _screen(asked)
    looked = look_ups.words_of(number, words.page_now(), asked.edition.edition_id) if number is not None else None
    if looked is not None:
        found, typed = _look(tracing.understand(looked), screen, asked), looked
    elif number is not None:
        wrong = OVER
    return render_template(
        "review/find.html", plain=True, asked=asked, base=asked.base, pin=_query(asked).rstrip("&"), screen=screen, found=found,
        wrong=wrong, typed=typed, said=answer(found, typed), clock=clock, reasons=REASONS, most=MOST_WORDS,
        splits=review_shapes.course, shown=MOST,
    ), status  # fmt: skip


def _screen(asked: Asked) -> Screen:
    return approvals.screen(asked.contest.contest_id, asked.destination_id, asked.version_id, words.page_now())


def answer(found: Found | None, typed: str) -> str:
    """The first line of the page."""
    if found is None:
        return "Who is not in it?"
    if not found.rows:
        return f"Nobody in these results fits “{typed}”"
    hit = found.rows[0]
    if len(found.rows) > 1:
        return f"{words.counted(len(found.rows), 'row')} fit “{typed}”"
    name = hit.row.name or f"Bib {hit.row.bib}"
    return f"{name} is in it" if hit.published else f"{name} does not go out"


def _look(meant: Meant, screen: Screen, asked: Asked) -> Found:
    out = {one.entry_key: one for one in screen.payload if one.entry_key}
    why = {one.row.entry_key: one.sentence for one in screen.kept_back}
    held = {one.entry_key for one in screen.holds}
    rows = [row for row in screen.by_entry.values() if _fits(row, screen.registered.get(row.entry_key), meant)]
    hits = [
        Hit(
            row=row, registered=screen.registered.get(row.entry_key), published=out.get(row.entry_key), why=why.get(row.entry_key),
            is_held=row.entry_key in held,
        )
        for row in rows[:MOST]
    ]  # fmt: skip
    return Found(hits, _elsewhere(meant, screen, asked), has_more=len(rows) > MOST)


def _fits(row: ResultRow, one: Registered | None, meant: Meant) -> bool:
    if meant.number and meant.number in {row.bib, row.entry_key, one.bib if one else None, one.key if one else None}:
        return True
    names = [(row.first_name, row.last_name), *([(one.first_name, one.last_name)] if one else [])]
    return any(_is_named(first, last, start) for start in meant.starts for first, last in names)


def _is_named(first: str, last: str, start: Start) -> bool:
    begins = last.casefold().startswith(start.last.casefold())
    if not start.first:
        return begins or first.casefold().startswith(start.last.casefold())
    return begins and first.casefold().startswith(start.first.casefold())


def _elsewhere(meant: Meant, screen: Screen, asked: Asked) -> list[Seen]:
    """Whoever of the event fits and has no row here: registered only, or running another distance."""
    trace = trace_data.look(meant, [asked.edition.timing_partner_id or 0], asked.edition.edition_id)
    return [
        seen for seen in trace.people if not any(on.listed.entry.key in screen.by_entry for on in seen.entries)
    ]  # fmt: skip
