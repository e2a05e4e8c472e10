"""Give an added provider table our form, with its rows. What cannot be keyed is kept as JSON. Other tables are not touched."""

from __future__ import annotations

from collections.abc import Sequence

from sync_jobs.schema.actual import ActualColumn, quoted
from sync_jobs.schema.compare import Rebuild
from sync_jobs.schema.hand import Hand
from sync_jobs.schema.keeping import as_json
from sync_jobs.schema.merge import written_when

BEFORE = "hub_before_rebuild"


def rebuild(hand: Hand, task: Rebuild, attached: Sequence[str], at: int) -> int:
    """Make the table anew and move its rows. Returns how many rows were kept as JSON instead."""
    name = task.table.name
    hand.run(f"ALTER TABLE {quoted(name)} RENAME TO {BEFORE}")
    hand.run(_ddl(task))
    hand.db.create_function("written_when", 1, written_when, deterministic=True)
    hand.run(f"CREATE TEMP TABLE hub_ranked AS {_ranked(task)}")
    _move(hand, task)
    aside = _set_aside(hand, task, at)
    hand.run("DROP TABLE temp.hub_ranked")
    hand.run(f"DROP TABLE {BEFORE}")
    for statement in attached:  # its own indexes and triggers, which went with the old table
        hand.run(statement)
    return aside


def _extra(task: Rebuild) -> list[ActualColumn]:
    ours = {column.name for column in task.table.columns}
    return [column for column in task.before.columns if column.name not in ours]


def _ddl(task: Rebuild) -> str:
    """Our columns, then whatever else the table had, then our key."""
    columns = [column.ddl for column in task.table.columns]
    columns += [f"{quoted(column.name)} {column.declared}".strip() for column in _extra(task)]
    key = ", ".join(map(quoted, task.table.key))
    return f"CREATE TABLE {quoted(task.table.name)} ({', '.join(columns)}, PRIMARY KEY ({key}))"


def _ranked(task: Rebuild) -> str:
    """Each old row's number, whether it can be keyed, and its rank among rows of the same key, newest first."""
    there = set(task.before.names)
    key = [f"CAST({quoted(column)} AS TEXT)" if column in there else "NULL" for column in task.table.key]
    keyed = " AND ".join(f"trim(coalesce({part}, '')) <> ''" for part in key)
    newest = "written_when(fetched_date) DESC, " if "fetched_date" in there else ""
    joined = " || '/' || ".join(key)
    ranked = f"row_number() OVER (PARTITION BY {', '.join(key)} ORDER BY {newest}rowid DESC)"
    return f"SELECT rowid AS number, {keyed} AS keyed, {joined} AS key, {ranked} AS age FROM {BEFORE}"


def _move(hand: Hand, task: Rebuild) -> None:
    names = ", ".join(map(quoted, task.before.names))
    hand.run(
        f"INSERT INTO {quoted(task.table.name)} ({names}) SELECT {names} FROM {BEFORE} "
        "WHERE rowid IN (SELECT number FROM temp.hub_ranked WHERE keyed AND age = 1)"
    )


def _set_aside(hand: Hand, task: Rebuild, at: int) -> int:
    made = hand.run(
        "INSERT INTO merged_rows (table_name, kept_key, row, merged_at) "
        f"SELECT ?, CASE WHEN r.keyed THEN r.key ELSE '' END, {as_json(task.before.names, 'b')}, ? "
        f"FROM temp.hub_ranked r JOIN {BEFORE} b ON b.rowid = r.number WHERE NOT (r.keyed AND r.age = 1) ORDER BY r.number",
        (task.table.name, at),
    )
    hand.moved[task.table.name] -= made.rowcount
    hand.moved["merged_rows"] += made.rowcount
    return made.rowcount
