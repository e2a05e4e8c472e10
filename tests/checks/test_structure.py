"""P: each check with what fires it, what does not, and both sides of its boundary."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sync_jobs.checks import structure
from sync_jobs.results import Split
from tests.checks import building as b


def said(rule, *given, **more):
    """Severity, scope and sentence of each finding."""
    return [(found.severity, found.scope, found.sentence) for found in rule(b.field(*given, **more))]


@pytest.mark.parametrize("rule", [check.rule for check in structure.CHECKS], ids=[check.check_id for check in structure.CHECKS])
def test_a_clean_contest_gives_nothing(rule):
    clean = b.field(200)
    assert list(rule(replace(clean, newest=clean.version))) == []
    assert list(rule(b.field(0))) == []


def test_the_starred_checks_are_there():
    assert [check.check_id for check in structure.CHECKS] == ["P01", "P02", "P03", "P04", "P05", "P07", "P09", "P10", "P11"]
    assert {check.check_id for check in structure.CHECKS if check.escalates} == {"P10", "P11"}
    assert {check.check_id for check in structure.CHECKS if "relay" in check.skips} == {"P05", "P11"}


# P01


def test_a_pull_that_brought_less_than_the_provider_counts():
    sentence = "3,000 results came, but the scoring system counts 5,000."
    assert said(structure.incomplete_pull, 3000, said={"rows_said": 5000}) == [("hard", "set", sentence)]


def test_a_pull_that_did_not_reach_the_end():
    sentence = "The results were not read to the end: only 10 rows came."
    assert said(structure.incomplete_pull, 10, said={"is_complete": False}) == [("hard", "set", sentence)]


@pytest.mark.parametrize(("count", "fires"), [(9, True), (10, False), (11, True), (None, False)])
def test_the_count_has_to_be_the_very_same(count, fires):
    assert bool(said(structure.incomplete_pull, 10, said={"rows_said": count})) is fires


# P02


def test_last_years_results():
    start = b.START.replace(year=2025)
    sentence = "Scoring has the start on 17 May 2025, 365 days away from the event on 17 May 2026."
    assert said(structure.wrong_contest, said={"started_at": start}) == [("hard", "set", sentence)]


def test_another_contests_results():
    sentence = "These results belong to another distance than the one that they were read for."
    assert said(structure.wrong_contest, said={"contest_id": 8}) == [("hard", "set", sentence)]


@pytest.mark.parametrize(("days", "fires"), [(-2, True), (-1, False), (1, False), (2, True)])
def test_a_day_apart_may_be(days, fires):
    assert bool(said(structure.wrong_contest, said={"started_at": b.START + timedelta(days=days)})) is fires


def test_the_day_is_the_one_there_and_not_in_utc():
    late = b.START + timedelta(days=1, hours=14, minutes=30)  # 23:30 on the next day there, the day after in UTC
    assert said(structure.wrong_contest, said={"started_at": late}) == []
    assert said(structure.wrong_contest, said={"started_at": late + timedelta(hours=1)}) != []


def test_of_an_event_of_several_days_each_counts():
    facts = b.facts(last_day=b.DAY + timedelta(days=2))
    assert said(structure.wrong_contest, about=facts, said={"started_at": b.START + timedelta(days=3)}) == []
    assert said(structure.wrong_contest, about=facts, said={"started_at": b.START + timedelta(days=4)}) != []


def test_without_a_used_start_the_planned_one_tells():
    facts = b.facts(planned_start=b.START - timedelta(days=364))
    assert len(said(structure.wrong_contest, about=facts, said={"started_at": None})) == 1
    assert said(structure.wrong_contest, about=b.facts(planned_start=None), said={"started_at": None}) == []
    assert said(structure.wrong_contest, about=b.facts(day=None)) == []


# P03


@pytest.mark.parametrize(
    ("now", "before", "fires"), [(49, 100, True), (50, 100, False), (50, 101, True), (0, 1, True), (0, 0, False)]
)
def test_half_of_the_finishers_have_to_be_there(now, before, fires):
    assert bool(said(structure.collapsed_set, now, newest=b.version(b.rows(before)))) is fires


def test_an_emptied_ranking_is_said_with_both_numbers():
    sentence = "None of the 4,871 finishers of the version before is left."
    assert said(structure.collapsed_set, 0, newest=b.version(b.rows(4871))) == [("hard", "set", sentence)]
    assert said(structure.collapsed_set, 0, newest=None) == []


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (1, "Only 1 of the 10 finishers of the version before is left."),
        (2, "Only 2 of the 10 finishers of the version before are left."),
    ],
)
def test_what_is_left_is_counted(now, words):
    assert said(structure.collapsed_set, now, newest=b.version(b.rows(10)))[0][2] == words


def test_only_finishers_count_for_it():
    rows = b.changed(b.rows(10), *range(1, 7), status="DNF")
    assert said(structure.collapsed_set, rows, newest=b.version(b.rows(10))) != []


# P04


def test_a_time_that_cannot_be_read():
    rows = b.rows(
        100, b.row(14, bib="214", first_name="Ana", last_name="Sample", unreadable=(("chip_ms", "1:75:00"), ("place", "x")))
    )
    sentence = "Bib 214, Ana Sample, has something that cannot be read: chip time “1:75:00” and place “x”."
    assert said(structure.unparseable, rows) == [("block", "row", sentence)]


def test_more_than_twenty_that_cannot_be_read_are_one_cause():
    rows = b.rows(100)
    few = b.changed(rows, *range(51, 71), unreadable=(("results_gun_time", "12:34:56 AM"),))
    many = b.changed(few, 71, unreadable=(("results_gun_time", "12:34:56 AM"),))
    assert [scope for _, scope, _ in said(structure.unparseable, few)] == ["row"] * 20
    sentence = "21 of 100 results have something that cannot be read, as bib 51, Tom Ito51: gun time “12:34:56 AM”."
    [finding] = structure.unparseable(b.field(many))
    assert (finding.severity, finding.scope) == ("block", "set")
    assert finding.sentence.startswith(sentence[:-1])
    assert finding.entries == tuple(f"e{number}" for number in range(51, 72))


def test_in_a_large_contest_one_percent_is_many():
    rows = b.rows(5000)
    assert len(said(structure.unparseable, b.changed(rows, *range(1, 51), unreadable=(("age", "??"),)))) == 50
    assert len(said(structure.unparseable, b.changed(rows, *range(1, 52), unreadable=(("age", "??"),)))) == 1


# P05


def test_two_people_with_one_bib():
    rows = b.rows(
        10, b.row(3, bib="W12", first_name="Ana", last_name="Lind"), b.row(7, bib=" w12 ", first_name="Tom", last_name="Lind")
    )
    [finding] = structure.duplicate_bib(b.field(rows))
    assert (finding.severity, finding.scope, finding.entries) == ("block", "row", ("e3", "e7"))
    assert finding.sentence == "Bib W12 stands on 2 results: Ana Lind and Tom Lind."


@pytest.mark.parametrize(
    "other",
    [
        {"bib": "03"},  # a bib is text
        {"bib": "3", "gun_ms": None, "chip_ms": None, "status": "DNS"},  # was not read
        {"bib": "3", "entry_key": "e3"},  # the same entry: P07
    ],
)
def test_what_is_no_second_wearer(other):
    rows = (*b.rows(6), b.row(7, **other))
    assert said(structure.duplicate_bib, rows) == []


def test_one_time_is_enough_and_no_bib_is_no_bib():
    rows = b.rows(6)
    assert len(said(structure.duplicate_bib, (*rows, b.row(7, bib="3", gun_ms=None)))) == 1
    assert said(structure.duplicate_bib, b.changed(rows, 1, 2, bib=None)) == []
    assert said(structure.duplicate_bib, b.changed(rows, 1, 2, bib="0")) == []


# P07


def test_an_entry_that_came_three_times():
    rows = (*b.rows(5), b.row(5), b.row(5))
    sentence = "Bib 5, Max Moreau5, came 3 times as the same entry."
    assert said(structure.duplicate_entry, rows) == [("block", "row", sentence)]
    assert said(structure.duplicate_entry, b.changed(b.rows(5), 5, bib="4")) == []


def test_everybody_once_for_each_bracket_is_one_cause():
    rows = b.rows(100) * 3
    assert said(structure.duplicate_entry, rows)[0][:2] == ("block", "set")
    assert said(structure.duplicate_entry, rows)[0][2].startswith("100 entries came more than once.")


# P09


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"status": None, "said": "quarantine"}, "the status “quarantine”, which is not known here"),
        ({"status": "WALKED", "said": None}, "the status “WALKED”, which is not known here"),
        ({"status": None, "said": None}, "no status that is known here"),
    ],
)
def test_a_word_that_nobody_told_us(row, words):
    rows = b.rows(10, b.row(4, first_name="Zoe", last_name="Lind", **row))
    assert said(structure.unknown_status, rows) == [("block", "row", f"Bib 4, Zoe Lind, has {words}.")]


def test_each_known_status_is_silent_and_what_cannot_be_read_is_said_once():
    rows = [b.row(number, status=status) for number, status in enumerate(structure.STATUSES, 1)]
    assert said(structure.unknown_status, rows) == []
    assert said(structure.unknown_status, [b.row(1, status=None, said="CONF", unreadable=(("age", "is no number"),))]) == []


def test_a_new_word_on_many_is_one_cause():
    rows = b.changed(b.rows(100), *range(1, 31), status=None, said="Q")
    rows = b.changed(rows, 90, status=None, said="Z")
    found = said(structure.unknown_status, rows)
    assert found[0] == ("block", "set", "30 of 100 results have the status “Q”, which is not known here.")
    assert found[1][:2] == ("block", "row")


# P10


@pytest.mark.parametrize(
    ("row", "severity", "words"),
    [
        ({"status": "DNF", "gun_ms": None, "chip_ms": None, "place": 12}, "block", "is DNF and has place 12"),
        ({"status": "DQ", "division_place": 1}, "block", "is DQ and has place 1"),
        ({"status": "NC", "gender_place": 2}, "block", "is NC and has place 2"),
        ({"status": "DNS", "gun_ms": None, "chip_ms": None, "place": 3}, "block", "is DNS and has place 3"),
        ({"gun_ms": None}, "warn", "is a finisher without a gun time, by which the places are made"),
        ({"status": "DNS", "chip_ms": None, "gun_ms": 1}, "warn", "did not start, as it says, and was read on the course"),
        (
            {"status": "DNS", "chip_ms": None, "gun_ms": None, "splits": (Split(point="5K", chip_ms=900_000),)},
            "warn",
            "did not start, as it says, and was read on the course",
        ),
        ({"status": "DNF", "gun_ms": 3_788_000}, "warn", "did not finish, as it says, and has a finish time of 1:03:08"),
    ],
)
def test_a_status_that_contradicts_the_rest(row, severity, words):
    rows = (*b.rows(9), b.row(11, first_name="Ida", last_name="Sample", **row))
    assert said(structure.status_time_conflict, rows) == [(severity, "row", f"Bib 11, Ida Sample, {words}.")]


@pytest.mark.parametrize(
    "row",
    [
        {"chip_ms": None},  # the other time than the one that counts
        {"status": "DNF", "gun_ms": None, "chip_ms": None, "splits": (Split(point="5K", gun_ms=1),)},
        {"status": "DNF", "gun_ms": None, "chip_ms": None, "place": 0},  # no place
        {"status": "DNS", "gun_ms": None, "chip_ms": None, "splits": (Split(point="5K"),)},  # no read
        {"status": "DQ"},  # has a time, and nobody sees it
        {"status": "NC"},
        {"status": "OTL"},
    ],
)
def test_a_status_that_fits_the_rest(row):
    assert said(structure.status_time_conflict, (*b.rows(9), b.row(11, **row))) == []


def test_the_time_that_counts_is_the_contests():
    facts = b.facts(basis="chip")
    assert "without a chip time" in said(structure.status_time_conflict, [b.row(1, chip_ms=None)], about=facts)[0][2]
    assert said(structure.status_time_conflict, [b.row(1, gun_ms=None)], about=facts) == []


def test_a_contest_without_any_time_that_counts_is_one_cause_and_stands_as_high_as_its_winner():
    rows = [replace(one, gun_ms=None) for one in b.rows(100)]
    [(severity, scope, sentence)] = said(structure.status_time_conflict, rows)
    assert (severity, scope) == ("block", "set")
    assert sentence.startswith("100 of 100 results are finishers without a time of the kind by which the places are made. ")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"status": "DQ", "place": 5}, "have a place beside a status that allows none"),
        (
            {"status": "DNS", "place": None, "gender_place": None, "division_place": None},
            "did not start, as they say, and were read on the course",
        ),
        (
            {"status": "DNF", "place": None, "gender_place": None, "division_place": None},
            "did not finish, as they say, and have a finish time",
        ),
    ],
)
def test_many_of_a_kind_are_one_cause(row, words):
    found = said(structure.status_time_conflict, b.changed(b.rows(100), *range(1, 31), **row))
    assert [(scope, sentence.split(". ")[0].rstrip(".")) for _, scope, sentence in found] == [("set", f"30 of 100 results {words}")]


# P11


@pytest.mark.parametrize(
    ("row", "words"),
    [({"gender": None}, "no gender"), ({"age": None}, "no age"), ({"gender": None, "age": None}, "no gender and no age")],
)
def test_a_finisher_of_whom_something_is_missing(row, words):
    rows = b.rows(510, b.row(400, first_name="Leo", last_name="Ito", **row))
    assert said(structure.missing_demographics, rows) == [("warn", "row", f"Bib 400, Leo Ito, has {words}.")]


def test_an_age_is_not_missing_where_the_registration_has_the_birth_date():
    row = b.row(1, age=None)
    born = {"e1": b.registration(b.row(1))}
    assert said(structure.missing_demographics, [row], registered=born) == []
    assert said(structure.missing_demographics, [row], registered={"e1": b.registration(row)}) != []
    assert said(structure.missing_demographics, [row], registered={}) != []


def test_nobody_asks_for_the_age_of_whoever_did_not_finish():
    assert said(structure.missing_demographics, [b.row(1, gender=None, age=None, status="DNF")]) == []


def test_four_without_gender_are_four_and_a_whole_contest_is_one():
    rows = b.rows(510)
    assert len(said(structure.missing_demographics, b.changed(rows, 101, 102, 103, 104, gender=None))) == 4
    [(severity, scope, sentence)] = said(structure.missing_demographics, b.changed(rows, *range(1, 511), gender=None))
    assert (severity, scope) == ("block", "set")
    assert sentence.startswith("510 of 510 finishers have no gender or no age. ")
