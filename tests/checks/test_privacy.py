"""X: each check with what fires it, what does not, and both sides of its boundary."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta

import pytest

from sync_jobs.checks import privacy
from sync_jobs.checks.base import Destination
from sync_jobs.results import Published, SetFlags
from sync_jobs.review.payload import payload
from tests.checks import building as b

FLAGS = SetFlags(name="10K", is_public=False, is_preliminary=True, notifies=False)


def said(rule, field):
    return [(found.severity, found.scope, found.sentence) for found in rule(field)]


def going(*rows, hidden=(), under=13, known=None, **more):
    """A field whose payload is made as it is made for real, except that `under` may be wrong."""
    found = b.field(rows or 10, **({"registered": known} if known else {}), **more)
    sent = payload(found.version, found.facts, found.registered, hidden=hidden, hide_minors_under=under)
    return replace(found, payload=sent)


def there(**said_of_it):
    plain = {"provider_name": "runsignup", "day": b.DAY, "flags": FLAGS, "expected": FLAGS}
    return Destination(**{**plain, **said_of_it})


@pytest.mark.parametrize("check", privacy.CHECKS, ids=lambda check: check.check_id)
def test_a_clean_payload_gives_nothing(check):
    assert list(check.rule(replace(going(), destination=there()))) == []
    assert list(check.rule(b.field(0))) == []


def test_which_of_them_need_a_destination():
    assert {check.check_id for check in privacy.CHECKS if check.needs_destination} == {"X04", "X05", "X06"}


# X01


def test_i14_a_field_that_nobody_allowed():
    field = replace(going(), payload_keys=frozenset({"bib", "email"}))
    sentence = "The field “email” would be sent with 10 results, and is none that may be public."
    assert said(privacy.field_allow_list, field) == [("hard", "set", sentence)]


def test_what_a_row_brings_along_counts_too_and_its_value_is_never_said():
    field = going()
    row = replace(field.payload[3], extra={"emergency_phone": "555-0143"})
    ((severity, _, sentence),) = said(privacy.field_allow_list, replace(field, payload=(*field.payload[:3], row)))
    assert severity == "hard"
    assert "emergency_phone" in sentence
    assert "555" not in sentence


def test_all_that_a_published_row_has_may_go_out_and_nothing_else():
    assert {one.name for one in fields(Published)} - privacy.ALLOWED == {"extra"}
    assert said(privacy.field_allow_list, replace(going(), payload_keys=privacy.ALLOWED)) == []


# X02


@pytest.mark.parametrize(("age", "fires"), [(12, True), (13, False)])
def test_a_child_named_in_full(age, fires):
    field = going(b.row(1, age=age), under=0)
    sentence = "Tom Beck1 (bib 1) is 12 and would be named in full. Under 13 only initials go out."
    assert said(privacy.minors, field) == ([("block", "row", sentence)] if fires else [])


def test_initials_are_no_name():
    assert said(privacy.minors, going(b.row(1, age=6))) == []
    assert going(b.row(1, age=6)).payload[0].last_name == "B."


def test_the_youngest_of_all_ages_counts():
    row = b.row(1, age=30)
    known = {"e1": b.registration(row, born=b.DAY.replace(year=b.DAY.year - 13) + timedelta(days=1), age=None)}
    assert said(privacy.minors, going(row, known=known, under=0)) != []
    known = {"e1": b.registration(row, born=b.DAY.replace(year=b.DAY.year - 13), age=None)}
    assert said(privacy.minors, going(row, known=known, under=0)) == []


@pytest.mark.parametrize(
    ("first", "last", "fires"),
    [("Ana", "Sample", True), ("A.", "S.", False), ("Ana", "S.", False), ("Anonymous", "", False), ("Ana Sample", "", True),
     ("李", "小明", True), ("A.", "", False), ("Bo", "Li.", True)],
)  # fmt: skip
def test_what_is_a_full_name(first, last, fires):
    field = going(b.row(1, age=6))
    named = replace(field, payload=(replace(field.payload[0], first_name=first, last_name=last),))
    assert bool(said(privacy.minors, named)) is fires


def test_it_is_enough_that_scoring_knows_the_age():
    row = b.row(1, age=9)
    field = going(row, known={"e1": b.registration(row, age=None, born=None)}, under=0)
    assert said(privacy.minors, replace(field, payload=(replace(field.payload[0], age=None),))) != []


@pytest.mark.parametrize(("many", "scopes"), [(20, ["row"] * 20), (21, ["set"])])
def test_many_children_are_one_cause(many, scopes):
    found = list(privacy.minors(going(*[b.row(n, age=8) for n in range(1, many + 1)], under=0)))
    assert [one.scope for one in found] == scopes
    assert sum(len(one.entries) for one in found) == many
    if many == 21:
        assert found[0].sentence == "21 children under 13 would be named in full. Only initials go out."


# X03


def test_who_asked_not_to_be_named():
    row = b.row(1)
    known = {"e1": b.registration(row, is_anonymous=True)}
    field = going(row, known=known)
    assert said(privacy.anonymity, field) == []
    named = replace(field, payload=(replace(field.payload[0], first_name=row.first_name, last_name=""),))
    ((severity, scope, sentence),) = said(privacy.anonymity, named)
    assert (severity, scope, sentence) == ("hard", "row", "Bib 1 asked not to be named, and the name would be sent.")
    assert said(privacy.anonymity, replace(named, registered={"e1": b.registration(row)})) == []


def test_a_row_is_theirs_by_our_link_too_and_a_letter_is_no_name():
    row = b.row(1, first_name="A", last_name="Sample")
    field = going(row, known={"e1": b.registration(row, is_anonymous=True)})
    for first, fires in (("A.", False), ("A", False), ("Sample", True)):
        sent = replace(field.payload[0], registration_key=None, first_name=first, last_name="")
        assert bool(said(privacy.anonymity, replace(field, payload=(sent,)))) is fires


def test_it_is_enough_that_the_registration_which_it_is_sent_to_asked():
    row = b.row(1)
    field = b.field([row], registered={}, all_registered=(b.registration(row, is_anonymous=True),))
    (sent,) = payload(field.version, field.facts, {"e1": b.registration(row)})
    assert said(privacy.anonymity, replace(field, payload=(sent,))) != []


# X04


@pytest.mark.parametrize(
    ("changed", "there_is", "left"),
    [({"is_public": True}, "public", "hidden"), ({"is_preliminary": False}, "official", "preliminary"),
     ({"notifies": True}, "sending messages", "sending no messages"),
     ({"is_public": True, "is_preliminary": False}, "public and official", "hidden and preliminary")],
)  # fmt: skip
def test_a_set_that_somebody_switched(changed, there_is, left):
    field = replace(going(), destination=there(flags=replace(FLAGS, **changed)))
    sentence = f"At the destination the results are {there_is}; our last step left them {left}."
    assert said(privacy.visibility, field) == [("hard", "set", sentence)]


def test_a_set_that_we_never_left_anyhow():
    for flags, expected in ((replace(FLAGS, is_public=True), None), (None, FLAGS), (replace(FLAGS, contact="a@b.example"), FLAGS)):
        assert said(privacy.visibility, replace(going(), destination=there(flags=flags, expected=expected))) == []


# X05


def test_messages_that_nobody_decided_on():
    field = replace(going(), destination=there(flags=replace(FLAGS, notifies=True), would_tell=3911))
    sentence = "3,911 people would get a first message, and nobody decided that: messages are on at the destination."
    assert said(privacy.notification_blast, field) == [("block", "set", sentence)]


def test_messages_that_somebody_decided_on_are_counted():
    field = replace(going(), destination=there(flags=replace(FLAGS, notifies=True), would_tell=1, tells=True))
    sentence = "1 person would get a first message. It cannot be recalled."
    assert said(privacy.notification_blast, field) == [("info", "set", sentence)]


@pytest.mark.parametrize(("flags", "people"), [(FLAGS, 3911), (None, 3911), (replace(FLAGS, notifies=True), 0)])
def test_where_messages_are_off_or_nobody_is_new_nobody_is_told(flags, people):
    assert said(privacy.notification_blast, replace(going(), destination=there(flags=flags, would_tell=people))) == []


# X06


@pytest.mark.parametrize(
    ("day", "fires"),
    [(b.DAY, False), (b.DAY + timedelta(days=1), False), (b.DAY + timedelta(days=2), True), (b.DAY - timedelta(days=1), True),
     (None, False)],
)  # fmt: skip
def test_a_destination_on_another_day(day, fires):
    field = b.field(10, about=b.facts(last_day=b.DAY + timedelta(days=1)), destination=there(day=day))
    assert bool(said(privacy.destination_date, field)) is fires


def test_i24_last_years_event():
    field = b.field(10, destination=there(day=date(2025, 5, 18)))
    sentence = "The destination's event is on 18 May 2025, and this one on 17 May 2026."
    assert said(privacy.destination_date, field) == [("hard", "set", sentence)]
    assert said(privacy.destination_date, b.field(10, about=b.facts(day=None), destination=there(day=date(2025, 5, 18)))) == []
