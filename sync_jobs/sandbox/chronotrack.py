"""ChronoTrack Live, simulated: its addresses, paging in headers, fields on request, and calls that change entries.

Signing in is left to `chronotrack_logins`, words to `chronotrack_rows`. ASSUMED, since nothing shows it: the status of a wrong
login, the body of a wrong id, the largest page, and everything about writing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import orjson

from sync_jobs.sandbox import chronotrack_rows as rows
from sync_jobs.sandbox.chronotrack_logins import Logins
from sync_jobs.sandbox.scoring import Scoring
from sync_jobs.sandbox.scoring_entry import ScoringEntry
from sync_jobs.sandbox.scoring_plan import ScoringContest, ScoringHappening
from sync_jobs.sandbox.talk import Asked, Reply, json

USUAL, MOST = 50, 1600
GIVEN = {
    "entry_external_id": "external_id", "entry_bib": "bib", "athlete_first_name": "first_name", "athlete_last_name": "last_name",
    "athlete_sex": "gender", "athlete_birthdate": "born", "athlete_email": "email", "athlete_mobile_phone": "phone",
    "location_city": "city", "location_region": "state", "location_country": "country", "team_name": "team", "wave_name": "wave",
}  # fmt: skip
"""ASSUMED: writing takes the names that reading has."""
MESSAGES = {
    400: "Bad request", 401: "Not authorized", 403: "Access denied", 404: "Not found", 405: "Method not allowed",
    409: "External ID is taken", 429: "Too many requests", 500: "Internal error",
}  # fmt: skip


class Refused(Exception):
    """The answer is an error."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Odd(Exception):
    """A wrong id: 200 with a body of another shape."""


