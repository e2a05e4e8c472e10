"""Race Roster, simulated: its addresses, what a list shows unless asked otherwise, and its wrappings.

Signing in is left to `raceroster_tokens`, rows to `raceroster_rows`, results to `raceroster_results`. ASSUMED, since nothing
shows it: paging of participants, the most rows of a page, the words of 401, 403 and 404, and that a date range reaches past events.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from sync_jobs.sandbox import raceroster_rows as rows
from sync_jobs.sandbox.boards import Board, Line
from sync_jobs.sandbox.raceroster_results import RaceResults, Wrong
from sync_jobs.sandbox.raceroster_tokens import Tokens, refusal
from sync_jobs.sandbox.talk import Asked, Reply, json
from sync_jobs.sandbox.things import Happening, State
from sync_jobs.sandbox.world import World

USUAL, MOST = 50, 1000
MESSAGES = {
    400: ("Bad Request", "The given data was invalid."), 401: ("Unauthorized", "Unauthenticated."),
    403: ("Forbidden", "This action is unauthorized."), 404: ("Not Found", "Not found."),
    405: ("Method Not Allowed", "Method not allowed."), 409: ("Conflict", "The event is a draft."),
    500: ("Server Error", "Server Error"),
}  # fmt: skip


class Refused(Exception):
    """The answer is one of Race Roster's errors."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class RaceRoster:
    """One provider over one world."""

    name = "raceroster"
    addresses = (("RACEROSTER_URL", "/api/v1"), ("RACEROSTER_AUTH_URL", "/api/oauth/authorize"))

    def __init__(self, world: World) -> None:
        self.world, self.tokens, self.results = world, Tokens(world), RaceResults()
        self._boards: dict[tuple[str, bool], Board] = {}

    def partner(self, asked: Asked) -> int | None:
        """Whose token, or whose login."""
        if asked.path.lower().rstrip("/") == "/api/oauth/authorize":
            return self.tokens.login_of(asked)
        return self.tokens.partner(_bearer(asked), asked.moment)

    def answer(self, asked: Asked) -> Reply:
        """The answer to one call."""
        try:
            return self._answer(asked)
        except (Refused, Wrong) as refused:
            return self.failure(refused.status)

    def failure(self, status: int, retry_after: Any = None) -> Reply:
        """An error in Race Roster's form."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        if status == 429:
            return json({"error": "Too Many Attempts.", "code": 429}, 429, **headers)
        error, message = MESSAGES.get(status, MESSAGES[500])
        return json({"error": error, "message": message, "code": status}, status, **headers)

    def _answer(self, asked: Asked) -> Reply:
        if "throttled" in asked.faults:
            return self.failure(429, asked.faults["throttled"])
        if "expire" in asked.faults:
            self.tokens.expire_all()
        steps = [step for step in asked.path.split("/") if step]
        if steps[:3] == ["api", "oauth", "authorize"]:
            refused = "unauthorized" in asked.faults
            return refusal("invalid_client", "Client authentication failed", 401) if refused else self.tokens.answer(asked)
        if steps[:2] != ["api", "v1"]:
            raise Refused(404)
        return self._resource(steps[2:], asked, self._let_in(asked))

    def _let_in(self, asked: Asked) -> int:
        """The partner whose token it is."""
        partner = self.tokens.partner(_bearer(asked), asked.moment)
        if partner is None or "unauthorized" in asked.faults:
            raise Refused(401)
        for kind, status in (("forbidden", 403), ("vanished", 404)):
            if kind in asked.faults:
                raise Refused(status)
        return partner

    def _resource(self, steps: list[str], asked: Asked, partner: int) -> Reply:
        if steps[:1] == ["events"] and steps[2:3] in (["results"], ["results-races"]):
            return self.results.answer(asked, self._event(steps[1], partner), steps[2:])
        if asked.method != "GET":
            raise Refused(405)
        match steps:
            case ["events"]:
                return self._events(asked, partner)
            case ["events", uid]:
                return _shaped(rows.event(self._event(uid, partner), asked.moment, _style(asked)), asked)
            case ["events", uid, "participants"]:
                return self._participants(asked, self._event(uid, partner))
        raise Refused(404)

    def _event(self, uid: str, partner: int) -> Happening:
        for happening in self.world.seen_by(self.name, None):
            if uid in {happening.uid, str(happening.number)}:
                if partner not in happening.edition.partners:
                    raise Refused(403)
                return happening
        raise Refused(404)

    def _events(self, asked: Asked, partner: int) -> Reply:
        query, now = asked.query, asked.moment
        found = [h for h in self.world.seen_by(self.name, partner) if _listed(h, asked)]
        since = _instant(query, "lastModifiedDate")
        found = [h for h in found if since is None or rows.modified(h, now) >= since]
        if query.get("sort") == "startDate":
            found.sort(key=lambda h: h.edition.starts_at or 0, reverse=query.get("order") == "desc")
        offset, limit = _paging(asked)
        shown = [] if "empty" in asked.faults else found[offset : offset + limit]
        return json({
            "data": [rows.event(h, now, _style(asked)) for h in shown],
            "metadata": {"totalResults": len(found) + int(asked.faults.get("wrong_total") or 0)},
        })  # fmt: skip

    def _participants(self, asked: Asked, happening: Happening) -> Reply:
        lines: Sequence[Line] = self._board(happening, vanish="removed_vanish" in asked.faults).at(asked.moment).lines
        total = len(lines) + int(asked.faults.get("wrong_total") or 0)
        offset, limit = _paging(asked)
        lines = [] if "empty" in asked.faults else lines[offset : offset + limit]
        spoilt = int(asked.faults.get("unreadable") or 0)
        written = [line.row if index >= spoilt else _spoil(line.row, index) for index, line in enumerate(lines)]
        about = orjson.dumps({"totalResults": total, "offset": offset, "limit": limit})
        return Reply(b'{"data":[%s],"metadata":%s}' % (b",".join(written), about))

    def _board(self, happening: Happening, *, vanish: bool) -> Board:
        found = (happening.uid, vanish)
        if found not in self._boards:
            wanted = _is_there if vanish else _is_anything
            self._boards[found] = Board(self.world, happening.contests, rows.participant, wanted)
        return self._boards[found]


def _bearer(asked: Asked) -> str:
    return asked.headers.get("authorization", "").removeprefix("Bearer ")


def _style(asked: Asked) -> str:
    return asked.faults.get("offset_style") or "plain"


def _is_there(state: State) -> bool:
    return state.removed is None


def _is_anything(state: State) -> bool:  # noqa: ARG001  who left is listed too, inactive
    return True


def _listed(happening: Happening, asked: Asked) -> bool:
    """By default only what is published and still ahead; events asked for by number, or a range of days, reach further."""
    query, starts = asked.query, happening.edition.starts_at
    wanted = [word.strip() for word in query.get("eventId", "").split(",") if word.strip()]
    if wanted:
        return happening.uid in wanted or str(happening.number) in wanted
    first, last = _instant(query, "eventDateFrom"), _instant(query, "eventDateTo")
    if happening.status not in {"LIVE", "PRIVATE"} or starts is None:
        return False
    return starts >= (asked.moment if first is None else first) and (last is None or starts <= last)


def _instant(query: Any, name: str) -> float | None:
    """An ISO instant. An unescaped plus has become a space on the way, and is refused."""
    given = query.get(name, "")
    if not given:
        return None
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        raise Refused(400) from None
    if found.tzinfo is None:
        raise Refused(400)
    return found.timestamp()


def _paging(asked: Asked) -> tuple[int, int]:
    given = [asked.query.get("offset") or "0", asked.query.get("limit") or str(USUAL)]
    if not all(word.isdigit() for word in given):
        raise Refused(400)
    offset, limit = (int(word) for word in given)
    cap = int(asked.faults.get("page_cap") or MOST)
    return (0 if "ignore_offset" in asked.faults else offset), max(1, min(limit, cap, MOST))


def _shaped(value: Any, asked: Asked) -> Reply:
    shapes = {"object": {"data": value}, "list": {"data": [value]}, "bare": value}
    return json({"data": []} if "empty" in asked.faults else shapes[asked.faults.get("detail_shape") or "object"])


def _spoil(row: bytes, index: int) -> bytes:
    found = orjson.loads(row)
    if index % 3 == 0:
        del found["participantId"]
    elif index % 3 == 1:
        found["gender"] = "abc"
    else:
        found["registrationDate"] = "the day before"
    return orjson.dumps(found)
