"""Who has to stand behind a publication: a rule, one person, or two. Decides; approving and sending are left to others.

Five values are a timing partner's own, and may be tighter for one event. The rest are fixed, in one table with versions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sync_jobs.checks.base import Finding
from sync_jobs.results import Version
from sync_jobs.review.difference import Difference
from sync_jobs.review.lines import summary
from sync_jobs.review.payload import KeptBack
from sync_jobs.review.words import count, listed

DEFAULTS: Mapping[int, Mapping[str, Any]] = {
    1: {
        "mode": "manual",
        "second_person": True,
        "award_depth": 3,
        "hide_minors_under": 13,
        "quiet_minutes": 60,
        "quiet_minutes_automatic": 24 * 60,  # where a rule makes results official, not a person
        "auto_change_limit": 0,  # public rows that a rule may change: none
        "approval_ttl_hours": 12,
        "cooling_off_minutes": 30,  # instead of a second person, where there is none
        "big_correction_pct": 5,  # of the rows: from there on a correction is prepared as a second set
        "max_unmatched_pct": 2,
        "unmatched": "hold",
        "notify_on_first_publish": False,
        "rounding": "wa_road",
    }
}
"""The values of each version of this table. A version is never edited: what was decided under it stays explainable."""
NEWEST = max(DEFAULTS)
MODES = ("manual", "automatic")
PUBLIC = frozenset({"preliminary", "official"})
NO_FINGERPRINTS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How results go out: the five settings, and which version of the fixed values stands beside them."""

    mode: str = "manual"
    second_person: bool = True  # for corrections after official
    award_depth: int = 3
    hide_minors_under: int = 13
    quiet_minutes: int = 60  # without a change at scoring, before official
    defaults: int = NEWEST

    def fixed(self, name: str) -> Any:
        """A value that nobody sets."""
        return DEFAULTS[self.defaults][name]

    @property
    def is_automatic(self) -> bool:
        """Whether clean additions go out without a person."""
        return self.mode == "automatic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What is to become of a version at a destination. `act` is what publishing it would be; None: nothing would change."""

    state: str  # blocked, needs_review, cleared
    why: str
    act: str | None
    to_solve: int = 0  # open findings that stop an approval
    to_see: int = 0  # open findings that somebody must have seen
    cleared_by: str | None = None  # policy or standing, where it is cleared

    @property
    def can_approve(self) -> bool:
        """Whether a person may stand behind it as it is."""
        return self.state != "blocked" and not self.to_solve and self.act is not None


SENTENCES: Mapping[str, str] = {
    "mode": "Manual: somebody approves every publication. Automatic: clean additions go out by themselves; any finding, any "
            "changed or removed row waits for a person.",
    "second_person": "Corrections after official need a second person.",
    "award_depth": "So many places of each ranking are awards: a finding there is one level graver.",
    "hide_minors_under": "Whoever is younger is named by initials.",
    "quiet_minutes": "So long scoring must have changed nothing before results can become official.",
}  # fmt: skip
"""Each setting, in a sentence."""


def tighten(partner: Policy, edition: Policy | None) -> Policy:
    """The partner's policy, with whatever an event of theirs sets more tightly. What it sets looser is not heard."""
    if edition is None:
        return partner
    return replace(
        partner,
        mode="automatic" if partner.is_automatic and edition.is_automatic else "manual",
        second_person=partner.second_person or edition.second_person,
        **{name: max(getattr(partner, name), getattr(edition, name)) for name in HIGHER_IS_TIGHTER},
    )


HIGHER_IS_TIGHTER = ("award_depth", "hide_minors_under", "quiet_minutes")


def looser(partner: Policy, edition: Policy) -> tuple[str, ...]:
    """The settings in which an event would be looser than its partner allows."""
    held = tighten(partner, edition)
    return tuple(name for name in SENTENCES if getattr(held, name) != getattr(edition, name))


def act_of(visibility: str, *, going_official: bool = False) -> str:
    """What publishing would be, by what the public sees."""
    if visibility == "official":
        return "correction"
    return "official" if going_official else "preliminary"


def unsolved(findings: Mapping[str, Finding], waived: Collection[str], *severities: str) -> list[Finding]:
    """Open findings of those severities. Nobody can waive a hard one; what another finding explains is not counted."""
    return [
        one
        for fingerprint, one in findings.items()
        if one.severity in severities and (one.severity == "hard" or (fingerprint not in waived and one.folded_into is None))
    ]


def judge(
    policy: Policy, findings: Mapping[str, Finding], waived: Collection[str], difference: Difference, visibility: str, *,
    standing: bool = False,
) -> Judgement:  # fmt: skip
    """What is to become of a version. `findings` are by fingerprint, `waived` are fingerprints.

    `standing`: a director's standing approval holds at this moment. After a retraction, and after official, always a person.
    """
    act = None if difference.is_same and visibility in PUBLIC else act_of(visibility)
    hard = unsolved(findings, waived, "hard")
    solve, see = unsolved(findings, waived, "block"), unsolved(findings, waived, "warn")
    if hard:
        return Judgement(state="blocked", why=_blocked(hard), act=act, to_solve=len(hard) + len(solve), to_see=len(see))
    found = _open(solve, see)
    if found is None and act is None:
        return Judgement(state="cleared", why="Nothing changes for the public.", act=None)
    by, why = (None, found) if found else _by_rule(policy, difference, visibility, standing=standing)
    state = "cleared" if by else "needs_review"
    return Judgement(state=state, why=why, act=act, to_solve=len(solve), to_see=len(see), cleared_by=by)


