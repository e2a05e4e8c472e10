"""What a SQLite file looks like now, as data. Reads only; what is missing or wrong is decided in `compare`."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sync_jobs.schema.wanted import affinity

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ActualColumn:
    """A column as the file declares it."""

    name: str
    declared: str
    not_null: bool

    @property
    def affinity(self) -> str:
        """How SQLite treats what is put in."""
        return affinity(self.declared)


@dataclass(frozen=True, slots=True)
class ActualTable:
    """A table as the file declares it. `constrained`: it has rules (UNIQUE, CHECK, REFERENCES) besides its key."""

    name: str
    columns: tuple[ActualColumn, ...]
    key: tuple[str, ...]
    constrained: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns, in order."""
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True, slots=True)
class Actual:
    """Everything that the file has: tables, and the statements behind its indexes, views and triggers by name."""

    tables: dict[str, ActualTable]
    indexes: dict[str, str]
    views: dict[str, str]
    attached: dict[str, tuple[str, ...]]  # table → statements of its indexes and triggers
    triggers: dict[str, str]


def quoted(name: str) -> str:
    """A name as SQL wants it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def read_actual(db: sqlite3.Connection) -> Actual:
    """The file's schema."""
    found = db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    tables = {name: _table(db, name, sql or "") for kind, name, _, sql in found if kind == "table" and name[:7] != "sqlite_"}
    attached: dict[str, tuple[str, ...]] = {}
    for kind, _, table, sql in found:
        if kind in {"index", "trigger"} and sql:
            attached[table] = (*attached.get(table, ()), sql)
    return Actual(
        tables,
        {name: sql for kind, name, _, sql in found if kind == "index" and sql},
        {name: sql for kind, name, _, sql in found if kind == "view"},
        attached,
        {name: sql for kind, name, _, sql in found if kind == "trigger"},
    )


def _table(db: sqlite3.Connection, name: str, sql: str) -> ActualTable:
    info = db.execute(f"PRAGMA table_info({quoted(name)})").fetchall()
    key = tuple(row[1] for row in sorted((row for row in info if row[5]), key=lambda row: row[5]))
    own_rules = any(row[3] == "u" for row in db.execute(f"PRAGMA index_list({quoted(name)})"))
    constrained = own_rules or any(word in sql.upper() for word in (" REFERENCES ", "CHECK(", "CHECK ("))
    return ActualTable(name, tuple(ActualColumn(row[1], row[2] or "", bool(row[3])) for row in info), key, constrained)


def rows(db: sqlite3.Connection, actual: Actual, table: str, columns: Sequence[str]) -> list[Row]:
    """These columns of a table's rows; none where there is no such table, None where there is no such column."""
    if table not in actual.tables:
        return []
    there = set(actual.tables[table].names)
    wanted = ", ".join(quoted(column) if column in there else f"NULL AS {quoted(column)}" for column in columns)
    return [dict(zip(columns, row, strict=True)) for row in db.execute(f"SELECT {wanted} FROM {quoted(table)} ORDER BY 1")]


def doubles(db: sqlite3.Connection, actual: Actual, table: str, key: Sequence[str]) -> int:
    """How many rows stand there again under the same key (rows with an empty key do not count)."""
    if table not in actual.tables or not set(key) <= set(actual.tables[table].names):
        return 0
    names, there = ", ".join(map(quoted, key)), " AND ".join(f"{quoted(column)} IS NOT NULL" for column in key)
    grouped = f"SELECT count(*) AS n FROM {quoted(table)} WHERE {there} GROUP BY {names} HAVING count(*) > 1"
    found: int = db.execute(f"SELECT coalesce(sum(n - 1), 0) FROM ({grouped})").fetchone()[0]
    return found
