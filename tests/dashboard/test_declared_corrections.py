"""Declaring a bulk correction: what is typed and refused, what the review says with it, taking it back, who may."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from dashboard.declared_corrections import milliseconds
from sync_jobs import approvals, times
from sync_jobs.models import Account, DeclaredCorrection, db
from tests.dashboard.conftest import read, words
from tests.factories import make_account, make_partner
from tests.pages import answer
from tests.sync_jobs.raceday import clock as clock_of
from tests.sync_jobs.raceday import race_day

MOVED = range(21, 41)


@pytest.fixture
def day(app, clock):
    clock.forward(minutes=-30)
    day = race_day(*range(1, 41))
    day.pull()
    day.go_public()
    day.declare = f"/events/{day.sides.id}/results/{day.contest_id}/declare"
    return day


@pytest.fixture
def timer(day, sign_in):
    return sign_in(db.session.get(Account, day.partner.account_id))


@pytest.fixture
def director(day, sign_in):
    return sign_in(db.session.get(Account, day.director.account_id))


def typed(**given):
    return {"scope": "bibs", "first_bib": "21", "last_bib": "40", "shift": "+4:30", "reason": "The second gun was late", **given}


def declared():
    db.session.rollback()
    return list(db.session.scalars(select(DeclaredCorrection).order_by(DeclaredCorrection.declared_id)))


def corrected(day, *but, seconds=270):
    """Scoring moves those of the second wave by 4:30, gun and chip."""
    for key in MOVED:
        if key not in but:
            gun = 2300 + 7 * key + seconds
            day.result(key, results_time=clock_of(gun - 2 - key % 40), results_gun_time=clock_of(gun))
    day.rank()
    day.pull()


def found(day, check_id):
    return [(card.severity, card.sentence) for card in day.screen().cards if card.check_id == check_id]


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("−4:30", -270_000), ("-4:30", -270_000), ("– 4:30", -270_000), ("+0:02.5", 2500), ("+0:00.25", 250),
        ("-1:00:00", -3_600_000), ("4:30", None), ("−4:75", None), ("−270", None), ("", None), ("−0:00", 0),
    ],
)  # fmt: skip
def test_a_shift_needs_its_sign(text, ms):
    assert milliseconds(text) == ms


def test_without_a_declaration_it_stops_everybody_and_the_card_leads_to_the_form(day, timer):
    corrected(day)
    ((severity, sentence),) = found(day, "V03")
    assert (severity, sentence) == ("block", "20 of 40 public times change (50 %), and no such correction was declared.")
    page = timer.soup(f"/events/{day.sides.id}/results/{day.contest_id}")
    assert page.select_one(f'.finding a[href="{day.declare}"]')


def test_declared_it_is_one_line_and_who_deviates_is_named(day, timer):
    page = timer.soup(day.declare)
    assert answer(page) == "No bulk correction stands"
    kept = timer.post(day.declare, data=typed(expected="20"))
    assert kept.status_code == 303
    (one,) = declared()
    assert (one.shift_ms, one.first_bib, one.last_bib, one.wave, one.expected) == (270_000, 21, 40, "", 20)
    assert (one.by_account, one.reason, one.ended_at) == (day.partner.account_id, "The second gun was late", None)
    corrected(day, 30)
    assert found(day, "V03") == []
    deviates, amount, line = sorted(found(day, "V04"), key=lambda pair: (pair[0] != "warn", pair[1]))
    assert line == ("info", "19 of 19 changed times of bibs 21 to 40 move by +4:30: as declared.")
    assert deviates[1].startswith("1 result does not follow the declared +4:30 for bibs 21 to 40: bib 30, ")
    assert amount == ("warn", "19 times move by the declared +4:30, and 20 were declared.")
    listed = words(timer.soup(day.declare))
    assert "Bibs 21 to 40: +4:30" in listed
    assert "in version 2, which is not public" in listed


def test_declared_afterwards_counts_too_and_taken_back_it_stops_again(day, timer):
    corrected(day)
    timer.post(day.declare, data=typed())
    assert found(day, "V03") == []
    page = timer.soup(day.declare)
    form = page.select_one("li form")
    fields = {one["name"]: one["value"] for one in form.select("input[type=hidden]")}
    assert timer.post(form["action"], data=fields).status_code == 303
    assert len(found(day, "V03")) == 1
    (one,) = declared()
    assert (one.ended_at is not None, one.ended_by) == (True, day.partner.name)
    assert f"taken back by {day.partner.name}" in words(timer.soup(day.declare))
    assert not timer.soup(day.declare).select("li form")


def test_once_public_it_is_behind_us(day, timer, clock):
    corrected(day)
    timer.post(day.declare, data=typed())
    shown = day.screen()
    for card in shown.cards:
        if card.is_open:
            approvals.waive(shown.version.version_id, card.finding_id, "official", "", day.director, times.now())
    day.go_public()
    assert "public since version 2" in words(timer.soup(day.declare))
    corrected(day, seconds=540)
    assert len(found(day, "V03")) == 1, "the same once more was not announced"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"shift": "4:30"}, "Write a sign and minutes"),
        ({"shift": "−0:00"}, "Write a sign and minutes"),
        ({"shift": "−25:00:00"}, "Say by how much, up to a day."),
        ({"reason": " "}, "Say why: whoever approves reads it."),
        ({"last_bib": ""}, "Give the first and the last bib, the lower one first."),
        ({"first_bib": "41"}, "Give the first and the last bib, the lower one first."),
        ({"scope": "wave:1B"}, "Not a valid choice"),
        ({"expected": "many"}, "Not a valid integer value"),
        ({"expected": "0"}, "Say how many times move, or leave it empty."),
    ],
)
def test_what_cannot_be_meant_is_said_and_what_was_typed_stays(day, timer, given, sentence):
    refused = timer.post(day.declare, data=typed(**given))
    assert refused.status_code == 422
    page = read(refused)
    assert sentence in words(page)
    assert page.select_one("input[name=shift]")["value"] == typed(**given)["shift"]
    assert declared() == []


def test_the_same_twice_is_one_and_another_for_the_same_people_waits(day, timer):
    assert timer.post(day.declare, data=typed()).status_code == 303
    assert timer.post(day.declare, data=typed()).status_code == 303
    for other in (typed(shift="+4:00"), typed(first_bib="40", last_bib="41"), typed(scope="everybody")):
        refused = timer.post(day.declare, data=other)
        assert refused.status_code == 422
        assert "Bibs 21 to 40: +4:30 stands already. Take that back first." in words(read(refused))
    assert timer.post(day.declare, data=typed(first_bib="1", last_bib="20")).status_code == 303
    assert len(declared()) == 2


def test_a_director_reads_it_and_declares_nothing(day, timer, director, sign_in):
    timer.post(day.declare, data=typed())
    page = director.soup(day.declare)
    assert "“The second gun was late”" in words(page)
    assert not page.select("main form")
    assert director.post(day.declare, data=typed()).status_code == 403
    (one,) = declared()
    assert director.post(f"{day.declare}/take-back", data={"declared_id": one.declared_id}).status_code == 403
    foreign = sign_in(make_account("partner", make_partner("Elsewhere")))
    assert foreign.get(day.declare).status_code == 404
    assert foreign.post(f"{day.declare}/take-back", data={"declared_id": one.declared_id}).status_code == 404
    assert declared()[0].ended_at is None
