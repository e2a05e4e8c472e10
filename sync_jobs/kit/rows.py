"""Split a page into rows with their key and digest, fast: mapping waits until somebody asks for a row's values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any

import orjson

from sync_jobs.errors import UnreadableRow
from sync_jobs.kit.base import AsideRow, RawRow

Key = Callable[[Any], tuple[Any, ...]]


def digest(raw: Any) -> bytes:
    """16 bytes that stand for a whole record as it came."""
    return blake2b(orjson.dumps(raw), digest_size=16).digest()


def split(records: Iterable[Any], key: Key, page: str) -> tuple[list[RawRow], list[AsideRow]]:
    """Rows, and those whose key cannot be read. `key(record)` raises UnreadableRow."""
    rows: list[RawRow] = []
    aside: list[AsideRow] = []
    for position, record in enumerate(records, 1):
        try:
            found = key(record)
        except UnreadableRow as error:
            aside.append(AsideRow(key=None, place=f"{page}, row {position}", field=error.field, why=error.why))
        else:
            rows.append(RawRow(found, digest(record), record))
    return rows, aside
