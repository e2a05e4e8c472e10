"""What somebody may have meant who looks for a person, and how the records of both sides make that person's path. Decides only.

Finding the records is left to `person_search`; runs, times and words are the page's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sync_jobs.pairing.ids import PREFIXED
from sync_jobs.records import PREFIXES

LONGEST, MOST_WORDS, SHORTEST = 80, 6, 2  # characters, words, characters of a name's beginning
PROVIDERS = {prefix: provider for provider, prefix in PREFIXES.items()}
Person = tuple[int, str, str]  # partner, registration provider, key


@dataclass(frozen=True, slots=True)
class Start:
    """The beginning of a last name, and of the first name where one was typed."""

    last: str
    first: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """Everything that the typed words may be."""

    words: str
    number: str = ""  # a bib, or an id of either side
    registration: tuple[str, str] | None = None  # provider and key, where an id of ours was typed
    starts: tuple[Start, ...] = ()

    @property
    def is_nothing(self) -> bool:
        """Whether there is too little to look for."""
        return not (self.number or self.starts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One person on one side, as its provider says it; also where the provider has it no more."""

    provider_name: str
    is_scoring: bool
    timing_partner_id: int
    key: str
    table: str
    row_key: str  # as runs note it
    first_name: str
    last_name: str
    gender: str | None
    born: date | None
    bib: str | None
    happening_id: str | None
    provider_contest_id: str | None
    external_id: str | None = None
    status: str | None = None
    signed_up: str | None = None
    written_at: datetime | None = None  # when we last found it new or changed
    gone_at: datetime | None = None
    contest_id: int | None = None
    edition_id: int | None = None

    @property
    def person(self) -> Person:
        """How it is named among the registrations of all partners."""
        return self.timing_partner_id, self.provider_name, self.key

    @property
    def carried(self) -> Person | None:
        """The registration that an entry's id names, where it names its provider."""
        found = PREFIXED.fullmatch((self.external_id or "").strip())
        provider = PROVIDERS.get(found[1].lower()) if found else None
        return (self.timing_partner_id, provider, found[2]) if found and provider else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What ties an entry to a registration, now or before."""

    person: Person
    contest_id: int
    entry_key: str
    method: str
    confidence: int
    made_by: str | None
    made_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None
    ended_why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Somebody on a scoring list, and what says that it is them."""

    entry: Record
    link: Link | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """One person across both sides."""

    registration: Record | None
    listed: tuple[Listed, ...] = ()
    parted: tuple[Link, ...] = ()  # links that have ended, the newest first

    @property
    def who(self) -> Record:
        """As registration has them, else as scoring does."""
        return self.registration or self.listed[0].entry

    @property
    def records(self) -> list[Record]:
        """All records of theirs."""
        return [*([self.registration] if self.registration else []), *(one.entry for one in self.listed)]


def understand(typed: str) -> Meant:
    """A name, a bib, or an id, as people type them: `Ruiz`, `Ana Ruiz`, `Ruiz, Ana`, `412`, `rsu:98765432`."""
    words = " ".join(typed.replace("\x00", "").split())[:LONGEST]
    found = PREFIXED.fullmatch(words)
    provider = PROVIDERS.get(found[1].lower()) if found else None
    if found and provider:
        return Meant(words=words, number=f"{found[1].lower()}:{found[2]}", registration=(provider, found[2]))
    has_letters = any(letter.isalpha() for letter in words)
    return Meant(words=words, number=words if _is_number(words) else "", starts=_starts(words) if has_letters else ())


def _is_number(words: str) -> bool:
    """Bibs and ids are one word, with letters or digits in it."""
    return " " not in words and any(letter.isalnum() for letter in words)


def _starts(words: str) -> tuple[Start, ...]:
    """The ways in which words can be a last name with or without a first."""
    last, comma, first = words.partition(",")
    if comma:
        found = [Start(last.strip(), first.strip())]
    else:
        parts = words.split()[:MOST_WORDS]
        found = [Start(" ".join(parts[at:]), " ".join(parts[:at])) for at in range(len(parts))]
        found += [Start(" ".join(parts[:at]), " ".join(parts[at:])) for at in range(1, len(parts))]
    return tuple(dict.fromkeys(one for one in found if len(one.last) >= SHORTEST))


def spellings(text: str) -> list[str]:
    """How a name may begin in a table that folds only plain letters to lower case."""
    return sorted({_plain_lower(one) for one in (text, text.lower(), text.title(), text.upper())})


def _plain_lower(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def paths(records: Iterable[Record], links: Iterable[Link]) -> list[Path]:
    """Each registration with its entries, and each entry that is nobody's; who is present first, then by name."""
    known = list(dict.fromkeys(records))
    entries = [one for one in known if one.is_scoring]
    registrations = {one.person: one for one in known if not one.is_scoring}
    held, ended = _by_person(links)
    listed: dict[Person, list[Listed]] = defaultdict(list)
    alone = []
    for entry in entries:
        link = next((link for link in held if _is_of(link, entry)), None)
        person = link.person if link else entry.carried
        if person is not None and person in registrations:
            listed[person].append(Listed(entry=entry, link=link))
        else:
            alone.append(Path(registration=None, listed=(Listed(entry=entry, link=link),)))
    found = [
        Path(registration=one, listed=tuple(listed[person]), parted=tuple(ended[person])) for person, one in registrations.items()
    ]
    return sorted([*found, *alone], key=_order)


def _by_person(links: Iterable[Link]) -> tuple[list[Link], dict[Person, list[Link]]]:
    held, ended = [], defaultdict(list)
    for link in sorted(set(links), key=lambda link: link.made_at, reverse=True):
        if link.ended_at is None:
            held.append(link)
        else:
            ended[link.person].append(link)
    return held, ended


def _is_of(link: Link, entry: Record) -> bool:
    return (link.contest_id, link.entry_key, link.person[0]) == (entry.contest_id, entry.key, entry.timing_partner_id)


def _order(path: Path) -> tuple[bool, str, str, str]:
    who = path.who
    gone = all(record.gone_at is not None for record in path.records)
    return gone, who.last_name.casefold(), who.first_name.casefold(), who.key
