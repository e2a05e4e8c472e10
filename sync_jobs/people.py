"""Registrations and entries of one event as records, whatever the provider: read from the unified view, one partner at a time.

What they mean to each other is decided in `pairing` and `start_list`; nothing is written here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, Text, and_, column, or_, select, table, union_all

from sync_jobs.models import Contest, db
from sync_jobs.providers import side
from sync_jobs.records import Entry, Registration

UNIFIED = table(
    "unified_participants",
    *(column(name, Integer) for name in ("timing_partner_id", "age", "edition_id", "contest_id")),
    *(
        column(name, Text)
        for name in (
            "source_provider", "event_id", "first_name", "last_name", "email", "gender", "bib_number", "city", "state", "country",
            "registration_key", "date_of_birth", "team_name", "external_id", "entry_status",
        )
    ),
)  # fmt: skip
AT_ONCE = 20  # contests in one statement
MOST_FOUND = 20
BIRTH_FORMS = ("%Y-%m-%d", "%m/%d/%Y")
GENDERS = {"M": "M", "F": "F", "X": "X", "MALE": "M", "FEMALE": "F", "NB": "X", "NON-BINARY": "X", "NONBINARY": "X"}
Rows = Select[*tuple[Any, ...]]


def registrations(partner: int, contest_ids: Iterable[int], keys: Collection[str] | None = None) -> list[Registration]:
    """Everybody who is signed up for these contests, or those of them with such keys."""
    return [_registration(row) for row in _rows(partner, contest_ids, _with(keys)) if side(row.source_provider) == "registration"]


def entries(partner: int, contest_ids: Iterable[int], keys: Collection[str] | None = None) -> list[Entry]:
    """Everybody who stands on the scoring lists of these contests, or those of them with such keys."""
    return [_entry(row) for row in _rows(partner, contest_ids, _with(keys)) if side(row.source_provider) == "scoring"]


def unplaced(partner: int, edition_id: int, keys: Collection[str] | None = None) -> list[Registration]:
    """Those who are signed up for an edition whose provider does not say for which of its contests."""
    theirs = (Contest.timing_partner_id == partner, Contest.edition_id == edition_id)
    nested = Contest.provider_contest_id.startswith(Contest.happening_id + "/")  # its people name the happening first
    of = select(Contest.provider_name, Contest.happening_id).where(*theirs, nested).distinct()
    parts = [
        _people(partner, UNIFIED.c.source_provider == provider, UNIFIED.c.event_id == happening, UNIFIED.c.contest_id.is_(None))
        .where(UNIFIED.c.edition_id == edition_id, _with(keys))
        for provider, happening in db.session.execute(of) if side(provider) == "registration"
    ]  # fmt: skip
    rows = db.session.execute(union_all(*parts)).all() if parts else []
    db.session.rollback()
    return [_registration(row) for row in rows]


def search(partner: int, contest_ids: Iterable[int], words: str) -> tuple[list[Registration], list[Entry]]:
    """Who is meant by a bib, an id or the beginnings of names, on both sides; the first few."""
    typed = words.strip()
    if not typed:
        return [], []
    rows = list(_rows(partner, contest_ids, _meant(typed), most=MOST_FOUND))
    here = [_registration(row) for row in rows if side(row.source_provider) == "registration"]
    return here[:MOST_FOUND], [_entry(row) for row in rows if side(row.source_provider) == "scoring"][:MOST_FOUND]


def _meant(typed: str) -> ColumnElement[bool]:
    key = typed.rpartition(":")[2]
    names = (UNIFIED.c.first_name, UNIFIED.c.last_name)
    starts = [or_(*(name.istartswith(word, autoescape=True) for name in names)) for word in typed.split()]
    return or_(UNIFIED.c.bib_number == typed, UNIFIED.c.registration_key == key, UNIFIED.c.external_id == typed, and_(*starts))


def _with(keys: Collection[str] | None) -> ColumnElement[bool]:
    return UNIFIED.c.registration_key.in_(sorted(keys)) if keys is not None else UNIFIED.c.registration_key.is_not(None)


def _rows(partner: int, contest_ids: Iterable[int], *conditions: ColumnElement[bool], most: int | None = None) -> Iterator[Any]:
    """One statement for many contests, each named by itself: only then does every branch of the view use its index."""
    wanted = sorted(set(contest_ids))
    for at in range(0, len(wanted), AT_ONCE):
        of = select(Contest.contest_id, Contest.provider_name, Contest.happening_id, Contest.provider_contest_id)
        named = db.session.execute(
            of.where(Contest.contest_id.in_(wanted[at : at + AT_ONCE]), Contest.timing_partner_id == partner)
        )
        parts = [
            _people(
                partner, UNIFIED.c.source_provider == c.provider_name, UNIFIED.c.contest_id == c.contest_id,
                UNIFIED.c.event_id.in_((c.happening_id, c.provider_contest_id)), *conditions,
            ).limit(most)
            for c in named
        ]  # fmt: skip
        if parts:
            yield from db.session.execute(union_all(*(select(part.subquery()) for part in parts))).all()
    db.session.rollback()


def _people(partner: int, *conditions: ColumnElement[bool]) -> Rows:
    return select(UNIFIED).where(UNIFIED.c.timing_partner_id == partner, *conditions)


def _registration(row: Any) -> Registration:
    return Registration(
        provider_name=row.source_provider, key=row.registration_key, contest_id=row.contest_id, **_person(row), age=row.age,
        email=row.email, city=row.city, state=row.state, country=row.country, team=row.team_name or None,
    )  # fmt: skip


def _entry(row: Any) -> Entry:
    return Entry(
        provider_name=row.source_provider, key=row.registration_key, contest_id=row.contest_id, **_person(row), age=row.age,
        external_id=row.external_id or None, status=row.entry_status,
    )  # fmt: skip


def _person(row: Any) -> dict[str, Any]:
    return {
        "first_name": row.first_name or "", "last_name": row.last_name or "", "born": birth_date(row.date_of_birth),
        "gender": GENDERS.get((row.gender or "").strip().upper()), "bib": (row.bib_number or "").strip() or None,
    }  # fmt: skip


@lru_cache(maxsize=50_000)
def birth_date(written: str | None) -> date | None:
    """A date of birth in any form that providers write it; None where there is none that can be read."""
    for form in BIRTH_FORMS:
        try:
            return datetime.strptime((written or "")[:10].strip(), form).date()  # noqa: DTZ007  a day has no zone
        except ValueError:
            continue
    return None
