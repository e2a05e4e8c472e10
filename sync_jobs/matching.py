"""Which listed contests make one edition, and which editions look like the same event. Decides; touches nothing.

Within one provider a happening's days at most three apart are one edition (RunSignUp reuses a race's id every year).
Across providers nothing is joined here: likenesses are suggested, a person decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from difflib import SequenceMatcher

from sync_jobs import times
from sync_jobs.records import ListedContest

DAYS_APART = 3
LONGEST_DAY = timedelta(hours=25)  # where clocks are put back
LIKE_ENOUGH = 60  # percent
YEARLESS = str.maketrans(dict.fromkeys("0123456789", " "))


@dataclass(frozen=True, slots=True)
class Grouping:
    """The contests of one edition. `first_day` is in the edition's zone; None for the undated."""

    happening_id: str
    first_day: date | None
    contests: tuple[ListedContest, ...]

    @property
    def key(self) -> str:
        """Tells this year's edition of a happening from last year's."""
        return f"{self.happening_id}@{self.first_day or 'undated'}"


def group(listed: Iterable[ListedContest], fallback_zone: str) -> list[Grouping]:
    """One grouping for each happening and each cluster of days; undated contests join the only cluster, or stand alone."""
    happenings: defaultdict[str, list[ListedContest]] = defaultdict(list)
    for contest in listed:
        happenings[contest.happening_id].append(contest)
    return [grouping for happening, contests in happenings.items() for grouping in _clusters(happening, contests, fallback_zone)]


def _clusters(happening: str, contests: list[ListedContest], fallback_zone: str) -> list[Grouping]:
    dated = [(day, contest) for contest in contests if (day := local_day(contest, fallback_zone))]
    dated.sort(key=lambda pair: (pair[0], pair[1].provider_contest_id))
    undated = [contest for contest in contests if not contest.starts_at]
    clusters: list[tuple[date | None, list[ListedContest]]] = []
    latest: date | None = None
    for day, contest in dated:
        if latest is None or day - latest > timedelta(days=DAYS_APART):
            clusters.append((day, []))
        clusters[-1][1].append(contest)
        latest = day
    if undated and len(clusters) == 1:
        clusters[0][1].extend(undated)
    elif undated:
        clusters.append((None, undated))
    return [Grouping(happening, day, tuple(members)) for day, members in clusters]


def local_day(contest: ListedContest, fallback_zone: str) -> date | None:
    """The day on which a contest starts, by the clock of its place."""
    if contest.starts_at is None:
        return None
    return contest.starts_at.astimezone(times.zone(contest.timezone, fallback_zone)).date()


def has_time(contest: ListedContest, fallback_zone: str) -> bool:
    """Whether its start names a time of day, by the clock of its place."""
    return contest.starts_at is not None and times.has_time(contest.starts_at, times.zone(contest.timezone, fallback_zone))


def likeness(one: str | None, other: str | None) -> int:
    """How alike two names are, in percent; years, order of words, case and punctuation do not count."""
    return round(100 * SequenceMatcher(None, _plain(one), _plain(other)).ratio())


def _plain(name: str | None) -> str:
    words = "".join(letter if letter.isalnum() else " " for letter in (name or "").casefold().translate(YEARLESS)).split()
    return " ".join(sorted(words))


def alike(name: str | None, starts_at: datetime | None, other_name: str | None, other_starts_at: datetime | None) -> int | None:
    """The likeness of two editions worth showing to a person, or None."""
    if starts_at is None or other_starts_at is None or abs(starts_at - other_starts_at) > timedelta(days=DAYS_APART):
        return None
    percent = likeness(name, other_name)
    return percent if percent >= LIKE_ENOUGH else None
