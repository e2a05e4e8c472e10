"""Checks of the field as a whole (G): whether as many finished as do, and whether everybody has an end. Single rows are others'."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from sync_jobs.checks.amounts import counted, less, listed, more, share, span
from sync_jobs.checks.base import Check, Field, Finding, said
from sync_jobs.checks.splits import outages

HALF = 21_098  # metres; a contest of unknown length is taken for a long one
NEVER_STARTED = frozenset({"DNS", "NOT_SEEN", None})
OPEN_ENDS = {"RUNNING": "on the course", "NOT_SEEN": "not seen", "HELD": "under review at scoring"}
USUAL = Fraction(999, 1000)  # of the gaps between two finishers


def finish_rate(field: Field) -> Iterable[Finding]:
    """G01: fewer of those who started have finished than do on such a course."""
    starters = [row for row in field.version.rows if row.status not in NEVER_STARTED]
    if not _is_over(field):
        starters = [row for row in starters if row.status != "RUNNING"]
    finished, of = len(field.finishers), len(starters)
    usual = "half_percent" if field.facts.metres and field.facts.metres <= HALF else "long_percent"
    percent = field.limit("G01", usual)
    if of < field.limit("G01", "starters") or not less(finished, of, percent):
        return
    severity = "block" if less(finished, of, field.limit("G01", "block_percent")) else "warn"
    sentence = (
        f"{finished:,} of {counted(of, 'starter')} finished: {share(finished, of)}, where at least {percent:g} % usually do. "
        "Were finishes missed?"
    )
    yield said("G01", severity, sentence, finished=finished, starters=of)


def _is_over(field: Field) -> bool:
    """Whether nobody is expected any more: the last one came in a while before the pull, or somebody wants to close."""
    start, quiet = field.version.started_at or field.facts.planned_start, timedelta(seconds=field.limit("G01", "quiet_seconds"))
    last = max((row.gun_ms for row in field.finishers if row.gun_ms is not None), default=None)
    if field.going_official or start is None or last is None:
        return True
    return field.version.pulled_at - _finish(start, last) >= quiet


def _finish(start: datetime, ms: int) -> datetime:
    return start + timedelta(milliseconds=ms)


def finish_gap(field: Field) -> Iterable[Finding]:
    """G05: for a while nobody finished, in the middle of the field."""
    times = sorted(row.gun_ms for row in field.finishers if row.gun_ms is not None)
    if len(times) < field.limit("G05", "finishers"):
        return
    outside = int(len(times) * (100 - field.limit("G05", "central_percent")) / 200)
    middle = times[outside : len(times) - outside]
    gaps = sorted(later - earlier for earlier, later in pairwise(middle))
    usual = gaps[int(USUAL * (len(gaps) - 1))]
    bearable = max(field.limit("G05", "seconds") * 1000, field.limit("G05", "times_usual") * usual)
    found = [(earlier, later) for earlier, later in pairwise(middle) if later - earlier > bearable]
    if found:
        between = listed([f"between {span(earlier)} and {span(later)}" for earlier, later in found])
        yield said(
            "G05", "warn", f"Nobody finished {between}. Did the finish read all the time?", gaps=[list(gap) for gap in found]
        )


def still_out(field: Field) -> Iterable[Finding]:
    """G06: somebody has no end yet, and the results are about to be called official."""
    if not field.going_official:
        return
    out = [row for row in field.version.rows if row.status in OPEN_ENDS or row.entry_key in field.held]
    if out:
        counts = Counter(OPEN_ENDS.get(row.status or "", "held here") for row in out)
        kinds = listed([f"{count:,} {words}" for words, count in counts.items()])
        sentence = (
            f"{counted(len(out), 'person has', 'people have')} no final status: {kinds}. Official results need one for everybody."
        )
        yield said("G06", "block", sentence, rows=out, count=len(out))


def mass_dq(field: Field) -> Iterable[Finding]:
    """G08: more were disqualified than are in one race; a point that failed looks just like it."""
    out = [row for row in field.version.rows if row.status == "DQ"]
    starters = sum(row.status not in NEVER_STARTED for row in field.version.rows)
    is_share = more(len(out), starters, field.limit("G08", "percent"), field.limit("G08", "few"))
    if not is_share and len(out) <= field.limit("G08", "rows"):
        return
    sentence = f"{len(out):,} of {counted(starters, 'starter')} are disqualified: {share(len(out), starters)}. {_reading(field)}"
    yield said("G08", "block", sentence, rows=out, count=len(out), starters=starters)


def _reading(field: Field) -> str:
    """What a mass disqualification is most often."""
    silent = [one.point for one in field.once(outages)]
    if silent:
        return f"{listed(silent)} did not read for many: that looks like cheating, and is not."
    return "A reading point that failed looks like this: ask the timer before anybody is told."


CHECKS = (
    Check(check_id="G01", name="finish-rate", rule=finish_rate),
    Check(check_id="G05", name="finish-gap", rule=finish_gap),
    Check(check_id="G06", name="still-out", rule=still_out),
    Check(check_id="G08", name="mass-dq", rule=mass_dq),
)
