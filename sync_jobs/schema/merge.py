"""Merge rows that stand in a table twice into the newest, before a unique index forbids it. Set-based: millions of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sync_jobs import times
from sync_jobs.schema.actual import quoted
from sync_jobs.schema.hand import Hand
from sync_jobs.schema.keeping import as_json
from sync_jobs.schema.starts import instant_of


@dataclass(frozen=True, slots=True)
class Merging:
    """How duplicates of one table are merged: what says which is newest, and what a blank never overwrites."""

    table: str
    key: tuple[str, ...]
    newest: str | None
    never_blank: tuple[str, ...]


MERGED = {
    "uq_runsignup_participants_registration": Merging(
        "runsignup_participants", ("timing_partner_id", "registration_id"), "fetched_date", ("bib_num", "chip_num")
    ),
    "uq_ct_results_bracket": Merging(
        "ct_results", ("timing_partner_id", "event_id", "race_id", "entry_id", "results_bracket_name"), None, ("results_bib",)
    ),
}
"""By the unique index that asks for it. Rows with an empty part in their key are nobody's duplicates."""


def written_when(text: str | None) -> int:
    """A sortable form of what a time column holds; what cannot be read counts as older than anything."""
    found = instant_of(text, "UTC")
    return times.to_ms(found) if found else -1


def merge(hand: Hand, merging: Merging, columns: Sequence[str], at: int) -> int:
    """Leave one row of each key: the newest, with the bib of an older one where its own is blank. Returns the rows merged."""
    _collect(hand, merging, columns)
    gone = int(hand.run("SELECT count(*) FROM temp.hub_merging WHERE id <> kept").fetchone()[0])
    for column in merging.never_blank:
        if column in columns:
            _keep_value(hand, merging, column)
    _keep_rows(hand, merging, columns, at)
    hand.run(f"DELETE FROM {quoted(merging.table)} WHERE id IN (SELECT id FROM temp.hub_merging WHERE id <> kept)")
    hand.moved[merging.table] -= gone
    hand.moved["merged_rows"] += gone
    hand.run("DROP TABLE temp.hub_merging")
    return gone


def _collect(hand: Hand, merging: Merging, columns: Sequence[str]) -> None:
    """The ids of all rows that share a key with another, with the one that stays, newest first."""
    hand.db.create_function("written_when", 1, written_when, deterministic=True)
    names, there = ", ".join(merging.key), " AND ".join(f"{column} IS NOT NULL" for column in merging.key)
    same = " AND ".join(f"t.{column} = d.{column}" for column in merging.key)
    newest = f"written_when(t.{merging.newest}) DESC, " if merging.newest in columns else ""
    order = f"PARTITION BY {', '.join(f't.{column}' for column in merging.key)} ORDER BY {newest}t.id DESC"
    hand.run(
        f"CREATE TEMP TABLE hub_doubled AS SELECT {names} FROM {merging.table} WHERE {there} GROUP BY {names} HAVING count(*) > 1"
    )
    hand.run(
        "CREATE TEMP TABLE hub_merging AS "
        f"SELECT t.id AS id, first_value(t.id) OVER ({order}) AS kept, row_number() OVER ({order}) AS age "
        f"FROM {merging.table} t JOIN temp.hub_doubled d ON {same}"
    )
    hand.run("CREATE UNIQUE INDEX temp.hub_merging_age ON hub_merging (kept, age)")
    hand.run("DROP TABLE temp.hub_doubled")


def _keep_value(hand: Hand, merging: Merging, column: str) -> None:
    blank = f"trim(coalesce({{0}}.{column}, '')) = ''".format
    hand.run(
        f"UPDATE {merging.table} AS t SET {column} = coalesce((SELECT o.{column} FROM temp.hub_merging m "
        f"JOIN {merging.table} o ON o.id = m.id WHERE m.kept = t.id AND NOT {blank('o')} ORDER BY m.age LIMIT 1), {column}) "
        f"WHERE id IN (SELECT kept FROM temp.hub_merging) AND {blank('t')}"
    )


def _keep_rows(hand: Hand, merging: Merging, columns: Sequence[str], at: int) -> None:
    hand.run(
        "INSERT INTO merged_rows (table_name, kept_key, row, merged_at) "
        f"SELECT ?, CAST(m.kept AS TEXT), {as_json(columns, 't')}, ? "
        f"FROM temp.hub_merging m JOIN {merging.table} t ON t.id = m.id WHERE m.id <> m.kept ORDER BY m.kept, m.age",
        (merging.table, at),
    )
