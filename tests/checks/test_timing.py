"""T: each check with what fires it, what does not, and both sides of its boundary."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sync_jobs.checks import timing
from tests.checks import building as b

BY_CHIP = b.facts(basis="chip", division_basis="chip")
ANA = {"bib": "214", "first_name": "Ana", "last_name": "Sample"}


def said(rule, *given, **more):
    """Severity, scope and sentence of each finding."""
    return [(found.severity, found.scope, found.sentence) for found in rule(b.field(*given, **more))]


@pytest.mark.parametrize("check", timing.CHECKS, ids=[check.check_id for check in timing.CHECKS])
def test_a_clean_contest_gives_nothing(check):
    assert list(check.rule(b.field(200))) == []
    assert list(check.rule(b.field(200, about=BY_CHIP))) == []
    assert list(check.rule(b.field(0))) == []


def test_the_starred_checks_are_there():
    assert {"T01", "T02", "T04", "T05", "T06", "T07", "T08", "T16"} <= {check.check_id for check in timing.CHECKS}
    assert not any(check.escalates for check in timing.CHECKS if check.check_id != "T10")
    assert {check.check_id for check in timing.CHECKS if check.skips} == {"T05"}


# T01


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"gun_ms": 0, "chip_ms": None}, "a gun time of 0:00"),
        ({"chip_ms": 0}, "a chip time of 0:00"),
        ({"gun_ms": -5000, "chip_ms": 0}, "a gun time of -0:05"),
    ],
)
def test_a_time_of_nothing_or_less(row, words):
    assert said(timing.non_positive, [b.row(1, **ANA, **row)]) == [("block", "row", f"Bib 214, Ana Sample, has {words}.")]


@pytest.mark.parametrize(("ms", "fires"), [(-1, 1), (0, 1), (1, 0), (None, 0)])
def test_one_millisecond_is_a_time(ms, fires):
    assert len(said(timing.non_positive, [b.row(1, gun_ms=ms)])) == fires
    assert len(said(timing.non_positive, [b.row(1, chip_ms=ms)])) == fires


def test_many_times_of_nothing_are_one_cause():
    found = said(timing.non_positive, b.changed(b.rows(100), *range(1, 31), chip_ms=0))
    assert found[0][:2] == ("block", "set")
    assert found[0][2].startswith("30 of 100 results have a time of zero or less.")


# T02


def late_gun(count, over, by=1001):
    """A contest in which so many have a chip time that much above the gun."""
    return b.ranked([replace(one, chip_ms=one.gun_ms + by) if n < over else one for n, one in enumerate(b.rows(count))])


@pytest.mark.parametrize(("by", "fires"), [(1000, 0), (1001, 1), (-1, 0)])
def test_a_second_covers_rounding(by, fires):
    assert len(said(timing.chip_over_gun, late_gun(10, 1, by))) == fires


@pytest.mark.parametrize(
    ("count", "over", "severity"), [(1000, 1, "warn"), (1000, 5, "warn"), (1000, 6, "block"), (100, 3, "warn"), (100, 4, "block")]
)
def test_more_than_half_a_percent_and_three_stop(count, over, severity):
    assert [found[:2] for found in said(timing.chip_over_gun, late_gun(count, over))] == [(severity, "set")]


def test_who_is_furthest_over_the_gun_is_named():
    rows = b.rows(4871, b.row(7, **ANA, chip_ms=b.row(7).gun_ms + 4000), b.row(8, chip_ms=b.row(8).gun_ms + 1500))
    sentence = "2 of 4,871 results have a chip time more than 0:01 above the gun time, at most 0:04 (bib 214, Ana Sample)."
    [finding] = timing.chip_over_gun(b.field(rows))
    assert (finding.sentence, finding.entries) == (sentence, ("e7", "e8"))


def test_the_share_is_of_those_with_both_times():
    rows = [*late_gun(900, 4), *(b.row(number, chip_ms=None) for number in range(901, 2001))]
    assert said(timing.chip_over_gun, rows)[0][0] == "warn"
    assert said(timing.chip_over_gun, [*late_gun(900, 5), *rows[900:]])[0][0] == "block"


# T04


def unread(count, numbers, **more):
    """A contest in which those were not read at the start."""
    keys = {f"e{number}" for number in numbers}
    return [replace(one, chip_ms=one.gun_ms, **more) if one.entry_key in keys else one for one in b.rows(count)]


def test_half_of_the_starts_missing():
    rows = unread(1000, range(51, 545))
    sentence = "494 of 950 finishers behind the fastest (52 %) have a chip time equal to their gun time: their start was not read."
    [finding] = timing.missing_starts(b.field(rows, about=BY_CHIP))
    assert (finding.severity, finding.scope, finding.sentence) == ("block", "set", sentence)
    assert finding.entries == tuple(f"e{number}" for number in range(51, 545))


@pytest.mark.parametrize(
    ("of_behind", "severity"),
    [(0, None), (95, None), (96, "warn"), (475, "warn"), (476, "block")],  # of 1,900 behind the fastest hundred
)
def test_five_percent_are_normal_and_a_quarter_stops(of_behind, severity):
    rows = unread(2000, range(101, 101 + of_behind))
    assert [found[0] for found in said(timing.missing_starts, rows, about=BY_CHIP)] == ([severity] if severity else [])


def test_the_fastest_cross_with_the_gun():
    assert said(timing.missing_starts, unread(100, range(1, 6)), about=BY_CHIP) == []
    assert said(timing.missing_starts, unread(20, [1, 2, 3, 4]), about=BY_CHIP) == []  # three behind the first
    assert said(timing.missing_starts, unread(20, [1, 2, 3, 4, 5]), about=BY_CHIP) != []


@pytest.mark.parametrize(("basis", "division_basis", "fires"), [("gun", "gun", 0), ("gun", "chip", 1), ("chip", "gun", 1)])
def test_where_no_chip_time_counts_there_need_be_no_mat(basis, division_basis, fires):
    facts = b.facts(basis=basis, division_basis=division_basis)
    assert len(said(timing.missing_starts, unread(100, range(1, 101)), about=facts)) == fires


@pytest.mark.parametrize("missing", ["gun_ms", "chip_ms"])
def test_whoever_has_one_time_only_is_not_among_them(missing):
    rows = [replace(one, **{missing: None}) if int(one.bib) > 1000 else one for one in unread(2000, range(101, 149))]
    sentence = "48 of 950 finishers behind the fastest (5.1 %) have a chip time equal to their gun time: their start was not read."
    assert said(timing.missing_starts, rows, about=BY_CHIP) == [("warn", "set", sentence)]


def test_a_wave_whose_start_was_not_read():
    rows = unread(2000, range(1801, 1861))
    rows = [replace(one, wave="B" if 1800 < int(one.bib) <= 1900 else "A") for one in rows]
    sentence = (
        "55 of 95 finishers of wave B behind the fastest (58 %) have a chip time equal to their gun time: their start was not read."
    )
    assert said(timing.missing_starts, rows, about=BY_CHIP) == [("block", "set", sentence)]


def test_a_wave_that_is_as_bad_as_the_rest_is_not_said_again():
    rows = [replace(one, wave="AB"[int(one.bib) % 2]) for one in unread(1000, range(1, 1001))]
    assert len(said(timing.missing_starts, rows, about=BY_CHIP)) == 1


# T05


def test_a_child_that_crosses_the_mat():
    rows = b.rows(100, b.row(50, **ANA, gun_ms=250_000))
    sentence = "Bib 214, Ana Sample, has 4:10: nobody covers 5 km in less than 12:30."
    assert said(timing.faster_than_possible, rows, about=b.facts(metres=5000)) == [("block", "row", sentence)]


@pytest.mark.parametrize(
    ("metres", "floor_ms"),
    [
        (5000, 750_000),
        (10_000, 1_560_000),
        (42_195, 7_140_000),
        (84_390, 14_280_000),  # twice a marathon, at the same speed
        (400, 43_000),
        (200, 21_500),
        (7500, 1_147_058),  # halfway between two speeds: 7,500 m at 6.5385 m/s
    ],
)
def test_the_floor_at_each_length(metres, floor_ms):
    facts = b.facts(metres=metres)
    assert timing.floor_ms(b.field(0, about=facts)) == pytest.approx(floor_ms, abs=1)
    assert len(said(timing.faster_than_possible, [b.row(1, gun_ms=floor_ms - 2)], about=facts)) == 1
    assert said(timing.faster_than_possible, [b.row(1, gun_ms=floor_ms + 2)], about=facts) == []


@pytest.mark.parametrize(("ms", "fires"), [(1_559_999, 1), (1_560_000, 0)])
def test_exactly_the_floor_is_possible(ms, fires):
    assert len(said(timing.faster_than_possible, [b.row(1, gun_ms=ms)])) == fires


def test_the_half_marathon_lies_between_its_two_whole_metres():
    below, above = (timing.floor_ms(b.field(0, about=b.facts(metres=metres))) for metres in (21_097, 21_098))
    assert below < 3_360_000 < above


def test_only_the_time_that_counts_of_finishers_is_asked():
    assert said(timing.faster_than_possible, [b.row(1, chip_ms=1)]) == []
    assert said(timing.faster_than_possible, [b.row(1, chip_ms=1)], about=BY_CHIP) != []
    assert said(timing.faster_than_possible, [b.row(1, gun_ms=1, status="DQ")]) == []
    assert said(timing.faster_than_possible, [b.row(1, gun_ms=1)], about=b.facts(metres=None)) == []


def test_a_course_that_is_too_short_is_one_cause():
    found = said(timing.faster_than_possible, b.rows(100), about=b.facts(metres=42_195))
    assert found[0][:2] == ("block", "set")
    assert found[0][2].startswith("100 of 100 results are faster than 1:59:00, in which nobody covers 42.195 km.")


# T06


def ahead(by, count=200, number=1):
    """Men and women in turns; the man who finished as that number is so far ahead of the next one."""
    rows = list(b.rows(count))
    men = [one for one in rows if one.gender == "M"]
    first = next(n for n, one in enumerate(men) if one.entry_key == f"e{number}")
    late = by - (men[first + 1].gun_ms - men[first].gun_ms)
    slower = {one.entry_key for one in men[first + 1 :]}
    return b.ranked([replace(one, gun_ms=one.gun_ms + late) if one.entry_key in slower else one for one in rows])


def test_a_winner_far_ahead():
    rows = [replace(one, gun_ms=one.gun_ms + 1_887_000) for one in ahead(285_000)]  # 1:03:08
    sentence = "Bib 1, Tom Beck1, is 4:45 (7.5 %) ahead of the next man, bib 3, Ben Okafor3."
    [finding] = timing.leader_gap(b.field(rows))
    assert (finding.severity, finding.scope, finding.sentence) == ("warn", "row", sentence)
    assert finding.entries == ("e1", "e3")


@pytest.mark.parametrize(("by", "fires"), [(60_000, 0), (60_001, 1)])
def test_a_minute_where_it_is_more_than_three_percent(by, fires):
    rows = [replace(one, gun_ms=one.gun_ms - 1_000_000) for one in ahead(by)]
    assert len(said(timing.leader_gap, rows)) == fires


@pytest.mark.parametrize(("by", "fires"), [(57_030 * 2, 0), (57_030 * 2 + 1, 1)])
def test_three_percent_where_they_are_more_than_a_minute(by, fires):
    rows = [replace(one, gun_ms=one.gun_ms + 1_901_000) for one in ahead(by)]  # the winner: 3,802 s
    assert len(said(timing.leader_gap, rows)) == fires


@pytest.mark.parametrize(("number", "fires"), [(1, 1), (3, 1), (5, 1), (7, 0)])
def test_only_the_first_three_are_looked_at(number, fires):
    assert len(said(timing.leader_gap, ahead(200_000, number=number))) == fires


@pytest.mark.parametrize(("count", "fires"), [(198, 0), (200, 1)])
def test_a_small_field_may_have_gaps(count, fires):
    assert len(said(timing.leader_gap, ahead(200_000, count=count))) == fires


# T07


def of_day(first_ms):
    """A contest whose times begin with that."""
    return [replace(one, gun_ms=one.gun_ms - b.row(1).gun_ms + first_ms, chip_ms=None) for one in b.rows(20)]


def test_a_start_that_was_never_set():
    sentence = (
        "The fastest gun time is 9:31:41, and the start was planned for 09:00:00: "
        "the start is not set in scoring, and the times are times of day."
    )
    assert said(timing.start_not_set, of_day(34_301_000)) == [("block", "set", sentence)]


HOUR = 3_600_000


@pytest.mark.parametrize(
    ("first_ms", "fires"), [(12 * HOUR - 1, 1), (12 * HOUR, 0), (6 * HOUR + 1, 1), (6 * HOUR, 0), (9 * HOUR, 1)]
)
def test_within_three_hours_of_the_planned_start(first_ms, fires):
    assert len(said(timing.start_not_set, of_day(first_ms))) == fires


@pytest.mark.parametrize(("over", "fires"), [(0, 0), (1, 1)])
def test_more_than_four_times_the_fastest_possible(over, fires):
    facts = b.facts(planned_start=b.START - timedelta(hours=7))  # two in the morning
    assert len(said(timing.start_not_set, of_day(4 * 1_560_000 + over), about=facts)) == fires


def test_a_start_of_which_no_time_is_known_says_nothing():
    assert said(timing.start_not_set, of_day(2 * HOUR), about=b.facts(planned_start=b.START - timedelta(hours=9))) == []
    assert said(timing.start_not_set, of_day(9 * HOUR), about=b.facts(planned_start=None)) == []
    assert said(timing.start_not_set, of_day(9 * HOUR), about=b.facts(metres=None)) == []


# T08


def used(**off):
    """The version's arguments: scoring counted from that much after the plan."""
    return {"said": {"started_at": b.START + timedelta(**off)}}


