"""Copernico's own words: a race with its events, an athlete in full, a flat row of an export. It has three kinds of time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sync_jobs.sandbox import raceday
from sync_jobs.sandbox.copernico_ids import import_id
from sync_jobs.sandbox.raceday import Known
from sync_jobs.sandbox.scoring_entry import Outcome, ScoringEntry
from sync_jobs.sandbox.scoring_plan import ScoringContest, ScoringHappening, Wave
from sync_jobs.sandbox.things import local

Row = dict[str, Any]
START, FINISH = "Start", "Finish"
STATUSES = {"not_seen": "notstarted", "dq": "dsq"}
GENDERS = {"F": "female", "M": "male"}
COUNTRIES = {"US": "USA", "CA": "CAN"}
IN_ANOTHER_SCRIPT = {START: "Старт", FINISH: "Финиш"}
TECHNICAL = "Technical"


@dataclass(frozen=True, slots=True)
class Seen:
    """One entry as Copernico sees it: who stands in no wave has no time and no place, whatever happened on the course."""

    entry: ScoringEntry
    wave: Wave | None
    known: Known
    places: Mapping[str, int]  # pos posGen posCat and the same by net time; nobody else has one

    @property
    def status(self) -> str:
        """In Copernico's words."""
        return STATUSES.get(self.known.status, self.known.status)


def race(happening: ScoringHappening) -> Row:
    """ASSUMED: the shape of this answer was never recorded."""
    zone, edition = happening.edition.zone, happening.edition
    return {
        "id": happening.uid, "name": happening.name, "timezone": zone, "location": edition.city,
        "date": f"{local(happening.starts_at, zone):%Y-%m-%d}",
        "events": [{"name": c.name, "distance": c.metres, "splits": [START, *(name for name, _ in c.points), FINISH]}
                   for c in happening.contests],
    }  # fmt: skip


def seen(outcomes: Sequence[Outcome]) -> list[Seen]:
    """Everybody, with places by gun and by net time."""
    found = [(one.entry, wave_of(one.entry), one.known) for one in outcomes]
    known = [(entry, wave, about if wave else Known("not_seen", about.gun)) for entry, wave, about in found]
    places: dict[int, dict[str, int]] = {entry.number: {} for entry, _, _ in known}
    for ending, time_of in (("", _gun_ms), ("Net", _chip_ms)):
        ran = sorted((time, entry.number, entry) for entry, _, about in known if (time := time_of(about)) is not None)
        counted: dict[object, tuple[int, int, int]] = {}
        for time, number, entry in ran:
            for name, group in (("pos", ""), ("posGen", entry.gender), ("posCat", entry.division)):
                places[number][name + ending] = 0 if group is None else _place(counted, (entry.contest.number, name, group), time)
    return [Seen(entry, wave, about, places[entry.number]) for entry, wave, about in known]


def _place(counted: dict[object, tuple[int, int, int]], group: object, time: int) -> int:
    many, last, place = counted.get(group, (0, -1, 0))
    place = place if time == last else many + 1
    counted[group] = (many + 1, time, place)
    return place


def _gun_ms(known: Known) -> int | None:
    return known.gun_ms


def _chip_ms(known: Known) -> int | None:
    return known.chip_ms


def wave_of(entry: ScoringEntry) -> Wave | None:
    """The wave that somebody stands in. With one wave there is no question; with several, nobody is put into one."""
    waves = entry.contest.waves
    return waves[0] if len(waves) == 1 else next((wave for wave in waves if wave.name == entry.wave), None)


