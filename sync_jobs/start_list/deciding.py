"""The plan of one scoring contest: who is found where, and what each of them needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from sync_jobs.records import Entry, Registration
from sync_jobs.start_list.facts import COMPARED, WORDS, Difference, Fields, Line, Person, Plan, Step, fields_of, fields_there, id_of

BACK = "They were taken off there and are registered again: ours puts them back, with this. "
ASKED = frozenset({"waiting", "approved", "declined"})


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
    if line is not None and (line.tries or line.state in ASKED):
        step = replace(step, tries=line.tries, is_asked=line.state in ASKED)
    if line is None or line.state != "approved" or step.kind not in {"withdraw", "conflict"}:
        return step
    if (line.wanted, line.entry_key) != (step.wanted, step.entry_key):
        return step
    kind = "withdraw" if step.kind == "withdraw" else "update" if step.entry_key else "create"
    return replace(step, kind=kind, is_decided=True)


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
    if line is not None and (line.is_refused(wanted) or (line.state == "declined" and line.wanted == wanted)):
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
    wanted, theirs = fields_of(registration, contest_id), fields_there(entry)
    told = line.told if line else None
    if line is not None and line.state in {"sent", "in_file"} and told == wanted and not _shows(theirs, wanted):
        _on_its_way(made, line, _step("update", person, registration, entry, wanted, [], ""))
        return  # what stands there is the old value, and nobody's decision
    is_back = line is not None and line.is_off
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
        why = f"{BACK if is_back else ''}{_both(clash)}"
        made.steps.append(replace(_step("conflict", person, registration, entry, wanted, clash, why), restored=is_back))
    elif is_back or send:
        if line is None or not line.is_refused(wanted):
            made.steps.append(replace(_step("update", person, registration, entry, wanted, send, ""), restored=is_back))
    else:
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
        if line is not None and (line.is_off or line.state == "declined"):
            continue
        entry = found.by_key.get((line.entry_key if line else None) or found.links.get(person, ""))
        if entry is None and line is not None:
            entry = next(iter(found.by_external.get(line.external_id.casefold(), [])), None)
        if entry is not None and line is not None and line.is_refused(fields_there(entry)):
            continue  # it was approved, and somebody has to do it there
        if entry is not None and entry.key not in theirs:
            why = "They are not registered any more, and still stand on the scoring list."
            made.steps.append(
                Step(kind="withdraw", person=person, external_id=id_of(person), entry_key=entry.key,
                     known_as=entry.external_id, wanted=fields_there(entry), why=why)
            )  # fmt: skip
