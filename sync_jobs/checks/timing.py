"""Checks of times (T): whether somebody can have run them, and whether the clock was started when it was. Splits are `splits`'s.

Speeds are compared exactly, in milliseconds and metres; nothing is rounded but in a sentence.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from sync_jobs import times
from sync_jobs.checks.amounts import clock, counted, more, opening, share, span
from sync_jobs.checks.base import Check, Field, Finding, of_row, said, who
from sync_jobs.checks.cases import Case, findings
from sync_jobs.results import ResultRow, Version

FLOORS: tuple[tuple[str, Fraction], ...] = (
    ("400m", Fraction(400)), ("mile", Fraction("1609.344")), ("5k", Fraction(5000)), ("10k", Fraction(10_000)),
    ("half", Fraction("21097.5")), ("marathon", Fraction(42_195)),
)  # fmt: skip
"""Lengths whose fastest possible time is in the thresholds of T05. Shorter ones are as fast as the first, longer as the last."""
GENDERS: Mapping[str, str] = {"F": "woman", "M": "man", "X": "non-binary runner"}


def floor_ms(field: Field) -> Fraction | None:
    """The time that nobody runs this distance in: its speed lies linearly between those of the known lengths."""
    if not field.facts.metres:
        return None
    metres = Fraction(field.facts.metres)
    speeds = [length / Fraction(str(field.limit("T05", name))) for name, length in FLOORS]
    lengths = [length for _, length in FLOORS]
    after = bisect_right(lengths, metres)
    if after in {0, len(lengths)}:
        speed = speeds[min(after, len(lengths) - 1)]
    else:
        way = (metres - lengths[after - 1]) / (lengths[after] - lengths[after - 1])
        speed = speeds[after - 1] + way * (speeds[after] - speeds[after - 1])
    return metres / speed * 1000


def non_positive(field: Field) -> Iterable[Finding]:
    """T01: a time of nothing, or less."""
    cases = [
        Case(row=row, sentence=f"{opening(row)} has a {kind} time of {span(ms)}.", numbers={"ms": ms, "kind": kind})
        for row in field.version.rows
        for kind, ms in _worst_first(row)
        if ms <= 0
    ]
    return findings(field, "T01", "block", cases, f"{_of(cases, field)} have a time of zero or less.")


def _worst_first(row: ResultRow) -> list[tuple[str, int]]:
    """The smaller of the two times, as the one to speak of."""
    kinds = [(kind, ms) for kind, ms in (("gun", row.gun_ms), ("chip", row.chip_ms)) if ms is not None]
    return sorted(kinds, key=lambda kind: kind[1])[:1]


def chip_over_gun(field: Field) -> Iterable[Finding]:
    """T02: the way from the start line takes longer than from the gun, which came before. Many: the gun is wrong."""
    both = [(row, row.chip_ms - row.gun_ms) for row in field.version.rows if row.gun_ms is not None and row.chip_ms is not None]
    over = [(row, ms) for row, ms in both if ms > field.limit("T02", "ms")]
    if not over:
        return
    many = more(len(over), len(both), field.limit("T02", "percent"), field.limit("T02", "rows"))
    row, most = max(over, key=lambda found: found[1])
    have = f"{len(over):,} of {counted(len(both), 'result')} {'has' if len(over) == 1 else 'have'}"
    sentence = (
        f"{have} a chip time more than {span(int(field.limit('T02', 'ms')))} above the gun time, at most {span(most)} ({who(row)})."
    )
    yield said("T02", "block" if many else "warn", sentence, rows=[row for row, _ in over], count=len(over), results=len(both),
               most_ms=most)  # fmt: skip


def missing_starts(field: Field) -> Iterable[Finding]:
    """T04: chip and gun are the same for many behind the leaders. Of the whole field, and of each wave where it is worse."""
    timed = [row for row in field.finishers if row.gun_ms is not None and row.chip_ms is not None]
    level, finding = _starts_finding(field, "", timed)
    if finding:
        yield finding
    waves: dict[str | None, list[ResultRow]] = defaultdict(list)
    for row in timed:
        waves[row.wave].append(row)
    for wave, rows in waves.items():
        level_there, finding = _starts_finding(field, f" of wave {wave}", rows)
        if finding and wave and level_there > level:
            yield finding


LEVELS = ("", "warn", "block")


def _starts_finding(field: Field, where: str, rows: Sequence[ResultRow]) -> tuple[int, Finding | None]:
    """How grave it is among these, and what to say of it."""
    if "chip" not in {field.facts.basis, field.facts.division_basis}:
        return 0, None  # without a mat at the start nobody has a time of their own, and none counts
    unread, behind = _unread_starts(field, rows)
    level = _level(field, len(unread), behind)
    sentence = (
        f"{len(unread):,} of {counted(behind, 'finisher')}{where} behind the fastest ({share(len(unread), behind)}) have a "
        "chip time equal to their gun time: their start was not read."
    )
    return level, said("T04", LEVELS[level], sentence, rows=unread, count=len(unread), behind=behind) if level else None


def _unread_starts(field: Field, rows: Sequence[ResultRow]) -> tuple[list[ResultRow], int]:
    """Whose chip and gun are equal among those who are not the fastest, and how many these are."""
    fastest = int(Fraction(str(field.limit("T04", "fastest_percent"))) * len(rows) / 100)
    behind = sorted(rows, key=lambda row: row.gun_ms or 0)[fastest:]
    return [row for row in behind if row.chip_ms == row.gun_ms], len(behind)


def _level(field: Field, count: int, behind: int) -> int:
    rows = field.limit("T04", "rows")
    return sum(more(count, behind, field.limit("T04", name), rows) for name in ("warn_percent", "block_percent"))


def faster_than_possible(field: Field) -> Iterable[Finding]:
    """T05: faster on the time that counts than anybody ever was."""
    floor, basis = floor_ms(field), field.facts.basis
    if floor is None:
        return []
    least, length = span(int(floor / 1000) * 1000), f"{(field.facts.metres or 0) / 1000:g} km"
    cases = [
        Case(row=row, sentence=f"{opening(row)} has {span(ms)}: nobody covers {length} in less than {least}.", numbers={"ms": ms})
        for row in field.finishers
        if (ms := row.time(basis)) is not None and ms < floor
    ]
    together = f"{_of(cases, field)} are faster than {least}, in which nobody covers {length}."
    return findings(field, "T05", "block", cases, together)


def leader_gap(field: Field) -> Iterable[Finding]:
    """T06: one of the first of a gender is far ahead of whoever comes next."""
    basis, places = field.facts.basis, int(field.limit("T06", "places"))
    runners: dict[str, list[tuple[int, ResultRow]]] = defaultdict(list)
    for row in field.finishers:
        if row.gender and row.gender in GENDERS and (ms := row.time(basis)) is not None:
            runners[row.gender].append((ms, row))
    for gender, found in runners.items():
        if len(found) >= field.limit("T06", "finishers"):
            first = sorted(found, key=lambda one: one[0])[: places + 1]
            for (ms, row), (next_ms, following) in pairwise(first):
                if _is_far(field, ms, next_ms - ms):
                    gap = f"{span(next_ms - ms)} ({share(next_ms - ms, ms)})"
                    sentence = f"{opening(row)} is {gap} ahead of the next {GENDERS[gender]}, {who(following)}."
                    yield of_row("T06", "warn", sentence, row, following, gap_ms=next_ms - ms, ms=ms)


def _is_far(field: Field, ms: int, gap: int) -> bool:
    """More than the percentage of the faster time, and than the seconds."""
    return more(gap, ms, field.limit("T06", "percent"), field.limit("T06", "seconds") * 1000)


def start_not_set(field: Field) -> Iterable[Finding]:
    """T07: the clock was never started, so that the times are times of day."""
    floor, planned, zone = floor_ms(field), _planned(field), times.zone(field.facts.zone)
    fastest = min((row.gun_ms for row in field.finishers if row.gun_ms is not None), default=None)
    if floor is None or planned is None or fastest is None or fastest <= Fraction(str(field.limit("T07", "times_floor"))) * floor:
        return
    there = planned.astimezone(zone)
    of_day = ((there.hour * 60 + there.minute) * 60 + there.second) * 1000
    if abs(fastest - of_day) < Fraction(str(field.limit("T07", "hours"))) * 3_600_000:
        sentence = (
            f"The fastest gun time is {span(fastest)}, and the start was planned for {clock(planned, field.facts.zone)}: "
            "the start is not set in scoring, and the times are times of day."
        )
        yield said("T07", "block", sentence, fastest_ms=fastest, planned_ms=of_day)


def _planned(field: Field) -> datetime | None:
    """The planned start, where a time of day is known."""
    planned = field.facts.planned_start
    return planned if planned and times.has_time(planned, times.zone(field.facts.zone)) else None


def start_moved(field: Field) -> Iterable[Finding]:
    """T08: scoring counts from another instant than planned, or than before. One finding, since it is one clock."""
    used, planned, zone = field.version.started_at, _planned(field), field.facts.zone
    if used is None:
        return
    level, words = _against_plan(field, used, planned) if planned else ("", "")
    before = _other_start(field, used)
    sentences = [words] if words else []
    if before and before.started_at:
        sentences.append(
            f"Version {before.number} counted from {clock(before.started_at, zone)}, this one from {clock(used, zone)}."
        )
    if sentences:
        yield said("T08", "warn" if before else level, " ".join(sentences), used=times.to_ms(used),
                   planned=planned and times.to_ms(planned), before=before and times.to_ms(before.started_at or used))  # fmt: skip


def _against_plan(field: Field, used: datetime, planned: datetime) -> tuple[str, str]:
    """How grave the difference is, and what to say of it; nothing of a small one."""
    off, zone = used - planned, field.facts.zone
    words = f"Start used {clock(used, zone)}, planned {clock(planned, zone)}"
    if -off > _seconds(field, "early_seconds") or off > _seconds(field, "late_seconds"):
        away = span(abs(times.to_ms(used) - times.to_ms(planned)))
        return "warn", f"{words}: {away} {'later' if off > timedelta() else 'earlier'} than planned."
    return ("info", f"{words}.") if abs(off) > _seconds(field, "told_seconds") else ("", "")


def _seconds(field: Field, name: str) -> timedelta:
    return timedelta(seconds=field.limit("T08", name))


def _other_start(field: Field, used: datetime) -> Version | None:
    """The version before, or the one that is live, where it counted from another instant."""
    earlier = (version for version in (field.newest, field.live) if version and version.started_at)
    return next((version for version in earlier if version.started_at != used), None)


def projected(field: Field) -> Iterable[Finding]:
    """T16: a finish that nobody read. Always a row's own: it is held, and the others go on."""
    for row in field.version.rows:
        ms = row.gun_ms if row.gun_ms is not None else row.chip_ms
        time = f"finish time of {span(ms)}" if ms is not None else "result"
        if row.is_projected:
            yield of_row("T16", "block", f"{opening(row)} has a {time} that is projected and was not read.", row, ms=ms)
        elif row.status == "RUNNING" and ms is not None:
            yield of_row("T16", "block", f"{opening(row)} is still on the course and has a {time}.", row, ms=ms)


def _of(cases: Sequence[Case], field: Field) -> str:
    return f"{len(cases):,} of {counted(len(field.version.rows), 'result')}"


WITHOUT_FLOOR = frozenset({"wheel", "relay", "kids"})
CHECKS: tuple[Check, ...] = (
    Check(check_id="T01", name="non-positive", rule=non_positive),
    Check(check_id="T02", name="chip-over-gun", rule=chip_over_gun),
    Check(check_id="T04", name="missing-starts", rule=missing_starts),
    Check(check_id="T05", name="faster-than-possible", rule=faster_than_possible, skips=WITHOUT_FLOOR),
    Check(check_id="T06", name="leader-gap", rule=leader_gap),
    Check(check_id="T07", name="start-not-set", rule=start_not_set),
    Check(check_id="T08", name="start-moved", rule=start_moved),
    Check(check_id="T16", name="projected", rule=projected),
)
