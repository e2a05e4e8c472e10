"""What the map of distances reads: both sides' distances, the pairs, who is linked and who is asked about, in one statement."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import func, select

from dashboard.reading import Query, Rows, together
from sync_jobs import contest_map
from sync_jobs.models import Contest, ContestPair, ContestSettings, Edition, EntryLink, EntryQuestion, MapChange
from sync_jobs.pairing import metres
from sync_jobs.providers import side

MOST = 200  # distances and pairs of one event
MOST_CHANGES = 20
NOON = timedelta(hours=12)  # after a day's begin: that day by every clock near it


@dataclass(slots=True)
class Map:
    """The distances of an event, and how they stand to each other."""

    suggested: list[Any] = field(default_factory=list)
    alone: list[Any] = field(default_factory=list)  # distances that nobody has decided about and nothing is suggested for
    confirmed: list[Any] = field(default_factory=list)
    left_out: list[Any] = field(default_factory=list)
    over: list[Any] = field(default_factory=list)  # void pairs
    changes: list[Any] = field(default_factory=list)  # after the start, with their reasons; the newest first
    is_frozen: bool = False  # one of them at least has started
    sides: frozenset[str] = frozenset()

    @property
    def open(self) -> int:
        """How many things wait for somebody."""
        return len(self.suggested) + len(self.alone)


def read(edition_id: int, now: datetime) -> Map:
    """Everything of one event."""
    found = together(
        distances=_distances(edition_id), pairs=_pairs(edition_id), linked=_linked(edition_id), asked=_asked(edition_id),
        rules=_rules(edition_id), changes=_changes(edition_id),
    )  # fmt: skip
    here = _sorted(found)
    starts = [(row.starts_at, bool(row.day_only), row.edition_starts_at) for row in found["distances"] if row.gone_at is None]
    here.is_frozen = any(contest_map.started([(at, is_day)], otherwise, now) for at, is_day, otherwise in starts)
    return here


def _distances(edition_id: int) -> Query:
    return (
        select(
            Contest.contest_id.label("contest_id"), Contest.name.label("name"), Contest.provider_name.label("provider_name"),
            Contest.distance.label("distance"), Contest.starts_at.label("starts_at"), Contest.rows_held.label("people"),
            Contest.gone_at.label("gone_at"), Edition.timezone.label("timezone"), Contest.day_only.label("day_only"),
            Edition.starts_at.label("edition_starts_at"),
        )
        .join(Edition, Edition.edition_id == Contest.edition_id)
        .where(Contest.edition_id == edition_id)
        .order_by(Contest.starts_at.is_(None), Contest.starts_at, Contest.name, Contest.contest_id)
        .limit(MOST)
    )  # fmt: skip


def _pairs(edition_id: int) -> Query:
    return (
        select(
            ContestPair.pair_id.label("pair_id"), ContestPair.registration_contest_id.label("ours_id"),
            ContestPair.scoring_contest_id.label("theirs_id"), ContestPair.state.label("pair_state"),
            ContestPair.likeness.label("likeness"), ContestPair.why.label("why"), ContestPair.decided_by.label("decided_by"),
            ContestPair.decided_at.label("decided_at"), ContestPair.before.is_not(None).label("can_undo"),
        )
        .where(ContestPair.edition_id == edition_id)
        .order_by(ContestPair.likeness.desc(), ContestPair.pair_id)
        .limit(MOST)
    )  # fmt: skip


def _linked(edition_id: int) -> Query:
    active = (EntryLink.edition_id == edition_id, EntryLink.ended_at.is_(None))
    return (
        select(EntryLink.contest_id.label("contest_id"), func.count().label("count")).where(*active).group_by(EntryLink.contest_id)
    )


def _asked(edition_id: int) -> Query:
    mine = EntryQuestion.edition_id == edition_id
    return (
        select(EntryQuestion.contest_id.label("contest_id"), func.count().label("count"))
        .where(mine)
        .group_by(EntryQuestion.contest_id)
    )


def _rules(edition_id: int) -> Query:
    return (
        select(
            ContestSettings.contest_id.label("contest_id"), ContestSettings.basis.label("basis"),
            ContestSettings.division_basis.label("division_basis"), ContestSettings.overall_awards.label("overall_awards"),
            ContestSettings.division_awards.label("division_awards"), ContestSettings.age_reference.label("age_reference"),
            ContestSettings.cutoff_minutes.label("cutoff_minutes"),
        )
        .join(Contest, Contest.contest_id == ContestSettings.contest_id)
        .where(Contest.edition_id == edition_id)
        .limit(MOST)
    )  # fmt: skip


def _changes(edition_id: int) -> Query:
    return (
        select(
            MapChange.change_id.label("change_id"), MapChange.registration_contest_id.label("ours_id"),
            MapChange.scoring_contest_id.label("theirs_id"), MapChange.what.label("what"), MapChange.why.label("why"),
            MapChange.reason.label("reason"), MapChange.changed_by.label("decided_by"), MapChange.at.label("decided_at"),
        )
        .where(MapChange.edition_id == edition_id, MapChange.reason.is_not(None))
        .order_by(MapChange.change_id.desc())
        .limit(MOST_CHANGES)
    )  # fmt: skip


def _sorted(found: dict[str, Rows]) -> Map:
    linked, asked = ({row.contest_id: row.count for row in found[name]} for name in ("linked", "asked"))
    distances = {row.contest_id: _with(row, linked, asked) for row in found["distances"]}
    for row in found["rules"]:
        if row.contest_id in distances:
            distances[row.contest_id].rules = contest_map.rules_of(row)
    pairs = [_pair(row, distances) for row in found["pairs"]]
    changes = [_pair(row, distances) for row in found["changes"]]
    here = Map(changes=changes, sides=frozenset(one.side for one in distances.values() if one.gone_at is None))
    lists = {"suggested": here.suggested, "confirmed": here.confirmed, "ignored": here.left_out, "void": here.over}
    for pair in pairs:
        lists[pair.pair_state].append(pair)
    seen = {number for pair in (*here.suggested, *here.confirmed, *here.left_out) for number in (pair.ours_id, pair.theirs_id)}
    here.alone = [one for one in distances.values() if one.contest_id not in seen and one.gone_at is None]
    return here


def _with(row: Any, linked: dict[int, int], asked: dict[int, int]) -> Any:
    length = metres.of_contest(row.distance, row.name)
    row.side, row.length = side(row.provider_name), "" if length is None else say_length(length)
    row.rules = contest_map.Rules()
    row.noon = row.starts_at and row.starts_at + NOON
    row.linked, row.asked = linked.get(row.contest_id, 0), asked.get(row.contest_id, 0)
    return row


def say_length(length: float) -> str:
    """`5 km`, `21.1 km`, `800 m`."""
    return f"{length:.0f} m" if length < 1000 else f"{round(length / 1000, 1):g} km"


def _pair(row: Any, distances: dict[int, Any]) -> SimpleNamespace:
    row.ours, row.theirs = distances.get(row.ours_id), distances.get(row.theirs_id)
    return row  # type: ignore[no-any-return]  # a row as `together` makes it
