"""R and D: each check with what fires it, what does not, and both sides of its boundary; places and ties at random."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest

from sync_jobs.checks import divisions, ranks
from tests.checks import building as b


def said(rule, field):
    return [(found.severity, found.scope, found.sentence) for found in rule(field)]


def field(*rows, **facts):
    return b.field(rows, about=b.facts(**facts))


def timed(*seconds, **given):
    """Men with these gun times and the overall places 1, 2, 3 …; chip times are the same unless given."""
    return [b.row(2 * n + 1, gun_ms=round(s * 1000), chip_ms=round(s * 1000), place=n + 1, **given) for n, s in enumerate(seconds)]


@pytest.mark.parametrize("check", ranks.CHECKS, ids=lambda check: check.check_id)
def test_a_clean_contest_gives_nothing(check):
    assert list(check.rule(b.field(200))) == []
    assert list(check.rule(b.field(0))) == []
    assert list(check.rule(b.field([b.row(n) for n in range(1, 60)]))) == []  # scoring gave no places


def test_which_of_them_are_lifted_in_an_award_place():
    assert {check.check_id for check in ranks.CHECKS if check.escalates} == {"D01", "D05"}


# R01


@pytest.mark.parametrize(
    ("places", "broken"),
    [
        ((1, 2, 2, 4), None), ((1, 1, 3), None), ((1, 2, 3), None), ((1,), None), ((), None), ((1, 1, 1, 4, 4, 6), None),
        ((1, 2, 2, 3), "place 4 should come, and 3 does"), ((1, 3), "place 2 should come, and 3 does"),
        ((2, 3), "place 1 should come, and 2 does"), ((0, 1), "place 1 should come, and 0 does"),
        ((1, 2, 2, 5), "place 4 should come, and 5 does"),
    ],
)  # fmt: skip
def test_places_are_one_two_two_four(places, broken):
    rows = [b.row(n, place=place) for n, place in enumerate(places, start=1)]
    sentence = f"Places overall are not 1, 2, 3 and so on: {broken}."
    assert said(ranks.rank_sequence, field(*rows)) == ([("block", "set", sentence)] if broken else [])


def test_i23_equal_times_with_different_places_are_kept():
    rows = timed(2280, 2400, 2400.4, 2520)
    assert said(ranks.rank_sequence, field(*rows)) == said(ranks.rank_vs_time, field(*rows)) == []


def test_each_kind_of_ranking_is_said_once():
    clean = b.rows(200)
    men, groups = b.changed(clean, 199, gender_place=999), b.changed(clean, 199, 200, division_place=999)
    assert said(ranks.rank_sequence, b.field(men)) == [
        ("block", "set", "Places by gender are not 1, 2, 3 and so on: place 100 should come in men, and 999 does.")
    ]
    ((_, _, sentence),) = said(ranks.rank_sequence, b.field(groups))
    assert sentence.endswith("and 999 does, and 1 further ranking likewise.")


def test_who_did_not_finish_leaves_no_gap():
    rows = b.rows(10, b.row(4, status="DNF", gun_ms=None, chip_ms=None))
    assert said(ranks.rank_sequence, b.field(rows)) == []


@pytest.mark.parametrize("seed", range(30))
def test_competition_places_pass_and_any_other_number_fails(seed):
    dice = random.Random(seed)
    rows = b.ranked([b.row(n, gun_ms=dice.randrange(1, 30) * 1000) for n in range(1, 40)])
    assert list(ranks.rank_sequence(b.field(rows))) == []
    assert list(ranks.rank_vs_time(b.field(rows))) == []
    victim = dice.choice(rows)
    others = [row.place for row in rows if row is not victim]
    wrong = dice.choice([place for place in range(41) if place != victim.place and not _is_competition([*others, place])])
    assert list(ranks.rank_sequence(b.field([replace(row, place=wrong) if row is victim else row for row in rows])))


def _is_competition(places):
    return all(place == 1 + sum(other < place for other in places) for place in places)


# R02


def test_a_better_place_with_a_worse_time():
    rows = timed(2280, 2290.001, 2289)
    sentence = (
        "Places overall do not follow the gun times, 1 time among 3: bib 3, Ben Okafor3, is 2nd in 38:10.001, "
        "before bib 5, Max Moreau5, in 38:09."
    )
    (found,) = ranks.rank_vs_time(field(*rows))
    assert (found.severity, found.scope, found.sentence, found.entries) == ("block", "set", sentence, ("e3", "e5"))


@pytest.mark.parametrize(("seconds", "fires"), [(2290, False), (2290.001, True)])
def test_a_second_is_rounding(seconds, fires):
    assert bool(said(ranks.rank_vs_time, field(*timed(2280, seconds, 2289)))) is fires


@pytest.mark.parametrize(("many", "fires"), [(2, False), (3, True)])
def test_beside_the_awards_it_takes_more_than_a_thousandth(many, fires):
    """Of 2,000 people and places only overall: two may be the wrong way round, three may not."""
    times = [2000 + 2 * n for n in range(2000)]
    for nth in range(many):
        at = 1000 + 10 * nth
        times[at], times[at + 1] = times[at + 1], times[at]
    assert bool(said(ranks.rank_vs_time, field(*timed(*times)))) is fires


@pytest.mark.parametrize(("place", "fires"), [(3, True), (4, False)])
def test_an_award_place_is_never_beaten_from_behind(place, fires):
    times = [2000 + 2 * n for n in range(2000)]
    times[1500] = times[place - 1] - 1.5  # one from far behind
    found = said(ranks.rank_vs_time, field(*timed(*times)))
    assert bool(found) is fires
    if fires:
        assert "is 3rd in 33:24, before bib 3001" in found[0][2]


def test_divisions_follow_their_own_basis():
    rows = [b.row(1, division_place=1, division="M", gun_ms=2_000_000, chip_ms=1_990_000),
            b.row(3, division_place=2, division="M", gun_ms=2_010_000, chip_ms=1_980_000)]  # fmt: skip
    assert said(ranks.rank_vs_time, field(*rows)) == []
    ((_, _, sentence),) = said(ranks.rank_vs_time, field(*rows, division_basis="chip"))
    assert sentence.startswith(
        "Places in the divisions do not follow the chip times, 1 time among 2: bib 1, Tom Beck1, is 1st of M in"
    )


# R03


def both(gun, chip):
    return [
        b.row(2 * n + 1, place=n + 1, gun_ms=g * 1000, chip_ms=c * 1000) for n, (g, c) in enumerate(zip(gun, chip, strict=True))
    ]


def flipped(count, many):
    """Ascending times, of which so many pairs of neighbours are the wrong way round."""
    found = [2000 + n for n in range(count)]
    for nth in range(many):
        found[3 * nth], found[3 * nth + 1] = found[3 * nth + 1], found[3 * nth]
    return found


def test_places_by_the_other_time():
    rows = both(flipped(100, 0), flipped(100, 30))
    assert said(ranks.basis, field(*rows)) == []
    sentence = "The overall places follow the gun times, but here chip times count."
    assert said(ranks.basis, field(*rows, basis="chip")) == [("block", "set", sentence)]
    rows = both(flipped(100, 30), flipped(100, 0))
    sentence = "The overall places follow the chip times, but here gun times count."
    assert said(ranks.basis, field(*rows)) == [("block", "set", sentence)]


def test_places_by_neither_time():
    sentence = (
        "The overall places follow neither gun nor chip times: 30 % of neighbours are the wrong way round by gun and "
        "20 % of neighbours are the wrong way round by chip."
    )
    assert said(ranks.basis, field(*both(flipped(100, 30), flipped(100, 20)))) == [("block", "set", sentence)]


@pytest.mark.parametrize(("many", "fires"), [(5, False), (6, True)])
def test_half_a_percent_may_be_the_wrong_way_round(many, fires):
    assert bool(said(ranks.basis, field(*both(flipped(1000, many), flipped(1000, 300))))) is fires


@pytest.mark.parametrize(("many", "fires"), [(1, False), (2, True)])
def test_in_a_small_field_one_pair_proves_nothing(many, fires):
    assert bool(said(ranks.basis, field(*both(flipped(10, many), flipped(10, 3))))) is fires


def test_without_the_other_time_there_is_only_one_to_follow():
    rows = [replace(row, chip_ms=None) for row in both(flipped(100, 30), flipped(100, 30))]
    ((_, _, sentence),) = said(ranks.basis, field(*rows))
    assert sentence.startswith("The overall places follow neither gun nor chip times: 30 %")


def test_one_chip_time_is_nothing_to_follow():
    rows = [replace(row, chip_ms=None) if row.place > 1 else row for row in both(flipped(100, 30), flipped(100, 30))]
    ((_, _, sentence),) = said(ranks.basis, field(*rows))
    assert sentence.startswith("The overall places follow neither")


# R04


def test_i10_the_winner_by_gun_is_second_by_chip():
    rows = both((2000, 2001, 2010, 2020), (1999, 1998, 2005, 2015))
    rows = [replace(row, division=None, gender=None) for row in rows]
    sentence = (
        "Gun and chip times order the awards differently: overall, bib 1, Tom Beck1, comes first by gun where bib 3, Ben Okafor3, "
        "does by chip. Which time counts for these awards?"
    )
    (found,) = ranks.podium_flip(field(*rows))
    assert (found.severity, found.sentence, found.entries) == ("warn", sentence, ("e1", "e3"))


def test_rankings_that_differ_are_counted():
    rows = both((2000, 2001, 2010, 2020), (1999, 1998, 2005, 2015))
    (found,) = ranks.podium_flip(field(*[replace(row, division="M20-29") for row in rows]))
    assert "does by chip, and so in 2 further rankings." in found.sentence
    assert found.numbers["rankings"] == ["overall", "men", "M20-29"]


@pytest.mark.parametrize(("at", "fires"), [(2, True), (3, False)])
def test_only_award_places_matter(at, fires):
    gun = [2000, 2010, 2020, 2030, 2040]
    chip = [1990, 2000, 2010, 2020, 2030]
    chip[at], chip[at + 1] = chip[at + 1], chip[at]
    rows = [replace(row, division=None, gender=None) for row in both(gun, chip)]
    assert bool(said(ranks.podium_flip, field(*rows))) is fires


def test_who_is_equal_on_one_time_is_no_flip():
    rows = [replace(row, division=None, gender=None) for row in both((2000, 2000, 2010), (1999, 1998, 2005))]
    assert said(ranks.podium_flip, field(*rows)) == []


def test_who_has_only_one_time_is_in_no_flip():
    rows = [replace(row, division=None, gender=None) for row in both((2000, 2001), (1999, 1998))]
    assert said(ranks.podium_flip, field(replace(rows[0], chip_ms=None), rows[1])) == []


# D01


@pytest.mark.parametrize(
    ("age", "division", "fires"),
    [
        (35, "M35-39", False), (39, "M35-39", False), (34, "M35-39", True), (40, "M35-39", True), (70, "M70+", False),
        (69, "M70+", True), (14, "M 14 and under", False), (15, "M 14 and under", True), (44, "Open", False),
        (44, "Masters", False), (44, None, False), (None, "M35-39", False),
    ],
)  # fmt: skip
def test_an_age_outside_the_division(age, division, fires):
    one = field(b.row(1, age=age, division=division))
    sentence = f"Bib 1, Tom Beck1, is {age} and in {division}."
    assert said(ranks.division_age, one) == ([("warn", "row", sentence)] if fires else [])


def test_an_age_that_only_registration_knows():
    row = b.row(1, age=None, division="M35-39")
    registered = {"e1": b.registration(row, born=date(1986, 5, 18))}  # 40 the day after
    one = b.field([row], registered=registered)
    assert said(ranks.division_age, one) == said(ranks.division_age, replace(one, registered={})) == []
    older = {"e1": b.registration(row, born=date(1986, 5, 17))}
    assert said(ranks.division_age, replace(one, registered=older)) == [("warn", "row", "Bib 1, Tom Beck1, is 40 and in M35-39.")]


@pytest.mark.parametrize(("gender", "division", "fires"), [("F", "M20-29", True), ("M", "M20-29", False), ("F", "20-29", False),
                                                           ("X", "M20-29", True), (None, "M20-29", False)])  # fmt: skip
def test_a_gender_outside_the_division(gender, division, fires):
    found = said(ranks.division_age, field(b.row(1, age=25, gender=gender, division=division)))
    words = {"F": "a woman", "X": "non-binary"}.get(gender)
    assert found == ([("warn", "row", f"Bib 1, Tom Beck1, is in {division}, and scoring has them as {words}.")] if fires else [])


@pytest.mark.parametrize(
    ("name", "gender"),
    [
        ("M35-39", "M"), ("Women 70 and over", "F"), ("Female 20-24", "F"), ("Men's 40-49", "M"), ("W 19 & under", "F"),
        ("X 30-39", "X"),
        ("Non-Binary 30-39", "X"), ("Masters", None), ("35-39", None), ("M & F 20-29", None), ("Open", None), (None, None),
    ],
)  # fmt: skip
def test_whose_a_division_is(name, gender):
    assert divisions.gender(name) == gender


# D05


@pytest.mark.parametrize(("age", "fires"), [(4, True), (5, False), (95, False), (96, True), (None, False)])
def test_an_age_that_cannot_be(age, fires):
    found = said(ranks.implausible_age, field(b.row(1, age=age)))
    assert found == ([("warn", "row", f"Bib 1, Tom Beck1, would be {age} years old.")] if fires else [])


@pytest.mark.parametrize(("age", "fires"), [(17, True), (18, False)])
def test_younger_than_the_contest_allows(age, fires):
    found = said(ranks.implausible_age, field(b.row(1, age=age), min_age=18))
    sentence = "Bib 1, Tom Beck1, is 17, and this distance is for 18 and older."
    assert found == ([("warn", "row", sentence)] if fires else [])


def test_a_childrens_dash_has_younger_ones():
    assert said(ranks.implausible_age, field(b.row(1, age=1), profile="kids")) == []
    assert said(ranks.implausible_age, field(b.row(1, age=0), profile="kids")) != []


# D06


@pytest.mark.parametrize(
    ("age", "place", "count", "fires"),
    [
        (70, 10, 50, True), (69, 10, 50, False), (70, 11, 50, False), (10, 1, 50, True), (11, 1, 50, False), (70, 10, 49, False),
    ],
)  # fmt: skip
def test_an_age_that_is_rare_among_the_first(age, place, count, fires):
    rows = b.rows(count, b.row(place, age=age))
    found = said(ranks.age_outlier, b.field(rows))
    assert bool(found) is fires
    if (age, fires) == (70, True):
        sentence = "Bib 10, Ana Varga10, is 70 and finished 10th overall. Did somebody else wear the bib?"
        assert found == [("warn", "row", sentence)]
