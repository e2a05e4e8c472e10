"""The sandbox's own address, /_sandbox/…: faults, people and results changed by hand, start lists, the journal.

Answers on this machine only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any

import orjson

from sync_jobs import times
from sync_jobs.sandbox.faults import KINDS, Faults
from sync_jobs.sandbox.journal import Journal
from sync_jobs.sandbox.raceroster_results import RaceResults
from sync_jobs.sandbox.runsignup_query import Refused
from sync_jobs.sandbox.runsignup_results import Results, ResultSet
from sync_jobs.sandbox.scoring import Scoring
from sync_jobs.sandbox.scoring_entry import ScoringEntry
from sync_jobs.sandbox.scoring_files import rows_of
from sync_jobs.sandbox.talk import Asked, Reply, json
from sync_jobs.sandbox.things import PROVIDERS, Contest, Registration, state_at
from sync_jobs.sandbox.world import World

WHICH = ("provider", "partner", "path", "calls", "after")
Keep = Callable[[str, datetime, dict[str, Any]], None]


class Wrong(ValueError):
    """What was asked for makes no sense; the text says why."""


class Control:
    """What a person or a test may do to a running sandbox. `keep` is told of every deed that changes the world."""

    def __init__(
        self, world: World, faults: Faults, journal: Journal, keep: Keep = lambda *_: None, scoring: Scoring | None = None,
        results: Results | None = None, race_results: RaceResults | None = None,
    ) -> None:  # fmt: skip
        self.world, self.faults, self.journal, self.keep = world, faults, journal, keep
        self.scoring, self.results = scoring or Scoring(world), results or Results(world)
        self.race_results = race_results or RaceResults()
        self._lock = threading.Lock()
        self.deeds = {"register": self._register, "change": self._change, "remove": self._remove}

    def answer(self, asked: Asked) -> Reply:
        """One call."""
        if not ip_address(asked.client).is_loopback:
            return json({"error": "The sandbox is steered from its own machine only."}, 403)
        what = asked.path.strip("/").lower()
        try:
            if asked.method == "GET":
                return self._shown(what, asked)
            return self._done(what, asked)
        except (Wrong, Refused, LookupError, ValueError, TypeError) as error:
            return json({"error": str(error) or type(error).__name__}, 400)

    def do(self, what: str, now: datetime, given: dict[str, Any]) -> dict[str, Any]:
        """One deed that changes the world, also when it is done again after a restart."""
        with self._lock:
            if what in self.scoring.deeds:
                return {"done": _told(self.scoring.again(what, now, given))}
            if what in self.race_results.deeds:
                return {"done": self.race_results.again(what, now, given)}
            if what in self.results.deeds:
                return {"done": _result(self.results.again(what, now, given))}
            return self.deeds[what](now, dict(given))

    def _shown(self, what: str, asked: Asked) -> Reply:
        if what == "requests":
            return json(self.journal.summary(int(asked.query.get("latest", "50"))))
        if what == "faults":
            return json({"kinds": KINDS, "faults": self.faults.listed()})
        if what == "scoring":
            return json({"speed": self.scoring.speed, "events": self._scored(asked.now)})
        if what == "results":
            return json(self.results.listed())
        if what == "":
            return json({"anchor": self.world.anchor, "seed": self.world.seed, "now": asked.now, "editions": self._editions()})
        return json({"error": "Unknown."}, 404)

    def _done(self, what: str, asked: Asked) -> Reply:
        if not asked.headers.get("content-type", "").startswith("application/json"):
            raise Wrong("Send JSON, as application/json.")
        given = orjson.loads(asked.body or b"{}")
        if what == "faults":
            return json({"number": self.faults.add(given.pop("kind"), given.pop("value", None), **_which(given, asked.now))})
        if what == "faults/clear":
            self.faults.clear(given.get("number"))
            return json({"faults": self.faults.listed()})
        if what == "requests/clear":
            self.journal.clear()
            return json({})
        if what == "load_entries":  # each row is kept, not the file
            return json(self._load_entries(asked.now, given))
        if what not in {*self.deeds, *self.scoring.deeds, *self.results.deeds, *self.race_results.deeds}:
            return json({"error": "Unknown."}, 404)
        done = self.do(what, asked.now, given)
        self.keep(what, asked.now, given)
        return json(done)

    def _scored(self, now: datetime) -> list[dict[str, Any]]:
        return [
            {"provider": h.provider, "id": h.uid, "name": h.name, "partners": h.edition.partners, "phase": h.edition.phase,
             "starts_at": times.from_ms(h.starts_at * 1000), "entries": len(self.scoring.entries(h, now)),
             "contests": {str(c.number): c.name for c in h.contests}}
            for h in self.scoring.planned
        ]  # fmt: skip

    def _load_entries(self, now: datetime, given: dict[str, Any]) -> dict[str, Any]:
        """Load an import file at a scoring provider: `provider`, `event`, and the file's text as `csv`."""
        happening = self.scoring.happening(str(given.get("provider")), str(given.get("event")))
        if happening is None:
            raise Wrong("There is no such event at that scoring provider.")
        return self.scoring.load(happening, rows_of(str(given.get("csv") or "")), now)

    def _editions(self) -> list[dict[str, Any]]:
        return [
            {"name": e.name, "phase": e.phase, "partners": e.partners,
             "starts_at": e.starts_at and times.from_ms(e.starts_at * 1000),
             "happenings": [{"provider": h.provider, "id": h.uid, "contests": {str(c.number): c.name for c in h.contests}}
                            for h in e.happenings]}
            for e in self.world.editions
        ]  # fmt: skip

    def _contest(self, given: dict[str, Any]) -> Contest:
        """The contest that is named, or the first one of the race that is nearest (of a partner, of an event)."""
        provider, wanted = given.pop("provider", PROVIDERS[0]), given.pop("contest", None)
        partner, event = given.pop("partner", None), given.pop("event", None)
        if wanted is not None:
            found = self.world.contest(provider, int(str(wanted).rsplit("/", maxsplit=1)[-1]))
        else:
            seen = [h for h in self.world.seen_by(provider, partner) if event in {None, h.uid} and h.contests]
            seen.sort(key=lambda h: abs((h.edition.starts_at or 2**40) - self.world.anchor.timestamp()))
            found = seen[0].contests[0] if seen else None
        if found is None:
            raise Wrong("There is no such contest.")
        return found

    def _contests(self, provider: str, given: dict[str, Any], *names: str) -> dict[str, Any]:
        """These of the given numbers as the contests that they stand for; nothing stays nothing."""
        named = {name: given[name] for name in names if name in given}
        return {name: n and self._contest({"provider": provider, "contest": n}) for name, n in named.items()}

    def _register(self, now: datetime, given: dict[str, Any]) -> dict[str, Any]:
        given |= self._contests(given.get("provider", PROVIDERS[0]), given, "also")
        contest = self._contest(given)
        return _about(self.world.register(contest, now, **given), now)

    def _registration(self, given: dict[str, Any]) -> Registration:
        provider = given.pop("provider", PROVIDERS[0])
        found = self.world.find(provider, int(given.pop("registration")))
        if found is None:
            raise Wrong("There is no such registration.")
        return found

    def _change(self, now: datetime, given: dict[str, Any]) -> dict[str, Any]:
        provider = given.get("provider", PROVIDERS[0])
        registration = self._registration(given)
        self.world.change(registration, now, **{**given, **self._contests(provider, given, "contest", "also")})
        return _about(registration, now)

    def _remove(self, now: datetime, given: dict[str, Any]) -> dict[str, Any]:
        provider = given.get("provider", PROVIDERS[0])
        registration, into = self._registration(given), given.get("into")
        target = None if into is None else self._contest({"provider": provider, "contest": into})
        successor = self.world.remove(registration, now, given.get("reason", "removed"), target)
        return {"registration": registration.key, "successor": successor and successor.key}


