"""Make versions after a reading: hash what scoring says now, and keep what differs from the newest version as intervals.

A row is written once, from the first version that has it like this; it ends when a later version has it no more.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from sync_jobs import times
from sync_jobs.ledger.live import bump
from sync_jobs.models import Connection, Contest, EditionLink, KeptRow, ResultVersion, db, write
from sync_jobs.review.fingerprints import canonical, content_hash
from sync_jobs.versions import reading
from sync_jobs.versions.documents import document, row_hash
from sync_jobs.versions.loading import newest, newest_of
from sync_jobs.versions.scored import Made, Scored, Where

SEVERAL = 500
Place = tuple[str, int]  # entry and, of a key that came more than once, which
Placed = tuple[Made, str]  # with its hash
Fence = Callable[[Session], None]


def make(
    edition_id: int, connection_id: int, run_id: int | None, now: datetime, *, is_complete: bool = True,
    fence: Fence = lambda _: None,
) -> list[int]:  # fmt: skip
    """The versions that a reading of results led to, one at most for each scoring contest that the connection reads.

    `fence` is called in each transaction: it raises where another worker may be writing these results by now.
    """
    made = [
        _keep(contest, reading.scored(contest, run_id), run_id, now, is_complete=is_complete, fence=fence)
        for contest in _contests(edition_id, connection_id)
    ]
    return [version_id for version_id in made if version_id is not None]


def _contests(edition_id: int, connection_id: int) -> list[Where]:
    provider = select(Connection.provider_name).where(Connection.connection_id == connection_id).scalar_subquery()
    linked = select(EditionLink.happening_id).where(
        EditionLink.edition_id == edition_id, EditionLink.connection_id == connection_id
    )
    wanted = select(*(getattr(Contest, one.name) for one in fields(Where))).where(
        Contest.edition_id == edition_id, Contest.provider_name == provider, Contest.happening_id.in_(linked),
        Contest.provider_name.in_(list(reading.READERS)), Contest.gone_at.is_(None),
    )  # fmt: skip
    found = [Where(*row) for row in db.session.execute(wanted.order_by(Contest.contest_id))]
    db.session.rollback()
    return found


def _keep(contest: Where, said: Scored, run_id: int | None, now: datetime, *, is_complete: bool, fence: Fence) -> int | None:
    """One transaction: all of a version, or nothing of it. What takes long is worked out before it."""
    found = content_hash(made.row for made in said.made)
    known = newest(contest.contest_id)
    placed = None if known is not None and known.content_hash == found else _placed(said.made)
    with write() as session:
        fence(session)
        session.execute(select(Contest.contest_id).where(Contest.contest_id == contest.contest_id).with_for_update())
        before = newest_of(session, contest.contest_id)
        if before is None and not said.has_results:
            return None  # nobody has started
        facts = _facts(said, is_complete=is_complete)
        if before is not None and before.content_hash == found and not _says_more(before.facts or {}, facts):
            before.last_seen_at = now
            return None
        version = ResultVersion(
            timing_partner_id=contest.timing_partner_id, edition_id=contest.edition_id, contest_id=contest.contest_id,
            number=before.number + 1 if before else 1, content_hash=found, facts=facts, counts=_counts(said.made), run_id=run_id,
            pulled_at=now, last_seen_at=now, state="pulled",
        )  # fmt: skip
        session.add(version)
        _keep_rows(session, contest.contest_id, version.number, placed or _placed(said.made))
        session.flush()
        bump(session, "all", f"partner:{contest.timing_partner_id}")
        return version.version_id


def _facts(said: Scored, *, is_complete: bool) -> dict[str, Any]:
    """`rows_said` stays open: nobody says how many results one contest has, and the reading checks what is said of all."""
    started = None if said.started_at is None else times.to_ms(said.started_at)
    return {
        "started_at": started, "rows_said": None, "is_complete": is_complete, "scored_at": None, "entries": said.entries,
        "points": _points(said.made), "best": _best(said.made),
    }  # fmt: skip


def _points(made: Iterable[Made]) -> dict[str, int]:
    """How many finishers passed each reading point: what other contests ask of this one."""
    return dict(Counter(split.point for each in made if each.row.is_finisher for split in each.row.splits))


def _best(made: Iterable[Made]) -> dict[str, list[int | None]]:
    """The best time of each gender, from the gun and from the own start: what is asked a year later."""
    rows = [each.row for each in made if each.row.is_finisher]
    return {
        gender: [min((ms for row in rows if row.gender == gender and (ms := row.time(basis)) is not None), default=None)
                 for basis in ("gun", "chip")]
        for gender in sorted({row.gender for row in rows if row.gender})
    }  # fmt: skip


def _says_more(before: dict[str, Any], facts: dict[str, Any]) -> bool:
    """The same rows, and yet another version: scoring counts from another gun, or what was doubtful is whole."""
    moved = facts["started_at"] is not None and facts["started_at"] != before.get("started_at")
    return moved or (facts["is_complete"] and not before.get("is_complete"))


def _counts(made: Iterable[Made]) -> dict[str, int]:
    return dict(Counter(each.row.status or "UNKNOWN" for each in made))


def _keep_rows(session: Session, contest_id: int, number: int, wanted: Mapping[Place, Placed]) -> None:
    """End the rows that are not so any more, and begin those that are new or other."""
    standing = select(KeptRow.row_id, KeptRow.entry_key, KeptRow.nth, KeptRow.row_hash).where(
        KeptRow.contest_id == contest_id, KeptRow.last_number.is_(None)
    )
    there = {(row.entry_key, row.nth): row for row in session.execute(standing)}
    over = [row.row_id for place, row in there.items() if place not in wanted or wanted[place][1] != row.row_hash]
    for at in range(0, len(over), SEVERAL):
        ended = update(KeptRow).where(KeptRow.row_id.in_(over[at : at + SEVERAL])).values(last_number=number - 1)
        session.execute(ended.execution_options(synchronize_session=False))
    fresh = [
        {
            "contest_id": contest_id, "entry_key": place[0], "nth": place[1], "row_hash": hashed, "first_number": number,
            "document": document(each.row), "raw": list(each.raw),
        }
        for place, (each, hashed) in wanted.items()
        if place not in there or there[place].row_hash != hashed
    ]  # fmt: skip
    if fresh:
        session.connection().execute(insert(KeptRow), fresh)


def _placed(made: Iterable[Made]) -> dict[Place, Placed]:
    """Each row under its entry, with its hash; of several with one key, always in the same order."""
    by_key: defaultdict[str, list[Made]] = defaultdict(list)
    for each in made:
        by_key[each.row.entry_key].append(each)
    return {
        (key, nth): (each, row_hash(each.row))
        for key, some in by_key.items()
        for nth, each in enumerate(some if len(some) == 1 else sorted(some, key=lambda one: canonical(one.row)))
    }
