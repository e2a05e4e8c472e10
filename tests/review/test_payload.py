"""Who goes out and how: every status, links, held rows, names that are not to be known, whole seconds; and who stays, and why."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest

from sync_jobs.kit.statuses import STATUSES
from sync_jobs.results import Split
from sync_jobs.review.payload import WHY, kept_back, payload, rounded
from tests.review.field import FACTS, links, published, random_rows, registered, row, version

MATS = (Split(point="5K", gun_ms=1_200_100, chip_ms=1_190_100), Split(point="8K", gun_ms=None, chip_ms=1_900_000))


def sent(*rows, facts=FACTS, people=None, **given):
    return payload(version(rows), facts, links(rows) if people is None else people, **given)


def why(*rows, facts=FACTS, people=None, **given):
    stays = kept_back(version(rows), facts, links(rows) if people is None else people, **given)
    return {one.row.entry_key: one.reason for one in stays}


def test_a_finisher_goes_out_under_their_registration():
    (one,) = sent(row(7, gender_place=3, division="F30", division_place=1))
    assert one == published(7, gender_place=3, division="F30", division_place=1)


@pytest.mark.parametrize(("status", "times", "splits", "place"), [
    ("FINISHED", True, True, True), ("NC", True, True, False), ("OTL", True, True, False), ("DNF", False, True, False),
    ("DNS", False, False, False), ("DQ", False, False, False),
])  # fmt: skip
def test_what_goes_out_with_each_status(status, times, splits, place):
    (one,) = sent(row(1, status=status, gender_place=1, division_place=1, splits=MATS))
    assert (one.status, one.gun_ms is not None, one.chip_ms is not None) == (status, times, times)
    assert bool(one.splits) is splits
    assert [one.place, one.gender_place, one.division_place] == ([1, 1, 1] if place else [None, None, None])


@pytest.mark.parametrize("status", ["RUNNING", "NOT_SEEN", "HELD", None])
def test_what_is_not_over_or_not_known_stays(status):
    assert sent(row(1, status=status)) == ()
    assert why(row(1, status=status)) == {"e1": status or "unknown_status"}


def test_every_status_is_either_sent_or_has_a_reason():
    for status in STATUSES:
        assert bool(sent(row(1, status=status))) is (status not in WHY)


def test_an_estimate_stays_until_it_is_a_reading():
    assert why(row(1, is_projected=True)) == {"e1": "projected"}
    assert why(row(1)) == {}


def test_somebody_on_course_is_said_to_be_where_they_were_seen_last():
    (one,) = kept_back(version([row(1, status="RUNNING", splits=MATS)]), FACTS, {})
    assert (one.sentence, one.is_unmatched) == ("On course, last seen at 8K.", True)
    (one,) = kept_back(version([row(1, status="RUNNING")]), FACTS, links([row(1)]))
    assert (one.sentence, one.is_unmatched) == ("On course.", False)


def test_a_finisher_needs_the_time_that_counts():
    assert why(row(1, gun_ms=None)) == {"e1": "no_time"}
    assert why(row(1, chip_ms=None)) == {}
    assert why(row(1, chip_ms=None), facts=replace(FACTS, basis="chip")) == {"e1": "no_time"}
    assert why(row(1, chip_ms=None), basis="chip") == {"e1": "no_time"}
    assert why(row(1, gun_ms=None, status="DNF")) == {}


def test_whoever_belongs_to_no_registration_stays_unless_names_may_go():
    assert why(row(1), people={}) == {"e1": "unmatched"}
    (one,) = sent(row(1), people={}, unmatched="by_name")
    assert (one.registration_key, one.first_name, one.last_name) == (None, "Ada", "Sample1")


def test_who_stays_keeps_the_place_and_nobody_moves():
    rows = [row(number) for number in range(1, 5)]
    people = links([rows[0], rows[1], rows[3]])
    assert [one.place for one in sent(*rows, people=people, held={"e2"})] == [1, 4]
    unplaced = [replace(one, place=None) for one in rows]
    assert [one.place for one in sent(*unplaced, people=people, held={"e2"})] == [1, 4]
    assert why(*rows, people=people, held={"e2"}) == {"e2": "held", "e3": "unmatched"}


def test_whoever_cannot_be_told_apart_stays_on_both_sides():
    assert why(row(1), row(1, gun_ms=5), row(2)) == {"e1": "twice"}
    assert len(kept_back(version([row(1), row(1, gun_ms=5)]), FACTS, links([row(1)]))) == 2
    assert set(why(row(1, status="RUNNING"), row(1), row(1, gun_ms=None)).values()) == {"twice"}
    one = registered(9)
    assert why(row(1), row(2), people={"e1": one, "e2": one}) == {"e1": "twice", "e2": "twice"}
    assert why(row(1, status="RUNNING"), row(2), people={"e1": one, "e2": one}) == {"e1": "RUNNING"}
    same_bib = [row(1), row(2, bib="101")]
    assert why(*same_bib, people={}, unmatched="by_name") == {"e1": "twice", "e2": "twice"}
    same_name = [row(1, bib=None), row(2, bib=None, last_name="SAMPLE1")]
    assert why(*same_name, people={}, unmatched="by_name") == {"e1": "twice", "e2": "twice"}


def test_the_name_is_the_registrations_and_scorings_where_it_has_none():
    assert sent(row(1), people={"e1": registered(1, first_name="Ana", last_name="Ruiz")})[0].last_name == "Ruiz"
    assert sent(row(1), people={"e1": registered(1, first_name="", last_name="")})[0].last_name == "Sample1"


@pytest.mark.parametrize("given", [{"hidden": {"e1"}}, {"people": {"e1": registered(1, is_anonymous=True)}}])
def test_whoever_is_not_to_be_named_keeps_time_and_place(given):
    (one,) = sent(row(1), **given)
    assert (one.first_name, one.last_name) == ("Anonymous", "")
    assert (one.place, one.gun_ms, one.registration_key) == (1, 2_401_000, "1")


@pytest.mark.parametrize(("age", "shown"), [(12, ("A.", "S.")), (13, ("Ada", "Sample1")), (None, ("Ada", "Sample1"))])
def test_who_is_too_young_is_named_by_initials(age, shown):
    (one,) = sent(row(1, age=age), people={"e1": registered(1, age=None)})
    assert (one.first_name, one.last_name) == shown
    (one,) = sent(row(1, age=40), people={"e1": registered(1, age=age)})
    assert (one.first_name, one.last_name) == shown


def test_the_age_limit_is_the_policys_and_counts_on_the_day_that_ages_are_counted():
    assert sent(row(1, age=17), hide_minors_under=18)[0].first_name == "A."
    assert sent(row(1, age=3), hide_minors_under=0)[0].first_name == "Ada"
    child = {"e1": registered(1, age=None, born=date(2012, 2, 29))}
    for day, shown in ((date(2025, 2, 28), "A."), (date(2025, 3, 1), "Ada")):
        assert sent(row(1, age=None), people=child, facts=replace(FACTS, day=day))[0].first_name == shown
    later = replace(FACTS, day=date(2025, 2, 1), age_reference=date(2025, 12, 31))
    (one,) = sent(row(1, age=None), people=child, facts=later)
    assert (one.first_name, one.age) == ("Ada", 13)


def test_a_young_person_who_is_not_to_be_named_is_not_even_initials():
    assert sent(row(1, age=8, first_name=""), hidden={"e1"})[0].first_name == "Anonymous"
    (one,) = sent(row(1, age=8), people={"e1": registered(1, first_name=" ", last_name="Émile")})
    assert (one.first_name, one.last_name) == ("", "É.")


def test_age_and_gender_are_scorings_and_the_registrations_where_it_has_none():
    (one,) = sent(row(1, gender=None, age=None), people={"e1": registered(1, gender="X", age=51)})
    assert (one.gender, one.age) == ("X", 51)
    (one,) = sent(row(1, gender="M", age=20), people={"e1": registered(1, gender="X", age=51)})
    assert (one.gender, one.age) == ("M", 20)


@pytest.mark.parametrize(("ms", "shown"), [
    (7_784_300, 7_785_000), (7_784_000, 7_784_000), (7_784_001, 7_785_000), (3_599_999, 3_600_000), (None, None), (1, 1000),
    (106_265_000, 106_265_000),
])  # fmt: skip
def test_times_go_up_to_the_next_whole_second(ms, shown):
    assert rounded(ms) == shown


def test_gun_chip_and_splits_are_rounded_alike():
    (one,) = sent(row(1, gun_ms=2_400_001, chip_ms=2_399_999, splits=MATS))
    assert (one.gun_ms, one.chip_ms, one.splits) == (2_401_000, 2_400_000, (("5K", 1_201_000),))
    (one,) = sent(row(1, splits=MATS), basis="chip")
    assert one.splits == (("5K", 1_191_000), ("8K", 1_900_000))


def test_order_survives_rounding_and_rounding_twice_is_rounding_once():
    dice = random.Random(3)
    for _ in range(2_000):
        gun = dice.randrange(1, 10_000_000)
        chip = gun - dice.randrange(0, min(gun, 3_000))
        assert rounded(chip) <= rounded(gun)
        assert 0 <= rounded(gun) - gun < 1000
        assert rounded(rounded(gun)) == rounded(gun)


def test_everybody_either_goes_out_or_has_a_reason_and_nobody_twice():
    dice = random.Random(6)
    for _ in range(100):
        rows = random_rows(dice, 40)
        rows += dice.sample(rows, 2)
        people = {one.entry_key: registered(dice.randrange(60)) for one in rows if dice.random() < 0.8}
        given = {"held": {f"e{dice.randrange(50)}"}, "unmatched": dice.choice(("hold", "by_name"))}
        out, stays = sent(*rows, people=people, **given), kept_back(version(rows), FACTS, people, **given)
        assert len(out) + len(stays) == len(rows)
        assert not {one.entry_key for one in out} & {one.row.entry_key for one in stays}
        assert len({one.key for one in out}) == len(out)
        assert all(one.sentence for one in stays)
        shuffled = dice.sample(rows, len(rows))
        assert set(map(repr, sent(*shuffled, people=people, **given))) == set(map(repr, out))


def test_what_goes_out_stands_in_the_order_of_places():
    out = sent(row(3), row(1, status="DNF", place=None), row(2))
    assert [one.entry_key for one in out] == ["e2", "e3", "e1"]
