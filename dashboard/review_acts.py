"""What a reviewer says beside the one press: it is right, hold, let go, ask the timer, send back, reject, stand, handed out.

Each is one door of `sync_jobs.approvals`; nobody types a time here. Afterwards one is back where one was on the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from dashboard import access, hx, review_data, words
from dashboard.access import requires
from dashboard.acting import actor
from dashboard.review import BASE, Asked, asked_for
from sync_jobs import approvals
from sync_jobs.approvals import Refused
from sync_jobs.models import AwardGiven, db
from sync_jobs.review import REASONS

pages = Blueprint("review_acts", __name__)
HOURS = 24
MOST_BIBS = 50
UNSAID = "Say why first: one of the reasons, or words."


@pages.post(f"{BASE}/waive")
@requires("waive_results")
def waive(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """It is right as it is."""
    asked, number = asked_for(edition_id, contest_id, pinned=True), _number("finding_id")
    said = "Kept: it is right. It holds while the row stays as it is."

    def press() -> object:
        return approvals.waive(asked.version_id or 0, number, _reason(), _words(), actor(), words.page_now())

    return _do(asked, "cards", said, press)


@pages.post(f"{BASE}/unwaive")
@requires("waive_results")
def unwaive(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """It asks for a look again."""
    asked = asked_for(edition_id, contest_id)
    waiver_id = review_data.waiver_or_404(_number("waiver_id"), contest_id)
    return _do(asked, "cards", "Taken back.", lambda: approvals.unwaive(waiver_id, actor(), words.page_now()))


@pages.post(f"{BASE}/hold")
@requires("waive_results")
def hold(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """Leave a row out until it is let go."""
    asked, entry = asked_for(edition_id, contest_id), request.form.get("entry_key") or abort(400)
    return _do(
        asked, "holds", "Held: the row does not go out until it is let go.",
        lambda: approvals.hold(contest_id, entry, _reason(), _words(), actor(), words.page_now()),
    )  # fmt: skip


@pages.post(f"{BASE}/release")
@requires("waive_results")
def release(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """Let it go out again."""
    asked, entry = asked_for(edition_id, contest_id), request.form.get("entry_key") or abort(400)
    said = "Let go: the row goes out with the next publication."
    return _do(asked, "missing", said, lambda: approvals.release(contest_id, entry, actor(), words.page_now()))


@pages.post(f"{BASE}/ask")
@requires("waive_results")
def ask(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """Something for the timer to look at."""
    asked, bibs = asked_for(edition_id, contest_id, pinned=True), _bibs()

    def press() -> object:
        return approvals.ask_timer(contest_id, _needed(), actor(), words.page_now(), bibs=bibs, version_id=asked.version_id)

    return _do(asked, "tasks", "The timer is asked.", press)


@pages.post(f"{BASE}/missing")
@requires("waive_results")
def missing(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """Somebody says that they finished and are not in it."""
    asked = asked_for(edition_id, contest_id)
    about = [(label, request.form.get(name, "").strip()) for name, label in
             (("clothing", "Wears"), ("time", "About"), ("words", ""))]  # fmt: skip
    said = ". ".join(f"{label} {text}".strip() for label, text in about if text)

    def press() -> object:
        if not (said or _bibs()):
            raise Refused("Say who is missing: a bib, clothing, or about when they finished.")
        return approvals.ask_timer(
            contest_id, said or "Not in the results.", actor(), words.page_now(), bibs=_bibs(), kind="missing_runner",
            version_id=asked.version_id,
        )  # fmt: skip

    return _do(asked, "tasks", "The timer is asked to look for them.", press)


@pages.post(f"{BASE}/task-done")
@requires("waive_results")
def task_done(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """The timer did what was asked."""
    asked = asked_for(edition_id, contest_id)
    task_id = review_data.task_or_404(_number("task_id"), contest_id)
    return _do(asked, "tasks", "Done.", lambda: approvals.task_done(task_id, actor(), words.page_now()))


@pages.post(f"{BASE}/send-back")
@requires("waive_results")
def send_back(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """The timer has to do something first."""
    asked, bibs = asked_for(edition_id, contest_id, pinned=True), _bibs()

    def press() -> object:
        return approvals.send_back(asked.version_id or 0, _needed(), actor(), words.page_now(), bibs=bibs)

    return _do(asked, "main", "Sent back to the timer.", press)


@pages.post(f"{BASE}/reject")
@requires("waive_results")
def reject(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """This version is never published."""
    asked = asked_for(edition_id, contest_id, pinned=True)

    def press() -> None:
        approvals.reject(asked.version_id or 0, _needed(), actor(), words.page_now())

    return _do(asked, "main", "Rejected. A newer version is looked at anew.", press)


@pages.post(f"{BASE}/stand")
@requires("approve_results")
def stand(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """Clean additions go out by themselves for so many hours."""
    asked, hours = asked_for(edition_id, contest_id), _number("hours")
    until = words.page_now() + timedelta(hours=min(max(hours, 1), HOURS))
    to = asked.destination_id or abort(400)
    return _do(
        asked, "main", f"Clean new finishers go out by themselves for {words.plural(hours, 'hour')}.",
        lambda: approvals.stand(to, until, actor(), words.page_now()),
    )  # fmt: skip


@pages.post(f"{BASE}/end-stand")
@requires("approve_results")
def end_stand(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """From now on somebody approves each again."""
    asked = asked_for(edition_id, contest_id)
    to = asked.destination_id or abort(400)
    said = "Ended. Each publication waits for somebody again."
    return _do(asked, "main", said, lambda: approvals.end_stand(to, actor(), words.page_now()))


@pages.post(f"{BASE}/handed-out")
@requires("waive_results")
def handed_out(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """Who of the podiums got their award on the stage: those that are ticked, and no others."""
    asked, ticked = asked_for(edition_id, contest_id), set(request.form.getlist("entry"))
    before = set(db.session.scalars(select(AwardGiven.entry_key).where(AwardGiven.contest_id == contest_id)))

    def press() -> object:
        now, by = words.page_now(), actor()
        for entry in sorted(before - ticked):
            approvals.take_hand_out_back(contest_id, entry, by, now)
        return approvals.hand_out(contest_id, sorted(ticked - before), by, now) if ticked - before else None

    return _do(asked, "podiums", "Kept who got theirs.", press)


def _do(asked: Asked, back: str, said: str, press: Callable[[], Any]) -> ResponseReturnValue:
    """Do it and go back to that part of the page, with a sentence; or with why not."""
    query = request.query_string.decode("latin-1")
    address = f"{asked.base}?{query}#{back}" if query else f"{asked.base}#{back}"
    try:
        press()
    except Refused as why:
        return hx.refused(str(why), address=address)
    return hx.did(said, address=address)


def _number(name: str) -> int:
    number: int | None = request.form.get(name, type=int)
    return abort(400) if number is None else access.possible(number)


def _reason() -> str:
    given = request.form.get("reason", "")
    if given not in REASONS:
        raise Refused(UNSAID)
    return given


def _words() -> str:
    return request.form.get("words", "").strip()


def _needed() -> str:
    if not _words():
        raise Refused("Say in words what it is about.")
    return _words()


def _bibs() -> list[str]:
    return [bib for bib in re.split(r"[\s,;]+", request.form.get("bibs", "")) if bib][:MOST_BIBS]