def _which(given: dict[str, Any], now: datetime) -> dict[str, Any]:
    which = {name: given.pop(name) for name in WHICH if given.get(name) is not None}
    if seconds := given.pop("seconds", None):
        which["until"] = now + timedelta(seconds=float(seconds))
    if given:
        raise Wrong(f"Unknown: {', '.join(given)}. Known: kind, value, {', '.join(WHICH)}, seconds.")
    return which


def _about(registration: Registration, now: datetime) -> dict[str, Any]:
    state = state_at(registration, now.timestamp())
    happening = registration.contest.happening
    return {
        "provider": happening.provider, "event": happening.uid, "contest": registration.contest.number,
        "registration": registration.key, "first_name": registration.person.first_name,
        "last_name": registration.person.last_name, "bib": state and state.bib,
    }  # fmt: skip


def _result(done: Any) -> Any:
    return {"set": done.number, "rows": len(done.rows), **done.fields} if isinstance(done, ResultSet) else done


def _told(done: Any) -> Any:
    if not isinstance(done, ScoringEntry):
        return done
    return {
        "entry": done.number, "contest": done.contest.number, "external_id": done.external_id, "bib": done.bib,
        "first_name": done.first_name, "last_name": done.last_name, "withdrawn": done.withdrawn,
    }  # fmt: skip