def test_a_gun_six_minutes_early():
    sentence = "Start used 08:54:00, planned 09:00:00: 6:00 earlier than planned."
    assert said(timing.start_moved, **used(minutes=-6)) == [("warn", "set", sentence)]


def test_a_small_delay_is_told_only():
    assert said(timing.start_moved, **used(minutes=2)) == [("info", "set", "Start used 09:02:00, planned 09:00:00.")]


@pytest.mark.parametrize(
    ("seconds", "severity"),
    [
        (-61, "warn"), (-60, "info"), (-11, "info"), (-10, None), (0, None), (10, None), (11, "info"), (900, "info"), (901, "warn"),
    ],
)  # fmt: skip
def test_a_minute_early_or_a_quarter_of_an_hour_late(seconds, severity):
    assert [found[0] for found in said(timing.start_moved, **used(seconds=seconds))] == ([severity] if severity else [])


def test_a_start_that_changed_between_two_versions():
    before = b.version(b.rows(5), number=1, started_at=b.START + timedelta(seconds=1))
    sentence = "Version 1 counted from 09:00:01, this one from 09:00:00."
    assert said(timing.start_moved, newest=before) == [("warn", "set", sentence)]
    assert said(timing.start_moved, newest=replace(before, started_at=b.START)) == []
    assert said(timing.start_moved, newest=replace(before, started_at=None)) == []


