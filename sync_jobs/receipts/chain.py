"""The chain: each receipt holds the hash of the one before it in its contest, so that none can be changed or left out unseen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_jobs.models import Contest, Publication, Receipt, ResultDestination, db
from sync_jobs.receipts.document import document
from sync_jobs.receipts.words import KINDS, Execution, Proof

FIRST = ""


def write(
    session: Session, publication: Publication, kind: str, *, proof: Proof | None, execution: Execution | None, now: datetime
) -> Receipt:
    """Write the next receipt of the publication's contest, in the caller's transaction."""
    if kind not in KINDS:
        raise ValueError(f"{kind} is no kind of receipt")
    session.flush()
    place = session.get_one(ResultDestination, publication.destination_id)
    session.execute(select(Contest.contest_id).where(Contest.contest_id == place.contest_id).with_for_update())
    before = _last(session, place.contest_id)
    number, previous = (before.number + 1, before.hash) if before else (1, FIRST)
    written = canonical(document(session, publication, kind, number, proof, execution, now))
    receipt = Receipt(
        timing_partner_id=publication.timing_partner_id, edition_id=publication.edition_id, contest_id=place.contest_id,
        number=number, publication_id=publication.publication_id, kind=kind, document=written, previous_hash=previous,
        hash=chained(previous, written), at=now,
    )  # fmt: skip
    session.add(receipt)
    session.flush()
    return receipt


def canonical(value: Mapping[str, Any]) -> str:
    """A document as it is kept and hashed: sorted keys, instants in UTC."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_said)


def _said(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, set | frozenset | tuple):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} does not belong into a receipt")


def chained(previous: str, written: str) -> str:
    """SHA-256 of the hash before and the document."""
    return sha256(f"{previous}\n{written}".encode()).hexdigest()


def _last(session: Session, contest_id: int) -> Receipt | None:
    found: Receipt | None = session.scalar(_mine(contest_id).order_by(Receipt.number.desc()).limit(1))
    return found


def _mine(contest_id: int) -> Any:
    return select(Receipt).where(Receipt.contest_id == contest_id)


def verify(contest_id: int) -> int | None:
    """The number of the first receipt of a contest whose hash, or place in the chain, is not right; None: all are."""
    previous = FIRST
    receipts = db.session.execute(_mine(contest_id).with_only_columns(*CHAINED).order_by(Receipt.number)).all()
    db.session.rollback()
    for number, receipt in enumerate(receipts, start=1):
        if receipt.number != number or not _is_right(receipt, previous):
            return number
        previous = receipt.hash
    return None


CHAINED = (
    Receipt.number, Receipt.kind, Receipt.contest_id, Receipt.publication_id, Receipt.edition_id, Receipt.document,
    Receipt.previous_hash, Receipt.hash,
)  # fmt: skip


def _is_right(receipt: Any, previous: str) -> bool:
    if receipt.previous_hash != previous or receipt.hash != chained(previous, receipt.document):
        return False
    said = json.loads(receipt.document)["identity"]
    beside = (receipt.number, receipt.kind, receipt.contest_id, receipt.publication_id, receipt.edition_id)
    return beside == (said["number"], said["kind"], said["contest_id"], said["publication_id"], said["edition_id"])


def of_contest(contest_id: int) -> list[Receipt]:
    """A contest's receipts, the newest first."""
    return list(db.session.scalars(_mine(contest_id).order_by(Receipt.number.desc())))


def of_edition(edition_id: int) -> list[Receipt]:
    """An edition's receipts, the newest first."""
    mine = select(Receipt).where(Receipt.edition_id == edition_id)
    return list(db.session.scalars(mine.order_by(Receipt.receipt_id.desc())))
