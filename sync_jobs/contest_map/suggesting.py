"""Suggestions for the contest map, and the end of pairs whose contest is gone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_jobs import people
from sync_jobs.contest_map.dependents import void
from sync_jobs.contest_map.rows import DECIDED, both, distance_of, new, of
from sync_jobs.ledger.live import bump
from sync_jobs.models import Contest, ContestPair, Edition, db, write
from sync_jobs.pairing import contests
from sync_jobs.pairing.contests import Ids, Suggested
from sync_jobs.pairing.ids import ExternalIds
from sync_jobs.providers import side


def suggest(edition_id: int, now: datetime) -> int:
    """Look which contests of an edition are probably which, where nobody has decided yet. Returns how many pairs are open.

    Called after a discovery and after the first pulls of either side, and by the page's button.
    """
    _end_what_is_gone(edition_id, now)
    db.session.rollback()
    partner = db.session.scalar(select(Edition.timing_partner_id).where(Edition.edition_id == edition_id))
    listed = _listed(edition_id)
    ours, theirs = ([c for c in listed if side(c.provider_name) == which] for which in ("registration", "scoring"))
    pairs = db.session.scalars(select(ContestPair).where(ContestPair.edition_id == edition_id)).all()
    decided = {pair.registration_contest_id for pair in pairs if pair.state in DECIDED}
    left_out = {pair.scoring_contest_id for pair in pairs if pair.state == "ignored"}
    refused = {both(pair) for pair in pairs if pair.state == "void" and pair.decided_by}
    undecided = [distance_of(contest) for contest in ours if contest.contest_id not in decided]
    scoring = [distance_of(contest) for contest in theirs if contest.contest_id not in left_out]
    every = [contest.contest_id for contest in listed]
    if partner is None or not scoring:
        undecided = []
    ids = _ids(partner or 0, edition_id, every, {c.contest_id for c in scoring}) if undecided else {}
    found = [
        s for s in contests.suggest(undecided, scoring, ids) if (s.registration_contest_id, s.scoring_contest_id) not in refused
    ]
    with write() as session:
        if _keep_suggestions(session, partner or 0, edition_id, found):
            bump(session, "all", f"partner:{partner}")
    return len(found)


def _listed(edition_id: int) -> list[Contest]:
    return list(db.session.scalars(select(Contest).where(Contest.edition_id == edition_id, Contest.gone_at.is_(None))))


def _ids(partner: int, edition_id: int, every: list[int], scoring: set[int]) -> dict[int, Ids]:
    """How many entries of each scoring contest carry which registration contest's ids."""
    meant = ExternalIds([*people.registrations(partner, every), *people.unplaced(partner, edition_id)])
    entries: Counter[int] = Counter()
    carrying: defaultdict[int, Counter[int | None]] = defaultdict(Counter)
    for entry in people.entries(partner, scoring):
        if entry.contest_id is not None:
            entries[entry.contest_id] += 1
            if registration := meant.find(entry.external_id):
                carrying[entry.contest_id][registration.contest_id] += 1
    return {
        contest_id: Ids(number, carrying[contest_id].total(), {c: n for c, n in carrying[contest_id].items() if c is not None})
        for contest_id, number in entries.items()
    }


def _keep_suggestions(session: Session, partner: int, edition_id: int, found: Iterable[Suggested]) -> bool:
    """Make the suggested pairs these and no others; what a person decided meanwhile stays."""
    there = {both(pair): pair for pair in session.scalars(select(ContestPair).where(ContestPair.edition_id == edition_id))}
    wanted = {(s.registration_contest_id, s.scoring_contest_id): s for s in found}
    over = [pair for two, pair in there.items() if pair.state == "suggested" and two not in wanted]
    for pair in over:
        session.delete(pair)
    changed = bool(over)
    for two, suggested in wanted.items():
        pair = there.get(two) or new(session, partner, edition_id, two)
        if pair.state in DECIDED or (pair.state == "void" and pair.decided_by):
            continue
        before = (pair.state, pair.likeness, pair.why)
        pair.state, pair.likeness, pair.why = "suggested", suggested.likeness, suggested.why
        changed = changed or before != (pair.state, pair.likeness, pair.why)
    return changed


def _end_what_is_gone(edition_id: int, now: datetime) -> None:
    """A pair whose contest its provider lists no longer is void; when it is listed again, it is suggested again."""
    gone = select(Contest.contest_id, Contest.name).where(Contest.edition_id == edition_id, Contest.gone_at.is_not(None))
    names = {row.contest_id: row.name for row in db.session.execute(gone)}
    if not names:
        return
    with write() as session:
        for pair in session.scalars(of(edition_id, ContestPair.state.in_(("confirmed", "ignored")))).all():
            name = next((names[number] for number in both(pair) if number in names), None)
            if name is not None:
                void(session, pair, f"“{name}” is not listed any more.", None, now)
