"""Removing a connection: asked first, then nothing more comes in by it, its credential is gone, and what it read stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from dashboard import connection_removal
from sync_jobs import jobs, ledger, secrets
from sync_jobs.models import Attempt, Connection, CustomerCredential, Run, SealedDocument, db, write
from tests.conftest import NOW
from tests.dashboard.conftest import read, words
from tests.factories import keep, make_attempt, make_connection, make_contest, make_edition, make_link, make_run, make_state

SECRETS = {"api_key": "the-key", "api_secret": "the-secret"}


@pytest.fixture
def connection(people):
    """In use: a sealed credential and token, an event with people, a run of each kind, one of them failed."""
    made = make_connection(people.company, name="Front desk", last_success_at=NOW)
    make_link(people.edition, made, happening_id="7001")
    make_contest(people.edition, made, rows_held=1204)
    make_state(made, "participants", people.edition, rows_held=1204, last_success_at=NOW - timedelta(hours=1))
    with write() as session:
        secrets.keep(session, made.connection_id, secrets.SECRETS, SECRETS)
        secrets.keep(session, made.connection_id, secrets.TOKEN, {"access_token": "lent"})
    make_run(made, "events", status="pending")
    make_run(made, "participants", people.edition, status="running", claimed_at=NOW)
    make_attempt(make_run(made, "participants", people.edition, status="failed", finished_at=NOW, last_error="It broke."))
    return made


def address(connection):
    return f"/connections/{connection.connection_id}/remove"


def state_of(connection):
    db.session.rollback()
    return db.session.get(Connection, connection.connection_id).state


def test_it_is_asked_first_with_what_stops_and_what_stays(people, sign_in, connection):
    browser = sign_in(people.partner)
    page = browser.soup(f"/connections/{connection.connection_id}")
    asked = browser.soup(page.find("a", attrs={"aria-label": "Remove Front desk"})["href"])
    said = words(asked.main)
    assert "Two runs that wait or run are cancelled" in said
    assert "1,204 people of 1 event" in said
    assert "The history of all its runs" in said
    assert "credential that was entered here is erased" in said
    assert "older programs" not in said
    assert asked.select_one(f"form[action='{address(connection)}'] button").text == "Remove Front desk"
    assert state_of(connection) == "active"


def test_it_stops_and_forgets_its_credential(people, sign_in, connection):
    answer = sign_in(people.partner).post(address(connection), follow_redirects=True)
    assert "Front desk was removed" in words(read(answer))
    assert state_of(connection) == "removed"
    assert db.session.scalars(select(SealedDocument)).all() == []
    runs = {run.status: run for run in db.session.scalars(select(Run))}
    assert set(runs) == {"cancelled", "running", "failed"}
    assert (runs["running"].cancel_requested, runs["running"].cancelled_by) == (1, people.partner.name)
    assert db.session.scalar(select(Attempt.connection_id)) == connection.connection_id
    assert ledger.startable(NOW, 10) == []
    with pytest.raises(jobs.CannotSync, match="was removed"):
        jobs.request(
            db.session.get(Connection, connection.connection_id), "events", edition=None, trigger="manual", by="x", now=NOW
        )


def test_a_run_that_is_still_at_work_brings_no_token_back(people, connection):
    connection_removal.end(connection.connection_id, by="Ada", now=NOW)
    secrets.TokenDocument(connection.connection_id).save({"access_token": "lent once more"})
    assert db.session.scalars(select(SealedDocument)).all() == []


@pytest.mark.parametrize(("page", "row"), [("/", "#connection-1"), ("/connections", "#connection-1"), ("/failed", "[id^=failed-]")])
def test_it_is_gone_from_every_list(people, sign_in, connection, page, row):
    browser = sign_in(people.administrator)
    assert browser.soup(page).select_one(row)
    connection_removal.end(connection.connection_id, by="Ada", now=NOW)
    soup = browser.soup(page)
    assert soup.select_one(row) is None
    assert f"/connections/{connection.connection_id}" not in str(soup)
    assert soup.select_one("nav a[href='/failed'] b") is None
    for gone in ("", "/remove"):
        assert browser.get(f"/connections/{connection.connection_id}{gone}").status_code == 404
    for act in ("/sync", "/test", "/pause", "/resume", "/remove", ""):
        assert browser.post(f"/connections/{connection.connection_id}{act}").status_code == 404


def test_its_event_keeps_its_people_and_is_neither_late_nor_to_be_synced(people, sign_in, connection, clock):
    connection_removal.end(connection.connection_id, by="Ada", now=NOW)
    clock.forward(hours=9)
    browser = sign_in(people.partner)
    page = browser.soup(f"/events/{people.edition.edition_id}")
    assert "1,204 registrations" in words(page)
    assert "The connection was removed" in words(page)
    assert not page.select("button[hx-post*='/sync']")
    listed = words(browser.soup("/events").find(id="live"))
    assert "1,204 registered at RunSignUp" in listed
    assert "not read any more" in listed
    assert "Nothing needs anybody" in words(browser.soup("/"))
    failed = db.session.scalar(select(Run.run_id).where(Run.status == "failed"))
    assert browser.soup(f"/runs/{failed}").find(id="retry") is None
    assert "Harbor Lights" in words(browser.soup("/history").find(id="live"))


def test_it_can_be_added_again_and_its_event_counts_once(people, sign_in, connection):
    browser = sign_in(people.partner)
    browser.post(address(connection))
    typed = {"name": "Front desk", "credential_api_key": "another", "credential_api_secret": "another"}
    answer = browser.post("/connections/new?provider=runsignup", data=typed)
    assert answer.status_code == 303, words(read(answer))
    again = db.session.scalars(select(Connection).where(Connection.state == "active")).one()
    make_link(people.edition, again, happening_id="7001")
    make_state(again, "participants", people.edition, rows_held=1205)
    page = words(browser.soup(f"/events/{people.edition.edition_id}"))
    assert "1,205 people registered" in page
    assert "The connection was removed" not in page


def test_one_that_was_taken_over_leaves_the_older_programs_their_copy(people, sign_in):
    row = CustomerCredential(principal="key", secret="readable", timing_partner_id=people.company.timing_partner_id)
    keep(row)
    taken = make_connection(people.company, source="credential", source_id=row.partner_provider_credential_id)
    browser = sign_in(people.administrator)
    assert "older programs’ columns is theirs and stays" in words(browser.soup(address(taken)))
    browser.post(address(taken))
    db.session.rollback()
    assert db.session.scalars(select(CustomerCredential.secret)).one() == "readable"


def test_twice_is_harmless_and_a_foreign_one_is_not_there(people, sign_in, connection):
    foreign = make_connection(people.elsewhere)
    browser = sign_in(people.partner)
    assert browser.get(address(foreign)).status_code == 404
    assert browser.post(address(foreign)).status_code == 404
    assert state_of(foreign) == "active"
    assert browser.post(address(connection)).status_code == 303
    assert browser.post(address(connection)).status_code == 404
    assert not connection_removal.end(connection.connection_id, by="Ada", now=NOW)


def test_who_may_not_change_connections_is_not_offered_it(people, sign_in, connection):
    browser = sign_in(people.support)
    assert "Remove" not in words(browser.soup(f"/connections/{connection.connection_id}").main)
    assert browser.post(address(connection)).status_code == 403
    assert state_of(connection) == "active"


def test_a_removed_event_side_beside_a_living_one(people, sign_in, connection):
    other = make_connection(people.company, "raceroster")
    edition = make_edition(people.company, "Maple 10K")
    make_state(other, "participants", edition, rows_held=10)
    make_state(connection, "participants", edition, rows_held=7)
    connection_removal.end(connection.connection_id, by="Ada", now=NOW)
    row = words(next(part for part in sign_in(people.partner).soup("/events").select("li") if "Maple 10K" in words(part)))
    assert "10 registered at Race Roster · 7 at RunSignUp" in row
    assert "not read any more" not in row
