"""A clean 10 km contest of any size, and a check's field around it: whatever a test names is different, the rest is in order."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sync_jobs.checks import thresholds
from sync_jobs.checks.base import Field
from sync_jobs.results import ContestFacts, Registered, ResultRow, Version

DAY = date(2026, 5, 17)
START = datetime(2026, 5, 17, 13, 0, tzinfo=UTC)  # nine o'clock in New York
FIRST = ("Ana", "Tom", "Mia", "Ben", "Zoe", "Max", "Eva", "Ian", "Ida", "Leo")
LAST = ("Sample", "Beck", "Ruiz", "Okafor", "Lind", "Moreau", "Novak", "Ito", "Haddad", "Quist", "Varga")
WINNER_MS, STEP_MS = 1_900_000, 1000
GROUPS: dict[str, Callable[[ResultRow], str | None]] = {
    "place": lambda _: "all", "gender_place": lambda one: one.gender, "division_place": lambda one: one.division,
}  # fmt: skip
SPEC = ContestFacts(
    contest_id=7, edition_id=3, timing_partner_id=1, name="10K", provider_name="chronotrack", happening_id="88",
    provider_contest_id="88/12", zone="America/New_York", day=DAY, last_day=DAY, metres=10_000, planned_start=START,
    profile="road", basis="gun", division_basis="gun",
)  # fmt: skip


def facts(**said: Any) -> ContestFacts:
    """What is known of the contest: 10 km on the road, by gun, at nine on its day."""
    return replace(SPEC, **said)


def row(number: int = 1, **said: Any) -> ResultRow:
    """The one who finished as number so and so: even numbers are women. Without places; `ranked` gives them."""
    gun = WINNER_MS + STEP_MS * number
    gender, age = "MF"[number % 2 == 0], 20 + number * 7 % 50
    decade = age // 10 * 10
    plain = {
        "entry_key": f"e{number}", "bib": str(number), "first_name": FIRST[number % len(FIRST)],
        "last_name": f"{LAST[number % len(LAST)]}{number}", "gender": gender, "age": age, "gun_ms": gun,
        "chip_ms": gun - 1000 - min(number, 3000) * 20, "division": f"{gender}{decade}-{decade + 9}",
    }  # fmt: skip
    return ResultRow(**{**plain, **said})


def rows(count: int, *changed: ResultRow, basis: str = "gun") -> tuple[ResultRow, ...]:
    """That many finishers with their places; `changed` stand in for those of the same entry, and are ranked with them."""
    instead = {one.entry_key: one for one in changed}
    return ranked([instead.get(f"e{number}") or row(number) for number in range(1, count + 1)], basis)


def ranked(found: Iterable[ResultRow], basis: str = "gun") -> tuple[ResultRow, ...]:
    """With places overall, by gender and by division, as the times say; whoever did not finish gets none."""
    kept = tuple(found)
    places: dict[str, dict[str, int]] = {one.entry_key: {} for one in kept}
    running = sorted((one for one in kept if one.is_finisher and one.time(basis) is not None), key=lambda one: one.time(basis) or 0)
    for name, group_of in GROUPS.items():
        groups: dict[Any, list[int]] = defaultdict(list)
        for one in running:
            if (group := group_of(one)) is not None:
                times = groups[group]
                times.append(one.time(basis) or 0)
                places[one.entry_key][name] = bisect_left(times, times[-1]) + 1
    return tuple(replace(one, **places[one.entry_key]) for one in kept)


def changed(found: Sequence[ResultRow], *numbers: int, **said: Any) -> tuple[ResultRow, ...]:
    """The same rows, where those of the numbers are different. Places stay as they were."""
    keys = {f"e{number}" for number in numbers}
    return tuple(replace(one, **said) if one.entry_key in keys else one for one in found)


def version(found: Sequence[ResultRow], **said: Any) -> Version:
    """A version of those rows, pulled two hours after the start."""
    plain = {"contest_id": 7, "number": 2, "pulled_at": START + timedelta(hours=2), "started_at": START}
    return Version(rows=tuple(found), **{**plain, **said})


def registration(one: ResultRow, **said: Any) -> Registered:
    """The registration of somebody, saying the same as their row."""
    born = None if one.age is None else date(DAY.year - one.age, 1, 15)
    plain = {
        "provider_name": "runsignup", "key": f"r{one.entry_key}", "contest_id": 70, "first_name": one.first_name,
        "last_name": one.last_name, "gender": one.gender, "born": born, "age": one.age, "bib": one.bib,
    }  # fmt: skip
    return Registered(**{**plain, **said})


def field(
    found: Sequence[ResultRow] | int = 10, *, about: ContestFacts = SPEC, said: Mapping[str, Any] | None = None,
    own: Mapping[str, Mapping[str, float]] | None = None, **more: Any,
) -> Field:  # fmt: skip
    """A field of those rows (or of that many clean ones), everybody linked to their registration.

    `about` are the contest's facts, `said` belongs to the version, `own` are the partner's thresholds, `more` to the field itself.
    """
    kept = rows(found) if isinstance(found, int) else tuple(found)
    linked = {one.entry_key: registration(one) for one in kept}
    plain: dict[str, Any] = {
        "version": version(kept, **(said or {})), "facts": about, "registered": linked,
        "all_registered": tuple(linked.values()), "mapped": frozenset({70}), "contest_names": {70: "10K", 71: "Half Marathon"},
        "thresholds": thresholds.of(about.profile, own or {}),
    }  # fmt: skip
    return Field(**{**plain, **more})
