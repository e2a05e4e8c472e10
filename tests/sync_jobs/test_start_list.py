"""What scoring has to be told: three facts compared field by field, people found by link and id, nothing guessed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from sync_jobs.records import Entry, Registration
from sync_jobs.start_list import MOST_TRIES, Line, fields_of, plan, to_send

FIVE, TEN = 1, 2
ADA = ("runsignup", "7")


def registration(key="7", **given):
    fields = {"first_name": "Ada", "last_name": "Lund", "gender": "F", "born": date(1990, 7, 15), "bib": "12", "email": None,
              "city": None, "state": None, "country": None, "team": None, "age": 35, **given}  # fmt: skip
    return Registration(provider_name="runsignup", key=key, contest_id=50, **fields)


def entry(key="e1", external_id="rsu:7", **given):
    fields = {"first_name": "Ada", "last_name": "Lund", "gender": "F", "born": date(1990, 7, 15), "bib": "12", "age": 35,
              "contest_id": FIVE, "status": "CONF", **given}  # fmt: skip
    return Entry(provider_name="chronotrack", key=key, external_id=external_id, **fields)


def line(state="there", told=None, **given):
    fields = {"external_id": "rsu:7", "told": fields_of(told or registration(), FIVE), "wanted": None, "entry_key": "e1", **given}
    return Line(state=state, **fields)


def made(registrations, entries, links=None, lines=None, **given):
    return plan(FIVE, registrations, entries, links=links or {}, lines=lines or {}, **given)


def kinds(found):
    return [(step.kind, [one.name for one in step.differences]) for step in found.steps]


def test_somebody_new_is_added_with_all_that_is_known():
    (step,) = made([registration()], []).steps
    sent = to_send(step, ("501", "5K"))
    assert (step.kind, sent.external_id, sent.entry_key, sent.contest_id, sent.contest_name) == (
        "create",
        "rsu:7",
        None,
        "501",
        "5K",
    )
    assert (sent.first_name, sent.born, sent.bib, sent.withdrawn) == ("Ada", date(1990, 7, 15), "12", False)


def test_who_stands_there_as_wanted_needs_nothing():
    found = made([registration()], [entry()])
    assert found.steps == []
    assert [one[:3] for one in found.there] == [(ADA, "rsu:7", "e1")]
    assert made([registration()], [entry()], lines={ADA: line()}).same == 1


@pytest.mark.parametrize("external_id", ["RSU:7", " rsu:7 "])
def test_ids_are_compared_without_regard_to_case_and_blanks(external_id):
    assert made([registration()], [entry(external_id=external_id)]).steps == []


def test_a_link_wins_over_ids_and_a_bib_finds_nobody():
    linked = made([registration()], [entry("e1", None), entry("e2", "rsu:7")], links={ADA: "e1"})
    assert [key for _, _, key, _ in linked.there] == ["e1"]
    assert kinds(made([registration()], [entry(external_id=None)])) == [("create", [])]


def test_two_entries_with_one_id_wait_for_a_person():
    assert kinds(made([registration()], [entry("e1"), entry("e2")])) == [("twice", [])]


@pytest.mark.parametrize(
    ("ours", "told", "theirs", "expected"),
    [
        ("12", "12", "12", None),
        ("13", "12", "12", "update"),  # registration changed it
        ("12", "12", "99", None),  # scoring changed it: theirs stays
        ("13", "12", "99", "conflict"),  # both did
        (None, "12", "12", None),  # a blank takes nothing away
        (None, None, "99", None),  # given out at scoring
        ("77", None, "99", "conflict"),  # given out at both sides
        ("77", None, None, "update"),
        ("13", "12", "13", None),  # both came to the same
        ("007", None, "7", None),  # a number, however it is written
        ("a12", None, "A12", None),
        ("0", None, None, None),  # what stands for none is no bib to send
        ("13", "0012", "12", "update"),
    ],
)
def test_bibs_are_carried_and_never_guessed(ours, told, theirs, expected):
    found = made([registration(bib=ours)], [entry(bib=theirs)], lines={ADA: line(told=registration(bib=told))})
    assert kinds(found) == ([] if expected is None else [(expected, ["bib"])])


def test_a_different_bib_that_scoring_was_never_told_of_is_a_conflict_and_a_different_name_is_sent():
    assert kinds(made([registration(bib="13")], [entry()])) == [("conflict", ["bib"])]
    assert kinds(made([registration(last_name="Lund-Berg")], [entry()])) == [("update", ["last_name"])]


def test_somebody_in_another_distance_is_moved():
    assert kinds(made([registration()], [entry(contest_id=TEN)])) == [("update", ["contest_id"])]


@pytest.mark.parametrize("state", ["sent", "in_file"])
def test_what_is_on_its_way_is_not_sent_again_until_it_changes(state):
    on_its_way = {ADA: line(state, entry_key=None)}
    found = made([registration()], [], lines=on_its_way)
    assert (found.steps, found.told) == ([], 1)
    assert kinds(made([registration(bib="13")], [], lines=on_its_way)) == [("create", [])]
    stale = made([registration(bib="13")], [entry()], lines={ADA: line(state, told=registration(bib="13"))})
    assert (stale.steps, stale.told) == ([], 1), "an update on its way"


def test_whoever_was_taken_off_at_scoring_is_not_put_back_unasked():
    (step,) = made([registration()], [], lines={ADA: line("there")}).steps
    assert (step.kind, "took them off" in step.why) == ("conflict", True)


def test_a_yes_lets_exactly_that_go_out():
    waiting = made([registration(bib="13")], [entry()]).steps[0]
    yes = Line(state="approved", external_id="rsu:7", told=None, wanted=waiting.wanted, entry_key="e1")
    (step,) = made([registration(bib="13")], [entry()], lines={ADA: yes}).ready
    assert (step.kind, step.is_decided, step.wanted["bib"]) == ("update", True, "13")
    assert made([registration(bib="14")], [entry()], lines={ADA: yes}).ready == [], "something else than they saw"
    off = made([], [entry()], lines={ADA: line()}).steps[0]
    (gone,) = made([], [entry()], lines={ADA: line("approved", wanted=off.wanted)}).ready
    assert gone.kind == "withdraw"


def test_the_doubtful_wait():
    assert kinds(made([registration()], [], doubtful={ADA})) == [("conflict", [])]


@pytest.mark.parametrize("state", ["declined", "refused"])
def test_what_was_declined_or_refused_is_asked_again_only_when_it_changes(state):
    before = {ADA: line(state, told=None, wanted=fields_of(registration(), FIVE), entry_key=None)}
    before[ADA] = replace(before[ADA], told=None)
    assert made([registration()], [], lines=before).steps == []
    assert kinds(made([registration(bib="13")], [], lines=before)) == [("create", [])]


def test_whoever_is_not_registered_any_more_is_withdrawn_by_a_person():
    by_line = made([], [entry()], lines={ADA: line()})
    by_link = made([], [entry(external_id=None)], links={ADA: "e1"})
    by_id = made([], [entry("e9")], lines={ADA: line("sent", entry_key=None)})
    assert [(step.kind, step.entry_key) for found in (by_line, by_link, by_id) for step in found.steps] == [
        ("withdraw", "e1"), ("withdraw", "e1"), ("withdraw", "e9"),
    ]  # fmt: skip
    assert to_send(by_line.steps[0], ("501", "5K")).withdrawn
    assert made([], [], lines={ADA: line()}).steps == [], "they are not there anyway"


@pytest.mark.parametrize("state", ["declined", "withdrawn"])
def test_a_withdrawal_that_was_decided_is_not_asked_again(state):
    assert made([], [entry()], lines={ADA: line(state)}).steps == []


def test_strangers_on_the_list_are_left_alone():
    assert made([], [entry(external_id=None), entry("e2", "rsu:999")]).steps == []


def test_a_second_plan_after_everything_was_told_sends_nothing():
    people = [registration(str(number), bib=str(number)) for number in range(50)]
    first = made(people, [])
    told = {
        step.person: Line(state="sent", external_id=step.external_id, told=step.wanted, wanted=None, entry_key=None)
        for step in first.steps
    }
    assert (len(first.steps), made(people, [], lines=told).steps) == (50, [])
    there = [entry(f"e{one.key}", one.external_id, bib=one.bib) for one in people]
    assert made(people, there, lines=told).steps == []


def test_somebody_registered_for_another_distance_is_not_withdrawn():
    assert made([], [entry()], lines={ADA: line()}, elsewhere={ADA}).steps == []
    assert made([], [entry(external_id=None)], links={ADA: "e1"}, elsewhere={ADA}).steps == []


@pytest.mark.parametrize("state", ["waiting", "refused", "declined"])
def test_whoever_was_taken_off_at_scoring_waits_until_somebody_says_yes(state):
    """The question itself must not turn into the answer when the next run looks."""
    asked = {ADA: line(state, told=registration(bib="11"), wanted=fields_of(registration(bib="11"), FIVE), entry_key=None)}
    found = made([registration()], [], lines=asked)
    assert (kinds(found), found.ready) == ([("conflict", [])], [])
    yes = {ADA: line("approved", wanted=fields_of(registration(), FIVE), entry_key=None)}
    assert kinds(made([registration()], [], lines=yes)) == [("create", [])]
    other = {ADA: line("approved", wanted=fields_of(registration(), FIVE))}
    assert made([registration()], [], lines=other).ready == [], "a yes to what stood there then"


def test_nobody_is_withdrawn_whose_entry_is_somebody_elses_by_now():
    """A transfer, or somebody who left and signed up again: the entry goes on under another registration."""
    off = made([], [entry()], lines={ADA: line()}).steps[0]
    yes = {ADA: line("approved", wanted=off.wanted)}
    again = registration("8")
    assert made([again], [entry()], links={("runsignup", "8"): "e1"}, lines=yes).ready == []
    moved = {("runsignup", "8")}
    assert made([], [entry()], links={("runsignup", "8"): "e1"}, lines=yes, elsewhere=moved).ready == []


def test_whoever_comes_back_after_a_withdrawal_is_put_back():
    gone = made([], [entry()], lines={ADA: line()}).steps[0]
    (step,) = made([registration()], [entry()], lines={ADA: replace(line("withdrawn"), told=gone.wanted)}).ready
    assert (step.kind, step.entry_key) == ("update", "e1")
    assert to_send(step, ("501", "5K")).restored
    assert made([registration()], [entry()], lines={ADA: line("sent")}).steps == []


def test_each_withdrawal_is_told_by_the_id_of_its_registration():
    """Entries of a list that somebody made at scoring have no id, or one that means something else there."""
    steps = made([], [entry("e1", None), entry("e2", None)], links={ADA: "e1", ("runsignup", "8"): "e2"}).steps
    assert [(step.external_id, step.known_as) for step in steps] == [("rsu:7", None), ("rsu:8", None)]


def test_no_third_is_added_to_two_who_carry_one_id():
    twice = [entry("e1"), entry("e2")]
    asked = made([registration()], twice).steps[0]
    found = made([registration()], twice, lines={ADA: line("approved", wanted=asked.wanted, entry_key=None)})
    assert (found.ready, [step.kind for step in found.waiting]) == ([], ["twice"])


def test_whoever_comes_back_with_another_bib_is_asked_about_and_put_back():
    """Both are kept until somebody has decided: that they are back, and that the two sides gave different bibs."""
    off = line("withdrawn", taken_off=True)
    back = made([registration(bib="13")], [entry(bib="99")], lines={ADA: off})
    (asked,) = back.waiting
    assert (asked.kind, asked.restored, "taken off" in asked.why, "bib 13 here, 99 there" in asked.why) == (
        "conflict", True, True, True,
    )  # fmt: skip
    for state in ("waiting", "refused"):
        (again,) = made([registration(bib="13")], [entry(bib="99")], lines={ADA: replace(off, state=state)}).waiting
        assert again.restored, "also after it was asked"
    yes = replace(off, state="approved", wanted=asked.wanted)
    (step,) = made([registration(bib="13")], [entry(bib="99")], lines={ADA: yes}).ready
    assert (to_send(step, ("501", "5K")).restored, to_send(step, ("501", "5K")).bib) == (True, "13")


def test_whoever_was_asked_about_on_their_way_back_and_left_again_is_not_taken_off_twice():
    assert made([], [entry()], lines={ADA: line("waiting", taken_off=True)}).steps == []


@pytest.mark.parametrize(("tries", "is_sent"), [(0, False), (1, True), (MOST_TRIES - 1, True), (MOST_TRIES, False)])
def test_what_got_no_proper_answer_is_tried_again_so_often(tries, is_sent):
    wanted = fields_of(registration(), FIVE)
    never = {ADA: line("refused", wanted=wanted, entry_key=None, tries=tries)}
    never[ADA] = replace(never[ADA], told=None)
    for entries in ([], [entry(last_name="Lundt")]):
        ready = made([registration()], entries, lines=never).ready
        assert [(step.tries, to_send(step, ("501", "5K")).alone) for step in ready] == ([(tries, True)] if is_sent else [])
