"""How two sides of a distance differ: every reason by name, counts that add up, and nobody counted twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync_jobs.reconciliation import Finish, Sides, Told, grouped, reconcile
from sync_jobs.records import Entry, Registration
from tests.conftest import NOW

FIVE, TEN, FIVE_LIST, TEN_LIST = 1, 2, 11, 12
NOBODY = Registration(
    provider_name="runsignup", key="", contest_id=FIVE, first_name="Ada", last_name="Lund", gender="F", born=None, age=None,
    bib=None, email=None, city=None, state=None, country=None, team=None,
)  # fmt: skip
SOMEBODY = Entry(
    provider_name="chronotrack", key="", contest_id=FIVE_LIST, external_id=None, first_name="Ada", last_name="Lund", gender="F",
    born=None, age=None, bib=None, status="CONF",
)  # fmt: skip
EMPTY = Sides(contest_id=FIVE_LIST, provider_name="chronotrack", registrations=[], entries=[], finishes={}, links={}, lines={})


def signed_up(key, **given):
    return replace(NOBODY, key=str(key), **given)


def listed(key, external_id=None, **given):
    return replace(SOMEBODY, key=str(key), external_id=external_id, **given)


def told(state, **given):
    return Told(**{"state": state, "was_told": state != "waiting", "at": NOW, **given})


def finish(key, **given):
    return Finish(**{"entry_key": str(key), "first_name": "Ada", "last_name": "Lund", "bib": None, **given})


def sides(**given):
    return replace(EMPTY, **given)


def reasons(found):
    return [one.reason for one in found]


def test_who_is_on_both_sides_differs_in_nothing():
    found = reconcile(sides(registrations=[signed_up(7), signed_up(8)], entries=[listed(1, "rsu:7"), listed(2, "RSU-8")]))
    assert (found.registered, found.at_scoring, found.both, found.off) == (2, 2, 2, 0)


def test_a_link_says_more_than_an_id():
    both = {"registrations": [signed_up(7), signed_up(8)], "entries": [listed(1, "rsu:7")]}
    found = reconcile(sides(**both, links={("runsignup", "8"): "1"}))
    assert [one.registration.key for one in found.missing] == ["7"]
    assert found.unregistered == ()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (None, "not_sent"), (told("refused", why="No such wave."), "refused"), (told("waiting"), "waiting"),
        (told("approved"), "not_sent"), (told("declined"), "declined"), (told("there"), "taken_off"), (told("sent"), "sent"),
        (told("in_file", file_id=4), "in_file"), (told("withdrawn"), "not_sent"),
    ],
)  # fmt: skip
def test_why_somebody_is_not_on_the_list(line, reason):
    found = reconcile(sides(registrations=[signed_up(7)], lines={("runsignup", "7"): line} if line else {}))
    assert reasons(found.missing) == [reason]
    assert found.missing[0].told == line
    assert found.refused == (reason == "refused")


def test_who_may_be_there_under_another_name_is_said_to():
    found = reconcile(sides(registrations=[signed_up(7)], doubtful={("runsignup", "7")}))
    assert reasons(found.missing) == ["doubtful"]


def test_who_stands_on_another_list_is_not_simply_missing():
    away = [listed(1, "rsu:7", contest_id=TEN_LIST)]
    found = reconcile(sides(registrations=[signed_up(7)], elsewhere=away))
    assert [(one.reason, one.instead) for one in found.missing] == [("elsewhere", TEN_LIST)]
    theirs_too = reconcile(sides(registrations=[signed_up(7), signed_up(8)], elsewhere=away, beside={TEN_LIST}))
    assert (theirs_too.registered, [one.registration.key for one in theirs_too.missing]) == (1, ["8"])


def test_why_somebody_on_the_list_is_not_registered():
    found = reconcile(
        sides(
            registrations=[signed_up(7)], others=[signed_up(9, contest_id=TEN)], lines={("runsignup", "5"): told("sent")},
            entries=[
                listed(1, "rsu:7"), listed(2, "rsu:7"), listed(3, "rsu:9"), listed(4, "rsu:5"), listed(5, "rsu:4711"), listed(6),
            ],
        )
    )  # fmt: skip
    assert reasons(found.unregistered) == ["twice", "other_distance", "over", "unknown_id", "no_id"]
    assert (found.both, found.unregistered[1].instead) == (1, TEN)


@pytest.mark.parametrize(
    ("word", "result", "reason"),
    [
        ("CONF", None, "NOT_SEEN"), ("CONF", finish(1), "RUNNING"), ("DNF", finish(1), "DNF"), ("DNS", None, "DNS"),
        ("DQ", finish(1, chip_ms=1), "DQ"), ("CONF", finish(1, status="DNF"), "DNF"), ("MYSTERY", finish(1, chip_ms=1), "unknown"),
        ("CONF", finish(1, chip_ms=1), None), ("CONF", finish(1, gun_ms=1), None), ("CONF", finish(1, is_readable=False), None),
        ("NC", finish(1, chip_ms=1), None),
    ],
)  # fmt: skip
def test_what_is_a_result_and_what_is_none(word, result, reason):
    given = sides(entries=[listed(1, status=word)], finishes={"1": result} if result else {}, has_begun=True)
    found = reconcile(given)
    assert reasons(found.without_result) == ([reason] if reason else [])
    assert found.with_result == (reason is None)
    assert reconcile(replace(given, has_begun=False)).without_result == ()


def test_a_result_without_an_entry_is_named():
    found = reconcile(sides(entries=[listed(1)], finishes={"1": finish(1, chip_ms=1), "9": finish(9, chip_ms=1, last_name="Lost")}))
    assert [one.who.last_name for one in found.without_entry] == ["Lost"]
    assert found.off == 2


def test_everybody_registered_is_in_one_part_of_the_bar():
    found = reconcile(
        sides(
            registrations=[signed_up(key) for key in range(1, 8)], has_begun=True,
            entries=[listed(1, "rsu:1"), listed(2, "rsu:2"), listed(3)],
            finishes={"1": finish(1, chip_ms=1), "3": finish(3, chip_ms=1)},
            lines={("runsignup", str(key)): told(state) for key, state in ((3, "sent"), (4, "in_file"), (5, "refused"))},
        )
    )  # fmt: skip
    assert dict(found.bar) == {"result": 1, "list": 1, "told": 2, "refused": 1, "not": 2}
    assert (sum(many for _, many in found.bar), found.sent, found.with_result) == (found.registered, 3, 2)


def test_what_needs_somebody_stands_first_then_names_and_files_apart():
    names = {1: "Zola", 2: "Abel", 3: "Moor", 4: "Berg"}
    found = reconcile(
        sides(
            registrations=[signed_up(key, last_name=name) for key, name in names.items()],
            lines={
                ("runsignup", "2"): told("in_file", file_id=5), ("runsignup", "3"): told("in_file", file_id=4),
                ("runsignup", "4"): told("refused"),
            },
        )
    )  # fmt: skip
    shown = [(reason, file, [one.who.last_name for one in people]) for reason, file, people in grouped(found.missing)]
    assert shown == [("refused", None, ["Berg"]), ("not_sent", None, ["Zola"]), ("in_file", 5, ["Abel"]), ("in_file", 4, ["Moor"])]
