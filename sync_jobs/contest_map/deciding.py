"""What a person says about the contest map, and taking it back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from sync_jobs import entry_links
from sync_jobs.contest_map.dependents import end_dependents, links_again, void
from sync_jobs.contest_map.freezing import is_change, reason_for, touched
from sync_jobs.contest_map.guards import against, guard
from sync_jobs.contest_map.history import changed
from sync_jobs.contest_map.rows import CannotMap, both, contest_of, decide, distance_of, known, line, lock, of, two
from sync_jobs.ledger.live import bump
from sync_jobs.models import ContestPair, db, write
from sync_jobs.pairing.contests import Distance
from sync_jobs.providers import side


def proof(
    edition_id: int, registration_contest_id: int, scoring_contest_id: int, instead_of: int | None = None
) -> tuple[Distance, Distance, str | None, list[str]]:
    """What speaks against a pair before somebody confirms it: both contests, why it cannot be, what to look at."""
    session = db.session()
    ours, theirs = two(session, edition_id, registration_contest_id, scoring_contest_id)
    return distance_of(ours), distance_of(theirs), *against(session, ours, theirs, instead_of)


def confirm(
    edition_id: int, registration_contest_id: int, scoring_contest_id: int, *, by: str, now: datetime, looked: bool = False,
    instead_of: int | None = None, reason: str | None = None,
) -> None:  # fmt: skip
    """A person says: people of this registration contest run in that scoring contest (`instead_of` another pair).

    One contest may have several partners on either side. Raises CannotMap, or LookFirst while its warnings were not seen.
    """
    with write() as session:
        edition = lock(session, edition_id)
        ours, theirs = two(session, edition_id, registration_contest_id, scoring_contest_id)
        guard(session, ours, theirs, instead_of, looked=looked)
        pair = line(session, edition, (registration_contest_id, scoring_contest_id))
        if pair.state == "confirmed":
            raise CannotMap("These two are confirmed already.")
        over = _contradicting(session, edition_id, registration_contest_id, scoring_contest_id, instead_of)
        said = reason_for(session, edition, touched([pair, *over]), reason, now)
        decide(session, pair, "confirmed", by=by, now=now, reason=said, ended=[other.pair_id for other in over])
        for other in over:
            void(session, other, f"Changed by {by}.", by, now, said)
    entry_links.match(edition_id, now)


def ignore(edition_id: int, contest_id: int, *, by: str, now: datetime, reason: str | None = None) -> None:
    """A person says of a contest of either side that it has no counterpart: volunteers, a virtual race, a merchandise list."""
    with write() as session:
        edition = lock(session, edition_id)
        contest = contest_of(session, edition_id, contest_id)
        is_ours = side(contest.provider_name) == "registration"
        pair = line(session, edition, (contest_id, None) if is_ours else (None, contest_id))
        if pair.state == "ignored":
            raise CannotMap("It is left out already.")
        mine = ContestPair.registration_contest_id if is_ours else ContestPair.scoring_contest_id
        over = session.scalars(of(edition_id, mine == contest_id, ContestPair.state == "confirmed")).all()
        said = reason_for(session, edition, touched([pair, *over]), reason, now)
        decide(session, pair, "ignored", by=by, now=now, reason=said, ended=[other.pair_id for other in over])
        for other in over:
            void(session, other, f"{contest.name or 'It'} was left out by {by}.", by, now, said)
    entry_links.match(edition_id, now)


def refuse(edition_id: int, pair_id: int, *, by: str, now: datetime, reason: str | None = None) -> None:
    """A person says: these two are not the same. They are not suggested again."""
    with write() as session:
        edition = lock(session, edition_id)
        pair = known(session, edition_id, pair_id)
        if pair.state not in ("suggested", "confirmed"):
            raise CannotMap("That was decided already. Look at how it stands now.")
        said = reason_for(session, edition, touched([pair]), reason, now) if is_change(pair.state) else None
        void(session, pair, f"Not the same, says {by}.", by, now, said)
    entry_links.match(edition_id, now)


def undo(edition_id: int, pair_id: int, *, by: str, now: datetime, reason: str | None = None) -> None:
    """Take the last decision about a pair back: it stands as before, and so do those that the decision ended."""
    with write() as session:
        edition = lock(session, edition_id)
        pair = known(session, edition_id, pair_id)
        if pair.before is None:
            raise CannotMap("There is nothing to take back.")
        ended = [other for number in pair.before["ended"] if (other := session.get(ContestPair, number))]
        counts = is_change(pair.state, pair.before["state"])
        said = reason_for(session, edition, touched([pair, *ended]), reason, now) if counts else None
        ended_at = pair.decided_at
        _stand_before(session, pair, by, now, said)
        for other in ended:
            _stand_again(session, other, ended_at, by, now, said)
        bump(session, "all", f"partner:{edition.timing_partner_id}")
    entry_links.match(edition_id, now)


def _stand_before(session: Session, pair: ContestPair, by: str, now: datetime, reason: str | None) -> None:
    """The pair itself, as it was before its last decision."""
    was, is_now, ended_at = pair.before["state"], pair.state, pair.decided_at
    if is_now == "confirmed":
        end_dependents(session, pair, by, now)
    pair.state, pair.why = ("void", f"Taken back by {by}.") if was == "new" else (was, pair.before["why"])
    pair.version, pair.decided_by, pair.decided_at, pair.before = pair.version + 1, by, now, None
    if was in ("new", "suggested"):
        pair.decided_by, pair.decided_at = None, None  # nobody has decided: it may be suggested
    if is_change(was, is_now):
        changed(session, pair, "undone", by=by, now=now, reason=reason)
    if was == "confirmed":
        links_again(session, pair, ended_at, now)


def _stand_again(
    session: Session, pair: ContestPair, ended_at: datetime | None, by: str, now: datetime, reason: str | None
) -> None:
    """A line that another decision had ended, unless somebody has decided about it since."""
    if pair.state != "void" or pair.decided_at != ended_at or pair.before is None:
        return
    pair.state, pair.why, pair.version = pair.before["state"], pair.before["why"], pair.version + 1
    pair.decided_by, pair.decided_at, pair.before = by, now, None
    changed(session, pair, "again", by=by, now=now, reason=reason)
    links_again(session, pair, ended_at, now)


def _contradicting(session: Session, edition_id: int, ours: int, theirs: int, instead_of: int | None) -> list[ContestPair]:
    """What cannot stand beside a new pair: that one of the two is left out, and the pair that it takes the place of."""
    left_out = session.scalars(of(edition_id, ContestPair.state == "ignored")).all()
    over = [pair for pair in left_out if ours == pair.registration_contest_id or theirs == pair.scoring_contest_id]
    if instead_of is not None:
        old = known(session, edition_id, instead_of)
        over += [old] if old.state == "confirmed" and both(old) != (ours, theirs) else []
    return over