def iso(milliseconds: int) -> str:
    """ISO in UTC with milliseconds and a Z."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def athlete(one: Seen) -> Row:
    """The person and registration columns, at the root."""
    entry = one.entry
    return {
        "id": entry.uid, "name": entry.first_name, "surname": entry.last_name,
        "fullName": f"{entry.first_name} {entry.last_name}".strip(), "gender": GENDERS.get(entry.gender or ""),
        "birthdate": entry.born and entry.born.isoformat(), "nationality": COUNTRIES.get(entry.country or "", entry.country),
        "club": entry.team, "document": None, "e-mail": entry.email, "phone": entry.phone, "box": None, "color": None,
        "featured": False, "importId": import_id(entry), "user_id": 900_000 + entry.number % 100_000,
        "locations": [name for name, _ in one.known.points], "CITY": entry.city, "STATE": entry.state,
        "registrationStatus": "cancelled" if entry.withdrawn else "",
    }  # fmt: skip


def event(one: Seen, *, start: bool = True) -> Row:
    """One person's race. `start` false: the own start was not read."""
    entry, known, contest = one.entry, one.known, one.entry.contest
    gun = known.gun if one.wave else raceday.gun_of(contest, contest.waves[0])
    began = known.start if start else None
    passed = _points(contest, known, start=start)
    points = {name: {"split": name, **_point(gun, began, *about)} for name, *about in passed}
    return {
        "event": contest.name, "dorsal": entry.bib or "", "chip": [int(entry.bib)] if entry.bib and entry.bib.isdecimal() else [],
        "team": "", "team_type": [], "category": entry.division or "", "attributes": {}, "auto_category": True, "auto_chip": True,
        "status": one.status, "realStatus": one.status, "gunTime": iso(gun) if one.wave else None, "gunTimeMode": "wave",
        "gunTimeModeConfig": {"wave": one.wave.name} if one.wave else {}, "waveTime": gun if one.wave else None,
        "startTime": None if began is None else began - gun, "startNetTime": None if began is None else began - gun,
        "startRawTime": began, "distance": contest.metres, "splitsSeen": len(points),
        "splitsMissing": 0, "maxConsecutiveSplitsMissing": 0, "last_split_seen": next(reversed(points), None), "issuesCount": {},
        "penalties": [], "mst": [], "custom-rankings": [], "predictive": {}, "times": points,
        "rankings": {FINISH: _ranking(one)} if known.finish is not None else {},
    }  # fmt: skip


def _points(contest: ScoringContest, known: Known, *, start: bool) -> Iterator[tuple[str, int, int, int]]:
    """Name, order, metres and instant of every point that was passed."""
    passed = dict(known.points)
    if known.start is not None and start:
        yield START, 1, 0, known.start
    for order, (name, metres) in enumerate(contest.points, 2):
        if name in passed:
            yield name, order, metres, passed[name]
    if known.finish is not None:
        yield FINISH, len(contest.points) + 2, contest.metres or 0, known.finish


def _point(gun: int, began: int | None, order: int, metres: int, at: int) -> Row:
    time = at - gun
    return {
        "order": order, "distance": metres, "time": time, "netTime": None if began is None else at - began, "rawTime": at,
        "average": round(time / 1000 / metres, 5) if metres else 0,
    }  # fmt: skip


def _ranking(one: Seen) -> Row:
    known = one.known
    return {"location": FINISH, "time": known.gun_ms, "net": known.chip_ms, "rawTime": known.finish, **one.places}


def export(one: Seen, *, start: bool = True, foreign: bool = False) -> Row:
    """A flat row of an export. `foreign`: the organizer's names of the points are in another script, with comma decimals."""
    entry, known = one.entry, one.known
    gun = known.gun if one.wave else None
    began = known.start if start else None
    row: Row = {
        "id": entry.uid, "name": entry.first_name, "surname": entry.last_name or None, "gender": GENDERS.get(entry.gender or ""),
        "birthdate": entry.born and entry.born.isoformat(), "event": entry.contest.name, "dorsal": _number(entry.bib),
        "category": entry.division or "", "club": entry.team, "status": one.status, "gunTime": gun and iso(gun),
        "startRawTime": began,
        "times.official_:::start:::": None if began is None or gun is None else began - gun,
    }  # fmt: skip
    passed = dict(known.points)
    for name, _ in entry.contest.points:
        at = passed.get(name)
        row[f"times.official_{_foreign(name) if foreign else name}"] = None if at is None or gun is None else at - gun
    places = one.places
    return {
        **row, "times.official_:::finish:::": known.gun_ms, "times.real_:::start:::": None if began is None else 0,
        "times.real_:::finish:::": known.chip_ms if start else None,
        "rankings_:::full-1:::": places.get("pos"), "rankings.gen_:::full-1:::": places.get("posGen"),
        "rankings.cat_:::full-1:::": places.get("posCat"), "netrankings_:::full-1:::": places.get("posNet"),
    }  # fmt: skip


def _number(bib: str | None) -> int | str | None:
    """Mostly a number, text where it has letters."""
    return int(bib) if bib and bib.isdecimal() else bib


def _foreign(name: str) -> str:
    return IN_ANOTHER_SCRIPT.get(name) or name.replace(".", ",").replace("K", " км")


def technical(contest: ScoringContest, number: int) -> Row:
    """A record that is no person: a spare bib, a helper."""
    named = {"name": "", "surname": None} if number % 2 else {"name": "Mat", "surname": "Crew"}
    return {
        "id": f"T{number:07d}", **named, "gender": None, "birthdate": None, "event": contest.name, "dorsal": 90_000 + number,
        "category": TECHNICAL, "club": None, "status": "notstarted", "gunTime": None, "startRawTime": None,
    }  # fmt: skip
