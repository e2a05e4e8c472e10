"""A difference in words: in the order in which one reads it, with before and after, and a sum that adds up."""

from __future__ import annotations

from dataclasses import replace

from sync_jobs.review import words
from sync_jobs.review.difference import difference
from sync_jobs.review.lines import TITLES, lines, summary, total
from tests.review.field import FACTS, row, version

TWENTY = [row(number) for number in range(1, 21)]


def between(old, new, **given):
    return difference(version(old) if old is not None else None, version(new, 2), FACTS, **given)


def said(old, new, **given):
    return {line.section: line for line in reversed(lines(between(old, new, **given)))}


def instead(number, rows=TWENTY, **given):
    return [replace(one, **given) if one.entry_key == f"e{number}" else one for one in rows]


def test_the_sections_stand_in_their_order_and_the_sum_adds_up():
    new = [
        replace(TWENTY[0], status="DQ", place=None), replace(TWENTY[1], place=1), replace(TWENTY[2], place=2),
        replace(TWENTY[3], place=3, first_name="Tom", last_name="Moss"), replace(TWENTY[4], gun_ms=2_500_000, division="F30"),
        replace(TWENTY[5], bib="9"), replace(TWENTY[6], first_name="Áda"), *TWENTY[7:18],
        row(30, bib=None, status="DNF", place=None),
    ]  # fmt: skip
    found = between(TWENTY, new, told={"e1"})
    sections = list(dict.fromkeys(line.section for line in lines(found)))
    assert sections == [
        "awards",
        "status",
        "person",
        "time",
        "detail",
        "spelling",
        "added",
        "removed",
        "ripple",
        "unchanged",
        "told",
    ]
    assert sections == [one for one in TITLES if one in sections]
    assert total(found) == "19 = 13 place only + 5 changed + 1 added; 2 removed"
    assert total(between(TWENTY, [*TWENTY, row(21)])) == "21 = 20 unchanged + 1 added"
    assert summary(found) == "6 awards change hands, 5 changed rows, 1 added, 2 removed, 13 places move"


def test_nothing_changes_is_said():
    assert summary(between(TWENTY, TWENTY)) == "nothing changes"
    assert [line.text for line in lines(between(TWENTY, TWENTY))] == ["20 = 20 unchanged"]
    assert total(between([], [])) == "0 = 0"


def test_a_status_has_before_and_after_and_why():
    found = lines(between(TWENTY, instead(20, status="DQ", place=None)), causes={"e20": "video review"})
    line = found[0]
    assert (line.section, line.word, line.text, line.note) == ("status", "changed", "Ada Sample20 (bib 120)", "video review")
    assert line.before.startswith("status finished, gun time 40:20, chip time 40:10, overall place 20th")
    assert line.after.startswith("status disqualified, gun time no time, chip time no time, overall place not ranked")


def test_another_person_is_said_with_both_names():
    line = said(TWENTY, instead(20, first_name="Tom", last_name="Moss", gender="M", age=50, gender_place=None))["person"]
    assert (line.before, line.after) == (
        "Ada Sample20 (bib 120), F 34, gender place 20th", "Tom Moss (bib 120), M 50, gender place 1st",
    )  # fmt: skip


def test_a_time_says_by_how_much_on_which_clock():
    both = instead(20, gun_ms=TWENTY[19].gun_ms + 1_650_000, chip_ms=TWENTY[19].chip_ms + 1_650_000)
    assert said(TWENTY, both)["time"].text == "Ada Sample20 (bib 120): +27:30"
    assert said(TWENTY, instead(20, chip_ms=2_400_000))["time"].text == "Ada Sample20 (bib 120): chip −0:10"
    two = instead(20, gun_ms=2_421_000, chip_ms=2_409_000, division="F30")
    assert said(TWENTY, two)["time"].text == "Ada Sample20 (bib 120), F30: gun +0:01, chip −0:01"
    assert said(TWENTY, instead(20, chip_ms=None))["time"].text == "Ada Sample20 (bib 120)"


