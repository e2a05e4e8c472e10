"""Who is who: every rung, uniqueness, what a person decided before, and what has vanished or moved."""

import random
from datetime import date, timedelta

import pytest

from tests.pairing.people import (
    BORN,
    FIVE,
    OTHER,
    SCORED_FIVE,
    SCORED_TEN,
    TEN,
    asked,
    concluded,
    entry,
    held,
    linked,
    registration,
)

MEN = {"gender": "M"}


@pytest.mark.parametrize("said", ["rsu:7", "RSU:7", "rsu-7", "7", " rsu:7 "])
def test_rung_1_the_id_of_a_registration_links_whatever_the_name(said):
    outcome = concluded([registration(7, "Ada Sample")], [entry(1, "Ada Samples", external_id=said)])
    assert linked(outcome) == {("1", "7", "external_id")}
    assert not outcome.questions


def test_an_id_is_told_apart_by_its_provider():
    people = [registration(7, "Ada Sample"), registration(7, "Cy Fiction", provider="raceroster", **MEN)]
    outcome = concluded(people, [entry(1, "Cy Fiction", external_id="rr:7", **MEN), entry(2, "Somebody Else", external_id="7")])
    assert [(link.entry_key, link.registration) for link in outcome.links] == [("1", ("raceroster", "7"))]
    assert asked(outcome) == {("unknown_id", "2")}


def test_a_number_without_a_provider_on_somebody_with_another_name_is_no_id_of_ours():
    outcome = concluded([registration(7, "Ada Sample")], [entry(1, "Tom Beckett", external_id="7", **MEN)])
    assert not outcome.links


def test_rung_1b_follows_a_transfer_to_its_end():
    rsu = lambda key: ("runsignup", key)  # noqa: E731
    moved = {rsu("7"): rsu("8"), rsu("8"): rsu("9")}
    outcome = concluded([registration(9)], [entry(1, external_id="rsu:7")], moved=moved)
    assert linked(outcome) == {("1", "9", "transferred")}
    circle = {rsu("7"): rsu("8"), rsu("8"): rsu("7")}
    assert not concluded([registration(9, "Cy F")], [entry(1, external_id="rsu:7")], moved=circle).links
    long = {rsu(str(n)): rsu(str(n + 1)) for n in range(7, 20)}
    assert not concluded([registration(20, "Cy F")], [entry(1, external_id="rsu:7")], moved=long).links


@pytest.mark.parametrize(
    ("here", "there", "method"),
    [
        ({}, {}, "bib_and_name"),
        ({"name": "Ada Maria Sample"}, {"born": None, "gender": None}, "bib_and_name"),
        ({"name": "Ada Married"}, {"name": "Ada Sample"}, "bib_and_name"),  # gender and birth date agree
        ({"name": "Ada Smple"}, {"name": "Ada Sample", "born": None, "age": 36}, "bib_and_name"),
        ({"name": " "}, {"born": None}, "bib_only"),
        ({"name": "Tom Beckett", "gender": "M"}, {}, None),
        ({"name": "Michael Brown", "gender": "M"}, {"name": "Michelle Brown", "born": None}, None),
        ({"name": "John Smith", "gender": "M", "born": None}, {"name": "Joan Smith", "born": None}, None),
        (
            {"name": "John Smith", "gender": "M", "born": None, "age": 30},
            {"name": "Joan Smith", "gender": "M", "age": 34, "born": None},
            None,
        ),
    ],
)
def test_rungs_2_and_3_the_bib_needs_a_second_fact_unless_there_is_none(here, there, method):
    outcome = concluded([registration(7, bib="412", **here)], [entry(1, bib="412", **there)])
    assert linked(outcome) == ({("1", "7", method)} if method else set())


def test_a_bib_is_text_and_zero_is_none():
    assert not linked(concluded([registration(7, "A B", bib="0412")], [entry(1, "A B", bib="412", born=None)]))
    assert not linked(concluded([registration(7, "A B", bib="0")], [entry(1, "A B", bib="0", born=None)]))
    assert linked(concluded([registration(7, "A B", bib="w12")], [entry(1, "A B", bib=" W12", born=None)]))


