"""Race Roster's results, simulated by the ASSUMED contract: results races below an event, their results replaced as a whole."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from sync_jobs.sandbox.talk import Asked, Reply, json
from sync_jobs.sandbox.things import Happening

FIRST_RACE, FIRST_RESULT = 7001, 5_550_001
Keep = Callable[[str, datetime, dict[str, Any]], None]


class Wrong(Exception):
    """The answer is that status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class RaceResults:
    """All results races of one world. Every change is a deed, so that a restart does it again."""

    def __init__(self, keep: Keep = lambda *_: None) -> None:
        self.keep = keep
        self.lock = threading.RLock()
        self.races: dict[int, dict[str, Any]] = {}
        self.rows: dict[int, list[dict[str, Any]]] = {}
        self._made = 0
        self.deeds: dict[str, Callable[[datetime, dict[str, Any]], Any]] = {
            "new_results_race": self._new, "edit_results_race": self._edit, "put_race_results": self._put,
            "delete_results_race": self._delete,
        }  # fmt: skip

    def again(self, what: str, now: datetime, given: dict[str, Any]) -> Any:
        """One deed, not kept."""
        with self.lock:
            return self.deeds[what](now, dict(given))

    def do(self, what: str, now: datetime, given: dict[str, Any]) -> Any:
        """One deed, kept."""
        with self.lock:
            done = self.again(what, now, given)
            self.keep(what, now, given)
            return done

    def answer(self, asked: Asked, happening: Happening, steps: list[str]) -> Reply:
        """One call below an event. What is a draft takes no results."""
        if asked.method != "GET" and happening.status == "DRAFT":
            raise Wrong(409)
        try:
            given = orjson.loads(asked.body) if asked.body else {}
        except orjson.JSONDecodeError:
            raise Wrong(400) from None
        match asked.method, steps:
            case "GET", ["results-races"]:
                return json({"data": [one for one in self.races.values() if one["eventId"] == happening.uid]})
            case "POST", ["results-races"]:
                return json({"data": self.do("new_results_race", asked.now, {**given, "eventId": happening.uid})}, 201)
            case "PATCH", ["results-races", number]:
                return json({"data": self.do("edit_results_race", asked.now, {**given, "race": self._race(number, happening)})})
            case "DELETE", ["results-races", number]:
                self.do("delete_results_race", asked.now, {"race": self._race(number, happening)})
                return Reply(b"", 204)
        return self._results(asked, happening, steps, given)

    def _results(self, asked: Asked, happening: Happening, steps: list[str], given: dict[str, Any]) -> Reply:
        if steps != ["results"] or asked.method not in {"GET", "PUT"}:
            raise Wrong(404)
        race = self._race(asked.query.get("resultsRaceId", ""), happening)
        if asked.method == "PUT":
            made = self.do("put_race_results", asked.now, {"race": race, "data": given.get("data")})
            about = {"totalResults": len(made)}
            return json({"data": [{"resultId": one["resultId"], "bib": one["bib"]} for one in made], "metadata": about})
        size, page = int(asked.query.get("perPage", "50")), int(asked.query.get("page", "1"))
        return json({"data": self.rows[race][(page - 1) * size : page * size]})

    def _race(self, number: str, happening: Happening) -> int:
        race = self.races.get(int(number)) if number.isdigit() else None
        if race is None or race["eventId"] != happening.uid:
            raise Wrong(404)
        return int(race["resultsRaceId"])

    def _new(self, _now: datetime, given: dict[str, Any]) -> dict[str, Any]:
        number = FIRST_RACE + len(self.races) if not self.races else max(self.races) + 1
        self.rows[number] = []
        self.races[number] = {
            "resultsRaceId": number, "eventId": given["eventId"], "name": given.get("name"), "subEventId": given.get("subEventId"),
            "type": given.get("type"), "isActive": bool(given.get("isActive")),
        }  # fmt: skip
        return self.races[number]

    def _edit(self, _now: datetime, given: dict[str, Any]) -> dict[str, Any]:
        found = self.races[given["race"]]
        found.update({name: given[name] for name in ("name", "isActive") if name in given})
        return found

    def _put(self, _now: datetime, given: dict[str, Any]) -> list[dict[str, Any]]:
        if not isinstance(given["data"], list):
            raise Wrong(400)
        rows = [{**row, "resultId": FIRST_RESULT + self._made + at} for at, row in enumerate(given["data"])]
        self._made += len(rows)
        self.rows[given["race"]] = rows
        return rows

    def _delete(self, _now: datetime, given: dict[str, Any]) -> None:
        del self.races[given["race"]], self.rows[given["race"]]
