"""Trailhead, simulated: two lists, a key and its secret in the query, plain statuses."""

from __future__ import annotations

from typing import Any

import orjson

from sync_jobs.sandbox.boards import Board
from sync_jobs.sandbox.talk import Asked, Reply, json
from sync_jobs.sandbox.things import Contest, Happening, Moment, Registration, State, local
from sync_jobs.sandbox.world import World

MOST = 200
GENDER = {"F": "woman", "M": "man", "X": "other"}
ERRORS = {"unauthorized": 401, "forbidden": 403, "vanished": 404}


class Trailhead:
    """One provider over one world."""

    name = "trailhead"
    addresses = (("TRAILHEAD_URL", "/v1"),)

    def __init__(self, world: World) -> None:
        self.world = world
        self._keys = {tuple(world.credentials(p.number, self.name).values()): p.number for p in world.partners}
        self._boards: dict[str, Board] = {}

    def partner(self, asked: Asked) -> int | None:
        """Whose key it is."""
        return self._keys.get((asked.query.get("api_key", ""), asked.query.get("api_secret", "")))

    def failure(self, status: int, retry_after: Any = None) -> Reply:
        """An error in its form."""
        return json({"wrong": status}, status, **({} if retry_after is None else {"Retry-After": str(retry_after)}))

    def answer(self, asked: Asked) -> Reply:
        """The answer to one call."""
        if "throttled" in asked.faults:
            return self.failure(429, asked.faults["throttled"])
        partner = self.partner(asked)
        if partner is None:
            return self.failure(401)
        if struck := [status for fault, status in ERRORS.items() if fault in asked.faults]:
            return self.failure(struck[0])
        mine = {happening.uid: happening for happening in self.world.seen_by(self.name, partner)}
        match asked.path.strip("/").split("/"):
            case ["v1", "meets"]:
                return self._listed([orjson.dumps(_meet(one)) for one in mine.values()], asked)
            case ["v1", "meets", uid, "signups"] if uid in mine:
                return self._listed([line.row for line in self._board(mine[uid]).at(asked.moment).lines], asked)
        return self.failure(404)

    def _board(self, happening: Happening) -> Board:
        if happening.uid not in self._boards:
            self._boards[happening.uid] = Board(self.world, happening.contests, _signup, lambda state: state.removed is None)
        return self._boards[happening.uid]

    def _listed(self, rows: list[bytes], asked: Asked) -> Reply:
        at = 0 if "ignore_offset" in asked.faults else int(asked.query["from"])
        some = rows[at : at + min(int(asked.query["most"]), MOST, int(asked.faults.get("page_cap") or MOST))]
        some = [_spoilt(row, index) if index < (asked.faults.get("unreadable") or 0) else row for index, row in enumerate(some)]
        return Reply(b'{"of":%d,"items":[%s]}' % (len(rows), b",".join(some)))


def _stamp(at: Moment | None) -> str | None:
    return None if at is None else local(at, "UTC").isoformat()


def _meet(happening: Happening) -> dict[str, Any]:
    edition = happening.edition
    return {
        "id": happening.uid, "name": happening.name, "city": edition.city, "state": edition.state, "zone": edition.zone,
        "starts": _stamp(edition.starts_at), "courses": [_course(contest) for contest in happening.contests],
    }  # fmt: skip


def _course(contest: Contest) -> dict[str, Any]:
    return {"id": contest.number, "name": contest.name, "distance": contest.distance, "starts": _stamp(contest.starts_at)}


def _signup(registration: Registration, state: State) -> bytes:
    person = state.person
    return orjson.dumps({
        "id": registration.key, "course": state.contest.number, "bib": state.bib, "gender": GENDER.get(person.gender),
        "signed_up": _stamp(registration.registered_at),
        **{name: getattr(person, name) for name in ("first_name", "last_name", "email", "born", "city", "state", "country")},
    })  # fmt: skip


def _spoilt(row: bytes, index: int) -> bytes:
    wrong: dict[str, Any] = ({"id": None}, {"born": "abc"}, {"gender": 7})[index % 3]
    return orjson.dumps({**orjson.loads(row), **wrong})
