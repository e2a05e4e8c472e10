"""Proofs of who is asking: keys in the query, or a token that is fetched, kept, refreshed and fetched anew."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from sync_jobs.errors import CredentialsMissing, CredentialsRejected, UnexpectedReply
from sync_jobs.kit import redact
from sync_jobs.kit.base import Access, CredentialField
from sync_jobs.kit.client import Client
from sync_jobs.kit.rows import digest

MARGIN = 120  # seconds: a token this close to its end is not used any more (a short-lived one: a tenth of its life)
UNSAID_LIFE = 3600  # seconds, of a token whose life was not said
NONE: Mapping[str, str] = {}


def require(access: Access, fields: tuple[CredentialField, ...]) -> None:
    """Raise CredentialsMissing, naming what an operator has to enter."""
    if lacking := [field.label for field in fields if field.required and not access.secrets.get(field.name)]:
        raise CredentialsMissing("connection", " and ".join(lacking))


class QueryKeys:
    """Keys that ride in every query. An incomplete set is never sent: some providers then answer as to a stranger."""

    def __init__(self, access: Access, fields: tuple[CredentialField, ...]) -> None:
        self.access, self.fields = access, fields

    def sign(self, client: Client) -> tuple[Mapping[str, str], Mapping[str, str]]:  # noqa: ARG002  these keys need no asking
        """The keys, for the query."""
        require(self.access, self.fields)
        return {field.name: self.access.secrets[field.name] for field in self.fields}, NONE

    def another(self, client: Client) -> bool:  # noqa: ARG002  the signature is Auth's
        """There are no newer keys."""
        return False


class HeaderKey:
    """A key that rides in a header of every call."""

    def __init__(self, access: Access, fields: tuple[CredentialField, ...], header: str, field: str) -> None:
        self.access, self.fields, self.header, self.field = access, fields, header, field

    def sign(self, client: Client) -> tuple[Mapping[str, str], Mapping[str, str]]:  # noqa: ARG002  this key needs no asking
        """The key, for the header."""
        require(self.access, self.fields)
        return NONE, {self.header: self.access.secrets[self.field]}

    def another(self, client: Client) -> bool:  # noqa: ARG002  the signature is Auth's
        """There is no newer key."""
        return False


class Nobody:
    """No proof at all: the address alone opens the door."""

    def sign(self, client: Client) -> tuple[Mapping[str, str], Mapping[str, str]]:  # noqa: ARG002  the signature is Auth's
        """Nothing to add."""
        return NONE, NONE

    def another(self, client: Client) -> bool:  # noqa: ARG002  the signature is Auth's
        """There is none."""
        return False


def basic(name: str, password: str) -> Mapping[str, str]:
    """The header of HTTP's own login, with letters of any alphabet."""
    proof = base64.b64encode(f"{name}:{password}".encode()).decode()
    redact.remember([proof])
    return {"Authorization": f"Basic {proof}"}


Token = dict[str, Any]
Ask = Callable[[Client], Any]


class Bearer:
    """A token in the Authorization header, shared by all workers through the connection's store.

    `login` and `refresh` ask the provider and return its token object as it came; a refresh that is refused falls back
    to `login`, since refresh tokens may live hardly longer than the tokens that they refresh. `scheme` stands before the token.
    """

    def __init__(
        self, access: Access, login: Ask, refresh: Callable[[Client, str], Any] | None = None, *, scheme: str = "Bearer "
    ) -> None:
        self.access, self.login, self.refresh, self.scheme = access, login, refresh, scheme
        self.token: Token | None = None
        self.owner = digest(sorted(access.secrets.items())).hex()  # a token of other secrets is not ours

    def sign(self, client: Client) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """The header with a token that is good for a while yet."""
        token = self.token = self.token or self._stored()
        if token is None or not self._good(token):
            token = self._renew(client)
        redact.remember([token["access_token"]])
        return NONE, {"Authorization": f"{self.scheme}{token['access_token']}"}

    def another(self, client: Client) -> bool:
        """A token was refused before its time: take the one that another worker has stored since, else ask for one."""
        stored = self._stored()
        if (
            self._good(stored)
            and self.token is not None
            and stored is not None
            and stored["access_token"] != self.token["access_token"]
        ):
            self.token = stored
        else:
            self._renew(client)
        return True

    def _stored(self) -> Token | None:
        stored = self.access.tokens.load()
        return stored if stored and stored.get("owner", self.owner) == self.owner else None

    def _good(self, token: Token | None) -> bool:
        if not token or not token.get("access_token"):
            return False
        margin = min(MARGIN, float(token.get("life") or UNSAID_LIFE) / 10)
        return float(token.get("expires_at") or 0) > self.access.now().timestamp() + margin

    def _renew(self, client: Client) -> Token:
        was = (self.token or {}).get("refresh_token")
        came = self._refreshed(client, was) if was else None
        self.token = kept = self._kept(came if came is not None else self.login(client))
        self.access.tokens.save(kept)
        return kept

    def _refreshed(self, client: Client, refresh_token: str) -> Any:
        if self.refresh is None:
            return None
        try:
            return self.refresh(client, refresh_token)
        except CredentialsRejected:
            return None

    def _kept(self, came: Any) -> Token:
        if not isinstance(came, dict) or not isinstance(came.get("access_token"), str):
            raise UnexpectedReply("sign-in", "no token")
        life = came.get("expires_in")
        seconds = float(life) if isinstance(life, int | float) or (isinstance(life, str) and life.isdecimal()) else UNSAID_LIFE
        expires_at = int(self.access.now().timestamp() + seconds)
        kept = {"access_token": came["access_token"], "expires_at": expires_at, "life": seconds, "owner": self.owner}
        refresh_token = came.get("refresh_token")
        redact.remember([value for value in (kept["access_token"], refresh_token) if isinstance(value, str)])
        return {**kept, "refresh_token": refresh_token} if isinstance(refresh_token, str) else kept
