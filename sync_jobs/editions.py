"""Editions, contests and their links, made from what discovery listed; and the joining that only a person may do.

Grouping and likeness are decided in `matching`; this reads the listed contests and writes the customer's `events`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Text, bindparam, cast, column, func, or_, select, table, update
from sqlalchemy.orm import Session

from sync_jobs import contest_map, matching, providers, times
from sync_jobs.ledger.asking import stop, target_of
from sync_jobs.ledger.live import bump
from sync_jobs.matching import Grouping
from sync_jobs.models import (
    Connection,
    Contest,
    ContestPair,
    DirectorEdition,
    Edition,
    EditionLink,
    EditionSuggestion,
    EntryLink,
    EntryQuestion,
    Instant,
    MapChange,
    PartnerSettings,
    Run,
    Schedule,
    StartListFile,
    StartListLine,
    SyncState,
    insert_or,
    write,
)
from sync_jobs.models.customer import EDITION_ID_COLUMN
from sync_jobs.records import ListedContest

LISTED = table(
    "unified_contests",
    column("timing_partner_id"),
    column("source_provider", Text),
    column("happening_id", Text),
    column("happening_name", Text),
    column("provider_contest_id", Text),
    column("contest_name", Text),
    column("distance", Text),
    column("starts_at", Instant),
    column("timezone", Text),
    column("city", Text),
    column("state", Text),
    column("is_volunteer"),
    column("gone_at", Instant),
)
MANY = 500
DESCRIPTION = ("name", "timezone", "timezone_source", "starts_at", "ends_at", "day_only", "date", "city", "state")


def refresh(session: Session, connection: Connection, happenings: Iterable[str], now: datetime) -> list[int]:
    """Make or update the editions of these happenings, in the caller's transaction. Returns their ids."""
    zone, wanted = partner_zone(session, connection.timing_partner_id), sorted(set(happenings))
    listed, before = _listed(session, connection, wanted), _homes(session, connection, wanted)
    made = [_edition(session, connection, grouping, zone) for grouping in matching.group(listed, zone)]
    session.flush()
    homes = _homes(session, connection, wanted)
    contest_map.follow(session, {contest for contest, home in homes.items() if before.get(contest, home) != home}, now)
    _suggest(session, connection, made)
    return [edition.edition_id for edition in made]


def refresh_contests(session: Session, connection: Connection, happening_id: str, now: datetime) -> None:
    """People of a happening showed its contests (Haku lists them nowhere else): the whole one that stood for them is gone."""
    refresh(session, connection, [happening_id], now)
    listed = [contest.provider_contest_id for contest in _listed(session, connection, [happening_id])]
    mine = (Contest.timing_partner_id == connection.timing_partner_id, Contest.provider_name == connection.provider_name)
    session.execute(
        update(Contest)
        .where(*mine, Contest.happening_id == happening_id, Contest.provider_contest_id.not_in(listed), Contest.gone_at.is_(None))
        .values(gone_at=now)
        .execution_options(synchronize_session=False)
    )


def partner_zone(session: Session, partner: int) -> str:
    """The zone that holds where a provider names none."""
    found = session.scalar(select(PartnerSettings.timezone).where(PartnerSettings.timing_partner_id == partner))
    return found or "America/New_York"


def _listed(session: Session, connection: Connection, happenings: list[str]) -> list[ListedContest]:
    found: list[ListedContest] = []
    for start in range(0, len(happenings), MANY):
        rows = session.execute(
            select(LISTED).where(
                LISTED.c.timing_partner_id == connection.timing_partner_id,
                LISTED.c.source_provider == connection.provider_name,
                LISTED.c.happening_id.in_(happenings[start : start + MANY]),
                LISTED.c.gone_at.is_(None),
            )
        )
        found.extend(_contest_of(row, connection) for row in rows)
    return found


def _homes(session: Session, connection: Connection, happenings: list[str]) -> dict[int, int]:
    """To which edition each contest of these happenings belongs."""
    mine = (Contest.timing_partner_id == connection.timing_partner_id, Contest.provider_name == connection.provider_name)
    found: dict[int, int] = {}
    for start in range(0, len(happenings), MANY):
        some = Contest.happening_id.in_(happenings[start : start + MANY])
        found.update((c, e) for c, e in session.execute(select(Contest.contest_id, Contest.edition_id).where(*mine, some)))
    return found


