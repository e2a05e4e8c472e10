"""What a reviewer says of findings and rows: it is right, leave it out, ask the timer, send it back. Nothing here changes a time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sync_jobs.approvals.base import Actor
from sync_jobs.models import AwardGiven, Hold, TimerTask, Waiver


def waive(version_id: int, finding_id: int, reason: str, words: str, by: Actor, now: datetime) -> Waiver:
    """It is right as it is: `reason` is of `review.REASONS`, `other` needs words. Holds while the finding's rows are the same."""
    raise NotImplementedError


def unwaive(waiver_id: int, by: Actor, now: datetime) -> None:
    """Take that back."""
    raise NotImplementedError


def hold(contest_id: int, entry_key: str, reason: str, words: str, by: Actor, now: datetime) -> Hold:
    """Leave a row out of what goes out, until somebody lets it go."""
    raise NotImplementedError


def release(contest_id: int, entry_key: str, by: Actor, now: datetime) -> None:
    """Let a held row go out again."""
    raise NotImplementedError


def ask_timer(
    contest_id: int,
    words: str,
    by: Actor,
    now: datetime,
    *,
    bibs: Iterable[str] = (),
    kind: str = "ask",
    version_id: int | None = None,
) -> TimerTask:
    """A task for the timer; `kind` is ask, missing_runner or correction."""
    raise NotImplementedError


def send_back(version_id: int, words: str, by: Actor, now: datetime, *, bibs: Iterable[str] = ()) -> TimerTask:
    """The timer has to do something first: the version waits for a newer one."""
    raise NotImplementedError


def reject(version_id: int, words: str, by: Actor, now: datetime) -> None:
    """This version is never published."""
    raise NotImplementedError


def task_done(task_id: int, by: Actor, now: datetime) -> None:
    """The timer did it."""
    raise NotImplementedError


def hand_out(contest_id: int, entry_keys: Iterable[str], by: Actor, now: datetime) -> list[AwardGiven]:
    """These awards were given on the stage."""
    raise NotImplementedError


def take_hand_out_back(contest_id: int, entry_key: str, by: Actor, now: datetime) -> None:
    """No, it was not."""
    raise NotImplementedError
