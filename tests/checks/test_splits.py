"""L: each check with what fires it, what does not, and both sides of its boundary."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from sync_jobs.checks import course, splits
from sync_jobs.results import Point, Split
from tests.checks import building as b

NAMES = {"2K": 2000, "4K": 4000, "6K": 6000, "8K": 8000}
COURSE = tuple(Point(name=name, metres=metres) for name, metres in NAMES.items())
FIVE = tuple(Point(name=f"{k}K", metres=1000 * k) for k in (5, 10, 15, 20))


def read(row, *, without=(), points=COURSE, metres=10_000, **at):
    """The row with a read at each point, evenly over its time; `at_6K=…` says another chip time there, in seconds."""
    found = []
    for point in points:
        gun, chip = (ms * point.metres // metres for ms in (row.gun_ms, row.chip_ms))
        chip = round(at[f"at_{point.name}"] * 1000) if f"at_{point.name}" in at else chip
        found.append(Split(point=point.name, metres=point.metres, gun_ms=gun, chip_ms=chip))
    return replace(row, splits=tuple(split for split in found if split.point not in without))


def race(*different, count=10, points=COURSE, **said):
    """A contest in which everybody was read everywhere, except those that differ."""
    instead = {row.entry_key: row for row in different}
    rows = [instead.get(row.entry_key) or read(row, points=points) for row in b.rows(count)]
    return b.field(rows, about=b.facts(points=points, **said))


def missing(count, point, many, *more_points):
    """A contest of `count`, of whom the last `many` have no read there."""
    gone = [read(row, without={point, *more_points}) for row in b.rows(count)[count - many :]]
    return race(*gone, count=count)


def said(rule, field):
    return [(found.severity, found.scope, found.sentence) for found in rule(field)]


@pytest.mark.parametrize("check", splits.CHECKS, ids=lambda check: check.check_id)
def test_a_clean_contest_gives_nothing(check):
    assert list(check.rule(race(count=200))) == []
    assert list(check.rule(b.field(0))) == []
    assert list(check.rule(b.field(50))) == []  # no points, no splits


@pytest.mark.parametrize("check", splits.CHECKS, ids=lambda check: check.check_id)
def test_points_that_nobody_read_are_no_splits_rather_than_faults(check):
    assert list(check.rule(b.field(100, about=b.facts(points=COURSE)))) == []


def test_which_of_them_are_lifted_in_an_award_place():
    assert {check.check_id for check in splits.CHECKS if check.escalates} == {"L02", "L03", "L04", "L08"}


# L01


def test_a_later_point_at_an_earlier_time():
    odd = read(b.row(5), at_4K=700, at_6K=600)
    sentence = "Bib 5, Max Moreau5, has 6K at 10:00, and 4K, which comes earlier on the course, at 11:40."
    assert said(splits.split_order, race(odd)) == [("block", "row", sentence)]


@pytest.mark.parametrize(("seconds", "fires"), [(700.001, False), (700, True), (699.999, True)])
def test_equal_times_at_two_points_cannot_be(seconds, fires):
    assert bool(said(splits.split_order, race(read(b.row(5), at_4K=700, at_6K=seconds)))) is fires


def test_a_point_after_the_finish():
    finish = b.row(5).chip_ms / 1000
    found = said(splits.split_order, race(read(b.row(5), at_8K=finish)))
    assert found == [("block", "row", "Bib 5, Max Moreau5, has the finish at 31:43.9, and 8K, which comes before it, at 31:43.9.")]
    assert said(splits.split_order, race(read(b.row(5), at_8K=finish - 0.001))) == []


def test_a_point_before_the_start():
    found = said(splits.split_order, race(read(b.row(5), at_2K=0)))
    assert found == [
        ("block", "row", "Bib 5, Max Moreau5, has 2K at 0:00, and the start, which comes earlier on the course, at 0:00.")
    ]


@pytest.mark.parametrize(("count", "scopes"), [(20, ["row"] * 20), (21, ["set"])])
def test_many_out_of_order_at_one_point_are_the_points_fault(count, scopes):
    odd = [read(row, at_4K=1) for row in b.rows(400)[-count:]]
    found = list(splits.split_order(race(*odd, count=400)))
    assert [one.scope for one in found] == scopes
    sentence = "21 runners have times out of order at 4K: the point is more likely wrong than they are."
    assert [one.sentence for one in found if one.scope == "set"] == [sentence] * (count == 21)
    assert {entry for one in found for entry in one.entries} == {row.entry_key for row in odd}


def test_points_without_metres_are_ordered_as_they_are_listed():
    points = tuple(Point(name=point.name) for point in COURSE)
    bare = replace(b.row(5), splits=(Split(point="2K", gun_ms=900_000), Split(point="6K", gun_ms=800_000)))
    sentence = "Bib 5, Max Moreau5, has 6K at 13:20, and 2K, which comes earlier on the course, at 15:00."
    assert said(splits.split_order, b.field([bare], about=b.facts(points=points))) == [("block", "row", sentence)]


@pytest.mark.parametrize("line", [("Finish", 10_000), ("Mat Z", 10_000), ("Mat A", 0), ("START", None), (":::finish:::", None)])
def test_the_lines_at_both_ends_are_no_points(line):
    name, metres = line
    points = (*COURSE, Point(name=name, metres=metres))
    row = read(b.row(5))
    there = replace(row, splits=(*row.splits, Split(point=name, metres=metres, gun_ms=0, chip_ms=row.chip_ms)))
    field = b.field([there], about=b.facts(points=points))
    assert [found for check in splits.CHECKS for found in check.rule(field)] == []
    assert [point.name for point in course.points(field.facts)] == [*NAMES]


def test_points_may_be_listed_in_any_order():
    field = race(read(b.row(5), without={"4K", "6K"}), count=100, points=(COURSE[2], COURSE[0], COURSE[3], COURSE[1]))
    assert said(splits.missing_two, field) == [("warn", "row", "Bib 5, Max Moreau5, has no read at 4K and 6K.")]


def test_where_nobody_said_how_far_anything_is_no_pace_is_known():
    odd = read(b.row(5), at_4K=700, at_6K=701)
    bare = tuple(Point(name=point.name) for point in COURSE)
    for about in (b.facts(points=COURSE, metres=None), b.facts(points=bare)):
        assert said(splits.surge, b.field([odd], about=about)) == said(splits.second_crossing, b.field([odd], about=about)) == []
    unfinished = replace(odd, gun_ms=None, chip_ms=None)
    assert said(splits.surge, b.field([unfinished], about=b.facts(points=COURSE))) == []


# L02


def surged(seconds):
    """Somebody of 10 km in 2,000 s by chip, who takes that long for the third of five pieces; 400 s would be even."""
    row = b.row(5, gun_ms=2_001_000, chip_ms=2_000_000)
    return race(read(row, at_4K=800, at_6K=800 + seconds, at_8K=1600 + seconds / 100))


@pytest.mark.parametrize(("seconds", "fires"), [(399.999, True), (400, False), (540, False)])
def test_a_piece_more_than_35_percent_faster_than_the_whole(seconds, fires):
    """Of 10 km in 2,700 s, 2 km take 540 s; 35 % faster are exactly 400."""
    row = b.row(5, gun_ms=2_701_000, chip_ms=2_700_000)
    assert bool(said(splits.surge, race(read(row, at_2K=540, at_4K=1080, at_6K=1080 + seconds, at_8K=2090)))) is fires


def test_who_is_at_two_points_at_once_is_out_of_order_and_no_more():
    odd = read(b.row(5), at_4K=700, at_6K=700)
    assert said(splits.split_order, race(odd)) != []
    assert said(splits.surge, race(odd)) == []
    half = read(b.row(5, gun_ms=4_001_000, chip_ms=4_000_000), points=FIVE, metres=21_098, at_5K=1896, at_10K=1896)
    assert said(splits.segment_floor, b.field([half], about=b.facts(points=FIVE, metres=21_098))) == []


@pytest.mark.parametrize(("at", "point"), [({"at_2K": 1000, "at_4K": 1001}, "4K"), ({"at_8K": 2200}, "8K")])
def test_many_surges_are_the_fault_of_the_point_in_between(at, point):
    fast = [read(b.row(n, gun_ms=2_301_000, chip_ms=2_300_000), **at) for n in range(370, 401)]
    sentences = [one.sentence for one in splits.surge(race(*fast, count=400))]
    start = (
        f"31 runners have a piece of the way much faster than the whole at {point}: the point is more likely wrong than they are."
    )
    assert [sentence.startswith(start) for sentence in sentences] == [True]


def test_what_a_surge_says():
    sentence = "Bib 5, Max Moreau5, took 3:20 from 4K to 6K, 100 % faster than over the whole distance."
    assert said(splits.surge, surged(200)) == [("warn", "row", sentence)]


@pytest.mark.parametrize(("metres", "fires"), [(1499, False), (1500, True)])
def test_a_short_piece_says_nothing(metres, fires):
    points = (Point(name="4K", metres=4000), Point(name="there", metres=4000 + metres))
    row = b.row(5, gun_ms=2_001_000, chip_ms=2_000_000)
    splits_ = (Split(point="4K", metres=4000, chip_ms=800_000), Split(point="there", metres=4000 + metres, chip_ms=801_000))
    field = b.field([replace(row, splits=splits_)], about=b.facts(points=points))
    assert bool(said(splits.surge, field)) is fires


@pytest.mark.parametrize(("metres", "fires"), [(3999, False), (4000, True)])
def test_from_four_kilometres_a_piece_says_something_however_long_the_way(metres, fires):
    row = b.row(5, gun_ms=9_001_000, chip_ms=9_000_000)
    splits_ = (Split(point="a", metres=9000, chip_ms=1_920_000), Split(point="b", metres=9000 + metres, chip_ms=1_930_000))
    field = b.field([replace(row, splits=splits_)], about=b.facts(metres=42_195))
    assert bool(said(splits.surge, field)) is fires


def test_a_trail_goes_downhill():
    row = b.row(5, gun_ms=2_001_000, chip_ms=2_000_000)
    field = race(read(row, at_4K=800, at_6K=1060, at_8K=1610), profile="trail")
    assert said(splits.surge, field) == []
    assert said(splits.surge, replace(field, thresholds=b.field(1).thresholds)) != []


# L03


@pytest.mark.parametrize(("seconds", "fires"), [(749, True), (750, False)])
def test_a_piece_faster_than_anybody(seconds, fires):
    row = b.row(1, gun_ms=4_001_000, chip_ms=4_000_000)
    odd = read(row, points=FIVE, metres=21_098, at_5K=948, at_10K=948 + seconds, at_15K=2844, at_20K=3792)
    field = b.field([odd], about=b.facts(points=FIVE, metres=21_098))
    found = said(splits.segment_floor, field)
    assert bool(found) is fires
    if fires:
        assert found == [("warn", "row", "Bib 1, Tom Beck1, took 12:29 from 5K to 10K: nobody runs 5,000 m so fast.")]


@pytest.mark.parametrize(("metres", "fires"), [(3999, False), (4000, True)])
def test_from_four_kilometres_nobody_is_so_fast(metres, fires):
    there = (Split(point="a", metres=9000, chip_ms=1_920_000), Split(point="b", metres=9000 + metres, chip_ms=2_420_000))
    row = b.row(5, gun_ms=9_001_000, chip_ms=9_000_000, splits=there)
    assert bool(said(splits.segment_floor, b.field([row], about=b.facts(metres=42_195)))) is fires


def test_a_piece_below_four_kilometres_may_be_fast():
    assert said(splits.segment_floor, race(read(b.row(5), at_4K=700, at_6K=701))) == []


# L04


def test_two_points_in_a_row():
    field = race(read(b.row(5), without={"4K", "6K"}), count=100)
    assert said(splits.missing_two, field) == [("warn", "row", "Bib 5, Max Moreau5, has no read at 4K and 6K.")]


@pytest.mark.parametrize(
    ("without", "fires"), [({"4K"}, False), ({"4K", "8K"}, False), ({"2K", "4K"}, True), ({"2K", "4K", "6K", "8K"}, True)]
)
def test_only_neighbours_count(without, fires):
    assert bool(said(splits.missing_two, race(read(b.row(5), without=without), count=100))) is fires


def test_a_point_that_need_not_be_read_is_not_missing():
    points = tuple(replace(point, is_required=point.name != "6K") for point in COURSE)
    field = race(read(b.row(5), without={"4K", "6K"}), count=100, points=points)
    assert said(splits.missing_two, field) == []


def test_two_points_are_enough_to_miss_both():
    field = race(read(b.row(5), without={"2K", "4K"}), count=100, points=COURSE[:2])
    assert said(splits.missing_two, field) == [("warn", "row", "Bib 5, Max Moreau5, has no read at 2K and 4K.")]
    field = race(read(b.row(5), without={"2K"}), count=100, points=COURSE[:1])
    assert said(splits.missing_two, field) == []


def test_who_stopped_on_the_way_misses_nothing():
    stopped = replace(read(b.row(5), without={"6K", "8K"}), status="DNF", gun_ms=None, chip_ms=None)
    assert said(splits.missing_two, race(stopped, count=100)) == []


def test_nobody_is_said_to_have_cheated():
    for check in splits.CHECKS:
        fields = [missing(100, "4K", 40), missing(100, "4K", 3, "6K"), surged(100)]
        assert not any("cheat" in found.sentence.lower() for field in fields for found in check.rule(field))


# L05, and what it does to L04


def test_i01_a_dead_mat_is_one_finding_about_the_mat():
    """Chicago 2009: 12 % without a read at one point, eight of them without its neighbour too."""
    rows = b.rows(5000)
    gone = [read(row, without={"6K"}) for row in rows[1000:1592]] + [read(row, without={"6K", "8K"}) for row in rows[1592:1600]]
    field = race(*gone, count=5000)
    sentence = (
        "6K did not read for 600 runners: 12 % of the finishers, where another point misses 0 %. That says nothing against them."
    )
    assert said(splits.mat_outage, field) == [("warn", "set", sentence)]
    assert said(splits.missing_two, field) == []


def test_who_misses_the_points_around_a_dead_mat_is_still_named():
    rows = b.rows(200)
    gone = [read(row, without={"4K"}) for row in rows[100:140]]
    field = race(*gone, read(rows[5], without={"2K", "4K", "6K"}), count=200)
    assert said(splits.missing_two, field) == [("warn", "row", "Bib 6, Eva Novak6, has no read at 2K and 6K.")]


@pytest.mark.parametrize(("many", "fires"), [(20, False), (21, True)])
def test_more_than_two_percent_is_an_outage(many, fires):
    assert bool(said(splits.mat_outage, missing(1000, "4K", many))) is fires


@pytest.mark.parametrize(("many", "fires"), [(3, False), (4, True)])
def test_three_missing_reads_are_no_outage(many, fires):
    assert bool(said(splits.mat_outage, missing(100, "4K", many))) is fires


@pytest.mark.parametrize(("many", "fires"), [(50, False), (51, True)])
def test_more_than_five_times_what_others_miss(many, fires):
    gone = [read(row, without={"2K", "6K", "8K"}) for row in b.rows(1000)[:10]]
    gone += [read(row, without={"4K"}) for row in b.rows(1000)[500 : 500 + many]]
    assert bool(said(splits.mat_outage, race(*gone, count=1000))) is fires


@pytest.mark.parametrize(("many", "fires"), [(500, False), (501, True)])
def test_most_of_the_field_is_too_much_however_bad_the_others_are(many, fires):
    rows, others = b.rows(1000), {"2K", "6K", "8K"}
    gone = [read(row, without={"4K", *(others if number < 300 else ())}) for number, row in enumerate(rows[:many])]
    assert [found.numbers["point"] for found in splits.mat_outage(race(*gone, count=1000))].count("4K") == fires


def test_a_partner_may_ask_for_less_of_an_outage():
    gone = [read(row, without={"4K"}) for row in b.rows(1000)[:15]]
    rows = [read(row) for row in b.rows(1000)[15:]]
    field = b.field([*gone, *rows], about=b.facts(points=COURSE), own={"L05": {"percent": 1}})
    assert len(list(splits.mat_outage(field))) == 1


# L08


def test_a_point_of_another_distance():
    odd = replace(b.row(5), splits=(Split(point="Half 15K", gun_ms=900_000),))
    field = replace(b.field([odd]), foreign_points=frozenset({"Half 15K"}))
    sentence = "Bib 5, Max Moreau5, was read at Half 15K, where only another distance passes."
    assert said(splits.foreign_point, field) == [("warn", "row", sentence)]
    assert said(splits.foreign_point, replace(field, foreign_points=frozenset({"Half 20K"}))) == []


# L09


@pytest.mark.parametrize(("seconds", "fires"), [(1000, False), (1001, True)])
def test_a_last_piece_far_slower_than_before(seconds, fires):
    """8 km in 1,600 s are 200 s for each; two and a half times that for the last two are 1,000 s."""
    row = b.row(5, gun_ms=(1600 + seconds) * 1000, chip_ms=(1600 + seconds) * 1000)
    odd = read(row, at_2K=400, at_4K=800, at_6K=1200, at_8K=1600)
    found = said(splits.second_crossing, race(odd))
    assert bool(found) is fires
    if fires:
        sentence = "Bib 5, Max Moreau5, took 16:41 from 8K to the finish, far slower than before: a second crossing?"
        assert found == [("warn", "row", sentence)]


@pytest.mark.parametrize(("seconds", "fires"), [(600, False), (601, True)])
def test_ten_minutes_may_pass_on_any_last_piece(seconds, fires):
    row = b.row(5, gun_ms=(400 + seconds) * 1000, chip_ms=(400 + seconds) * 1000)
    assert bool(said(splits.second_crossing, race(read(row, at_2K=100, at_4K=200, at_6K=300, at_8K=400)))) is fires


@pytest.mark.parametrize("which", ["live", "newest"])
@pytest.mark.parametrize(("later", "fires"), [(600_000, False), (600_001, True)])
def test_i13_a_finish_that_moved_by_minutes(which, later, fires):
    before = b.version(b.rows(10), number=1)
    now = b.changed(b.rows(10), 4, gun_ms=b.row(4).gun_ms + later)
    found = said(splits.second_crossing, b.field(now, **{which: before}))
    assert bool(found) is fires
    if fires:
        sentence = "Bib 4, Zoe Lind4, had finished in 31:44 and has 41:44.001 now: a second crossing?"
        assert found == [("warn", "row", sentence)]


def test_who_had_no_finish_before_did_not_cross_twice():
    before = b.version(b.changed(b.rows(10), 4, status="NC"), number=1)
    now = b.changed(b.rows(10), 4, gun_ms=b.row(4).gun_ms + 900_000)
    assert said(splits.second_crossing, b.field(now, live=before)) == []


# at random


@pytest.mark.parametrize("seed", range(20))
def test_whoever_runs_forward_is_never_out_of_order(seed):
    dice = random.Random(seed)
    rows = []
    for row in b.rows(50):
        at = sorted(dice.sample(range(1, row.chip_ms), len(COURSE)))
        found = [Split(point=point.name, metres=point.metres, chip_ms=ms) for point, ms in zip(COURSE, at, strict=True)]
        dice.shuffle(found)
        rows.append(replace(row, splits=tuple(found)))
    field = b.field(rows, about=b.facts(points=COURSE))
    assert list(splits.split_order(field)) == []
    victim = dice.choice(rows)
    one, other = dice.sample(COURSE, 2)
    times = {split.point: split.chip_ms for split in victim.splits}
    swapped = {**times, one.name: times[other.name], other.name: times[one.name]}
    bad = replace(victim, splits=tuple(replace(split, chip_ms=swapped[split.point]) for split in victim.splits))
    found = list(splits.split_order(b.field([bad if row is victim else row for row in rows], about=b.facts(points=COURSE))))
    assert [finding.entries for finding in found] == [(victim.entry_key,)]
