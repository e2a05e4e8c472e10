"""Whose row is whose: the registrations that a contest's entries are linked to, and what else points at them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, or_, select

from sync_jobs import people
from sync_jobs.models import PROVIDER_TABLES, Contest, ContestPair, EntryLink, EntryQuestion, db
from sync_jobs.models.provider_tables import PEOPLE, PeopleTable
from sync_jobs.pairing.ids import Key, key_of
from sync_jobs.providers import side
from sync_jobs.records import Registration
from sync_jobs.results import ContestFacts, Registered

SEVERAL = 500
NO_RUNG = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """The registration side of one scored contest."""

    mapped: frozenset[int]
    names: Mapping[int, str]  # of the event's registration contests
    registered: Mapping[str, Registered]  # by entry
    everybody: tuple[Registered, ...]  # of the mapped contests
    other_rungs: Mapping[str, Registered]


def linked(facts: ContestFacts) -> Linked:
    """Read it all."""
    mapped, names = _mapped(facts.contest_id), _names(facts.edition_id)
    active, gone = _links(facts.contest_id)
    found = {key_of(one): one for one in people.registrations(facts.timing_partner_id, mapped)}
    asked = _two_answers(facts.contest_id)
    named = {key for key, _ in active.values()} | {key for keys in asked.values() for key in keys}
    found |= _elsewhere(facts, names.keys() - mapped, named - found.keys())
    registered = {entry: _registered(found[key], method) for entry, (key, method) in active.items() if key in found}
    left = {entry: link for entry, link in {**gone, **active}.items() if entry not in registered}
    registered |= _inactive(facts.timing_partner_id, left)
    return Linked(
        mapped=mapped, names=names, registered=registered,
        everybody=tuple(_registered(one, NO_RUNG) for one in found.values() if one.contest_id is None or one.contest_id in mapped),
        other_rungs=_others(asked, registered, found),
    )  # fmt: skip


def _mapped(contest_id: int) -> frozenset[int]:
    pairs = select(ContestPair.registration_contest_id).where(
        ContestPair.scoring_contest_id == contest_id, ContestPair.state == "confirmed"
    )
    return frozenset(number for number in db.session.scalars(pairs) if number is not None)


def _names(edition_id: int) -> dict[int, str]:
    mine = select(Contest.contest_id, Contest.name, Contest.provider_name).where(Contest.edition_id == edition_id)
    return {row.contest_id: row.name or "" for row in db.session.execute(mine) if side(row.provider_name) == "registration"}


Links = dict[str, tuple[Key, str]]  # by entry: the registration, and the rung that joined them


def _links(contest_id: int) -> tuple[Links, Links]:
    """Those that hold, and the last of each entry that ended because somebody was gone."""
    mine = select(
        EntryLink.entry_key, EntryLink.registration_provider, EntryLink.registration_key, EntryLink.method, EntryLink.ended_at,
        EntryLink.ended_why,
    ).where(EntryLink.contest_id == contest_id, or_(EntryLink.ended_at.is_(None), EntryLink.ended_why == "gone"))  # fmt: skip
    active: Links = {}
    gone: Links = {}
    for row in db.session.execute(mine.order_by(EntryLink.link_id)):
        which = active if row.ended_at is None else gone
        which[row.entry_key] = (row.registration_provider, row.registration_key), row.method
    return active, gone


def _two_answers(contest_id: int) -> dict[str, list[Key]]:
    """Linked entries of which another rung says somebody else: the ladder asked a person about them."""
    asked = select(EntryQuestion.entry_key, EntryQuestion.about).where(
        EntryQuestion.contest_id == contest_id, EntryQuestion.kind == "two_answers"
    )
    return {
        row.entry_key: [(provider, key) for provider, key in (row.about or {}).get("registrations", [])]
        for row in db.session.execute(asked)
    }


def _elsewhere(facts: ContestFacts, contests: Iterable[int], keys: set[Key]) -> dict[Key, Registration]:
    """Linked registrations that are for another of the event's distances, or for none that we know."""
    if not keys:
        return {}
    wanted = {key for _, key in keys}
    some = [
        *people.registrations(facts.timing_partner_id, contests, keys=wanted),
        *people.unplaced(facts.timing_partner_id, facts.edition_id, keys=wanted),
    ]
    return {key_of(one): one for one in some if key_of(one) in keys}


def _registered(one: Registration, method: str) -> Registered:
    return Registered(
        provider_name=one.provider_name, key=one.key, contest_id=one.contest_id, first_name=one.first_name, last_name=one.last_name,
        gender=one.gender, born=one.born, age=one.age, bib=one.bib, city=one.city, state=one.state, confidence=method,
    )  # fmt: skip


def _others(
    asked: Mapping[str, list[Key]], registered: Mapping[str, Registered], found: Mapping[Key, Registration]
) -> dict[str, Registered]:
    others = {}
    for entry, keys in asked.items():
        mine = registered.get(entry)
        other = next((found[key] for key in keys if key in found and mine and key != (mine.provider_name, mine.key)), None)
        if other is not None:
            others[entry] = _registered(other, NO_RUNG)
    return others


def _inactive(partner: int, links: Links) -> dict[str, Registered]:
    """Who is linked to a registration that does not stand any more: as it was when we saw it last."""
    gone: dict[str, Registered] = {}
    for table, about in PEOPLE.items():
        if side(about.provider) == "registration":
            mine = {key: (entry, method) for entry, ((provider, key), method) in links.items() if provider == about.provider}
            gone |= _last_seen(partner, table, about, mine)
    return gone


def _last_seen(partner: int, table_name: str, about: PeopleTable, wanted: Mapping[str, tuple[str, str]]) -> dict[str, Registered]:
    table, found = PROVIDER_TABLES[table_name], {}
    key = table.c[about.key]
    columns = {name: table.c[getattr(about, name)] for name in ("first_name", "last_name", "born", "gender", "bib")}
    keys: list[Any] = [int(one) if isinstance(key.type, Integer) else one for one in wanted]
    for at in range(0, len(keys), SEVERAL):
        rows = select(key.label("key"), *(column.label(name) for name, column in columns.items())).where(
            table.c.timing_partner_id == partner, key.in_(keys[at : at + SEVERAL])
        )
        for row in db.session.execute(rows):
            entry, method = wanted[str(row.key)]
            found[entry] = Registered(
                provider_name=about.provider, key=str(row.key), contest_id=None, first_name=row.first_name or "",
                last_name=row.last_name or "", gender=people.GENDERS.get((row.gender or "").strip().upper()),
                born=people.birth_date(row.born), age=None, bib=(row.bib or "").strip() or None, is_active=False, confidence=method,
            )  # fmt: skip
    return found
