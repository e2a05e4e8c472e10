"""A field: one version of one contest on its way to one destination, with everything that a check may look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import select

from sync_jobs import times, versions
from sync_jobs.assembling import beside
from sync_jobs.assembling.facts import facts as facts_of
from sync_jobs.assembling.facts import policy_of
from sync_jobs.assembling.registrations import linked
from sync_jobs.checks import thresholds
from sync_jobs.checks.base import Destination, Field
from sync_jobs.kit.base import Adapter
from sync_jobs.models import (
    Approval,
    AwardGiven,
    CheckThreshold,
    Contest,
    Edition,
    HiddenName,
    Hold,
    Publication,
    PublicationPayload,
    ResultDestination,
    ResultVersion,
    db,
)
from sync_jobs.providers import ADAPTERS
from sync_jobs.results import ContestFacts, Published, PublishedSet, Registered, SetFlags, Version
from sync_jobs.review import packed
from sync_jobs.review.payload import payload

PUBLIC = ("preliminary", "official")
NOT_SENT = frozenset({"entry_key", "extra"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """A destination as it is kept, in plain values."""

    destination_id: int
    provider_name: str
    contests: frozenset[int]  # registration contests whose people its set is for
    day: date | None
    visibility: str
    live_version_id: int | None
    base: PublishedSet | None  # as read back last
    sent: tuple[Published, ...]  # as we sent it last; nothing before
    left: tuple[Published, ...]  # the same as that provider can hold it


def field(version_id: int, destination_id: int | None, *, going_official: bool = False, tells: bool = False) -> Field:
    """Everything about a version there. Without a destination: about it as such; what is public anywhere is live."""
    kept = db.session.get_one(ResultVersion, version_id)
    policy = policy_of(kept.timing_partner_id, kept.edition_id)
    version, before = versions.version_of(kept), _before(kept)
    facts = facts_of(version.contest_id, rows=_rows(version, before), policy=policy)
    foreign = beside.foreign_points(facts, version)
    facts = replace(facts, points=tuple(point for point in facts.points if point.name not in foreign))
    people = linked(facts)
    going = going_to(version.contest_id, destination_id)
    hidden, held, handed_out = (_entries(model, version.contest_id) for model in (HiddenName, Hold, AwardGiven))
    rows = payload(
        version, facts, _of(people.registered, going if destination_id is not None else None), held=held, hidden=hidden,
        hide_minors_under=policy.hide_minors_under,
    )  # fmt: skip
    is_public = going is not None and going.visibility in PUBLIC
    live = _live(going, version, before) if is_public else None
    return Field(
        version=version, facts=facts, registered=people.registered, all_registered=people.everybody,
        other_rungs=people.other_rungs, mapped=people.mapped, contest_names=people.names, newest=before,
        live=live, declared=beside.declared(version.contest_id, live),
        live_visibility=going.visibility if going is not None and is_public else None,
        payload=rows, payload_keys=_keys(rows),
        destination=None if going is None or destination_id is None else _destination(going, rows, tells=tells),
        handed_out=handed_out, held=held, hide_minors_under=policy.hide_minors_under,
        thresholds=thresholds.of(facts.profile, _own(facts)), going_official=going_official,
        last_winners=beside.last_winners(facts), foreign_points=foreign,
    )  # fmt: skip


def _before(kept: ResultVersion) -> Version | None:
    """The version before that one."""
    earlier = select(ResultVersion).where(ResultVersion.contest_id == kept.contest_id, ResultVersion.number == kept.number - 1)
    before = db.session.scalar(earlier)
    return None if before is None else versions.version_of(before)


def _rows(version: Version, before: Version | None) -> Iterable[Any]:
    """A point that nobody passes any more is one all the same."""
    yield from version.rows
    yield from before.rows if before is not None else ()


def _entries(model: Any, contest_id: int) -> frozenset[str]:
    """The entries that a decision stands about, unless it was ended."""
    mine = select(model.entry_key).where(model.contest_id == contest_id)
    if hasattr(model, "ended_at"):
        mine = mine.where(model.ended_at.is_(None))
    return frozenset(db.session.scalars(mine))


def _own(facts: ContestFacts) -> Mapping[str, Mapping[str, float]]:
    """The partner's own limits. What is no number is none."""
    found: dict[str, dict[str, float]] = {}
    mine = select(CheckThreshold).where(CheckThreshold.timing_partner_id == facts.timing_partner_id)
    for row in db.session.scalars(mine):
        try:
            found.setdefault(row.check_id, {})[row.name] = float(row.value)
        except ValueError:
            continue
    return found


# Where it goes


