"""What is late: the database is asked the same question that an event's own page answers, and both give the same answer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from dashboard import standing
from sync_jobs import schedules
from sync_jobs.models import Edition, EditionPlan, SyncState, db, write
from tests.factories import keep, make_connection, make_edition, make_link, make_state
from tests.pages import answer, row, words

HOURS = (-200, -30, -23.95, -23.8, -5, -3.99, -3.9, -0.5, 0.05, 0.2, 0.9, 1.5, 3, 5.5, 20, 25)
AGES = (0.02, 0.045, 0.055, 0.06, 0.2, 0.37, 0.38, 0.7, 0.8, 1.2, 1.3, 1.6, 4.4, 4.6, 12.4, 12.6, 25, 27)


def late_ones(now):
    query = (
        select(SyncState.target)
        .outerjoin(Edition, Edition.edition_id == SyncState.edition_id)
        .outerjoin(EditionPlan, EditionPlan.edition_id == SyncState.edition_id)
    )
    found = set(db.session.scalars(query.where(standing.is_late(now))))
    db.session.rollback()
    return found


@pytest.mark.parametrize("provider", ["runsignup", "haku", "chronotrack", "copernico"])
def test_the_database_and_the_plan_agree_on_what_is_late(people, clock, provider):
    connection, expected = make_connection(people.company, provider), set()
    for plan in (None, "standard", "race_day", "slow"):
        for hours, day_only in (*((hours, 0) for hours in (*HOURS, None)), *((hours, 1) for hours in HOURS)):
            starts = None if hours is None else clock() - timedelta(hours=hours)
            ends = starts and starts + timedelta(minutes=30)
            edition = make_edition(people.company, starts_at=starts, ends_at=ends, day_only=day_only)
            if plan:
                keep(EditionPlan(edition_id=edition.edition_id, timing_partner_id=edition.timing_partner_id, plan=plan))
            for operation in ("participants", "results"):
                promise = schedules.promised(provider, operation, plan, edition, clock())
                age = AGES[edition.edition_id % len(AGES)]
                state = make_state(connection, operation, edition, last_success_at=clock() - timedelta(hours=age))
                if promise and timedelta(hours=age) > promise.late_after:
                    expected.add(state.target)
    assert 10 < len(expected) < 120
    assert late_ones(clock()) == expected


def test_a_race_day_is_late_after_minutes_and_a_slow_plan_after_hours(people, sign_in, clock):
    support, connection = sign_in(people.support), make_connection(people.company)
    soon = make_edition(people.company, "Cedar Ridge", starts_at=clock() + timedelta(hours=2), ends_at=clock() + timedelta(hours=2))
    make_state(connection, "participants", soon, last_success_at=clock() - timedelta(minutes=14), rows_held=9)
    make_link(soon, connection)
    said = words(row(support.soup("/"), "promised"))
    assert "Cedar Ridge: participants 14 min old, promised 1 min" in said
    assert "not read for 14 min" in answer(support.soup(f"/events/{soon.edition_id}"))
    keep(EditionPlan(edition_id=soon.edition_id, timing_partner_id=soon.timing_partner_id, plan="slow"))
    assert answer(support.soup("/")) == "Nothing needs anybody"
    assert "read 14 min ago" in answer(support.soup(f"/events/{soon.edition_id}"))


def test_what_somebody_holds_back_is_not_late_and_has_an_interval_to_come_back(people, sign_in, clock):
    support, edition = sign_in(people.support), make_edition(people.company, "Cedar Ridge")
    connection = make_connection(people.company)
    make_link(edition, connection)
    make_state(connection, "participants", edition, last_success_at=clock() - timedelta(hours=30), rows_held=9)
    assert "1 of 1 event late" in words(row(support.soup("/"), "RunSignUp", "tr"))
    keep(EditionPlan(edition_id=edition.edition_id, timing_partner_id=edition.timing_partner_id, plan="standard",
                     paused_until=clock() + timedelta(hours=1)))  # fmt: skip
    for hours, is_late in ((0, False), (5.4, False), (0.2, True)):
        clock.forward(hours=hours)
        assert bool(late_ones(clock())) is is_late
        assert ("not read for" in answer(support.soup(f"/events/{edition.edition_id}"))) is is_late


def test_the_usual_plan_of_a_day_without_a_time_is_the_calm_one(people, sign_in, clock):
    browser, address = sign_in(people.partner), f"/events/{people.edition.edition_id}/plan"
    assert "As usual: Race day" in words(browser.soup(address))
    with write() as session:
        session.get_one(Edition, people.edition.edition_id).day_only = 1
    assert "As usual: Standard" in words(browser.soup(address))
