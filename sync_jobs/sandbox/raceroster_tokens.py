"""Race Roster's sign-in, simulated: four secrets in a form, a token for a day, and a refresh token that changes at each use."""

from __future__ import annotations

import base64
import secrets
import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson

from sync_jobs.sandbox.talk import Asked, Reply, json
from sync_jobs.sandbox.world import World

LIFE, REFRESH_LIFE = 86_400, 90_000  # seconds: a day, and 25 hours


def refusal(error: str, description: str, status: int) -> Reply:
    """The body of a common PHP sign-in server; Race Roster's own was not found."""
    return json({"error": error, "error_description": description, "hint": None}, status)


@dataclass(slots=True)
class Tokens:
    """Who holds which token, until when."""

    world: World
    access: dict[str, tuple[int, float]] = field(default_factory=dict)
    refresh: dict[str, tuple[int, float]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def partner(self, token: str, now: float) -> int | None:
        """Whose token that is, while it lives."""
        partner, until = self.access.get(token, (None, 0.0))
        return partner if now < until else None

    def expire_all(self) -> None:
        """Every token lent so far is void; refresh tokens live on."""
        with self.lock:
            self.access.clear()

    def login_of(self, asked: Asked) -> int | None:
        """Whose login a form claims to be, right or wrong."""
        client = dict(parse_qsl(asked.body.decode(errors="replace"))).get("client_id")
        return next((n for n in self._customers() if self.world.credentials(n, "raceroster")["client_id"] == client), None)

    def answer(self, asked: Asked) -> Reply:
        """One call to the token address."""
        is_form = asked.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        if asked.method != "POST" or not is_form:
            return refusal("invalid_request", "The request is missing a required parameter", 400 if asked.method == "POST" else 405)
        form = dict(parse_qsl(asked.body.decode(errors="replace"), keep_blank_values=True))
        partner = self.login_of(asked)
        held = self.world.credentials(partner, "raceroster") if partner else {}
        grant = form.get("grant_type")
        if grant not in {"access_token", "refresh_token"}:
            return refusal("unsupported_grant_type", "The authorization grant type is not supported", 400)
        if partner is None or form.get("client_secret") != held["client_secret"]:
            return refusal("invalid_client", "Client authentication failed", 401)
        person = (form.get("username"), form.get("password")) == (held["username"], held["password"])
        if not (person if grant == "access_token" else self._spend(form.get("refresh_token", ""), partner, asked.moment)):
            return refusal("invalid_credentials", "The user credentials or the refresh token are incorrect", 401)
        return self._lend(partner, asked)

    def _customers(self) -> list[int]:
        return [partner.number for partner in self.world.partners if "raceroster" in partner.providers]

    def _spend(self, token: str, partner: int, now: float) -> bool:
        with self.lock:
            owner, until = self.refresh.pop(token, (None, 0.0))
        return owner == partner and now < until

    def _lend(self, partner: int, asked: Asked) -> Reply:
        life = int(asked.faults.get("short_token") or LIFE)
        access, refresh = _token(asked.moment, life), f"def50200{secrets.token_hex(24)}"
        with self.lock:
            self.access[access] = (partner, asked.moment + life)
            self.refresh[refresh] = (partner, asked.moment + REFRESH_LIFE)
        lent = {"token_type": "Bearer", "expires_in": life, "access_token": access, "refresh_token": refresh}
        return json({"list": {"data": [lent]}, "object": {"data": lent}, "bare": lent}[asked.faults.get("token_shape") or "list"])


def _token(now: float, life: int) -> str:
    """Three parts, as a JWT has them; the last is chance, not a signature."""
    parts: tuple[Any, ...] = ({"typ": "JWT", "alg": "RS256"}, {"iat": int(now), "exp": int(now) + life, "scopes": ["timer"]})
    head, body = (base64.urlsafe_b64encode(orjson.dumps(part)).decode().rstrip("=") for part in parts)
    return f"{head}.{body}.{secrets.token_urlsafe(24)}"