def going_to(contest_id: int, destination_id: int | None) -> Going | None:
    """That destination of the contest; for None one that is public, if there is any. Raises LookupError for a foreign one."""
    joined = (
        select(ResultDestination, Contest.starts_at, Contest.timezone, Edition.timezone)
        .outerjoin(Contest, Contest.contest_id == ResultDestination.registration_contest_id)
        .outerjoin(Edition, Edition.edition_id == ResultDestination.edition_id)
        .where(ResultDestination.contest_id == contest_id)
    )
    found = [_going(*row) for row in db.session.execute(joined.order_by(ResultDestination.destination_id))]
    if destination_id is None:
        public = [one for one in found if one.visibility in PUBLIC and one.live_version_id is not None]
        return max(public, key=lambda one: one.live_version_id or 0, default=None)
    mine = next((one for one in found if one.destination_id == destination_id), None)
    if mine is None:
        raise LookupError("That destination is not one of this contest.")
    return mine


def _going(kept: ResultDestination, starts: Any, zone: str | None, edition_zone: str | None) -> Going:
    there = times.zone(zone or edition_zone)
    return Going(
        destination_id=kept.destination_id, provider_name=kept.provider_name,
        contests=frozenset({kept.registration_contest_id, *(kept.also_for or [])}),
        day=None if starts is None else starts.astimezone(there).date(), visibility=kept.visibility,
        live_version_id=kept.live_version_id, base=packed.unpack_set(kept.base) if kept.base else None,
        **_sent(kept.sent, kept.provider_name),
    )  # fmt: skip


@lru_cache(maxsize=4)
def _sent(body: bytes | None, provider_name: str) -> Mapping[str, tuple[Published, ...]]:
    """What was sent, and how it reads there: worked out once, while somebody looks at it again and again."""
    rows = packed.unpack(body).rows if body else ()
    return {"sent": rows, "left": tuple(_as_held(row, ADAPTERS[provider_name]) for row in rows)}


def _of(registered: Mapping[str, Registered], going: Going | None) -> Mapping[str, Registered]:
    """Whose rows a destination can take: registrations that stand, at that provider and for its contests."""
    return {
        entry: one
        for entry, one in registered.items()
        if one.is_active and (going is None or _is_for(one, going))
    }  # fmt: skip


def _is_for(one: Registered, going: Going) -> bool:
    return one.provider_name == going.provider_name and (one.contest_id is None or one.contest_id in going.contests)


def _live(going: Going | None, version: Version, before: Version | None) -> Version | None:
    """What the public sees, read once however often it is looked at."""
    if going is None or going.live_version_id is None:
        return None
    known = {one.version_id: one for one in (version, before) if one is not None}
    return known.get(going.live_version_id) or versions.load(going.live_version_id)


def _destination(going: Going, rows: tuple[Published, ...], *, tells: bool) -> Destination:
    base = going.base or PublishedSet(set_id=None, flags=None)
    return Destination(
        provider_name=going.provider_name, day=going.day, flags=base.flags, expected=_expected(going, base.flags), rows=base.rows,
        sent=going.sent, left=going.left, would_tell=len(_untold(going, rows)),
        tells=tells,
    )  # fmt: skip


def _untold(going: Going, rows: Iterable[Published]) -> set[tuple[str, str]]:
    """Registered finishers who never got a message: what went out quietly is told about as soon as messages are on."""
    told = (
        select(PublicationPayload.body)
        .join(Publication, Publication.publication_id == PublicationPayload.publication_id)
        .join(Approval, Approval.approval_id == Publication.approval_id)
        .where(
            Publication.destination_id == going.destination_id, Publication.state == "published", Approval.tells == 1,
            PublicationPayload.body.is_not(None),
        )
    )  # fmt: skip
    known = {row.key for body in db.session.scalars(told) if body for row in packed.unpack(body).rows}
    return {row.key for row in rows if row.status == "FINISHED" and row.registration_key} - known


def _as_held(row: Published, adapter: type[Adapter]) -> Published:
    """As it reads there if nobody touched it, with the name that the provider has from its registration."""
    return replace(adapter.shown(row), entry_key=row.entry_key, first_name=row.first_name, last_name=row.last_name)


def _expected(going: Going, flags: SetFlags | None) -> SetFlags | None:
    """How our last step left the set: as public as we know it, and telling nobody."""
    if flags is None or going.visibility == "none":
        return None
    is_public, is_preliminary = going.visibility in PUBLIC, going.visibility != "official"
    if going.visibility == "retracted":  # taking down hides, and changes nothing else
        is_preliminary = flags.is_preliminary
    return replace(flags, is_public=is_public, is_preliminary=is_preliminary, notifies=False)


def _keys(rows: tuple[Published, ...]) -> frozenset[str]:
    """The names of whatever would be sent of anybody."""
    names = [one.name for one in fields(Published) if one.name not in NOT_SENT]
    said = {name for name in names if any(getattr(row, name) not in (None, "", ()) for row in rows)}
    return frozenset(said | {name for row in rows for name in row.extra})
