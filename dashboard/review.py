"""The page on which somebody decides whether results go out, and the one press that lets them: approve, second, refuse.

Pinned to one version; a poll only ever touches the banner. Smaller words on findings and rows are `review_acts`'.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, abort, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape

from dashboard import access, hx, live, review_data, review_drift, review_shapes, review_words, scope, words
from dashboard.access import requires
from dashboard.acting import actor
from dashboard.review_data import Moved
from sync_jobs import approvals
from sync_jobs.approvals import Blocked, NotAllowed, Screen, Stale
from sync_jobs.approvals.base import MOST_WORDS
from sync_jobs.approvals.drifting import DRIFT
from sync_jobs.models import Contest, Edition
from sync_jobs.review import REASONS
from sync_jobs.review.lines import TITLES, lines
from sync_jobs.review.words import clock, ordinal

pages = Blueprint("review", __name__)
BASE = "/events/<int:edition_id>/results/<int:contest_id>"
SHOWN, SHOWN_MORE = 3, 20  # cards
LINES = 12  # of one part of the difference
HELD = 12
CHANGED = "It is not what was on your screen any more. Nothing was published."


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address names: whose results, which version, where to."""

    edition: Edition
    contest: Contest
    version_id: int | None
    destination_id: int | None
    act: str | None = None
    tells: bool = False

    @property
    def base(self) -> str:
        """The page's own address, without what follows."""
        return f"/events/{self.edition.edition_id}/results/{self.contest.contest_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned(live.Live):
    """A live region that asks another address than its page's."""

    asks: str

    @property
    def address(self) -> str:
        """Where the banner is asked for."""
        return f"{self.asks}&v={self.token}"


def asked_for(edition_id: int, contest_id: int, *, pinned: bool = False) -> Asked:
    """What the address names, if the person may know of it. `pinned`: a press says of which version it is."""
    version_id, to = (request.args.get(name, type=int) for name in ("version", "to"))
    edition = access.edition_or_404(edition_id)
    for number in (version_id, to):
        access.possible(number or 0)
    contest = review_data.contest_or_404(edition, contest_id, version_id, to)
    if pinned and version_id is None:
        abort(400)
    act = request.args.get("act")
    return Asked(
        edition=edition, contest=contest, version_id=version_id, destination_id=to,
        act=act if act in review_words.AS else None, tells=request.args.get("tells") == "1",
    )  # fmt: skip


