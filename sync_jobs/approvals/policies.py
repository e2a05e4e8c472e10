"""How a partner publishes, or one event of theirs more tightly. What the words mean is decided in `review.policy`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from sync_jobs import assembling
from sync_jobs.approvals import guarding, looking
from sync_jobs.approvals.base import POLICY_SETTERS, Actor, NotAllowed
from sync_jobs.ledger.live import bump
from sync_jobs.models import Edition, PublishingPolicy, write
from sync_jobs.review import policy
from sync_jobs.review.policy import Policy

MOST_AWARDS, MOST_AGE, MOST_MINUTES = 50, 99, 7 * 24 * 60


def policy_of(timing_partner_id: int, edition_id: int | None = None) -> Policy:
    """The policy that holds there."""
    return assembling.policy_of(timing_partner_id, edition_id)


def set_policy(
    timing_partner_id: int, edition_id: int | None, *, mode: str, second_person: bool, award_depth: int, hide_minors_under: int,
    quiet_minutes: int, by: Actor, now: datetime,
) -> PublishingPolicy:  # fmt: skip
    """Choose. For one event only more tightly than the partner's own. What was approved and not begun is looked at again then."""
    wanted = Policy(
        mode=mode, second_person=second_person, award_depth=award_depth, hide_minors_under=hide_minors_under,
        quiet_minutes=quiet_minutes,
    )  # fmt: skip
    _check(wanted)
    with write() as session:
        _allow(session, timing_partner_id, edition_id, by)
        if edition_id is not None and (loose := policy.looser(assembling.policy_of(timing_partner_id), wanted)):
            raise NotAllowed([f"One event can only be stricter than the timing partner’s own: {_name(one)}." for one in loose])
        made = PublishingPolicy(
            timing_partner_id=timing_partner_id, edition_id=edition_id, mode=mode, second_person=int(second_person),
            award_depth=award_depth, hide_minors_under=hide_minors_under, quiet_minutes=quiet_minutes, defaults=wanted.defaults,
            by_account=by.account_id, by_name=by.name, at=now,
        )  # fmt: skip
        session.add(made)
        session.flush()
        bump(session, "all", f"partner:{timing_partner_id}")
    return made


def follow_partner(timing_partner_id: int, edition_id: int, by: Actor, now: datetime) -> None:
    """An event has nothing of its own any more: the partner's policy holds there."""
    with write() as session:
        _allow(session, timing_partner_id, edition_id, by)
        mine = (PublishingPolicy.timing_partner_id == timing_partner_id, PublishingPolicy.edition_id == edition_id)
        session.execute(update(PublishingPolicy).where(*mine, PublishingPolicy.ended_at.is_(None)).values(ended_at=now))
        bump(session, "all", f"partner:{timing_partner_id}")


def _allow(session: Session, timing_partner_id: int, edition_id: int | None, by: Actor) -> None:
    guarding.allow(session, by, POLICY_SETTERS, timing_partner_id, edition_id)
    edition = session.get(Edition, edition_id) if edition_id is not None else None
    if edition_id is not None and (edition is None or edition.timing_partner_id != timing_partner_id):
        raise NotAllowed(looking.NOT_THERE)


def _check(wanted: Policy) -> None:
    if wanted.mode not in policy.MODES:
        raise NotAllowed("Choose Manual or Automatic.")
    bounds = (
        (wanted.award_depth, MOST_AWARDS, "Awards"), (wanted.hide_minors_under, MOST_AGE, "The age"),
        (wanted.quiet_minutes, MOST_MINUTES, "The quiet minutes"),
    )  # fmt: skip
    for value, most, name in bounds:
        if not 0 <= value <= most:
            raise NotAllowed(f"{name}: between 0 and {most:,}.")


def _name(setting: str) -> str:
    return {
        "mode": "how results go out", "second_person": "the second person", "award_depth": "how deep awards go",
        "hide_minors_under": "the age under which names are hidden", "quiet_minutes": "the quiet minutes",
    }[setting]  # fmt: skip
