"""How the invented world is scored: at which scoring provider, with which contests, waves and points. People come in `scoring`.

Names differ a little from registration's, and contests are not one to one: several registration contests may be scored as one,
helpers are not scored at all, and some timers score a kids' race that nobody registers for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import count
from typing import TYPE_CHECKING

from sync_jobs.sandbox import names
from sync_jobs.sandbox.things import Contest, Edition, local

if TYPE_CHECKING:
    from sync_jobs.sandbox.world import World

SCORERS = ("chronotrack", "copernico")
UNSCORED = ("volunteer", "virtual_race")
BESIDE = {"Stroller Division": "5K"}
"""Registration contests that are scored as another one, where that one is there."""
SCORED_AS = {
    "5K": "5K Run", "10K": "10K Run", "Half Marathon": "Half", "Marathon": "Full Marathon", "Kids Fun Run": "Kids Race",
    "1 Mile Walk": "1M Walk", "25K": "Trail 25K", "12K": "Trail 12K", "Olympic": "Olympic Tri", "Sprint": "Sprint Tri",
    "Marathon Relay": "Relay",
}  # fmt: skip
ONLY_HERE = "Kids Dash"  # a race for children that is not registered for
POINTS: dict[int, tuple[tuple[str, int], ...]] = {
    5000: (("2.5K", 2500),), 10000: (("5K", 5000),), 12000: (("6K", 6000),), 21098: (("5K", 5000), ("10K", 10000), ("15K", 15000)),
    25000: (("8K", 8000), ("16K", 16000)), 42195: (("10K", 10000), ("Half", 21098), ("30K", 30000)),
    25750: (("Swim", 750), ("Bike", 20750)), 51500: (("Swim", 1500), ("Bike", 41500)),
}  # fmt: skip
"""Mats between start and finish, by the length of the course."""
MINUTE = 60


@dataclass(frozen=True, slots=True)
class Wave:
    """A group that starts together, seconds after the contest's first."""

    name: str
    after: int


@dataclass(slots=True, eq=False)
class ScoringContest:
    """One scored distance. `sources` are the registration contests whose people belong in it."""

    happening: ScoringHappening
    number: int  # ChronoTrack: race_id
    name: str
    metres: int | None
    kind: str
    starts_at: int
    sources: list[Contest] = field(default_factory=list)

    @property
    def waves(self) -> tuple[Wave, ...]:
        """One, or two five minutes apart where many run far."""
        two = (self.metres or 0) >= 10_000 and self.number % 2 == 0
        return (Wave("Wave 1", 0), Wave("Wave 2", 5 * MINUTE)) if two else (Wave("Wave 1", 0),)

    @property
    def points(self) -> tuple[tuple[str, int], ...]:
        """Mats on the way, with their metres from the start."""
        return POINTS.get(self.metres or 0, ())


@dataclass(slots=True, eq=False)
class ScoringHappening:
    """An edition as its scoring provider knows it."""

    provider: str
    edition: Edition
    number: int  # ChronoTrack: event_id
    uid: str  # ChronoTrack: event_id; Copernico: the race's slug
    name: str
    starts_at: int
    contests: list[ScoringContest] = field(default_factory=list)


def dice(*words: object) -> tuple[float, ...]:
    """Sixteen numbers from 0 to 1, the same for the same words everywhere."""
    rolled = blake2b(" ".join(map(str, words)).encode(), digest_size=64).digest()
    return tuple(int.from_bytes(rolled[at : at + 4]) / 2**32 for at in range(0, 64, 4))


def plan(world: World) -> list[ScoringHappening]:
    """Every edition that has a day, at one scoring provider of the partner who owns it."""
    events, races, turns = count(40_001), count(50_001), dict.fromkeys((partner.number for partner in world.partners), 0)
    scorers = {partner.number: partner.scoring for partner in world.partners}
    found: list[ScoringHappening] = []
    for edition in world.editions:
        owner = edition.partners[0]
        able = (world.scored_at,) if world.scored_at else scorers.get(owner, ())
        if edition.starts_at is None or not able:
            continue
        provider, turns[owner] = able[turns[owner] % len(able)], turns[owner] + 1
        found.append(_happening(world, edition, provider, next(events), races))
    return found


def _happening(world: World, edition: Edition, provider: str, number: int, races: count[int]) -> ScoringHappening:
    starts = edition.starts_at or 0
    year = local(starts, edition.zone).year
    uid = str(number) if provider == "chronotrack" else f"{_slug(edition.name)}-{year}-{number}"
    name = edition.name if dice(world.seed, "name", number)[0] < 0.5 else f"{edition.name} {year}"
    happening = ScoringHappening(provider, edition, number, uid, name, starts)
    renamed = edition.phase != "even" and dice(world.seed, "contests", number)[0] < 0.7
    for source in (contest for known in edition.happenings for contest in known.contests):
        if not (source.volunteer or source.kind in UNSCORED):
            _take_in(happening, source, races, renamed=renamed)
    if edition.phase != "even" and number % 4 == 0:
        happening.contests.append(ScoringContest(happening, next(races), ONLY_HERE, 400, "running_race", starts + 100 * MINUTE))
    return happening


def _take_in(happening: ScoringHappening, source: Contest, races: count[int], *, renamed: bool) -> None:
    """Put a registration contest into the scored one that it belongs in, made now if there is none yet."""
    own = source.name.strip()
    own = BESIDE.get(own, own)
    name = SCORED_AS.get(own, own) if renamed else own
    known = next((contest for contest in happening.contests if contest.name == name), None)
    starts = source.starts_at or happening.starts_at
    if known is None:
        known = ScoringContest(
            happening, next(races), name, source.metres, source.kind, max(starts, happening.starts_at - 60 * MINUTE)
        )
        happening.contests.append(known)
    known.sources.append(source)


def _slug(name: str) -> str:
    return "-".join(filter(None, (names.plain(word) for word in name.split()))) or "race"
