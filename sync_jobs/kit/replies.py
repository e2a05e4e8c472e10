"""Make data or a classed failure out of one HTTP reply. Sending, waiting and trying again are left to `client`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from sync_jobs.errors import (
    AccessDenied,
    CredentialsRejected,
    NotThere,
    ProviderDown,
    ProviderError,
    ProviderThrottled,
    RequestRefused,
    UnexpectedReply,
)

Refusal = Callable[[str, Any], ProviderError | None]
"""An adapter's eye for an error inside a document, whatever its HTTP status says."""

LONGEST_WAIT = timedelta(days=1)
_NO_JSON = object()
_BY_STATUS: Mapping[int, type[ProviderError]] = {
    401: CredentialsRejected, 403: AccessDenied, 404: NotThere, 408: ProviderDown, 410: NotThere, 425: ProviderDown,
    429: ProviderThrottled,
}  # fmt: skip
_WHATEVER_THE_BODY = (401, 429)  # but for how long a 429 asks us to wait


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def judge(reply: Reply, path: str, now: datetime, refusal: Refusal | None) -> tuple[Any, ProviderError | None]:
    """The document, or the failure that the reply stands for."""
    data = _document(reply.body)
    failure = _failure(reply, path, data, refusal)
    if failure is not None:
        failure.until = (wait_asked_for(reply, now) or failure.until) if failure.retry else None
        return None, failure
    return (None if data is _NO_JSON else data), None


def _document(body: bytes) -> Any:
    """Parsed JSON. A list or an object only: a page of HTML, a bare word or nothing at all is no data."""
    if body[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"["):
        return _NO_JSON
    try:
        return orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return _NO_JSON


def _failure(reply: Reply, path: str, data: Any, refusal: Refusal | None) -> ProviderError | None:
    status = f"HTTP {reply.status}"
    if reply.status not in _WHATEVER_THE_BODY:
        if data is _NO_JSON and reply.status != 204 and (reply.body.strip() or reply.status < 300):
            return ProviderDown(path, f"{status}, not JSON")
        if data is not _NO_JSON and refusal is not None and (found := refusal(path, data)):
            return found
    elif reply.status == 429 and data is not _NO_JSON and refusal is not None:
        longer = refusal(path, data)
        if isinstance(longer, ProviderThrottled) and longer.until:
            return longer
    return None if 200 <= reply.status < 300 else _class_of(reply.status)(path, status)


def _class_of(status: int) -> type[ProviderError]:
    if status >= 500:
        return ProviderDown
    if status < 400:
        return UnexpectedReply
    return _BY_STATUS.get(status, RequestRefused)


def wait_asked_for(reply: Reply, now: datetime) -> datetime | None:
    """The instant of `Retry-After`, given as seconds or as an HTTP date; None where there is none or it makes no sense."""
    text = next((value for name, value in reply.headers.items() if name.lower() == "retry-after"), "").strip()
    if text.isdecimal():
        return now + timedelta(seconds=min(int(text), LONGEST_WAIT.total_seconds()))
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(until, now), now + LONGEST_WAIT)
