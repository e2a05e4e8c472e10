"""V: each check with what fires it, what does not, and both sides of its boundary."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from sync_jobs.checks import changing
from sync_jobs.checks.base import Declared, Destination
from sync_jobs.results import SetFlags
from sync_jobs.review.payload import payload
from tests.checks import building as b

FLAGS = SetFlags(name="10K", is_public=True, is_preliminary=True, notifies=False)


def said(rule, field):
    return [(found.severity, found.scope, found.sentence) for found in rule(field)]


def after(before, now, **more):
    """The field of a version whose predecessor is live."""
    return b.field(now, live=b.version(before, number=1), **more)


@pytest.mark.parametrize("check", changing.CHECKS, ids=lambda check: check.check_id)
def test_nothing_changed_or_nothing_is_live(check):
    assert list(check.rule(after(b.rows(200), b.rows(200)))) == []
    assert list(check.rule(b.field(200))) == []
    assert list(check.rule(after((), b.rows(20)))) == []


@pytest.mark.parametrize("check", changing.CHECKS, ids=lambda check: check.check_id)
def test_whoever_is_only_added_is_no_change(check):
    assert list(check.rule(after(b.rows(200), b.rows(220)))) == []


# V01


def test_somebody_public_is_missing():
    sentence = "1 public result is missing now: bib 7, Ian Ito7. Should this be DQ or DNF instead?"
    before = b.rows(10)
    assert said(changing.removed_rows, after(before, (*before[:6], *before[7:]))) == [("warn", "set", sentence)]


def test_who_is_there_and_not_shown_any_more_is_missing_too():
    now = b.changed(b.rows(10), 7, status="NOT_SEEN", gun_ms=None, chip_ms=None, place=None)
    assert said(changing.removed_rows, after(b.rows(10), now))[0][0] == "warn"
    hidden = b.changed(b.rows(10), 7, status="RUNNING")
    assert said(changing.removed_rows, after(hidden, b.rows(10)[:6])) != []
    assert said(changing.removed_rows, after(hidden, (*b.rows(10)[:6], *b.rows(10)[7:]))) == []


@pytest.mark.parametrize(
    ("count", "gone", "severity"), [(100, 3, "warn"), (100, 4, "block"), (5000, 10, "warn"), (5000, 11, "block")]
)
def test_a_few_may_go_with_a_look_many_may_not(count, gone, severity):
    before = b.rows(count)
    assert said(changing.removed_rows, after(before, before[: count - gone]))[0][0] == severity


# V02


def test_i08_one_disqualification_moves_the_podium():
    out = b.row(6, status="DQ", gun_ms=None, chip_ms=None, division=None)
    plain = [replace(row, division=None, division_place=None) for row in b.rows(20)]
    found = list(
        changing.award_change(after(plain, b.rows(20, out, *[replace(row, division=None) for row in plain if row.bib != "6"])))
    )
    sentence = "Award places change holder: 3rd woman: Eva Novak6 (bib 6) → Ida Haddad8 (bib 8)."
    assert [(one.severity, one.scope, one.sentence, set(one.entries)) for one in found] == [("warn", "row", sentence, {"e6", "e8"})]


@pytest.mark.parametrize(("place", "fires"), [(3, True), (4, False)])
def test_only_places_with_an_award_count(place, fires):
    plain = [replace(row, gender=None, division=None, gender_place=None, division_place=None) for row in b.rows(10)]
    now = list(plain)
    now[place - 1 : place + 1] = [replace(now[place - 1], place=place + 1), replace(now[place], place=place)]
    assert bool(said(changing.award_change, after(plain, now))) is fires


# V03


@pytest.mark.parametrize(("count", "many", "fires"), [(1000, 10, False), (1000, 11, True), (100, 3, False), (100, 4, True)])
def test_many_times_change(count, many, fires):
    before = b.rows(count)
    now = [replace(row, gun_ms=row.gun_ms + 2000 + 7000 * n) if n < many else row for n, row in enumerate(before)]
    found = said(changing.mass_change, after(before, now))
    assert bool(found) is fires
    if many == 11:
        sentence = "11 of 1,000 public times change (1.1 %), and no such correction was declared."
        assert found == [("block", "set", sentence)]


def test_a_change_that_nobody_can_see_is_none():
    before = b.rows(100)
    now = [replace(row, gun_ms=row.gun_ms - 400) for row in before]
    assert said(changing.mass_change, after(before, now)) == []  # shown up to the next second, both are the same
    now = [replace(row, gun_ms=row.gun_ms - 1000) for row in before]
    assert said(changing.mass_change, after(before, now)) != []


# V04 and declared corrections


def waves(count=100):
    return [replace(row, wave="1B" if n % 2 else "1A") for n, row in enumerate(b.rows(count))]


def earlier(rows, ms=270_000, wave="1B", chip=False):
    return [
        replace(row, gun_ms=row.gun_ms - ms, chip_ms=row.chip_ms - ms * chip) if wave in {None, row.wave} else row for row in rows
    ]


def test_i05_a_wave_that_moved_by_a_constant():
    field = after(waves(), earlier(waves()))
    assert said(changing.constant_delta, field) == [
        ("info", "set", "50 of 50 changed times of wave 1B move by −4:30: one bulk correction.")
    ]
    assert said(changing.mass_change, field)[0][0] == "block"


def test_i05_declared_it_is_one_line_and_whoever_deviates_is_named():
    declared = (Declared(delta_ms=-270_000, wave="1B"),)
    field = after(waves(), earlier(waves()), declared=declared)
    assert said(changing.mass_change, field) == []
    assert said(changing.constant_delta, field) == [
        ("info", "set", "50 of 50 changed times of wave 1B move by −4:30: as declared.")
    ]
    now = earlier(waves())
    now[11] = waves()[11]
    sentence = "1 result does not follow the declared −4:30 for wave 1B: bib 12, Mia Beck12."
    (info, warn) = changing.constant_delta(after(waves(), now, declared=declared))
    assert (warn.severity, warn.sentence, warn.entries) == ("warn", sentence, ("e12",))
    assert info.severity == "info"


def test_a_declaration_of_bibs_is_about_those_and_says_where_it_is_not_as_many():
    declared = (Declared(delta_ms=-270_000, bibs=(2, 100), expected=49, declared_id=7),)
    moved = [replace(row, gun_ms=row.gun_ms - 270_000) if int(row.bib) % 2 else row for row in b.rows(100)]
    info, deviates = changing.constant_delta(after(b.rows(100), moved, declared=declared))
    assert info.sentence == "49 of 50 changed times of bibs 2 to 100 move by −4:30: as declared."
    assert (info.numbers["declared"], info.numbers["is_met"]) == (7, False), "50 of them did not"
    assert deviates.sentence.startswith("50 results do not follow the declared −4:30 for bibs 2 to 100: bib 2, ")
    assert said(changing.mass_change, after(b.rows(100), moved, declared=declared)) == [], "one more than was declared is no mass"
    (all_alike,) = changing.constant_delta(
        after(waves(), earlier(waves()), declared=(Declared(delta_ms=-270_000, wave="1B", expected=50),))
    )
    assert all_alike.numbers["is_met"]


@pytest.mark.parametrize(
    "wrong", [Declared(delta_ms=-270_000, wave="1A"), Declared(delta_ms=270_000, wave="1B"), Declared(delta_ms=-271_001)]
)
def test_another_declaration_declares_nothing(wrong):
    assert said(changing.mass_change, after(waves(), earlier(waves()), declared=(wrong,))) != []


@pytest.mark.parametrize(("delta", "declared"), [(-269_000, True), (-271_000, True), (-268_999, False)])
def test_a_declaration_is_meant_to_the_second(delta, declared):
    field = after(waves(), earlier(waves()), declared=(Declared(delta_ms=delta, wave="1B"),))
    assert (said(changing.mass_change, field) == []) is declared


@pytest.mark.parametrize(("others", "fires"), [(5, True), (6, False)])
def test_95_percent_have_to_move_alike(others, fires):
    """Of 100 changed times, 95 with one shift are one correction."""
    before = b.rows(200)
    now = [replace(row, gun_ms=row.gun_ms - 60_000) if n < 100 - others else row for n, row in enumerate(before)]
    now = [replace(row, gun_ms=row.gun_ms - 5000 * (n - 90)) if 100 - others <= n < 100 else row for n, row in enumerate(now)]
    assert bool(said(changing.constant_delta, after(before, now))) is fires


@pytest.mark.parametrize(("many", "fires"), [(5, False), (6, True)])
def test_a_few_that_moved_alike_are_no_bulk(many, fires):
    before = b.rows(100)
    assert bool(said(changing.constant_delta, after(before, earlier(before[:many], wave=None) + list(before[many:])))) is fires


# V05


def test_the_same_entry_and_another_person():
    now = b.changed(b.rows(10), 4, first_name="Tom", last_name="Beck")
    (found,) = changing.identity_change(after(b.rows(10), now))
    assert (found.severity, found.scope, found.sentence) == ("warn", "row", "Bib 4 was Zoe Lind4 and is Tom Beck now.")
    assert found.entries == ("e4",)


def test_i09a_bibs_that_were_swapped_are_two_identity_changes():
    now = [replace(row, bib={"e4": "5", "e5": "4"}.get(row.entry_key, row.bib)) for row in b.rows(10)]
    assert [one[2] for one in said(changing.identity_change, after(b.rows(10), now))] == [
        "Bib 5 was Max Moreau5 and is Zoe Lind4 now.",
        "Bib 4 was Zoe Lind4 and is Max Moreau5 now.",
    ]


@pytest.mark.parametrize(
    ("name", "severity"),
    [(("Zoe", "Lind4"), None), (("Zoe", "Lind44"), "info"), (("ZOE", "LIND4"), "info"), (("Zoé", "Lind4"), "info"),
     (("Joe", "Lund9"), "warn")],
)  # fmt: skip
def test_a_better_spelling_is_only_told(name, severity):
    now = b.changed(b.rows(10), 4, first_name=name[0], last_name=name[1])
    assert [one[0] for one in said(changing.identity_change, after(b.rows(10), now))] == ([severity] if severity else [])


def test_nearly_the_same_name_and_another_gender_is_another_person():
    before = b.changed(b.rows(10), 4, first_name="Michelle", last_name="Brown")
    now = b.changed(before, 4, first_name="Michael", gender="M")
    assert [one[0] for one in said(changing.identity_change, after(before, now))] == ["warn"]


def test_a_bib_of_the_same_person_or_of_nobody_public_is_no_swap():
    twice = b.changed(b.rows(10), 5, first_name="Zoe", last_name="Lind4")
    now = [replace(row, bib="5") if row.entry_key == "e4" else row for row in twice if row.entry_key != "e5"]
    assert said(changing.identity_change, after(twice, now)) == []
    unseen = b.changed(b.rows(10), 5, status="RUNNING")
    now = [replace(row, bib="5") if row.entry_key == "e4" else row for row in unseen if row.entry_key != "e5"]
    assert said(changing.identity_change, after(unseen, now)) == []
    assert said(changing.identity_change, after(b.rows(10), now)) != []


def test_what_a_spelling_says():
    now = b.changed(b.rows(10), 4, last_name="Lind44")
    sentence = "1 name is spelt differently: Zoe Lind4 → Zoe Lind44."
    assert said(changing.identity_change, after(b.rows(10), now)) == [("info", "set", sentence)]


# V06


@pytest.mark.parametrize(
    ("status", "words"),
    [("DQ", "disqualified"), ("DNF", "did not finish"), ("NC", "not ranked"), ("OTL", "over the limit")],
)
def test_who_finished_before_and_does_not_now(status, words):
    now = b.changed(b.rows(10), 4, status=status)
    sentence = f"Bib 4, Zoe Lind4, was “finished” and is “{words}” now."
    assert said(changing.status_flip, after(b.rows(10), now)) == [("warn", "row", sentence)]
    back = f"Bib 4, Zoe Lind4, was “{words}” and is “finished” now."
    assert said(changing.status_flip, after(now, b.rows(10))) == [("warn", "row", back)]


def test_from_one_way_of_not_finishing_to_another_is_no_flip():
    before, now = b.changed(b.rows(10), 4, status="DNF"), b.changed(b.rows(10), 4, status="DQ")
    assert said(changing.status_flip, after(before, now)) == []


@pytest.mark.parametrize(("many", "scopes"), [(20, ["row"] * 20), (21, ["set"])])
def test_twenty_are_named_more_are_counted(many, scopes):
    now = b.changed(b.rows(1000), *range(1, many + 1), status="DQ")
    assert [one.scope for one in changing.status_flip(after(b.rows(1000), now))] == scopes


# V08


def drifted(*edits, sent=None, flags=FLAGS, expected=FLAGS, there=None):
    """A field whose destination has our rows, except for the edits: number of the row and what is changed."""
    field = b.field(10)
    ours = payload(field.version, field.facts, field.registered)
    rows = list(ours)
    for number, changed in edits:
        rows[number - 1] = replace(rows[number - 1], **changed)
    found, left = (rows if there is None else there), (ours if sent is None else sent)
    to = Destination(provider_name="runsignup", day=b.DAY, flags=flags, expected=expected, rows=tuple(found), sent=left)
    return replace(field, payload=ours, destination=to)


def test_i21_edits_by_hand_at_the_destination():
    found = list(changing.drift(drifted((4, {"last_name": "Smith"}), (5, {"gun_ms": 1_800_000}))))
    sentence = (
        "2 things were changed at the destination since we published: Zoe Lind4 (bib 4), name Zoe Lind4 → Zoe Smith and "
        "Max Moreau5 (bib 5), gun time 31:45 → 30:00."
    )
    assert [(one.severity, one.scope, one.sentence, one.entries) for one in found] == [("block", "set", sentence, ("e4", "e5"))]


def test_what_stands_there_as_we_left_it_is_no_drift():
    assert said(changing.drift, drifted()) == []
    field = drifted()
    backwards = replace(field.destination, rows=field.destination.rows[::-1])
    assert said(changing.drift, replace(field, destination=backwards)) == []
    assert said(changing.drift, replace(field, destination=None)) == []


def test_another_edit_of_the_same_row_is_another_finding():
    one, other = (next(iter(changing.drift(drifted((5, {"gun_ms": ms}))))) for ms in (1_800_000, 1_700_000))
    assert one.numbers != other.numbers


def test_results_that_we_did_not_publish():
    field = drifted(sent=(), expected=None)
    sentence = "At the destination are 10 results that were not published from here. Whose are they?"
    assert said(changing.drift, field) == [("block", "set", sentence)]
    assert said(changing.drift, drifted(sent=(), expected=None, there=())) == []


def test_a_set_that_is_gone():
    sentence = "The results that we published are not at the destination any more: their set is gone."
    assert said(changing.drift, drifted(flags=None, there=())) == [("block", "set", sentence)]
    assert said(changing.drift, drifted(flags=None, expected=None, there=())) == [("block", "set", sentence)]
    assert said(changing.drift, drifted(flags=None, expected=None, there=(), sent=())) == []


# V09


def test_i25_an_award_that_is_handed_out_goes_to_somebody_else():
    before = [replace(row, gender=None, division=None, gender_place=None, division_place=None) for row in b.rows(10)]
    now = b.ranked([replace(row, gun_ms=row.gun_ms + 9000) if row.entry_key == "e1" else row for row in before])
    field = after(before, now, handed_out=frozenset({"e1"}))
    (found,) = changing.award_given(field)
    assert (found.severity, found.scope) == ("warn", "row")
    assert found.sentence == "Handed out already: 1st overall: Tom Beck1 (bib 1) → Mia Ruiz2 (bib 2)."
    assert {"e1", "e2"} <= set(found.entries)
    assert said(changing.award_given, replace(field, handed_out=frozenset({"e9"}))) == []
    assert said(changing.award_given, after(before, now)) == []


def test_who_keeps_an_award_with_another_time_is_said_too():
    now = b.changed(b.rows(10), 1, gun_ms=b.row(1).gun_ms - 1000)
    sentence = "Bib 1, Tom Beck1, was handed an award, and changes: gun time 31:41 → 31:40."
    assert said(changing.award_given, after(b.rows(10), now, handed_out=frozenset({"e1"}))) == [("warn", "row", sentence)]
    spelt = b.changed(b.rows(10), 1, last_name="Béck1")
    assert said(changing.award_given, after(b.rows(10), spelt, handed_out=frozenset({"e1"}))) == []


# at random


@pytest.mark.parametrize("seed", range(15))
def test_every_removed_and_every_flipped_row_is_found(seed):
    dice = random.Random(seed)
    before = b.rows(300)
    picked = dice.sample(range(300), 8)
    gone, out = set(picked[:3]), set(picked[3:])
    now = [replace(row, status="DQ") if n in out else row for n, row in enumerate(before) if n not in gone]
    dice.shuffle(now)
    field = after(before, now)
    assert {entry for one in changing.removed_rows(field) for entry in one.entries} == {f"e{n + 1}" for n in gone}
    assert {entry for one in changing.status_flip(field) for entry in one.entries} == {f"e{n + 1}" for n in out}
    assert list(changing.mass_change(field)) == []
