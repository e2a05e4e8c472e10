"""All checks together: which there are, which are asked, and what becomes of what they find."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from sync_jobs.checks import running, thresholds
from sync_jobs.checks.base import Check, Destination, Finding, of_row, said
from sync_jobs.checks.folding import EXPLAINS, STOPPED, folded
from sync_jobs.results import Split
from tests.checks import building as b
from tests.checks.test_splits import COURSE, race, read

FIRST_RELEASE = {
    "P": (1, 2, 3, 4, 5, 7, 9, 10, 11), "M": (1, 2, 3, 4, 5, 6, 7, 8), "T": (1, 2, 4, 5, 6, 7, 8, 16), "L": (1, 2, 4, 5),
    "R": (1, 2, 3, 4), "D": (1, 5), "G": (1, 6), "V": (1, 2, 3, 5, 6, 8), "X": (1, 2, 3, 4, 5, 6),
}  # fmt: skip
EXTRA = {"T": (9, 11), "L": (3, 8, 9), "D": (6,), "G": (5, 8), "V": (4, 9)}  # that incidents name
ESCALATE = {"P": (10, 11), "M": (3, 4, 5, 6), "L": (2, 3, 4, 8), "D": (1, 5), "V": (5,)}


def ids_of(numbers):
    return {f"{family}{number:02d}" for family, those in numbers.items() for number in those}


def only(monkeypatch, *checks):
    monkeypatch.setattr(running, "CHECKS", checks)


def check(rule, check_id="Z01", **more):
    return Check(check_id=check_id, name="odd", rule=rule, **more)


def by_id(found):
    return {one.check_id: one for one in found}


# which there are


def test_the_49_of_the_first_release_and_those_of_the_incidents():
    first, extra, ids = ids_of(FIRST_RELEASE), ids_of(EXTRA), [one.check_id for one in running.CHECKS]
    assert len(first) == 49
    assert first.isdisjoint(extra)
    assert sorted(ids) == sorted(first | extra)
    assert len({one.name for one in running.CHECKS}) == len(ids)


def test_which_are_lifted_in_an_award_place():
    assert {one.check_id for one in running.CHECKS if one.escalates} == ids_of(ESCALATE)


def test_every_number_belongs_to_a_check_and_every_cause_is_one():
    ids = {one.check_id for one in running.CHECKS}
    assert set(thresholds.of("road", {})) - {"many"} <= ids
    assert set(EXPLAINS) | {each for those in EXPLAINS.values() for each in those} <= ids


@pytest.mark.parametrize("profile", thresholds.PROFILES)
@pytest.mark.parametrize("count", [0, 1, 2, 300])
def test_a_clean_contest_of_any_profile_gives_nothing(profile, count):
    assert running.run(b.field(count, about=b.facts(profile=profile, points=()))) == []


def test_a_clean_contest_with_splits_that_is_published_again_gives_nothing():
    field = race(count=300)
    assert running.run(replace(field, live=field.version, newest=field.version)) == []


# which are asked


def test_a_profile_is_asked_only_what_means_something():
    assert {"T05", "L02", "L03", "R04", "D06"} & {
        one.check_id for one in running.due(b.field(1, about=b.facts(profile="kids")))
    } == set()
    assert "L03" not in {one.check_id for one in running.due(b.field(1, about=b.facts(profile="wheel")))}


def test_a_check_may_be_for_some_profiles_only(monkeypatch):
    only(monkeypatch, check(lambda _: [said("Z01", "warn", "Odd.")], profiles=frozenset({"ultra"})))
    assert running.run(b.field(1)) == []
    assert len(running.run(b.field(1, about=b.facts(profile="ultra")))) == 1


def test_without_a_destination_nothing_is_asked_of_it():
    to = Destination(provider_name="runsignup", day=b.DAY - timedelta(days=365), flags=None, expected=None)
    assert running.run(b.field(5)) == []
    assert [one.check_id for one in running.run(b.field(5, destination=to))] == ["X06"]


# a check that stumbles


@pytest.mark.parametrize(
    "problem", [ZeroDivisionError, KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError]
)
def test_a_check_that_stumbles_stops_everything_and_the_others_are_done(monkeypatch, problem):
    def stumble(_field):
        yield said("Z01", "info", "Half way.")
        raise problem

    only(monkeypatch, check(stumble, version=3), check(lambda _: [said("Z02", "warn", "Odd.")], "Z02"))
    first, second = running.run(b.field(1))
    sentence = f"A check could not be done: Z01 stopped with {problem.__name__}. Nothing goes out until it can."
    assert (first.check_id, first.severity, first.scope, first.sentence, first.check_version) == (
        "Z01",
        "block",
        "set",
        sentence,
        3,
    )
    assert second.check_id == "Z02"


def test_a_number_that_is_not_there_stops_everything():
    field = b.field(5)
    without = {name: numbers for name, numbers in field.thresholds.items() if name != "T02"}
    (found,) = running.run(replace(field, thresholds=without))
    assert found.sentence == "A check could not be done: T02 stopped with KeyError. Nothing goes out until it can."


def test_nothing_personal_stands_in_what_a_stumbling_check_leaves(monkeypatch):
    def stumble(field):
        raise ValueError(field.version.rows[0].name)

    only(monkeypatch, check(stumble))
    assert "Beck1" not in str(running.run(b.field(1)))


# awards


def odd(*numbers, severity="warn"):
    """A check that finds the rows of those numbers odd, each by itself."""
    return lambda field: [of_row("Z01", severity, "Odd.", field.version.by_entry[f"e{number}"]) for number in numbers]


def lifted(monkeypatch, field, number, **more):
    only(monkeypatch, check(odd(number), escalates=True, **more))
    (found,) = running.run(field)
    assert (found.severity == "block") is found.is_award
    return found.is_award


@pytest.mark.parametrize(("number", "is_award"), [(1, True), (20, True), (21, False), (150, False)])
def test_in_an_award_place_a_finding_weighs_one_level_more(monkeypatch, number, is_award):
    """The tenth woman of the contest is number 20; divisions have no awards here."""
    assert lifted(monkeypatch, b.field(200, about=b.facts(division_awards=0)), number) is is_award


@pytest.mark.parametrize(("severity", "then"), [("info", "warn"), ("warn", "block"), ("block", "block"), ("hard", "hard")])
def test_one_level_and_never_to_what_nobody_can_waive(monkeypatch, severity, then):
    only(monkeypatch, check(odd(1, severity=severity), escalates=True))
    assert [one.severity for one in running.run(b.field(5))] == [then]
    only(monkeypatch, check(odd(1, severity=severity)))
    (found,) = running.run(b.field(5))
    assert (found.severity, found.is_award) == (severity, True)


def test_who_would_be_in_an_award_place_counts_too(monkeypatch):
    field = b.field(200, about=b.facts(division_awards=0))

    def with_row(**said_of_it):
        return replace(field, version=replace(field.version, rows=b.changed(field.version.rows, 100, **said_of_it)))

    fast = {"gun_ms": b.row(19).gun_ms, "place": None, "gender_place": None}
    assert not lifted(monkeypatch, with_row(), 100)
    assert lifted(monkeypatch, with_row(status="DNF", **fast), 100)  # if they were a finisher
    assert lifted(monkeypatch, with_row(gender=None, **fast), 100)  # whatever their gender is
    assert lifted(monkeypatch, with_row(status="DNF", **{**fast, "gun_ms": b.row(20).gun_ms}), 100)  # as fast as the tenth
    assert not lifted(monkeypatch, with_row(status="DNF", **{**fast, "gun_ms": b.row(20).gun_ms + 1}), 100)
    only_chip = {**fast, "gun_ms": None, "chip_ms": b.row(2).chip_ms}
    assert lifted(monkeypatch, with_row(status="DNF", **only_chip), 100)  # by the only time there is
    assert not lifted(monkeypatch, with_row(status="DNF", **{**fast, "gun_ms": None, "chip_ms": None}), 100)


def test_by_the_registrations_gender_somebody_may_be_among_the_first(monkeypatch):
    """The 40th man, with a woman's registration: among the women he would come tenth."""
    women = [b.row(n, gender="F", division=None) for n in range(60, 90)]
    men = [b.row(n, gender="M", division=None) for n in range(1, 60)]
    field = b.field(b.ranked([*men, *women]), about=b.facts(overall_awards=0))
    assert not lifted(monkeypatch, field, 40)
    registered = {**field.registered, "e40": replace(field.registered["e40"], gender="F")}
    assert lifted(monkeypatch, replace(field, registered=registered), 40)


