"""Turn odd rows into findings: each its own, or all of them one where so many are odd that there must be one cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sync_jobs.checks.amounts import counted, more
from sync_jobs.checks.awards import Awards
from sync_jobs.checks.base import Field, Finding, of_row, said
from sync_jobs.results import ResultRow

LIFTED = {"info": "warn", "warn": "block"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A row that is odd, the sentence about it, and whoever else it is about."""

    row: ResultRow
    sentence: str
    others: tuple[ResultRow, ...] = ()
    numbers: dict[str, Any] = field(default_factory=dict)


def findings(
    about: Field, check_id: str, severity: str, cases: Sequence[Case], together: str, *, lifts: bool = False
) -> list[Finding]:
    """A finding for each case. More than the threshold `many` allows become one of the set, which `together` says.

    Where the check `lifts` a row in an award place by a level, the one finding stands as high as its highest row would.
    """
    limits = about.thresholds["many"]
    if not more(len(cases), len(about.version.rows), limits["percent"], limits["rows"]):
        return [of_row(check_id, severity, case.sentence, case.row, *case.others, **case.numbers) for case in cases]
    awarded = sum(case.row.entry_key in about.awards for case in cases)
    awards = Awards(about)
    if lifts and any(awards.touch((case.row.entry_key,)) for case in cases):
        severity = LIFTED.get(severity, severity)
    sentence = f"{together} {counted(awarded, 'of them is', 'of them are')} in an award place." if awarded else together
    rows = [row for case in cases for row in (case.row, *case.others)]
    return [said(check_id, severity, sentence, rows=rows, count=len(cases), awards=awarded)]
