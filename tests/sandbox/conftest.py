"""Running sandboxes over small worlds, and the calls that a client makes to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from sync_jobs.sandbox import servers
from sync_jobs.sandbox.servers import Running
from sync_jobs.sandbox.world import World
from tests.conftest import NOW, Clock


@dataclass
class Client:
    """Somebody with the credentials of one partner."""

    running: Running
    partner: int = 1
    session: requests.Session = field(default_factory=requests.Session)

    def runsignup(self, path: str, **query: Any) -> Any:
        return self.runsignup_reply(path, **query).json()

    def runsignup_reply(self, path: str, **query: Any) -> requests.Response:
        keys = self.running.credentials(self.partner, "runsignup")
        return self.session.get(self.running.urls["RUNSIGNUP_URL"] + path, params={**keys, "format": "json", **query})

    def people(self, race: int, event: Any, **query: Any) -> list[dict[str, Any]]:
        elements = self.runsignup(f"/race/{race}/participants", event_id=event, **query)
        return [row for element in elements for row in element.get("participants", [])]

    def login(self, **given: Any) -> requests.Response:
        form = {"grant_type": "access_token", **self.running.credentials(self.partner, "raceroster"), **given}
        return self.session.post(self.running.urls["RACEROSTER_AUTH_URL"], data=form)

    def raceroster(self, path: str, **query: Any) -> requests.Response:
        if "Authorization" not in self.session.headers:
            self.session.headers["Authorization"] = f"Bearer {self.login().json()['data'][0]['access_token']}"
        return self.session.get(self.running.urls["RACEROSTER_URL"] + path, params=query)

    def control(self, path: str, **given: Any) -> requests.Response:
        return self.session.post(f"{self.running.base}/_sandbox/{path}", json=given)


@pytest.fixture(scope="session")
def full() -> World:
    """The world of the demonstration. Tests that change a world make one of their own."""
    return World.build(anchor=NOW)


@pytest.fixture
def world() -> World:
    return World.build(anchor=NOW, partners=4, editions=14, registrations=600)


@pytest.fixture
def running(world: World, clock: Clock) -> Iterator[Running]:
    with servers.start(world, clock=clock) as running:
        yield running


@pytest.fixture
def client(running: Running) -> Iterator[Client]:
    client = Client(running)
    yield client
    client.session.close()


@pytest.fixture
def even(clock: Clock) -> Iterator[Client]:
    """A world in which every number is known: two races of two contests of thirty people."""
    with servers.start(World.regular(anchor=NOW, editions=2, contests=2, each=30), clock=clock) as running:
        client = Client(running)
        yield client
        client.session.close()
