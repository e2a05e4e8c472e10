"""Copernico's way in, simulated: a JSON array of people for one race, by Sportmaniacs' ids. ASSUMED but for its body.

What happens to an id that is there already is a switch (`push_mode`): replaced (as long as nothing else is known), the whole
batch refused, or a second person without a word. Nobody is given a wave.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from sync_jobs.sandbox import copernico_ids as ids
from sync_jobs.sandbox.scoring import Scoring
from sync_jobs.sandbox.scoring_entry import ScoringEntry
from sync_jobs.sandbox.scoring_plan import ScoringContest, ScoringHappening
from sync_jobs.sandbox.talk import Asked, Reply, json

GIVEN = {"name": "first_name", "surname": "last_name", "birthdate": "born", "dorsal": "bib", "club": "team", "email": "email"}
GENDERS = {"female": "F", "male": "M"}
REQUIRED = ("id", "eventId", "raceId")
MOST = 10 * 1024 * 1024


class Way:
    """The door for people."""

    def __init__(self, scoring: Scoring) -> None:
        self.scoring = scoring

    def answer(self, asked: Asked, race: str, partner: int) -> Reply:
        """One batch: all of it or nothing."""
        happening = next((h for h in self.scoring.happenings(ids.PROVIDER, partner) if ids.race_id(h) == race), None)
        mode = asked.faults.get("push_mode") or "upsert"
        if asked.method != "POST" or happening is None:
            return json({"message": "Not Found"}, 404)
        if mode == "code":
            return json({"result": {"code": 9, "message": "The request could not be processed"}, "data": {}})
        if len(asked.body) > MOST:
            return json({"message": "Request Too Long"}, 413)
        try:
            people = orjson.loads(asked.body)
            meant = [self._meant(happening, one, asked) for one in people]
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return json({"message": "Invalid request body"}, 400)
        if mode == "reject" and any(entry for _, _, entry in meant):
            return json({"result": {"code": 4, "message": "Duplicate id"}, "data": {}}, 400)
        for contest, given, entry in meant:
            self._put(contest, given, None if mode == "duplicate" else entry, asked)
        return Reply(b"", 200) if mode == "empty" else json({"result": {"code": 0, "message": ""}, "data": {"count": len(meant)}})

    def _meant(
        self, happening: ScoringHappening, one: Mapping[str, Any], asked: Asked
    ) -> tuple[ScoringContest, dict[str, Any], ScoringEntry | None]:
        """The event, what is said of the person, and who carries that id already: the pushed one, or the athlete's own."""
        if one["raceId"] != ids.race_id(happening) or not all(isinstance(one[name], str) and one[name] for name in REQUIRED):
            raise ValueError
        contest = next(
            contest for contest in [*happening.contests, None] if contest is None or ids.event_id(contest) == one["eventId"]
        )
        if contest is None:
            raise ValueError
        given = {ours: one.get(theirs) or None for theirs, ours in GIVEN.items()}
        given |= {"gender": GENDERS.get(one.get("gender") or ""), "withdrawn": one.get("registrationStatus") == "cancelled"}
        there = self.scoring.by_external_id(happening, one["id"])
        number = ids.number_of(one["id"])
        own = self.scoring.entry(number, asked.now) if number is not None else None
        if not there and own is not None and own.contest.happening is happening:
            there = [own]
        external = one.get("registrationId") or one["id"]
        return contest, {**given, "external_id": external}, there[0] if there else None

    def _put(self, contest: ScoringContest, given: dict[str, Any], entry: ScoringEntry | None, asked: Asked) -> None:
        if entry is None:
            withdrawn = given.pop("withdrawn")
            made = self.scoring.put(contest, {**given, "wave": ""}, asked.now)
            if withdrawn:
                self.scoring.withdraw(made, asked.now)
        else:
            self.scoring.change(entry, given, asked.now, into=contest)
