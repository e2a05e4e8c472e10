"""The one hand that changes a file during a takeover: every statement goes through it, so that each can be watched."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sync_jobs.schema.actual import quoted

Watch = Callable[[str], None]


def unwatched(_sql: str) -> None:
    """Nobody watches."""


class Hand:
    """Runs statements, and keeps account of how many rows each table should have more or fewer."""

    def __init__(self, db: sqlite3.Connection, watch: Watch = unwatched) -> None:
        self.db, self.watch = db, watch
        self.moved: Counter[str] = Counter()

    def run(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """One statement."""
        self.watch(sql)
        return self.db.execute(sql, values)

    def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Rows that all have the same columns."""
        if not rows:
            return
        names = list(rows[0])
        sql = f"INSERT INTO {quoted(table)} ({', '.join(map(quoted, names))}) VALUES ({', '.join('?' * len(names))})"
        self.many(sql, ([row[name] for name in names] for row in rows))
        self.moved[table] += len(rows)

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """One statement for many rows."""
        self.watch(sql)
        self.db.executemany(sql, rows)
