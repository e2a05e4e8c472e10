"""The envelope of Copernico's keyed API: {"result": {"code", "message"}, "data"}. Failures may hide in HTTP 200."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sync_jobs.errors import (
    CredentialsRejected,
    NotThere,
    ProviderDown,
    ProviderError,
    ProviderThrottled,
    UnexpectedReply,
)
from sync_jobs.kit import parse

LABEL = "Copernico"
FINE = (0, 1)  # 1 with nothing in it means "not found"
ASSUMED: Mapping[Any, type[ProviderError]] = {
    401: CredentialsRejected, 403: CredentialsRejected, 404: NotThere, 429: ProviderThrottled,
}  # fmt: skip
"""ASSUMED: no list of codes is public, so the ones that speak HTTP are taken at their word, and any other passes."""


def refusal(path: str, data: Any) -> ProviderError | None:
    """The failure that an envelope tells of; its message stays out, since nobody knows what stands in it."""
    result = data.get("result") if isinstance(data, dict) else None
    if not isinstance(result, dict) or result.get("code") in FINE:
        return None
    found = result.get("code")
    return ASSUMED.get(found, ProviderDown)(path, f"code {found}" if isinstance(found, int) else "no code", provider=LABEL)


def opened(path: str, reply: Any) -> Any:
    """What is in the envelope. Raises NotThere where there is nothing; an empty list is something."""
    if not isinstance(reply, dict) or not isinstance(reply.get("result"), dict):
        raise UnexpectedReply(path, "no result", provider=LABEL)
    data = reply.get("data")
    if not data and not isinstance(data, list):
        raise NotThere(path, "nothing found", provider=LABEL)
    return data


def listed(path: str, reply: Any) -> list[Any]:
    """A list in the envelope."""
    data = opened(path, reply)
    if not isinstance(data, list):
        raise UnexpectedReply(path, "no list", provider=LABEL)
    return data


def exported(path: str, reply: Any) -> tuple[list[Any], Any]:
    """The rows of an export, in any of its three wrappings, and the gun time that may stand beside them."""
    if isinstance(reply, list):
        return reply, None
    if isinstance(reply, dict):
        if isinstance(reply.get("result"), dict) and (failure := refusal(path, reply)):
            raise failure
        for name in ("data", "results"):
            if isinstance(reply.get(name), list):
                return reply[name], reply.get("gunTime")
    raise UnexpectedReply(path, "no rows", provider=LABEL)


def identity(item: Any, *names: str) -> str:
    """The id of something that comes as itself or as an object with an id. Raises UnreadableRow."""
    value = next((item[name] for name in names if item.get(name)), None) if isinstance(item, dict) else item
    return parse.key_text(value, names[0])
