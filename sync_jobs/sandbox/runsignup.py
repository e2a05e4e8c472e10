"""RunSignUp, simulated: its addresses, defaults, filters, pages, and its habit of reporting errors with HTTP 200.

Rows are written in `runsignup_rows`, results are `runsignup_posts`'. ASSUMED, since no page shows it: the shape of participant
counts, the default page size, and that several events share one page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from sync_jobs.sandbox import runsignup_rows as rows
from sync_jobs.sandbox.boards import Board, Line, Snapshot
from sync_jobs.sandbox.runsignup_posts import Posts, with_form
from sync_jobs.sandbox.runsignup_query import Refused, fits, narrowed, number_in, page_of, plain_page
from sync_jobs.sandbox.runsignup_results import Results
from sync_jobs.sandbox.talk import Asked, Reply, html, json
from sync_jobs.sandbox.things import Contest, Happening, Moment, State
from sync_jobs.sandbox.world import World

CALLER = {"rsu_api_reg": "sandbox-program", "x-rsu-api-reg-secret": "sandbox-program-secret"}
MESSAGES = {
    1: "Unknown method.", 2: "HTTP method not supported.", 3: "Invalid parameters.", 4: "Unknown error.", 5: "Database error.",
    6: "Key authentication failed", 7: "Permission Denied", 9: "Invalid date.", 10: "Response format not supported.",
    14: "Request throttled.", 15: "Invalid ID.", 17: "Invalid API caller credentials.", 201: "Race not found.",
    223: "Event ID is not valid.",
}  # fmt: skip
MOST_RACES, MOST_PARTICIPANTS = 1000, 2500


class RunSignUp:
    """One provider over one world."""

    name = "runsignup"
    addresses = (("RUNSIGNUP_URL", "/rest"),)

    def __init__(self, world: World) -> None:
        self.world, self.results = world, Results(world)
        self._posts = Posts(self.results)
        self.keys = {
            world.credentials(p.number, self.name)["api_key"]: p.number for p in world.partners if self.name in p.providers
        }
        self._boards: dict[tuple[Any, ...], Board] = {}

    def partner(self, asked: Asked) -> int | None:
        """Whose key it is, whether or not the secret is right."""
        return self.keys.get(asked.query.get("api_key") or asked.query.get("rsu_api_key") or "")

    def answer(self, asked: Asked) -> Reply:
        """The answer to one call."""
        if asked.query.get("format") != "json":
            return Reply(_XML_NOTE, kind="text/xml; charset=utf-8")
        try:
            return self._struck(asked) or self._results(with_form(asked)) or self._answer(asked)
        except Refused as refused:
            return self.error(refused.code, refused.detail)

    def error(self, code: int, detail: str = "") -> Reply:
        """RunSignUp's envelope; only one of its errors has a status of its own."""
        found: dict[str, Any] = {"error": {"error_code": code, "error_msg": MESSAGES.get(code, "Error.")}}
        if code == 17:
            detail = "API caller identification is invalid."
        if detail:
            found["error_details"] = [{"error_msg": detail}]
        return json(found, 400 if code == 17 else 200)

    def failure(self, status: int, retry_after: Any = None) -> Reply:
        """A status that RunSignUp itself rarely sends: a gateway's page, or 429 with its usual body."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return json({"error": {"error_code": 14, "error_msg": MESSAGES[14]}}, 429, **headers) if status == 429 else html(status)

    def _struck(self, asked: Asked) -> Reply | None:
        """The faults that are errors of RunSignUp's own."""
        for kind, code in (("unauthorized", 6), ("forbidden", 7), ("vanished", 201), ("throttled", 14)):
            if kind in asked.faults:
                wait = asked.faults[kind] if kind == "throttled" else None
                reply = self.error(code)
                return reply if wait is None else Reply(reply.body, 200, headers={"Retry-After": str(wait)})
        return self.error(int(asked.faults["error"] or 4)) if "error" in asked.faults else None

    def _answer(self, asked: Asked) -> Reply:
        partner = self._credential(asked)
        steps = [step for step in asked.path.lower().split("/") if step]
        if steps[:1] != ["rest"] or asked.method != "GET":
            raise Refused(1 if asked.method == "GET" else 2)
        match steps[1:]:
            case ["races"]:
                return self._races(asked, partner)
            case ["race", number]:
                return self._race(asked, self._years(number))
            case ["race", number, "participants"]:
                return self._participants(asked, self._allowed(number, partner))
            case ["race", number, "removed-participants"]:
                return self._removed(asked, self._allowed(number, partner))
            case ["race", number, "participant-counts"]:
                return self._counts(asked, self._allowed(number, partner))
            case ["v2", "auth-info", "entity-info.json"]:
                return self._entity(partner)
        raise Refused(1)

    def _credential(self, asked: Asked) -> int | None:
        """The partner of the credential; None where none was sent."""
        query, headers = asked.query, asked.headers
        if "rsu_api_reg" in query or "x-rsu-api-reg-secret" in headers:
            sent = (query.get("rsu_api_reg"), headers.get("x-rsu-api-reg-secret"))
            if sent != (CALLER["rsu_api_reg"], CALLER["x-rsu-api-reg-secret"]):
                raise Refused(17)
        if "authorization" in headers:
            raise Refused(6)
        key = query.get("api_key") or query.get("rsu_api_key")
        if key is None and "api_secret" not in query:
            return None
        secret = query.get("api_secret") if "api_key" in query else headers.get("x-rsu-api-secret")
        partner = self.keys.get(key or "")
        if partner is None or self.world.credentials(partner, self.name)["api_secret"] != secret:
            raise Refused(6)
        return partner

    def _years(self, number: str) -> list[Happening]:
        years = [h for h in self.world.seen_by(self.name, None) if str(h.number) == number]
        if not years:
            raise Refused(201)
        return sorted(years, key=lambda year: year.edition.starts_at or 0)

    def _allowed(self, number: str, partner: int | None) -> list[Happening]:
        years = self._years(number)
        if partner is None or partner not in years[0].edition.partners:
            raise Refused(7)
        return years

    def _races(self, asked: Asked, partner: int | None) -> Reply:
        query, now = asked.query, asked.moment
        races: dict[int, list[Happening]] = {}
        for year in sorted(self.world.seen_by(self.name, partner), key=lambda h: h.edition.starts_at or 0):
            races.setdefault(year.number, []).append(year)
        found = [years for years in races.values() if fits(years, query, asked.now)]
        for word in reversed(query.get("sort", "").split(",")):
            name, _, way = word.strip().partition(" ")
            if name:
                found.sort(key=_race_order(name), reverse=way.upper() == "DESC")
        with_events = query.get("events") == "T"
        return json({"races": [
            {"race": rows.race(years, now, _listed(_current(years, now), now) if with_events else None)}
            for years in page_of(asked, found, MOST_RACES)
        ]})  # fmt: skip

    def _race(self, asked: Asked, years: list[Happening]) -> Reply:
        query, now, chosen = asked.query, asked.moment, years
        if query.get("race_event_days_id"):
            chosen = [year for year in years if str(year.days) == query["race_event_days_id"]]
        elif query.get("most_recent_events_only") == "T":
            chosen = [_current(years, now)]
        contests = [contest for year in chosen for contest in _listed(year, now)]
        if query.get("future_events_only") == "T":
            contests = [contest for contest in contests if contest.starts_at is None or contest.starts_at > now]
        return json({"race": rows.race(years, now, contests)})

    def _contests(self, asked: Asked, years: list[Happening]) -> list[Contest]:
        asked_for = [word.strip() for word in asked.query.get("event_id", "").split(",") if word.strip()]
        if not asked_for:
            raise Refused(3, "event_id is required.")
        known = {str(contest.number): contest for year in years for contest in _listed(year, asked.moment)}
        if any(word not in known for word in asked_for):
            raise Refused(223)
        return [known[word] for word in dict.fromkeys(asked_for)]

    def _participants(self, asked: Asked, years: list[Happening]) -> Reply:
        contests = self._contests(asked, years)
        flags = frozenset(
            name for name, value in asked.query.items() if value == "T" and name.startswith(("include_", "supports_"))
        )
        snapshot = self._board(contests, "present", flags).at(asked.moment)
        plainly = None if asked.faults else plain_page(asked.query)
        if plainly is None:
            return Reply(self._participants_page(asked, contests, snapshot))
        if plainly not in snapshot.bodies:
            snapshot.bodies[plainly] = self._participants_page(asked, contests, snapshot)
        return Reply(snapshot.bodies[plainly])

    def _participants_page(self, asked: Asked, contests: list[Contest], snapshot: Snapshot) -> bytes:
        lines = narrowed(asked, snapshot.after(number_in(asked.query, "after_registration_id", 0)))
        lines = page_of(asked, lines, MOST_PARTICIPANTS)
        spoilt = int(asked.faults.get("unreadable") or 0)
        written = [line.row if index >= spoilt else _spoil(line.row, index) for index, line in enumerate(lines)]
        if asked.query.get("include_template_participant") == "T":
            written.insert(0, orjson.dumps({**rows.template(), "event_id": contests[0].number}))
        return _elements(asked, contests, lines, written)

    def _removed(self, asked: Asked, years: list[Happening]) -> Reply:
        contests = self._contests(asked, years)
        board = self._board(contests, "removed", frozenset())
        lines = narrowed(asked, board.at(asked.moment).after(number_in(asked.query, "after_registration_id", 0)))
        lines = page_of(asked, lines, MOST_PARTICIPANTS)
        parts = []
        for contest in contests:
            inside = b",".join(line.row for line in lines if line.state.contest is contest)
            parts.append(b'{"event":{"event_id":%d,"participants":[%s]}}' % (contest.number, inside))
        return Reply(b"[%s]" % b",".join(parts))

    def _results(self, asked: Asked) -> Reply | None:
        """A call on results. Which one is the last step of the path; of old it was a field."""
        steps = [step for step in asked.path.lower().split("/") if step]
        if steps[:2] != ["rest", "race"] or steps[3:4] != ["results"]:
            return None
        partner, years = self._credential(asked), self._years(steps[2])
        if len(self._contests(asked, years)) != 1:
            raise Refused(223)
        call = (steps[4:] or [asked.query.get("request_type", "")])[0]
        return self._posts.answer(asked, call, steps[2], rights=partner in years[0].edition.partners)

    def _counts(self, asked: Asked, years: list[Happening]) -> Reply:
        wanted = asked.query.get("event_id")
        contests = self._contests(asked, years) if wanted else [c for year in years for c in _listed(year, asked.moment)]
        return json({"counts": [self._count_of(contest, asked.moment) for contest in contests]})

    def _count_of(self, contest: Contest, now: Moment) -> dict[str, Any]:
        """ASSUMED: the call exists, its shape is not shown anywhere."""
        people = [line.state.person for line in self._board([contest], "present", frozenset()).at(now).lines]
        count = {letter: sum(person.gender == letter for person in people) for letter in "FMX"}
        return {
            "event_id": contest.number, "registered_count": len(people), "completed_count": len(people),
            "active_count": len(people),
            "incomplete_count": len(people) // 40, "registered_male_count": count["M"], "registered_female_count": count["F"],
            "registered_non_binary_count": count["X"], "registered_unspecified_count": len(people) - sum(count.values()),
            "group_count": len(people) // 16, "donations_count": len(people) // 25,
            "donations_total": rows.money(len(people) // 25 * 2500),
        }  # fmt: skip

    def _entity(self, partner: int | None) -> Reply:
        if partner is None:
            raise Refused(7)
        name = next(p.name for p in self.world.partners if p.number == partner)
        return json(
            {"generic_entity_id": 900 + partner, "entity_type": "partner", "entity_name": name, "entity_specific_id": partner}
        )

    def _board(self, contests: Sequence[Contest], which: str, flags: frozenset[str]) -> Board:
        found = (which, flags, *(contest.number for contest in contests))
        if found not in self._boards:
            if which == "present":
                board = Board(self.world, contests, lambda who, state: rows.participant(who, state, flags), _is_present)
            else:
                board = Board(self.world, contests, lambda who, state: orjson.dumps(rows.removed(who, state)), _is_removed)
            self._boards[found] = board
        return self._boards[found]


_XML_NOTE = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<error><error_code>10</error_code>'
    b"<error_msg>Without format=json RunSignUp answers in XML; the sandbox speaks JSON only.</error_msg></error>"
)


