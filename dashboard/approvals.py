"""What waits for a word of a director or partner, newest first. It is only opened from here: nothing is approved in a list."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from dashboard import access, hx, live, results, results_data, words
from dashboard.access import requires
from dashboard.results_data import Line
from dashboard.results_scope import SEEN_AS
from dashboard.review import Pinned

pages = Blueprint("approvals", __name__)


@pages.get("/approvals")
@requires("see_results")
def waiting() -> ResponseReturnValue:
    """The list. It stands still; only a line above it says that something is new."""
    person, seen = access.current(), live.look()
    lines = results_data.waiting(person.account_id)
    said = answer(lines)
    asked = {line.contest_id: spot for line in lines if (spot := line.second_for(person.account_id))}
    states = {line.contest_id: results.state(line) for line in lines}
    return hx.page(
        "approvals/_news.html", _live(seen.token, mark(lines), said, bool(lines)), whole="approvals/page.html", lines=lines,
        said=said, asked=asked, states=states, seen_as=SEEN_AS, house_zone=live.HOUSE_ZONE, is_new=False, plain=True,
    )  # fmt: skip


@pages.get("/approvals/news")
@requires("see_results")
def news() -> ResponseReturnValue:
    """Whether the list is another by now."""
    seen = live.look()
    if seen.unchanged:
        return hx.nothing_new()
    lines, was = results_data.waiting(access.current().account_id), request.args.get("mark", "")
    shown = _live(seen.token, was, answer(lines), bool(lines))
    return hx.page("approvals/_news.html", shown, is_new=was != mark(lines), now_said=answer(lines), plain=True)


def _live(token: str, known: str, said: str, waits: bool) -> Pinned:  # noqa: FBT001 - one fact of the page
    return Pinned(
        title="Approvals", said=said, token=token, zone=live.HOUSE_ZONE, worst="late" if waits else "good",
        asks=f"/approvals/news?mark={known}",
    )  # fmt: skip


def mark(lines: list[Line]) -> str:
    """Equal as long as the same waits."""
    return "-".join(f"{line.version_id}.{line.state[:1]}" for line in lines[:20]) or "none"


def answer(lines: list[Line]) -> str:
    """The first line of the page."""
    mine = access.current().may("approve_results")
    if not lines:
        return "Nothing waits for you" if mine else "Nothing waits for anybody’s word"
    verb, whose = "waits" if len(lines) == 1 else "wait", "your word" if mine else "a director’s or partner’s word"
    return f"{words.counted(len(lines), 'distance')} {verb} for {whose}"