@pytest.mark.parametrize(("age", "is_award"), [(69, False), (70, True), (79, True), (80, False)])
def test_by_the_registrations_age_somebody_may_win_a_division(monkeypatch, age, is_award):
    rows = b.ranked([*[b.row(n, gender="M", division="M20-29", age=25) for n in range(1, 40)],
                     *[b.row(n, gender="M", division="M70-79", age=72) for n in range(40, 60)]])  # fmt: skip
    field = b.field(rows)
    assert not lifted(monkeypatch, field, 30)
    registered = {**field.registered, "e30": replace(field.registered["e30"], age=age)}
    assert lifted(monkeypatch, replace(field, registered=registered), 30) is is_award


def test_where_children_are_not_ranked_nobody_would_win(monkeypatch):
    rows = [b.row(n) for n in range(1, 30)]
    assert lifted(monkeypatch, b.field(rows), 1)
    assert not lifted(monkeypatch, b.field(rows, about=b.facts(profile="kids")), 1)


def test_who_had_an_award_and_is_gone_counts_by_what_the_public_sees(monkeypatch):
    field = b.field(b.rows(50)[1:], live=b.version(b.rows(50)), about=b.facts(division_awards=0))
    only(monkeypatch, check(lambda f: [of_row("Z01", "warn", "Gone.", f.live.rows[0])], escalates=True))
    assert [(one.severity, one.is_award) for one in running.run(field)] == [("block", True)]


