"""Who would stand on the podiums, and whether everybody is accounted for: made of a proposal's field, for the page."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from itertools import pairwise

from sync_jobs.approvals.shown import Podium, Tally, Wave, Winner
from sync_jobs.checks.base import Field
from sync_jobs.results import Published, ResultRow
from sync_jobs.review import places
from sync_jobs.review.awards import Award, holders
from sync_jobs.review.payload import rounded

NAMES = {"M": "Men", "F": "Women", "X": "Non-binary"}
ORDER = ("M", "F", "X")
UNKNOWN = "UNKNOWN"
NO_WAVE = ""


def podiums(field: Field) -> tuple[Podium, ...]:
    """The first of each gender, then of each age group, as they came in: also whoever is not among what goes out here."""
    public = {row.entry_key: row for row in field.payload if row.entry_key}
    finished = {row.entry_key for row in field.finishers}
    others = _by_the_other_clock(field, finished)
    found: defaultdict[tuple[str, str], list[Winner]] = defaultdict(list)
    for award, rows in holders(field.version, field.facts, finished).items():
        if award.kind != "overall":
            found[award.kind, award.group] += [_winner(award, row, public, others, field) for row in rows]
    order = sorted(found, key=lambda of: (of[0] != "gender", ORDER.index(of[1]) if of[1] in ORDER else len(ORDER), of[1]))
    return tuple(Podium(kind=kind, name=NAMES.get(group, group), winners=tuple(found[kind, group])) for kind, group in order)


def _winner(award: Award, row: ResultRow, public: Mapping[str, Published], others: Mapping[str, int], field: Field) -> Winner:
    other = others.get(row.entry_key) if award.kind == "gender" else None
    return Winner(
        place=award.place, row=public.get(row.entry_key) or _as_scored(row), other_place=other if other != award.place else None,
        is_handed_out=row.entry_key in field.handed_out, goes_out=row.entry_key in public,
    )  # fmt: skip


def _as_scored(row: ResultRow) -> Published:
    """Somebody who won and is not among what goes out here: held, matched with nobody, or registered at another provider."""
    return Published(
        registration_key=None, entry_key=row.entry_key, bib=row.bib, first_name=row.first_name, last_name=row.last_name,
        gender=row.gender, age=row.age, status=row.status or UNKNOWN, gun_ms=rounded(row.gun_ms), chip_ms=rounded(row.chip_ms),
        place=row.place,
    )  # fmt: skip


def _by_the_other_clock(field: Field, public: Collection[str]) -> dict[str, int]:
    """Where each would come within their gender by the clock that does not count."""
    other = "chip" if field.facts.basis == "gun" else "gun"
    groups: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for row in field.finishers:
        time = row.time(other)
        if row.gender and time is not None and row.entry_key in public:
            groups[row.gender].append((row.entry_key, time))
    return {key: place for times in groups.values() for key, place in places.ranked(times).items()}


def tally(field: Field) -> Tally:
    """Registered people by what became of them; whoever has no row is unknown."""
    active = {(one.provider_name, one.key) for one in field.all_registered if one.is_active}
    counted: Counter[str] = Counter()
    seen = set()
    for row in field.version.rows:
        one = field.registered.get(row.entry_key)
        if one is not None and (one.provider_name, one.key) in active and (one.provider_name, one.key) not in seen:
            seen.add((one.provider_name, one.key))
            counted[row.status or UNKNOWN] += 1
    gap, after = _gap(field)
    return Tally(
        registered=len(active), by_status=dict(counted), unknown=len(active) - len(seen),
        unmatched=sum(row.entry_key not in field.registered for row in field.version.rows), waves=_waves(field),
        last_finisher=max(field.finishers, key=lambda row: row.gun_ms or 0, default=None), gap_ms=gap, gap_after=after,
    )  # fmt: skip


def _waves(field: Field) -> tuple[Wave, ...]:
    people = Counter(row.wave or NO_WAVE for row in field.version.rows)
    finished = Counter(row.wave or NO_WAVE for row in field.finishers)
    if set(people) <= {NO_WAVE}:
        return ()
    return tuple(Wave(name=name, people=people[name], finished=finished[name]) for name in sorted(people))


def _gap(field: Field) -> tuple[int | None, ResultRow | None]:
    """The longest time in which nobody came in, and after whom."""
    came = sorted((row for row in field.finishers if row.gun_ms is not None), key=lambda row: row.gun_ms or 0)
    gaps = [((later.gun_ms or 0) - (one.gun_ms or 0), one) for one, later in pairwise(came)]
    return max(gaps, key=lambda gap: gap[0], default=(None, None))
