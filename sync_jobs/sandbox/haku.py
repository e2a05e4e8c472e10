"""Haku, simulated: two hosts, tokens without "Bearer", bare lists of at most 25, and one call for each person's detail.

Lending tokens is left to `haku_tokens`, rows to `haku_rows`. ASSUMED, since nothing shows it: the words of 404, that more than 25
rows are cut and not refused, and that a line of the list carries `updated_at`.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sync_jobs.sandbox import haku_rows as rows
from sync_jobs.sandbox.boards import Board, Line
from sync_jobs.sandbox.haku_tokens import Tokens
from sync_jobs.sandbox.talk import Asked, Reply, json
from sync_jobs.sandbox.things import Happening, Registration, State, number_text
from sync_jobs.sandbox.world import World

MOST = 25  # rows of a page
MESSAGES = {
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 429: "Too Many Requests",
    500: "Internal server error", 503: "Service Unavailable", 504: "Endpoint request timed out",
}  # fmt: skip


class Refused(Exception):
    """The answer is one of Haku's errors."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(status)
        self.status, self.message = status, message


class Haku:
    """One provider over one world."""

    name = "haku"
    addresses = (("HAKU_URL", ""), ("HAKU_AUTH_URL", "/oauth2/token"))

    def __init__(self, world: World) -> None:
        self.world, self.tokens = world, Tokens(world)
        self._boards: dict[tuple[str, bool], Board] = {}
        self._touched: dict[str, list[int]] = defaultdict(list)  # by event, the latest last: what the fault `drift` moved

    def partner(self, asked: Asked) -> int | None:
        """Whose token it is or was, or whose login."""
        if _is_token_host(asked):
            return self.tokens.login_of(asked)
        return self.tokens.owner(_token(asked))

    def answer(self, asked: Asked) -> Reply:
        """The answer to one call."""
        try:
            return self._answer(asked)
        except Refused as refused:
            return self.failure(refused.status, message=refused.message)

    def failure(self, status: int, retry_after: Any = None, message: str = "") -> Reply:
        """An error in the gateway's form."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return json({"message": message or MESSAGES.get(status, MESSAGES[500])}, status, **headers)

    def _answer(self, asked: Asked) -> Reply:
        if "throttled" in asked.faults:
            return self.failure(429, asked.faults["throttled"])
        if "limit_exceeded" in asked.faults:
            raise Refused(429, "Limit Exceeded")
        if "expire" in asked.faults:
            self.tokens.expire_all()
        if _is_token_host(asked):
            refused = "unauthorized" in asked.faults
            return json({"error": "invalid_client"}, 400) if refused else self.tokens.answer(asked)
        return self._resource([step for step in asked.path.split("/") if step], asked, self._let_in(asked))

    def _let_in(self, asked: Asked) -> int:
        """The partner whose token it is."""
        given = _token(asked)
        partner = self.tokens.partner(given, asked.moment)
        if asked.headers.get("authorization", "").startswith("Bearer ") and "takes_bearer" not in asked.faults:
            raise Refused(401)
        if partner is None or "unauthorized" in asked.faults:
            if self.tokens.owner(given) is None or "unauthorized" in asked.faults:
                raise Refused(401)
            raise Refused(int(asked.faults.get("expire") or 401), "The incoming token has expired")
        for kind, status in (("forbidden", 403), ("vanished", 404)):
            if kind in asked.faults:
                raise Refused(status)
        return partner

    def _resource(self, steps: list[str], asked: Asked, partner: int) -> Reply:
        match (asked.method, steps):
            case "GET", ["events"]:
                return self._events(asked, partner)
            case "GET", ["events", uid, "participants"]:
                return self._participants(asked, self._event(uid, partner))
            case "GET", ["events", uid, "registrations", number]:
                return self._registration(asked, self._event(uid, partner), number)
        raise Refused(403, "Missing Authentication Token")  # the gateway's word for a path that it does not know

    def _event(self, uid: str, partner: int) -> Happening:
        for happening in self.world.seen_by(self.name, partner):
            if uid == happening.uid:
                return happening
        raise Refused(404)

    def _events(self, asked: Asked, partner: int) -> Reply:
        every = asked.query.get("show_inactive") == "true"
        found = [h for h in self.world.seen_by(self.name, partner) if every or (h.edition.starts_at or 2**40) >= asked.moment]
        if asked.query.get("sort_column") == "event_date":
            found.sort(key=lambda h: h.edition.starts_at or 0, reverse=asked.query.get("sort_direction") == "desc")
        shown = [rows.event(happening, _form(asked)) for happening in _cut(found, asked)]
        return json({"events": shown} if "wrapped" in asked.faults else shown)

    def _participants(self, asked: Asked, happening: Happening) -> Reply:
        lines = [*self._board(happening, asked).at(asked.moment).lines]
        touched = {key: place for place, key in enumerate(self._touched[happening.uid], 1)}
        if asked.query.get("sort_column") == "updated_at":
            lines.sort(key=lambda line: (touched.get(line.key, 0), line.state.modified, line.key))
            if asked.query.get("sort_direction") == "desc":
                lines.reverse()
        shown = [_told(line, asked) for line in _cut(lines, asked)]
        if "drift" in asked.faults and lines:
            self._touch(happening, lines[-1].key)
        spoilt = int(asked.faults.get("unreadable") or 0)
        shown = [row if index >= spoilt else _spoil(row, index) for index, row in enumerate(shown)]
        return json({"participants": shown} if "wrapped" in asked.faults else shown)

    def _touch(self, happening: Happening, key: int) -> None:
        """Somebody's record is saved: it stands first from now on, and all before it one place later."""
        self._touched[happening.uid] = [*(one for one in self._touched[happening.uid] if one != key), key]

    def _registration(self, asked: Asked, happening: Happening, number: str) -> Reply:
        for line in self._board(happening, asked).at(asked.moment).lines:
            if number in {number_text(line.registration), str(line.key)}:
                found = rows.detail(line.registration, line.state, _form(asked))
                found["registration_number"] = _told(line, asked)["registration_number"]
                if "null_parts" in asked.faults:
                    found |= {"participant": {**found["participant"], "address": None}, "team": None}
                return json([] if "unreadable_detail" in asked.faults else found)
        raise Refused(404)

    def _board(self, happening: Happening, asked: Asked) -> Board:
        found = (happening.uid, "removed_vanish" in asked.faults)
        if found not in self._boards:
            self._boards[found] = Board(self.world, happening.contests, _nothing, _is_there if found[1] else _is_anything)
        return self._boards[found]