class ChronoTrack:
    """One provider over one world's scoring."""

    name = "chronotrack"
    addresses = (("CHRONOTRACK_URL", "/api"),)

    def __init__(self, scoring: Scoring) -> None:
        self.scoring, self.logins = scoring, Logins(scoring.world)

    def partner(self, asked: Asked) -> int | None:
        """Whose login it claims to be."""
        return self.logins.claimed(asked)

    def answer(self, asked: Asked) -> Reply:
        """The answer to one call."""
        try:
            return self._answer(asked)
        except Refused as refused:
            return self.failure(refused.status, asked.faults.get("throttled"), text="text_errors" in asked.faults)
        except Odd:
            return self.failure(404) if asked.path.endswith("/event") else json({"event": []})

    def failure(self, status: int, retry_after: Any = None, *, text: bool = False) -> Reply:
        """An error, in JSON or as plain text."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        message = MESSAGES.get(status, MESSAGES[500])
        if text:
            return Reply(message.encode(), status, "text/plain", headers)
        return json({"error": {"code": str(status), "message": message}}, status, **headers)

    def _answer(self, asked: Asked) -> Reply:
        if "throttled" in asked.faults:
            raise Refused(429)
        if "expire" in asked.faults:
            self.logins.expire_all()
        if asked.path == "/oauth2/token":
            return self.logins.token(asked)
        steps = [step for step in asked.path.split("/") if step]
        if steps[:1] != ["api"] or len(steps) < 2 or not asked.query.get("client_id"):
            raise Refused(400 if steps[:1] == ["api"] else 404)
        partner = self._let_in(asked)
        steps = [steps[1].removesuffix(".json"), *steps[2:]]  # the suffix stands on the resource, not at the end
        return self._read(steps, asked, partner) if asked.method == "GET" else self._written(steps, asked, partner)

    def _let_in(self, asked: Asked) -> int:
        partner = self.logins.partner(asked)
        if partner is None or "unauthorized" in asked.faults:
            raise Refused(401)
        if "forbidden" in asked.faults:
            raise Refused(403)
        if "vanished" in asked.faults:
            raise Odd
        return partner

    # Reading

    def _read(self, steps: Sequence[str], asked: Asked, partner: int) -> Reply:
        match steps:
            case ["event"]:
                found = self.scoring.happenings(self.name, partner)
                return self._list("event", [rows.event(h) for h in found], asked)
            case ["event", uid]:
                return json({"event": _shown(rows.event(self._event(uid, partner)), asked)})
            case ["event", uid, sub]:
                event = self._event(uid, partner)
                return self._of_event("event", sub, event, event.contests, asked)
            case ["race", number, sub]:
                contest = self._contest(number, partner)
                return self._of_event("race", sub, contest.happening, [contest], asked)
            case ["entry", number]:
                outcome = self._outcome(self._entry(number, partner, asked), asked)
                return json({"entry": _shown(rows.entry(outcome), asked)})
        raise Refused(404)

    def _of_event(self, owner: str, sub: str, event: ScoringHappening, contests: Sequence[ScoringContest], asked: Asked) -> Reply:
        key = f"{owner}_{sub.replace('-', '_')}"
        outcomes = [one for one in self.scoring.results(event, asked.now) if one.entry.contest in contests]
        match sub:
            case "race":
                found = [rows.race(contest, self.scoring.gun(contest, asked.now)) for contest in contests]
            case "entry":
                found = [rows.entry(one) for one in sorted(outcomes, key=lambda one: one.entry.number)]
            case "results":
                bracket, interval = asked.query.get("bracket", "OPEN"), asked.query.get("interval", rows.FULL)
                found = rows.results(event, outcomes, bracket, interval)
            case "reg-choice":
                found = [rows.reg_choice(contest) for contest in contests]
            case "bracket":
                found = [row for contest in contests for row in rows.brackets(contest)]
            case "interval":
                found = [row for contest in contests for row in rows.intervals(contest)]
            case "wave":
                found = [row for contest in contests for row in rows.waves(contest)]
            case _:
                raise Refused(404)
        return self._list(key, found, asked)

    def _list(self, key: str, found: list[rows.Row], asked: Asked) -> Reply:
        """One page. What is said about paging stands in headers only, and unknown parameters have no effect."""
        cap = min(int(asked.faults.get("page_cap") or MOST), MOST)
        size = max(1, min(_number(asked.query, "size", USUAL), cap))
        page = 1 if "ignore_offset" in asked.faults else max(1, _number(asked.query, "page", 1))
        total = len(found) + int(asked.faults.get("wrong_total") or 0)
        part = [] if "empty" in asked.faults else found[(page - 1) * size : page * size]
        shown: list[Any] = [_shown(row, asked) for row in part]
        for index in range(min(int(asked.faults.get("unreadable") or 0), len(shown))):
            _spoil(shown[index], index)
        about = {
            "X-Ctlive-Row-Count": total, "X-Ctlive-Page-Count": -(-total // size), "X-Ctlive-Page-Size": size,
            "X-Ctlive-Current-Page": page,
        }  # fmt: skip
        headers = {} if "no_headers" in asked.faults else {name: str(value) for name, value in about.items()}
        return Reply(orjson.dumps({key: shown}), headers=headers)

    # Changing

    def _written(self, steps: Sequence[str], asked: Asked, partner: int) -> Reply:
        given = _body(asked)
        match asked.method, *steps:
            case "POST", "event", uid, "entry":
                entry = self._create(self._event(uid, partner), given, asked)
            case "PUT", "entry", number:
                entry = self._update(self._entry(number, partner, asked), given, asked)
            case _:
                raise Refused(405)
        return json({"entry": _shown(rows.entry(self._outcome(entry, asked)), asked)})

    def _create(self, event: ScoringHappening, given: Mapping[str, str], asked: Asked) -> ScoringEntry:
        contest = _contest_of(event, given)
        if contest is None or not given.get("entry_external_id"):
            raise Refused(400)
        there = self.scoring.by_external_id(event, given["entry_external_id"])
        if any(entry.contest is contest for entry in there):
            raise Refused(409)
        return self.scoring.put(contest, _fields(given), asked.now)

    def _update(self, entry: ScoringEntry, given: Mapping[str, str], asked: Asked) -> ScoringEntry:
        fields: dict[str, Any] = _fields(given)
        if "entry_status" in given:
            fields["withdrawn"] = given["entry_status"] == rows.WITHDRAWN
        moved = "race_id" in given or "reg_choice_id" in given
        into = _contest_of(entry.contest.happening, given) if moved else None
        if moved and into is None:
            raise Refused(400)
        return self.scoring.change(entry, fields, asked.now, into=into)

    # What is meant

    def _event(self, uid: str, partner: int) -> ScoringHappening:
        found = self.scoring.happening(self.name, uid)
        if found is None:
            raise Odd
        return _own(found, partner)

    def _contest(self, number: str, partner: int) -> ScoringContest:
        found = self.scoring.contest(int(number)) if number.isdecimal() else None
        if found is None or found.happening.provider != self.name:
            raise Odd
        _own(found.happening, partner)
        return found

    def _entry(self, number: str, partner: int, asked: Asked) -> ScoringEntry:
        found = self.scoring.entry(int(number), asked.now) if number.isdecimal() else None
        if found is None or found.contest.happening.provider != self.name:
            raise Refused(404)
        _own(found.contest.happening, partner)
        return found

    def _outcome(self, entry: ScoringEntry, asked: Asked) -> Any:
        return self.scoring.outcome(entry, asked.now)


def _own(happening: ScoringHappening, partner: int) -> ScoringHappening:
    if partner not in happening.edition.partners:
        raise Refused(403)
    return happening


def _contest_of(event: ScoringHappening, given: Mapping[str, str]) -> ScoringContest | None:
    choices = {rows.reg_choice(contest)["reg_choice_id"]: contest for contest in event.contests}
    races = {str(contest.number): contest for contest in event.contests}
    return races.get(given["race_id"]) if given.get("race_id") else choices.get(given.get("reg_choice_id", ""))


def _fields(given: Mapping[str, str]) -> dict[str, Any]:
    return {GIVEN[name]: value for name, value in given.items() if name in GIVEN}


def _body(asked: Asked) -> dict[str, str]:
    """JSON or a form, values as text."""
    if asked.headers.get("content-type", "").startswith("application/json"):
        given = orjson.loads(asked.body or b"{}")
        if not isinstance(given, dict):
            raise Refused(400)
        return {name: "" if value is None else str(value) for name, value in given.items()}
    return dict(parse_qsl(asked.body.decode(errors="replace"), keep_blank_values=True))


def _shown(row: rows.Row, asked: Asked) -> rows.Row:
    """Contact data and birth dates only on request; what is empty is left out unless asked for."""
    query, hidden = asked.query, set[str]()
    everything = query.get("include_all_fields") == "true"
    if query.get("need_athlete_birthdate") != "true":
        hidden.update(rows.BIRTH)
    if query.get("contact_details") != "true" and not everything:
        hidden.update(rows.CONTACT)
    columns = set(filter(None, query.get("columns", "").split(",")))
    keep_empty = query.get("elide_json") == "false"
    return {
        name: value
        for name, value in row.items()
        if name not in hidden and (value or keep_empty) and (not columns or name in columns)
    }


def _number(query: Mapping[str, str], name: str, usual: int) -> int:
    given = query.get(name, "")
    return int(given) if given.isdecimal() else usual


def _spoil(row: dict[str, Any], index: int) -> None:
    if index % 3 == 0:
        for name in ("entry_id", "results_entry_id"):
            row.pop(name, None)
    elif index % 3 == 1:
        row["athlete_birthdate" if "entry_id" in row else "results_time"] = "the day before"
    else:
        row["athlete_first_name" if "entry_id" in row else "results_first_name"] = {"first": "Ada"}
