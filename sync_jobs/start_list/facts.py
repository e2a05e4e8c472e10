"""What a plan is made of: lines as they were told, steps and their differences, and the fields that scoring is to hold."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sync_jobs.pairing import same
from sync_jobs.records import PREFIXES, Entry, Registration, StartListEntry

Person = tuple[str, str]  # registration provider and key
Fields = dict[str, Any]
COMPARED = ("first_name", "last_name", "gender", "born", "bib", "contest_id")
"""What scoring shows of an entry, so that a difference can be seen; the rest only goes along."""
MOST_TRIES = 10  # in a row without a proper answer: then a line waits for a person
WORDS = {"first_name": "first name", "last_name": "last name", "gender": "gender", "born": "date of birth", "bib": "bib",
         "contest_id": "distance"}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What was told of one registration before: the fields (None: nothing yet), how it stands, and the entry if known."""

    state: str  # sent, in_file, there, refused, waiting, approved, declined, withdrawn
    external_id: str
    told: Fields | None
    wanted: Fields | None
    entry_key: str | None
    tries: int = 0  # in a row, to which no proper answer came
    taken_off: bool = False  # scoring was told so, and not since that they are back

    @property
    def is_off(self) -> bool:
        """Whether scoring holds them as withdrawn, as far as it was told."""
        return self.taken_off or self.state == "withdrawn"

    def is_refused(self, wanted: Fields) -> bool:
        """Whether exactly this was refused. What merely got no proper answer is tried again, so many times."""
        return self.state == "refused" and self.wanted == wanted and not 0 < self.tries < MOST_TRIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One field: what we want there, and what stands there."""

    name: str
    ours: Any
    theirs: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do for one person. `withdraw` and `conflict` wait for somebody to decide, `twice` until scoring is put in
    order; the others go by themselves.
    """

    kind: str  # create, update, withdraw, conflict, twice
    is_decided: bool = False  # somebody said yes to exactly this
    person: Person
    external_id: str
    entry_key: str | None
    wanted: Fields
    known_as: str | None = None  # the external id that the entry carries now
    restored: bool = False  # they had been withdrawn there
    differences: tuple[Difference, ...] = ()
    why: str = ""
    tries: int = 0  # in a row, to which no proper answer came
    is_asked: bool = False  # somebody was asked about this person already

    @property
    def may_go(self) -> bool:
        """Whether it goes out by itself, or somebody decided so."""
        return self.kind in {"create", "update"} or self.is_decided


@dataclass(slots=True)
class Plan:
    """All steps of one scoring contest, and what needs none."""

    steps: list[Step] = field(default_factory=list)
    there: list[tuple[Person, str, str, Fields]] = field(default_factory=list)
    """Who was found to stand there as wanted: person, external id, entry, and what registration says of them now."""
    same: int = 0  # who was known to
    told: int = 0  # on their way: sent or in a file, and not seen there yet
    in_file: list[Step] = field(default_factory=list)
    """Those of them whose file nobody has loaded yet: they go into the next file too, or out with the next push."""

    @property
    def ready(self) -> list[Step]:
        """The steps that may go out now."""
        return [step for step in self.steps if step.may_go]

    @property
    def waiting(self) -> list[Step]:
        """The steps that somebody has to decide."""
        return [step for step in self.steps if not step.may_go]


def fields_of(registration: Registration, contest_id: int) -> Fields:
    """What scoring is to hold of a registration, as it is kept in JSON."""
    return {
        "first_name": registration.first_name, "last_name": registration.last_name, "gender": registration.gender,
        "born": registration.born.isoformat() if registration.born else None, "bib": _bib(registration),
        "contest_id": contest_id, "email": registration.email, "city": registration.city, "state": registration.state,
        "country": registration.country, "team": registration.team,
    }  # fmt: skip


def _bib(person: Registration | Entry) -> str | None:
    """As it is written; None where what is written says that there is none."""
    return person.bib if same.bib(person) else None


def fields_there(entry: Entry) -> Fields:
    return {
        "first_name": entry.first_name, "last_name": entry.last_name, "gender": entry.gender,
        "born": entry.born.isoformat() if entry.born else None, "bib": _bib(entry), "contest_id": entry.contest_id,
    }  # fmt: skip


def tried(tries: int) -> str:
    """A sentence: how often, and what comes next."""
    goes_on = "it waits for a person" if tries >= MOST_TRIES else "it is tried again by itself"
    return f"Tried {'once' if tries == 1 else f'{tries} times'}; {goes_on}."


def id_of(person: Person) -> str:
    return f"{PREFIXES.get(person[0], person[0])}:{person[1]}"


def to_send(step: Step, contest: tuple[str, str]) -> StartListEntry:
    """A step as an adapter takes it; `contest` is the provider's id and name of it."""
    wanted = {name: value for name, value in step.wanted.items() if name in _OF_PERSON}
    born = wanted.pop("born", None)
    return replace(
        _EMPTY, **wanted, born=date.fromisoformat(born) if born else None, external_id=step.external_id, entry_key=step.entry_key,
        contest_id=contest[0], contest_name=contest[1], known_as=step.known_as,
        withdrawn=step.kind == "withdraw", restored=step.restored, alone=step.tries > 0,
    )  # fmt: skip


_EMPTY = StartListEntry(
    external_id="", entry_key=None, contest_id="", contest_name="", first_name="", last_name="", gender=None, born=None, bib=None,
    email=None, city=None, state=None, country=None, team=None,
)  # fmt: skip
_OF_PERSON = ("first_name", "last_name", "gender", "born", "bib", "email", "city", "state", "country", "team")
