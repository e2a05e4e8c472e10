"""Versions as they were kept: which there are, one of them whole, and what became of one entry over all of them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from sync_jobs import times
from sync_jobs.models import KeptRow, RawResult, ResultVersion, db
from sync_jobs.results import ResultRow, Version
from sync_jobs.versions.documents import from_document

SEVERAL = 500
LAST = 1 << 60


def newest(contest_id: int) -> ResultVersion | None:
    """What scoring said last."""
    return newest_of(db.session(), contest_id)


def newest_of(session: Session, contest_id: int) -> ResultVersion | None:
    """The same within a transaction."""
    mine = select(ResultVersion).where(ResultVersion.contest_id == contest_id)
    return session.scalar(mine.order_by(ResultVersion.number.desc()).limit(1))


def of_contest(contest_id: int) -> list[ResultVersion]:
    """All of a contest, the newest first; without their rows."""
    mine = select(ResultVersion).where(ResultVersion.contest_id == contest_id)
    return list(db.session.scalars(mine.order_by(ResultVersion.number.desc())))


def numbers(contest_id: int) -> dict[int, int]:
    """The number of each version of a contest with its id, the newest first."""
    mine = select(ResultVersion.number, ResultVersion.version_id).where(ResultVersion.contest_id == contest_id)
    return {row.number: row.version_id for row in db.session.execute(mine.order_by(ResultVersion.number.desc()))}


def unchecked(edition_id: int | None) -> list[int]:
    """Versions of an event which nobody has checked yet, the oldest first."""
    waiting = select(ResultVersion.version_id).where(ResultVersion.state == "pulled", ResultVersion.edition_id == edition_id)
    found = list(db.session.scalars(waiting.order_by(ResultVersion.version_id)))
    db.session.rollback()
    return found


def load(version_id: int) -> Version:
    """A whole version. Raises NoResultFound where there is none."""
    return version_of(db.session.get_one(ResultVersion, version_id))


def version_of(kept: ResultVersion) -> Version:
    """The same, of one that was looked up already."""
    facts = facts_of(kept)
    return Version(
        contest_id=kept.contest_id, number=kept.number, pulled_at=kept.pulled_at, rows=_rows(kept.contest_id, kept.number),
        content_hash=kept.content_hash, started_at=facts["started_at"], rows_said=facts["rows_said"],
        is_complete=facts["is_complete"], scored_at=facts["scored_at"], version_id=kept.version_id,
    )  # fmt: skip


def facts_of(kept: ResultVersion) -> dict[str, Any]:
    """What was known beside the rows when the version was made, typed. `entries`: how many stood on the start list."""
    written = kept.facts if isinstance(kept.facts, dict) else {}
    return {
        "started_at": _instant(written.get("started_at")), "rows_said": written.get("rows_said"),
        "is_complete": bool(written.get("is_complete")), "scored_at": _instant(written.get("scored_at")),
        "entries": int(written.get("entries") or 0),
    }  # fmt: skip


def _instant(value: int | None) -> datetime | None:
    return None if value is None else times.from_ms(value)


def _rows(contest_id: int, number: int) -> tuple[ResultRow, ...]:
    """By place; who has none, after them."""
    mine = select(KeptRow.document).where(
        KeptRow.contest_id == contest_id, KeptRow.first_number <= number,
        or_(KeptRow.last_number.is_(None), KeptRow.last_number >= number),
    )  # fmt: skip
    found = [from_document(written) for written in db.session.scalars(mine.order_by(KeptRow.entry_key, KeptRow.nth))]
    return tuple(sorted(found, key=lambda row: (row.place or LAST, row.gun_ms or LAST)))


def history(contest_id: int, entry_key: str) -> list[tuple[int, int | None, ResultRow]]:
    """What was said of one entry: from which version to which (None: still), and the row; the oldest first."""
    mine = select(KeptRow.first_number, KeptRow.last_number, KeptRow.document).where(
        KeptRow.contest_id == contest_id, KeptRow.entry_key == entry_key
    )
    rows = db.session.execute(mine.order_by(KeptRow.first_number, KeptRow.nth))
    return [(first, last, from_document(written)) for first, last, written in rows]


def raw_records(partner: int, digests: Iterable[str]) -> list[Any]:
    """The provider's own records with these digests, as they came."""
    wanted = [bytes.fromhex(digest) for digest in digests]
    bodies: list[bytes] = []
    for at in range(0, len(wanted), SEVERAL):
        some = RawResult.digest.in_(wanted[at : at + SEVERAL])
        bodies += db.session.scalars(select(RawResult.body).where(RawResult.timing_partner_id == partner, some))
    return [orjson.loads(zlib.decompress(body)) for body in bodies]
