"""Who published this time, when, on whose word, and what did it say before: found in the payloads that were sent."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from sync_jobs.models import Approval, Contest, Publication, PublicationPayload, Receipt, ResultDestination, db
from sync_jobs.providers import label
from sync_jobs.results import Published
from sync_jobs.review.packed import unpack

MOST_PUBLICATIONS = 1000
Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one publication said of somebody."""

    receipt_id: int | None
    number: int | None
    publication_id: int
    edition_id: int
    contest_id: int
    contest_name: str
    destination: str
    act: str
    visibility: str
    at: datetime | None
    requested_by: str
    approved_by: str | None
    reason: str
    row: Published
    before: Said | None  # what was public there of the same person before; None: nothing

    @property
    def is_same(self) -> bool:
        """Whether it said nothing new of them."""
        return self.before is not None and self.before.row == self.row


def find(
    words: str, *, timing_partner_id: int | None, edition_id: int | None = None, edition_ids: Collection[int] | None = None,
    most: int = 50,
) -> list[Said]:  # fmt: skip
    """What was published of that bib or name, by whom, when, and what it said before; the newest first.

    Within one partner (None: all of them), one edition, or some editions. Nothing where the payload was emptied.
    """
    asked = words.strip().casefold().split()
    if not asked:
        return []
    before: defaultdict[int, dict[Key, Said]] = defaultdict(dict)
    found: list[Said] = []
    for publication in _publications(timing_partner_id, edition_id, edition_ids):
        body = db.session.scalar(
            select(PublicationPayload.body).where(PublicationPayload.publication_id == publication.publication_id)
        )
        here = before[publication.destination_id]
        for row in _meant(body, asked):
            said = _said(publication, row, here.get(row.key))
            here[row.key] = said
            found.append(said)
    db.session.rollback()
    return found[: -most - 1 : -1]


def _publications(timing_partner_id: int | None, edition_id: int | None, edition_ids: Collection[int] | None) -> Iterable[Any]:
    """Those that went out, the oldest first, with who approved them and their receipt."""
    receipt = (
        select(Receipt.publication_id, func.max(Receipt.receipt_id).label("receipt_id"), func.max(Receipt.number).label("number"))
        .where(Receipt.kind.in_(("published", "file")))
        .group_by(Receipt.publication_id)
        .subquery()
    )
    query = (
        select(
            Publication.publication_id, Publication.destination_id, Publication.edition_id, Publication.act, Publication.ended_at,
            ResultDestination.contest_id, ResultDestination.provider_name, Contest.name, Approval.requested_name,
            Approval.approved_name, Approval.reason, receipt.c.receipt_id, receipt.c.number,
        )
        .join(Approval, Approval.approval_id == Publication.approval_id)
        .join(ResultDestination, ResultDestination.destination_id == Publication.destination_id)
        .join(Contest, Contest.contest_id == ResultDestination.contest_id)
        .outerjoin(receipt, receipt.c.publication_id == Publication.publication_id)
        .where(Publication.state == "published", Publication.act != "retraction")
    )  # fmt: skip
    if timing_partner_id is not None:
        query = query.where(Publication.timing_partner_id == timing_partner_id)
    if edition_id is not None:
        query = query.where(Publication.edition_id == edition_id)
    if edition_ids is not None:
        query = query.where(Publication.edition_id.in_(sorted(edition_ids)))
    newest = query.order_by(Publication.publication_id.desc()).limit(MOST_PUBLICATIONS)
    return reversed(db.session.execute(newest).all())


def _meant(body: bytes | None, asked: list[str]) -> Iterator[Published]:
    """The rows with that bib, or whose name has all those words. Bytes first: most publications have nobody of that name."""
    if body is None:
        return
    if all(word.isascii() for word in asked):
        text = zlib.decompress(body).lower()
        if not all(word.encode() in text for word in asked):
            return
    for row in unpack(body).rows:
        name = f"{row.first_name} {row.last_name}".casefold()
        if (row.bib or "").casefold() == " ".join(asked) or all(word in name for word in asked):
            yield row


def _said(publication: Any, row: Published, before: Said | None) -> Said:
    return Said(
        receipt_id=publication.receipt_id, number=publication.number, publication_id=publication.publication_id,
        edition_id=publication.edition_id, contest_id=publication.contest_id, contest_name=publication.name or "",
        destination=label(publication.provider_name), act=publication.act,
        visibility="preliminary" if publication.act == "preliminary" else "official", at=publication.ended_at,
        requested_by=publication.requested_name, approved_by=publication.approved_name, reason=publication.reason, row=row,
        before=before,
    )  # fmt: skip
