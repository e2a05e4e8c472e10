"""Files to take over: the customer's as it is today, made by their own maker, and states that other scripts left."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

MAKER = Path(__file__).resolve().parents[3] / "shared" / "legacy" / "make_race_results_db.py"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def make(file: Path, scale: float) -> Path:
    subprocess.run([sys.executable, MAKER, file, "--scale", str(scale), "--quiet"], check=True)
    return file


def copy(file: Path, folder: Path) -> Path:
    return Path(shutil.copy(file, folder / "race_results.db"))


@contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file)) as db:
        db.row_factory = sqlite3.Row
        yield db
        db.commit()


def ask(file: Path, sql: str, *values: object) -> list[tuple]:
    with opened(file) as db:
        return [tuple(row) for row in db.execute(sql, values)]


def fingerprint(file: Path) -> str:
    """Of the bytes, after whatever a killed writer left has been rolled back, as the next program's opening does."""
    with opened(file) as db:
        db.execute("SELECT count(*) FROM sqlite_master").fetchall()
    return hashlib.sha256(file.read_bytes()).hexdigest()


def beside(file: Path) -> list[str]:
    return sorted(path.name for path in file.parent.iterdir() if path != file)


HALF = """
CREATE TABLE raceroster_events (event_id INTEGER PRIMARY KEY, race_id TEXT, name TEXT NOT NULL, price REAL, city TEXT,
  organizer_note TEXT, fetched_date TEXT, credentials_used TEXT, timing_partner_id INTEGER);
INSERT INTO raceroster_events VALUES (11, 'r', 'Harbour Run', 35.5, 'Halifax', 'kept', '2026-01-01 00:00:00', 'c', 1),
  (12, 'r', 'Lake Run', 20, 'Truro', NULL, NULL, 'c', 2), (13, 'r', 'Nobody''s Run', 20, NULL, NULL, NULL, 'c', NULL);
CREATE INDEX my_own_index ON raceroster_events (city);
CREATE TABLE raceroster_participants (id INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id INTEGER REFERENCES raceroster_events (event_id), registration_id TEXT UNIQUE,
  bib_number TEXT, first_name TEXT, last_name TEXT, fetched_date TEXT, timing_partner_id INTEGER);
INSERT INTO raceroster_participants (event_id, registration_id, bib_number, first_name, timing_partner_id) VALUES
  (11, 'A1', '7', 'Mara', 1), (11, NULL, '8', 'Ina', 1), (12, 'A2', '9', 'Zoë', 2);
CREATE TABLE copernico_results (id INTEGER PRIMARY KEY, event_id TEXT, participant_id TEXT, finish_time TEXT, fetched_date TEXT,
  timing_partner_id INTEGER);
INSERT INTO copernico_results VALUES (1, 'e', 'p1', '00:30:00', '2026-01-01 10:00:00', 1),
  (2, 'e', 'p1', '00:29:00', '1/2/2026 10:00', 1), (3, 'e', 'p2', '00:31:00', NULL, 1), (4, 'e', ' ', '00:32:00', NULL, 1);
CREATE TABLE haku_events (event_id TEXT, event_name TEXT, timing_partner_id INTEGER, PRIMARY KEY (timing_partner_id, event_id));
INSERT INTO haku_events VALUES ('h1', 'Haku Run', 3);
ALTER TABLE sync_queue ADD COLUMN provider_name TEXT;
ALTER TABLE sync_queue ADD COLUMN priority TEXT;
ALTER TABLE events ADD COLUMN raceroster_event_id INTEGER;
INSERT INTO providers VALUES (6, 'COPERNICO');
CREATE VIEW unified_participants AS SELECT 'runsignup' AS source_provider, timing_partner_id FROM runsignup_participants;
CREATE VIEW unified_events AS SELECT 'runsignup' AS source_provider, event_id, city FROM runsignup_events;
CREATE VIEW their_own_view AS SELECT name, no_such_column FROM raceroster_events;
"""
"""What the script that circulates and a sibling of it leave: integer ids, rules of their own, a view that cannot be read."""


def half_enhance(file: Path) -> Path:
    with opened(file) as db:
        db.executescript(HALF)
    return file


def double(file: Path, table: str, row_id: int, **changes: object) -> int:
    """The same row once more, with some values changed. Returns its id."""
    with opened(file) as db:
        row = dict(db.execute(f"SELECT * FROM {table} WHERE id = ?", (row_id,)).fetchone())
        row = {**row, **changes}
        del row["id"]
        made = db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))
        return made.lastrowid
