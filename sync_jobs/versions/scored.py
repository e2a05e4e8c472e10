"""What scoring says of one contest at this instant, before it is a version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sync_jobs.records import Entry
from sync_jobs.results import ResultRow


@dataclass(frozen=True, slots=True)
class Where:
    """A scoring contest, as its provider and we know it."""

    contest_id: int
    edition_id: int
    timing_partner_id: int
    provider_name: str
    provider_contest_id: str


@dataclass(frozen=True, slots=True)
class Made:
    """A row, and the digests of the provider's records that it was made from."""

    row: ResultRow
    raw: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Everybody of a contest of whom there is something to say. `entries`: how many stand on its start list."""

    made: list[Made]
    has_results: bool
    entries: int = 0
    started_at: datetime | None = None


def nobody(provider: str, key: str) -> Entry:
    """In place of an entry, where somebody has a result and stands on no list."""
    return Entry(
        provider_name=provider, key=key, contest_id=None, external_id=None, first_name="", last_name="", gender=None, born=None,
        age=None, bib=None, status=None,
    )  # fmt: skip
