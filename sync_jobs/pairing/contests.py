"""Which registration contest is probably which scoring contest, and what speaks against it. Decides; a person confirms.

Ids that scoring already carries are by far the strongest sign; length, start, name and numbers of people come after.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sync_jobs import times
from sync_jobs.pairing.metres import apart, of_contest
from sync_jobs.pairing.names import plain

SAME_LENGTH, OTHER_LENGTH = 0.02, 0.05
SAME_START, OTHER_DAY = timedelta(minutes=30), timedelta(days=1)
SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)  # zones are compared on it where no start is known
MANY_IDS, FEW_IDS = 0.5, 0.05  # shares of the entries that carry an id of one of our registrations
WORTH_SAYING = 50  # percent
NEARLY_AS_GOOD = 5
COUNTABLE, SAME_COUNT = 10, 0.1
WHOLE, LENGTH, START, NAME, COUNT = 100, 45, 25, 20, 10
KINDS = {
    "kids": "kids", "kid": "kids", "children": "kids", "youth": "kids", "walk": "walk", "walkers": "walk", "walker": "walk",
    "relay": "relay", "team": "relay", "virtual": "virtual", "remote": "virtual", "volunteer": "volunteer",
    "volunteers": "volunteer", "wheelchair": "wheelchair", "handcycle": "wheelchair", "stroller": "stroller", "dog": "dog",
    "challenge": "challenge", "duathlon": "duathlon", "triathlon": "triathlon", "swim": "swim", "bike": "bike", "ride": "bike",
}  # fmt: skip
UNTIMED = {"virtual": "It is virtual: nobody of it stands at this start.", "volunteer": "Volunteers are not timed."}
FILLERS = frozenset({"the", "run", "race", "and", "of", "a"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """A contest of one side, as far as likeness goes."""

    contest_id: int
    name: str
    distance: str | None = None
    starts_at: datetime | None = None
    people: int | None = None
    is_volunteer: bool = False
    day_only: bool = False  # `starts_at` is the begin of a day; at which time of it is not known
    timezone: str | None = None  # as its provider says it
    provider: str = ""  # for a sentence

    @property
    def begins(self) -> datetime | None:
        """When it starts, where that is known to the minute."""
        return None if self.day_only else self.starts_at

    @property
    def noon(self) -> datetime | None:
        """An instant that lies in its day by every clock near it: midnight of one zone is the day before in the next."""
        return self.starts_at + OTHER_DAY / 2 if self.starts_at else None

    @property
    def metres(self) -> float | None:
        """How long it is, as far as anybody says."""
        return of_contest(self.distance, self.name)

    @property
    def words(self) -> frozenset[str]:
        """The words of its name that tell it from others."""
        return frozenset(plain(self.name).split()) - FILLERS

    @property
    def kinds(self) -> frozenset[str]:
        """What sort of contest its name says: kids, walk, relay and so on."""
        return frozenset(KINDS[word] for word in self.words if word in KINDS) | (
            {"volunteer"} if self.is_volunteer else frozenset()
        )


@dataclass(frozen=True, slots=True)
class Suggested:
    """A pair worth showing; without a scoring contest: nobody of it is timed."""

    registration_contest_id: int
    scoring_contest_id: int | None
    likeness: int  # percent
    why: str


@dataclass(frozen=True, slots=True)
class Ids:
    """How many entries of a scoring contest carry the id of a registration of ours, in all and by registration contest."""

    entries: int
    carrying: int
    by_contest: Mapping[int, int]

    def share(self, contest_id: int) -> float | None:
        """The part of them that is of that contest; None where nobody carries one."""
        return self.by_contest.get(contest_id, 0) / self.carrying if self.carrying else None


def suggest(registration: Sequence[Distance], scoring: Sequence[Distance], ids: Mapping[int, Ids]) -> list[Suggested]:
    """The likeliest pairs: each the best of both its sides, or nearly so. Two that are as good are both shown."""
    scored = [s for r in registration for c in scoring if (s := compare(r, c, ids.get(c.contest_id)))]
    best: dict[tuple[str, int | None], int] = {}
    for found in scored:
        for side in _sides(found):
            best[side] = max(best.get(side, 0), found.likeness)
    kept = [s for s in scored if all(s.likeness >= best[side] - NEARLY_AS_GOOD for side in _sides(s)) or s.likeness >= WHOLE - NAME]
    paired = {s.registration_contest_id for s in kept}
    return kept + [found for r in registration if r.contest_id not in paired for found in _untimed(r)]


def _sides(found: Suggested) -> tuple[tuple[str, int | None], tuple[str, int | None]]:
    return ("registration", found.registration_contest_id), ("scoring", found.scoring_contest_id)


def _untimed(contest: Distance) -> Iterable[Suggested]:
    why = next((why for kind, why in UNTIMED.items() if kind in contest.kinds), None)
    return [Suggested(contest.contest_id, None, WORTH_SAYING, why)] if why else []


def compare(one: Distance, other: Distance, ids: Ids | None) -> Suggested | None:
    """How alike two contests are, with the sentence that says why; None where it is not worth showing."""
    share = ids.share(one.contest_id) if ids else None
    against = refusal(one, other)
    if against or (share is not None and share < FEW_IDS):
        return None
    signs = _signs(one, other)
    if ids and share is not None and share >= MANY_IDS:
        said = f"{ids.by_contest[one.contest_id]:,} of {ids.entries:,} entries carry a registration id of it"
        signs.insert(0, (WHOLE - NAME + round(NAME * share), said))
    likeness = min(WHOLE, sum(points for points, _ in signs))
    words = [word for points, word in signs if points > 0]
    return Suggested(one.contest_id, other.contest_id, likeness, _sentence(words)) if likeness >= WORTH_SAYING else None


def _signs(one: Distance, other: Distance) -> list[tuple[int, str]]:
    return [sign for sign in (_length(one, other), _start(one, other), _name(one, other), _count(one, other)) if sign]


def _length(one: Distance, other: Distance) -> tuple[int, str] | None:
    mine, theirs = one.metres, other.metres
    if mine is None or theirs is None:
        return None
    gap = apart(mine, theirs)
    return (LENGTH, "the same length") if gap <= SAME_LENGTH else (-WHOLE, "") if gap > OTHER_LENGTH else None


def _start(one: Distance, other: Distance) -> tuple[int, str] | None:
    gap = _between(one, other)
    if gap is None or gap > SAME_START:
        return None
    minutes = round(gap.total_seconds() / 60)
    return START, "the same start" if not minutes else f"starts {minutes} min apart"


def _name(one: Distance, other: Distance) -> tuple[int, str] | None:
    if one.kinds != other.kinds:
        return -LENGTH, ""
    mine, theirs = one.words, other.words
    shared = len(mine & theirs) / len(mine | theirs) if mine | theirs else 0.0
    return (
        (round(NAME * shared) + (NAME if shared == 1 else 0), "the same name" if shared == 1 else "a similar name")
        if shared
        else None
    )


def _count(one: Distance, other: Distance) -> tuple[int, str] | None:
    mine, theirs = one.people or 0, other.people or 0
    if min(mine, theirs) < COUNTABLE or apart(mine, theirs) > SAME_COUNT:
        return None
    return COUNT, f"{mine:,} registered beside {theirs:,} entries"


def _sentence(words: list[str]) -> str:
    said = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
    return f"{said[0].upper()}{said[1:]}."


def _between(one: Distance, other: Distance) -> timedelta | None:
    """How far the two starts are apart, where both are known to the minute."""
    return abs(one.begins - other.begins) if one.begins and other.begins else None


def _days_between(one: Distance, other: Distance) -> timedelta:
    """How far apart they start at the least, where of one no more than the day is known."""
    if one.starts_at is None or other.starts_at is None:
        return timedelta(0)
    gap = abs(one.starts_at - other.starts_at)
    if one.day_only and other.day_only:
        return round(gap / OTHER_DAY) * OTHER_DAY  # two midnights of two zones may be one day
    first = min(one, other, key=lambda contest: contest.starts_at or SOME_DAY)
    return max(gap - OTHER_DAY, timedelta(0)) if first.day_only else gap


def refusal(one: Distance, other: Distance) -> str | None:
    """Why these two can never be the same contest, as a sentence."""
    gap = _days_between(one, other)
    if gap <= OTHER_DAY:
        return None
    days = round(gap / OTHER_DAY)
    return f"They start {f'{days} days' if days > 1 else 'more than a day'} apart: this is last year’s list, or another event’s."


def warnings(one: Distance, other: Distance) -> list[str]:
    """What a person has to look at before they are taken for the same, as sentences."""
    said: list[str] = []
    mine, theirs = one.metres, other.metres
    if mine and theirs and apart(mine, theirs) > OTHER_LENGTH:
        said.append(f"The lengths differ by {apart(mine, theirs):.0%}: {mine / 1000:.1f} km here, {theirs / 1000:.1f} km there.")
    gap = _between(one, other)
    if gap is not None and gap > SAME_START:
        said.append(f"The starts are {_span(gap)} apart.")
    if _zones_differ(one, other):
        here, there = one.provider or "Registration", other.provider or "scoring"
        said.append(f"{here} says {one.timezone}, {there} says {other.timezone}.")
    if one.kinds != other.kinds and one.kinds | other.kinds:
        said.append(f"Only one of the two is called {' or '.join(sorted(one.kinds ^ other.kinds))}.")
    return said


def _zones_differ(one: Distance, other: Distance) -> bool:
    """Whether their clocks show different times on that day; two names of the same zone do not."""
    if not one.timezone or not other.timezone:
        return False
    at = one.starts_at or other.starts_at or SOME_DAY
    here, there = (at.astimezone(times.zone(contest.timezone)).utcoffset() for contest in (one, other))
    return here != there


def _span(length: timedelta) -> str:
    minutes = round(length.total_seconds() / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"
