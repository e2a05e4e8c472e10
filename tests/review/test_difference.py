"""How two versions differ: each kind by an example, each row in one part, counts that add up, and nothing left unexplained."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from sync_jobs.results import Split
from sync_jobs.review.changes import CAUSES
from sync_jobs.review.difference import beyond, difference
from sync_jobs.review.payload import is_shown, payload, rounded
from sync_jobs.review.places import everyone
from sync_jobs.review.twins import links_of
from tests.review.field import FACTS, links, random_row, random_rows, registered, row, version

TEN = [row(number) for number in range(1, 11)]


def between(old, new, **given):
    return difference(version(old) if old is not None else None, version(new, 2), FACTS, **given)


def without(*numbers, rows=TEN):
    return [one for at, one in enumerate(rows, 1) if at not in numbers]


def instead(number, rows=TEN, **given):
    return [replace(one, **given) if one.entry_key == f"e{number}" else one for one in rows]


def kinds(found):
    return [one.kind for one in found.changed]


def test_the_same_is_the_same():
    found = between(TEN, TEN[::-1])
    assert found.is_same
    assert (found.before, found.after, len(found.kept), found.behind) == (10, 10, 10, 0)


def test_the_first_time_everybody_is_new_and_no_award_changes_hands():
    found = between(None, TEN)
    assert (found.is_first, found.before, found.after, len(found.added), found.awards) == (True, 0, 10, 10, ())


@pytest.mark.parametrize(("given", "kind"), [
    ({"status": "DQ", "place": None}, "status"), ({"last_name": "Moss", "first_name": "Tom"}, "person"),
    ({"gun_ms": 5_000_000}, "time"),
    ({"chip_ms": None}, "time"), ({"gender": "X"}, "detail"), ({"age": 35}, "detail"), ({"division": "F35"}, "detail"),
    ({"bib": "999"}, "detail"), ({"splits": (Split(point="5K", gun_ms=9),)}, "detail"), ({"first_name": "Áda"}, "spelling"),
    ({"last_name": "Sampel5"}, "spelling"), ({"last_name": "Sampel5", "age": 35}, "person"),
    ({"first_name": "Eva"}, "person"), ({"first_name": "Áda", "age": 35}, "detail"),
    ({"last_name": "Sampel5", "gender": "M"}, "person"),
])  # fmt: skip
def test_what_a_changed_row_is_called(given, kind):
    found = between(TEN, instead(5, **given))
    assert kinds(found) == [kind]
    assert found.changed[0].old == TEN[4]


def test_the_weightiest_change_of_a_row_names_it_and_all_are_said():
    found = between(
        TEN, instead(5, last_name="Moss", first_name="Tom", status="DNF", gun_ms=None, chip_ms=None, place=None, age=50)
    )
    assert kinds(found) == ["person"]
    assert [edit.name for edit in found.changed[0].edits] == [
        "name",
        "status",
        "gun time",
        "chip time",
        "age",
        "overall place",
        "gender place",
    ]


def test_what_the_public_cannot_see_is_no_change():
    assert between(TEN, instead(5, said="another word", wave="2")).is_same
    assert between(instead(5, gun_ms=2_404_100), instead(5, gun_ms=2_404_900)).is_same
    assert kinds(between(instead(5, gun_ms=2_404_100), instead(5, gun_ms=2_404_900), exact=True)) == ["time"]
    assert between(instead(5, status="DQ", place=None), instead(5, status="DQ", place=None, gun_ms=1)).is_same


def test_whoever_was_not_public_is_added_and_whoever_is_not_any_more_is_removed():
    found = between(instead(10, status="RUNNING", place=None), TEN)
    assert ([one.row.entry_key for one in found.added], found.before, found.after) == (["e10"], 9, 10)
    found = between(TEN, instead(10, is_projected=True))
    assert ([one.row.entry_key for one in found.removed], found.before, found.after) == (["e10"], 10, 9)
    found = between(instead(10, status="NOT_SEEN"), instead(10, status="RUNNING"))
    assert (found.is_same, found.behind, found.after) == (True, 1, 9)


def test_one_disqualification_is_one_cause_and_the_rest_follows():
    new = [replace(one, place=one.place - 1) for one in without(1)]
    found = between(TEN, [replace(TEN[0], status="DQ", place=None), *new])
    assert (kinds(found), len(found.moved), len(found.kept)) == (["status"], 9, 0)
    overall = [one.sentence for one in found.awards if one.award.kind == "overall"]
    assert overall == [
        "1st overall: Ada Sample1 (bib 101) → Ada Sample2 (bib 102)", "2nd overall: Ada Sample2 (bib 102) → Ada Sample3 (bib 103)",
        "3rd overall: Ada Sample3 (bib 103) → Ada Sample4 (bib 104)",
    ]  # fmt: skip


def test_awards_that_were_handed_out_lead():
    new = instead(3, place=4, gun_ms=2_404_000, rows=instead(4, place=3, gun_ms=2_403_000))
    found = between(TEN, new, handed_out={"e3"})
    assert [(one.award.said, one.handed_out) for one in found.awards] == [("3rd overall", True), ("3rd woman", True)]
    assert not any(one.handed_out for one in between(TEN, new, handed_out={"e9"}).awards)
    last = [replace(one, place=one.place - 1) for one in without(1)]
    said = [one.award.said for one in between(TEN, last, handed_out={"e3"}).awards]
    assert said == ["3rd overall", "3rd woman", "1st overall", "2nd overall", "1st woman", "2nd woman"]
    assert [one.is_award for one in found.changed] == [True, True]


def test_an_award_place_changes_hands_with_the_person_too():
    found = between(TEN, instead(1, first_name="Tom", last_name="Moss"))
    assert found.awards[0].sentence == "1st overall: Ada Sample1 (bib 101) → Tom Moss (bib 101)"
    assert between(TEN, instead(1, first_name="Áda")).awards == ()


def test_an_award_place_that_nobody_had_changes_no_hands():
    assert between(TEN[:2], TEN).awards == ()
    assert between(TEN, TEN[:2]).awards[0].sentence == "3rd overall: Ada Sample3 (bib 103) → nobody"


def test_awards_go_as_deep_as_the_contest_says():
    old = [replace(one, division="F30", division_place=one.place) for one in TEN]
    new = [replace(one, place=one.place - 1, division_place=one.division_place - 1) for one in without(1, rows=old)]
    for deep in (1, 2):
        facts = replace(FACTS, overall_awards=0, division_awards=deep)
        said = [one.award.said for one in difference(version(old), version(new, 2), facts).awards]
        assert said == ["1st in F30", "2nd in F30"][:deep]


def test_ties_share_an_award_place():
    tie = instead(2, place=1)
    assert between(tie, tie).awards == ()
    assert between(tie, TEN).awards[0].before == "Ada Sample1 (bib 101) and Ada Sample2 (bib 102)"


class TestWhoIsWho:
    def test_the_registration_says_more_than_the_entry(self):
        new = instead(5, entry_key="made-anew", bib="9")
        people = links(TEN) | {"made-anew": registered(5)}
        assert kinds(between(TEN, new, links=links_of(people))) == ["detail"]

    def test_the_entry_says_more_than_the_bib(self):
        swapped = instead(5, bib="106", rows=instead(6, bib="105"))
        assert kinds(between(TEN, swapped)) == ["detail", "detail"]

    def test_without_either_the_bib_says_who_it_is_and_the_name_whether_it_is_somebody_else(self):
        assert between(TEN, instead(5, entry_key="made-anew")).is_same
        found = between(TEN, instead(5, entry_key="made-anew", first_name="Tom", last_name="Moss"))
        assert kinds(found) == ["person"]

    def test_a_bib_that_two_have_says_nothing(self):
        old = [*TEN, row(11, bib="105")]
        found = between(old, [*without(5), row(12, bib="105")])
        assert (len(found.added), len(found.removed)) == (1, 2)

    def test_a_place_never_says_who_it_is(self):
        found = between(TEN, instead(5, entry_key="other", bib="other"))
        assert (len(found.added), len(found.removed), found.changed) == (1, 1, ())

    def test_an_entry_that_comes_twice_is_paired_first_with_first(self):
        found = between([*TEN, row(1, bib="7")], [row(1, bib="7"), *TEN])
        assert (found.is_same, found.after) == (True, 11)
        found = between([*TEN, TEN[0]], TEN)
        assert (found.before, found.after, len(found.removed)) == (11, 10, 1)


class TestWhatGoesOut:
    """With the payloads of both versions, what the public reads is compared, and who of it."""

    def sent(self, old, new, people=None, held=frozenset(), **given):
        people = links(old) | links(new) if people is None else people
        was, now = version(old), version(new, 2)
        sent, sends = payload(was, FACTS, people), payload(now, FACTS, people, held=held, **given)
        return difference(was, now, FACTS, links=links_of(people), sent=sent, sends=sends)

    def test_a_row_that_is_held_from_now_on_is_removed_and_nobody_moves(self):
        found = self.sent(TEN, TEN, held={"e5"})
        assert ([one.row.entry_key for one in found.removed], found.moved, found.after) == (["e5"], (), 9)

    def test_an_award_place_that_is_held_is_nobodys(self):
        assert self.sent(TEN, TEN, held={"e1"}).awards[0].after == "nobody"

    def test_with_one_payload_only_both_sides_are_taken_as_scoring_has_them(self):
        assert difference(version(TEN), version(TEN, 2), FACTS, sends=payload(version(TEN), FACTS, links(TEN[:4]))).is_same

    def test_who_belongs_to_no_registration_is_behind(self):
        found = self.sent(TEN, TEN, people=links(TEN[:8]))
        assert (found.behind, found.after, found.is_same) == (2, 8, True)

    def test_a_name_that_is_hidden_from_now_on_is_no_other_person(self):
        found = self.sent(TEN, TEN, hidden={"e5"})
        assert (kinds(found), found.changed[0].is_masked) == (["naming"], True)
        assert kinds(self.sent(TEN, TEN, hide_minors_under=50)) == ["naming"] * 10

    def test_a_name_that_only_scoring_spells_differently_changes_nothing(self):
        assert self.sent(TEN, instead(5, first_name="Áda"), people=links(TEN)).is_same

    def test_somebody_else_is_somebody_else_also_where_the_registration_has_not_heard(self):
        assert kinds(self.sent(TEN, instead(5, first_name="Tom", last_name="Moss"), people=links(TEN))) == ["person"]

    def test_a_transfer_is_one_change_of_person(self):
        was, now = version(TEN), version(TEN, 2)
        sent = payload(was, FACTS, links(TEN))
        sends = payload(now, FACTS, links(TEN) | {"e5": registered(50, last_name="Sample5")})
        assert kinds(difference(was, now, FACTS, links=links_of(links(TEN)), sent=sent, sends=sends)) == ["person"]

    def test_the_first_publication_shows_only_who_goes_out(self):
        sends = payload(version(TEN), FACTS, links(TEN[:4]))
        found = difference(None, version(TEN), FACTS, sends=sends)
        assert (len(found.added), found.behind) == (4, 6)


class TestTimes:
    def shifted(self, count, by, rest=0, **given):
        rows = [row(number, wave="1B", **given) for number in range(1, count + rest + 1)]
        return rows, [replace(one, gun_ms=one.gun_ms + by, chip_ms=one.chip_ms + by) for one in rows[:count]]

    def test_a_wave_that_moved_is_one_shift_and_who_deviates_stands_alone(self):
        old, new = self.shifted(100, -270_000, rest=2)
        new += [replace(old[100], gun_ms=old[100].gun_ms + 60_000), replace(old[101], gun_ms=old[101].gun_ms + 90_000)]
        (shift,), single = between(old, new).times
        assert (shift.gun_ms, shift.chip_ms, len(shift.changes), shift.wave, len(shift.sample)) == (
            -270_000,
            -270_000,
            100,
            "1B",
            5,
        )
        assert [one.row.entry_key for one in single] == ["e102", "e101"]  # the one that moved further comes first

    @pytest.mark.parametrize(("count", "rest", "shifts"), [(6, 0, 1), (5, 0, 0), (19, 1, 1), (18, 2, 0), (20, 30, 1), (19, 30, 0)])
    def test_from_how_many_on_it_is_a_shift(self, count, rest, shifts):
        old, new = self.shifted(count, 60_000, rest=rest)
        new += [replace(one, gun_ms=one.gun_ms + at * 9_000) for at, one in enumerate(old[count:], 20)]
        found = between(old, new)
        assert (len(found.by_kind["time"]), len(found.times[0])) == (count + rest, shifts)

    def test_a_second_more_or_less_is_the_same_shift_and_two_are_not(self):
        old, new = self.shifted(40, 60_000)
        for more, folded in ((1_000, 40), (2_000, 39)):
            near = [replace(new[0], gun_ms=new[0].gun_ms + more), *new[1:]]
            assert [len(one.changes) for one in between(old, near).times[0]] == [folded]

    def test_where_only_one_clock_moved_it_is_not_the_same_shift(self):
        old, new = self.shifted(60, 60_000)
        new[:25] = [replace(one, chip_ms=was.chip_ms) for was, one in zip(old, new, strict=False)][:25]
        assert {(one.gun_ms, one.chip_ms, len(one.changes)) for one in between(old, new).times[0]} == {
            (60_000, 60_000, 35),
            (60_000, 0, 25),
        }

    def test_a_time_that_came_or_went_is_no_shift(self):
        old = [row(number, chip_ms=None) for number in range(1, 41)]
        found = between(old, [row(number) for number in range(1, 41)])
        assert (found.times[0], len(found.times[1])) == ((), 40)


class TestWhetherPlacesFollow:
    def moved(self, rows):
        """Those rows, placed by their gun time, and by gender and division too."""
        bare = [replace(one, place=None, gender_place=None, division_place=None) for one in rows]
        at = everyone(version(bare), FACTS)
        return [
            replace(one, place=here.overall, gender_place=here.gender, division_place=here.division)
            for one in bare
            if (here := at[one.entry_key])
        ]

    def test_whoever_comes_in_between_pushes_who_is_behind(self):
        new = self.moved([*TEN, row(11, gun_ms=TEN[4].gun_ms + 1), row(12, gun_ms=TEN[7].gun_ms + 1)])
        found = between(self.moved(TEN), new)
        assert (found.follows, len(found.moved), len(found.added), found.changed) == (True, 5, 2, ())

    def test_a_place_that_moved_without_a_push_does_not_follow(self):
        new = self.moved([*TEN, row(11, gun_ms=TEN[4].gun_ms + 1)])
        for wrong in ({"place": 11}, {"gender_place": 12}, {"gender_place": None}):
            assert not between(self.moved(TEN), instead(9, rows=new, **wrong)).follows
        assert not between(TEN, instead(9, place=10, rows=instead(10, place=9))).follows
        two = self.moved([*TEN, row(11, gun_ms=TEN[4].gun_ms + 1), row(12, gun_ms=TEN[4].gun_ms + 2)])
        assert between(self.moved(TEN), two).follows
        assert not between(self.moved(TEN), instead(9, place=10, rows=two)).follows

    def test_additions_of_random_finishers_always_follow(self):
        dice = random.Random(12)
        for _ in range(60):
            rows = [
                replace(random_row(dice, number), status="FINISHED", gun_ms=dice.randrange(900_000, 960_000))
                for number in range(1, 60)
            ]
            few = sorted(dice.sample(rows, 40), key=lambda one: one.entry_key)
            found = between(self.moved(few), self.moved(rows))
            assert found.follows
            assert (found.changed, found.removed, len(found.added)) == ((), (), 19)


def test_who_was_told_what_is_not_true_any_more():
    new = instead(5, gun_ms=1, rows=instead(6, first_name="Áda", rows=without(7)))
    found = between(TEN, new, told={"e5", "e6", "e7", "e8"})
    assert [one.row.entry_key for one in found.wrongly_told] == ["e5", "e7"]


def test_what_goes_beyond_a_request_is_named():
    found = between(TEN, instead(5, gun_ms=1, rows=instead(6, bib="777", rows=[*without(7), row(11)])))
    assert [one.row.entry_key for one in beyond(found, ["105"])] == ["e6", "e7", "e11"]
    assert [one.row.entry_key for one in beyond(found, ["105", "106", "107", "111"])] == []


def _another(dice, rows):
    """The same field a while later: rows changed, gone, come, entries made anew."""
    found = []
    for one in rows:
        turns = (
            {}, {}, {}, {}, {"entry_key": f"new-{one.entry_key}"}, {"gun_ms": one.gun_ms and one.gun_ms + dice.randrange(3_000)},
            {"place": dice.randrange(50)}, {"first_name": "Zoe"}, None,
        )  # fmt: skip
        turn = dice.choice(turns)
        if turn is not None:
            another = replace(random_row(dice, 0), entry_key=one.entry_key)
            found.append(replace(another if dice.random() < 0.1 else one, **turn))
    found += [random_row(dice, 1000 + number) for number in range(dice.randrange(5))]
    dice.shuffle(found)
    return found


def _seen(one, places, *, exact):
    shown = (lambda ms: ms) if exact else rounded
    timed = one.status in {"FINISHED", "NC", "OTL"}
    splits = tuple((split.point, shown(split.gun_ms)) for split in one.splits) if timed or one.status == "DNF" else ()
    times = (shown(one.gun_ms), shown(one.chip_ms)) if timed else ()
    return one.name, one.gender, one.age, one.bib, one.status, times, splits, one.division, places.get(one.entry_key)


@pytest.mark.parametrize("seed", range(150))
def test_every_row_stands_in_one_part_and_the_parts_make_the_new_out_of_the_old(seed):
    dice = random.Random(seed)
    rows = random_rows(dice, dice.randrange(1, 40))
    old, new = version(rows), version(_another(dice, rows), 2)
    exact = dice.random() < 0.5
    found = difference(old, new, FACTS, exact=exact, links=links_of(links(dice.sample(rows, len(rows) // 2))))
    parts = [*found.changed, *found.added, *found.removed, *found.moved]
    shown, will = [one for one in old.rows if is_shown(one)], [one for one in new.rows if is_shown(one)]

    assert (found.before, found.after) == (len(shown), len(will))
    assert found.after == len(found.kept) + len(found.moved) + len(found.changed) + len(found.added)
    assert Counter(one.kind for one in found.changed).keys() <= set(CAUSES)

    left = Counter(one for one in shown)
    left.subtract(one.old for one in parts if one.kind != "added")
    assert min(left.values(), default=0) >= 0  # nobody is explained twice
    stays = list(left.elements())
    assert len(stays) == len(found.kept)
    made = Counter([*found.kept, *(one.new for one in parts if one.kind != "removed")])
    assert made == Counter(will)

    was, now = everyone(old, FACTS), everyone(new, FACTS)
    assert Counter(_seen(one, was, exact=exact) for one in stays) == Counter(_seen(one, now, exact=exact) for one in found.kept)
    for one in (*found.changed, *found.moved):
        assert _seen(one.old, was, exact=exact) != _seen(one.new, now, exact=exact)
