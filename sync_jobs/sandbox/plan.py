"""Which editions an invented world has: whose they are, when, where, at which providers, with which contests. People come later.

The order is such that a small world already has the telling ones: race day first, then one ahead, one past, and so on.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from itertools import count, cycle
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from sync_jobs.sandbox import menu, names
from sync_jobs.sandbox.things import Contest, Edition, Happening, Partner, local, seconds

DAY, HOUR, MINUTE = 86_400, 3_600, 60
PHASES = {
    "today": 3, "weeks": 10, "past": 16, "last_week": 6, "months": 14, "tomorrow": 3, "this_week": 6, "undated": 2,
}  # fmt: skip
"""Phases in the order in which a world gets them, and how many of sixty editions each has."""
DAYS_AHEAD = {
    "tomorrow": (1, 1),
    "this_week": (2, 6),
    "weeks": (8, 40),
    "months": (45, 200),
    "last_week": (-7, -1),
    "past": (-330, -20),
}
HAKU_EDITIONS = 3  # of a partner, at most
TODAY_STARTS = (45, 120, 300)  # minutes after the anchor


def partners(many: int) -> list[Partner]:
    """The first so many companies."""
    made = []
    for number in range(1, many + 1):
        company, zone = menu.COMPANIES[(number - 1) % len(menu.COMPANIES)]
        name = company if number <= len(menu.COMPANIES) else f"{company} {number}"
        beside = {"raceroster": menu.WITH_RACE_ROSTER, "haku": menu.WITH_HAKU}
        where = ("runsignup", *(provider for provider, theirs in beside.items() if number in theirs))
        made.append(Partner(number, name, zone, where, menu.SCORING[(number - 1) % len(menu.SCORING)]))
    return made


def _phases(many: int) -> list[str]:
    left = {phase: max(1, round(share * many / 60)) for phase, share in PHASES.items()}
    chosen: list[str] = []
    for phase in cycle(PHASES):
        if len(chosen) >= many:
            return chosen
        if left[phase] > 0 or not any(left.values()):
            left[phase] -= 1
            chosen.append(phase)
    return chosen


class Planner:
    """Makes the editions of one world, in order, from one seed."""

    def __init__(self, seed: int, anchor: datetime, chosen: list[Partner], providers: tuple[str, ...]) -> None:
        self.random = Random(f"plan {seed}")
        self.seed, self.anchor, self.partners, self.providers = seed, anchor, chosen, providers
        self.race_ids, self.event_ids, self.days = count(70_001), count(80_001), count(60_001)
        self.sub_events, self.public_numbers = count(120), count(99_001)
        self.haku_events, self.categories = count(4411), count(901)
        self.made: list[Edition] = []
        self.beside: list[Happening] = []  # at Haku, of editions that stand elsewhere too

    def editions(self, many: int) -> list[Edition]:
        """All of them; every partner gets one before anybody gets a second."""
        phases = _phases(many)
        todays = 0
        turns = {partner.number: cycle(("both", "runsignup", "raceroster", "runsignup", "raceroster")) for partner in self.partners}
        for index, phase in enumerate(phases):
            partner = self._partner(index)
            where = self._where(partner, next(turns[partner.number]), phase)
            starts = self._start(phase, partner.zone, todays)
            todays += phase == "today"
            self.made.append(self._edition(index, partner, phase, where, starts))
        self._share()
        if "haku" in self.providers[1:]:
            self._beside()
        return self.made

    def even(self, index: int, contests: int, provider: str) -> Edition:
        """One of many editions that are all alike, some weeks ahead."""
        partner = self.partners[index % len(self.partners)]
        starts = seconds(self.anchor) // DAY * DAY + (20 + index % 30) * DAY + 12 * HOUR
        edition = Edition(
            f"Even {index + 1}", (partner.number,), "even", *self._town(partner, ("runsignup",)), starts, starts - 300 * DAY
        )
        courses = [
            menu.FIVE._replace(name=f"{number + 1}K", distance=f"{number + 1}K", metres=1000 * (number + 1))
            for number in range(contests)
        ]
        self._happening(edition, provider, courses)
        self.made.append(edition)
        return edition

    def _partner(self, index: int) -> Partner:
        if index < len(self.partners):
            return self.partners[index]
        return self.partners[int(self.random.random() ** 1.7 * len(self.partners))]

    def _where(self, partner: Partner, turn: str, phase: str) -> tuple[str, ...]:
        if "raceroster" not in partner.providers or phase == "undated":
            wanted: tuple[str, ...] = ("runsignup",)
        else:
            wanted = ("runsignup", "raceroster") if turn == "both" else (turn,)
        return tuple(name for name in wanted if name in self.providers) or self.providers[:1]

    def _start(self, phase: str, zone: str, todays: int) -> int | None:
        if phase == "undated":
            return None
        if phase == "today":
            after = TODAY_STARTS[todays % len(TODAY_STARTS)] + 300 * (todays // len(TODAY_STARTS))
            return (seconds(self.anchor) + after * MINUTE) // 300 * 300
        day = local(seconds(self.anchor), zone).date() + timedelta(days=self.random.randint(*DAYS_AHEAD[phase]))
        clock = self.random.choice((time(7), time(7, 30), time(8), time(8), time(9)))
        return seconds(datetime.combine(day, clock, ZoneInfo(zone)))

    def _edition(self, index: int, partner: Partner, phase: str, where: tuple[str, ...], starts: int | None) -> Edition:
        kind, courses = menu.KINDS[index % len(menu.KINDS)]
        earlier = self._earlier(partner, where) if phase == "past" else None
        if earlier:
            return self._year_before(earlier)
        place = menu.PLACES[index % len(menu.PLACES)] + (" Classic" if index >= len(menu.PLACES) else "")
        edition = Edition(f"{place} {kind}", (partner.number,), phase, *self._town(partner, where), starts, 0)
        edition.created_at = (starts or seconds(self.anchor)) - self.random.randint(210, 330) * DAY
        for provider in where:
            self._happening(edition, provider, self._courses(index, courses))
        return edition

    def _town(self, partner: Partner, where: tuple[str, ...]) -> tuple[str, str, str, str, str]:
        if where == ("raceroster",) and self.random.random() < 0.6:
            city, state, code, zone = self.random.choice(menu.CANADA)
            return zone, city, state, code, "CA"
        state = self.random.choice(menu.STATES[partner.zone])
        return partner.zone, self.random.choice(names.pool().towns), state, f"{self.random.randint(10_000, 99_999)}", "US"

    def _courses(self, index: int, courses: tuple[menu.Course, ...]) -> list[menu.Course]:
        extra = [menu.VOLUNTEERS] if index == 0 or self.random.random() < 0.4 else []
        return [*courses, *([menu.EMPTY] if index in {0, 3} or self.random.random() < 0.1 else []), *extra]

    def _earlier(self, partner: Partner, where: tuple[str, ...]) -> Edition | None:
        """A coming edition of that partner whose race had one last year: RunSignUp keeps the race's number."""
        taken = {happening.number for edition in self.made if edition.phase == "past" for happening in edition.happenings}
        for edition in self.made if "runsignup" in where else ():
            ahead = edition.phase in {"today", "weeks", "months", "this_week"} and edition.partners[0] == partner.number
            if ahead and edition.happenings[0].provider == "runsignup" and edition.happenings[0].number not in taken:
                return edition
        return None

    def _year_before(self, later: Edition) -> Edition:
        back = 364 * DAY  # the same day of the week
        there = (later.zone, later.city, later.state, later.postal_code, later.country)
        edition = Edition(later.name, later.partners, "past", *there, (later.starts_at or 0) - back, later.created_at - back)
        source = later.happenings[0]
        happening = Happening("runsignup", edition, source.number, source.uid, next(self.days), source.name)
        edition.happenings.append(happening)
        for old in source.contests:
            starts = old.starts_at - back if old.starts_at is not None else None
            happening.contests.append(
                Contest(happening, next(self.event_ids), old.name, old.distance, old.metres, starts, old.volunteer, old.kind,
                        old.fee_cents, edition.created_at, old.weight))  # fmt: skip
        return edition

    def _happening(self, edition: Edition, provider: str, courses: list[menu.Course]) -> None:
        if provider == "runsignup":
            number = next(self.race_ids)
            happening = Happening(provider, edition, number, str(number), next(self.days), edition.name)
        elif provider == "haku":
            happening = self._at_haku(edition)
        else:
            number, year = next(self.public_numbers), local(edition.starts_at or seconds(self.anchor), edition.zone).year
            uid = str(UUID(int=Random(f"event {self.seed} {number}").getrandbits(128)))[:18]
            name = f"{edition.name.replace('Harbor', 'Harbour')} {year}"
            happening = Happening(provider, edition, number, uid, 0, name)
        edition.happenings.append(happening)
        for course in courses:
            happening.contests.append(self._contest(happening, course))

    def _at_haku(self, edition: Edition) -> Happening:
        number, year = next(self.haku_events), local(edition.starts_at or seconds(self.anchor), edition.zone).year
        return Happening("haku", edition, number, str(number), 0, f"{edition.name} {year}")

    def _beside(self) -> None:
        """Some editions of some partners take registrations at Haku too: few people, since each costs a call."""
        for partner in (partner for partner in self.partners if "haku" in partner.providers):
            own = [e for e in self.made if e.partners == (partner.number,) and e.phase not in {"undated", "past"}]
            alone = [e for e in own if [happening.provider for happening in e.happenings] == ["runsignup"]]
            for edition in alone[:HAKU_EDITIONS]:
                happening = self._at_haku(edition)
                for old in edition.happenings[0].contests:
                    if old.weight > 0 and not old.volunteer:
                        happening.contests.append(
                            Contest(happening, next(self.categories), old.name.strip(), old.distance, old.metres, old.starts_at,
                                    False, old.kind, old.fee_cents, old.listed_at, old.weight))  # fmt: skip  # noqa: FBT003  volunteer
                edition.happenings.append(happening)
                self.beside.append(happening)

    def _contest(self, happening: Happening, course: menu.Course) -> Contest:
        edition, first = happening.edition, not self.made and not happening.contests
        number = next({"runsignup": self.event_ids, "haku": self.categories}.get(happening.provider, self.sub_events))
        spaced = f"{course.name} " if first or self.random.random() < 0.15 else course.name
        distance = None if self.random.random() < 0.12 and not first else course.distance
        return Contest(happening, number, spaced, distance, course.metres, self._contest_start(edition, course),
                       course.kind == "volunteer", course.kind, course.fee * 100, edition.created_at,
                       course.weight * (0.6 + self.random.random()))  # fmt: skip

    def _contest_start(self, edition: Edition, course: menu.Course) -> int | None:
        if edition.starts_at is None:
            return None
        if course.midnight:
            day = local(edition.starts_at, edition.zone).date()
            return seconds(datetime.combine(day, time(), ZoneInfo(edition.zone)))
        return edition.starts_at + course.after * MINUTE

    def _share(self) -> None:
        """One race of the first partner is held by a second one too; both may see it."""
        last = len(self.partners)
        if last < 2 or len(self.made) < 4:
            return
        held: dict[int, list[Edition]] = {}
        for edition in self.made:
            first = edition.happenings[0]
            if edition.partners == (1,) and first.provider == "runsignup":
                held.setdefault(first.number, []).append(edition)
        for years in held.values():
            if not {edition.phase for edition in years} & {"today", "undated"} and all(len(year.happenings) == 1 for year in years):
                for year in years:
                    year.partners = (1, min(3, last))
                return