def _contest_of(row: Any, connection: Connection) -> ListedContest:
    return ListedContest(
        timing_partner_id=row.timing_partner_id,
        connection_id=connection.connection_id,
        provider_name=connection.provider_name,
        happening_id=row.happening_id,
        happening_name=(row.happening_name or "").strip(),
        provider_contest_id=row.provider_contest_id,
        name=(row.contest_name or "").strip(),
        distance=row.distance,
        starts_at=row.starts_at,
        timezone=row.timezone,
        city=row.city,
        state=row.state,
        is_volunteer=bool(row.is_volunteer),
    )


def _edition(session: Session, connection: Connection, grouping: Grouping, zone: str) -> Edition:
    edition = _known(session, connection, grouping) or _new(session, connection, grouping)
    _describe(edition, connection, grouping, zone)
    session.flush()
    _link(session, connection, grouping, edition)
    for contest in grouping.contests:
        _contest(session, contest, edition.edition_id, zone)
    _start_by_distances(session, edition)
    return edition


def _known(session: Session, connection: Connection, grouping: Grouping) -> Edition | None:
    """The edition that most of these contests already belong to (the oldest of several), or that the customer's own row names."""
    mine = (Contest.timing_partner_id == connection.timing_partner_id, Contest.provider_name == connection.provider_name)
    ids = [contest.provider_contest_id for contest in grouping.contests]
    theirs = select(Contest.edition_id).where(*mine, Contest.provider_contest_id.in_(ids)).group_by(Contest.edition_id)
    edition_id = session.scalar(theirs.order_by(func.count().desc(), Contest.edition_id).limit(1))
    if edition_id is None:
        edition_id = session.scalar(
            select(EditionLink.edition_id).where(
                EditionLink.connection_id == connection.connection_id, EditionLink.happening_key == grouping.key
            )
        )
    if edition_id is None:
        edition_id = _named_by_customer(session, connection, [grouping.happening_id, *ids])
    edition = session.get(Edition, edition_id) if edition_id is not None else None
    return session.get(Edition, edition.joined_into) if edition is not None and edition.joined_into else edition


def _named_by_customer(session: Session, connection: Connection, ids: list[str]) -> int | None:
    """The customer's own row that names one of these, where its table has a column for that provider."""
    column_name = EDITION_ID_COLUMN.get(connection.provider_name)
    if column_name is None:
        return None
    named = (Edition.timing_partner_id == connection.timing_partner_id, getattr(Edition, column_name).in_(ids))
    return session.scalar(select(Edition.edition_id).where(*named).order_by(Edition.edition_id).limit(1))


def _new(session: Session, connection: Connection, grouping: Grouping) -> Edition:
    edition = Edition(timing_partner_id=connection.timing_partner_id, name=grouping.contests[0].happening_name)
    session.add(edition)
    return edition


def _describe(edition: Edition, connection: Connection, grouping: Grouping, zone: str) -> None:
    """Bring the customer's row up to date. A joined edition keeps the description of the provider it was made from, and a
    registration provider's goes before scoring's: there a start is an hour, here often no more than a day.
    """
    column_name = EDITION_ID_COLUMN.get(connection.provider_name)
    rivals = _registers(edition) if providers.side(connection.provider_name) == "registration" else _described(edition)
    first = not rivals - {connection.provider_name} or edition.name is None
    ours = grouping.contests[0].provider_contest_id if connection.provider_name == "runsignup" else grouping.happening_id
    if column_name is not None and not getattr(edition, column_name):
        setattr(edition, column_name, ours)
    if not first:
        return
    starts = sorted(contest.starts_at for contest in grouping.contests if contest.starts_at)
    named_zone = next((c.timezone for c in grouping.contests if times.is_zone(c.timezone)), None)
    edition.name = grouping.contests[0].happening_name
    edition.timezone, edition.timezone_source = (named_zone, connection.provider_name) if named_zone else (zone, "partner")
    edition.starts_at, edition.ends_at = (starts[0], starts[-1]) if starts else (None, None)
    edition.day_only = int(bool(starts) and not times.has_time(starts[0], times.zone(edition.timezone)))
    edition.date = grouping.first_day.isoformat() if grouping.first_day else None
    edition.city, edition.state = grouping.contests[0].city, grouping.contests[0].state