def _blocked(hard: list[Finding]) -> str:
    more = f" And {count(len(hard) - 1, 'more problem')} of this kind." if len(hard) > 1 else ""
    return f"Nobody can publish this: {hard[0].sentence}{more}"


def _open(solve: list[Finding], see: list[Finding]) -> str | None:
    if solve:
        return f"{count(len(solve), 'problem')} must be solved or explained first."
    return f"{count(len(see), 'thing')} to look at." if see else None


def _by_rule(policy: Policy, difference: Difference, visibility: str, *, standing: bool) -> tuple[str | None, str]:
    """Which rule lets it out, and the sentence; None: a person has to."""
    clean = f"{count(difference.after, 'result')}, no check found anything"
    if visibility == "official":
        return None, f"A correction after official: {summary(difference)}. Somebody has to approve it."
    if visibility == "retracted":
        return None, "It was taken down; only a person puts results back."
    if visibility == "preliminary" and not _may_by_rule(policy, difference):
        return None, f"What is public would change: {summary(difference)}."
    if policy.is_automatic:
        return "policy", f"{clean}; automatic."
    if standing and visibility == "preliminary":
        return "standing", f"Only additions, and a standing approval holds: {summary(difference)}."
    return None, f"Ready: {clean}."


def _may_by_rule(policy: Policy, difference: Difference) -> bool:
    """Whether the change is small enough for a rule: additions only, or as many changed rows as the table allows."""
    if append_only(difference):
        return True
    few = len(difference.changed) <= policy.fixed("auto_change_limit")
    return policy.is_automatic and few and not (difference.removed or difference.awards) and difference.follows


def append_only(difference: Difference) -> bool:
    """Whether it only adds rows: nothing public changes but places, and those exactly as far as the added rows push them."""
    return not (difference.changed or difference.removed or difference.awards) and difference.follows


def is_minor(difference: Difference) -> bool:
    """Whether only names change: spelt better, or hidden. No time, place, division or identity."""
    if difference.added or difference.removed or difference.moved or difference.awards:
        return False
    return all(one.kind == "spelling" or (one.kind == "naming" and one.is_masked) for one in difference.changed)


def needs_second(act: str, visibility: str, difference: Difference, policy: Policy) -> bool:
    """Whether a second person has to approve: any correction after official but a minor one. Taking down never."""
    after_official = act == "correction" or (visibility == "official" and act != "retraction")
    return policy.second_person and after_official and not is_minor(difference)


def may_go_official(
    policy: Policy, version: Version, *, visibility: str, is_newest: bool, is_same_as_live: bool, findings: Mapping[str, Finding],
    waived: Collection[str] = NO_FINGERPRINTS, kept_back: Iterable[KeptBack] = (), now: datetime, by_rule: bool = False,
) -> list[str]:  # fmt: skip
    """What stands against calling it official, in sentences; nothing: it may."""
    against = []
    if visibility != "preliminary":
        against.append(NOT_PRELIMINARY.get(visibility, "It has to be public as preliminary first."))
    if not is_newest:
        against.append("There is a newer version from scoring.")
    if visibility == "preliminary" and not is_same_as_live:
        against.append("What is public is not this version: publish it as preliminary first.")
    against += _without_end(kept_back)
    if still := unsolved(findings, waived, "warn", "block", "hard"):
        against.append(f"{count(len(still), 'finding is', 'findings are')} open.")
    minutes = policy.fixed("quiet_minutes_automatic") if by_rule else policy.quiet_minutes
    if left := _not_quiet(version.scored_at or version.pulled_at, minutes, now):
        against.append(left)
    return against


NOT_PRELIMINARY = {"official": "It is official already."}
WAITING = {
    "RUNNING": "on course", "HELD": "under review at scoring", "held": "held", "projected": "with an estimate for a time",
    "unknown_status": "with a status that we do not know", "no_time": "without a time", "twice": "not to be told apart",
}  # fmt: skip
"""Why somebody is not in it yet. Not seen, and without a registration, are findings: a person may say that it is right."""


def _without_end(kept_back: Iterable[KeptBack]) -> list[str]:
    """Official means everybody: a sentence on those who are not in it."""
    reasons = [one.reason for one in kept_back if one.reason in WAITING]
    said = [f"{reasons.count(reason):,} {word}" for reason, word in WAITING.items() if reason in reasons]
    return [f"{count(len(reasons), 'person is', 'people are')} not in it: {listed(said)}."] if reasons else []


def _not_quiet(changed_at: datetime, minutes: int, now: datetime) -> str | None:
    left = changed_at + timedelta(minutes=minutes) - now
    if left <= timedelta(0):
        return None
    wait = -(-left // timedelta(minutes=1))
    return f"Scoring changed something less than {count(minutes, 'minute')} ago: {count(wait, 'minute')} to go."
