"""What a reading of results leads to: its versions are checked. How, and what a crash left behind, is `approvals`' business."""

from __future__ import annotations

import logging
from datetime import datetime

from sqlalchemy.exc import OperationalError

from sync_jobs import approvals, ledger, versions

log = logging.getLogger(__name__)


def check_new(edition_id: int | None, now: datetime) -> list[int]:
    """Check the versions of an event that nobody has checked yet. Returns which were."""
    return [version_id for version_id in versions.unchecked(edition_id) if _checked(version_id, now)]


def check_again(edition_id: int | None, now: datetime) -> list[int]:
    """Check what is of an event and is not as it was when it was checked: its people changed, or what is public."""
    return approvals.check_pending(now, edition_id=edition_id) if edition_id is not None else []


def check_left_behind(now: datetime) -> list[int]:
    """Check what a crash left unchecked, and what is not as it was when it was checked."""
    return approvals.check_pending(now)


def _checked(version_id: int, now: datetime) -> bool:
    """False where it cannot be done; the others can."""
    try:
        approvals.check(version_id, now)
    except OperationalError:
        raise
    except ledger.BAD_ROW:
        log.exception("version %s cannot be checked", version_id)
        return False
    return True
