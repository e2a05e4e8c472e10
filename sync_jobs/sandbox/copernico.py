"""Copernico, simulated: the keyed API with its envelope, the export without a key, and the way in for people.

Rows are left to `copernico_rows`, sending to `copernico_push`, names to `copernico_ids`. ASSUMED, since nothing shows it: the
shape of a race, what a wrong export answers, and everything about sending but its body.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from typing import Any

import orjson

from sync_jobs.sandbox import copernico_ids as ids
from sync_jobs.sandbox import copernico_rows as rows
from sync_jobs.sandbox.copernico_push import Way
from sync_jobs.sandbox.copernico_rows import Row, Seen
from sync_jobs.sandbox.scoring import Scoring
from sync_jobs.sandbox.scoring_entry import Outcome
from sync_jobs.sandbox.scoring_plan import ScoringContest, ScoringHappening
from sync_jobs.sandbox.talk import Asked, Reply, json

GATEWAY = {
    401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 413: "Request Too Long", 429: "Too Many Requests",
    502: "Internal server error", 504: "Endpoint request timed out",
}  # fmt: skip


class Refused(Exception):
    """The gateway's answer, before anybody looked at the call."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Copernico:
    """One provider over one world's scoring."""

    name = ids.PROVIDER
    addresses = (("COPERNICO_URL", "/api"), ("COPERNICO_PUSH_URL", ""))

    def __init__(self, scoring: Scoring) -> None:
        self.scoring, self.way = scoring, Way(scoring)
        self._keys = {scoring.world.credentials(p.number, self.name)["api_key"]: p.number for p in scoring.world.partners}
        self._logins = {ids.login(partner.number): partner.number for partner in scoring.world.partners}
        self._seen: dict[int, tuple[list[Outcome], dict[int, Seen]]] = {}

    def partner(self, asked: Asked) -> int | None:
        """Whose key, or whose preset."""
        if "/preset/" in asked.path:
            return self._logins.get(asked.path.partition("/preset/")[2].partition(":::")[0])
        return self._keys.get(asked.headers.get("x-api-key", ""))

    def answer(self, asked: Asked) -> Reply:
        """The answer to one call."""
        try:
            reply = self._answer(asked)
        except Refused as refused:
            return self.failure(refused.status, asked.faults.get("throttled"))
        if "mojibake" in asked.faults:
            reply = Reply(_twice(reply.body), reply.status)
        if "packed" in asked.faults:
            silent = asked.faults["packed"] == "silent"
            return Reply(gzip.compress(reply.body), reply.status, headers={} if silent else {"Content-Encoding": "gzip"})
        return reply

    def failure(self, status: int, retry_after: Any = None) -> Reply:
        """An error as the gateway words it."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return json({"message": GATEWAY.get(status, "Internal server error")}, status, **headers)

    def _answer(self, asked: Asked) -> Reply:
        if "throttled" in asked.faults:
            raise Refused(429)
        steps = [step for step in asked.path.split("/") if step]
        if steps[:1] == ["race-registrations"] and len(steps) == 2:
            return self.way.answer(asked, steps[1], self._let_in(asked))
        if steps[:2] != ["api", "races"] or asked.method != "GET":
            raise Refused(404)
        if steps[3:4] == ["preset"]:
            return self._export(asked, steps[2])
        return self._keyed(asked, steps[2:], self._let_in(asked))

    def _let_in(self, asked: Asked) -> int:
        partner = self.partner(asked)
        if partner is None or {"unauthorized", "forbidden"} & set(asked.faults):
            raise Refused(403)
        return partner

    # The keyed API

    def _keyed(self, asked: Asked, steps: list[str], partner: int) -> Reply:
        if "error" in asked.faults or "vanished" in asked.faults:
            return enveloped({}, int(asked.faults.get("error") or 1))
        if not steps:
            found = [h.uid for h in self.scoring.happenings(self.name, partner)]
            return self._list([{"slug": slug, "name": slug} for slug in found] if "objects" in asked.faults else found, asked)
        return self._of_race(asked, steps, partner)

    def _of_race(self, asked: Asked, steps: list[str], partner: int) -> Reply:
        happening = self.scoring.happening(self.name, steps[0])
        if happening is None or partner not in happening.edition.partners:
            return enveloped({}, 1)
        match steps[1:]:
            case []:
                return enveloped({"id": happening.uid} if "bare_race" in asked.faults else rows.race(happening))
            case ["athletes"]:
                return self._athletes(happening, asked)
            case ["athlete", uid]:
                return self._athlete(happening, uid, asked, full=False)
            case ["athlete", uid, "full"]:
                return self._athlete(happening, uid, asked, full=True)
        raise Refused(404)

    def _list(self, found: list[Any], asked: Asked) -> Reply:
        return enveloped([] if "empty" in asked.faults else found)

    def _athletes(self, happening: ScoringHappening, asked: Asked) -> Reply:
        there = [one.entry.uid for one in self._everybody(happening, asked)]
        there = there[int(asked.faults.get("missing") or 0) :]
        there += [f"T{number:07d}" for number in range(int(asked.faults.get("technical") or 0))]
        listed: list[Any] = [{"id": uid} for uid in there] if "objects" in asked.faults else [*there]
        if "unreadable" in asked.faults:
            listed[:1] = [{"name": "no id"}]
        return self._list(listed, asked)

    def _athlete(self, happening: ScoringHappening, uid: str, asked: Asked, *, full: bool) -> Reply:
        number = ids.number_of(uid)
        one = None if number is None else self._by_number(happening, asked).get(number)
        if one is None:
            if uid.startswith("T") and asked.faults.get("technical"):
                nobody = rows.technical(happening.contests[0], int(uid[1:]))
                return enveloped({**nobody, "events": [{"event": happening.contests[0].name, "status": "notstarted"}]})
            return enveloped({}, 1)
        person, event = rows.athlete(one), rows.event(one, start="no_start" not in asked.faults)
        if "unreadable" in asked.faults:
            person["birthdate"], event["startRawTime"] = "the day before", "the day before"
        if "demo" in asked.faults:
            kept = ("id", "name", "surname", "fullName", "gender", "birthdate")
            person = {name: person[name] for name in kept}
            return enveloped({**person, "events": [event]} if full else {**person, **event})
        return enveloped({**person, "events": [event]})

    def _everybody(self, happening: ScoringHappening, asked: Asked) -> Iterable[Seen]:
        return sorted(self._by_number(happening, asked).values(), key=lambda one: one.entry.number)

    def _by_number(self, happening: ScoringHappening, asked: Asked) -> dict[int, Seen]:
        outcomes = self.scoring.results(happening, asked.now)
        held = self._seen.get(happening.number)
        if held is None or held[0] is not outcomes:
            held = self._seen[happening.number] = (outcomes, {one.entry.number: one for one in rows.seen(outcomes)})
        return held[1]

    # The export

    def _export(self, asked: Asked, slug: str) -> Reply:
        which, _, event = asked.path.partition("/preset/")[2].partition("/")
        login, _, preset = which.partition(":::")
        happening, partner = self.scoring.happening(self.name, slug), self._logins.get(login)
        if happening is None or preset != ids.PRESET or partner not in happening.edition.partners or "forbidden" in asked.faults:
            raise Refused(404)
        if "too_large" in asked.faults:
            raise Refused(int(asked.faults["too_large"] or 413))
        contest = next((contest for contest in happening.contests if contest.name == event), None)
        found = [] if contest is None or "empty" in asked.faults else self._exported(happening, contest, asked)
        return json({"data": found, "gunTime": found[0]["gunTime"] if found else None} if "wrapped" in asked.faults else found)

    def _exported(self, happening: ScoringHappening, contest: ScoringContest, asked: Asked) -> list[Row]:
        faults = asked.faults
        mine = [one for one in self._everybody(happening, asked) if one.entry.contest is contest]
        found = [rows.export(one, start="no_start" not in faults, foreign="script" in faults) for one in mine]
        found = found[int(faults.get("missing") or 0) :]
        revoked = int(faults.get("revoked") or 0)
        for row in [row for row in found if row["status"] == "finished"][:revoked]:
            _revoke(row)
        for index, row in enumerate(found[: int(faults.get("unreadable") or 0)]):
            row.update({"id": None, "dorsal": None} if index % 3 == 0 else {"startRawTime": "the day before"})
        for row in found:
            _worded(row, faults)
        return found + [rows.technical(contest, number) for number in range(int(faults.get("technical") or 0))]


def _revoke(row: Row) -> None:
    """A time that was set is taken back: null or 0, and the person runs again."""
    row["status"] = "running"
    for name in row:
        if "finish" in name or "full-1" in name:
            row[name] = 0 if "official" in name else None


def _worded(row: Row, faults: Any) -> None:
    if "text_bibs" in faults and row["dorsal"] is not None:
        row["dorsal"] = str(row["dorsal"])
    if "no_ids" in faults:
        del row["id"]
    if "float_times" in faults:
        row.update({name: float(value) for name, value in row.items() if name.startswith("times") and value is not None})


def enveloped(data: Any, code: int = 0) -> Reply:
    """The envelope of the keyed API: failures come with HTTP 200 too."""
    message = "" if code in {0, 1} else "The request could not be processed"
    return json({"result": {"code": code, "message": message}, "data": data})


def _twice(body: bytes) -> bytes:
    """Every text encoded once too often, as it often arrives."""
    return orjson.dumps(_doubled(orjson.loads(body)))


def _doubled(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode().decode("latin-1")
    if isinstance(value, list):
        return [_doubled(item) for item in value]
    if isinstance(value, dict):
        return {_doubled(name): _doubled(item) for name, item in value.items()}
    return value
