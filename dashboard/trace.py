"""Where is somebody? One field for a name, a bib or an id, and the path of each who fits across both sides, on one page.

Who looks is noted before anything is shown (`look_ups`); finding and joining is `trace_data`'s. Partners search their own.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from dashboard import access, live, look_ups, trace_data, words
from dashboard.access import requires
from dashboard.trace_data import Seen, Trace
from sync_jobs import person_search, tracing
from sync_jobs.kit import durations
from sync_jobs.models import Edition
from sync_jobs.providers import label
from sync_jobs.tracing import Meant

pages = Blueprint("trace", __name__)
METHODS = {
    "external_id": "by the id that the entry carries", "bib_and_name": "by bib and name", "bib_only": "by the bib alone",
    "name_and_birth": "by name and date of birth", "by_hand": "by hand", "pushed": "as scoring confirmed it",
}  # fmt: skip
ENDED = {
    "gone": "one of the two was gone", "moved": "they changed the distance", "replaced": "another link took its place",
    "map": "the distances were matched anew", "undone": "it was taken back", "parted": "they are two people",
}  # fmt: skip
STANDS = {
    "FINISHED": "finished", "RUNNING": "still running", "NOT_SEEN": "not seen yet", "DNF": "did not finish (DNF)",
    "DNS": "did not start (DNS)", "DQ": "disqualified (DQ)", "NC": "takes part without being ranked", "OTL": "after the time limit",
    "HELD": "under review", None: "with a status that we do not know",
}  # fmt: skip
TOLD = {
    "sent": ("wait", "Told to scoring"), "in_file": ("wait", "Put into a file for scoring"), "there": ("good", "Known to scoring"),
    "refused": ("bad", "Refused by scoring"), "waiting": ("late", "Waits for a word before it goes to scoring"),
    "approved": ("wait", "Goes to scoring with the next sending"), "declined": ("wait", "Left as it is at scoring"),
    "withdrawn": ("wait", "Taken off the list at scoring"),
}  # fmt: skip
OVER = "That search is over. Search again: each search is noted."
TOO_SHORT = "Type a bib, an id, or at least two letters of a last name."


@pages.get("/trace")
@requires("see_trace")
def trace() -> ResponseReturnValue:
    """The field, and what the last search found. It looks for nobody by itself."""
    return _page(None)


@pages.post("/trace")
@requires("see_trace")
def search() -> ResponseReturnValue:
    """Note who looks for whom, then show it."""
    return _search(None)


@pages.get("/events/<int:edition_id>/trace")
@requires("see_trace")
def trace_in_event(edition_id: int) -> ResponseReturnValue:
    """The same within one event."""
    return _page(access.edition_or_404(edition_id))


@pages.post("/events/<int:edition_id>/trace")
@requires("see_trace")
def search_in_event(edition_id: int) -> ResponseReturnValue:
    """The same within one event, where a first name is enough."""
    return _search(access.edition_or_404(edition_id))


def _search(edition: Edition | None) -> ResponseReturnValue:
    meant = tracing.understand(request.form.get("q", ""))
    edition_id, partner = (edition.edition_id, edition.timing_partner_id) if edition else (None, access.own_partner())
    if meant.is_nothing:
        return _page(edition, wrong=TOO_SHORT, typed=meant.words, status=422)
    found = _look(meant, edition_id, partner)
    number = look_ups.note(meant.words, len(found.people), words.page_now(), partner=partner, edition_id=edition_id)
    return redirect(f"{_place(edition_id)}?look={number}", 303)


def _look(meant: Meant, edition_id: int | None, partner: int | None) -> Trace:
    return trace_data.look(meant, person_search.partners() if partner is None else [partner], edition_id)


def _place(edition_id: int | None) -> str:
    return "/trace" if edition_id is None else f"/events/{edition_id}/trace"


def _page(edition: Edition | None, *, wrong: str = "", typed: str = "", status: int = 200) -> ResponseReturnValue:
    event = {"name": edition.name, "edition_id": edition.edition_id} if edition else None
    edition_id, partner = (edition.edition_id, edition.timing_partner_id) if edition else (None, access.own_partner())
    number, found = request.args.get("look", type=int), None
    looked = look_ups.words_of(number, words.page_now(), edition_id) if number is not None else None
    if looked is not None:
        found, typed = _look(tracing.understand(looked), edition_id, partner), looked
    elif number is not None:
        wrong = OVER
    return render_template(
        "trace/page.html", event=event, place=_place(edition_id), found=found, wrong=wrong,
        typed=typed or request.args.get("q", "")[: tracing.LONGEST], said=answer(found, typed), where=where, methods=METHODS,
        ended=ENDED, stands=STANDS, told=TOLD, written=durations.written, house_zone=live.HOUSE_ZONE,
        shows_partner=access.own_partner() is None, most=trace_data.MOST,
    ), status  # fmt: skip


def answer(found: Trace | None, typed: str) -> str:
    """The first line of the page."""
    if found is None:
        return "Where is somebody?"
    if not found.people:
        return f"Nobody fits “{typed}”"
    if len(found.people) == 1:
        return f"{name(found.people[0])}: {where(found.people[0])[1]}"
    many = f"More than {trace_data.MOST} people" if found.has_more else words.counted(len(found.people), "person", "people")
    return f"{many} fit “{typed}”"


def name(seen: Seen) -> str:
    """As registration has them, else scoring."""
    who = seen.path.who
    return f"{who.first_name} {who.last_name}".strip() or "Without a name"


def where(seen: Seen) -> tuple[str, str]:
    """How far they got: the shape's state, and in words."""
    registration = seen.path.registration
    present = [one for one in seen.entries if one.listed.entry.gone_at is None]
    if timed := next((one for one in present if one.finish and one.finish.has_time and one.status == "FINISHED"), None):
        return "good", _finished(timed.finish)
    if present:
        state = "late" if registration is None or registration.gone_at or present[0].status is None else "good"
        lost = "" if registration else ", not registered" if present[0].listed.entry.carried is None else ", no longer registered"
        return state, f"on the list at {label(present[0].listed.entry.provider_name)}, {STANDS[present[0].status]}{lost}"
    if registration is None or registration.gone_at is not None:
        return "wait", "no longer there"
    if seen.lines:
        state, said = TOLD[seen.lines[-1].line_state]
        if seen.lines[-1].line_state == "there":
            return "late", "registered, and taken off the list at scoring"
        return state, f"registered, {said[0].lower()}{said[1:]}"
    return (
        "late",
        "registered, not sent to scoring yet" if seen.is_mapped else "registered, and the distance is not matched with scoring",
    )


def _finished(finish: Any) -> str:
    ms = finish.chip_ms if finish.chip_ms is not None else finish.gun_ms
    time = f"finished in {durations.written(ms)}" if ms is not None else "finished, with a time that cannot be read"
    return f"{time}, place {finish.place}" if finish.place else time
