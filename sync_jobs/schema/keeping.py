"""Rows that cannot stay where they are, kept as JSON in `merged_rows`: nothing of the customer's is dropped silently."""

from __future__ import annotations

from collections.abc import Sequence

from sync_jobs.schema.actual import quoted

AT_ONCE = 40  # json_object takes 127 arguments at most


def as_json(columns: Sequence[str], alias: str) -> str:
    """The SQL that writes a whole row as one JSON object; what is no text becomes hexadecimal digits."""
    chunks = [columns[start : start + AT_ONCE] for start in range(0, len(columns), AT_ONCE)]
    written = [f"json_object({', '.join(_pair(column, alias) for column in chunk)})" for chunk in chunks]
    inner = " || ',' || ".join(f"substr({part}, 2, length({part}) - 2)" for part in written)
    return f"'{{' || {inner} || '}}'"


def _pair(column: str, alias: str) -> str:
    value, name = f"{alias}.{quoted(column)}", column.replace("'", "''")
    return f"'{name}', CASE typeof({value}) WHEN 'blob' THEN hex({value}) ELSE {value} END"