def _is_token_host(asked: Asked) -> bool:
    return asked.path.lower().rstrip("/") == "/oauth2/token"


def _token(asked: Asked) -> str:
    return asked.headers.get("authorization", "").removeprefix("Bearer ")


def _form(asked: Asked) -> str:
    return str(asked.faults.get("date_form") or "space")


def _nothing(registration: Registration, state: State) -> bytes:  # noqa: ARG001  faults change what a line says, so none is written ahead
    return b""


def _is_there(state: State) -> bool:
    return state.removed is None


def _is_anything(state: State) -> bool:  # noqa: ARG001  whoever cancelled stays on the list
    return True


def _told(line: Line, asked: Asked) -> dict[str, Any]:
    row = rows.thin(line.registration, line.state)
    if "numbers" in asked.faults:
        row["registration_number"] = line.key
    if "no_cancel_flag" in asked.faults:
        del row["is_cancelled"]
    if "bare_rows" in asked.faults:
        del row["updated_at"]
    return row


def _cut(found: list[Any], asked: Asked) -> list[Any]:
    """One page. More than 25 a page are cut to 25, unless a fault says that they are refused or given."""
    words = [asked.query.get("page") or "1", asked.query.get("per_page") or str(MOST)]
    if not all(word.isdigit() and int(word) for word in words):
        raise Refused(400)
    page, wanted = (int(word) for word in words)
    big = asked.faults.get("big_pages")
    if wanted > MOST and big == "refused":
        raise Refused(400)
    size = min(wanted, wanted if big == "given" else MOST, int(asked.faults.get("page_cap") or wanted))
    if "empty" in asked.faults:
        return []
    at = 0 if "ignore_offset" in asked.faults else (page - 1) * size
    return found[at : at + size]


def _spoil(row: dict[str, Any], index: int) -> dict[str, Any]:
    if index % 3 == 0:
        return {name: value for name, value in row.items() if name != "registration_number"}
    return {**row, "is_cancelled": "perhaps"} if index % 3 == 1 else {**row, "registered_at": "the day before"}
