"""What is known of a scored contest beside its rows: its course and start, the rules somebody chose, and the policy over it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from statistics import median
from typing import Any

from sqlalchemy import or_, select, union_all

from sync_jobs import contest_map, times, versions
from sync_jobs.models import PROVIDER_TABLES, TWINS, Contest, ContestSettings, Edition, PublishingPolicy, db
from sync_jobs.pairing.contests import Distance
from sync_jobs.pairing.metres import of_contest
from sync_jobs.pairing.names import plain
from sync_jobs.results import ContestFacts, Point, ResultRow
from sync_jobs.review.policy import Policy, tighten

MARATHON = 42_300  # metres; some are measured a little longer
OF_KIND = {
    "kids": "kids", "wheelchair": "wheel", "relay": "relay", "walk": "walk",
    **dict.fromkeys(("triathlon", "duathlon", "swim", "bike"), "wheel"),
}  # fmt: skip
"""The profile of each sort of contest, the first that fits. No limit of a runner's speed holds where somebody rides or swims."""
NOT_RUN = frozenset({"biking", "swimming", "multisport"})
ULTRA, TRAIL = frozenset({"ultra", "ultramarathon"}), frozenset({"trail", "trails"})
CONTEST = (
    Contest.contest_id, Contest.edition_id, Contest.timing_partner_id, Contest.name, Contest.provider_name, Contest.happening_id,
    Contest.provider_contest_id, Contest.distance, Contest.starts_at, Contest.day_only, Contest.timezone, Contest.map_version,
    Edition.date, Edition.timezone.label("edition_zone"), Edition.starts_at.label("first"), Edition.ends_at.label("last"),
)  # fmt: skip
RULES = (
    ContestSettings.basis, ContestSettings.division_basis, ContestSettings.overall_awards, ContestSettings.division_awards,
    ContestSettings.age_reference, ContestSettings.cutoff_minutes,
)  # fmt: skip
MEASURED_ONLY = frozenset({"chronotrack"})
"""Whose splits are stretches of the course: one that is not called by a length says nothing of a point."""


def facts(contest_id: int, rows: Iterable[ResultRow] | None = None, policy: Policy | None = None) -> ContestFacts:
    """Of a scoring contest. The points are those that `rows` passed; without any, those of its newest version."""
    joined = select(*CONTEST, *RULES).join(Edition, Edition.edition_id == Contest.edition_id)
    of = joined.outerjoin(ContestSettings, ContestSettings.contest_id == Contest.contest_id)
    found = db.session.execute(of.where(Contest.contest_id == contest_id)).one()
    if rows is None:
        newest = versions.newest(contest_id)
        rows = versions.version_of(newest).rows if newest else ()
    policy = policy or policy_of(found.timing_partner_id, found.edition_id)
    metres, zone = of_contest(found.distance, found.name), found.edition_zone or found.timezone or "UTC"
    return ContestFacts(
        contest_id=contest_id, edition_id=found.edition_id, timing_partner_id=found.timing_partner_id, name=found.name or "",
        provider_name=found.provider_name, happening_id=found.happening_id, provider_contest_id=found.provider_contest_id,
        zone=zone, day=_day(found.date) or _local(found.first, zone), last_day=_local(found.last, zone),
        metres=None if metres is None else round(metres), planned_start=None if found.day_only else found.starts_at,
        profile=profile_of(found.name or "", metres, _kind(found)),
        points=points_of(rows, measured_only=found.provider_name in MEASURED_ONLY), map_version=found.map_version or 0,
        **_rules(found, policy),
    )  # fmt: skip


def _rules(found: Any, policy: Policy) -> dict[str, Any]:
    """What somebody chose for the contest; how deep awards go is the policy's where nobody did."""
    if found.basis is None:
        return {"overall_awards": policy.award_depth, "division_awards": policy.award_depth}
    chosen = contest_map.rules_of(found)
    return {
        "basis": chosen.basis, "division_basis": chosen.division_basis, "overall_awards": chosen.overall_awards,
        "division_awards": chosen.division_awards, "age_reference": chosen.age_reference,
        "cutoff_ms": None if chosen.cutoff_minutes is None else chosen.cutoff_minutes * 60_000,
    }  # fmt: skip


def _day(written: str | None) -> date | None:
    try:
        return date.fromisoformat(written or "")
    except ValueError:  # a row of the old system
        return None


def _local(instant: datetime | None, zone: str) -> date | None:
    return None if instant is None else instant.astimezone(times.zone(zone)).date()


def _kind(found: Any) -> str | None:
    """What ChronoTrack says of the sport; a second partner's copy of a race stands in the twin table."""
    if found.provider_name != "chronotrack":
        return None
    event, _, race = found.provider_contest_id.partition("/")
    parts = [
        select(table.c.race_type).where(
            table.c.timing_partner_id == found.timing_partner_id, table.c.event_id == event, table.c.race_id == race
        )
        for table in (PROVIDER_TABLES["ct_races"], TWINS["ct_races"])
    ]
    return db.session.execute(union_all(*parts)).scalars().first()


def profile_of(name: str, metres: float | None, kind: str | None = None) -> str:
    """Which limits hold for a contest that is called so: road, trail, ultra, walk, kids, wheel or relay."""
    kinds = Distance(contest_id=0, name=name).kinds
    if special := next((profile for sort, profile in OF_KIND.items() if sort in kinds), None):
        return special
    words = set(plain(name).split())
    if (kind or "").lower() in NOT_RUN:
        return "wheel"
    if words & ULTRA or (metres or 0) > MARATHON:
        return "ultra"
    return "trail" if words & TRAIL else "road"


def points_of(rows: Iterable[ResultRow], *, measured_only: bool = False) -> tuple[Point, ...]:
    """The points that somebody passed, in the order of the course: by their length, else by the usual time there."""
    passed: defaultdict[str, list[int]] = defaultdict(list)
    metres: dict[str, int | None] = {}
    for row in rows:
        for split in row.splits:
            ms = split.chip_ms if split.gun_ms is None else split.gun_ms
            passed[split.point].append(ms or 0)
            metres[split.point] = split.metres if split.metres is not None else metres.get(split.point)
    named = [name for name in passed if metres[name] is not None or not measured_only]
    if all(metres[name] is not None for name in named):
        named.sort(key=lambda name: (metres[name] or 0, name))
    else:
        named.sort(key=lambda name: (median(passed[name]), name))
    return tuple(Point(name=name, metres=metres[name]) for name in named)


def policy_of(timing_partner_id: int, edition_id: int | None = None) -> Policy:
    """The policy that holds there: the partner's newest, tightened by what the event sets; the defaults where nobody chose."""
    wanted = select(PublishingPolicy).where(
        PublishingPolicy.timing_partner_id == timing_partner_id, PublishingPolicy.ended_at.is_(None),
        or_(PublishingPolicy.edition_id.is_(None), PublishingPolicy.edition_id == edition_id),
    )  # fmt: skip
    rows = db.session.scalars(wanted.order_by(PublishingPolicy.policy_id)).all()
    newest = {row.edition_id: _policy(row) for row in rows}
    return tighten(newest.get(None, Policy()), newest.get(edition_id) if edition_id is not None else None)


def _policy(row: PublishingPolicy) -> Policy:
    return Policy(
        mode=row.mode, second_person=bool(row.second_person), award_depth=row.award_depth, hide_minors_under=row.hide_minors_under,
        quiet_minutes=row.quiet_minutes, defaults=row.defaults,
    )  # fmt: skip
