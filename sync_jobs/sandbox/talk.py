"""A call and its answer, as the simulated providers see them: plain data, no sockets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import orjson

HTML_PAGE = (
    b"<!DOCTYPE html><html><head><title>Down for maintenance</title></head><body><h1>We will be right back</h1></body></html>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call. `path` begins after the provider's prefix; `query` has the last value of each name; headers in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    client: str
    now: datetime
    faults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def moment(self) -> float:
        """The present as providers count."""
        return self.now.timestamp()


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `broken`: `cut` ends in the middle of the body, `refused` is no answer at all."""

    body: bytes
    status: int = 200
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    broken: str = ""


class Provider(Protocol):
    """A simulated provider, as the servers see it."""

    @property
    def name(self) -> str:
        """Its key, and the first step of its addresses."""

    @property
    def addresses(self) -> tuple[tuple[str, str], ...]:
        """The settings that lead to it, each with what follows that first step."""

    def partner(self, asked: Asked) -> int | None:
        """Whose call it is, or claims to be."""

    def answer(self, asked: Asked) -> Reply:
        """The answer to one call."""

    def failure(self, status: int, retry_after: Any = None) -> Reply:
        """An error in its form."""


def json(value: Any, status: int = 200, **headers: str) -> Reply:
    """An answer in JSON."""
    return Reply(orjson.dumps(value), status, headers=headers)


def html(status: int = 200) -> Reply:
    """What stands there while somebody repairs the provider."""
    return Reply(HTML_PAGE, status, "text/html; charset=utf-8")
