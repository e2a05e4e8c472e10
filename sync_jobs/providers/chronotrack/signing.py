"""ChronoTrack's three ways to sign in. Whichever it is, the client's id rides in every query.

Basic is the usual one; OAuth where a client secret was entered; a hash in the query where nothing but the hash is known.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from sync_jobs.errors import CredentialsMissing
from sync_jobs.kit import redact
from sync_jobs.kit.auth import NONE, Bearer, require
from sync_jobs.kit.base import Access, CredentialField
from sync_jobs.kit.client import Client

SCHEMES = ("basic", "oauth", "simple")
HASHED = re.compile(r"[0-9a-fA-F]{40}")


class Signing:
    """The proof for every call of one connection."""

    def __init__(self, access: Access, fields: tuple[CredentialField, ...]) -> None:
        self.access, self.fields = access, fields
        self.bearer = Bearer(access, self._login, self._refresh)

    def sign(self, client: Client) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """What to add to the query and to the headers."""
        require(self.access, self.fields)
        held = self.access.secrets
        query = {"client_id": held["client_id"]}
        scheme = self._scheme()
        if scheme == "simple":
            return {**query, "user_id": held["username"], "user_pass": self._hash(held["password"])}, NONE
        if scheme == "oauth":
            return query, self.bearer.sign(client)[1]
        return query, {"Authorization": _basic(held["username"], held["password"])}

    def another(self, client: Client) -> bool:
        """A token may be out of date; a password is not."""
        return self._scheme() == "oauth" and self.bearer.another(client)

    def _scheme(self) -> str:
        """What the connection says, or the safest one that fits what it holds."""
        held = self.access.secrets
        said = (held.get("scheme") or "").strip().lower()
        if said in SCHEMES:
            return said
        if held.get("client_secret"):
            return "oauth"
        return "simple" if HASHED.fullmatch(held["password"]) else "basic"

    @staticmethod
    def _hash(password: str) -> str:
        """SHA-1, once: ChronoTrack asks for it, and one that is hashed already stays as it is."""
        made = password if HASHED.fullmatch(password) else hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest()
        redact.remember([made.lower()])
        return made.lower()

    def _login(self, client: Client) -> Any:
        held = self.access.secrets
        if not held.get("client_secret"):
            raise CredentialsMissing("sign-in", "client secret")
        query = {"grant_type": "password", "username": held["username"], "password": held["password"]}
        headers = {"Authorization": _basic(held["client_id"], held["client_secret"])}
        address = f"{client.base.removesuffix('/api')}/oauth2/token"
        return client.ask_token(address, query, headers, path="sign-in")

    def _refresh(self, client: Client, refresh_token: str) -> Any:  # noqa: ARG002  no client knows of refresh tokens here
        return self._login(client)


def _basic(name: str, word: str) -> str:
    made = base64.b64encode(f"{name}:{word}".encode()).decode()
    redact.remember([made])
    return f"Basic {made}"
