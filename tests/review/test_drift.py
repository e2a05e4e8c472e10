"""What somebody edited at a destination: every field that they can, with what we left, what is there and what would be sent."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from sync_jobs.results import SetFlags
from sync_jobs.review.drift import flag_edits, three_way
from tests.review.field import published

SENT = [published(number) for number in range(1, 6)]
FLAGS = SetFlags(
    name="Overall", is_public=True, is_preliminary=True, notifies=False, contact="timer@example.org", also_for=("8", "9")
)


def edited(number=3, **given):
    return [replace(one, **given) if one.entry_key == f"e{number}" else one for one in SENT]


def only(there, about=None):
    (one,) = three_way(SENT, there, SENT if about is None else about)
    return one


def test_what_we_left_is_no_edit_in_whatever_order_it_comes():
    assert three_way(SENT, SENT[::-1], []) == ()
    assert three_way(SENT, [replace(one, entry_key=None) for one in SENT], SENT) == ()
    assert three_way([], [], SENT) == ()


@pytest.mark.parametrize(("given", "field", "there"), [
    ({"bib": "9"}, "bib", "9"), ({"first_name": "Eve"}, "name", "Eve Sample3"), ({"last_name": ""}, "name", "Ada"),
    ({"status": "DQ"}, "status", "disqualified"),
    ({"gun_ms": 2_402_000}, "gun time", "40:02"), ({"chip_ms": None}, "chip time", "no time"),
    ({"place": 1}, "place", "1st"), ({"place": None}, "place", "no place"), ({"gender": "X"}, "gender", "X"),
    ({"age": 20}, "age", "20"),
])  # fmt: skip
def test_each_field_that_somebody_can_edit(given, field, there):
    one = only(edited(**given))
    assert (one.kind, one.field, one.there, one.bib, one.entry_key) == ("changed", field, there, "103", "e3")
    assert (one.sent, one.agrees) == (one.about, False)


def test_an_edit_has_three_values_in_words():
    one = only(edited(gun_ms=2_393_000), about=edited(gun_ms=2_400_000))
    assert one.sentence == "Ada Sample3 (bib 103), gun time: we sent 40:03, 39:53 is there, 40:00 would be sent."


def test_an_edit_that_says_what_we_are_about_to_send_agrees():
    assert only(edited(gun_ms=5_000), about=edited(gun_ms=5_000)).agrees
    assert not only(edited(gun_ms=5_000), about=edited(gun_ms=6_000)).agrees
    assert not only(edited(gun_ms=5_000), about=[]).agrees
    assert only(edited(gun_ms=5_000), about=[]).about == "not there"


@pytest.mark.parametrize("name", ["gender", "age", "division", "gender_place", "division_place"])
def test_what_a_destination_fills_in_or_leaves_out_by_itself_is_no_edit(name):
    value = 2 if name != "division" else "F40"
    with_it, without = edited(**{name: value}), edited(**{name: None})
    assert three_way(with_it, without, with_it) == three_way(without, with_it, without) == ()
    other = edited(**{name: 3 if name != "division" else "F50"})
    assert len(three_way(with_it, other, with_it)) == 1


def test_a_split_that_was_changed_or_is_still_there():
    sent = edited(splits=(("5K", 60_000), ("8K", 90_000)))
    there = edited(splits=(("5K", 61_000), ("8K", 90_000), ("9K", 95_000)))
    found = three_way(sent, there, edited(splits=(("9K", 95_000),)))
    assert [(one.field, one.sent, one.there, one.about, one.agrees) for one in found] == [
        ("split 5K", "1:00", "1:01", "no time", False), ("split 9K", "no time", "1:35", "1:35", True),
    ]  # fmt: skip


def test_a_row_that_is_gone():
    one = only(SENT[:4])
    assert (one.kind, one.bib, one.sent, one.there, one.about) == ("removed", "105", "40:05 / 39:55", "not there", "40:05 / 39:55")
    assert only(SENT[:4], about=SENT[:4]).agrees
    assert not one.agrees


def test_a_row_that_we_never_sent():
    extra = published(9, entry_key=None)
    one = only([*SENT, extra])
    assert (one.kind, one.who, one.sent, one.there, one.about) == (
        "added", "Ada Sample9 (bib 109)", "not there", "40:09 / 39:59", "not there",
    )  # fmt: skip
    assert only([*SENT, extra], about=[*SENT, published(9)]).agrees
    assert only([*SENT, replace(extra, status="DNF", gun_ms=None, chip_ms=None)]).there == "did not finish"


def test_a_row_that_is_there_twice_is_one_that_we_never_sent():
    assert only([*SENT, SENT[2]]).kind == "added"


def test_without_registrations_the_bib_says_whose_it_is_and_then_the_name():
    anonymous = [replace(one, registration_key=None) for one in SENT]
    assert three_way(SENT, anonymous, SENT) == ()
    nobody = [replace(one, registration_key=None, bib=None) for one in SENT]
    assert three_way(nobody, [replace(one, gun_ms=1) for one in nobody[::-1]], nobody)[0].field == "gun time"


def test_one_row_there_is_never_two_of_ours():
    ours = [replace(one, registration_key=None, bib="7") for one in SENT[:2]]
    assert [one.kind for one in three_way(ours, ours[:1], ours)] == ["removed"]


def test_a_bib_never_joins_two_registrations():
    taken = edited(registration_key="77")
    assert [one.kind for one in three_way(SENT, taken, SENT)] == ["removed", "added"]
    swapped = edited(3, bib="104")
    found = three_way(SENT, [replace(one, bib="103") if one.entry_key == "e4" else one for one in swapped], SENT)
    assert [(one.field, one.entry_key) for one in found] == [("bib", "e3"), ("bib", "e4")]


def test_as_many_edits_as_were_made():
    dice = random.Random(2)
    for _ in range(50):
        sent = [published(number) for number in range(1, 40)]
        there = list(sent)
        touched = dice.sample(range(39), 12)
        for at in touched[:8]:
            there[at] = replace(there[at], gun_ms=dice.randrange(1, 9_000) * 1000 + 7)
        there = [one for at, one in enumerate(there) if at not in touched[8:]] + [published(at) for at in range(100, 103)]
        dice.shuffle(there)
        found = three_way(sent, there, sent)
        assert sorted(one.kind for one in found) == ["added"] * 3 + ["changed"] * 8 + ["removed"] * 4


@pytest.mark.parametrize(("given", "field", "there"), [
    ({"name": "5K"}, "name of the set", "5K"), ({"is_public": False}, "public", "no"),
    ({"is_preliminary": False}, "preliminary", "no"),
    ({"notifies": True}, "notifications", "yes"), ({"contact": None}, "contact address", "nothing"),
    ({"also_for": ()}, "further distances", "none"), ({"also_for": ("8",)}, "further distances", "8"),
])  # fmt: skip
def test_each_flag_that_somebody_can_turn(given, field, there):
    (one,) = flag_edits(FLAGS, replace(FLAGS, **given), FLAGS)
    assert (one.kind, one.field, one.there, one.agrees) == ("flag", field, there, False)
    (one,) = flag_edits(FLAGS, replace(FLAGS, **given), replace(FLAGS, **given))
    assert one.agrees


def test_a_flag_in_words():
    (one,) = flag_edits(FLAGS, replace(FLAGS, is_public=False), FLAGS)
    assert one.sentence == "Public: we sent yes, no is there, yes would be sent."


def test_flags_as_we_left_them_are_no_edit_and_a_set_that_is_gone_is_one():
    assert flag_edits(FLAGS, replace(FLAGS, also_for=("9", "8")), replace(FLAGS, is_preliminary=False)) == ()
    (one,) = flag_edits(FLAGS, None, FLAGS)
    assert (one.field, one.there) == ("result set", "not there")
