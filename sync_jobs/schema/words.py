"""Say a plan and a report in plain words, a line each. Decides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from sync_jobs.schema.backup import megabytes
from sync_jobs.schema.checking import Checked
from sync_jobs.schema.compare import Plan
from sync_jobs.schema.merge import MERGED
from sync_jobs.schema.takeover import Rows
from sync_jobs.schema.upgrading import Report

WAL = (
    "When the application starts on this file it switches it to SQLite's write-ahead log, and the file stays so. Other programs "
    "must then run on this machine (no network drive), may need to write to the folder even to read, and must copy the file "
    "together with its -wal file, or with SQLite's own backup."
)


def plan_words(found: Checked) -> Iterator[str]:
    """What an upgrade would do, and what it asks of others."""
    if found.nothing:
        yield f"{found.file}: nothing to do."
        yield from found.rows.notes
        return
    yield f"{found.file} ({megabytes(found.size)}): an upgrade would do this, in one transaction, after a backup."
    yield from _schema(found.plan)
    yield from (
        f"Merged: {n:,} duplicate rows of {table}; their content is kept in merged_rows." for table, n in found.doubles.items()
    )
    yield from _refused(found.plan)
    for table, (now, then) in sorted(found.positional.items()):
        yield f"Stops working: INSERT INTO {table} VALUES (…) without column names ({then} columns instead of {now})."
    yield from _rows(found.rows)
    yield from found.plan.notes
    yield f"Disk: needs {megabytes(found.room_needed)} free beside the file; there are {megabytes(found.room_there)}."
    if found.journal != "wal":
        yield WAL


def report_words(done: Report) -> Iterator[str]:
    """What an upgrade did."""
    if done.nothing:
        yield "Nothing to do: the database is as it should be. No backup was made."
        yield from done.rows.notes
        return
    yield from _schema(done.plan)
    yield from (
        f"Merged: {n:,} duplicate rows of {table}; their content is kept in merged_rows." for table, n in done.merged.items()
    )
    yield from (
        f"Set aside: {n:,} rows of {table} that could not be keyed, or stood there twice; their content is kept in merged_rows."
        for table, n in done.aside.items()
    )
    yield from _rows(done.rows)
    yield from done.plan.notes
    yield f"Size: {megabytes(done.size_before)} before, {megabytes(done.size_after)} now."
    yield f"Backup: {done.backup}" if done.backup else "There was nothing to back up."


def _schema(plan: Plan) -> Iterator[str]:
    if plan.tables:
        yield f"Added: {len(plan.tables)} tables ({_list(table.name for table in plan.tables)})."
    for table, columns in _by_table(plan):
        yield f"Added to {table}: {_list(columns)}."
    for task in plan.rebuilds:
        yield f"Rebuilt with its rows: {task.table.name}, since {task.why}."
    if plan.indexes:
        yield f"Made: {len(plan.indexes)} indexes."
    if plan.views:
        yield f"Made: the views {_list(view.name for view in plan.views)}."
    if plan.triggers:
        yield f"Guarded by triggers: {_list(trigger.name for trigger in plan.triggers)}."
    if plan.replaced_triggers:
        yield f"Replaced: {_list(plan.replaced_triggers)} stood there with another text."
    if plan.replaced_views:
        yield f"Replaced: {_list(plan.replaced_views)} stood there with another text."


def _by_table(plan: Plan) -> Iterator[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for before, column in plan.columns:
        found.setdefault(before.name, []).append(column.name)
    return iter(found.items())


def _refused(plan: Plan) -> Iterator[str]:
    for table, index in plan.indexes:
        if index.name in MERGED:
            yield f"Refused from then on: a second row of {table} with the same {_list(index.key)}."


def _rows(rows: Rows) -> Iterator[str]:
    made = rows.inserts
    if made["providers"]:
        yield f"Added to providers: {_list(row['name'] for row in made['providers'])}; the rows that are there keep their ids."
    if made["connections"]:
        states = Counter(row["state"] for row in made["connections"])
        told = ", ".join(f"{n} {state}" for state, n in sorted(states.items()))
        yield f"Connections: {len(made['connections'])} ({told}). Nothing runs until an administrator starts its partner."
    if made["accounts"]:
        yield f"People: {len(made['accounts'])} accounts, invited; nobody can sign in before a link is sent."
    if rows.supported:
        yield f"Connections that can be used now, since their provider is supported: {len(rows.supported)}."
    for table, starts in rows.starts.items():
        if starts:
            yield f"Start times in UTC: {len(starts):,} rows of {table}."
    yield from rows.notes


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)
