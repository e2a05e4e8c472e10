"""A provider that answers what a test says, and a client that speaks to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from sync_jobs.kit.auth import QueryKeys
from sync_jobs.kit.base import CredentialField
from sync_jobs.kit.client import Client
from tests.kit.standin import StandIn, access, stand_in

FIELDS = (CredentialField(name="api_key", label="API key"), CredentialField(name="api_secret", label="API secret"))


@pytest.fixture
def provider() -> Iterator[StandIn]:
    with stand_in() as it:
        yield it


@pytest.fixture
def client(provider: StandIn) -> Iterator[Callable[..., Client]]:
    """Makes clients, and closes them."""
    made: list[Client] = []

    def make(**changes: object) -> Client:
        refusal = changes.pop("refusal", None)
        given = access({}, **changes)
        made.append(Client(given, provider="Example", base=provider.url, calls=[], auth=QueryKeys(given, FIELDS), refusal=refusal))
        return made[-1]

    yield make
    for one in made:
        one.close()
