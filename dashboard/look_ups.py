"""Who looked for whom is noted before anything is shown. A search is a POST; what it found is shown by a GET, which writes nothing.

The address that shows it holds a number and no name, is the searcher's own, and is over after an hour: who wants to see it
again searches again, and that is noted too.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from dashboard import access
from sync_jobs.models import LookUp, db, write

OPEN_FOR = timedelta(hours=1)


def note(words: str, found: int, now: datetime, *, partner: int | None, edition_id: int | None = None) -> int:
    """Keep that this person looked; the number of the note."""
    account = access.current().account_id
    with write() as session:
        kept = LookUp(
            timing_partner_id=partner, edition_id=edition_id, account_id=account, words=words, found=found, at=now
        )  # fmt: skip
        session.add(kept)
        session.flush()
        return kept.look_up_id


def words_of(look_up_id: int, now: datetime, edition_id: int | None = None) -> str | None:
    """What this person looked for a short while ago, in that place; None for anybody else's, or where it is over."""
    if not 0 < look_up_id <= access.LARGEST_ID:
        return None
    mine = (LookUp.look_up_id == look_up_id, LookUp.account_id == access.current().account_id, LookUp.at > now - OPEN_FOR)
    here = LookUp.edition_id.is_(None) if edition_id is None else LookUp.edition_id == edition_id
    return db.session.scalar(select(LookUp.words).where(*mine, here))
