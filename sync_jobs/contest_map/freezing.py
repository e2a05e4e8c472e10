"""From the start of a contest on its map is frozen: whoever changes it says why. Before, nobody is asked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_jobs.contest_map.rows import DECIDED, CannotMap, both
from sync_jobs.models import Contest, ContestPair, Edition

MOST = 500
ASKED = "It has started. Say why the map changes now: the reason is kept with your name and the time."


class NeedsReason(CannotMap):
    """The contest has started, and nobody said why its map changes."""


Start = tuple[datetime | None, bool]  # the instant, and whether only its day is known


def started(starts: Iterable[Start], otherwise: datetime | None, now: datetime) -> bool:
    """Whether a contest runs that starts so on its two sides. A time of day counts before a mere day, and a day from its begin."""
    known = [(at, is_day) for at, is_day in starts if at is not None]
    timed = [at for at, is_day in known if not is_day]
    first = min(timed or [at for at, _ in known], default=otherwise)
    return first is not None and first < now


def reason_for(session: Session, edition: Edition, contests: Iterable[int | None], typed: str | None, now: datetime) -> str | None:
    """What was typed; needed where one of these contests has started. Raises NeedsReason."""
    reason = (typed or "").strip()
    if len(reason) > MOST:
        raise NeedsReason(f"At most {MOST} characters.")
    if not reason and is_frozen(session, edition, contests, now):
        raise NeedsReason(ASKED)
    return reason or None


def is_frozen(session: Session, edition: Edition, contests: Iterable[int | None], now: datetime) -> bool:
    """Whether a change of what names these contests needs a reason by now."""
    ids = {contest for contest in contests if contest is not None}
    rows = session.execute(select(Contest.starts_at, Contest.day_only).where(Contest.contest_id.in_(ids)))
    return started([(at, bool(is_day)) for at, is_day in rows], edition.starts_at, now)


def touched(pairs: Iterable[ContestPair]) -> set[int | None]:
    """The contests that these lines name."""
    return {contest for pair in pairs for contest in both(pair)}


def is_change(*states: str) -> bool:
    """Whether anything depends on a line that goes from one of these states to another; a mere suggestion nobody relies on."""
    return any(state in DECIDED for state in states)