def _described(edition: Edition) -> set[str]:
    """The providers that know this edition by an id which the customer's row keeps; ChronoTrack's describes nothing."""
    return {provider for provider, name in EDITION_ID_COLUMN.items() if provider != "chronotrack" and getattr(edition, name)}


def _registers(edition: Edition) -> set[str]:
    return _described(edition) & set(providers.of_side("registration"))


def _start_by_distances(session: Session, edition: Edition) -> None:
    """Where its description says no more than the day, the times of that day that any of its distances says."""
    there = times.zone(edition.timezone)
    ends = (edition.starts_at, edition.ends_at)
    if not any(at and not times.has_time(at, there) for at in ends):
        return
    session.flush()
    of = (Contest.edition_id == edition.edition_id, Contest.gone_at.is_(None), Contest.day_only == 0)
    exact = sorted(at for at in session.scalars(select(Contest.starts_at).where(*of)) if at)
    for name, at, choose in (("starts_at", ends[0], min), ("ends_at", ends[1], max)):
        if at and not times.has_time(at, there) and (of_day := [one for one in exact if at <= one < at + matching.LONGEST_DAY]):
            setattr(edition, name, choose(of_day))
    edition.day_only = int(edition.starts_at is not None and not times.has_time(edition.starts_at, there))


def _link(session: Session, connection: Connection, grouping: Grouping, edition: Edition) -> None:
    _free_key(session, connection, grouping.key, edition.edition_id)
    mine = (EditionLink.connection_id == connection.connection_id, EditionLink.happening_id == grouping.happening_id)
    link = session.scalars(select(EditionLink).where(*mine, EditionLink.edition_id == edition.edition_id)).first()
    if link is None:
        link = EditionLink(
            timing_partner_id=connection.timing_partner_id,
            edition_id=edition.edition_id,
            connection_id=connection.connection_id,
            provider_name=connection.provider_name,
            happening_id=grouping.happening_id,
            made_by="discovery",
        )
        session.add(link)
    link.happening_key, link.name = grouping.key, grouping.contests[0].happening_name


def _free_key(session: Session, connection: Connection, key: str, edition_id: int) -> None:
    """Days were moved onto those of another edition: its link goes on under a key of its own until it gets its new one."""
    session.execute(
        update(EditionLink)
        .where(EditionLink.connection_id == connection.connection_id, EditionLink.happening_key == key)
        .where(EditionLink.edition_id != edition_id)
        .values(happening_key=EditionLink.happening_id + "@link " + cast(EditionLink.link_id, Text))
    )


def _contest(session: Session, contest: ListedContest, edition_id: int, fallback_zone: str) -> None:
    key = {
        "timing_partner_id": contest.timing_partner_id,
        "provider_name": contest.provider_name,
        "provider_contest_id": contest.provider_contest_id,
    }
    said = {
        "edition_id": edition_id,
        "happening_id": contest.happening_id,
        "name": contest.name,
        "distance": contest.distance,
        "starts_at": contest.starts_at,
        "is_volunteer": int(contest.is_volunteer),
        "timezone": contest.timezone if times.is_zone(contest.timezone) else None,
        "day_only": int(contest.starts_at is not None and not matching.has_time(contest, fallback_zone)),
        "gone_at": None,
    }
    first = {"connection_id": contest.connection_id}  # a second connection that lists it too changes nothing
    session.execute(
        insert_or(session)(Contest).values(**key, **first, **said).on_conflict_do_update(index_elements=list(key), set_=said)
    )


def _suggest(session: Session, connection: Connection, made: list[Edition]) -> None:
    """Note which of these look like an edition of another provider of the same partner. Decided pairs stay decided."""
    others = session.scalars(
        select(Edition).where(
            Edition.timing_partner_id == connection.timing_partner_id, Edition.joined_into.is_(None), Edition.starts_at.is_not(None)
        )
    ).all()
    rows = [
        {
            "timing_partner_id": connection.timing_partner_id,
            "edition_id": max(mine.edition_id, other.edition_id),
            "other_edition_id": min(mine.edition_id, other.edition_id),
            "likeness": percent,
        }
        for mine in made
        if not mine.joined_into
        for other in others
        if other.edition_id != mine.edition_id
        and not _share_a_provider(mine, other)
        and (percent := matching.alike(mine.name, mine.starts_at, other.name, other.starts_at)) is not None
    ]
    if rows:
        session.connection().execute(insert_or(session)(EditionSuggestion).on_conflict_do_nothing(), rows)


