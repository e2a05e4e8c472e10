"""G, and T against what was expected: what fires each check, what does not, and both sides of its boundary."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sync_jobs.checks import expected, population
from sync_jobs.results import Point
from tests.checks import building as b
from tests.checks.test_splits import missing


def said(rule, field):
    return [(found.severity, found.scope, found.sentence) for found in rule(field)]


def ended(finished, others=0, status="DNF", **more):
    """A contest of so many finishers, and so many others with that status. Pulled long after the last one."""
    rows = b.rows(finished + others)
    out = tuple(replace(row, status=status, gun_ms=None, chip_ms=None) for row in rows[finished:])
    return b.field((*b.ranked(rows[:finished]), *out), said={"pulled_at": b.START + timedelta(hours=30)}, **more)


@pytest.mark.parametrize("check", [*population.CHECKS, *expected.CHECKS], ids=lambda check: check.check_id)
def test_a_clean_contest_gives_nothing(check):
    assert list(check.rule(b.field(600))) == []
    assert list(check.rule(b.field(600, going_official=True))) == []
    assert list(check.rule(b.field(0))) == []


# G01


@pytest.mark.parametrize(
    ("metres", "finished", "severity"),
    [
        (10_000, 850, None), (10_000, 849, "warn"), (21_098, 849, "warn"), (42_195, 849, None), (42_195, 800, None),
        (42_195, 799, "warn"), (None, 800, None), (None, 799, "warn"), (10_000, 600, "warn"), (10_000, 599, "block"),
    ],
)  # fmt: skip
def test_fewer_finished_than_usually_do(metres, finished, severity):
    found = said(population.finish_rate, ended(finished, 1000 - finished, about=b.facts(metres=metres)))
    assert [one[0] for one in found] == ([severity] if severity else [])


def test_what_a_low_finish_rate_says():
    sentence = "820 of 1,000 starters finished: 82 %, where at least 85 % usually do. Were finishes missed?"
    assert said(population.finish_rate, ended(820, 180)) == [("warn", "set", sentence)]


@pytest.mark.parametrize(("others", "fires"), [(20, True), (19, False)])
def test_a_small_field_proves_nothing(others, fires):
    assert bool(said(population.finish_rate, ended(30, others))) is fires


@pytest.mark.parametrize("status", ["DNS", "NOT_SEEN", None])
def test_who_never_started_does_not_count(status):
    assert said(population.finish_rate, ended(60, 60, status)) == []


@pytest.mark.parametrize(("minutes", "fires"), [(29, False), (30, True)])
def test_while_people_come_in_those_on_the_course_do_not_count(minutes, fires):
    field = ended(60, 60, "RUNNING")
    last = max(row.gun_ms for row in field.finishers)
    pulled = b.START + timedelta(milliseconds=last, minutes=minutes)
    field = replace(field, version=replace(field.version, pulled_at=pulled))
    assert bool(said(population.finish_rate, field)) is fires
    assert said(population.finish_rate, replace(field, going_official=True)) != []


def test_on_a_trail_fewer_come_in():
    assert said(population.finish_rate, ended(75, 25, about=b.facts(profile="trail"))) == []
    assert said(population.finish_rate, ended(74, 26, about=b.facts(profile="trail"))) != []


# G05


def with_gap(count, gap_ms, at=None, step=1000):
    """Finishers a second apart, with one hole."""
    at = count // 2 if at is None else at
    return b.field([b.row(n, gun_ms=1_900_000 + step * n + (gap_ms - step if n > at else 0)) for n in range(1, count + 1)])


@pytest.mark.parametrize(("gap_ms", "fires"), [(60_000, False), (60_001, True)])
def test_a_minute_without_a_finisher(gap_ms, fires):
    assert bool(said(population.finish_gap, with_gap(600, gap_ms))) is fires


@pytest.mark.parametrize(("gap_ms", "fires"), [(80_000, False), (80_001, True)])
def test_where_finishers_are_rare_longer_gaps_are_usual(gap_ms, fires):
    assert bool(said(population.finish_gap, with_gap(600, gap_ms, step=8000))) is fires


@pytest.mark.parametrize(("count", "fires"), [(499, False), (500, True)])
def test_a_small_field_has_gaps(count, fires):
    assert bool(said(population.finish_gap, with_gap(count, 240_000))) is fires


@pytest.mark.parametrize(("at", "fires"), [(59, False), (60, False), (61, True), (539, True), (540, False)])
def test_only_the_middle_counts(at, fires):
    """Of 600 the first and the last 60 are left out."""
    assert bool(said(population.finish_gap, with_gap(600, 240_000, at=at))) is fires


def test_i04_two_holes_of_four_minutes():
    times = [1_900_000 + 1000 * n + 240_000 * (n > 2000) + 240_000 * (n > 3000) for n in range(1, 5001)]
    found = said(population.finish_gap, b.field([b.row(n, gun_ms=ms) for n, ms in enumerate(times, start=1)]))
    sentence = "Nobody finished between 1:05:00 and 1:09:01 and between 1:25:40 and 1:29:41. Did the finish read all the time?"
    assert found == [("warn", "set", sentence)]


# G06


@pytest.mark.parametrize("status", ["RUNNING", "NOT_SEEN", "HELD"])
def test_who_has_no_end_yet_keeps_results_from_being_official(status):
    field = ended(10, 2, status)
    words = {"RUNNING": "on the course", "NOT_SEEN": "not seen", "HELD": "under review at scoring"}[status]
    sentence = f"2 people have no final status: 2 {words}. Official results need one for everybody."
    assert said(population.still_out, field) == []
    (found,) = population.still_out(replace(field, going_official=True))
    assert (found.severity, found.sentence, found.entries) == ("block", sentence, ("e11", "e12"))


def test_who_was_held_here_has_no_end_either():
    field = b.field(10, going_official=True, held=frozenset({"e3"}))
    sentence = "1 person has no final status: 1 held here. Official results need one for everybody."
    assert said(population.still_out, field) == [("block", "set", sentence)]


@pytest.mark.parametrize("status", ["DNF", "DNS", "DQ", "NC", "OTL"])
def test_a_decided_end_is_one(status):
    assert said(population.still_out, replace(ended(10, 2, status), going_official=True)) == []


# G08


@pytest.mark.parametrize(
    ("count", "out", "fires"),
    [(5000, 10, False), (5000, 11, True), (400, 4, False), (400, 5, True), (60, 2, False), (60, 3, True), (20, 0, False)],
)
def test_more_disqualified_than_in_one_race(count, out, fires):
    assert bool(said(population.mass_dq, ended(count - out, out, "DQ"))) is fires


def test_i02_a_third_of_the_field_disqualified():
    sentence = (
        "35 of 100 starters are disqualified: 35 %. A reading point that failed looks like this: "
        "ask the timer before anybody is told."
    )
    (found,) = population.mass_dq(ended(65, 35, "DQ"))
    assert (found.severity, found.scope, found.sentence, len(found.entries)) == ("block", "set", sentence, 35)


def test_a_point_that_did_not_read_is_the_first_reading():
    field = missing(100, "6K", 20)
    rows = [replace(row, status="DQ", splits=()) if n < 15 else row for n, row in enumerate(field.version.rows)]
    ((_, _, sentence),) = said(population.mass_dq, replace(field, version=replace(field.version, rows=tuple(rows))))
    assert sentence == "15 of 100 starters are disqualified: 15 %. 6K did not read for many: that looks like cheating, and is not."
    assert field.facts.points[2] == Point(name="6K", metres=6000)


# T09


@pytest.mark.parametrize(("faster", "fires"), [(4, False), (5, True)])
def test_many_of_the_first_beat_the_last_winner(faster, fires):
    men = [row for row in b.rows(40) if row.gender == "M"]
    field = b.field(40, last_winners={"M": men[faster].gun_ms})
    found = said(expected.faster_than_history, field)
    assert bool(found) is fires
    if fires:
        sentence = "5 of the top 10 men beat last year's winner, who had 31:51. Did the clock start late?"
        assert found == [("warn", "set", sentence)]


def test_women_are_compared_with_women():
    assert (
        said(expected.faster_than_history, b.field([row for row in b.rows(40) if row.gender == "M"], last_winners={"F": 10**9}))
        == []
    )
    ((_, _, sentence),) = said(expected.faster_than_history, b.field(40, last_winners={"F": 10**9, "M": 0}))
    assert sentence.startswith("10 of the top 10 women beat")


# T11


def test_i16_people_finished_after_the_limit():
    late = [b.row(n, gun_ms=21_600_000 + 37_000 + 1000 * (n - 104)) for n in range(104, 601)]
    (found,) = expected.over_cut_off(b.field(b.rows(600, *late), about=b.facts(cutoff_ms=21_600_000)))
    assert (found.severity, found.scope, len(found.entries)) == ("warn", "set", 497)
    assert found.sentence == "497 people finished after the limit of 6:00:00, the first 0:37 late."


@pytest.mark.parametrize(("limit", "fires"), [(b.row(10).gun_ms - 1, True), (b.row(10).gun_ms, False), (None, False)])
def test_the_last_second_still_counts(limit, fires):
    assert bool(said(expected.over_cut_off, b.field(10, about=b.facts(cutoff_ms=limit)))) is fires
