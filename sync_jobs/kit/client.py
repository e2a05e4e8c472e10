"""Talk to one provider: session, total deadline, pace, retries. What a reply means is left to `replies` and the adapter.

No exception that leaves here carries a URL, a body or a cause: keys ride in queries, and tracebacks are stored.
"""

from __future__ import annotations

import random
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import orjson
import requests
import urllib3

from sync_jobs.errors import (
    AccessDenied,
    CredentialsRejected,
    NotThere,
    ProviderDown,
    ProviderError,
    ProviderThrottled,
    RequestRefused,
)
from sync_jobs.kit import redact
from sync_jobs.kit.base import Access, Call
from sync_jobs.kit.replies import Refusal, Reply, judge

CONNECT_SECONDS = 5.0
CHUNK = 1 << 16
JSON: Mapping[str, str] = {"Content-Type": "application/json"}
PASSING = (ProviderDown, ProviderThrottled)
GZIP = b"\x1f\x8b"

redact.guard_chatty_loggers()


class Auth(Protocol):
    """How a request proves who is asking."""

    def sign(self, client: Client) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """What to add to the query and to the headers. May ask the provider for it first."""

    def another(self, client: Client) -> bool:
        """The provider refused this proof: True if there is a newer one that is worth exactly one try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; `path` is its name in failures, without host and query."""

    method: str
    url: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] | bytes | None = None  # a form, or JSON that is written already


class Client:
    """One connection's line to its provider, for one thread. Every call is noted in `calls`; `close` gives the sockets back."""

    def __init__(
        self, access: Access, *, provider: str, base: str, calls: list[Call], auth: Auth, refusal: Refusal | None = None,
        doubted: tuple[int, ...] = (401,),
    ) -> None:  # fmt: skip
        self.access, self.provider, self.base = access, provider, base.rstrip("/")
        self.calls, self.auth, self.refusal = calls, auth, refusal
        self.doubted = doubted  # statuses after which one newer proof is worth one try
        self.answered: Mapping[str, str] = {}  # headers of the latest answer, for providers that say things there
        self._session = _session(self.base)
        redact.remember(access.secrets.values())

    def close(self) -> None:
        """Give the sockets back."""
        self._session.close()

    def get(self, path: str, query: Mapping[str, Any] | None = None, *, said: str = "") -> Any:
        """The document at a path below the base. Short trouble is waited out; anything else raises ProviderError.

        `said` is the path's name in failures, where the path itself must not be told.
        """
        request = Request(method="GET", url=self.base + path, path=said or path, query=query or {})
        with self._named():
            return self._patiently(lambda: self._signed(request))

    def post(self, path: str, document: Any, *, method: str = "POST", query: Mapping[str, Any] | None = None) -> Any:
        """Send a document; None where the provider says yes and nothing else.

        Only one that asks us to wait is asked again: anything else may have been done already.
        """
        body = orjson.dumps(document)
        request = Request(method=method, url=self.base + path, path=path, query=query or {}, headers=JSON, body=body)
        with self._named():
            return self._patiently(lambda: self._signed(request), (ProviderThrottled,))

    def send_form(self, path: str, form: Mapping[str, str], query: Mapping[str, Any] | None = None) -> Any:
        """The same with the fields of a form, and whatever the provider wants in the address."""
        request = Request(method="POST", url=self.base + path, path=path, query=query or {}, body=form)
        with self._named():
            return self._patiently(lambda: self._signed(request), (ProviderThrottled,))

    def post_form(self, url: str, form: Mapping[str, str], *, path: str, headers: Mapping[str, str] | None = None) -> Any:
        """Ask for a token: a form, unsigned, to an address of its own. Any refusal is one of the credential.

        It happens while a `get` is being signed, and that one's patience covers it.
        """
        with self._named():
            try:
                return self._exchange(Request(method="POST", url=url, path=path, body=form, headers=headers or {}))
            except (RequestRefused, AccessDenied, NotThere) as error:
                refused = CredentialsRejected(path, error.detail)
            raise refused

    def ask_token(self, url: str, query: Mapping[str, str], headers: Mapping[str, str], *, path: str) -> Any:
        """The same where the provider wants a GET, with the password in the address."""
        with self._named():
            try:
                return self._exchange(Request(method="GET", url=url, path=path, query=query, headers=headers))
            except (RequestRefused, AccessDenied, NotThere) as error:
                refused = CredentialsRejected(path, error.detail)
            raise refused

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except ProviderError as error:
            error.provider = error.provider or self.provider
            raise

    def _patiently(self, attempt: Callable[[], Any], passing: tuple[type[ProviderError], ...] = PASSING) -> Any:
        waits = iter(self.access.retry_waits)
        while True:
            try:
                return attempt()
            except passing as error:
                pause = self._pause(error, next(waits, None))
                if pause is None:
                    raise
            time.sleep(pause)

    def _pause(self, error: ProviderError, wait: float | None) -> float | None:
        """Seconds until the next try; None when there is none left, or the provider asks for more patience than we have."""
        if error.until is not None:
            self.access.limiter.wait_until(error.until)
        if wait is None:
            return None
        if error.until is None:
            return wait * random.uniform(0.75, 1.25)
        asked = max(0.0, (error.until - self.access.now()).total_seconds())
        return asked if asked <= max(self.access.retry_waits) else None

    def _signed(self, request: Request) -> Any:
        signed = self._with_proof(request)  # outside: a sign-in that is refused is final
        try:
            return self._exchange(signed)
        except (_ProofRefused, _RightDoubted):
            if not self.auth.another(self):
                raise
        return self._exchange(self._with_proof(request))

    def _with_proof(self, request: Request) -> Request:
        query, headers = self.auth.sign(self)
        return replace(request, query={**request.query, **query}, headers={**request.headers, **headers})

    def _exchange(self, request: Request) -> Any:
        """One request that really leaves, within the shared pace, classed and noted."""
        self.access.before_call()
        with self.access.limiter.call():
            at, began = self.access.now(), time.monotonic()
            data, failure = self._outcome(request)
            ms = (time.monotonic() - began) * 1000
        self.calls.append(Call(at, ms, failure is None, isinstance(failure, ProviderThrottled)))
        if failure is not None:
            raise failure
        return data

    def _outcome(self, request: Request) -> tuple[Any, ProviderError | None]:
        try:
            reply = self._send(request)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            return None, ProviderDown(request.path, type(error).__name__)
        if isinstance(request.body, bytes) and 200 <= reply.status < 300 and not reply.body.strip():
            return None, None  # what was sent arrived, and there is nothing to say about it
        self.answered = reply.headers
        data, failure = judge(reply, request.path, self.access.now(), self.refusal)
        return data, _doubted(failure) if failure is not None and reply.status in self.doubted else failure

    def _send(self, request: Request) -> Reply:
        deadline = time.monotonic() + self.access.call_timeout
        with self._session.request(
            request.method, request.url, params=request.query, headers=dict(request.headers), data=request.body, stream=True,
            allow_redirects=False, timeout=(min(CONNECT_SECONDS, self.access.call_timeout), self.access.call_timeout),
        ) as response:  # fmt: skip
            return Reply(response.status_code, response.headers, _plain(_body(response.raw, deadline)))


