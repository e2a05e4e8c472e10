"""What a scoring provider has to be told so that its start list is the registration side's. Decides; touches nothing.

Three facts about a person are compared field by field: what registration says (ours), what scoring has (theirs), and what
scoring was told last. What only we changed is sent, what only scoring changed is left alone, and what both changed is a
conflict for a person. People are found by stored link, then by external id, never by bib.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sync_jobs.pairing import same
from sync_jobs.records import PREFIXES, Entry, Registration, StartListEntry

Person = tuple[str, str]  # registration provider and key
Fields = dict[str, Any]
COMPARED = ("first_name", "last_name", "gender", "born", "bib", "contest_id")
"""What scoring shows of an entry, so that a difference can be seen; the rest only goes along."""
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
        return [step for step in self.steps if _may_go(step)]

    @property
    def waiting(self) -> list[Step]:
        """The steps that somebody has to decide."""
        return [step for step in self.steps if not _may_go(step)]


def plan(
    contest_id: int,
    registrations: Iterable[Registration],
    entries: Iterable[Entry],
    *,
    links: Mapping[Person, str],
    lines: Mapping[Person, Line],
    doubtful: Collection[Person] = (),
    elsewhere: Collection[Person] = (),
) -> Plan:
    """The steps for one scoring contest.

    `registrations` are those that belong in it, `entries` everybody of its happening, `links` the entry of each linked
    person. `doubtful` may be on the list already under another name: they are not added until a person has looked.
    `elsewhere` are registered for another distance of the event: whatever that means is not a withdrawal.
    """
    found = _Found(entries, links)
    made = Plan()
    wanted: set[Person] = set()
    theirs: set[str] = set()
    for registration in registrations:
        person = (registration.provider_name, registration.key)
        wanted.add(person)
        known = found.of(person, registration.external_id)
        theirs.update(entry.key for entry in known)
        line = lines.get(person)
        if len(known) > 1:
            made.steps.append(_twice(person, registration, contest_id))
        elif known:
            _compare(made, person, registration, known[0], line, contest_id)
        else:
            _add(made, person, registration, line, contest_id, is_doubtful=person in doubtful)
    present = wanted | set(elsewhere)
    theirs.update(entry_key for person, entry_key in links.items() if person in present)
    _withdraw(made, present, theirs, found, lines)
    made.steps = [_decided(step, lines.get(step.person)) for step in made.steps]
    return made


def _decided(step: Step, line: Line | None) -> Step:
    """The same step as somebody decided it, where what they saw is still what would be done."""
    if line is None or line.state != "approved" or step.kind not in {"withdraw", "conflict"}:
        return step
    if (line.wanted, line.entry_key) != (step.wanted, step.entry_key):
        return step
    kind = "withdraw" if step.kind == "withdraw" else "update" if step.entry_key else "create"
    return replace(step, kind=kind, is_decided=True)


def _may_go(step: Step) -> bool:
    return step.kind in {"create", "update"} or step.is_decided


class _Found:
    """Entries by their keys and external ids; who is linked by whom."""

    def __init__(self, entries: Iterable[Entry], links: Mapping[Person, str]) -> None:
        self.by_key: dict[str, Entry] = {}
        self.by_external: dict[str, list[Entry]] = defaultdict(list)
        self.links = links
        for entry in entries:
            self.by_key[entry.key] = entry
            if entry.external_id:
                self.by_external[entry.external_id.strip().casefold()].append(entry)

    def of(self, person: Person, external_id: str) -> list[Entry]:
        """The entries that are this person's: the linked one alone, else all that carry the id."""
        linked = self.by_key.get(self.links.get(person, ""))
        return [linked] if linked else self.by_external.get(external_id.casefold(), [])


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


def _theirs(entry: Entry) -> Fields:
    return {
        "first_name": entry.first_name, "last_name": entry.last_name, "gender": entry.gender,
        "born": entry.born.isoformat() if entry.born else None, "bib": _bib(entry), "contest_id": entry.contest_id,
    }  # fmt: skip


def _twice(person: Person, registration: Registration, contest_id: int) -> Step:
    why = f"Two people on the scoring list carry the id {registration.external_id}. One of them has to go there first."
    return Step(
        kind="twice", person=person, external_id=registration.external_id, entry_key=None,
        wanted=fields_of(registration, contest_id), why=why,
    )  # fmt: skip


def _add(made: Plan, person: Person, registration: Registration, line: Line | None, contest_id: int, *, is_doubtful: bool) -> None:
    """Nobody of that id is there: somebody new, or on the way, or taken off by somebody at scoring."""
    wanted, kind, why = fields_of(registration, contest_id), "create", ""
    if line is not None and line.state in {"sent", "in_file"} and line.told == wanted:
        _on_its_way(made, line, Step(kind=kind, person=person, external_id=registration.external_id, entry_key=None, wanted=wanted))
        return
    if line is not None and line.state in {"declined", "refused"} and line.wanted == wanted:
        return
    if _stood(line):
        kind, why = "conflict", "They stood on the scoring list and somebody took them off there. Add them again?"
    elif is_doubtful:
        kind, why = "conflict", "Somebody very like them is on the scoring list already. Link the two, or add them as new."
    made.steps.append(Step(kind=kind, person=person, external_id=registration.external_id, entry_key=None, wanted=wanted, why=why))


def _stood(line: Line | None) -> bool:
    """Whether they were on the list: seen there, also where something about them was asked since."""
    return line is not None and line.told is not None and line.state not in {"sent", "in_file", "withdrawn"}


