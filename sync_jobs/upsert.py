"""Insert-or-overwrite for the provider tables, made once for each table and handed to the driver for all rows of a page.

A row's values are text, numbers, bytes, instants or nothing, so the driver takes them as they are: what the toolkit does for
each parameter would cost more than the database. Which rows to write, and whose, is decided in `store`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, Integer, Table, case, func, literal_column
from sqlalchemy.dialects import postgresql, sqlite

from sync_jobs.models import KEYS_WITHOUT_PARTNER, NATURAL_KEYS, PROVIDER_TABLES, TWINS, Instant

BIBS = ("bib_num", "chip_num", "bib_number", "entry_bib")  # a blank never overwrites one of these
NOTHING: ColumnElement[str] = literal_column("''")


@dataclass(frozen=True, slots=True)
class Upsert:
    """One statement in the driver's own words, and how a row becomes its parameters."""

    sql: str
    blank: Mapping[str, None]  # every column that is written; a row that does not say it leaves it empty
    instants: tuple[str, ...]
    parameters: Callable[[Mapping[str, Any]], Any]

    def run(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write these rows. What a row has beyond the table's columns is left out."""
        connection.exec_driver_sql(self.sql, [self.parameters(self._whole(row, connection.dialect)) for row in rows])

    def _whole(self, row: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
        whole = {**self.blank, **row}
        for name in self.instants:
            whole[name] = Instant().process_bind_param(whole[name], dialect)
        return whole


_KEPT: dict[tuple[str, str, str, bool], Upsert] = {}


def of(dialect: Dialect, table_name: str, *, twin: bool = False) -> Upsert:
    """The statement for a table, or for its twin. In a table without the partner in its key it leaves others' rows alone."""
    wanted = (dialect.name, dialect.paramstyle, table_name, twin)
    if wanted not in _KEPT:
        keyed_by_partner = twin or table_name not in KEYS_WITHOUT_PARTNER
        key = (*(["timing_partner_id"] if keyed_by_partner else []), *NATURAL_KEYS[table_name])
        table = TWINS[table_name] if twin else PROVIDER_TABLES[table_name]
        _KEPT[wanted] = _made(dialect, table, key, guarded=not keyed_by_partner)
    return _KEPT[wanted]


def _made(dialect: Dialect, table: Table, key: tuple[str, ...], *, guarded: bool) -> Upsert:
    columns = [column.name for column in table.columns if not _numbers_itself(column)]
    made = (sqlite.insert if dialect.name == "sqlite" else postgresql.insert)(table)
    changed = {name: _new_value(table, made.excluded, name) for name in columns if name not in {*key, "id"}}
    guard = table.c.timing_partner_id == made.excluded.timing_partner_id if guarded else None
    statement = made.on_conflict_do_update(index_elements=key, set_=changed, where=guard)
    compiled: Any = statement.compile(dialect=dialect, column_keys=columns)
    return Upsert(
        sql=str(compiled),
        blank=dict.fromkeys(columns),
        instants=tuple(name for name in columns if isinstance(table.c[name].type, Instant)),
        parameters=itemgetter(*compiled.positiontup) if compiled.positional else _named(columns),
    )


def _numbers_itself(column: Any) -> bool:
    return column.name == "id" and column.primary_key and isinstance(column.type, Integer)


def _named(columns: list[str]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    return lambda row: {name: row[name] for name in columns}


def _new_value(table: Table, excluded: Any, name: str) -> Any:
    if name not in BIBS:
        return excluded[name]
    return case((func.coalesce(excluded[name], NOTHING) == NOTHING, table.c[name]), else_=excluded[name])
