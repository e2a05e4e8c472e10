"""What becomes of the customer's credentials, people, providers and old work at the takeover."""

from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from sync_jobs import schema
from sync_jobs.providers import ADAPTERS, LABELS, provider_key
from sync_jobs.schema.starts import epoch_of, instant_of
from tests.schema.files import NOW, ask, opened


def test_providers_are_added_by_name_and_ids_stay(file):
    before = ask(file, "SELECT * FROM providers")
    schema.upgrade(file, NOW)
    assert ask(file, "SELECT * FROM providers ORDER BY 1") == [*before, (6, "Copernico")]
    assert {provider_key(name) for _, name in before} | {"copernico"} == {*LABELS, "racerecord"}


def test_provider_written_otherwise_is_not_added_again(half_file):
    schema.upgrade(half_file, NOW)
    assert ask(half_file, "SELECT * FROM providers WHERE provider_id > 5") == [(6, "COPERNICO")]


def connections(file):
    with opened(file) as db:
        return {(row["source"], row["source_id"]): dict(row) for row in db.execute("SELECT * FROM connections")}


def test_every_credential_and_organisation_is_one_connection(file):
    schema.upgrade(file, NOW)
    found = connections(file)
    credentials = ask(
        file,
        "SELECT partner_provider_credential_id, timing_partner_id, name FROM partner_provider_credentials NATURAL JOIN providers",
    )
    orgs = ask(file, "SELECT timing_partner_haku_org_id, timing_partner_id FROM timing_partner_haku_orgs")
    assert found.keys() == {("credential", row[0]) for row in credentials} | {("haku_org", row[0]) for row in orgs}
    for number, partner, provider in credentials:
        connection = found["credential", number]
        assert (connection["timing_partner_id"], connection["provider_name"]) == (partner, provider_key(provider))
    names = Counter((connection["timing_partner_id"], connection["name"]) for connection in found.values())
    assert set(names.values()) == {1}
    assert {"RunSignUp", "RunSignUp (2)"} <= {name for partner, name in names if partner == 1}
    assert {"ChronoTrack", "ChronoTrack (2)"} <= {name for partner, name in names if partner == 3}
    assert (2, "Haku Haku Org 2") in names


@pytest.mark.parametrize(
    ("change", "provider", "state"),
    [
        ("secret = secret", "runsignup", "paused"),
        ("secret = NULL", "runsignup", "incomplete"),
        ("secret = ' '", "runsignup", "incomplete"),
        ("principal = NULL", "runsignup", "incomplete"),
        ("provider_id = provider_id", "racerecord", "unsupported"),
    ],
)
def test_state_is_honest(file, change, provider, state):
    with opened(file) as db:
        db.execute(f"UPDATE partner_provider_credentials SET {change}")
    schema.upgrade(file, NOW)
    found = {(row["state"], row["paused_reason"]) for row in connections(file).values() if row["provider_name"] == provider}
    assert found == {(state, "taken over; starts with its partner" if state == "paused" else None)}


@pytest.mark.parametrize(
    ("change", "state"),
    [("client_id = client_id", "paused"), ("client_secret = NULL", "incomplete"), ("client_id = ' '", "incomplete")],
)
def test_each_haku_organisation_is_ready_once_its_client_is_complete(file, change, state):
    columns = "event, client_secret, timing_partner_id"
    with opened(file) as db:  # a partner may have several
        db.execute(
            f"INSERT INTO timing_partner_haku_orgs (client_id, {columns}) SELECT 'second', {columns} FROM timing_partner_haku_orgs"
        )
        db.execute(f"UPDATE timing_partner_haku_orgs SET {change}")
    schema.upgrade(file, NOW)
    orgs = [row for (source, _), row in connections(file).items() if source == "haku_org"]
    assert len(orgs) == 2 * len({row["timing_partner_id"] for row in orgs}) == len({row["name"] for row in orgs})
    assert {(row["provider_name"], row["state"]) for row in orgs} == {("haku", state)}


def test_provider_without_an_adapter_is_unsupported_until_it_has_one(file, monkeypatch):
    adapters = dict(ADAPTERS)
    monkeypatch.setattr("sync_jobs.schema.takeover.ADAPTERS", {})
    schema.upgrade(file, NOW)
    assert {row["state"] for row in connections(file).values()} == {"unsupported"}
    monkeypatch.setattr("sync_jobs.schema.takeover.ADAPTERS", adapters)
    assert not schema.check(file, NOW).nothing
    schema.upgrade(file, NOW)
    assert {row["state"] for row in connections(file).values() if row["provider_name"] == "runsignup"} == {"paused"}
    assert schema.upgrade(file, NOW).nothing


def test_no_secret_is_copied(file):
    secrets = {
        value
        for column, table in (("secret", "partner_provider_credentials"), ("client_secret", "timing_partner_haku_orgs"))
        for (value,) in ask(file, f"SELECT {column} FROM {table}")
        if value
    } | {password for (password,) in ask(file, "SELECT access_password FROM timing_partners")}
    schema.upgrade(file, NOW)
    for table in ("connections", "accounts", "sealed_documents", "hub_facts", "partner_settings"):
        assert not secrets & {value for row in ask(file, f"SELECT * FROM {table}") for value in row}


