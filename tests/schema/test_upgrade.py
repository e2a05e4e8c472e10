"""A customer's file becomes ours, from whatever state, without losing anything."""

import json
import sqlite3
import stat

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from sync_jobs import schema
from sync_jobs.models import base
from sync_jobs.schema.actual import read_actual
from sync_jobs.schema.compare import compare
from sync_jobs.schema.wanted import triggers, views, wanted
from tests.schema.files import NOW, ask, beside, copy, double, fingerprint, opened


def complete(file):
    with opened(file) as db:
        return compare(wanted(), read_actual(db)).empty


def contents(file, tables):
    return {table: ask(file, f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables}


def dump(file):
    with opened(file) as db:
        return list(db.iterdump())


def legacy_columns(file):
    tables = [name for (name,) in ask(file, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")]
    return {table: [row[1:3] + row[5:] for row in ask(file, f"PRAGMA table_info({table})")] for table in tables}


def test_upgrade_is_additive(file):
    columns, before = legacy_columns(file), dump(file)
    held = contents(file, columns)
    done = schema.upgrade(file, NOW)
    assert complete(file)
    for table, there in columns.items():
        assert legacy_columns(file)[table][: len(there)] == there, "a legacy column or key changed"
        names = ", ".join(name for name, *_ in there)
        rows = ask(file, f"SELECT {names} FROM {table} ORDER BY 1, 2")
        assert set(held[table]) <= set(rows), f"{table} lost rows"
        assert len(rows) == len(held[table]) + (table == "providers"), table
    assert dump(done.backup) == before
    assert stat.S_IMODE(done.backup.stat().st_mode) == 0o600
    assert beside(file) == [done.backup.name]


def test_second_upgrade_finds_nothing_and_leaves_every_byte(file):
    schema.upgrade(file, NOW)
    before, there = fingerprint(file), beside(file)
    done = schema.upgrade(file, NOW)
    assert done.nothing
    assert done.backup is None
    assert fingerprint(file) == before
    assert beside(file) == there
    assert schema.check(file, NOW).nothing


def test_check_changes_no_byte_and_leaves_nothing_beside(file):
    before = fingerprint(file)
    found = schema.check(file, NOW)
    assert not found.nothing
    assert fingerprint(file) == before
    assert beside(file) == []


@pytest.mark.parametrize("there", [True, False])
def test_empty_or_new_file_becomes_a_whole_database(tmp_path, there):
    file = tmp_path / "race_results.db"
    if there:
        file.touch()
    assert schema.upgrade(file, NOW).backup is None
    assert complete(file)
    assert dict(ask(file, "SELECT name, value FROM hub_facts")).keys() == {"stamp", "made_at", "views"}


def test_created_and_upgraded_database_are_the_same(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'made.db'}", poolclass=NullPool)
    base.watch(engine)
    schema.create(engine, "sandbox", NOW)
    schema.create(engine, "sandbox", NOW)
    assert schema.stamp_of(engine) == "sandbox"
    with pytest.raises(schema.SchemaProblem):
        schema.create(engine, "production", NOW)
    assert complete(tmp_path / "made.db")
    assert schema.check(tmp_path / "made.db", NOW).nothing


def test_an_existing_stamp_stays(file):
    schema.upgrade(file, NOW)
    with opened(file) as db:
        db.execute("UPDATE hub_facts SET value = 'sandbox' WHERE name = 'stamp'")
        db.execute("DROP VIEW unified_events")
    schema.upgrade(file, NOW)
    assert ask(file, "SELECT value FROM hub_facts WHERE name = 'stamp'") == [("sandbox",)]


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_journal_mode_stays(file, mode):
    ask(file, f"PRAGMA journal_mode={mode}")
    done = schema.upgrade(file, NOW)
    assert ask(file, "PRAGMA journal_mode") == [(mode,)]
    assert ask(done.backup, "SELECT count(*) FROM ct_results") == ask(file, "SELECT count(*) FROM ct_results")


def test_half_enhanced_file_is_completed_with_its_rows(half_file):
    done = schema.upgrade(half_file, NOW)
    assert complete(half_file)
    assert schema.upgrade(half_file, NOW).nothing
    assert {task.table.name for task in done.plan.rebuilds} == {"raceroster_events", "raceroster_participants", "copernico_results"}
    assert done.aside == {"raceroster_events": 1, "raceroster_participants": 1, "copernico_results": 2}
    assert ask(half_file, "SELECT event_id, name, price, organizer_note, timing_partner_id FROM raceroster_events ORDER BY 1") == [
        ("11", "Harbour Run", "35.5", "kept", 1), ("12", "Lake Run", "20.0", None, 2),
    ]  # fmt: skip
    assert ask(half_file, "SELECT registration_id, bib_number FROM raceroster_participants ORDER BY 1") == [
        ("A1", "7"),
        ("A2", "9"),
    ]
    assert ask(half_file, "SELECT finish_time FROM copernico_results ORDER BY participant_id") == [("00:29:00",), ("00:31:00",)]
    assert ask(half_file, "SELECT event_name FROM haku_events") == [("Haku Run",)]
    assert ask(half_file, "SELECT sql FROM sqlite_master WHERE name = 'my_own_index'"), "the customer's own index is gone"
    assert ask(half_file, "SELECT count(*) FROM sqlite_master WHERE name = 'their_own_view'") == [(1,)]


def test_rows_that_cannot_be_keyed_are_kept_whole(half_file):
    schema.upgrade(half_file, NOW)
    kept = [
        (table, key, json.loads(row)) for table, key, row in ask(half_file, "SELECT table_name, kept_key, row FROM merged_rows")
    ]
    assert ("copernico_results", "1/e/p1") in [(table, key) for table, key, _ in kept]
    nobody = next(row for table, key, row in kept if table == "raceroster_events" and not key)
    assert nobody == {
        "event_id": 13, "race_id": "r", "name": "Nobody's Run", "price": 20.0, "city": None, "organizer_note": None,
        "fetched_date": None, "credentials_used": "c", "timing_partner_id": None,
    }  # fmt: skip


def test_text_ids_fit_after_the_rebuild(half_file):
    schema.upgrade(half_file, NOW)
    with opened(half_file) as db:
        for partner in (1, 2):
            db.execute("INSERT INTO raceroster_events (event_id, timing_partner_id) VALUES ('5f0c-0012', ?)", (partner,))
    assert len(ask(half_file, "SELECT * FROM raceroster_events WHERE event_id = '5f0c-0012'")) == 2


def test_column_of_another_type_is_named_and_stays(half_file):
    notes = schema.check(half_file, NOW).plan.notes
    assert any("sync_queue.priority" in note for note in notes)
    assert any("events.raceroster_event_id" in note for note in notes)


def test_registrations_that_stand_twice_merge_to_the_newest_with_its_bib(file):
    ids = [row[0] for row in ask(file, "SELECT id FROM runsignup_participants ORDER BY id LIMIT 3")]
    with opened(file) as db:
        db.execute(f"UPDATE runsignup_participants SET bib_num = '77', chip_num = 'c7' WHERE id IN ({ids[0]}, {ids[1]})")
    newer = double(
        file, "runsignup_participants", ids[0], bib_num=" ", chip_num="c8", fetched_date="12/31/2026 08:00", city="Newtown"
    )
    double(file, "runsignup_participants", ids[1], bib_num="1", fetched_date="2001-01-01 00:00:00")
    double(file, "runsignup_participants", ids[2], timing_partner_id=99)
    double(file, "runsignup_participants", ids[2], registration_id=None)
    double(file, "runsignup_participants", ids[2], registration_id=None)
    rows = ask(file, "SELECT count(*) FROM runsignup_participants")[0][0]
    assert schema.check(file, NOW).doubles == {"runsignup_participants": 2}
    done = schema.upgrade(file, NOW)
    assert done.merged == {"runsignup_participants": 2}
    assert ask(file, "SELECT count(*) FROM runsignup_participants") == [(rows - 2,)]
    found = "SELECT id, bib_num, chip_num, city FROM runsignup_participants WHERE id IN (?, ?)"
    assert [row[:3] for row in ask(file, found, ids[0], newer)] == [(newer, "77", "c8")]
    assert ask(file, found, ids[0], newer)[0][3] == "Newtown"
    assert ask(file, found, ids[1], ids[1])[0][:3] == (ids[1], "77", "c7")
    kept = {key: json.loads(row) for key, row in ask(file, "SELECT kept_key, row FROM merged_rows")}
    assert kept.keys() == {str(newer), str(ids[1])}
    assert kept[str(newer)]["bib_num"] == "77"
    assert kept[str(newer)]["id"] == ids[0]
    assert len(kept[str(newer)]) == len(ask(file, "PRAGMA table_info(runsignup_participants)"))


def test_results_that_stand_twice_merge_to_the_highest_id(file):
    first = ask(file, "SELECT min(id) FROM ct_results")[0][0]
    newest = [double(file, "ct_results", first, results_bib=bib, results_time=time) for bib, time in (("5", "a"), ("", "b"))][-1]
    rows = ask(file, "SELECT count(*) FROM ct_results")[0][0]
    assert schema.upgrade(file, NOW).merged == {"ct_results": 2}
    assert ask(file, "SELECT count(*) FROM ct_results") == [(rows - 2,)]
    assert ask(file, "SELECT results_bib, results_time FROM ct_results WHERE id = ?", newest) == [("5", "b")]
    with pytest.raises(sqlite3.IntegrityError):
        double(file, "ct_results", newest)


def test_the_makers_own_duplicates_merge(tmp_path, larger):
    file = copy(larger, tmp_path)
    newest = {}
    for *key, bib, fetched in ask(
        file, "SELECT timing_partner_id, registration_id, bib_num, fetched_date FROM runsignup_participants"
    ):
        held = newest.get(tuple(key), ("", None))
        newest[tuple(key)] = max(held, (fetched, bib), key=lambda pair: pair[0])
    rows = ask(file, "SELECT count(*) FROM runsignup_participants")[0][0]
    assert schema.upgrade(file, NOW).merged == {"runsignup_participants": rows - len(newest)}
    after = ask(file, "SELECT timing_partner_id, registration_id, bib_num FROM runsignup_participants")
    assert {(partner, registration): bib for partner, registration, bib in after} == {key: bib for key, (_, bib) in newest.items()}
    assert rows > len(newest)


def test_check_names_what_stops_working(file):
    found = schema.check(file, NOW)
    words = "\n".join(schema.plan_words(found))
    assert found.positional["sync_queue"][0] == 4
    assert "INSERT INTO sync_queue VALUES (…)" in words
    assert "timing_partners VALUES" not in words
    assert "write-ahead log" in words
    schema.upgrade(file, NOW)
    for table, (before, after) in found.positional.items():
        assert len(ask(file, f"PRAGMA table_info({table})")) == after > before


def test_views_with_another_text_are_replaced(file):
    schema.upgrade(file, NOW)
    with opened(file) as db:
        db.execute("DROP VIEW unified_events")
        db.execute("CREATE VIEW unified_events AS SELECT 1 AS one")
    assert [view.name for view in schema.upgrade(file, NOW).plan.views] == ["unified_events"]
    assert complete(file)


def test_triggers_with_another_text_are_replaced(file):
    schema.upgrade(file, NOW)
    with opened(file) as db:
        db.execute("DROP TRIGGER receipts_never_changed")
        db.execute("DROP TRIGGER receipts_never_deleted")
        db.execute("CREATE TRIGGER receipts_never_deleted BEFORE DELETE ON receipts BEGIN SELECT 1; END")
    assert not schema.check(file, NOW).nothing
    done = schema.upgrade(file, NOW)
    assert [trigger.name for trigger in done.plan.triggers] == ["receipts_never_changed", "receipts_never_deleted"]
    assert done.plan.replaced_triggers == ("receipts_never_deleted",)
    assert "receipts_never_deleted" in " ".join(schema.report_words(done))
    assert complete(file)


def test_both_dialects_guard_the_same():
    functions = {"hub_refuse", "hub_need_approval"}
    assert [one.name for one in triggers("sqlite")] == [one.name for one in triggers("postgresql") if one.name not in functions]


def test_both_dialects_have_the_same_views():
    assert [view.name for view in views("sqlite")] == [view.name for view in views("postgresql")]
    for view in views("postgresql"):
        assert not {"GLOB", "strftime"} & set(view.ddl.replace("(", " ").split())


@pytest.mark.parametrize(
    "rule",
    [
        "name TEXT NOT NULL",
        "name TEXT UNIQUE",
        "name TEXT CHECK (name <> '')",
        "name TEXT REFERENCES users (email)",
        "name INTEGER",
    ],
)
def test_rules_that_the_added_tables_must_not_have_go(file, rule):
    key = "event_id TEXT NOT NULL, timing_partner_id INTEGER NOT NULL"
    with opened(file) as db:
        db.execute(f"CREATE TABLE haku_events ({key}, event_name TEXT, {rule}, PRIMARY KEY (timing_partner_id, event_id))")
        db.execute("ALTER TABLE haku_events RENAME COLUMN event_name TO x")
        db.execute("ALTER TABLE haku_events RENAME COLUMN name TO event_name")
        db.execute("INSERT INTO haku_events (event_id, timing_partner_id, event_name) VALUES ('1', 1, 'Run')")
    assert [task.table.name for task in schema.upgrade(file, NOW).plan.rebuilds] == ["haku_events"]
    with opened(file) as db:
        db.execute(
            "INSERT INTO haku_events (event_id, timing_partner_id, event_name) VALUES ('2', 1, 'Run'), ('3', 1, NULL), ('4', 1, '')"
        )
    assert ask(file, "SELECT count(*) FROM haku_events") == [(4,)]
    assert schema.check(file, NOW).nothing