@pytest.mark.parametrize("side", ["registration", "entry"])
def test_a_bib_twice_on_either_side_links_nobody_and_shows_both(side):
    registrations = [registration(7, "Ana Ruiz", bib="412")]
    entries = [entry(1, "Ana Ruiz", bib="412", born=None)]
    if side == "registration":
        registrations.append(registration(8, "Ana Ruiz", bib="412"))
    else:
        entries.append(entry(2, "Ana Ruiz", bib="412", born=None))
    outcome = concluded(registrations, entries)
    assert not outcome.links
    question = next(q for q in outcome.questions if q.entry_key == "1")
    assert question.kind == "ambiguous"
    shown = [key for _, key in question.registrations] + list(question.rivals)
    assert shown == (["7", "8"] if side == "registration" else ["7", "2"])


def test_a_later_rung_may_hold_where_a_bib_does_not():
    people = [registration(7, "Ana Ruiz", bib="412"), registration(8, "Cy Fiction", bib="412", **MEN)]
    assert linked(concluded(people, [entry(1, "Ana Ruiz", bib="412")])) == {("1", "7", "name_and_birth")}


@pytest.mark.parametrize("lacks", ["born", "gender", "name"])
def test_rung_4_needs_name_birth_date_and_gender(lacks):
    change = {"born": None, "gender": None, "name": "Ada Other"}[lacks]
    assert linked(concluded([registration(7)], [entry(1)])) == {("1", "7", "name_and_birth")}
    assert not concluded([registration(7)], [entry(1, **{lacks: change})]).links


def test_rung_4_takes_nobody_of_two():
    outcome = concluded([registration(7), registration(8)], [entry(1)])
    assert not outcome.links
    assert asked(outcome) == {("ambiguous", "1")}


def test_rung_5_another_contest_is_only_suggested():
    outcome = concluded([registration(7, contest=TEN)], [entry(1)])
    assert not outcome.links
    assert asked(outcome) == {("other_contest", "1")}


@pytest.mark.parametrize(
    ("here", "there", "shown"),
    [
        ({"name": "Michael Brown", "gender": "M"}, {"name": "Michelle Brown"}, True),
        ({"name": "Bob Jones"}, {"name": "Robert Jones"}, True),
        ({"name": "Ada Sample", "born": date(1990, 4, 3)}, {}, True),  # day and month exchanged
        ({"name": "Ada Sample", "born": date(1970, 4, 3)}, {}, False),
        ({"name": "Bob Jones", "born": date(1980, 1, 1)}, {"name": "Robert Jones"}, False),
        ({"name": "Tom Beckett"}, {}, False),
    ],
)
def test_rung_6_is_only_suggested(here, there, shown):
    outcome = concluded([registration(7, **here)], [entry(1, **there)])
    assert not outcome.links
    assert asked(outcome) == {("hint" if shown else "unmatched", "1")}


def test_matching_stays_inside_the_mapped_contests():
    people = [registration(7, bib="5", contest=FIVE), registration(8, "Cy Fiction", bib="5", contest=TEN, **MEN)]
    lists = [entry("a", bib="5"), entry("b", "Cy Fiction", bib="5", contest=SCORED_TEN, **MEN)]
    mapped = {SCORED_FIVE: frozenset({FIVE}), SCORED_TEN: frozenset({TEN})}
    assert linked(concluded(people, lists, mapped=mapped)) == {("a", "7", "bib_and_name"), ("b", "8", "bib_and_name")}


def test_waves_sold_apart_are_one_pool_and_a_person_may_stand_on_two_lists():
    people = [registration(7, "Ana Ruiz", bib="5", contest=FIVE), registration(8, "Cy Fiction", bib="6", contest=TEN, **MEN)]
    both = frozenset({FIVE, TEN})
    lists = [
        entry(1, "Ana Ruiz", bib="5"),
        entry(2, "Cy Fiction", bib="6", **MEN),
        entry(3, "Ana Ruiz", bib="5", contest=SCORED_TEN),
    ]
    outcome = concluded(people, lists, mapped={SCORED_FIVE: both, SCORED_TEN: frozenset({FIVE})})
    assert {(link.contest_id, link.entry_key, link.registration[1]) for link in outcome.links} == {
        (SCORED_FIVE, "1", "7"), (SCORED_FIVE, "2", "8"), (SCORED_TEN, "3", "7"),
    }  # fmt: skip


def test_people_whose_contest_nobody_says_are_found_too():
    assert linked(concluded([registration(7, contest=None)], [entry(1)])) == {("1", "7", "name_and_birth")}