def test_nothing_runs_by_itself(file):
    before = ask(file, "SELECT sync_queue_id, event_id, status, created_at FROM sync_queue")
    schema.upgrade(file, NOW)
    assert ask(file, "SELECT count(*), count(started_at) FROM partner_settings") == [(13, 0)]
    assert ask(file, "SELECT count(*) FROM connections WHERE state = 'active'") == [(0,)]
    assert ask(file, "SELECT count(*) FROM schedules") == [(0,)]
    assert ask(file, "SELECT sync_queue_id, event_id, status, created_at FROM sync_queue") == before
    assert set(ask(file, "SELECT target, lock_name, provider_name, due_at FROM sync_queue")) == {("", "", None, None)}


def test_old_history_stays_and_nothing_is_invented(file):
    schema.upgrade(file, NOW)
    assert ask(file, "SELECT count(provider_name), count(run_id), count(ended_at) FROM sync_history") == [(0, 0, 0)]


def test_users_are_invited_and_strange_ones_reported(file):
    with opened(file) as db:
        db.execute("UPDATE users SET email = '  Mixed.Case@Timing.Example ' WHERE user_id = 1")
        db.execute("UPDATE users SET email = 'mixed.case@timing.example' WHERE user_id = 2")
        db.execute("UPDATE users SET email = NULL WHERE user_id = 3")
        db.execute("UPDATE users SET timing_partner_id = NULL WHERE user_id = 4")
    done = schema.upgrade(file, NOW)
    assert ask(file, "SELECT email, role, state, password_hash, user_id FROM accounts WHERE user_id < 5") == [
        ("mixed.case@timing.example", "partner", "invited", None, 1)
    ]
    assert ask(file, "SELECT count(*) FROM accounts") == [(31,)]
    assert [note.split(" is ")[0] for note in done.rows.notes] == ["User 2", "User 3", "User 4"]
    assert schema.upgrade(file, NOW).nothing


def test_what_the_old_programs_add_during_a_pilot_comes_with_the_next_upgrade(file):
    schema.upgrade(file, NOW)
    with opened(file) as db:
        db.execute("UPDATE accounts SET state = 'removed' WHERE user_id = 5")
        db.execute("INSERT INTO users VALUES (900, 'new@timing.example', 1)")
        db.execute("INSERT INTO partner_provider_credentials VALUES (900, 2, 1, 'p', 's', NULL, NULL)")
    schema.upgrade(file, NOW)
    assert ask(file, "SELECT state FROM accounts WHERE user_id = 5") == [("removed",)]
    assert ask(file, "SELECT state FROM accounts WHERE user_id = 900") == [("invited",)]
    assert connections(file)["credential", 900]["name"] == "RunSignUp (3)"


def test_facts(file):
    done = schema.upgrade(file, NOW)
    facts = dict(ask(file, "SELECT name, value FROM hub_facts"))
    assert (facts["stamp"], facts["taken_over_at"]) == ("production", "2026-11-23 12:00:00")
    assert facts == done.rows.facts


def test_start_times(file):
    with opened(file) as db:
        db.execute("UPDATE runsignup_races SET timezone = 'America/Los_Angeles'")
        first = db.execute("SELECT min(event_id) FROM runsignup_events").fetchone()[0]
        db.execute("UPDATE runsignup_events SET start_time = '7/4/2026 09:05', event_id = 1 WHERE event_id = ?", (first,))
        db.execute("UPDATE ct_races SET race_planned_start_time = '' WHERE rowid = 1")
    schema.upgrade(file, NOW)
    start = round(datetime(2026, 7, 4, 9, 5, tzinfo=ZoneInfo("America/Los_Angeles")).timestamp() * 1000)
    assert ask(file, "SELECT starts_at FROM runsignup_events WHERE event_id = 1") == [(start,)]
    assert ask(file, "SELECT starts_at FROM ct_races WHERE rowid = 1") == [(None,)]
    for table, column in (("ct_events", "event_start_time"), ("ct_races", "race_planned_start_time")):
        assert all(start == int(text) * 1000 for start, text in ask(file, f"SELECT starts_at, {column} FROM {table}") if text)
    assert schema.upgrade(file, NOW).nothing


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("5/17/2026 09:00", "America/New_York", datetime(2026, 5, 17, 13, 0, tzinfo=UTC)),
        ("12/1/2026 18:06", "America/New_York", datetime(2026, 12, 1, 23, 6, tzinfo=UTC)),
        ("2026-05-17 09:00:00", "UTC", datetime(2026, 5, 17, 9, 0, tzinfo=UTC)),
        ("5/17/2026", "UTC", None),
        ("", "UTC", None),
        (None, "UTC", None),
        ("soon", "UTC", None),
    ],
)
def test_instant_of(text, zone, instant):
    assert instant_of(text, zone) == instant


@pytest.mark.parametrize(
    ("text", "year"), [("1795000000", 2026), (1795000000, 2026), ("", None), (None, None), ("0", None), ("12:00", None)]
)
def test_epoch_of(text, year):
    assert (epoch_of(text) and epoch_of(text).year) == year
