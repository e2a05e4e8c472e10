"""Hashes that an approval is bound to: one way to write values as bytes, and SHA-256 over it. What is hashed is made elsewhere.

Integers only, sorted keys, what is None is not written. Rows are put in order here, so that theirs never matters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from functools import cache
from hashlib import sha256
from operator import attrgetter
from typing import Any

import orjson

from sync_jobs.results import Published, PublishedSet, ResultRow, ResultTarget

SIMPLE = frozenset({str, int, bool})
OURS = frozenset({"entry_key"})
"""Of a published row: what no destination is told, so that a row hashes the same as sent and as read back."""


def canonical(value: Any) -> bytes:
    """Those values as the bytes that are hashed. A float is refused: two machines may write it differently."""
    return orjson.dumps(_plain(value), option=orjson.OPT_SORT_KEYS)


def digest(value: Any) -> str:
    """SHA-256 of those values."""
    return sha256(canonical(value)).hexdigest()


def row_hash(row: ResultRow) -> str:
    """Of everything that scoring said of one entry."""
    return digest(row)


def content_hash(rows: Iterable[ResultRow]) -> str:
    """Of a whole version: equal means that scoring said the very same."""
    written = sorted((row.entry_key, row.bib or "", canonical(row)) for row in rows)
    return sha256(b"\n".join(line for _, _, line in written)).hexdigest()


def rows_hash(rows: Iterable[Published]) -> str:
    """Of rows as the public can read them."""
    return sha256(b"\n".join(sorted(orjson.dumps(_told(row), option=orjson.OPT_SORT_KEYS) for row in rows))).hexdigest()


def payload_hash(target: ResultTarget, visibility: str, tells: bool, map_version: int, rows: Iterable[Published]) -> str:  # noqa: FBT001 - a value like the others
    """Of exactly what would be sent, and where. The set's own number is not in it: a first publication has none yet."""
    where = [target.happening_id, target.contest_id, sorted(target.also_for)]
    return digest(["payload", where, visibility, tells, map_version, rows_hash(rows)])


def base_hash(published: PublishedSet) -> str:
    """Of a destination as it was read back: which set, its flags and rows. When it was read does not matter."""
    return digest(["base", published.set_id, _flags(published), rows_hash(published.rows)])


def rendered_hash(payload: str, findings: Iterable[str | int], waivers: Iterable[str | int]) -> str:
    """Of what an approver had on the screen: the payload's hash, the findings and the waivers."""
    return digest(["rendered", payload, sorted({str(one) for one in findings}), sorted({str(one) for one in waivers})])


def _flags(published: PublishedSet) -> Any:
    if published.flags is None:
        return None
    return {**_plain(published.flags), "also_for": sorted(published.flags.also_for)}


def _told(row: Published) -> dict[str, Any]:
    return {name: value for name, value in _plain(row).items() if name not in OURS}


@cache
def _reader(kind: type) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    names = tuple(one.name for one in fields(kind))
    return names, attrgetter(*names)


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in SIMPLE or value is None:
        return value
    if is_dataclass(kind):
        names, values = _reader(kind)
        return _written(zip(names, values(value), strict=True))
    if isinstance(value, Mapping):
        return _written(value.items())
    if isinstance(value, list | tuple):
        return [one if type(one) in SIMPLE else _plain(one) for one in value]
    if isinstance(value, date):
        return _instant(value)
    raise TypeError(f"{kind.__name__} is no value that can be hashed")


def _written(items: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value if type(value) in SIMPLE else _plain(value) for name, value in items if value is not None}


def _instant(value: date) -> str:
    if not isinstance(value, datetime):
        return value.isoformat()
    if value.tzinfo is None:
        raise TypeError("an instant without a zone cannot be hashed")
    return value.astimezone(UTC).isoformat()
