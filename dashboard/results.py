"""The results of one event: each scored distance with how it stands, how old, and what of it is public. Deciding is `review`'s."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from dashboard import access, hx, live, results_data, scope, words
from dashboard.access import requires
from dashboard.results_data import Line
from dashboard.results_scope import SEEN_AS, zone_of

pages = Blueprint("results", __name__)
NOBODY = 0  # no account: whoever asked, somebody else has to agree
STATES = {
    "pulled": ("wait", "being checked"), "blocked": ("bad", "a problem must be solved"),
    "needs_review": ("late", "waits for a word"), "cleared": ("good", "nothing to do"),
    "sent_back": ("wait", "sent back to the timer"), "rejected": ("bad", "rejected"),
}  # fmt: skip


@pages.get("/events/<int:edition_id>/results")
@requires("see_results")
def results(edition_id: int) -> ResponseReturnValue:
    """Every distance, live."""
    seen = live.look(visible=scope.edition_exists(edition_id))
    if seen.unchanged:
        return hx.nothing_new()
    edition = access.edition_or_404(edition_id)
    lines = results_data.of_edition(edition_id)
    states = {line.contest_id: state(line) for line in lines}
    shown = live.Live(
        title=f"Results of {edition.name}", said=answer(lines), token=seen.token, zone=zone_of(edition),
        worst=words.worst(*(one for one, _ in states.values())), seconds=_pace(lines),
    )  # fmt: skip
    return hx.page("results/_live.html", shown, event=edition, lines=lines, states=states, zone=zone_of(edition), seen_as=SEEN_AS)


def _pace(lines: list[Line]) -> float:
    moving = any(spot.publication_state in results_data.MOVING for line in lines for spot in line.spots)
    return live.BUSY if moving else live.CALM


def state(line: Line) -> tuple[str, str]:
    """How a distance stands: the shape's state and the words."""
    if line.version_id is None:
        return "wait", "no results yet"
    if any(spot.publication_state in results_data.MOVING for spot in line.spots):
        return "wait", "on its way"
    if any(spot.approval_state == "waiting" for spot in line.spots):
        return "wait", "waits for a second person"
    if not line.spots:
        return "late", "matched with no distance at registration"
    if line.state in results_data.ASKS and not line.waits:
        return STATES["cleared"]
    return STATES.get(line.state, ("wait", line.state))


def answer(lines: list[Line]) -> str:
    """The first line of the page."""
    if not lines:
        return "No distance is scored yet"
    waiting = (len([line for line in lines if line.waits]), "a word")
    second = (len([line for line in lines if line.second_for(NOBODY)]), "a second person")
    for many, whom in (waiting, second):
        if many:
            return f"{words.counted(many, 'distance')} {'waits' if many == 1 else 'wait'} for {whom}"
    if all(line.version_id is None for line in lines):
        return "No results have come yet"
    return "Nothing waits for a word"
