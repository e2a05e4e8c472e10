"""One cause before its many consequences: which finding of the set explains which others. The checks themselves know nothing of it.

Data; a cause stands as high as the worst of what it explains, so that folding never makes anything easier to wave through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sync_jobs.checks.base import SEVERITIES, Finding

EXPLAINS: Mapping[str, frozenset[str]] = {
    # another contest
    "P02": frozenset({"M01", "M03", "M04", "M05", "M06", "T07", "T08", "G01", "V01", "V02", "V03", "V05", "V06"}),
    "X06": frozenset({"V08", "X04"}),  # another year's event
    "P01": frozenset({"P03", "G01", "R01", "V01"}),  # rows that did not arrive
    "P03": frozenset({"G01", "V01", "V02", "V06"}),  # scoring is being done again
    "P07": frozenset({"P05", "M08", "R01"}),  # everybody is there several times
    "T07": frozenset({"T05", "T06", "T08", "T09", "T11"}),  # times of day, not durations
    "T08": frozenset({"T01", "T05", "T09"}),  # the gun is not where it was
    "T02": frozenset({"T01"}),  # a wave's gun is too late
    "R03": frozenset({"R02"}),  # places by the other time
    "L05": frozenset({"L04"}),  # a point that did not read
    "G08": frozenset({"G01", "V06"}),  # everybody disqualified at once
    "V03": frozenset({"L09"}),  # all times moved
}  # fmt: skip
"""A cause and what it explains, the strongest causes first."""
WHEN: Mapping[str, Callable[[Finding], bool]] = {
    "T02": lambda finding: finding.severity == "block",
    "T08": lambda finding: (finding.numbers.get("used") or 0) > (finding.numbers.get("planned") or 0),
}
"""Causes that explain only sometimes: a gun later than planned makes times too short, an earlier one does not."""
STOPPED = "stopped_with"
"""Stands in the numbers of a check that could not be done: such a finding explains nothing and is explained by nothing."""


def folded(findings: Sequence[Finding]) -> list[Finding]:
    """The same findings, where those that a cause explains name it."""
    causes = _causes(findings)
    named = [replace(one, folded_into=cause) if (cause := _explained(one, causes)) else one for one in findings]
    return [_as_high(one, named) if one.check_id in causes and one is causes[one.check_id] else one for one in named]


def _causes(findings: Sequence[Finding]) -> dict[str, Finding]:
    """Findings of the set that may explain others, in the order of the table. One that is itself explained explains no more."""
    found: dict[str, Finding] = {}
    for check_id in EXPLAINS:
        cause = next((one for one in findings if one.check_id == check_id and _is_cause(one)), None)
        if cause is not None and not _explained(cause, found):
            found[check_id] = cause
    return found


def _is_cause(finding: Finding) -> bool:
    if finding.scope != "set" or finding.severity == "info" or STOPPED in finding.numbers:
        return False
    return finding.check_id not in WHEN or WHEN[finding.check_id](finding)


def _explained(finding: Finding, causes: Mapping[str, Finding]) -> str | None:
    """By whom; nobody explains what nobody can waive."""
    if finding.severity == "hard" or STOPPED in finding.numbers:
        return None
    return next((check_id for check_id, cause in causes.items() if _fits(cause, finding)), None)


def _fits(cause: Finding, finding: Finding) -> bool:
    """A cause that names its rows explains only what is about those."""
    if finding.check_id not in EXPLAINS[cause.check_id]:
        return False
    return not cause.entries or finding.scope == "set" or set(finding.entries) <= set(cause.entries)


def _as_high(cause: Finding, findings: Sequence[Finding]) -> Finding:
    explained = [one.severity for one in findings if one.folded_into == cause.check_id]
    return replace(cause, severity=max([cause.severity, *explained], key=SEVERITIES.index))