# one cause before its consequences


def test_places_by_the_other_time_explain_places_that_do_not_follow_the_time():
    rows = b.ranked([b.row(n, chip_ms=2_000_000 - n * 1000) for n in range(1, 101)])
    found = by_id(running.run(b.field(rows, about=b.facts(basis="chip", division_basis="chip"))))
    assert found["R03"].folded_into is None
    assert found["R02"].folded_into == "R03"


def test_i02_mass_disqualification_explains_every_single_one():
    before = b.rows(500)
    now = b.changed(before, *range(300, 312), status="DQ", place=None, gender_place=None, division_place=None)
    found = [one for one in running.run(b.field(now, live=b.version(before, number=1))) if one.check_id in {"G08", "V06"}]
    assert [(one.check_id, one.severity, one.folded_into) for one in found] == [
        ("G08", "block", None),
        *[("V06", "warn", "G08")] * 12,
    ]


def test_i01_a_dead_mat_is_one_finding_in_all():
    rows = b.rows(1000)
    gone = [read(row, without={"6K"}) for row in rows[300:420]] + [read(row, without={"6K", "8K"}) for row in rows[420:428]]
    found = running.run(race(*gone, count=1000))
    assert [(one.check_id, one.severity) for one in found] == [("L05", "warn")]


def test_rows_that_came_several_times_explain_places_that_do_not_go_up():
    rows = b.rows(40)
    found = by_id(running.run(b.field((*rows, *rows))))
    assert found["P07"].folded_into is None
    assert found["R01"].folded_into == "P07"


def cause(check_id, severity="warn", *, entries=(), **numbers):
    return Finding(check_id=check_id, severity=severity, sentence="A cause.", entries=entries, numbers=numbers)


def case(check_id, severity="warn", *entries):
    return Finding(check_id=check_id, severity=severity, sentence="A case.", entries=entries, scope="row")


