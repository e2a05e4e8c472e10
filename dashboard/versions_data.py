"""What the pages of versions read: a contest's versions by pages, what was public of each and when, and two of them compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from dashboard.paging import PER_PAGE
from sync_jobs import assembling, versions
from sync_jobs.models import (
    AwardGiven,
    Contest,
    EntryLink,
    Publication,
    ResultDestination,
    ResultFile,
    ResultFinding,
    ResultVersion,
    TimerTask,
    db,
)
from sync_jobs.results import Version
from sync_jobs.review.difference import Difference, difference

WENT_OUT = ("published", "partial")
AS = {"preliminary": "preliminary", "official": "official", "correction": "official, corrected"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A time in which the public saw a version somewhere."""

    version_id: int
    destination_id: int
    provider_name: str
    contest_name: str
    seen_as: str  # preliminary, official, official, corrected
    since: datetime
    until: datetime | None
    is_partial: bool


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Two versions, and everything between them."""

    old: Version
    new: Version
    found: Difference
    causes: Mapping[str, str]  # why a row changed, as far as somebody asked for it; by entry
    came: tuple[ResultFinding, ...]  # findings of the newer one only
    went: tuple[ResultFinding, ...]
    is_checked: bool  # both were


def listed(contest_id: int, before: int | None) -> list[ResultVersion]:
    """One page of them and one more, the newest first, without their rows."""
    mine = select(ResultVersion).where(ResultVersion.contest_id == contest_id)
    if before is not None:
        mine = mine.where(ResultVersion.number < before)
    return list(db.session.scalars(mine.order_by(ResultVersion.number.desc()).limit(PER_PAGE + 1)))


def number_of(contest_id: int, version_id: int) -> int | None:
    """The number of one of the contest's versions; None where it is none of them."""
    mine = (ResultVersion.contest_id == contest_id, ResultVersion.version_id == version_id)
    return db.session.scalar(select(ResultVersion.number).where(*mine))


def public(contest_id: int) -> dict[int, list[Shown]]:
    """When the public saw which version, by version. A file counts from the moment at which somebody said that they loaded it."""
    rows = db.session.execute(
        select(
            Publication.version_id, Publication.act, Publication.state, Publication.ended_at, ResultDestination.destination_id,
            ResultDestination.provider_name, Contest.name, ResultFile.file_id, ResultFile.loaded_at,
        )
        .join(ResultDestination, ResultDestination.destination_id == Publication.destination_id)
        .outerjoin(Contest, Contest.contest_id == ResultDestination.registration_contest_id)
        .outerjoin(ResultFile, ResultFile.publication_id == Publication.publication_id)
        .where(ResultDestination.contest_id == contest_id, Publication.state.in_(WENT_OUT))
    ).all()  # fmt: skip
    by_place: defaultdict[int, list[tuple[datetime, Any]]] = defaultdict(list)
    for row in rows:
        at = row.ended_at if row.file_id is None else row.loaded_at
        if at is not None:
            by_place[row.destination_id].append((at, row))
    found: defaultdict[int, list[Shown]] = defaultdict(list)
    for some in by_place.values():
        for one in _spans(sorted(some, key=lambda pair: pair[0])):
            found[one.version_id].append(one)
    return found


def _spans(some: list[tuple[datetime, Any]]) -> Iterable[Shown]:
    """From each publication to the next one there. A retraction ends one and begins none."""
    for (at, row), after in zip(some, [*some[1:], None], strict=True):
        if row.act in AS:
            yield Shown(
                version_id=row.version_id, destination_id=row.destination_id, provider_name=row.provider_name,
                contest_name=row.name or "", seen_as=AS[row.act], since=at, until=after[0] if after else None,
                is_partial=row.state == "partial",
            )  # fmt: skip


def compare(contest_id: int, old_id: int, new_id: int) -> Compared:
    """Everything between two versions of a contest."""
    before, after = db.session.get_one(ResultVersion, old_id), db.session.get_one(ResultVersion, new_id)
    old, new = versions.version_of(before), versions.version_of(after)
    facts = assembling.facts(contest_id, rows=(*old.rows, *new.rows))
    given = db.session.scalars(select(AwardGiven.entry_key).where(AwardGiven.contest_id == contest_id))
    found = difference(old, new, facts, links=_links(contest_id), handed_out=frozenset(given))
    came, went = _findings(old_id, new_id)
    return Compared(
        old=old, new=new, found=found, causes=_causes(contest_id, old, new), came=came, went=went,
        is_checked=before.checked_at is not None and after.checked_at is not None,
    )  # fmt: skip


def _links(contest_id: int) -> dict[str, tuple[str, str]]:
    """Whose registration an entry is, so that somebody whose entry was made anew is still the same person."""
    mine = select(EntryLink.entry_key, EntryLink.registration_provider, EntryLink.registration_key).where(
        EntryLink.contest_id == contest_id, EntryLink.ended_at.is_(None)
    )
    return {row.entry_key: (row.registration_provider, row.registration_key) for row in db.session.execute(mine)}


def _findings(old_id: int, new_id: int) -> tuple[tuple[ResultFinding, ...], tuple[ResultFinding, ...]]:
    """What was found in one of the two only: the same check about the same people is the same finding."""
    by_version: dict[int, dict[Any, ResultFinding]] = {old_id: {}, new_id: {}}
    both = select(ResultFinding).where(ResultFinding.version_id.in_((old_id, new_id)), ResultFinding.severity != "info")
    for one in db.session.scalars(both.order_by(ResultFinding.finding_id)):
        by_version[one.version_id].setdefault((one.check_id, tuple(sorted(one.entries or ()))), one)
    old, new = by_version[old_id], by_version[new_id]
    return tuple(one for key, one in new.items() if key not in old), tuple(one for key, one in old.items() if key not in new)


def _causes(contest_id: int, old: Version, new: Version) -> dict[str, str]:
    """What somebody asked the timer about these people before the newer one came; the newest word counts."""
    asked = select(TimerTask).where(TimerTask.contest_id == contest_id, TimerTask.at <= new.pulled_at)
    still = asked.where(TimerTask.done_at.is_(None) | (TimerTask.done_at >= old.pulled_at))
    by_bib = {
        str(bib): f"Asked for by {task.by_name}: “{task.words}” (#{task.task_id})"
        for task in db.session.scalars(still.order_by(TimerTask.task_id))
        for bib in task.bibs or ()
    }
    rows = (*old.rows, *new.rows)
    return {row.entry_key: by_bib[row.bib] for row in rows if row.bib in by_bib} if by_bib else {}
