"""What a reading of results leads to: versions are checked, also those that a crash left behind. How is `approvals`' business."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from importlib import import_module
from importlib.util import find_spec

from sqlalchemy.exc import OperationalError

from sync_jobs import ledger, versions

log = logging.getLogger(__name__)
CHECKER = "sync_jobs.approvals"
LEFT_BEHIND = timedelta(minutes=2)  # by then whoever made a version has checked it, or is gone


def check_new(edition_id: int | None, now: datetime) -> list[int]:
    """Check the versions of an event that nobody has checked yet. Returns which were."""
    return _check(versions.unchecked(now, edition_id=edition_id), now)


def check_left_behind(now: datetime) -> list[int]:
    """The same for all events, once nobody else is at it."""
    return _check(versions.unchecked(now - LEFT_BEHIND), now)


def _check(waiting: list[int], now: datetime) -> list[int]:
    return [version_id for version_id in waiting if find_spec(CHECKER) and _checked(version_id, now)]


def _checked(version_id: int, now: datetime) -> bool:
    """False where it cannot be done; the others can."""
    try:
        import_module(CHECKER).check(version_id, now)
    except OperationalError:
        raise
    except ledger.BAD_ROW:
        log.exception("version %s cannot be checked", version_id)
        return False
    return True