def test_a_cause_stands_as_high_as_the_worst_that_it_explains():
    found = folded([case("L04", "block", "e1"), cause("L05"), case("L04", "warn", "e2")])
    assert [(one.check_id, one.severity, one.folded_into) for one in found] == [
        ("L04", "block", "L05"), ("L05", "block", None), ("L04", "warn", "L05"),
    ]  # fmt: skip


def test_what_nobody_can_waive_is_explained_by_nobody():
    assert [one.folded_into for one in folded([cause("P01", "hard"), cause("P03", "hard"), cause("V01")])] == [None, None, "P01"]


@pytest.mark.parametrize(
    ("one", "explains"),
    [
        (cause("L05"), True), (cause("L05", "info"), False), (cause("L05", "block", **{STOPPED: "KeyError"}), False),
        (case("L05", "warn", "e1"), False), (cause("L05", entries=("e1", "e2")), True), (cause("L05", entries=("e1",)), True),
        (cause("L05", entries=("e2",)), False),
    ],
)  # fmt: skip
def test_what_explains_something(one, explains):
    assert [found.folded_into for found in folded([one, case("L04", "warn", "e1")])][1] == ("L05" if explains else None)


@pytest.mark.parametrize(("used", "planned", "explains"), [(120, 0, True), (0, 120, False), (120, None, True)])
def test_only_a_later_gun_makes_times_too_short(used, planned, explains):
    found = folded([cause("T08", used=used, planned=planned), case("T01", "block", "e1")])
    assert found[1].folded_into == ("T08" if explains else None)


def test_a_few_chip_times_above_gun_times_explain_nothing():
    assert folded([cause("T02"), case("T01", "block", "e1")])[1].folded_into is None
    assert folded([cause("T02", "block"), case("T01", "block", "e1")])[1].folded_into == "T02"


def test_a_cause_that_is_explained_itself_explains_no_more():
    found = folded([cause("T07", "block"), cause("T08", used=2, planned=1), case("T01", "block", "e1")])
    assert [one.folded_into for one in found] == [None, "T07", None]


# order


def test_what_stops_first_then_awards_then_the_rest_and_what_is_explained_last(monkeypatch):
    rules = (
        lambda field: [case("L04", "block", "e1"), cause("L05"), case("Z01", "warn", "e150")],
        lambda field: [case("Z02", "warn", "e1"), cause("Z02"), case("Z02", "info", "e1"), cause("Z02", "hard")],
    )
    only(monkeypatch, *(check(rule, f"Z0{n}") for n, rule in enumerate(rules, start=1)))
    found = running.run(b.field(200, about=b.facts(division_awards=0)))
    assert [(one.check_id, one.severity, one.is_award) for one in found] == [
        ("Z02", "hard", False), ("L05", "block", False), ("Z02", "warn", True), ("Z02", "warn", False), ("Z01", "warn", False),
        ("Z02", "info", True), ("L04", "block", True),
    ]  # fmt: skip


# fingerprints


def test_the_very_same_finding_has_the_same_fingerprint():
    field, again = b.field(10), b.field(10)
    one, other = (of_row("L02", "warn", "Fast.", found.version.rows[2], ms=5, begins="2K") for found in (field, again))
    later = replace(again.version, number=9, rows=again.version.rows[::-1])
    assert running.fingerprint(one, field.version) == running.fingerprint(other, later)
    assert len(running.fingerprint(one, field.version)) == 64
    assert running.fingerprint(replace(one, sentence="Said better.", severity="block"), field.version) == running.fingerprint(
        one, later
    )


@pytest.mark.parametrize(
    "change",
    [
        {"check_id": "L03"},
        {"check_version": 2},
        {"entries": ("e4",)},
        {"entries": ()},
        {"numbers": {"ms": 6}},
        {"scope": "set"},
        {"is_award": True},
    ],
    ids=str,
)
def test_another_finding_has_another_fingerprint(change):
    version = b.field(10).version
    one = of_row("L02", "warn", "Fast.", version.rows[2], ms=5)
    assert running.fingerprint(one, version) != running.fingerprint(replace(one, **change), version)