def test_an_id_links_across_contests_and_says_so():
    outcome = concluded([registration(7, contest=OTHER)], [entry(1, external_id="rsu:7")])
    assert linked(outcome) == {("1", "7", "external_id")}
    assert asked(outcome) == {("other_contest", "1")}


def test_entries_of_contests_that_nobody_mapped_are_left_alone():
    outcome = concluded([registration(7)], [entry(1, contest=SCORED_TEN, external_id="rsu:7")])
    assert (outcome.links, outcome.questions) == ([], [])


def test_two_rungs_that_point_at_two_people_link_neither():
    people = [registration(7, "Ana Ruiz", bib="1"), registration(8, "Cy Fiction", bib="412", **MEN)]
    outcome = concluded(people, [entry(1, "Ana Ruiz", bib="412", external_id="rsu:7")])
    assert not outcome.links
    (question,) = outcome.questions
    assert (question.kind, [key for _, key in question.registrations]) == ("two_answers", ["7", "8"])


def test_two_entries_with_one_id_link_neither():
    outcome = concluded([registration(7)], [entry(1, external_id="rsu:7"), entry(2, external_id="7")])
    assert not outcome.links
    assert asked(outcome) == {("same_external_id", "1"), ("same_external_id", "2")}


def test_one_registration_that_two_entries_come_to_by_different_rungs_is_nobodys():
    outcome = concluded([registration(7, bib="5")], [entry(1, external_id="rsu:7", born=None), entry(2, bib="5", born=None)])
    assert not outcome.links
    assert asked(outcome) == {("taken", "1"), ("taken", "2")}


def test_a_registration_that_is_linked_already_is_not_given_away():
    outcome = concluded(
        [registration(7, bib="5")], [entry(1, bib="9"), entry(2, external_id="rsu:7", born=None)], held=[held(1, 7)]
    )
    assert not outcome.links
    (question,) = outcome.questions
    assert (question.kind, question.entry_key, question.rivals) == ("taken", "2", ("1",))


def test_rung_0_a_link_stands_and_is_only_contradicted():
    people = [registration(7, "Ana Ruiz"), registration(8, "Cy Fiction", **MEN)]
    outcome = concluded(people, [entry(1, "Ana Ruiz", external_id="rsu:8")], held=[held(1, 7)])
    assert (outcome.links, outcome.ended) == ([], [])
    (question,) = outcome.questions
    assert (question.kind, question.detail, [key for _, key in question.registrations]) == ("two_answers", "linked", ["7", "8"])


@pytest.mark.parametrize(
    ("there", "says"),
    [
        ({"name": "Tom Beckett"}, "name"),
        ({"gender": "M"}, "gender"),
        ({"born": date(1991, 3, 4)}, "date of birth"),
        ({"name": "Tom Beckett", "gender": "M"}, "name, gender"),
        ({"name": "Ada Married"}, None),
        ({"gender": None, "born": None}, None),
    ],
)
def test_what_two_linked_records_say_against_each_other(there, says):
    outcome = concluded([registration(7)], [entry(1, **there)], held=[held(1, 7)])
    assert [(q.kind, q.detail) for q in outcome.questions] == ([("disagrees", says)] if says else [])


def test_a_link_that_a_person_made_is_not_questioned():
    people = [registration(7), registration(8, "Tom Beckett", bib="5", **MEN)]
    by_hand = [held(1, 7, method="by_hand", made_by="Pat")]
    outcome = concluded(people, [entry(1, "Tom Beckett", bib="5", external_id="rsu:8", **MEN)], held=by_hand)
    assert (outcome.links, outcome.ended, outcome.questions) == ([], [], [])


def test_two_who_fit_crosswise_are_one_swap():
    people = [registration(7, "Ana Ruiz", bib="512"), registration(8, "Tom Ruiz", bib="513", born=date(1985, 1, 1), **MEN)]
    lists = [entry(1, "Tom Ruiz", born=date(1985, 1, 1), **MEN), entry(2, "Ana Ruiz")]
    outcome = concluded(people, lists, held=[held(1, 7), held(2, 8)])
    kinds = [(q.kind, q.entry_key, q.rivals) for q in outcome.questions if q.kind != "two_answers"]
    assert kinds == [("swap", "1", ("2",))]


def test_what_a_person_parted_no_rung_joins_again():
    apart = frozenset({(("chronotrack", "1"), ("runsignup", "7"))})
    for here, there in (({"bib": "5"}, {"bib": "5"}), ({}, {}), ({}, {"external_id": "rsu:7"})):
        outcome = concluded([registration(7, **here)], [entry(1, **there)], parted=apart)
        assert not outcome.links
        assert all(("runsignup", "7") not in q.registrations for q in outcome.questions)