class _ProofRefused(CredentialsRejected):
    """HTTP 401: the proof may merely be out of date."""


class _RightDoubted(AccessDenied):
    """HTTP 403 of a provider that says so of old tokens too."""


def _doubted(failure: ProviderError) -> ProviderError:
    """The same failure in the class that says: perhaps only the proof is too old."""
    if type(failure) is CredentialsRejected:
        return _ProofRefused(failure.path, failure.detail)
    return _RightDoubted(failure.path, failure.detail) if type(failure) is AccessDenied else failure


def _session(base: str) -> requests.Session:
    """A session that reads the machine's proxy and certificate settings once, and no .netrc: our own proof stands alone."""
    session = requests.Session()
    session.headers.update({"Accept": "application/json", "User-Agent": "Project88Hub-Sync"})
    surroundings = session.merge_environment_settings(base, {}, None, None, None)
    session.proxies, session.verify, session.trust_env = surroundings["proxies"], surroundings["verify"], False
    return session


def _body(raw: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    """The whole body by the deadline, however slowly it drips. A body that ends early raises."""
    parts: list[bytes] = []
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if (sock := getattr(raw.connection, "sock", None)) is not None:
            sock.settimeout(left)
        part = raw.read1(CHUNK, decode_content=True)
        if not part:
            return b"".join(parts)
        parts.append(part)


def _plain(body: bytes) -> bytes:
    """The body unpacked, also where it came packed without saying so. One that ends early raises."""
    if not body.startswith(GZIP):
        return body
    unpacking = zlib.decompressobj(wbits=31)
    try:
        plain = unpacking.decompress(body)
    except zlib.error:
        raise OSError from None
    if not unpacking.eof:
        raise OSError
    return plain
