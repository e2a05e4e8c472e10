"""ChronoTrack's three ways of signing in, simulated: a hash in the query, HTTP Basic, or a token; each with `client_id` beside."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import threading
from dataclasses import dataclass, field

from sync_jobs.sandbox.talk import Asked, Reply, json
from sync_jobs.sandbox.world import World

LIFE = 3600  # seconds that a token lives
PROVIDER = "chronotrack"


@dataclass(slots=True)
class Logins:
    """Who is who."""

    world: World
    lent: dict[str, tuple[int, float]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def client_secret(self, partner: int) -> str:
        """What an OAuth client of that partner has besides; invented."""
        return hashlib.sha256(self._of(partner)["client_id"].encode()).hexdigest()[:32]

    def claimed(self, asked: Asked) -> int | None:
        """Whose `client_id` it is, whatever else is right or wrong."""
        client = asked.query.get("client_id") or _basic(asked)[0]
        return next((n for n in self._numbers() if self._of(n)["client_id"] == client), None)

    def partner(self, asked: Asked) -> int | None:
        """Whose login that is, if it is one."""
        partner = self.claimed(asked)
        if partner is None:
            return None
        held, header = self._of(partner), asked.headers.get("authorization", "")
        if header.startswith("Bearer "):
            owner, until = self.lent.get(header.removeprefix("Bearer "), (None, 0.0))
            return partner if owner == partner and asked.moment < until else None
        if header.startswith("Basic "):
            return partner if _basic(asked) == (held["username"], held["password"]) else None
        hashed = hashlib.sha1(held["password"].encode(), usedforsecurity=False).hexdigest()
        simple = (asked.query.get("user_id"), asked.query.get("user_pass"))
        return partner if simple == (held["username"], hashed) else None

    def token(self, asked: Asked) -> Reply:
        """The token call: a GET with the password in the address."""
        partner, query = self.claimed(asked), asked.query
        held = self._of(partner) if partner else {}
        good = (
            partner is not None
            and _basic(asked) == (held["client_id"], self.client_secret(partner))
            and query.get("grant_type") == "password"
            and (query.get("username"), query.get("password")) == (held["username"], held["password"])
        )
        if partner is None or not good or asked.method != "GET" or "unauthorized" in asked.faults:
            return json({"error": "invalid_grant"}, 401)
        life, access = int(asked.faults.get("short_token") or LIFE), secrets.token_hex(20)
        with self.lock:
            self.lent[access] = (partner, asked.moment + life)
        return json({"access_token": access, "expires_in": life})

    def expire_all(self) -> None:
        """Every token lent so far is void."""
        with self.lock:
            self.lent.clear()

    def _numbers(self) -> list[int]:
        return [partner.number for partner in self.world.partners]

    def _of(self, partner: int) -> dict[str, str]:
        return self.world.credentials(partner, PROVIDER)


def _basic(asked: Asked) -> tuple[str, str]:
    written = asked.headers.get("authorization", "").removeprefix("Basic ")
    try:
        name, _, word = base64.b64decode(written, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, word
