"""What becomes of one entry on race day, and what a timer knows of it at an instant. Pure: the same question, the same answer.

A fate is drawn once from the entry's number; `known` cuts it off at an instant. All instants are milliseconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log

from sync_jobs.sandbox.scoring_plan import ScoringContest, Wave, dice

SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000
USUAL_PACE = 345.0  # milliseconds for a metre
FASTEST = 172.0
UNMEASURED = 1000  # metres of a course that has no length
OF_A_KIND = {"triathlon": 0.42}
MAT_FAILS = 4 * MINUTE
POINT_FAILS = 3 * MINUTE
BY_HAND_AFTER = 25 * MINUTE  # those whom the mat missed are typed in from the list that somebody wrote at the line
CORRECTED_AFTER = HOUR
JUDGED_AFTER = 20 * MINUTE
SWEPT_AFTER = HOUR  # after the last mat that saw them


@dataclass(frozen=True, slots=True)
class Fate:
    """Everything that will ever happen to one entry, by the timer's clock."""

    gun: int
    start: int | None  # None: never came
    points: tuple[tuple[str, int], ...] = ()  # mats on the way that saw them
    finish: int | None = None  # what is recorded first; None: did not finish
    told_at: int | None = None  # when the timer knows of the finish
    by_hand: bool = False
    corrected: int | None = None  # what the finish is changed to ...
    corrected_at: int | None = None  # ... and when
    stopped_at: int | None = None  # when they are known not to finish
    disqualified_at: int | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one entry at an instant. Durations in milliseconds, from the gun and from the own start."""

    status: str  # not_seen, running, finished, dnf, dq
    gun: int
    start: int | None = None
    points: tuple[tuple[str, int], ...] = ()
    finish: int | None = None
    by_hand: bool = False
    corrected: bool = False

    @property
    def gun_ms(self) -> int | None:
        """From the gun to the finish."""
        return None if self.finish is None else self.finish - self.gun

    @property
    def chip_ms(self) -> int | None:
        """From the own start to the finish."""
        return None if self.finish is None or self.start is None else self.finish - self.start


NOT_YET = "not_seen"


def gun_of(contest: ScoringContest, wave: Wave) -> int:
    """When a wave really started: some seconds after its plan."""
    late = int(40_000 * dice("gun", contest.number, wave.name)[0]) if contest.happening.edition.phase != "even" else 0
    return (contest.starts_at + wave.after) * SECOND + late // 100 * 100


def fate(contest: ScoringContest, wave: Wave, number: int, gender: str | None, age: int | None, *, timed: bool) -> Fate:
    """Draw it. `timed`: has a bib and was there at the gun."""
    gun, rolled = gun_of(contest, wave), dice("fate", contest.number, number)
    if not timed or rolled[0] < 0.06:
        return Fate(gun, None)
    metres = contest.metres or UNMEASURED
    start = gun + int(-25_000 * log(1 - 0.97 * rolled[1])) + 300
    whole = int(metres * _pace(contest, metres, gender, age, sum(rolled[2:6]) - 2))
    passed = [(name, start + int(whole * at / metres * (0.985 + 0.03 * rolled[6]))) for name, at in contest.points]
    points = tuple(
        (name, at)
        for place, (name, at) in enumerate(passed)
        if dice("mat", contest.number, number, place)[0] > 0.01 and not _is_dead(contest, name, at)
    )
    if rolled[7] < 0.02:
        reached = points[: int(rolled[8] * (len(points) + 1))]
        return Fate(gun, start, reached, stopped_at=(reached[-1][1] if reached else start + whole // 2) + SWEPT_AFTER)
    return _finishing(contest, gun, start, points, start + whole, rolled)


def _finishing(
    contest: ScoringContest, gun: int, start: int, points: tuple[tuple[str, int], ...], finish: int, rolled: tuple[float, ...]
) -> Fate:
    first, last = mat_failure(contest) or (0, 0)
    by_hand = first <= finish < last
    told_at = finish
    if by_hand:
        told_at, finish = last + BY_HAND_AFTER + int(10 * MINUTE * rolled[9]), finish // SECOND * SECOND
    corrected = None
    if rolled[10] < 0.012:
        away = int((rolled[11] * 40 - 15) * SECOND) or SECOND
        corrected = max(finish + away, start + SECOND)
    return Fate(
        gun, start, points, finish, told_at, by_hand, corrected, None if corrected is None else told_at + CORRECTED_AFTER,
        disqualified_at=told_at + JUDGED_AFTER if rolled[12] < 0.006 else None,
    )  # fmt: skip


def mat_failure(contest: ScoringContest) -> tuple[int, int] | None:
    """When nobody who crossed the finish was seen: once in a happening, in its first contest, where many come in."""
    if contest.happening.edition.phase == "even" or contest is not contest.happening.contests[0]:
        return None
    metres = contest.metres or UNMEASURED
    busy = gun_of(contest, contest.waves[0]) + int(metres * _pace(contest, metres, None, None, 0))
    return busy, busy + MAT_FAILS


def point_failure(contest: ScoringContest) -> tuple[str, int, int] | None:
    """The point whose mat saw nobody for some minutes, and when: once in a happening, in its first contest that has two or more.

    Nobody types those in: what a point on the way missed stays missing.
    """
    several = [each for each in contest.happening.contests if len(each.points) > 1]
    if contest.happening.edition.phase == "even" or contest not in several[:1]:
        return None
    name, at = contest.points[0]  # the field is still together there
    busy = gun_of(contest, contest.waves[0]) + int(at * _pace(contest, contest.metres or UNMEASURED, None, None, 0))
    return name, busy - POINT_FAILS // 2, busy + POINT_FAILS // 2


def _is_dead(contest: ScoringContest, name: str, at: int) -> bool:
    failed = point_failure(contest)
    return failed is not None and failed[0] == name and failed[1] <= at < failed[2]


def _pace(contest: ScoringContest, metres: int, gender: str | None, age: int | None, luck: float) -> float:
    """Milliseconds for a metre: longer is slower, so is older, and `luck` is -2 to 2."""
    slower: float = (metres / 5000) ** 0.06 * (1.09 if gender == "F" else 1.0) * (1 + max(0, (age or 35) - 35) * 0.006)
    walk = 2.0 if "Walk" in contest.name else 1.0
    own = USUAL_PACE * exp(0.3 * luck) * slower * walk * OF_A_KIND.get(contest.kind, 1.0)
    return max(own, FASTEST * OF_A_KIND.get(contest.kind, 1.0))


def known(drawn: Fate, now: int) -> Known:
    """What a timer sees of a fate at an instant."""
    if drawn.start is None or drawn.start > now:
        return Known(NOT_YET, drawn.gun)
    points = tuple((name, at) for name, at in drawn.points if at <= now)
    if drawn.disqualified_at is not None and drawn.disqualified_at <= now:
        return Known("dq", drawn.gun, drawn.start, points)
    if drawn.stopped_at is not None and drawn.stopped_at <= now:
        return Known("dnf", drawn.gun, drawn.start, points)
    if drawn.told_at is None or drawn.told_at > now:
        return Known("running", drawn.gun, drawn.start, points)
    corrected = drawn.corrected_at is not None and drawn.corrected_at <= now
    finish = drawn.corrected if corrected else drawn.finish
    return Known("finished", drawn.gun, drawn.start, points, finish, drawn.by_hand, corrected)
