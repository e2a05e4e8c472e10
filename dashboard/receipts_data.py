"""What the pages of receipts read: an event's receipts by pages, one with its chain and rows, and what was said of somebody."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flask import abort
from sqlalchemy import Select, select

from dashboard import access
from dashboard.paging import PER_PAGE
from sync_jobs import receipts
from sync_jobs.models import (
    Approval,
    Contest,
    Edition,
    HiddenName,
    Publication,
    PublicationPayload,
    Receipt,
    ResultDestination,
    ResultVersion,
    db,
)
from sync_jobs.receipts import Said
from sync_jobs.results import ANONYMOUS, Published
from sync_jobs.review.packed import unpack

ENDS = 3  # rows shown of either end
MOST = 50  # of what was published of somebody


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """How the receipts of a contest hang together."""

    many: int
    broken: int | None  # the first that does not fit

    def said(self, number: int) -> str:
        """Which it is, and whether they fit."""
        fits = "the chain is whole" if self.broken is None else f"the chain is broken at receipt {self.broken}"
        return f"Receipt {number} of {self.many}; {fits}."


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One receipt, and what is kept beside it."""

    receipt: Receipt
    document: dict[str, Any]
    chain: Chain
    rows: Sequence[Published]  # as they were sent; nothing where that was emptied, or nothing was sent
    is_emptied: bool
    is_as_approved: bool | None  # whether those rows have the hash that was approved; None: they are gone
    after: Receipt | None  # the receipt that replaced it, or took it down

    @property
    def first(self) -> Sequence[Published]:
        """The first rows."""
        return self.rows[:ENDS]

    @property
    def last(self) -> Sequence[Published]:
        """The last ones that are not among the first."""
        return self.rows[max(ENDS, len(self.rows) - ENDS) :]


@dataclass(slots=True)
class Told:
    """What was first said of somebody in one publication, and the receipts that said the same again."""

    said: Said
    again: list[Said] = field(default_factory=list)


def editions_of(edition_id: int) -> tuple[int, ...]:
    """The event and those that were joined into it: receipts keep the number that it had."""
    joined = select(Edition.edition_id).where(Edition.joined_into == edition_id)
    return (edition_id, *db.session.scalars(joined))


def receipt_or_404(receipt_id: int) -> tuple[Receipt, Edition]:
    """That receipt and its event, if the asking person may know of it."""
    mine = (access.within(Receipt.timing_partner_id), Receipt.receipt_id == access.possible(receipt_id))
    row = db.session.execute(
        select(Receipt, Edition.joined_into).outerjoin(Edition, Edition.edition_id == Receipt.edition_id).where(*mine)
    ).first()
    if row is None:
        abort(404)
    receipt, joined_into = row
    return receipt, access.edition_or_404(joined_into or receipt.edition_id)


def listed(edition_ids: Iterable[int], before: int | None) -> list[Any]:
    """One page of an event's receipts and one more, the newest first."""
    mine = _lines().where(Receipt.edition_id.in_(tuple(edition_ids)))
    if before is not None:
        mine = mine.where(Receipt.receipt_id < before)
    return list(db.session.execute(mine.order_by(Receipt.receipt_id.desc()).limit(PER_PAGE + 1)))


def _lines() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Receipt.receipt_id, Receipt.number, Receipt.kind, Receipt.at, Receipt.contest_id, Contest.name.label("contest_name"),
            Publication.act, Publication.why, ResultDestination.provider_name, ResultVersion.number.label("version"),
            Approval.requested_name, Approval.approved_name, Approval.reason,
        )
        .outerjoin(Contest, Contest.contest_id == Receipt.contest_id)
        .outerjoin(Publication, Publication.publication_id == Receipt.publication_id)
        .outerjoin(Approval, Approval.approval_id == Publication.approval_id)
        .outerjoin(ResultDestination, ResultDestination.destination_id == Publication.destination_id)
        .outerjoin(ResultVersion, ResultVersion.version_id == Publication.version_id)
    )  # fmt: skip


def chains(contest_ids: Iterable[int]) -> dict[int, Chain]:
    """How the receipts of those contests hang together."""
    return {contest_id: chain_of(contest_id) for contest_id in dict.fromkeys(contest_ids)}


def chain_of(contest_id: int) -> Chain:
    """The same of one."""
    broken = receipts.verify(contest_id)
    newest = select(Receipt.number).where(Receipt.contest_id == contest_id).order_by(Receipt.number.desc()).limit(1)
    return Chain(many=db.session.scalar(newest) or 0, broken=broken)


def see(receipt: Receipt) -> Seen:
    """One receipt, whole."""
    receipt_id, contest_id = receipt.receipt_id, receipt.contest_id
    chain = chain_of(contest_id)  # ends the reading transaction: what was read before is read afresh
    receipt = db.session.get_one(Receipt, receipt_id)
    body, approved, emptied_at = _body(receipt.publication_id)
    payload = unpack(body) if body else None
    return Seen(
        receipt=receipt, document=json.loads(receipt.document), chain=chain,
        rows=_named(payload.rows, contest_id) if payload else (), is_emptied=emptied_at is not None,
        is_as_approved=None if payload is None else payload.hash == approved, after=_after(receipt),
    )  # fmt: skip


def _body(publication_id: int | None) -> tuple[bytes | None, str | None, Any]:
    row = db.session.execute(
        select(PublicationPayload.body, Publication.payload_hash, PublicationPayload.emptied_at)
        .join(Publication, Publication.publication_id == PublicationPayload.publication_id)
        .where(Publication.publication_id == publication_id)
    ).first()
    return (row.body, row.payload_hash, row.emptied_at) if row else (None, None, None)


def _hidden(contest_id: int) -> frozenset[str]:
    mine = select(HiddenName.entry_key).where(HiddenName.contest_id == contest_id, HiddenName.ended_at.is_(None))
    return frozenset(db.session.scalars(mine))


def _named(rows: Iterable[Published], contest_id: int) -> tuple[Published, ...]:
    """Whoever is not to be named today is not named in old rows either."""
    hidden = _hidden(contest_id)
    return tuple(replace(row, first_name=ANONYMOUS, last_name="") if row.entry_key in hidden else row for row in rows)


def _after(receipt: Receipt) -> Receipt | None:
    """The next receipt of the same contest that says that it replaces this one."""
    later = select(Receipt).where(
        Receipt.contest_id == receipt.contest_id, Receipt.number > receipt.number,
        Receipt.kind.in_(("published", "file", "retracted")),
    )  # fmt: skip
    for one in db.session.scalars(later.order_by(Receipt.number)):
        if json.loads(one.document)["aftermath"]["replaces"] == receipt.number:
            return one
    return None


def told(words: str, edition_ids: Sequence[int]) -> list[Told]:
    """What was published of that bib or name, each thing once, the newest first."""
    found = receipts.find(words, timing_partner_id=access.own_partner(), edition_ids=edition_ids, most=MOST)
    lines: list[Told] = []
    waiting: dict[Any, list[Said]] = {}
    for said in found:
        whose = (said.contest_id, said.destination, said.row.key)
        if said.is_same:
            waiting.setdefault(whose, []).append(said)
        else:
            lines.append(Told(said, waiting.pop(whose, [])))
    lines += [Told(some[-1], some[:-1]) for some in waiting.values()]  # where it began lies further back
    return lines


def hidden_of(lines: Iterable[Told]) -> frozenset[tuple[int, str]]:
    """Whose names are hidden today, by contest and entry."""
    contests = {one.said.contest_id for one in lines}
    return frozenset((contest_id, entry) for contest_id in contests for entry in _hidden(contest_id))
