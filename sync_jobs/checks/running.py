"""Do all checks of a version, and put what they find in order. What a check asks stands in its family's module.

Never raises: a check that cannot be done is itself a finding that stops everything.
"""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import chain

from sync_jobs.checks import changing, expected, matching, population, privacy, ranks, splits, structure, timing
from sync_jobs.checks.awards import Awards
from sync_jobs.checks.base import SEVERITIES, Check, Field, Finding
from sync_jobs.checks.cases import LIFTED
from sync_jobs.checks.folding import STOPPED, folded
from sync_jobs.results import ResultRow, Version
from sync_jobs.review import fingerprints

CHECK_SET = 1
"""Grows with any change of what is asked or of its numbers: a version that an older set looked at is looked at again."""
FAMILIES = (structure, matching, timing, expected, splits, ranks, population, changing, privacy)
CHECKS: tuple[Check, ...] = tuple(chain.from_iterable(family.CHECKS for family in FAMILIES))
CRASHES = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""Whatever a rule can stumble over in plain values: it asks nobody and reads nothing, so there is no other way to fail."""
GONE = "gone"  # stands for the row of somebody who is not in the version


def run(field: Field) -> list[Finding]:
    """All that is odd: what stops first, awards before the rest. A finding that another one explains names it."""
    found = [finding for check in due(field) for finding in _done(check, field)]
    awards = Awards(field)
    lifting = frozenset(check.check_id for check in CHECKS if check.escalates)
    return sorted(folded([_awarded(one, awards, lifting) for one in found]), key=_order)


def due(field: Field) -> list[Check]:
    """The checks that mean something for this contest and this destination."""
    return [check for check in CHECKS if _fits(check, field.facts.profile) and (field.destination or not check.needs_destination)]


def fingerprint(finding: Finding, version: Version) -> str:
    """Of what a finding is about: equal means the very same, so that a waiver ends when its rows or its numbers change.

    Places are not part of it: somebody who comes in ahead moves everybody behind, and changes nothing of what was looked at.
    Whether an award hangs on it is.
    """
    rows = version.by_entry
    about = [[key, fingerprints.row_hash(_unplaced(rows[key])) if key in rows else GONE] for key in finding.entries]
    numbers = json.dumps(finding.numbers, sort_keys=True, default=str)
    return fingerprints.digest([finding.check_id, finding.check_version, finding.scope, finding.is_award, about, numbers])


def _unplaced(row: ResultRow) -> ResultRow:
    return replace(row, place=None, gender_place=None, division_place=None)


def _fits(check: Check, profile: str) -> bool:
    return profile not in check.skips if check.profiles is None else profile in check.profiles


def _done(check: Check, field: Field) -> list[Finding]:
    try:
        return [replace(finding, check_version=check.version) for finding in check.rule(field)]
    except CRASHES as problem:
        return [_stopped(check, type(problem).__name__)]


def _stopped(check: Check, why: str) -> Finding:
    sentence = f"A check could not be done: {check.check_id} stopped with {why}. Nothing goes out until it can."
    return Finding(
        check_id=check.check_id, check_version=check.version, severity="block", sentence=sentence, numbers={STOPPED: why}
    )


def _awarded(finding: Finding, awards: Awards, lifting: frozenset[str]) -> Finding:
    """One level up in an award place, for the checks that ask for it."""
    if finding.scope != "row" or not awards.touch(finding.entries):
        return finding
    lifted = LIFTED.get(finding.severity, finding.severity) if finding.check_id in lifting else finding.severity
    return replace(finding, severity=lifted, is_award=True)


def _order(finding: Finding) -> tuple[bool, int, bool, bool]:
    return finding.folded_into is not None, -SEVERITIES.index(finding.severity), not finding.is_award, finding.scope == "row"
