"""Places: scoring's are kept as they are; only where there are none they are made, with ties sharing theirs."""

from __future__ import annotations

import random
from dataclasses import replace

from sync_jobs.review import places
from sync_jobs.review.places import Places
from tests.review.field import FACTS, random_rows, row, version

MINUTE = 60_000


def timed(*minutes, **given):
    return version([row(at, gun_ms=ms * MINUTE, chip_ms=None, place=None, **given) for at, ms in enumerate(minutes, 1)])


def test_equal_times_share_a_place_and_the_next_one_is_skipped():
    assert list(places.overall(timed(38, 40, 40, 42), "gun").values()) == [1, 2, 2, 4]
    assert list(places.overall(timed(40, 40, 40, 38), "gun").values()) == [1, 2, 2, 2]


def test_places_are_made_by_the_unrounded_time():
    close = version([row(1, gun_ms=2_400_400, place=None), row(2, gun_ms=2_400_399, place=None)])
    assert places.overall(close, "gun") == {"e2": 1, "e1": 2}


def test_scorings_places_are_kept_also_where_the_seconds_are_equal():
    given = version([row(1, gun_ms=2_400_400, place=3), row(2, gun_ms=2_400_100, place=2), row(3, place=None)])
    assert places.overall(given, "gun") == {"e1": 3, "e2": 2}


def test_a_long_race_is_ranked_by_its_length():
    hours = version([row(at, gun_ms=ms, place=None) for at, ms in enumerate((106_265_000, 35_999_000, 100_800_000), 1)])
    assert places.overall(hours, "gun") == {"e2": 1, "e3": 2, "e1": 3}


def test_only_who_finished_with_a_reading_on_the_basis_is_ranked():
    rows = [
        row(1, place=None, gun_ms=None), row(2, place=None, status="DQ"), row(3, place=None, is_projected=True),
        row(4, place=None), row(5, place=None, status="NC"),
    ]  # fmt: skip
    assert places.overall(version(rows), "gun") == {"e4": 1}
    assert places.overall(version([row(1, place=None, gun_ms=None)]), "chip") == {"e1": 1}


def test_each_kind_is_made_only_where_scoring_gave_none_of_it():
    rows = [
        row(1, place=1, gender="F", division="F30"), row(2, place=2, gender="M", division="M30"),
        row(3, place=3, gender="F", division="F30"), row(4, place=4, gender=None, division=None),
    ]  # fmt: skip
    found = places.everyone(version(rows), FACTS)
    assert found == {"e1": Places(1, 1, 1), "e2": Places(2, 1, 1), "e3": Places(3, 2, 2), "e4": Places(4)}
    given = [replace(rows[0], gender_place=7), *rows[1:]]
    assert {key: one.gender for key, one in places.everyone(version(given), FACTS).items() if one.gender} == {"e1": 7}


def test_divisions_go_by_their_own_basis():
    rows = [row(1, division="F30", gun_ms=10, chip_ms=9, place=None), row(2, division="F30", gun_ms=11, chip_ms=8, place=None)]
    found = places.everyone(version(rows), replace(FACTS, division_basis="chip"))
    assert (found["e1"].overall, found["e1"].division) == (1, 2)


def test_a_place_is_one_more_than_everybody_who_was_faster():
    dice = random.Random(8)
    for _ in range(100):
        rows = [replace(one, gun_ms=one.gun_ms and one.gun_ms // 5_000_000 * 1000) for one in random_rows(dice, 60, places=False)]
        dice.shuffle(rows)
        found = places.overall(version(rows), "gun")
        ranked = [one for one in rows if one.is_finisher]
        assert found == {one.entry_key: 1 + sum(other.gun_ms < one.gun_ms for other in ranked) for one in ranked}
        assert places.overall(version(rows[::-1]), "gun") == found
