"""Records of a person in the providers' own tables, also of those who are gone: by name, bib or id, over all of a partner's events.

Every statement names the partners and has an index for what it looks for; what was meant and what belongs together is
decided in `tracing`. Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, Table, Text, and_, cast, func, literal, null, or_, select, tuple_, union_all

from sync_jobs import times
from sync_jobs.models import NATURAL_KEYS, PROVIDER_TABLES, TWINS, Contest, Partner, db
from sync_jobs.models.provider_tables import LAYOUTS, PEOPLE
from sync_jobs.people import GENDERS, birth_date
from sync_jobs.providers import side
from sync_jobs.records import PREFIXES
from sync_jobs.tracing import Meant, Person, Record, Start, spellings

MOST = 26  # rows of one question to one table: one more than is shown
SEVERAL = 200  # keys in one statement
LAST = "\U0010ffff"  # after everything that begins so
LARGEST = 2**63 - 1
Rows = Select[*tuple[Any, ...]]


def find(meant: Meant, partners: Sequence[int], edition_id: int | None = None) -> list[Record]:
    """Everybody who fits, a few from each table; within one event where one is named."""
    contests = _contests_of(edition_id) if edition_id is not None else None
    parts = [
        _of(name, table, partners, *condition, most=MOST)
        for name, table in _tables() for condition in _questions(name, table, meant, contests)
    ]  # fmt: skip
    found = _read(parts)
    return [one for one in found if edition_id is None or one.edition_id == edition_id]


def registrations(people: Collection[Person]) -> list[Record]:
    """The registrations of these keys."""
    return _by_keys({(partner, key) for partner, _, key in people}, "registration", "key", {provider for _, provider, _ in people})


def entries(keys: Collection[tuple[int, str]]) -> list[Record]:
    """The entries of these keys, each with its partner."""
    return _by_keys(set(keys), "scoring", "key")


def carrying(people: Collection[Person]) -> list[Record]:
    """The entries that carry the id of one of these registrations."""
    wanted = {(partner, f"{PREFIXES.get(provider, provider)}:{key}") for partner, provider, key in people}
    return _by_keys(wanted, "scoring", "external_id")


def partners() -> list[int]:
    """All of them: a search over every partner still asks for one after the other."""
    found = list(db.session.scalars(select(Partner.timing_partner_id)))
    db.session.rollback()
    return found


def _tables() -> list[tuple[str, Table]]:
    return [(name, table) for name in PEOPLE for table in (PROVIDER_TABLES[name], TWINS.get(name)) if table is not None]


def _questions(name: str, table: Table, meant: Meant, contests: Sequence[Any] | None) -> list[list[ColumnElement[bool]]]:
    """Each way to be meant, as a question that an index answers."""
    here = _within(name, table, contests) if contests is not None else []
    if here is None:
        return []
    asked = [[one] for one in _exactly(name, table, meant)]
    asked += [one for start in meant.starts for one in _named(name, table, start)]
    if contests is not None:
        first = table.c[PEOPLE[name].first_name]
        asked += [[_from(first, spelt)] for start in meant.starts if not start.first for spelt in spellings(start.last)]
    return [[*one, *here] for one in asked]


def _exactly(name: str, table: Table, meant: Meant) -> list[ColumnElement[bool]]:
    people = PEOPLE[name]
    if meant.registration is not None:
        provider, key = meant.registration
        of = {people.key: key} if people.provider == provider else {people.external_id: meant.number}
    else:
        of = dict.fromkeys((people.bib, people.key, people.external_id, people.number), meant.number)
    return [
        table.c[column] == value for column, text in of.items()
        if column and text and (value := _as(table, column, text)) is not None
    ]  # fmt: skip


def _as(table: Table, column: str, text: str) -> Any:
    """A value as the column holds it; None where it cannot hold it."""
    if not isinstance(table.c[column].type, Integer):
        return text
    return int(text) if text.isascii() and text.isdecimal() and int(text) <= LARGEST else None


def _named(name: str, table: Table, start: Start) -> list[list[ColumnElement[bool]]]:
    """A question for each spelling, so that each is a stretch of the index."""
    people = PEOPLE[name]
    first = table.c[people.first_name]
    firsts = [or_(*(_from(first, spelt) for spelt in spellings(start.first)))] if start.first else []
    return [[_from(table.c[people.last_name], spelt), *firsts] for spelt in spellings(start.last)]


def _from(column: Any, start: str) -> ColumnElement[bool]:
    folded = func.lower(column)
    return and_(folded >= start, folded < start + LAST)


def _contests_of(edition_id: int) -> list[Any]:
    rows = db.session.execute(
        select(Contest.provider_name, Contest.happening_id, Contest.provider_contest_id).where(Contest.edition_id == edition_id)
    )
    return list(rows)


def _within(name: str, table: Table, contests: Iterable[Any]) -> list[ColumnElement[bool]] | None:
    """Only these contests, as that table knows them; None where none of them is in it."""
    layout, column = LAYOUTS[name], table.c[LAYOUTS[name].within]
    mine = [one for one in contests if one.provider_name == PEOPLE[name].provider]
    texts = {one.happening_id if layout.holds == "happening" else one.provider_contest_id for one in mine}
    values = sorted(value for text in texts if (value := _as(table, layout.within, text)) is not None)
    return [column.in_(values)] if values else None


def _by_keys(keys: set[tuple[int, str]], of_side: str, which: str, providers: Collection[str] | None = None) -> list[Record]:
    wanted, parts = sorted(keys), []
    for at in range(0, len(wanted), SEVERAL):
        some = wanted[at : at + SEVERAL]
        for name, table in _tables():
            people = PEOPLE[name]
            column = getattr(people, which)
            if column and side(people.provider) == of_side and (providers is None or people.provider in providers):
                parts += _parts_of_keys(name, table, column, some)
    found = _read(parts)
    return [one for one in found if (one.timing_partner_id, one.key if which == "key" else one.external_id) in keys]


def _parts_of_keys(name: str, table: Table, column: str, keys: list[tuple[int, str]]) -> list[Rows]:
    values = {value for _, text in keys if (value := _as(table, column, text)) is not None}
    return [_of(name, table, sorted({partner for partner, _ in keys}), table.c[column].in_(sorted(values)))] if values else []


def _of(name: str, table: Table, of: Sequence[int], *conditions: ColumnElement[bool], most: int | None = None) -> Rows:
    """One question to one table, in columns that are the same for all."""
    people, layout = PEOPLE[name], LAYOUTS[name]

    def text(column: str, label: str) -> Any:
        return (cast(table.c[column], Text) if column else cast(null(), Text)).label(label)

    return (
        select(
            literal(name).label("of_table"), table.c.timing_partner_id.label("partner"), text(people.key, "key"),
            text(people.first_name, "first_name"), text(people.last_name, "last_name"), text(people.gender, "gender"),
            text(people.born, "born"), text(people.bib, "bib"), text(layout.within, "within"), text(layout.contest, "contest"),
            text(people.external_id, "external_id"), text(people.status, "status"), text(people.signed_up, "signed_up"),
            text("fetched_date" if "fetched_date" in table.c else "", "fetched_date"), table.c.gone_at.label("gone_at"),
        )
        .where(table.c.timing_partner_id.in_(of), *conditions)
        .limit(most)
    )  # fmt: skip


def _read(parts: list[Rows]) -> list[Record]:
    found: dict[tuple[str, int, str, str | None], Record] = {}
    if parts:
        for row in db.session.execute(union_all(*(select(part.subquery()) for part in parts))):
            record = _record(row)
            found.setdefault((record.table, record.timing_partner_id, record.key, record.provider_contest_id), record)
    placed = _placed(list(found.values()))
    db.session.rollback()
    return placed


def _record(row: Any) -> Record:
    people, layout = PEOPLE[row.of_table], LAYOUTS[row.of_table]
    happening = {"happening": row.within, "both": (row.within or "").rpartition("/")[0]}.get(layout.holds)
    nested = f"{row.within}/{row.contest}" if row.contest else None
    values = {layout.within: row.within, people.key: row.key}
    return Record(
        provider_name=people.provider, is_scoring=side(people.provider) == "scoring", timing_partner_id=row.partner,
        key=row.key or "", table=row.of_table,
        row_key="/".join(values.get(name) or "" for name in NATURAL_KEYS[row.of_table]),
        first_name=row.first_name or "", last_name=row.last_name or "",
        gender=GENDERS.get((row.gender or "").strip().upper()), born=birth_date(row.born), bib=(row.bib or "").strip() or None,
        happening_id=happening, provider_contest_id=nested if layout.holds == "happening" else row.within,
        external_id=row.external_id or None, status=row.status or None, signed_up=row.signed_up or None,
        written_at=times.from_customer_form(row.fetched_date), gone_at=row.gone_at,
    )  # fmt: skip


def _placed(records: list[Record]) -> list[Record]:
    """The same with the contest and event that each belongs to."""
    contest = (Contest.timing_partner_id, Contest.provider_name, Contest.provider_contest_id)
    happening = (Contest.timing_partner_id, Contest.provider_name, Contest.happening_id)
    wanted = {(one.timing_partner_id, one.provider_name, one.provider_contest_id) for one in records if one.provider_contest_id}
    around = {(one.timing_partner_id, one.provider_name, one.happening_id) for one in records if one.happening_id}
    exact = {tuple(row[2:]): row[:2] for row in _contests(contest, wanted)}
    editions = {tuple(row[2:]): row[1] for row in _contests(happening, around)}
    placed = []
    for one in records:
        contest_id, edition_id = exact.get((one.timing_partner_id, one.provider_name, one.provider_contest_id), (None, None))
        edition_id = edition_id or editions.get((one.timing_partner_id, one.provider_name, one.happening_id))
        placed.append(replace(one, contest_id=contest_id, edition_id=edition_id))
    return placed


def _contests(named_by: tuple[Any, ...], wanted: set[tuple[Any, ...]]) -> list[Any]:
    asked = sorted(wanted)
    found: list[Any] = []
    for at in range(0, len(asked), SEVERAL):
        query = select(Contest.contest_id, Contest.edition_id, *named_by)
        found += db.session.execute(query.where(tuple_(*named_by).in_(asked[at : at + SEVERAL]))).all()
    return found
