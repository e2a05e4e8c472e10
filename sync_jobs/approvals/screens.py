"""Read everything that the review page shows of one version at one destination, in few queries. Writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_jobs import assembling
from sync_jobs.approvals import drifting, guarding, looking, placing
from sync_jobs.approvals.base import NotAllowed
from sync_jobs.approvals.podiums import podiums, tally
from sync_jobs.approvals.proposing import Proposal, propose
from sync_jobs.approvals.shown import Card, Newer, Offer, Person, Place, Screen, Standing, VersionLine, Waived
from sync_jobs.checks.base import Field
from sync_jobs.models import (
    AwardGiven,
    Contest,
    Edition,
    HiddenName,
    Hold,
    ResultFinding,
    ResultVersion,
    TimerTask,
    Waiver,
    db,
)
from sync_jobs.providers import label
from sync_jobs.review.difference import difference
from sync_jobs.review.lines import summary
from sync_jobs.review.twins import links_of
from sync_jobs.review.words import count

SAMPLE = 20  # people of one finding
HANDED_OUT = "V09"  # the check of awards that were given on the stage
NOBODY_YET = "Nothing was read from scoring yet."
NOWHERE = "Nobody has confirmed yet where these results go. Match the distances first."
BEING_CHECKED = "The checks are being done again: something changed since."


def screen(
    contest_id: int, destination_id: int | None, version_id: int | None, now: datetime, *, act: str | None = None,
    tells: bool = False, account_id: int | None = None,
) -> Screen:  # fmt: skip
    """The newest version and the only destination, unless others are named; hashes for the next act, or the one asked for.

    `account_id` is who looks: whether there is a second person beside them. Raises NotAllowed for what is not of this contest.
    """
    session = db.session()
    contest = session.get(Contest, contest_id)
    if contest is None:
        raise NotAllowed(looking.NOT_THERE)
    places = placing.places(session, contest_id)
    kept = _version(session, contest_id, version_id)
    base: dict[str, Any] = {
        "edition_id": contest.edition_id, "edition_name": session.get_one(Edition, contest.edition_id).name or "",
        "contest_id": contest_id, "contest_name": contest.name or "", "scoring": label(contest.provider_name), "places": places,
        "policy": assembling.policy_of(contest.timing_partner_id, contest.edition_id), "tasks": _tasks(session, contest_id),
    }  # fmt: skip
    place = _place(places, destination_id)
    if kept is None:
        facts = assembling.facts(contest_id, rows=())
        return Screen(**base, facts=facts, place=place, version=None, state="nothing", why=NOBODY_YET, verdict=NOBODY_YET)
    if place is None:
        return _without(session, base, kept)
    found = propose(place.destination_id, kept.version_id, now)
    return _whole(base, place, found, kept, now, act=act, tells=tells, account_id=account_id)


def _version(session: Session, contest_id: int, version_id: int | None) -> ResultVersion | None:
    wanted = version_id or looking.newest_id(session, contest_id)
    if wanted is None:
        return None
    kept = looking.version_of(session, wanted)
    if kept.contest_id != contest_id:
        raise NotAllowed(looking.NOT_THERE)
    return kept


def _place(places: tuple[Place, ...], destination_id: int | None) -> Place | None:
    """The one that is named; else the first that the map leads to, or one that is still public."""
    if destination_id is not None:
        found = next((one for one in places if one.destination_id == destination_id), None)
        if found is None:
            raise NotAllowed(looking.NOT_THERE)
        return found
    return next((one for one in places if not one.is_ended), None)


def _whole(
    base: Mapping[str, Any], place: Place, found: Proposal, kept: ResultVersion, now: datetime, *, act: str | None, tells: bool,
    account_id: int | None,
) -> Screen:  # fmt: skip
    session = db.session()
    field, judged = found.field, found.judgement
    chosen = act if act is not None else found.acts[0]
    payload_hash = found.payload(chosen, tells=tells).hash
    last = placing.last_approval(session, place.destination_id)
    standing = looking.standing_of(session, place.destination_id, now)
    whole = Screen(
        **{**base, "policy": found.policy}, facts=field.facts, place=place, version=_line(kept), newer=_newer(found, now),
        state=judged.state, why=judged.why, verdict=_verdict(found), is_checked=found.is_checked,
        cards=_cards(session, found, place.destination_id), podiums=podiums(field), tally=tally(field),
        difference=found.difference if field.live is not None else None, act=chosen, tells=tells,
        would_tell=field.destination.would_tell if field.destination else 0,
        offers=_offers(session, found, now, tells=tells, account_id=account_id), rows=len(field.payload),
        finishers=len(field.finishers), payload_hash=payload_hash, base_hash=found.spot.base_hash,
        rendered_hash=found.rendered(payload_hash), kept_back=found.kept_back, edits=drifting.edits(found),
        **_said(session, kept.contest_id), last=last,
        waiting=last if last and last.state == "waiting" else None,
        standing=None if standing is None else Standing(
            standing_id=standing.standing_id, until=standing.until, by_name=standing.by_name, at=standing.at
        ),
        payload=field.payload, by_entry=field.version.by_entry, registered=field.registered,
    )  # fmt: skip
    session.rollback()
    return whole


def _without(session: Session, base: Mapping[str, Any], kept: ResultVersion) -> Screen:
    """A version that goes nowhere: what is odd about it, and who would win, but nothing to press."""
    field = assembling.field(kept.version_id, None)
    waivers = looking.waivers_of(session, kept.contest_id)
    cards = tuple(_card(row, waivers.get(fp), field) for fp, row in looking.findings_of(session, kept.version_id, None).items())
    return Screen(
        **base, facts=field.facts, place=None, version=_line(kept), state=kept.state, why=NOWHERE, verdict=NOWHERE,
        is_checked=kept.checked_at is not None, cards=cards, podiums=podiums(field), tally=tally(field), rows=len(field.payload),
        finishers=len(field.finishers), **_said(session, kept.contest_id), payload=field.payload, by_entry=field.version.by_entry,
        registered=field.registered,
    )  # fmt: skip


def _line(kept: ResultVersion) -> VersionLine:
    return VersionLine(
        version_id=kept.version_id, number=kept.number, state=kept.state, why=kept.why, pulled_at=kept.pulled_at,
        last_seen_at=kept.last_seen_at, checked_at=kept.checked_at, counts=kept.counts or {},
    )  # fmt: skip


def _verdict(found: Proposal) -> str:
    judged, many = found.judgement, count(len(found.field.finishers), "finisher")
    if not found.is_checked:
        return BEING_CHECKED
    if judged.state == "blocked":
        return judged.why
    if judged.to_solve:
        return f"Not ready: {count(judged.to_solve, 'problem')} must be solved or explained."
    if judged.to_see:
        return f"Ready: {many}, {count(judged.to_see, 'thing')} to look at."
    return f"Nothing new for the public: {many} are there already." if judged.act is None else f"Ready: {many}."


def _newer(found: Proposal, now: datetime) -> Newer | None:
    if found.is_newest:
        return None
    newer = propose(found.spot.destination_id, None, now)
    between = difference(
        found.field.version, newer.field.version, newer.field.facts, links=links_of(newer.field.registered),
        sent=found.field.payload, sends=newer.field.payload,
    )  # fmt: skip
    act = found.acts[0]
    return Newer(
        version_id=newer.version_id, number=newer.number, pulled_at=newer.field.version.pulled_at, sentence=summary(between),
        is_same=newer.payload(act, tells=False).hash == found.payload(act, tells=False).hash,
    )  # fmt: skip


def _cards(session: Session, found: Proposal, destination_id: int) -> tuple[Card, ...]:
    """What asks for somebody first: the gravest, and awards."""
    rows = looking.findings_of(session, found.version_id, destination_id)
    cards = [_card(row, found.waivers.get(fp), found.field) for fp, row in rows.items()]
    return tuple(sorted(cards, key=_order))


def _order(card: Card) -> tuple[bool, int, bool, bool, int]:
    """What is open, the gravest first; of those, what was handed out already leads."""
    return not card.is_open, -_gravity(card), card.check_id != HANDED_OUT, not card.is_award, card.finding_id


def _gravity(card: Card) -> int:
    """How grave a card is."""
    return ("info", "warn", "block", "hard").index(card.severity)


def _card(row: ResultFinding, waiver: Waiver | None, field: Field) -> Card:
    entries = tuple(row.entries or ())
    return Card(
        finding_id=row.finding_id, check_id=row.check_id, severity=row.severity, scope=row.scope, sentence=row.sentence,
        is_award=bool(row.is_award), folded_into=row.folded_into, entries=entries, numbers=row.numbers or {},
        people=tuple(person for entry in entries[:SAMPLE] if (person := _person(entry, field))),
        waived=None if waiver is None else Waived(
            waiver_id=waiver.waiver_id, reason=waiver.reason, words=waiver.words, by_name=waiver.by_name, at=waiver.at
        ),
    )  # fmt: skip


def _person(entry: str, field: Field) -> Person | None:
    row = field.version.by_entry.get(entry) or (field.live.by_entry.get(entry) if field.live else None)
    if row is None:
        return None
    return Person(row=row, registered=field.registered.get(entry), is_held=entry in field.held)


def _offers(
    session: Session, found: Proposal, now: datetime, *, tells: bool, account_id: int | None
) -> tuple[Offer, ...]:  # fmt: skip
    spot = found.spot
    alone = account_id is not None and not guarding.has_second(session, account_id, spot.timing_partner_id, spot.edition_id)
    return tuple(
        Offer(
            act=act, against=tuple(found.against(act, now, tells=tells)), needs_second=found.needs_second(act) and not alone,
            cools_off=found.needs_second(act) and alone, needs_reason=act == "correction",
        )
        for act in found.acts
    )  # fmt: skip


def _said(session: Session, contest_id: int) -> dict[str, Any]:
    """Decisions about single entries that hold."""
    return {
        name: tuple(
            session.scalars(select(model).where(model.contest_id == contest_id, *_open(model)).order_by(model.at, model.entry_key))
        )
        for name, model in (("holds", Hold), ("hidden", HiddenName), ("handed_out", AwardGiven))
    }


def _open(model: Any) -> list[Any]:
    return [model.ended_at.is_(None)] if hasattr(model, "ended_at") else []


def _tasks(session: Session, contest_id: int) -> tuple[TimerTask, ...]:
    mine = select(TimerTask).where(TimerTask.contest_id == contest_id, TimerTask.done_at.is_(None))
    return tuple(session.scalars(mine.order_by(TimerTask.task_id)))