def _is_present(state: State) -> bool:
    return state.removed is None


def _is_removed(state: State) -> bool:
    return state.removed is not None


def _listed(year: Happening, now: Moment) -> list[Contest]:
    return [contest for contest in year.contests if contest.listed_at <= now]


def _current(years: list[Happening], now: Moment) -> Happening:
    """The most current year: the next one ahead, else the last one past."""
    ahead = [year for year in years if year.edition.starts_at is None or year.edition.starts_at > now - 86_400]
    return ahead[0] if ahead else years[-1]


def _race_order(name: str) -> Any:
    if name == "name":
        return lambda years: years[-1].name
    return lambda years: years[-1].edition.starts_at or 0


def _elements(asked: Asked, contests: Sequence[Contest], lines: Sequence[Line], written: list[bytes]) -> bytes:
    """A list of elements, one an event, the people beside it; where an event has nobody, the member may be missing."""
    if len(contests) == 1 or "one_list" in asked.faults:
        groups = {contests[0].number: written, **{contest.number: [] for contest in contests[1:]}}
    else:
        groups = {contest.number: [] for contest in contests}
        for line, row in zip(lines, written[len(written) - len(lines) :], strict=True):
            groups[line.state.contest.number].append(row)
    parts = [
        _element(contest, groups[contest.number], bare="no_inner" in asked.faults or len(contests) > 1) for contest in contests
    ]
    return parts[0] if "as_object" in asked.faults and len(parts) == 1 else b"[%s]" % b",".join(parts)


def _element(contest: Contest, written: list[bytes], *, bare: bool) -> bytes:
    head = b'{"event":{"event_id":%d,"name":%s,"participants":[]}' % (contest.number, orjson.dumps(contest.name))
    if bare and not written:
        return head + b"}"
    return b'%s,"participants":[%s]}' % (head, b",".join(written))


def _spoil(row: bytes, index: int) -> bytes:
    """A row that nobody can read, in one of three ways."""
    found = orjson.loads(row)
    if index % 3 == 0:
        del found["registration_id"]
    elif index % 3 == 1:
        found["age"] = "abc"
    else:
        found["registration_date"] = "13/45/2026 99:00"
    return orjson.dumps(found)
