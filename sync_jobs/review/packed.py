"""What goes out, and what was read back, as bytes to keep: JSON, compressed. Hashes are left to `fingerprints`."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

import orjson

from sync_jobs.results import Published, PublishedSet, ResultTarget, SetFlags
from sync_jobs.review.fingerprints import payload_hash

_ROW = tuple(one.name for one in fields(Published))


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """Everything that an approval is about: where to, for whose eyes, and the rows exactly as they are sent."""

    target: ResultTarget  # its set's number does not count
    visibility: str  # preliminary, official, retracted
    tells: bool
    map_version: int
    rows: tuple[Published, ...]

    @property
    def hash(self) -> str:
        """What the approval, the publication and the receipt carry."""
        return payload_hash(self.target, self.visibility, self.tells, self.map_version, self.rows)


def pack(payload: Payload) -> bytes:
    """A payload as it is kept."""
    about = {"visibility": payload.visibility, "tells": payload.tells, "map_version": payload.map_version}
    return _packed({**about, "target": asdict(payload.target), "rows": [_row(row) for row in payload.rows]})


def unpack(body: bytes) -> Payload:
    """A payload that was kept."""
    found = _unpacked(body)
    target = found.pop("target")
    rows = tuple(_read(row) for row in found.pop("rows"))
    return Payload(target=ResultTarget(**{**target, "also_for": tuple(target["also_for"])}), rows=rows, **found)


def pack_set(there: PublishedSet) -> bytes:
    """A result set as it was read back."""
    flags = None if there.flags is None else asdict(there.flags)
    read_at = there.read_at and there.read_at.isoformat()
    return _packed({"set_id": there.set_id, "flags": flags, "read_at": read_at, "rows": [_row(row) for row in there.rows]})


def unpack_set(body: bytes) -> PublishedSet:
    """A result set that was kept."""
    found = _unpacked(body)
    flags, read_at = found["flags"], found["read_at"]
    return PublishedSet(
        set_id=found["set_id"], rows=tuple(_read(row) for row in found["rows"]),
        flags=None if flags is None else SetFlags(**{**flags, "also_for": tuple(flags["also_for"])}),
        read_at=None if read_at is None else datetime.fromisoformat(read_at),
    )  # fmt: skip


def _row(row: Published) -> dict[str, Any]:
    found = {name: getattr(row, name) for name in _ROW}
    return {**found, "extra": dict(row.extra)}


def _read(row: Mapping[str, Any]) -> Published:
    splits: Iterable[Any] = row.get("splits") or ()
    return Published(**{**row, "splits": tuple((str(point), int(ms)) for point, ms in splits)})


def _packed(document: Any) -> bytes:
    return zlib.compress(orjson.dumps(document, option=orjson.OPT_SORT_KEYS))


def _unpacked(body: bytes) -> Any:
    return orjson.loads(zlib.decompress(body))