def _on_its_way(made: Plan, line: Line, step: Step) -> None:
    made.told += 1
    if line.state == "in_file":
        made.in_file.append(step)


def _compare(made: Plan, person: Person, registration: Registration, entry: Entry, line: Line | None, contest_id: int) -> None:
    wanted, theirs = fields_of(registration, contest_id), _theirs(entry)
    told = line.told if line else None
    if line is not None and line.state in {"sent", "in_file"} and told == wanted and not _shows(theirs, wanted):
        _on_its_way(made, line, _step("update", person, registration, entry, wanted, [], ""))
        return  # what stands there is the old value, and nobody's decision
    is_back = line is not None and line.state == "withdrawn"
    send: list[Difference] = []
    clash: list[Difference] = []
    for name in COMPARED:
        kind = _verdict(name, wanted[name], theirs[name], None if told is None else (told.get(name),))
        if kind:
            difference = Difference(name=name, ours=wanted[name], theirs=theirs[name])
            (send if kind == "send" else clash).append(difference)
    if clash:
        if line is not None and line.state == "declined" and line.wanted == wanted:
            return
        made.steps.append(_step("conflict", person, registration, entry, wanted, clash, _both(clash)))
    elif is_back:
        made.steps.append(replace(_step("update", person, registration, entry, wanted, send, ""), restored=True))
    elif send and not (line is not None and line.state == "refused" and line.wanted == wanted):
        made.steps.append(_step("update", person, registration, entry, wanted, send, ""))
    elif not send:
        _there(made, person, registration, entry, line, wanted)


def _there(made: Plan, person: Person, registration: Registration, entry: Entry, line: Line | None, wanted: Fields) -> None:
    if line is not None and (line.state, line.told, line.entry_key) == ("there", wanted, entry.key):
        made.same += 1
    else:
        made.there.append((person, registration.external_id, entry.key, wanted))


def _shows(theirs: Fields, wanted: Fields) -> bool:
    """Whether everything that we say of them stands there."""
    return all(wanted[name] is None or _same(name, wanted[name], theirs[name]) for name in COMPARED)


def _verdict(name: str, ours: Any, theirs: Any, told: tuple[Any] | None) -> str | None:
    """`send`, `clash`, or None where nothing is to be done. `told` is None where scoring was never told."""
    if ours is None or _same(name, ours, theirs):
        return None  # an empty field of ours takes nothing away there
    if theirs is None or told is None:
        return "clash" if name == "bib" and theirs is not None else "send"
    we_changed, they_changed = not _same(name, ours, told[0]), not _same(name, theirs, told[0])
    if we_changed and they_changed:
        return "clash"
    return "send" if we_changed else None


def _same(name: str, one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        mine, theirs = one.strip().casefold(), other.strip().casefold()
        return mine.lstrip("0") == theirs.lstrip("0") if name == "bib" else mine == theirs  # 007 and 7 are one number
    return bool(one == other)


def _both(clash: list[Difference]) -> str:
    parts = ", ".join(f"{WORDS[one.name]} {one.ours} here, {one.theirs} there" for one in clash)
    return f"Registration and scoring disagree: {parts}. Nothing is guessed."


def _step(
    kind: str, person: Person, registration: Registration, entry: Entry, wanted: Fields, differences: list[Difference], why: str
) -> Step:
    return Step(
        kind=kind, person=person, external_id=registration.external_id, entry_key=entry.key, known_as=entry.external_id,
        wanted=wanted,
        differences=tuple(differences), why=why,
    )  # fmt: skip


def _withdraw(made: Plan, present: set[Person], theirs: set[str], found: _Found, lines: Mapping[Person, Line]) -> None:
    """Whoever we put there, or who is linked, and is not registered any more; unless the entry is `theirs` who are present."""
    for person in sorted({*lines, *found.links} - present):
        line = lines.get(person)
        if line is not None and line.state in {"declined", "withdrawn"}:
            continue
        entry = found.by_key.get((line.entry_key if line else None) or found.links.get(person, ""))
        if entry is None and line is not None:
            entry = next(iter(found.by_external.get(line.external_id.casefold(), [])), None)
        if entry is not None and line is not None and line.state == "refused" and line.wanted == _theirs(entry):
            continue  # it was approved, and somebody has to do it there
        if entry is not None and entry.key not in theirs:
            why = "They are not registered any more, and still stand on the scoring list."
            made.steps.append(
                Step(kind="withdraw", person=person, external_id=_id_of(person), entry_key=entry.key,
                     known_as=entry.external_id, wanted=_theirs(entry), why=why)
            )  # fmt: skip


def _id_of(person: Person) -> str:
    return f"{PREFIXES.get(person[0], person[0])}:{person[1]}"


def to_send(step: Step, contest: tuple[str, str]) -> StartListEntry:
    """A step as an adapter takes it; `contest` is the provider's id and name of it."""
    wanted = {name: value for name, value in step.wanted.items() if name in _OF_PERSON}
    born = wanted.pop("born", None)
    return replace(
        _EMPTY, **wanted, born=date.fromisoformat(born) if born else None, external_id=step.external_id, entry_key=step.entry_key,
        contest_id=contest[0], contest_name=contest[1], known_as=step.known_as,
        withdrawn=step.kind == "withdraw", restored=step.restored,
    )  # fmt: skip


_EMPTY = StartListEntry(
    external_id="", entry_key=None, contest_id="", contest_name="", first_name="", last_name="", gender=None, born=None, bib=None,
    email=None, city=None, state=None, country=None, team=None,
)  # fmt: skip
_OF_PERSON = ("first_name", "last_name", "gender", "born", "bib", "email", "city", "state", "country", "team")
