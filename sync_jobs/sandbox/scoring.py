"""Scoring in the invented world: who is on which start list, and what the timer knows of everybody at an instant.

Shared by the scoring providers' modules, which only write it down in their words. People get on a list through a provider's
write API (`put`), from an import file (`load`), or because a timer imported them long ago (`scoring_import`).
What is done here is told to `keep`, so that a restart goes on from it.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sync_jobs.sandbox import raceday, scoring_import
from sync_jobs.sandbox.raceday import Fate
from sync_jobs.sandbox.scoring_entry import FIELDS, Outcome, ScoringEntry, plain, typed
from sync_jobs.sandbox.scoring_plan import ScoringContest, ScoringHappening, Wave, plan
from sync_jobs.sandbox.world import World

FIRST_PUSHED = 9_000_001
LATEST = 10 * 60  # seconds after the gun at which somebody may still be entered and run
Keep = Callable[[str, datetime, dict[str, Any]], None]


class Scoring:
    """All start lists and all race days of one world. `speed`: how many times faster than the clock a race unfolds."""

    def __init__(self, world: World, *, speed: float = 1.0, keep: Keep = lambda *_: None) -> None:
        self.world, self.speed, self.keep = world, speed, keep
        self.lock = threading.RLock()
        self.revision = 0
        self.planned: list[ScoringHappening] = plan(world)
        self._entries: dict[int, dict[int, ScoringEntry]] = {}  # by happening, by entry
        self._home: dict[int, ScoringHappening] = {}
        self._externals: dict[tuple[int, str | None], set[int]] = defaultdict(set)
        self._fates: dict[int, tuple[ScoringEntry, Fate]] = {}
        self._made = 0
        self._looked: dict[int, tuple[tuple[int, int], list[Outcome]]] = {}
        self.deeds: dict[str, Callable[[datetime, dict[str, Any]], Any]] = {
            "enter": self._enter, "edit_entry": self._edit, "withdraw_entry": self._withdraw, "drop_entry": self._drop,
            "race_speed": self._speed,
        }  # fmt: skip

    # What there is

    def happenings(self, provider: str, partner: int | None = None) -> list[ScoringHappening]:
        """Those that a partner's credential reaches; all of a provider for None."""
        return [h for h in self.planned if h.provider == provider and (partner is None or partner in h.edition.partners)]

    def happening(self, provider: str, uid: str) -> ScoringHappening | None:
        """That one, by the provider's own id."""
        return next((h for h in self.planned if h.provider == provider and h.uid == uid), None)

    def contest(self, number: int) -> ScoringContest | None:
        """That contest, whoever scores it."""
        return next((c for h in self.planned for c in h.contests if c.number == number), None)

    def entries(self, happening: ScoringHappening, now: datetime) -> list[ScoringEntry]:
        """Everybody on its start list, also who has withdrawn, in the order in which they came."""
        moment = now.timestamp()
        return [entry for entry in self._list(happening).values() if entry.created_at <= moment]

    def entry(self, number: int, now: datetime) -> ScoringEntry | None:
        """That entry, at whichever happening."""
        if number not in self._home:  # those imported long ago are made when their list is first looked at
            for happening in self.planned:
                self._list(happening)
        home = self._home.get(number)
        found = None if home is None else self._list(home).get(number)
        return found if found is not None and found.created_at <= now.timestamp() else None

    def by_external_id(self, happening: ScoringHappening, external_id: str) -> list[ScoringEntry]:
        """Whoever carries that external id; a person in two contests may stand there twice."""
        there = self._list(happening)
        return [there[number] for number in sorted(self._externals.get((happening.number, external_id), ()))]

    # What people and programs do

    def put(self, contest: ScoringContest, given: Mapping[str, Any], now: datetime) -> ScoringEntry:
        """Somebody comes onto the start list. Makes a new entry every time; who is the same person is the caller's question."""
        made: ScoringEntry = self.do("enter", now, {"contest": contest.number, **plain(given)})
        return made

    def change(
        self, entry: ScoringEntry, given: Mapping[str, Any], now: datetime, *, into: ScoringContest | None = None
    ) -> ScoringEntry:
        """Change fields of an entry, or its contest."""
        to = {} if into is None else {"contest": into.number}
        changed: ScoringEntry = self.do("edit_entry", now, {"entry": entry.number, **to, **plain(given)})
        return changed

    def withdraw(self, entry: ScoringEntry, now: datetime) -> ScoringEntry:
        """Somebody will not start; the entry stays on the list."""
        gone: ScoringEntry = self.do("withdraw_entry", now, {"entry": entry.number})
        return gone

    def drop(self, entry: ScoringEntry, now: datetime) -> None:
        """The timer deletes an entry."""
        self.do("drop_entry", now, {"entry": entry.number})

    def do(self, what: str, now: datetime, given: dict[str, Any]) -> Any:
        """One deed, kept."""
        with self.lock:
            done = self.again(what, now, given)
            self.keep(what, now, given)
            return done

    def again(self, what: str, now: datetime, given: dict[str, Any]) -> Any:
        """One deed, not kept: after a restart, or because somebody else keeps it."""
        with self.lock:
            done = self.deeds[what](now, dict(given))
            self.revision += 1
            return done

    def load(self, happening: ScoringHappening, rows: Iterable[Mapping[str, Any]], now: datetime) -> dict[str, Any]:
        """Import a file's rows, each with `contest` (its name) and fields: an external id that is there is updated."""
        made, changed, refused = 0, 0, []
        for line, row in enumerate(rows, 2):
            contest = next((c for c in happening.contests if c.name.lower() == str(row.get("contest") or "").strip().lower()), None)
            external_id = str(row.get("external_id") or "").strip()
            if contest is None or not external_id:
                refused.append({"line": line, "why": "no such distance" if external_id else "no external id"})
                continue
            given = {name: row[name] for name in FIELDS if row.get(name) not in {None, ""}}
            there = self.by_external_id(happening, external_id)
            if there:
                self.change(there[0], given, now, into=contest)
            else:
                self.put(contest, given, now)
            made, changed = made + (not there), changed + bool(there)
        return {"made": made, "changed": changed, "refused": refused}

    # Race day

    def results(self, happening: ScoringHappening, now: datetime) -> list[Outcome]:
        """Everybody on the start list with what is known of them; finishers first, in order, contest by contest."""
        moment = self._race_clock(happening, now)
        stamp = (moment, self.revision)
        with self.lock:
            held = self._looked.get(happening.number)
            if held is None or held[0] != stamp:
                held = self._looked[happening.number] = (stamp, self._outcomes(happening, now, moment))
        return held[1]

    def outcome(self, entry: ScoringEntry, now: datetime) -> Outcome:
        """What is known of one entry, without its ranks."""
        moment = self._race_clock(entry.contest.happening, now)
        return Outcome(entry, raceday.known(self._fate(entry), moment), None, None, None)

    def gun(self, contest: ScoringContest, now: datetime) -> int | None:
        """When its first wave really started, in milliseconds since 1970; None before."""
        at = raceday.gun_of(contest, contest.waves[0])
        return at if at <= self._race_clock(contest.happening, now) else None

    def _race_clock(self, happening: ScoringHappening, now: datetime) -> int:
        """The instant of the race, to the second: it may run faster than the clock from the first start on."""
        moment, first = int(now.timestamp()) * 1000, happening.starts_at * 1000
        return moment if moment <= first else first + int((moment - first) * self.speed)

    def _outcomes(self, happening: ScoringHappening, now: datetime, moment: int) -> list[Outcome]:
        seen = [(entry, raceday.known(self._fate(entry), moment)) for entry in self.entries(happening, now)]
        order = {contest.number: place for place, contest in enumerate(happening.contests)}
        seen.sort(key=lambda one: (order[one[0].contest.number], one[1].gun_ms is None, one[1].gun_ms or 0, one[0].number))
        ranks: dict[object, tuple[int, int, int]] = {}  # how many, the last time, its rank

        def rank(group: object, time: int) -> int:
            many, last, at = ranks.get(group, (0, -1, 0))
            at = at if time == last else many + 1
            ranks[group] = (many + 1, time, at)
            return at

        outcomes = []
        for entry, known in seen:
            time, race = known.gun_ms, entry.contest.number
            if time is None:
                outcomes.append(Outcome(entry, known, None, None, None))
                continue
            gender = rank((race, entry.gender), time) if entry.gender else None
            division = rank((race, entry.division), time) if entry.division else None
            outcomes.append(Outcome(entry, known, rank(race, time), gender, division))
        return outcomes

    def _fate(self, entry: ScoringEntry) -> Fate:
        drawn = self._fates.get(entry.number)
        if drawn is None or drawn[0] is not entry:
            gun = raceday.gun_of(entry.contest, self._wave(entry))
            timed = bool(entry.bib) and not entry.withdrawn and entry.created_at * 1000 <= gun + LATEST * 1000
            drawn = self._fates[entry.number] = (
                entry, raceday.fate(entry.contest, self._wave(entry), entry.number, entry.gender, entry.age, timed=timed),
            )  # fmt: skip
        return drawn[1]

    def _wave(self, entry: ScoringEntry) -> Wave:
        return next((wave for wave in entry.contest.waves if wave.name == entry.wave), entry.contest.waves[0])

    # The lists themselves

    def _list(self, happening: ScoringHappening) -> dict[int, ScoringEntry]:
        with self.lock:
            if happening.number not in self._entries:
                imported = scoring_import.imported(self.world, happening)
                self._entries[happening.number] = {}
                for one in imported:
                    self._keep_as(ScoringEntry(**one))
            return self._entries[happening.number]

    def _enter(self, now: datetime, given: dict[str, Any]) -> ScoringEntry:
        contest = self.contest(int(given.pop("contest")))
        if contest is None:
            raise LookupError("There is no such scoring contest.")
        number, self._made = FIRST_PUSHED + self._made, self._made + 1
        waves = contest.waves
        usual = {"wave": waves[number % len(waves)].name}
        return self._keep_as(ScoringEntry(number=number, contest=contest, created_at=now.timestamp(), **{**usual, **typed(given)}))

    def _found(self, now: datetime, given: dict[str, Any]) -> ScoringEntry:
        entry = self.entry(int(given.pop("entry")), now)
        if entry is None:
            raise LookupError("There is no such entry.")
        return entry

    def _edit(self, now: datetime, given: dict[str, Any]) -> ScoringEntry:
        entry = self._found(now, given)
        to = self.contest(int(given.pop("contest", entry.contest.number)))
        if to is None or to.happening is not entry.contest.happening:
            raise LookupError("There is no such contest there.")
        return self._keep_as(replace(entry, contest=to, **typed(given)))

    def _withdraw(self, now: datetime, given: dict[str, Any]) -> ScoringEntry:
        return self._keep_as(replace(self._found(now, given), withdrawn=True))

    def _keep_as(self, entry: ScoringEntry) -> ScoringEntry:
        home = entry.contest.happening
        there = self._list(home)
        if entry.number in there:
            self._externals[home.number, there[entry.number].external_id].discard(entry.number)
        self._externals[home.number, entry.external_id].add(entry.number)
        self._home[entry.number], there[entry.number] = home, entry
        return entry

    def _drop(self, now: datetime, given: dict[str, Any]) -> None:
        entry = self._found(now, given)
        home = entry.contest.happening
        self._externals[home.number, entry.external_id].discard(entry.number)
        del self._list(home)[entry.number]

    def _speed(self, now: datetime, given: dict[str, Any]) -> float:  # noqa: ARG002  a deed's signature
        self.speed = max(0.01, float(given["times"]))
        return self.speed