@pages.get(BASE)
@requires("see_results")
def review(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """One version at one destination, and everything that a decision needs."""
    return show(asked_for(edition_id, contest_id))


def show(
    asked: Asked, *, status: int = 200, wrong: tuple[str, ...] = (), bibs: tuple[str, ...] = (), typed: str = ""
) -> ResponseReturnValue:
    """The page; `wrong` says why a press was not granted, `typed` is what was written for it."""
    screen, seen = _screen(asked), live.look()
    version, place, contest = screen.version, screen.place, asked.contest
    moved = review_data.moved(contest.contest_id, place.destination_id if place else None)
    around = review_data.around(
        contest, version.version_id if version else None, place, screen.last.run_id if screen.last else None
    )
    zone = screen.facts.zone or live.HOUSE_ZONE
    head = review_words.head(screen, around, zone, words.page_now())
    pin = _pin(asked, screen)
    answer = render_template(
        "review/page.html", fragment="review/_banner.html", live=_live(asked, screen, moved, pin, seen.token, head), plain=True,
        asked=asked, screen=screen, moved=moved, around=around, zone=zone, head=head, pin=pin, base=asked.base,
        banner=_banner(version, moved), wrong=wrong, bibs=bibs, typed=typed, to_pin=f"&to={place.destination_id}" if place else "",
        start=review_words.start(screen, around, zone), **_words(screen, head), **_shapes(screen),
    )  # fmt: skip
    return make_response(hx.lean(answer), status)


def _screen(asked: Asked) -> Screen:
    """With the act that the address names; where a second person is asked for, with the one that waits."""
    named = (asked.contest.contest_id, asked.destination_id, asked.version_id, words.page_now())
    account_id = access.current().account_id
    screen = approvals.screen(*named, act=asked.act, tells=asked.tells, account_id=account_id)
    waits, version = screen.waiting, screen.version
    if waits is None or version is None or waits.version_id != version.version_id or waits.act == "retraction":
        return screen
    if (screen.act, screen.tells) == (waits.act, waits.tells):
        return screen
    return approvals.screen(*named, act=waits.act, tells=waits.tells, account_id=account_id)


def _words(screen: Screen, head: review_words.Head) -> dict[str, Any]:
    """What the templates say with."""
    return {
        "reasons": REASONS, "titles": TITLES, "most": MOST_WORDS, "clock": clock, "button": review_words.sentence(screen),
        "told": review_words.told(screen), "may_press": review_words.may_press(screen, head.stage, access.current()),
        "seen_as": review_words.SEEN, "visible": review_words.VISIBLE, "acts": review_words.AS, "waits": review_words.waits,
        "kept_lines": _kept_lines, "title_of": review_words.title_of, "ordinal": ordinal,
        "against": review_words.against(screen), "again": request.args.get("act", ""), "person_of": review_shapes.names(screen),
    }  # fmt: skip


def _shapes(screen: Screen) -> dict[str, Any]:
    """What the templates draw and list."""
    return {
        "tally": review_words.tally(screen), "not_out": review_words.not_out(screen), "waves": review_shapes.waves(screen),
        "drift": review_drift.of(screen), "overwritten": review_drift.overwritten(screen),
        "cards": _cards(screen), "shown": _shown(), "splits": review_shapes.course, "changes": _changes(screen),
        "held_most": HELD, "most_lines": LINES,
    }  # fmt: skip


def _pin(asked: Asked, screen: Screen) -> str:
    """`?version=7&to=3`: every link and form of the page stays with what it shows."""
    given = {"version": screen.version.version_id if screen.version else asked.version_id,
             "to": screen.place.destination_id if screen.place else asked.destination_id}  # fmt: skip
    return urlencode({name: value for name, value in given.items() if value is not None})


def _kept_lines(text: str) -> Markup:
    """What was typed, with its line breaks: the page is sent without the ones of its templates."""
    return escape(text).replace("\n", Markup("&#10;"))


def _shown() -> int:
    """From which card on; the first three, or twenty from there."""
    return max(0, request.args.get("cards", -1, type=int)) if "cards" in request.args else -1


def _cards(screen: Screen) -> dict[str, Any]:
    """Those that ask something first; of the open ones three, or twenty from where somebody wants to go on."""
    waiting = [card for card in screen.cards if card.is_open and not (screen.edits and card.check_id == DRIFT)]
    first = _shown()
    here = waiting[:SHOWN] if first < 0 else waiting[first : first + SHOWN_MORE]
    end = (max(first, 0)) + len(here)
    return {
        "open": here, "left": len(waiting) - end, "next": end, "total": len(waiting),
        "waived": [card for card in screen.cards if card.waived],
        "info": [card for card in screen.cards if card.severity == "info" and not card.waived],
        "folded": [card for card in screen.cards if card.folded_into and not card.waived],
    }  # fmt: skip


def _changes(screen: Screen) -> list[tuple[str, list[Any]]]:
    """The lines of the difference in their parts; none where nothing was public before."""
    if screen.difference is None or screen.difference.is_first or screen.difference.is_same:
        return []
    found = lines(screen.difference)
    parts = [(name, [line for line in found if line.section == name]) for name in TITLES]
    return [(name, part) for name, part in parts if part]


@pages.get(f"{BASE}/banner")
@requires("see_results")
def banner(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """The only thing on the page that asks again: whether anything moved since it was drawn."""
    seen = live.look(visible=scope.edition_exists(edition_id))
    if seen.unchanged:
        return hx.nothing_new()
    asked = asked_for(edition_id, contest_id)
    now_there = review_data.moved(asked.contest.contest_id, asked.destination_id)
    pin = urlencode({name: value for name, value in request.args.items() if name in {"version", "to"}})
    shown = _live(asked, None, now_there, pin, seen.token, None)
    return hx.page(
        "review/_banner.html", shown, base=asked.base, pin=pin, moved=now_there, plain=True, zone=shown.zone,
        banner=_banner_of(asked.version_id, now_there, request.args.get("mark", "")),
        waits=review_words.waits,
        to_pin=f"&to={asked.destination_id}" if asked.destination_id else "",
    )  # fmt: skip


def _live(asked: Asked, screen: Screen | None, moved: Moved, pin: str, token: str, head: Any) -> Pinned:
    """The frame of the banner. What it says for the status line is what it shows."""
    mark = request.args.get("mark") or moved.mark
    stay = request.args.get("stay", "")
    query = f"{pin}&{urlencode({'mark': mark, **({'stay': stay} if stay else {})})}"
    name = asked.contest.name or "Results"
    zone = (screen.facts.zone if screen else asked.edition.timezone) or live.HOUSE_ZONE
    return Pinned(
        title=f"{name} · {asked.edition.name}", said="", token=token, zone=zone, worst=head.state if head else "wait",
        seconds=live.BUSY if moved.is_sending else live.CALM, asks=f"{asked.base}/banner?{query}",
    )  # fmt: skip


def _banner(version: Any, moved: Moved) -> str:
    return _banner_of(version.version_id if version else None, moved, moved.mark)


def _banner_of(version_id: int | None, moved: Moved, mark: str) -> str:
    """What the banner has to say: sending, moved (somebody acted since), newer, stayed, or nothing."""
    if mark != moved.mark and request.endpoint == "review.banner":
        return "sending moved" if moved.is_sending else "moved"
    if moved.is_sending:
        return "sending"
    if moved.version_id is None or moved.version_id == version_id:
        return ""
    return "stayed" if request.args.get("stay", type=int) == moved.version_id else "newer"


@pages.post(f"{BASE}/approve")
@requires("approve_results")
def approve(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """Exactly what was on the screen goes out."""
    asked, given = asked_for(edition_id, contest_id, pinned=True), request.form
    if asked.destination_id is None or given.get("act") not in review_words.AS:
        abort(400)
    to, version, reason = asked.destination_id, asked.version_id or 0, given.get("reason", "").strip()

    def press() -> Any:
        return approvals.approve(
            to, version, given["act"], payload_hash=given.get("payload_hash", ""), base_hash=given.get("base_hash", ""),
            rendered_hash=given.get("rendered_hash", ""), tells=given.get("tells") == "1", by=actor(), now=words.page_now(),
            reason=reason,
        )  # fmt: skip

    return _pressed(asked, press, reason)


@pages.post(f"{BASE}/second")
@requires("approve_results")
def second(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """A second person stands behind it too."""
    asked, approval_id = asked_for(edition_id, contest_id), _approval(contest_id)
    return _pressed(asked, lambda: approvals.second(approval_id, actor(), words.page_now()), "")


@pages.post(f"{BASE}/refuse")
@requires("approve_results")
def refuse(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """No: the second person does not agree, or whoever asked takes it back."""
    asked, approval_id, said = asked_for(edition_id, contest_id), _approval(contest_id), request.form.get("words", "").strip()
    return _pressed(asked, lambda: approvals.refuse(approval_id, actor(), words.page_now(), said), said)


def _approval(contest_id: int) -> int:
    approval_id: int = review_data.approval_or_404(request.form.get("approval_id", type=int) or abort(400), contest_id)[0]
    return approval_id


SAID = {
    "waiting": "Kept. It waits for a second person, or cools off first.", "approved": "Approved. It is on its way.",
    "used": "Approved. It is on its way.", "withdrawn": "Taken back. Nothing goes out.",
}  # fmt: skip


def _pressed(asked: Asked, press: Callable[[], Any], typed: str) -> ResponseReturnValue:
    """Do it; where it is not granted, the page as it is now, with why and with what was typed."""
    try:
        approval = press()
    except Stale as why:
        newest = Asked(edition=asked.edition, contest=asked.contest, version_id=None, destination_id=asked.destination_id)
        return show(newest, status=409, wrong=(CHANGED, *why.sentences), bibs=why.bibs, typed=typed)
    except Blocked as why:
        return show(asked, status=422, wrong=why.sentences, typed=typed)
    except NotAllowed as why:
        return show(asked, status=403, wrong=why.sentences, typed=typed)
    address = url_for(
        "review.review", edition_id=asked.edition.edition_id, contest_id=asked.contest.contest_id, version=approval.version_id,
        to=approval.destination_id,
    )  # fmt: skip
    return hx.did(SAID.get(approval.state, "Kept."), address=address)