def test_two_of_whom_a_person_parted_one_leave_the_other():
    apart = frozenset({(("chronotrack", "1"), ("runsignup", "7"))})
    assert linked(concluded([registration(7), registration(8)], [entry(1)], parted=apart)) == {("1", "8", "name_and_birth")}


@pytest.mark.parametrize("who", ["registration", "entry"])
def test_a_link_ends_when_a_person_is_gone(who):
    registrations = [] if who == "registration" else [registration(7)]
    entries = [] if who == "entry" else [entry(1)]
    outcome = concluded(registrations, entries, held=[held(1, 7)])
    assert [(old.entry_key, why) for old, why in outcome.ended] == [("1", "gone")]
    assert asked(outcome) == ({("gone", "1")} if who == "registration" else set())


def test_whose_registration_is_gone_is_said_afterwards_too():
    outcome = concluded([], [entry(1)], vanished=[held(1, 7)])
    assert asked(outcome) == {("gone", "1")}


def test_a_link_made_by_hand_comes_back_with_the_person():
    outcome = concluded([registration(7, "X Y")], [entry(1)], vanished=[held(1, 7, method="by_hand", made_by="Pat")])
    (link,) = outcome.links
    assert (link.registration[1], link.method, link.made_by) == ("7", "by_hand", "Pat")


def test_a_link_follows_a_transfer_and_a_change_of_contest():
    mapped = {SCORED_FIVE: frozenset({FIVE}), SCORED_TEN: frozenset({FIVE})}
    moved = {("runsignup", "7"): ("runsignup", "8")}
    by_hand = held(1, 7, method="by_hand", made_by="Pat")
    outcome = concluded([registration(8)], [entry(1, contest=SCORED_TEN)], mapped=mapped, held=[by_hand], moved=moved)
    assert outcome.ended == [(by_hand, "moved")]
    (link,) = outcome.links
    assert (link.contest_id, link.registration[1], link.made_by) == (SCORED_TEN, "8", "Pat")


def test_the_same_key_on_two_lists_is_two_entries():
    mapped = {SCORED_FIVE: frozenset({FIVE}), SCORED_TEN: frozenset({FIVE})}
    lists = [entry(1, "No Body", gender=None), entry(1, "No Body", gender=None, contest=SCORED_TEN)]
    outcome = concluded([registration(7, "X Y")], lists, mapped=mapped, held=[held(1, 7)])
    assert (outcome.links, outcome.ended) == ([], [])


def test_nothing_depends_on_the_order_and_nobody_is_linked_twice():
    dice = random.Random(3)
    for _ in range(60):
        people = [_somebody(dice, registration, number) for number in range(25)]
        lists = [
            _somebody(dice, entry, number, external_id=dice.choice((None, None, f"rsu:{dice.randrange(25)}")))
            for number in range(25)
        ]
        outcome = concluded(people, lists)
        again = concluded(dice.sample(people, 25), dice.sample(lists, 25))
        assert linked(outcome) == linked(again)
        assert asked(outcome) == asked(again)
        assert (
            len({link.entry_key for link in outcome.links})
            == len({link.registration for link in outcome.links})
            == len(outcome.links)
        )
        touched = {link.entry_key for link in outcome.links} | {question.entry_key for question in outcome.questions}
        assert touched == {one.key for one in lists}


def test_a_second_look_at_the_same_people_changes_nothing():
    dice = random.Random(4)
    for _ in range(30):
        people, lists = ([_somebody(dice, kind, number) for number in range(20)] for kind in (registration, entry))
        first = concluded(people, lists)
        kept = [held(link.entry_key, link.registration[1], method=link.method) for link in first.links]
        second = concluded(people, lists, held=kept)
        assert (second.links, second.ended) == ([], [])


def _somebody(dice, kind, number, **given):
    name = f"{dice.choice(('Ana', 'Anna', 'Tom', 'Bob', 'Robert'))} {dice.choice(('Ruiz', 'Beck', 'Smith'))}"
    born = dice.choice((None, BORN, BORN + timedelta(days=400)))
    return kind(number, name, gender=dice.choice(("F", "M", None)), born=born, bib=str(dice.randrange(20)), **given)
