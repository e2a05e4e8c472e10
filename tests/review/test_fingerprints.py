"""What an approval is bound to: the same values hash the same in any order, any other value differently."""

from __future__ import annotations

import random
from dataclasses import fields, replace
from datetime import date, datetime, timedelta, timezone

import pytest

from sync_jobs.results import PublishedSet, ResultRow, ResultTarget, SetFlags, Split
from sync_jobs.review import fingerprints
from tests.review.field import NOW, published, random_rows, row

TARGET = ResultTarget(happening_id="1001", contest_id="81", also_for=("82", "83"))
FLAGS = SetFlags(
    name="Overall", is_public=True, is_preliminary=True, notifies=False, contact="timer@example.org", also_for=("8", "9")
)
OTHER = {
    str: "something else", int: 987_654, bool: True, type(None): 55, tuple: (Split(point="Turn", gun_ms=1),),
}  # fmt: skip


def payload(**given):
    values = {"target": TARGET, "visibility": "preliminary", "tells": False, "map_version": 3, "rows": [published(1), published(2)]}
    return fingerprints.payload_hash(**values | given)


def test_what_is_written_is_the_same_for_equal_values():
    assert fingerprints.canonical({"b": 1, "a": (True, None, "x"), "gone": None}) == b'{"a":[true,null,"x"],"b":1}'
    assert fingerprints.canonical(date(2026, 11, 1)) == b'"2026-11-01"'
    there = NOW.astimezone(timezone(timedelta(hours=-5)))
    assert fingerprints.canonical(there) == fingerprints.canonical(NOW)


@pytest.mark.parametrize("wrong", [1.0, {"a": [1.5]}, [{"deep": 0.0}], datetime(2026, 11, 1, 8), {1, 2}, b"raw", {3: 1}])  # noqa: DTZ001
def test_what_cannot_be_written_the_same_everywhere_is_refused(wrong):
    with pytest.raises(TypeError):
        fingerprints.canonical(wrong)


def test_a_float_in_a_row_is_refused():
    with pytest.raises(TypeError):
        fingerprints.row_hash(row(1, gun_ms=1000.0))
    with pytest.raises(TypeError):
        fingerprints.content_hash([row(1, splits=(Split(point="Turn", gun_ms=1.5),))])


def test_the_order_of_rows_never_matters():
    dice = random.Random(4)
    for _ in range(50):
        rows = random_rows(dice, 30)
        rows += [*dice.sample(rows, 3), replace(rows[0], bib=None), replace(rows[0], gun_ms=1)]  # keys that came twice
        shuffled = dice.sample(rows, len(rows))
        assert fingerprints.content_hash(rows) == fingerprints.content_hash(shuffled)


def test_a_row_more_or_less_changes_the_content():
    rows = random_rows(random.Random(5), 20)
    whole = fingerprints.content_hash(rows)
    assert fingerprints.content_hash(rows[1:]) != whole
    assert fingerprints.content_hash([*rows, rows[0]]) != whole
    assert fingerprints.content_hash([]) != whole


@pytest.mark.parametrize("name", [one.name for one in fields(ResultRow)])
def test_any_field_of_a_row_changes_its_hash(name):
    dice = random.Random(name)
    for one in random_rows(dice, 20):
        was = getattr(one, name)
        for other in ({False: True, True: False}[was],) if isinstance(was, bool) else (OTHER[type(was)], "" if was else "x", None):
            if other != was:
                changed = replace(one, **{name: other})
                assert fingerprints.row_hash(changed) != fingerprints.row_hash(one)
                assert fingerprints.content_hash([changed]) != fingerprints.content_hash([one])


@pytest.mark.parametrize(("name", "value"), [
    ("registration_key", "9"), ("bib", None), ("first_name", "Bea"), ("last_name", "x"), ("gender", "X"), ("age", None),
    ("status", "DNF"), ("gun_ms", 1), ("chip_ms", None), ("place", 77), ("gender_place", 8), ("division", "F40"),
    ("division_place", 2), ("splits", (("Turn", 1),)), ("extra", {"email": "x"}),
])  # fmt: skip
def test_any_field_that_goes_out_changes_the_payload(name, value):
    assert payload(rows=[published(1), replace(published(2), **{name: value})]) != payload()


def test_what_no_destination_is_told_is_not_in_it():
    assert payload(rows=[published(1), replace(published(2), entry_key=None)]) == payload()


@pytest.mark.parametrize("given", [
    {"visibility": "official"}, {"tells": True}, {"map_version": 4}, {"rows": []}, {"target": replace(TARGET, contest_id="82")},
    {"target": replace(TARGET, happening_id="1002")}, {"target": replace(TARGET, also_for=("82",))},
])  # fmt: skip
def test_where_how_and_under_which_map_is_in_the_payload(given):
    assert payload(**given) != payload()


def test_the_order_of_what_goes_out_does_not_matter_and_the_sets_number_is_not_in_it():
    assert payload(rows=[published(2), published(1)]) == payload()
    assert payload(target=replace(TARGET, also_for=("83", "82"))) == payload()
    assert payload(target=replace(TARGET, set_id="300001")) == payload()


def test_the_base_is_the_set_its_flags_and_its_rows():
    there = PublishedSet(set_id="300001", flags=FLAGS, rows=(published(1), published(2)), read_at=NOW)
    hashes = {fingerprints.base_hash(one) for one in (
        there, replace(there, set_id="300002"), replace(there, set_id=None), replace(there, flags=None), replace(there, rows=()),
        replace(there, rows=(published(1), published(2, gun_ms=5))),
        *(replace(there, flags=replace(FLAGS, **one)) for one in (
            {"name": "x"}, {"is_public": False}, {"is_preliminary": False}, {"notifies": True}, {"contact": None}, {"also_for": ()},
        )),
    )}  # fmt: skip
    assert len(hashes) == 12
    same = replace(there, read_at=NOW + timedelta(hours=1), rows=there.rows[::-1], flags=replace(FLAGS, also_for=("9", "8")))
    assert fingerprints.base_hash(same) == fingerprints.base_hash(there)


def test_what_was_on_the_screen_is_the_payload_the_findings_and_the_waivers():
    whole = fingerprints.rendered_hash("p", [1, 2], [7])
    assert fingerprints.rendered_hash("p", ["2", 1, 1], [7]) == whole
    others = [("q", [1, 2], [7]), ("p", [1], [7]), ("p", [1, 2], []), ("p", [1, 2, 7], []), ("p", [], [1, 2, 7])]
    assert whole not in {fingerprints.rendered_hash(*one) for one in others}
