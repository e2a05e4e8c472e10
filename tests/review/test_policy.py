"""Who has to stand behind a publication: every gate from both sides, and an event that only ever tightens."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta

import pytest

from sync_jobs.checks.base import Finding
from sync_jobs.review import REASONS
from sync_jobs.review.difference import difference
from sync_jobs.review.payload import kept_back, payload
from sync_jobs.review.policy import (
    DEFAULTS,
    NEWEST,
    SENTENCES,
    Policy,
    act_of,
    append_only,
    is_minor,
    judge,
    looser,
    may_go_official,
    needs_second,
    tighten,
)  # fmt: skip
from sync_jobs.review.reasons import NEEDS_WORDS
from tests.review.field import FACTS, NOW, links, row, version

MANUAL, AUTOMATIC = Policy(), Policy(mode="automatic")
TEN = [row(number) for number in range(1, 11)]
MINUTE = timedelta(minutes=1)


def between(old, new):
    return difference(version(old) if old is not None else None, version(new, 2), FACTS)


FIRST = between(None, TEN)
ADDED = between(TEN, [*TEN, row(11)])
PUSHED = between(TEN, [*TEN[:9], row(11, gun_ms=TEN[9].gun_ms - 1, place=10), replace(TEN[9], place=11)])
SAME = between(TEN, TEN)
TIME = between(TEN, [*TEN[:9], replace(TEN[9], gun_ms=2_500_000)])
REMOVED = between(TEN, TEN[:9])
SPELT = between(TEN, [*TEN[:9], replace(TEN[9], first_name="Áda")])
PLACES = between(TEN, [*TEN[:8], replace(TEN[8], place=10), replace(TEN[9], place=9)])


def found(*severities, **given):
    return {
        str(at): Finding(check_id=f"T{at:02}", severity=severity, sentence=f"Sentence {at}.", **given)
        for at, severity in enumerate(severities)
    }


def state(policy, change, visibility="preliminary", findings=None, waived=(), **given):
    return judge(policy, findings or {}, waived, change, visibility, **given).state


def test_what_a_partner_gets_without_choosing_is_what_the_table_says():
    fixed = DEFAULTS[NEWEST]
    for one in fields(Policy):
        if one.name != "defaults":
            assert getattr(MANUAL, one.name) == fixed[one.name]
    assert (MANUAL.fixed("approval_ttl_hours"), MANUAL.fixed("rounding"), MANUAL.fixed("unmatched")) == (12, "wa_road", "hold")
    assert set(SENTENCES) == {one.name for one in fields(Policy)} - {"defaults"}


class TestTighten:
    @pytest.mark.parametrize(("name", "loose", "tight"), [
        ("mode", "automatic", "manual"), ("second_person", False, True), ("award_depth", 3, 5), ("hide_minors_under", 13, 18),
        ("quiet_minutes", 60, 90),
    ])  # fmt: skip
    def test_the_tighter_of_the_two_holds(self, name, loose, tight):
        lax, strict = replace(MANUAL, **{name: loose}), replace(MANUAL, **{name: tight})
        assert tighten(lax, strict) == tighten(strict, lax) == tighten(strict, strict) == strict
        assert tighten(lax, lax) == lax
        assert looser(strict, lax) == (name,)
        assert looser(lax, strict) == looser(strict, strict) == ()

    def test_without_its_own_an_event_has_the_partners(self):
        assert tighten(AUTOMATIC, None) is AUTOMATIC


class TestJudge:
    @pytest.mark.parametrize(("policy", "change", "visibility", "expected"), [
        (MANUAL, FIRST, "none", "needs_review"), (AUTOMATIC, FIRST, "none", "cleared"), (AUTOMATIC, FIRST, "hidden", "cleared"),
        (MANUAL, ADDED, "preliminary", "needs_review"), (AUTOMATIC, ADDED, "preliminary", "cleared"),
        (AUTOMATIC, PUSHED, "preliminary", "cleared"), (AUTOMATIC, TIME, "preliminary", "needs_review"),
        (AUTOMATIC, REMOVED, "preliminary", "needs_review"), (AUTOMATIC, SPELT, "preliminary", "needs_review"),
        (AUTOMATIC, PLACES, "preliminary", "needs_review"), (AUTOMATIC, ADDED, "official", "needs_review"),
        (AUTOMATIC, FIRST, "retracted", "needs_review"), (AUTOMATIC, SAME, "retracted", "needs_review"),
        (MANUAL, SAME, "preliminary", "cleared"), (MANUAL, SAME, "official", "cleared"), (MANUAL, SAME, "none", "needs_review"),
    ])  # fmt: skip
    def test_clean_results(self, policy, change, visibility, expected):
        assert state(policy, change, visibility) == expected

    @pytest.mark.parametrize(("change", "visibility", "expected"), [
        (ADDED, "preliminary", "cleared"), (PUSHED, "preliminary", "cleared"), (TIME, "preliminary", "needs_review"),
        (REMOVED, "preliminary", "needs_review"), (PLACES, "preliminary", "needs_review"), (FIRST, "none", "needs_review"),
        (ADDED, "official", "needs_review"), (FIRST, "retracted", "needs_review"),
    ])  # fmt: skip
    def test_a_standing_approval_adds_clean_finishers_and_nothing_else(self, change, visibility, expected):
        assert state(MANUAL, change, visibility, standing=True) == expected
        assert state(MANUAL, change, visibility, findings=found("warn"), standing=True) == "needs_review"

    @pytest.mark.parametrize(("severity", "expected"), [
        ("info", "cleared"), ("warn", "needs_review"), ("block", "needs_review"), ("hard", "blocked"),
    ])  # fmt: skip
    def test_what_a_finding_does_to_a_rule(self, severity, expected):
        assert state(AUTOMATIC, FIRST, "none", found(severity)) == expected

    @pytest.mark.parametrize(("severity", "expected"), [("warn", "cleared"), ("block", "cleared"), ("hard", "blocked")])
    def test_what_was_waived_stands_in_nobodys_way_but_hard_ones_do(self, severity, expected):
        assert state(AUTOMATIC, FIRST, "none", found("info", severity), waived={"1"}) == expected
        assert state(AUTOMATIC, FIRST, "none", found("info", severity), waived={"0"}) != "cleared"

    def test_what_another_finding_explains_is_not_counted_and_hard_ones_are(self):
        assert state(AUTOMATIC, FIRST, "none", found("block", folded_into="L05")) == "cleared"
        assert state(AUTOMATIC, FIRST, "none", found("hard", folded_into="L05")) == "blocked"

    @pytest.mark.parametrize(("severity", "may"), [("warn", True), ("block", False), ("hard", False)])
    def test_a_person_may_approve_what_was_only_to_be_seen(self, severity, may):
        assert judge(MANUAL, found(severity), (), FIRST, "none").can_approve is may
        assert judge(MANUAL, found(severity), {"0"}, FIRST, "none").can_approve is (severity != "hard")

    def test_nothing_new_is_nothing_to_approve_but_a_finding_is_still_one(self):
        same = judge(MANUAL, {}, (), SAME, "preliminary")
        assert (same.act, same.why, same.can_approve) == (None, "Nothing changes for the public.", False)
        assert judge(MANUAL, found("block"), (), SAME, "preliminary").state == "needs_review"

    @pytest.mark.parametrize(("args", "why"), [
        ((MANUAL, {}, (), FIRST, "none"), "Ready: 10 results, no check found anything."),
        ((AUTOMATIC, {}, (), FIRST, "none"), "10 results, no check found anything; automatic."),
        ((MANUAL, found("warn"), (), FIRST, "none"), "1 thing to look at."),
        ((MANUAL, found("warn", "block", "block"), (), FIRST, "none"), "2 problems must be solved or explained first."),
        ((MANUAL, found("hard"), (), FIRST, "none"), "Nobody can publish this: Sentence 0."),
        ((MANUAL, found("hard", "hard"), (), FIRST, "none"),
         "Nobody can publish this: Sentence 0. And 1 more problem of this kind."),
        ((AUTOMATIC, {}, (), TIME, "preliminary"), "What is public would change: 1 changed row."),
        ((MANUAL, {}, (), TIME, "official"), "A correction after official: 1 changed row. Somebody has to approve it."),
        ((AUTOMATIC, {}, (), FIRST, "retracted"), "It was taken down; only a person puts results back."),
    ])  # fmt: skip
    def test_the_sentence_says_why(self, args, why):
        assert judge(*args).why == why

    def test_it_says_which_rule_and_how_much_is_open(self):
        assert judge(AUTOMATIC, {}, (), ADDED, "preliminary").cleared_by == "policy"
        assert judge(MANUAL, {}, (), ADDED, "preliminary", standing=True).cleared_by == "standing"
        open_ones = judge(MANUAL, found("warn", "block", "warn", "hard"), {"0"}, FIRST, "none")
        assert (open_ones.cleared_by, open_ones.to_solve, open_ones.to_see) == (None, 2, 1)

    def test_what_publishing_would_be(self):
        assert [act_of(one) for one in ("none", "hidden", "preliminary", "official", "retracted")] == [
            "preliminary", "preliminary", "preliminary", "correction", "preliminary",
        ]  # fmt: skip
        assert [act_of(one, going_official=True) for one in ("preliminary", "official")] == ["official", "correction"]


@pytest.mark.parametrize(("change", "is_so"), [
    (FIRST, True), (ADDED, True), (PUSHED, True), (SAME, True), (TIME, False), (REMOVED, False), (SPELT, False), (PLACES, False),
])  # fmt: skip
def test_what_only_adds(change, is_so):
    assert append_only(change) is is_so


def test_whoever_takes_an_award_place_from_somebody_does_not_only_add():
    new = [row(11, gun_ms=TEN[0].gun_ms - 1, place=1), *(replace(one, place=one.place + 1) for one in TEN)]
    assert not append_only(between(TEN, new))
    assert state(AUTOMATIC, between(TEN, new)) == "needs_review"


def test_how_many_public_rows_a_rule_may_change_is_a_value_of_the_table(monkeypatch):
    monkeypatch.setitem(DEFAULTS, 99, {**DEFAULTS[NEWEST], "auto_change_limit": 1})
    generous = replace(AUTOMATIC, defaults=99)
    two = between(TEN, [*TEN[:8], replace(TEN[8], gun_ms=1), replace(TEN[9], gun_ms=1)])
    dropped = between(TEN, [*TEN[:8], replace(TEN[8], gun_ms=1)])
    assert (state(generous, TIME), state(generous, two), state(generous, dropped)) == ("cleared", "needs_review", "needs_review")
    assert state(replace(generous, mode="manual"), TIME, standing=True) == "needs_review"


class TestSecond:
    @pytest.mark.parametrize(("act", "visibility", "change", "expected"), [
        ("preliminary", "none", FIRST, False), ("preliminary", "preliminary", TIME, False),
        ("official", "preliminary", TIME, False),
        ("correction", "official", TIME, True), ("correction", "official", ADDED, True), ("correction", "official", REMOVED, True),
        ("correction", "official", PLACES, True), ("correction", "official", SPELT, False), ("official", "official", TIME, True),
        ("retraction", "official", TIME, False), ("correction", "retracted", TIME, True),
    ])  # fmt: skip
    def test_when_a_second_person_is_needed(self, act, visibility, change, expected):
        assert needs_second(act, visibility, change, MANUAL) is expected
        assert not needs_second(act, visibility, change, replace(MANUAL, second_person=False))

    def test_spelling_with_anything_else_is_not_minor(self):
        assert is_minor(SPELT)
        assert not is_minor(between(TEN, [*TEN[:8], replace(TEN[8], gun_ms=1), replace(TEN[9], first_name="Áda")]))
        assert not is_minor(between(TEN, [*TEN[:9], replace(TEN[9], first_name="Áda"), row(11)]))
        assert not is_minor(between(TEN, [*TEN[:9], replace(TEN[9], first_name="Tom", last_name="Moss")]))

    def test_hiding_a_name_is_minor_and_showing_one_is_not(self):
        was, now = version(TEN), version(TEN, 2)
        open_rows, masked = payload(was, FACTS, links(TEN)), payload(now, FACTS, links(TEN), hidden={"e10"})
        assert is_minor(difference(was, now, FACTS, sent=open_rows, sends=masked))
        assert not is_minor(difference(was, now, FACTS, sent=masked, sends=open_rows))


class TestOfficial:
    def against(self, rows=TEN, policy=MANUAL, held=(), **given):
        results = version(rows)
        values = {
            "visibility": "preliminary", "is_newest": True, "is_same_as_live": True, "findings": {}, "now": NOW + 60 * MINUTE,
            "kept_back": kept_back(results, FACTS, links(TEN), held=held),
        }  # fmt: skip
        return may_go_official(policy, results, **values | given)

    def test_nothing_stands_against_what_is_public_complete_and_quiet(self):
        assert self.against() == []

    @pytest.mark.parametrize(("given", "sentence"), [
        ({"visibility": "none"}, "It has to be public as preliminary first."),
        ({"visibility": "retracted"}, "It has to be public as preliminary first."),
        ({"visibility": "official"}, "It is official already."),
        ({"is_newest": False}, "There is a newer version from scoring."),
        ({"is_same_as_live": False}, "What is public is not this version: publish it as preliminary first."),
        ({"findings": found("warn")}, "1 finding is open."),
        ({"findings": found("warn", "info", "block", "hard"), "waived": {"0", "3"}}, "2 findings are open."),
        ({"held": {"e1", "e2"}}, "2 people are not in it: 2 held."),
        ({"rows": [*TEN[:9], replace(TEN[9], status="RUNNING")]}, "1 person is not in it: 1 on course."),
        ({"rows": [*TEN[:8], replace(TEN[8], status="HELD"), replace(TEN[9], is_projected=True)]},
         "2 people are not in it: 1 under review at scoring and 1 with an estimate for a time."),
        ({"now": NOW + 59 * MINUTE}, "Scoring changed something less than 60 minutes ago: 1 minute to go."),
        ({"now": NOW + 59 * MINUTE - timedelta(seconds=1)}, "Scoring changed something less than 60 minutes ago: 2 minutes to go."),
        ({"now": NOW + 24 * 60 * MINUTE - MINUTE, "by_rule": True},
         "Scoring changed something less than 1,440 minutes ago: 1 minute to go."),
    ])  # fmt: skip
    def test_each_thing_that_stands_against_it(self, given, sentence):
        assert self.against(**given) == [sentence]

    def test_what_a_person_may_say_is_right_does_not_stand_against_it_by_itself(self):
        assert self.against(rows=[*TEN[:9], replace(TEN[9], status="NOT_SEEN"), row(99)]) == []
        assert self.against(findings=found("warn", "block", "info"), waived={"0", "1"}) == []

    def test_quiet_is_counted_from_scorings_own_last_change_where_it_says_one(self):
        early = version(TEN, scored_at=NOW - 30 * MINUTE)
        given = {"visibility": "preliminary", "is_newest": True, "is_same_as_live": True, "findings": {}}
        assert may_go_official(MANUAL, early, **given, now=NOW + 30 * MINUTE) == []
        assert may_go_official(MANUAL, early, **given, now=NOW + 29 * MINUTE) != []
        assert may_go_official(replace(MANUAL, quiet_minutes=0), early, **given, now=NOW - 30 * MINUTE) == []

    def test_a_rule_waits_a_whole_day(self):
        assert self.against(now=NOW + 24 * 60 * MINUTE, by_rule=True) == []


def test_the_reasons_are_the_chips_of_the_page():
    assert list(REASONS.values()) == [
        "checked video", "spoke to runner", "backup timing", "known bib swap", "wheelchair or guide", "course official", "other",
    ]  # fmt: skip
    assert set(REASONS) >= NEEDS_WORDS == {"other"}
