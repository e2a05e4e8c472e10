"""Haku's token host, simulated: a login in a header, one grant, a token for an hour, no refresh. It says 400 to a bad login."""

from __future__ import annotations

import base64
import binascii
import secrets
import threading
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from sync_jobs.sandbox.talk import Asked, Reply, json
from sync_jobs.sandbox.world import World

LIFE = 3600  # seconds


@dataclass(slots=True)
class Tokens:
    """Who holds which token, until when; `void` are those that were good once."""

    world: World
    lent: dict[str, tuple[int, float]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def owner(self, token: str) -> int | None:
        """Whose token that is or was."""
        return self.lent.get(token, (None, 0.0))[0]

    def partner(self, token: str, now: float) -> int | None:
        """Whose token that is, while it lives."""
        partner, until = self.lent.get(token, (None, 0.0))
        return partner if now < until else None

    def expire_all(self) -> None:
        """Every token lent so far has expired."""
        with self.lock:
            self.lent = {token: (partner, 0.0) for token, (partner, _) in self.lent.items()}

    def login_of(self, asked: Asked) -> int | None:
        """Whose client id a login names, right or wrong."""
        name, _ = _login(asked)
        return next((n for n in self._customers() if self.world.credentials(n, "haku")["client_id"] == name), None)

    def answer(self, asked: Asked) -> Reply:
        """One call to the token address."""
        if asked.method != "POST" or not asked.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return json({"error": "invalid_request"}, 400 if asked.method == "POST" else 405)
        partner, (_, password) = self.login_of(asked), _login(asked)
        if partner is None or password != self.world.credentials(partner, "haku")["client_secret"]:
            return json({"error": "invalid_client"}, 400)
        if dict(parse_qsl(asked.body.decode(errors="replace"))).get("grant_type") != "client_credentials":
            return json({"error": "unsupported_grant_type"}, 400)
        life, token = int(asked.faults.get("short_token") or LIFE), f"eyJraWQiOiJzaW0ifQ.{secrets.token_urlsafe(30)}.sig"
        with self.lock:
            self.lent[token] = (partner, asked.moment + life)
        return json({"access_token": token, "expires_in": life, "token_type": "Bearer"})

    def _customers(self) -> list[int]:
        return [partner.number for partner in self.world.partners if self.world.seen_by("haku", partner.number)]


def _login(asked: Asked) -> tuple[str, str]:
    """Name and password of HTTP's own login; empty where there is none."""
    scheme, _, proof = asked.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, password = base64.b64decode(proof, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, password
