"""A result row as the document that is kept, and back. What it hashes to is said by `review.fingerprints`, so that all agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sync_jobs.results import ResultRow, Split
from sync_jobs.review.fingerprints import row_hash

__all__ = ["document", "from_document", "row_hash"]

PLAIN = (
    "entry_key", "bib", "first_name", "last_name", "gender", "age", "status", "said", "gun_ms", "chip_ms", "penalty_ms", "place",
    "gender_place", "division", "division_place", "wave", "is_projected",
)  # fmt: skip
OF_SPLIT = ("point", "metres", "gun_ms", "chip_ms")


def document(row: ResultRow) -> dict[str, Any]:
    """What is not said is not written."""
    found = {name: value for name in PLAIN if (value := getattr(row, name)) not in (None, "", False)}
    if row.splits:
        found["splits"] = [
            {name: value for name in OF_SPLIT if (value := getattr(split, name)) is not None} for split in row.splits
        ]
    if row.unreadable:
        found["unreadable"] = [list(each) for each in row.unreadable]
    return found


def from_document(written: Mapping[str, Any]) -> ResultRow:
    """The row that was written so."""
    given = {"status": None, **written}  # what is left out here is no finish
    given["splits"] = tuple(Split(**split) for split in written.get("splits", ()))
    given["unreadable"] = tuple((field, text) for field, text in written.get("unreadable", ()))
    return ResultRow(**given)
