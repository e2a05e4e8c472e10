"""M: each check with what fires it, what does not, and both sides of its boundary."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from sync_jobs.checks import matching
from tests.checks import building as b

ANA = b.row(512, first_name="Ana", last_name="Ruiz", gender="F", age=33, division="F30-39")


def said(rule, *given, **more):
    """Severity, scope and sentence of each finding."""
    return [(found.severity, found.scope, found.sentence) for found in rule(b.field(*given, **more))]


def linked(row=ANA, others=(), **registered):
    """A field's arguments: one person, whose registration says other things."""
    rows = (row, *others)
    return {
        "registered": {**{one.entry_key: b.registration(one) for one in rows}, row.entry_key: b.registration(row, **registered)}
    }


@pytest.mark.parametrize("check", matching.CHECKS, ids=[check.check_id for check in matching.CHECKS])
def test_a_clean_contest_gives_nothing(check):
    assert list(check.rule(b.field(200))) == []
    assert list(check.rule(b.field(0))) == []


def test_the_starred_checks_are_there():
    assert [check.check_id for check in matching.CHECKS] == ["M01", "M02", "M03", "M04", "M05", "M06", "M07", "M08"]
    assert {check.check_id for check in matching.CHECKS if check.escalates} == {"M03", "M04", "M05", "M06"}


# M01


def without(count, *numbers):
    """The rows, and links of all but those."""
    rows = b.rows(count)
    missing = {f"e{number}" for number in numbers}
    links = {one.entry_key: b.registration(one) for one in rows if one.entry_key not in missing}
    return rows, {"registered": links}


def test_twelve_without_a_registration():
    rows, more = without(4871, *range(101, 113))
    sentence = "12 of 4,871 finishers have no registration."
    assert said(matching.unmatched_finishers, rows, **more) == [("warn", "set", sentence)]


@pytest.mark.parametrize(
    ("count", "unlinked", "severity"),
    [(100, 10, "warn"), (100, 11, "block"), (1000, 20, "warn"), (1000, 21, "block"), (100, 1, "warn")],
)
def test_more_than_two_percent_and_ten_stop(count, unlinked, severity):
    rows, more = without(count, *range(count - unlinked + 1, count + 1))
    assert [found[0] for found in said(matching.unmatched_finishers, rows, **more)] == [severity]


@pytest.mark.parametrize(("number", "severity"), [(10, "block"), (19, "block"), (20, "block"), (21, "warn"), (22, "warn")])
def test_anybody_in_the_top_ten_stops(number, severity):
    rows, more = without(100, number)  # women and men take turns: 20th of all is the tenth woman
    assert said(matching.unmatched_finishers, rows, **more)[0][0] == severity


def test_who_of_the_first_it_is_stands_in_the_sentence():
    rows, more = without(100, 1, 2, 50)
    sentence = "3 of 100 finishers have no registration. In the top 10: bib 1, Tom Beck1 and bib 2, Mia Ruiz2."
    [finding] = matching.unmatched_finishers(b.field(rows, **more))
    assert (finding.sentence, finding.entries) == (sentence, ("e1", "e2", "e50"))


def test_only_finishers_have_to_be_linked():
    rows = b.changed(b.rows(100), 50, status="DNF")
    assert (
        said(matching.unmatched_finishers, rows, registered={f"e{n}": b.registration(b.row(n)) for n in range(1, 101) if n != 50})
        == []
    )


def test_a_partner_may_be_stricter():
    rows, more = without(1000, *range(986, 1001))
    assert said(matching.unmatched_finishers, rows, own={"M01": {"percent": 1}}, **more)[0][0] == "block"
    assert said(matching.unmatched_finishers, rows, own={"M01": {"percent": 50}}, **more)[0][0] == "warn"


# M02


def test_two_rungs_at_two_registrations():
    other = b.registration(ANA, key="r9", first_name="Tom", last_name="Beck", confidence="bib_only")
    sentence = "Bib 512, Ana Ruiz, is two people: by the external id Ana Ruiz, by the bib Tom Beck."
    assert said(matching.conflicting_link, [ANA], other_rungs={"e512": other}) == [("block", "row", sentence)]


@pytest.mark.parametrize(
    ("other", "fires"), [({}, False), ({"key": "r9"}, True), ({"provider_name": "haku"}, True), ({"confidence": "bib_only"}, False)]
)
def test_the_same_registration_on_two_rungs_is_no_conflict(other, fires):
    assert bool(said(matching.conflicting_link, [ANA], other_rungs={"e512": b.registration(ANA, **other)})) is fires


def test_conflicting_links_stay_a_rows_own_however_many_they_are():
    rows = b.rows(100)
    others = {one.entry_key: b.registration(one, key="another") for one in rows}
    assert {scope for _, scope, _ in said(matching.conflicting_link, rows, other_rungs=others)} == {"row"}


# M03


def test_another_persons_name():
    sentence = "Bib 512, Ana Ruiz, is Tom Beck at registration."
    assert said(matching.name_mismatch, [ANA], **linked(first_name="Tom", last_name="Beck")) == [("warn", "row", sentence)]