def _share_a_provider(one: Edition, other: Edition) -> bool:
    return any(getattr(one, name) and getattr(other, name) for name in EDITION_ID_COLUMN.values())


MOVED = (
    EditionLink, Contest, Schedule, SyncState, DirectorEdition, ContestPair, MapChange, EntryLink, EntryQuestion, StartListLine,
    StartListFile,
)  # fmt: skip
"""What goes along when an edition is joined to another."""


def join(edition_id: int, other_edition_id: int, by: str, now: datetime) -> bool:
    """A person says: these two are the same event. The later-made one's links, contests and schedules move to the other.

    False when the suggestion is not open any more. The joined row stays and says where it went.
    """
    with write() as session:
        if not _decide(session, edition_id, other_edition_id, "joined", by, now):
            return False
        here, there = session.get_one(Edition, edition_id), session.get_one(Edition, other_edition_id)
        stop(session, Run.edition_id == edition_id, by, now)  # the other's next reading, which is due at once, reads these too
        for model in MOVED:
            _move(session, model, edition_id, other_edition_id, now)
        better = DESCRIPTION if _registers(here) and not _registers(there) else ()
        for name in better:
            setattr(there, name, getattr(here, name))
        for name in EDITION_ID_COLUMN.values():
            if not getattr(there, name):
                setattr(there, name, getattr(here, name))
        session.flush()
        _start_by_distances(session, there)
        here.joined_into = other_edition_id
        session.execute(
            update(EditionSuggestion)
            .where(or_(EditionSuggestion.edition_id == edition_id, EditionSuggestion.other_edition_id == edition_id))
            .where(EditionSuggestion.state == "open")
            .values(state="refused", decided_by=by, decided_at=now)
            .execution_options(synchronize_session=False)
        )
    contest_map.suggest(other_edition_id, now)  # its two sides may have met only now
    return True


def refuse(edition_id: int, other_edition_id: int, by: str, now: datetime) -> bool:
    """A person says: these two are not the same event. They are not suggested again."""
    with write() as session:
        return _decide(session, edition_id, other_edition_id, "refused", by, now)


def _decide(session: Session, edition_id: int, other_edition_id: int, state: str, by: str, now: datetime) -> bool:
    decided = session.execute(
        update(EditionSuggestion)
        .where(
            EditionSuggestion.edition_id == edition_id,
            EditionSuggestion.other_edition_id == other_edition_id,
            EditionSuggestion.state == "open",
        )
        .values(state=state, decided_by=by, decided_at=now)
        .returning(EditionSuggestion.timing_partner_id)
        .execution_options(synchronize_session=False)
    ).first()
    if decided:
        bump(session, "all", f"partner:{decided.timing_partner_id}")
    return decided is not None


def _move(session: Session, model: Any, source: int, destination: int, now: datetime) -> None:
    """Give a joined edition's rows to the other. Targets name the edition, so they are written anew."""
    if model is DirectorEdition:
        accounts = session.scalars(select(DirectorEdition.account_id).where(DirectorEdition.edition_id == source)).all()
        for account_id in accounts:
            session.merge(DirectorEdition(account_id=account_id, edition_id=destination))
        return
    changes: dict[str, Any] = {"edition_id": bindparam("to_edition")}
    if model in (Schedule, SyncState):
        for row in session.scalars(select(model).where(model.edition_id == source)).all():
            _move_target(session, model, row, destination, now)
        return
    session.connection().execute(update(model).where(model.edition_id == source).values(**changes), {"to_edition": destination})


def _move_target(session: Session, model: Any, row: Any, destination: int, now: datetime) -> None:
    """One schedule or state. Where the same connection reads the other edition already, that one's stays and begins afresh."""
    target = target_of(row.connection_id, row.operation_type, destination)
    there = session.scalars(select(model).where(model.target == target)).first()
    if there is None:
        there, row.edition_id, row.target = row, destination, target
    else:
        session.delete(row)
        if model is SyncState:
            there.read_mark, there.full_read_at = None, None
    if model is Schedule and row.next_run_at is not None:
        there.next_run_at = now
