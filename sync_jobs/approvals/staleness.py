"""Whether what somebody saw is what would go out now; if not, what changed since, by bib. Reads and says; ends nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sync_jobs.approvals.base import Stale
from sync_jobs.approvals.checking import fresh
from sync_jobs.approvals.proposing import MESSAGES, Proposal
from sync_jobs.checks.base import Finding
from sync_jobs.providers import label
from sync_jobs.review import policy
from sync_jobs.review.difference import Difference, difference
from sync_jobs.review.lines import summary
from sync_jobs.review.twins import links_of
from sync_jobs.review.words import count, listed

Seen = tuple[str, str, str]  # of the payload, of what is live, of the screen
NAMED = 10
CHANGE_CHECKS = "V"  # the family that asks what changes: whoever goes back wants the change


def must_be_as_seen(found: Proposal, act: str, *, tells: bool, seen: Seen, now: datetime, is_back: bool = False) -> None:
    """Raise Stale unless the three hashes are what they were, and no newer version would send anything else."""
    payload = found.payload(act, tells=tells).hash
    newer = None if found.is_newest or is_back else fresh(found.spot.destination_id, None, now)
    if newer is not None and newer.payload(act, tells=tells).hash != payload:
        raise _newer(found, newer)
    if newer is not None and _open(newer).keys() - found.findings.keys():
        raise _looked_anew(newer)
    if payload != seen[0]:
        raise Stale("What would be sent is not what you saw: the map, a name, a held row or a rule was changed. Look again.")
    if found.spot.base_hash != seen[1]:
        place = label(found.field.destination.provider_name) if found.field.destination else "there"
        raise Stale(f"What is public at {place} is not what you saw. Look at what would change.")
    if found.rendered(payload) != seen[2]:
        raise _looked_anew(found)


def _newer(found: Proposal, newer: Proposal) -> Stale:
    """What scoring changed since the version on the screen."""
    between = difference(
        found.field.version, newer.field.version, newer.field.facts, links=links_of(newer.field.registered),
        sent=found.field.payload, sends=newer.field.payload,
    )  # fmt: skip
    bibs = bibs_of(between)
    said = [f"Scoring sent a newer version while you looked: {summary(between)}."]
    if bibs:
        said.append(f"It changes {named(bibs)}.")
    return Stale(said, bibs)


def _looked_anew(found: Proposal) -> Stale:
    """The findings or their answers are not those of the screen."""
    still = _open(found).values()
    entries = {entry for one in still for entry in one.entries}
    bibs = sorted({row.bib for row in found.field.version.rows if row.entry_key in entries and row.bib}, key=_order)
    said = ["What the checks say, or who answered it, is not what you saw."]
    said += [one.sentence for one in still][:3] or ["Nothing is open now."]
    return Stale(said, bibs)


def _open(found: Proposal) -> dict[str, Finding]:
    """What asks something of somebody, by fingerprint."""
    still = policy.unsolved(found.findings, found.waivers.keys(), "hard", "block", "warn")
    return {fp: one for fp, one in found.findings.items() if one in still}


def against(found: Proposal, act: str, now: datetime, *, tells: bool, is_back: bool) -> list[str]:
    """What stands against it. Going back changes what is public on purpose: only what is broken stops it."""
    if not is_back:
        return found.against(act, now, tells=tells)
    return stopping(found, is_back=True, tells=tells) + ([found.connection_why] if found.connection_why else [])


def stopping(found: Proposal, *, is_back: bool, tells: bool) -> list[str]:
    """The open findings that nobody may publish past, in sentences."""
    solve = policy.unsolved(found.findings, found.waivers.keys(), "hard", "block")
    if is_back:
        return [one.sentence for one in solve if one.severity == "hard" or not one.check_id.startswith(CHANGE_CHECKS)]
    return [one.sentence for one in solve if not (tells and one.check_id == MESSAGES)]


def bibs_of(found: Difference) -> list[str]:
    """The bibs of everybody who changed, came or went; who only moved is not named."""
    some = {bib for one in (*found.changed, *found.removed, *found.added) for bib in one.bibs}
    return sorted(some, key=_order)


def named(bibs: Iterable[str]) -> str:
    """`bib 214`, `bibs 3, 88 and 12 more`."""
    all_of = list(bibs)
    if len(all_of) > NAMED:
        return f"bibs {', '.join(all_of[:NAMED])} and {count(len(all_of) - NAMED, 'more', 'more')}"
    return f"{'bib' if len(all_of) == 1 else 'bibs'} {listed(all_of)}"


def _order(bib: str) -> tuple[int, str]:
    return (int(bib), "") if bib.isdecimal() else (1 << 60, bib)
