"""What `up` refuses, each in one sentence, before anything is started or changed."""

from __future__ import annotations

import dataclasses
import shutil
import sqlite3

import pytest
from sqlalchemy import text

from dashboard import create_app, starting
from sync_jobs import schema
from sync_jobs.models import db
from tests.conftest import make_settings


@pytest.fixture
def begin(tmp_path):
    """Prepare the database in a mode, over a file that a test may have put there."""

    def prepare(mode, **changes):
        settings = make_settings(tmp_path, mode=mode, **changes)
        with create_app(settings).app_context():
            made = starting.prepare_database(settings, db.engine)
            with db.engine.connect() as connection:
                journal = connection.execute(text("PRAGMA journal_mode")).scalar()
            return made, schema.stamp_of(db.engine), journal

    return prepare


def put(tmp_path, stamp):
    with create_app(make_settings(tmp_path)).app_context():
        schema.create(db.engine, stamp=stamp)


@pytest.mark.parametrize(("mode", "stamp"), [("demo", "sandbox"), ("serve", "production")])
def test_a_missing_database_is_made_with_the_stamp_of_the_mode_and_found_again(begin, mode, stamp):
    assert begin(mode) == (True, stamp, "wal")
    assert begin(mode) == (False, stamp, "wal")


def test_the_demonstration_leaves_a_real_database_alone(begin, tmp_path):
    put(tmp_path, "production")
    before = (tmp_path / "hub.db").read_bytes()
    with pytest.raises(starting.Refused, match="was not made by the demonstration"):
        begin("demo")
    assert (tmp_path / "hub.db").read_bytes() == before


def test_real_use_refuses_the_demonstrations_database_save_in_a_rehearsal(begin, tmp_path):
    put(tmp_path, "sandbox")
    with pytest.raises(starting.Refused, match="belongs to the demonstration"):
        begin("serve")
    assert begin("serve", rehearsal=True)[1] == "sandbox"


def test_a_file_that_was_not_taken_over_yet_names_the_command(begin, tmp_path):
    with sqlite3.connect(tmp_path / "hub.db") as old:
        old.execute("CREATE TABLE timing_partners (timing_partner_id INTEGER PRIMARY KEY, company_name TEXT)")
    old.close()
    with pytest.raises(starting.Refused, match=f"database upgrade --database {tmp_path / 'hub.db'}"):
        begin("serve")


def test_a_file_of_an_earlier_version_names_the_command_too(begin, tmp_path):
    put(tmp_path, "production")
    with sqlite3.connect(tmp_path / "hub.db") as old:
        old.execute("ALTER TABLE processes DROP COLUMN note")
    old.close()
    with pytest.raises(starting.Refused, match=r"earlier version\. Run first: .* database upgrade"):
        begin("serve")


def test_something_that_is_no_database_is_said_to_be_none(begin, tmp_path):
    (tmp_path / "hub.db").write_text("These are my notes, not a database. " * 50)
    with pytest.raises(starting.Refused, match="is not a SQLite database"):
        begin("serve")


@pytest.mark.parametrize(
    "url", ["http://api.runsignup.com/rest", "https://127.0.0.1:9/rest", "http://localhost/rest", "https://[::1]/rest"]
)
def test_real_use_speaks_to_real_providers_only_save_in_a_rehearsal(tmp_path, url):
    settings = make_settings(tmp_path, mode="serve", provider_urls={"RUNSIGNUP_URL": url})
    with pytest.raises(starting.Refused, match="RUNSIGNUP_URL"):
        starting.check_addresses(settings)
    rehearsal = dataclasses.replace(settings, rehearsal=True)
    assert starting.check_addresses(rehearsal) == [f"RUNSIGNUP_URL={url}"]


def test_the_providers_own_addresses_are_real(tmp_path):
    assert starting.check_addresses(make_settings(tmp_path, mode="serve")) == []


def test_the_data_folder_is_made_for_its_owner_only(begin, tmp_path):
    shutil.rmtree(tmp_path)
    assert begin("demo")[0] is True
    assert tmp_path.stat().st_mode & 0o077 == 0, "others may not look into the data folder"
