"""Take a customer's file over: lock, plan, backup, one transaction for everything, counts proved, commit. All or nothing.

What to do is decided in `compare` and `takeover`; how it is said in `words`.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from sync_jobs import times
from sync_jobs.schema import takeover
from sync_jobs.schema.actual import Actual, Row, quoted, read_actual, rows
from sync_jobs.schema.backup import backup, need_room, size_of
from sync_jobs.schema.compare import Plan, compare
from sync_jobs.schema.hand import Hand, Watch, unwatched
from sync_jobs.schema.merge import MERGED, merge
from sync_jobs.schema.problem import SchemaProblem, problem_of
from sync_jobs.schema.rebuild import rebuild
from sync_jobs.schema.takeover import Rows
from sync_jobs.schema.wanted import Wanted, WantedIndex, digest, wanted

WAIT = 30.0  # seconds for another program's lock
CACHE_KIB = 128 * 1024


@dataclass(frozen=True, slots=True)
class Report:
    """What an upgrade did. `backup` is None when there was nothing to do, or nothing yet to copy."""

    plan: Plan
    rows: Rows
    backup: Path | None = None
    merged: dict[str, int] = field(default_factory=dict)  # table → duplicates merged
    aside: dict[str, int] = field(default_factory=dict)  # rebuilt table → rows kept as JSON
    size_before: int = 0
    size_after: int = 0
    nothing: bool = False


def upgrade(file: Path, now: datetime, *, stamp: str = "production", watch: Watch = unwatched, wait: float = WAIT) -> Report:
    """Bring a file to the wanted schema, from whatever state. Raises SchemaProblem, and then the file is as it was."""
    fresh = not file.exists()
    must_be_writable(file)
    try:
        with _sorting_beside(file), _locked(file, wait) as db:
            done = _upgrade(db, file, now, stamp, watch)
        return replace(done, size_after=size_of(file))  # after closing: a write-ahead log has been put into the file
    except (sqlite3.Error, OSError) as error:
        raise problem_of(error, file) from error
    finally:
        if fresh and file.exists() and not file.stat().st_size:
            file.unlink()


def must_be_writable(file: Path) -> None:
    """Say it before anything begins. Root may write everything, so the marks on the file count as well."""
    for path, what in ((file.parent, f"The folder {file.parent}"), (file, str(file))):
        if path == file.parent and not path.is_dir():
            raise SchemaProblem(f"There is no folder {path}.")
        if path.exists() and not (os.access(path, os.W_OK) and path.stat().st_mode & 0o222):
            raise SchemaProblem(f"{what} cannot be written. Allow writing for the file and its folder; nothing was changed.")
    if file.is_dir():
        raise SchemaProblem(f"{file} is a folder, not a database.")


@contextmanager
def _sorting_beside(file: Path) -> Iterator[None]:
    """Let SQLite sort on the disk whose free room was looked at, not on a small one for temporary files."""
    before = os.environ.get("SQLITE_TMPDIR")
    os.environ["SQLITE_TMPDIR"] = before or str(file.parent.resolve())
    try:
        yield
    finally:
        if before is None:
            del os.environ["SQLITE_TMPDIR"]


@contextmanager
def _locked(file: Path, wait: float) -> Iterator[sqlite3.Connection]:
    """The write lock, held until the end; whatever is not committed is undone."""
    db = sqlite3.connect(file, timeout=wait, isolation_level=None)
    try:
        db.execute("PRAGMA foreign_keys=OFF")
        db.execute("PRAGMA legacy_alter_table=ON")  # a broken view of another program's must not stop a rename
        db.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        db.execute("BEGIN IMMEDIATE")
        yield db
        if db.in_transaction:
            db.execute("ROLLBACK")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    finally:
        db.close()


def _upgrade(db: sqlite3.Connection, file: Path, now: datetime, stamp: str, watch: Watch) -> Report:
    target, actual, before = wanted(), read_actual(db), size_of(file)
    plan, found = compare(target, actual), decided(db, actual, target, now, stamp)
    if plan.problems:
        raise SchemaProblem(plan.problems[0])
    if plan.empty and found.empty:
        return Report(plan, found, size_before=before, nothing=True)
    copy = None
    if actual.tables:
        need_room(file)
        copy = backup(file, now, watch)
    try:
        merged, aside = _change(Hand(db, watch), plan, found, actual, now)
    except BaseException:
        if copy:  # the file is as it was, so the copy is of no use and in the way
            copy.unlink(missing_ok=True)
        raise
    return Report(plan, found, copy, merged, aside, before)


def decided(db: sqlite3.Connection, actual: Actual, target: Wanted, now: datetime, stamp: str) -> Rows:
    """The rows that the file still needs, decided from what it holds."""
    held = {table: rows(db, actual, table, columns) for table, columns in takeover.READ.items()}
    return takeover.decide(held, now, stamp=stamp, views=digest(target.views))


def _change(hand: Hand, plan: Plan, found: Rows, actual: Actual, now: datetime) -> tuple[dict[str, int], dict[str, int]]:
    """Everything inside the one transaction, and its commit."""
    counted = {name: _count(hand, name) for name in actual.tables}
    at = times.to_ms(now)
    for view in plan.replaced_views:
        hand.run(f"DROP VIEW {quoted(view)}")
    for name in plan.replaced_triggers:
        hand.run(f"DROP TRIGGER {quoted(name)}")
    for table in plan.tables:
        hand.run(table.ddl)
    aside = {task.table.name: rebuild(hand, task, actual.attached.get(task.table.name, ()), at) for task in plan.rebuilds}
    for before, column in plan.columns:
        hand.run(f"ALTER TABLE {quoted(before.name)} ADD COLUMN {column.ddl}")
    merged = _index(hand, plan, actual, at)
    for view_ in plan.views:
        hand.run(view_.ddl)
    for trigger in plan.triggers:
        hand.run(trigger.ddl)
    _write(hand, found)
    _prove(hand, counted)
    hand.run("COMMIT")
    return {table: n for table, n in merged.items() if n}, {table: n for table, n in aside.items() if n}


def _index(hand: Hand, plan: Plan, actual: Actual, at: int) -> dict[str, int]:
    """All missing indexes; where a unique one is refused, the duplicates are merged first."""
    merged: dict[str, int] = {}
    for table, index in plan.indexes:
        if index.name in actual.indexes:
            hand.run(f"DROP INDEX {quoted(index.name)}")
        merged[table] = merged.get(table, 0) + _one_index(hand, table, index, at)
    return merged


def _one_index(hand: Hand, table: str, index: WantedIndex, at: int) -> int:
    try:
        hand.run(index.ddl)
    except sqlite3.IntegrityError:  # this statement alone is undone; sorting twice is rarer than having no duplicates
        if index.name not in MERGED:
            raise SchemaProblem(f"{table} holds rows that {index.name} would forbid. Nothing was changed.") from None
    else:
        return 0
    columns = [row[1] for row in hand.db.execute(f"PRAGMA table_info({quoted(table)})")]
    merged = merge(hand, MERGED[index.name], columns, at)
    hand.run(index.ddl)
    return merged


def _write(hand: Hand, found: Rows) -> None:
    for table, made in found.inserts.items():
        hand.insert(table, made)
    for table, starts in found.starts.items():
        _start(hand, table, starts)
    hand.many(
        "UPDATE connections SET state = ? WHERE connection_id = ?",
        [(row["state"], row["connection_id"]) for row in found.supported],
    )
    for name, value in found.facts.items():
        there = hand.run("DELETE FROM hub_facts WHERE name = ?", (name,)).rowcount
        hand.run("INSERT INTO hub_facts (name, value) VALUES (?, ?)", (name, value))
        hand.moved["hub_facts"] += 1 - there


def _start(hand: Hand, table: str, starts: list[Row]) -> None:
    if starts:
        key = [name for name in starts[0] if name != "starts_at"]
        where = " AND ".join(f"{quoted(name)} = ?" for name in key)
        hand.many(f"UPDATE {quoted(table)} SET starts_at = ? WHERE {where}", (tuple(row.values()) for row in starts))


def _count(hand: Hand, table: str) -> int:
    found: int = hand.run(f"SELECT count(*) FROM {quoted(table)}").fetchone()[0]
    return found


def _prove(hand: Hand, counted: dict[str, int]) -> None:
    """Each table must have exactly the rows that the account says; otherwise nothing is kept."""
    for table, before in counted.items():
        after, due = _count(hand, table), before + hand.moved[table]
        if after != due:
            raise SchemaProblem(f"{table} would have {after} rows instead of {due}: the upgrade was undone, nothing was changed.")
