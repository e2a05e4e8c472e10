"""Several small reads in one statement: what a page shows comes from one snapshot and one round trip. Knows no page."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from sqlalchemy import Select, cast, literal, null, select, union_all
from sqlalchemy.types import TypeEngine

from sync_jobs.models import db

Rows = list[Any]
Query = Select[*tuple[Any, ...]]
AFTER_ALL = 2**62  # a keyset's start: no id is larger


def together(**parts: Query) -> dict[str, Rows]:
    """Run the named selects as one UNION ALL and give each its own rows back, as objects with the select's labels.

    A label that several parts use must have the same type in all of them.
    """
    inner = {name: part.subquery(name) for name, part in parts.items()}
    types: dict[str, TypeEngine[Any]] = {}
    for part in inner.values():
        for column in part.c:
            if type(types.setdefault(column.name, column.type)) is not type(column.type):
                raise TypeError(f"{column.name} has two types")
    padded = [
        select(literal(name).label("part_of_page"), *[
            (part.c[label] if label in part.c else cast(null(), kind)).label(label) for label, kind in types.items()
        ])
        for name, part in inner.items()
    ]  # fmt: skip
    found: dict[str, Rows] = {name: [] for name in parts}
    labels = {name: [column.name for column in part.c] for name, part in inner.items()}
    for row in db.session.execute(union_all(*padded)):
        found[row.part_of_page].append(SimpleNamespace(**{label: getattr(row, label) for label in labels[row.part_of_page]}))
    return found