def test_a_wave_that_moved_is_one_line_with_a_sample():
    wave = [replace(one, wave="1B") for one in TWENTY]
    line = said(wave, [replace(one, gun_ms=one.gun_ms - 270_000, chip_ms=one.chip_ms - 270_000) for one in wave])["time"]
    assert line.text == "20 times moved by −4:30, all of wave 1B."
    assert line.sample[0] == "Ada Sample1 (bib 101): gun 40:01, chip 39:51 → gun 35:31, chip 35:21"
    assert (len(line.sample), len(line.entries)) == (5, 20)
    line = said(TWENTY, [replace(one, gun_ms=one.gun_ms - 270_000) for one in TWENTY])["time"]
    assert line.text == "20 times moved by gun −4:30."


def test_the_added_are_counted_and_the_best_are_named():
    line = said(TWENTY[3:], [*TWENTY, row(21, status="DNF", place=None)])["added"]
    assert line.text == "4 people added: 3 finished and 1 did not finish."
    assert line.sample == tuple(f"Ada Sample{at} (bib 10{at}): gun 40:0{at}, chip 39:5{at}" for at in (1, 2, 3))
    assert said(TWENTY, [*TWENTY, row(21)])["added"].text == "1 person added: 1 finished."


def test_the_removed_are_named_with_the_question():
    line = said(TWENTY, TWENTY[:19])["removed"]
    assert line.text == "Ada Sample20 (bib 120): gun 40:20, chip 40:10. Should this be DQ or DNF instead?"
    assert (line.before, line.after) == ("finished, gun 40:20, chip 40:10", "not public")
    assert said(TWENTY, instead(20, status="RUNNING"))["removed"].after == "on course"


def test_what_follows_is_one_line():
    up = said(TWENTY, [replace(one, place=one.place - 1) for one in TWENTY[1:]])["ripple"]
    assert up.text == "19 people move up one place. Nobody else changes an award place."
    down = [
        *TWENTY[:9],
        row(30, place=10),
        *(replace(one, place=one.place + 1) for one in TWENTY[9:19]),
        replace(TWENTY[19], place=23),
    ]
    assert said(TWENTY, down)["ripple"].text == "11 people move down 1 to 3 places. No award changes hands."
    two = instead(8, place=9, rows=instead(9, place=8))
    assert (
        said(TWENTY, two)["ripple"].text == "1 person moves up one place and 1 person moves down one place. No award changes hands."
    )
    kind = [replace(one, gender_place=one.place) for one in TWENTY]
    only = said(kind, instead(9, gender_place=10, rows=kind))["ripple"].text
    assert only == "1 person changes only their place by gender or division. No award changes hands."


def test_places_that_were_made_move_too():
    bare = [replace(one, place=None) for one in TWENTY]
    assert said(bare, [*bare, row(30, place=None, gun_ms=2_405_500)])["ripple"].text.startswith("15 people move down one place.")


def test_who_was_told_already_is_counted():
    line = said(TWENTY, instead(5, gun_ms=1), told={"e5"})["told"]
    assert (line.text, line.entries) == ("1 person already got a message with what it was before.", ("e5",))


def test_an_award_line_has_both_sides():
    line = said(TWENTY, instead(1, status="DQ", place=None), handed_out={"e1"})["awards"]
    assert (line.text, line.note) == ("1st overall: Ada Sample1 (bib 101) → nobody", "This award was handed out already.")
    assert (line.before, line.after, line.is_award, line.is_handed_out) == ("Ada Sample1 (bib 101)", "nobody", True, True)


def test_times_are_said_as_people_say_them():
    assert [words.clock(ms) for ms in (None, 0, 59_000, 3_599_000, 3_600_000, 106_265_000, 61_400, -5_000)] == [
        "no time", "0:00", "0:59", "59:59", "1:00:00", "29:31:05", "1:01.4", "-0:05",
    ]  # fmt: skip
    assert [words.shift(ms) for ms in (-270_000, 0, 27_500)] == ["−4:30", "+0:00", "+0:27.5"]


def test_numbers_and_lists_are_said_as_people_say_them():
    assert [words.ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 111, 112, 1001)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "111th", "112th", "1001st",
    ]  # fmt: skip
    assert [words.listed(one) for one in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
    assert [words.count(number, "row") for number in (0, 1, 4_859)] == ["0 rows", "1 row", "4,859 rows"]
    assert [words.person(row(1, **given)) for given in ({}, {"bib": None}, {"first_name": "", "last_name": ""})] == [
        "Ada Sample1 (bib 101)", "Ada Sample1 (no bib)", "bib 101",
    ]  # fmt: skip
