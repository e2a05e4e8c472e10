"""Both sides of an event, person by person: how many stand at each step of each distance, and by name where the sides differ.

Counting and comparing is `sync_jobs.reconciliation`'s. The page changes nothing; taking its names away as a file is noted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from dashboard import csv_file, live, look_ups, reconciliation_data, words
from dashboard.access import edition_or_404, requires
from dashboard.reconciliation_data import Board, Distance
from sync_jobs.models import Edition
from sync_jobs.providers import label
from sync_jobs.reconciliation import Difference, grouped

pages = Blueprint("reconciliation", __name__)
SHOWN = 12  # people of one reason in one distance
LISTS = (
    ("missing", "Registered, not at scoring"), ("unregistered", "At scoring, not registered"),
    ("without_result", "At scoring, without a result"), ("without_entry", "A result, but not at scoring"),
)  # fmt: skip
SAYS = {
    "refused": "Refused", "waiting": "Waiting for a word", "doubtful": "Somebody very like them is on the list already",
    "taken_off": "Taken off the list at scoring", "declined": "Left off, as somebody decided", "elsewhere": "On another list there",
    "not_sent": "Not sent yet", "in_file": "In a file", "sent": "Sent, not seen there yet",
    "twice": "A second entry with the same id", "other_distance": "Registered for another distance",
    "over": "Not registered any more", "unknown_id": "Carries an id of nobody who is registered for this event",
    "no_id": "Without an id, and nobody who is registered fits",
    "unknown": "With a status that we do not know", "RUNNING": "Still running", "HELD": "Under review",
    "FINISHED": "Finished, without a time", "NOT_SEEN": "Not seen yet", "NC": "Not ranked, without a time",
    "OTL": "After the time limit", "DNF": "Did not finish (DNF)", "DQ": "Disqualified (DQ)", "DNS": "Did not start (DNS)",
    "no_entry": "Nobody on the list has this result",
}  # fmt: skip
STATES = {
    "refused": "bad", "waiting": "late", "doubtful": "late", "taken_off": "late", "elsewhere": "late", "not_sent": "late",
    "twice": "late", "other_distance": "late", "over": "late", "unknown_id": "late", "no_id": "late", "no_entry": "late",
    "unknown": "late", "DNF": "good", "DQ": "good", "DNS": "good", "declined": "good",
}  # fmt: skip
PARTS = (
    ("result", "good", "with a result"), ("list", "calm", "on the list"), ("told", "wait", "on their way"),
    ("refused", "bad", "refused"), ("not", "late", "not there"),
)  # fmt: skip
WHY_ALONE = {
    "registration": "Who signs up here is on no start list, and gets no result.",
    "scoring": "Who stands here is matched with nobody, and their results go nowhere.",
}
NOT_MATCHED = "Its distance is not matched with scoring"
BAR = 1000  # how wide a bar is drawn, before it is fitted
HEAD = (
    "Distance at scoring", "Difference", "Reason", "Detail", "First name", "Last name", "Bib", "Registered at", "Registration id",
    "Registered for", "Entry id", "Id at scoring", "Status at scoring",
)  # fmt: skip


@pages.get("/events/<int:edition_id>/reconciliation")
@requires("see_reconciliation")
def reconciliation(edition_id: int) -> ResponseReturnValue:
    """Every distance of the map, and what is outside of it."""
    edition = edition_or_404(edition_id)
    name, zone, board = edition.name, edition.timezone or live.HOUSE_ZONE, _read(edition)
    return render_template(
        "reconciliation/page.html", event={"name": name, "edition_id": edition_id}, zone=zone, board=board, said=answer(board),
        worst="late" if board.off or board.open or board.unplaced else "good" if board.distances else "wait", lists=LISTS,
        says=SAYS, states=STATES, shown=SHOWN, grouped=grouped, detail=lambda one: detail(one, board), parts=divided,
        why_alone=WHY_ALONE,
    )  # fmt: skip


@pages.post("/events/<int:edition_id>/reconciliation")
@requires("see_reconciliation")
def as_file(edition_id: int) -> Response:
    """All differences by name, to be kept; that somebody took them is noted."""
    edition = edition_or_404(edition_id)
    partner, now, board = edition.timing_partner_id, words.page_now(), _read(edition)
    rows = list(_rows(board))
    look_ups.note("differences as a file", len(rows), now, partner=partner, edition_id=edition_id)
    return csv_file.answer(f"differences-event-{edition_id}-{now:%Y%m%d-%H%M}.csv", HEAD, rows)


def _read(edition: Edition) -> Board:
    return reconciliation_data.read(edition.timing_partner_id or 0, edition.edition_id, words.page_now())


def answer(board: Board) -> str:
    """The first line of the page."""
    if not board.distances:
        return "No distance is matched with scoring yet"
    if board.off:
        return words.counted(board.off, "person is on one side only", "people are on one side only")
    both = sum(one.found.both for one in board.distances)
    return f"Both sides agree, {words.plural(both, 'person', 'people')}"


def divided(distance: Distance) -> list[dict[str, Any]]:
    """The bar of everybody registered: where each part begins, how wide it is, and what it is in words."""
    many, total, at = dict(distance.found.bar), distance.found.registered, 0
    parts = []
    for key, state, said in PARTS:
        if many[key]:
            end = at + many[key]
            left = BAR * at // total
            parts.append({"x": left, "width": BAR * end // total - left, "state": state, "said": said, "many": many[key]})
            at = end
    return parts


def detail(one: Difference, board: Board) -> str:
    """What more is to be said of one person."""
    if one.instead is not None:
        return _name(board, one.instead)
    if one.reason == "declined" and one.told:
        return f"said by {one.told.decided_by}" if one.told.decided_by else ""
    if one.reason in {"refused", "waiting"} and one.told:
        return one.told.why or "without a reason"
    if one.reason == "unknown" and one.entry:
        return f"“{one.entry.status}”"
    if one.reason in {"unknown_id", "over", "twice"} and one.entry:
        return one.entry.external_id or ""
    return ""


def _name(board: Board, contest_id: int) -> str:
    contest = board.contests.get(contest_id)
    return f"{label(contest.provider_name)}: {contest.name or 'without a name'}" if contest else ""


def _rows(board: Board) -> Iterator[tuple[object, ...]]:
    """Everybody in whom the sides differ, also those whom nobody has matched a distance for."""
    for distance in board.distances:
        for kind, title in LISTS:
            for one in getattr(distance.found, kind):
                yield (distance.contest.name, title, _reason(one, board), detail(one, board), *_person(one, board))
    outside = [("Its provider does not say for which distance", one) for one in board.unplaced]
    outside += [(NOT_MATCHED, one) for alone in board.open for one in alone.registrations]
    for reason, registration in outside:
        yield ("", LISTS[0][1], reason, "", *_person(Difference(reason="not_sent", registration=registration), board))


def _reason(one: Difference, board: Board) -> str:
    file = board.files.get(one.told.file_id or 0) if one.told and one.reason == "in_file" else None
    return f"In the file {file.name} of {words.iso(file.made_at)}" if file else SAYS[one.reason]


def _person(one: Difference, board: Board) -> tuple[object, ...]:
    who, registration, entry = one.who, one.registration, one.entry
    here: tuple[object, ...] = ("", "", "")
    if registration is not None:
        here = (label(registration.provider_name), registration.external_id, _name(board, registration.contest_id or 0))
    there: tuple[object, ...] = (one.finish.entry_key if one.finish else "", "", "")
    if entry is not None:
        there = (entry.key, entry.external_id, entry.status)
    return (who.first_name, who.last_name, who.bib, *here, *there)
