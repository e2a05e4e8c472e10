"""Look at a file, read-only, and say what an upgrade would do to it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sync_jobs.schema.actual import Actual, doubles, read_actual
from sync_jobs.schema.backup import room_needed, room_there, size_of
from sync_jobs.schema.compare import Plan, compare
from sync_jobs.schema.merge import MERGED
from sync_jobs.schema.problem import SchemaProblem, problem_of
from sync_jobs.schema.takeover import Rows
from sync_jobs.schema.upgrading import decided
from sync_jobs.schema.wanted import wanted


@dataclass(frozen=True, slots=True)
class Checked:
    """What an upgrade would find and do."""

    file: Path
    plan: Plan
    rows: Rows
    positional: dict[str, tuple[int, int]] = field(default_factory=dict)  # table → columns now and then
    doubles: dict[str, int] = field(default_factory=dict)  # table → rows that would be merged
    size: int = 0
    room_needed: int = 0
    room_there: int = 0
    journal: str = "delete"

    @property
    def nothing(self) -> bool:
        """Whether an upgrade would find nothing to do."""
        return self.plan.empty and self.rows.empty


def check(file: Path, now: datetime, stamp: str = "production") -> Checked:
    """Compare, count, and change nothing. Raises SchemaProblem where an upgrade would refuse."""
    if not file.is_file():
        raise SchemaProblem(f"There is no file {file}.")
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)) as db:
            db.execute("BEGIN")
            return _check(db, file, now, stamp)
    except sqlite3.Error as error:
        raise _interrupted(file) or problem_of(error, file) from error


def _interrupted(file: Path) -> SchemaProblem | None:
    """A journal that a killed program left must be rolled back, which a read-only look cannot do."""
    journal = file.with_name(f"{file.name}-journal")
    if journal.exists() and journal.stat().st_size:
        return SchemaProblem(f"A change to {file} was interrupted and must be rolled back first: `database upgrade` does that.")
    return None


def _check(db: sqlite3.Connection, file: Path, now: datetime, stamp: str) -> Checked:
    target, actual = wanted(), read_actual(db)
    plan = compare(target, actual)
    if plan.problems:
        raise SchemaProblem(plan.problems[0])
    return Checked(
        file,
        plan,
        decided(db, actual, target, now, stamp),
        positional_inserts(plan, actual),
        {
            table: found
            for table, index in plan.indexes
            if index.name in MERGED and (found := doubles(db, actual, table, index.key))
        },
        size_of(file),
        room_needed(file) if actual.tables else 0,
        room_there(file),
        str(db.execute("PRAGMA journal_mode").fetchone()[0]),
    )


def positional_inserts(plan: Plan, actual: Actual) -> dict[str, tuple[int, int]]:
    """The tables whose `INSERT INTO t VALUES (…)` without column names stops working, since columns are added."""
    found: dict[str, tuple[int, int]] = {}
    for before, _ in plan.columns:
        now = len(actual.tables[before.name].columns)
        found[before.name] = (now, found.get(before.name, (now, now))[1] + 1)
    for task in plan.rebuilds:
        ours = {column.name for column in task.table.columns}
        found[task.table.name] = (len(task.before.columns), len(ours | set(task.before.names)))
    return found