@pytest.mark.parametrize(
    ("first", "last"),
    [("Ana", "Miller"), ("ANA", "RUÍZ"), ("Ruiz", "Tom"), ("Anna", "Ruis"), ("", ""), ("Ana-Maria", "Lopez")],
)
def test_a_name_that_may_be_hers(first, last):
    assert said(matching.name_mismatch, [ANA], **linked(first_name=first, last_name=last)) == []


def test_a_suffix_is_no_word_in_common():
    row = replace(ANA, last_name="Ruiz Jr")
    assert len(said(matching.name_mismatch, [row], **linked(row, first_name="Tom", last_name="Beck Jr"))) == 1


@pytest.mark.parametrize(("likeness", "fires"), [(0.8, False), (0.79999, True)])
def test_names_as_alike_as_the_limit_are_not_strangers(monkeypatch, likeness, fires):
    monkeypatch.setattr(matching.names, "likeness", lambda one, other: likeness)
    assert bool(said(matching.name_mismatch, [ANA], **linked(first_name="Tom", last_name="Beck"))) is fires


def test_nobody_without_a_result_is_asked():
    row = replace(ANA, status="NOT_SEEN", gun_ms=None, chip_ms=None)
    more = linked(row, first_name="Tom", last_name="Beck", gender="M", born=date(1950, 1, 1), contest_id=71, is_active=False)
    assert [found for check in matching.CHECKS for found in said(check.rule, [row], **more)] == []


def test_a_whole_contest_of_strangers_is_one_cause_and_as_grave_as_its_winner():
    rows = b.rows(100)
    strangers = {one.entry_key: b.registration(one, first_name="Qq", last_name="Xx") for one in rows}
    [(severity, scope, sentence)] = said(matching.name_mismatch, rows, registered=strangers)
    assert (severity, scope) == ("block", "set")
    assert sentence.startswith("100 of 100 results carry another name at registration. ")


def test_many_strangers_far_from_any_award_stay_a_warning():
    rows = b.rows(3000)
    registered = {one.entry_key: b.registration(one) for one in rows}
    late = [one for one in rows if (one.division_place or 0) > 200][:40]
    registered.update({one.entry_key: b.registration(one, first_name="Qq", last_name="Xx") for one in late})
    found = said(matching.name_mismatch, rows, registered=registered)
    assert found == [("warn", "set", "40 of 3,000 results carry another name at registration.")]


# M04


def test_another_gender():
    sentence = "Bib 512, Ana Ruiz, is a woman in scoring and a man at registration."
    assert said(matching.gender_mismatch, [ANA], **linked(gender="M")) == [("warn", "row", sentence)]


@pytest.mark.parametrize(("here", "there", "fires"), [("F", "F", 0), ("F", None, 0), (None, "M", 0), ("X", "F", 1), ("F", "U", 0)])
def test_both_have_to_be_known(here, there, fires):
    row = replace(ANA, gender=here)
    assert len(said(matching.gender_mismatch, [row], **linked(row, gender=there))) == fires


# M05


def test_another_age():
    sentence = "Bib 512, Ana Ruiz, is 33 in scoring and 43 at registration."
    assert said(matching.age_mismatch, [ANA], **linked(born=date(1983, 1, 15))) == [("warn", "row", sentence)]


@pytest.mark.parametrize(
    ("row", "born", "severity"),
    [
        (33, date(1993, 1, 15), None),
        (33, date(1992, 1, 15), "info"),  # 34, the same group
        (33, date(1991, 1, 15), "warn"),  # 35: two years
        (39, date(1987, 1, 15), None),
        (39, date(1986, 1, 15), "warn"),  # 40: the next group
        (38, date(1987, 1, 15), "info"),
        (30, date(1997, 1, 15), "warn"),  # 29: the group before
        (31, date(1996, 1, 15), "info"),  # 30 is still in it
        (33, None, None),
        (None, date(1950, 1, 1), None),
    ],
)
def test_two_years_or_another_age_group(row, born, severity):
    ana = replace(ANA, age=row)
    more = {"registered": {"e512": b.registration(ana, born=born, age=None)}}
    assert [found[0] for found in said(matching.age_mismatch, [ana], **more)] == ([severity] if severity else [])


def test_ages_count_on_the_contests_day():
    more = linked(born=date(1993, 12, 1))  # 32 on the day, 33 at the end of the year
    assert said(matching.age_mismatch, [ANA], **more)[0][0] == "info"
    assert said(matching.age_mismatch, [ANA], about=b.facts(age_reference=date(2026, 12, 31)), **more) == []


def test_without_a_birth_date_the_registrations_age_tells():
    assert said(matching.age_mismatch, [ANA], **linked(born=None, age=43))[0][0] == "warn"