def test_what_the_public_sees_counts_as_a_version_before():
    same = b.version(b.rows(5), number=3)
    live = b.version(b.rows(5), number=1, started_at=b.START + timedelta(minutes=2))
    assert said(timing.start_moved, newest=same, live=live)[0][0] == "warn"


def test_both_are_said_in_one_finding():
    before = b.version(b.rows(5), number=1, started_at=b.START)
    sentence = "Start used 09:02:00, planned 09:00:00. Version 1 counted from 09:00:00, this one from 09:02:00."
    assert said(timing.start_moved, newest=before, **used(minutes=2)) == [("warn", "set", sentence)]


def test_the_instants_stand_beside_the_sentence():
    before = b.version(b.rows(5), number=1, started_at=b.START)
    late = b.field(newest=before, said={"started_at": b.START + timedelta(minutes=2)})
    [finding] = timing.start_moved(late)
    planned = 1_779_022_800_000
    assert finding.numbers == {"used": planned + 120_000, "planned": planned, "before": planned}
    [alone] = timing.start_moved(replace(late, newest=None, facts=b.facts(planned_start=b.START + timedelta(minutes=3))))
    assert alone.numbers == {"used": planned + 120_000, "planned": planned + 180_000, "before": None}


def test_without_a_start_or_a_plan_there_is_nothing_to_compare():
    assert said(timing.start_moved, said={"started_at": None}) == []
    assert said(timing.start_moved, about=b.facts(planned_start=None)) == []
    assert (
        said(timing.start_moved, about=b.facts(planned_start=b.START - timedelta(hours=9))) == []
    )  # midnight: only the day is known


# T16


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"is_projected": True, "gun_ms": 4_739_000}, "has a finish time of 1:18:59 that is projected and was not read"),
        ({"is_projected": True, "gun_ms": None, "chip_ms": None}, "has a result that is projected and was not read"),
        ({"status": "RUNNING", "gun_ms": None, "chip_ms": 4_739_000}, "is still on the course and has a finish time of 1:18:59"),
    ],
)
def test_a_finish_that_nobody_read(row, words):
    rows = b.rows(50, b.row(5, **ANA, **row))
    assert said(timing.projected, rows) == [("block", "row", f"Bib 214, Ana Sample, {words}.")]


def test_whoever_is_on_the_course_without_a_finish_is_in_order():
    assert said(timing.projected, [b.row(1, status="RUNNING", gun_ms=None, chip_ms=None)]) == []


def test_projections_stay_each_rows_own_however_many_they_are():
    assert {found[1] for found in said(timing.projected, b.changed(b.rows(100), *range(1, 101), is_projected=True))} == {"row"}