@pytest.mark.parametrize(
    "change",
    [
        {"gun_ms": 1},
        {"first_name": "Eve"},
        {"age": 77},
        {"bib": "x"},
        {"status": "DQ"},
        {"splits": (Split(point="2K", gun_ms=1),)},
    ],
    ids=str,
)
def test_a_changed_row_ends_what_was_said_of_it_and_of_nobody_else(change):
    version = b.field(10).version
    changed = replace(version, rows=b.changed(version.rows, 3, **change))
    mine, other = (of_row("L02", "warn", "Fast.", version.rows[n]) for n in (2, 3))
    assert running.fingerprint(mine, version) != running.fingerprint(mine, changed)
    assert running.fingerprint(other, version) == running.fingerprint(other, changed)


def test_somebody_who_comes_in_ahead_ends_no_waiver_behind():
    version = b.field(10).version
    moved = replace(version, rows=b.changed(version.rows, 3, place=77, gender_place=12, division_place=4))
    mine = of_row("L02", "warn", "Fast.", version.rows[2])
    assert running.fingerprint(mine, version) == running.fingerprint(mine, moved)


def test_a_finding_of_the_set_ends_with_its_numbers():
    version = b.field(10).version
    one = said("M01", "warn", "12 of 4,871.", count=12, finishers=4871)
    assert running.fingerprint(one, version) != running.fingerprint(replace(one, numbers={"count": 13, "finishers": 4871}), version)
    assert running.fingerprint(one, version) == running.fingerprint(replace(one, numbers={"finishers": 4871, "count": 12}), version)


def test_of_somebody_who_is_gone_there_is_a_fingerprint_too():
    version = b.field(10).version
    gone = case("V06", "warn", "e99")
    assert running.fingerprint(gone, version) != running.fingerprint(case("V06", "warn", "e98"), version)


# at random

STATUSES = ("FINISHED", "FINISHED", None, "DNF", "DNS", "DQ", "RUNNING", "NOT_SEEN", "HELD", "OTL", "NC")
ABSURD = {
    "gun_ms": (None, 0, -5, 1, 10**9), "chip_ms": (None, 0, -5, 1, 10**9), "status": STATUSES, "gender": (None, "X"),
    "age": (None, 0, 200), "place": (None, 0, -1), "bib": (None, "", "1"), "division": (None, "", "M99-10", "Open"),
    "division_place": (None, 0), "gender_place": (None, 0), "first_name": ("",), "last_name": ("", "𝕏"), "entry_key": ("e1",),
    "is_projected": (True,), "wave": ("A", "B"),
}  # fmt: skip
ABOUT = {
    "points": ((), COURSE), "metres": (None, 0, 10_000, 42_195), "day": (None, b.DAY), "planned_start": (None, b.START),
    "profile": thresholds.PROFILES, "cutoff_ms": (None, 0), "basis": ("gun", "chip"), "division_basis": ("gun", "chip"),
}  # fmt: skip


@pytest.mark.parametrize("seed", range(25))
def test_whatever_scoring_sends_there_is_an_answer(seed):
    """Rows with anything missing or absurd: never an exception, and no check stumbles."""
    dice = random.Random(seed)

    def spoilt(row):
        row = read(row) if dice.random() < 0.5 else row
        return replace(row, **{name: dice.choice(values) for name, values in ABSURD.items() if dice.random() < 0.2})

    rows = [spoilt(row) for row in b.rows(dice.choice((1, 3, 60, 600)))]
    facts = b.facts(**{name: dice.choice(values) for name, values in ABOUT.items()})
    field = b.field(
        rows, about=facts, live=b.version(b.rows(50)), newest=dice.choice((None, b.version(()))), handed_out=frozenset({"e1"}),
        going_official=True, said={"started_at": dice.choice((None, b.START))},
    )  # fmt: skip
    found = running.run(field)
    assert [one.sentence for one in found if STOPPED in one.numbers] == []
    assert all(len(running.fingerprint(one, field.version)) == 64 for one in found)
    assert all(one.sentence[0].isupper() or one.sentence[0].isdigit() for one in found)
    assert all(one.sentence.endswith((".", "?")) for one in found)
