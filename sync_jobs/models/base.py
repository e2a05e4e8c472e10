"""The database handle, the column types of our own tables, and the two kinds of transaction: reading and writing.

All that differs between SQLite and PostgreSQL at run time is here and nowhere else.
"""

from __future__ import annotations

import os
import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

import orjson
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, Connection, Dialect, Engine, Text, TypeDecorator, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session

from sync_jobs import times


class Base(DeclarativeBase):
    """What every table of the file inherits, the customer's and ours."""


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})

BUSY_SECONDS = 30


class Instant(TypeDecorator[datetime]):
    """An aware instant in UTC, held as integer milliseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else times.to_ms(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else times.from_ms(value)


class Json(TypeDecorator[Any]):
    """A small JSON document, held as text: both databases and the customer's other programs can read it.

    They write it too: text that is none reads as None, so that no page and no run breaks over it.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        try:
            return None if value is None else orjson.loads(value)
        except orjson.JSONDecodeError:
            return None


def use_write_ahead_log(engine: Engine) -> None:
    """Let readers and the writer work side by side (SQLite). It stays in the file; other programs must allow for it."""
    if engine.dialect.name == "sqlite":
        connection = engine.raw_connection()  # not in a transaction, where SQLite refuses this
        try:
            connection.cursor().execute("PRAGMA journal_mode=WAL")
        finally:
            connection.close()


def watch(engine: Engine) -> None:
    """Give every transaction of this engine its kind: read-only unless it was opened by `write`.

    A process that forks keeps its connections to itself: SQLite forbids sharing one, and on PostgreSQL it gives wrong answers.
    """
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    os.register_at_fork(after_in_child=partial(_forget_connections, weakref.ref(engine)))


def _forget_connections(engine: weakref.ref[Engine]) -> None:
    inherited = engine()
    if inherited is not None:
        inherited.dispose(close=False)


def _on_connect(dbapi_connection: Any, _record: Any) -> None:
    if isinstance(dbapi_connection, sqlite3.Connection):
        dbapi_connection.isolation_level = None
        dbapi_connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        dbapi_connection.execute("PRAGMA synchronous=NORMAL")
        dbapi_connection.execute("PRAGMA foreign_keys=OFF")  # the customer's tables declare none; ours are kept by code


def _on_begin(connection: Connection) -> None:
    writing = bool(connection.get_execution_options().get("hub_write"))
    if connection.dialect.name == "sqlite":
        cursor = connection.connection.cursor()
        cursor.execute(f"PRAGMA query_only={'OFF' if writing else 'ON'}")
        cursor.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
        cursor.close()
    elif not writing:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")


@contextmanager
def write() -> Iterator[Session]:
    """The only way to change the database: one short transaction, committed at the end, rolled back on any exception.

    No network call, sleep or rendering may stand inside. What was read before is read afresh. Not to be nested.
    """
    session = db.session()
    session.rollback()  # the reading transaction ends here: its snapshot must not decide a write
    session.expire_all()
    session.connection(execution_options={"hub_write": True})
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


def insert_or(session: Session) -> Any:
    """The dialect's `insert`, which knows ON CONFLICT: `insert_or(session)(table).on_conflict_do_update(...)`."""
    return sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
