"""Stages for the incidents: how many people, and how many distances, a test says itself."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from sync_jobs.sandbox import servers
from sync_jobs.sandbox.world import World
from tests.conftest import NOW
from tests.incidents.stage import build


@pytest.fixture
def stage(app, clock):
    """A stage of so many people: `stage(60)`."""
    with ExitStack() as stack:

        def make(many=60, *, contests=1, **given):
            world = World.regular(anchor=NOW, editions=1, contests=contests, each=many)
            sandbox = stack.enter_context(servers.start(world, clock=clock))
            return build(app, clock, sandbox, world, **given)

        yield make