def test_a_year_apart_is_counted_once():
    rows = b.rows(500)
    registered = {one.entry_key: b.registration(one) for one in rows}
    other = [one for one in rows if one.age in {24, 35}]
    registered.update({one.entry_key: b.registration(one, born=date(b.DAY.year - one.age - 1, 1, 15)) for one in other})
    sentence = "20 of 500 results have an age one year off the registration's, in the same age group."
    assert said(matching.age_mismatch, rows, registered=registered) == [("info", "set", sentence)]


def test_somebody_outside_their_group_is_not_moved_by_a_year():
    elite = replace(ANA, division="F40-49", age=33)
    assert said(matching.age_mismatch, [elite], **linked(elite, born=date(1992, 1, 15)))[0][0] == "info"


@pytest.mark.parametrize(
    ("planned", "used", "day"),
    [
        (b.START, b.START.replace(year=2025), b.DAY.replace(year=2024)),  # the planned start first
        (None, b.START, b.DAY.replace(year=2024)),  # then the used one
        (None, None, b.DAY),
    ],
)
def test_the_day_on_which_ages_count(planned, used, day):
    more = {"about": b.facts(planned_start=planned, day=day), "said": {"started_at": used}}
    assert said(matching.age_mismatch, [ANA], **more, **linked()) == []
    assert said(matching.age_mismatch, [ANA], **more, **linked(born=date(1992, 1, 15)))[0][0] == "info"


@pytest.mark.parametrize(
    ("rule", "other", "words"),
    [
        (matching.gender_mismatch, {"gender": "X"}, "have another gender at registration"),
        (matching.age_mismatch, {"born": date(1920, 1, 1)}, "have another age at registration"),
    ],
)
def test_a_whole_contest_that_says_otherwise_is_as_grave_as_its_winner(rule, other, words):
    rows = b.rows(100)
    found = said(rule, rows, registered={one.entry_key: b.registration(one, **other) for one in rows})
    assert [(severity, scope) for severity, scope, _ in found] == [("block", "set")]
    assert found[0][2].startswith(f"100 of 100 results {words}. ")


# M06


def test_a_registration_for_another_distance():
    sentence = "Bib 512, Ana Ruiz, is registered for Half Marathon."
    assert said(matching.contest_mismatch, [ANA], **linked(contest_id=71)) == [("warn", "row", sentence)]


@pytest.mark.parametrize(
    ("contest_id", "mapped", "fires"),
    [(70, {70}, 0), (71, {70, 71}, 0), (71, {70}, 1), (None, {70}, 0), (71, set(), 0), (99, {70}, 1)],
)
def test_any_of_the_mapped_distances_will_do(contest_id, mapped, fires):
    assert len(said(matching.contest_mismatch, [ANA], mapped=frozenset(mapped), **linked(contest_id=contest_id))) == fires


def test_a_wrongly_mapped_contest_is_one_cause():
    rows = b.rows(100)
    elsewhere = {one.entry_key: b.registration(one, contest_id=71) for one in rows}
    elsewhere["e9"] = b.registration(rows[8], contest_id=72)
    whole, single = said(matching.contest_mismatch, rows, registered=elsewhere)
    assert whole[:2] == ("block", "set")
    assert whole[2].startswith("99 of 100 results are registered for Half Marathon. ")
    assert single == ("warn", "row", "Bib 9, Leo Quist9, is registered for another distance.")


# M07


def test_a_registration_that_does_not_stand():
    sentence = "Bib 512, Ana Ruiz, has a registration that was removed, refunded, deferred or transferred."
    assert said(matching.inactive_registration, [ANA], **linked(is_active=False)) == [("warn", "row", sentence)]


@pytest.mark.parametrize(("status", "fires"), [("FINISHED", 1), ("DNF", 1), ("DNS", 0), ("NOT_SEEN", 0)])
def test_whoever_did_not_start_is_no_surprise(status, fires):
    row = replace(ANA, status=status)
    assert len(said(matching.inactive_registration, [row], **linked(row, is_active=False))) == fires


# M08


def test_two_results_of_one_registration():
    rows = b.rows(10)
    registered = {one.entry_key: b.registration(one) for one in rows}
    registered["e7"] = registered["e3"]
    [finding] = matching.one_to_many(b.field(rows, registered=registered))
    assert (finding.severity, finding.scope, finding.entries) == ("block", "row", ("e3", "e7"))
    assert finding.sentence == "The registration of Ben Okafor3 has 2 results: bib 3, Ben Okafor3 and bib 7, Ian Ito7."


@pytest.mark.parametrize(("status", "fires"), [("FINISHED", 1), ("DNS", 1), ("NOT_SEEN", 0)])
def test_a_bib_that_was_handed_back_is_no_result(status, fires):
    rows = b.changed(b.rows(2), 2, status=status)
    registered = dict.fromkeys(("e1", "e2"), b.registration(rows[0]))
    assert len(said(matching.one_to_many, rows, registered=registered)) == fires


def test_numbers_of_two_providers_are_two_registrations():
    rows = b.rows(2)
    registered = {
        one.entry_key: b.registration(one, key="1", provider_name=name)
        for one, name in zip(rows, ("haku", "runsignup"), strict=True)
    }
    assert said(matching.one_to_many, rows, registered=registered) == []
