"""Checks of what would go out and where (X): nothing but what may be public, to the right event, telling nobody unasked.

What goes out is made in `review.payload`; these look at it once more, as if nobody had taken care.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from sync_jobs.checks.amounts import counted, listed, more
from sync_jobs.checks.base import Check, Field, Finding, said
from sync_jobs.pairing import names
from sync_jobs.pairing.same import age_on
from sync_jobs.results import Published, Registered
from sync_jobs.review.words import person

ALLOWED = frozenset({
    "registration_key", "entry_key", "bib", "first_name", "last_name", "gender", "age", "status", "gun_ms", "chip_ms", "place",
    "gender_place", "division", "division_place", "splits",
})  # fmt: skip
"""All that may be sent of a person, by our names of the fields."""
STANDING = (
    ("is_public", "public", "hidden"), ("is_preliminary", "preliminary", "official"),
    ("notifies", "sending messages", "sending no messages"),
)  # fmt: skip
"""What must be at the destination as our last step left it, and each in words."""


def field_allow_list(field: Field) -> Iterable[Finding]:
    """X01: something would be sent that no result needs. Says the field, never what is in it."""
    keys = field.payload_keys.union(*(row.extra for row in field.payload))
    for key in sorted(keys - ALLOWED):
        sentence = f"The field “{key}” would be sent with {counted(len(field.payload), 'result')}, and is none that may be public."
        yield said("X01", "hard", sentence, field=key)


def minors(field: Field) -> Iterable[Finding]:
    """X02: a child would be named in full."""
    under = field.hide_minors_under
    found = [(row, age) for row in field.payload if _is_named(row) and (age := _youngest(field, row)) is not None and age < under]
    limits = field.thresholds["many"]
    if more(len(found), len(field.payload), limits["percent"], limits["rows"]):
        sentence = f"{counted(len(found), 'child', 'children')} under {under} would be named in full. Only initials go out."
        yield Finding(check_id="X02", severity="block", sentence=sentence, entries=_entries(row for row, _ in found))
        return
    for row, age in found:
        yield _of(row, "X02", "block", f"{person(row)} is {age} and would be named in full. Under {under} only initials go out.")


def _youngest(field: Field, row: Published) -> int | None:
    """Of all that anybody says about their age."""
    registered, scored = _registered(field, row), field.version.by_entry.get(row.entry_key or "")
    ages = [row.age, scored.age if scored else None]
    if registered:
        ages += [registered.age, _on(registered.born, field.facts.age_reference or field.facts.day)]
    return min((age for age in ages if age is not None), default=None)


def _on(born: date | None, day: date | None) -> int | None:
    return age_on(born, day) if born and day else None


def _is_named(row: Published) -> bool:
    """Whether two words of the name are more than an initial; one word alone names nobody."""
    return sum(not _is_initial(word) for word in f"{row.first_name} {row.last_name}".split()) > 1


def _is_initial(word: str) -> bool:
    return word.endswith(".") and len(word) < 3


def anonymity(field: Field) -> Iterable[Finding]:
    """X03: somebody asked not to be named, and would be."""
    for row in field.payload:
        registered = _registered(field, row)
        if registered and registered.is_anonymous and _shares_a_name(field, row, registered):
            number = f"Bib {row.bib}" if row.bib else "Somebody without a bib"
            yield _of(row, "X03", "hard", f"{number} asked not to be named, and the name would be sent.")


def _shares_a_name(field: Field, row: Published, registered: Registered) -> bool:
    """With what registration or scoring calls them. Initials are no name."""
    scored = field.version.by_entry.get(row.entry_key or "")
    known = {word for one in (registered, scored) if one for word in _words(one.first_name, one.last_name)}
    return not known.isdisjoint(_words(row.first_name, row.last_name))


def _words(first: str, last: str) -> Iterator[str]:
    return (word for spelt in names.spellings(first, last) for word in spelt.split() if len(word) > 1)


def _registered(field: Field, row: Published) -> Registered | None:
    """Whose row it is: by our link, else by the registration that it would be sent to."""
    return field.registered.get(row.entry_key or "") or field.once(_by_key).get(row.registration_key or "")


def _by_key(field: Field) -> Mapping[str, Registered]:
    return {one.key: one for one in field.all_registered}


def visibility(field: Field) -> Iterable[Finding]:
    """X04: the set does not stand as our last step left it."""
    flags, expected = (field.destination.flags, field.destination.expected) if field.destination else (None, None)
    if flags is None or expected is None:
        return
    wrong = [words for words in STANDING if getattr(flags, words[0]) != getattr(expected, words[0])]
    if wrong:
        there = listed([yes if getattr(flags, name) else no for name, yes, no in wrong])
        left = listed([yes if getattr(expected, name) else no for name, yes, no in wrong])
        yield said(
            "X04", "hard", f"At the destination the results are {there}; our last step left them {left}.", there=there, left=left
        )


def notification_blast(field: Field) -> Iterable[Finding]:
    """X05: people would get a message that nobody decided on. Where somebody did, how many they are."""
    to = field.destination
    if to is None or not to.would_tell:
        return
    would = f"{counted(to.would_tell, 'person', 'people')} would get a first message"
    if to.tells:
        yield said("X05", "info", f"{would}. It cannot be recalled.", people=to.would_tell)
    elif to.flags and to.flags.notifies:
        yield said("X05", "block", f"{would}, and nobody decided that: messages are on at the destination.", people=to.would_tell)


def destination_date(field: Field) -> Iterable[Finding]:
    """X06: the destination is on another day: another year's event."""
    there, first = field.destination.day if field.destination else None, field.facts.day
    if there is None or first is None or first <= there <= (field.facts.last_day or first):
        return
    sentence = f"The destination's event is on {_written(there)}, and this one on {_written(first)}."
    yield said("X06", "hard", sentence, there=there.isoformat(), here=first.isoformat())


def _written(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _of(row: Published, check_id: str, severity: str, sentence: str) -> Finding:
    return Finding(check_id=check_id, severity=severity, sentence=sentence, entries=_entries([row]), scope="row")


def _entries(rows: Iterable[Published]) -> tuple[str, ...]:
    return tuple(row.entry_key for row in rows if row.entry_key)


CHECKS = (
    Check(check_id="X01", name="field-allow-list", rule=field_allow_list),
    Check(check_id="X02", name="minors", rule=minors),
    Check(check_id="X03", name="anonymity", rule=anonymity),
    Check(check_id="X04", name="visibility", rule=visibility, needs_destination=True),
    Check(check_id="X05", name="notification-blast", rule=notification_blast, needs_destination=True),
    Check(check_id="X06", name="destination-date", rule=destination_date, needs_destination=True),
)
