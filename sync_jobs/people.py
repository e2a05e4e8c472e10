"""Registrations and entries of one event as records, whatever the provider: read from the unified view, one partner at a time.

What they mean to each other is decided in `pairing` and `start_list`; nothing is written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Integer, Text, column, select, table

from sync_jobs.models import db
from sync_jobs.providers import ADAPTERS
from sync_jobs.records import Entry, Registration

UNIFIED = table(
    "unified_participants",
    *(column(name, Integer) for name in ("timing_partner_id", "age", "edition_id", "contest_id")),
    *(
        column(name, Text)
        for name in (
            "source_provider", "first_name", "last_name", "email", "gender", "bib_number", "city", "state", "country",
            "registration_key", "date_of_birth", "team_name", "external_id", "entry_status",
        )
    ),
)  # fmt: skip
AT_ONCE = 500
BIRTH_FORMS = ("%Y-%m-%d", "%m/%d/%Y")
GENDERS = {"M": "M", "F": "F", "X": "X", "MALE": "M", "FEMALE": "F", "NB": "X", "NON-BINARY": "X", "NONBINARY": "X"}


def registrations(partner: int, contest_ids: Iterable[int]) -> list[Registration]:
    """Everybody who is signed up for these contests."""
    return [
        Registration(
            provider_name=row.source_provider, key=row.registration_key, contest_id=row.contest_id, **_person(row),
            age=row.age, email=row.email, city=row.city, state=row.state, country=row.country, team=row.team_name or None,
        )
        for row in _rows(partner, contest_ids) if not _is_scoring(row.source_provider)
    ]  # fmt: skip


def entries(partner: int, contest_ids: Iterable[int]) -> list[Entry]:
    """Everybody who stands on the scoring lists of these contests."""
    return [
        Entry(
            provider_name=row.source_provider, key=row.registration_key, contest_id=row.contest_id, **_person(row), age=row.age,
            external_id=row.external_id or None, status=row.entry_status,
        )
        for row in _rows(partner, contest_ids) if _is_scoring(row.source_provider)
    ]  # fmt: skip


def _rows(partner: int, contest_ids: Iterable[int]) -> Iterator[Any]:
    wanted = sorted(set(contest_ids))
    for at in range(0, len(wanted), AT_ONCE):
        some: Sequence[int] = wanted[at : at + AT_ONCE]
        yield from db.session.execute(
            select(UNIFIED).where(UNIFIED.c.timing_partner_id == partner, UNIFIED.c.contest_id.in_(some))
        ).all()
    db.session.rollback()


def _person(row: Any) -> dict[str, Any]:
    return {
        "first_name": row.first_name or "", "last_name": row.last_name or "", "born": birth_date(row.date_of_birth),
        "gender": GENDERS.get((row.gender or "").strip().upper()), "bib": (row.bib_number or "").strip() or None,
    }  # fmt: skip


def birth_date(written: str | None) -> date | None:
    """A date of birth in any form that providers write it; None where there is none that can be read."""
    for form in BIRTH_FORMS:
        try:
            return datetime.strptime((written or "")[:10].strip(), form).date()  # noqa: DTZ007  a day has no zone
        except ValueError:
            continue
    return None


def _is_scoring(provider: str) -> bool:
    adapter = ADAPTERS.get(provider)
    return adapter is not None and adapter.side == "scoring"
