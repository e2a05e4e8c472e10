"""A timing partner's own limits of checks: stricter than the profile's somewhere, or none at all. What a check asks is its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sync_jobs.approvals import guarding
from sync_jobs.approvals.base import POLICY_SETTERS, Actor, NotAllowed
from sync_jobs.checks.thresholds import THRESHOLDS, VERSION, Threshold
from sync_jobs.ledger.live import bump
from sync_jobs.models import CheckThreshold, write

Limit = tuple[str, str]  # check and name
NONE = ""  # what is kept where a partner goes by the profile again: who said so stays known


def of_profiles(limit: Limit) -> Mapping[str, Threshold]:
    """What holds by profile of the contest, unless a partner's own is stricter. Empty where there is no such limit."""
    check_id, name = limit
    return {profile: found[check_id][name] for profile, found in THRESHOLDS[VERSION].items() if name in found.get(check_id, {})}


def stricter_in(limit: Limit, own: float) -> tuple[str, ...]:
    """The profiles in which that number would be the stricter one."""
    return tuple(profile for profile, one in of_profiles(limit).items() if one.with_own(own) != one.value)


def choose(timing_partner_id: int, wanted: Mapping[Limit, float | None], by: Actor, now: datetime) -> int:
    """Keep a partner's own limits; None: the profile's holds. How many are other than before. Looser ones are refused."""
    loose = [limit for limit, own in wanted.items() if own is not None and not stricter_in(limit, own)]
    if loose:
        raise NotAllowed([f"{check_id} {name}: only stricter than the profile’s." for check_id, name in loose])
    with write() as session:
        guarding.allow(session, by, POLICY_SETTERS, timing_partner_id, None)
        changed = 0
        for (check_id, name), own in wanted.items():
            value, key = NONE if own is None else f"{own:g}", (timing_partner_id, check_id, name)
            kept = session.get(CheckThreshold, key)
            if (kept.value if kept else NONE) != value:
                row = CheckThreshold(
                    timing_partner_id=timing_partner_id, check_id=check_id, name=name, value=value, by_name=by.name, at=now
                )  # fmt: skip
                session.merge(row)
                changed += 1
        if changed:
            bump(session, "all", f"partner:{timing_partner_id}")
    return changed
