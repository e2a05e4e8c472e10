"""A process that serves both sides of an invented world to a measurement, and how a measurement speaks to it.

`python -m tests.bench.sides '{…}'` prints its addresses and everybody's credentials, and serves until its input ends.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import requests

from sync_jobs.providers import ADAPTERS
from sync_jobs.sandbox import plan, servers
from sync_jobs.sandbox.crowd import Crowd
from sync_jobs.sandbox.things import PROVIDERS, Registration, seconds
from sync_jobs.sandbox.world import World
from tests.bench.around import ROOT

HOUR = 3600
MOST_NOTED = 20_000  # calls that the sandbox's journal lists


def build(*, at: list[str], each: int, contests: int = 2, partners: int = 1, scored_at: str | None = None,
          hours: float | None = None, scoring: list[str] | None = None) -> World:  # fmt: skip
    """One event for each of `at` (a registration provider), partners in turn, so many people in each contest.

    With `scored_at` everybody is on its start list already; else lists are empty, each partner's at their own scoring provider,
    or at the one that `scoring` names for each partner.
    """
    world = World.regular(anchor=datetime.now(UTC), editions=0, partners=partners)
    world.scored_at = scored_at
    if scoring:
        both = zip(world.partners, at, scoring, strict=False)
        world.partners = [replace(one, providers=("runsignup", registers), scoring=(scores,)) for one, registers, scores in both]
    planner = plan.Planner(world.seed, world.anchor, world.partners, PROVIDERS)
    people: list[Registration] = []
    for index, provider in enumerate(at):
        edition = planner.even(index, contests, provider)
        if hours is not None:
            edition.starts_at = seconds(world.anchor) + int(hours * HOUR)
            for contest in edition.happenings[0].contests:
                contest.starts_at = edition.starts_at
        world.editions.append(edition)
        world.happenings += edition.happenings
        people += Crowd(world.seed, edition.happenings[0], seconds(world.anchor)).quiet(each)
    world._settle(people)
    return world


@dataclass(frozen=True)
class Served:
    """The served world, as a measurement sees it."""

    base: str
    urls: dict[str, str]
    secrets: dict[str, dict[str, str]]

    def tell(self, what: str, **given: Any) -> Any:
        """Something happens at a provider."""
        answer = requests.post(f"{self.base}/_sandbox/{what}", json=given, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ask(self, what: str) -> Any:
        return requests.get(f"{self.base}/_sandbox/{what}", timeout=60).json()

    def asked(self) -> dict[str, Any]:
        """Every call since the last `forget`, the latest of them in full."""
        told: dict[str, Any] = self.ask(f"requests?latest={MOST_NOTED}")
        return told

    def forget(self) -> None:
        self.tell("requests/clear")


@contextmanager
def served(latency_ms: float = 0, **spec: Any) -> Iterator[dict[str, Any]]:
    """The fields of a `Served`, ready to be handed to another process."""
    command = [sys.executable, "-m", "tests.bench.sides", json.dumps({"latency_ms": latency_ms, "spec": spec})]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield json.loads(process.stdout.readline())  # type: ignore[union-attr]  # it is a pipe
        finally:
            process.stdin.close()  # type: ignore[union-attr]  # it is a pipe


def main() -> None:
    given = json.loads(sys.argv[1])
    world = build(**given["spec"])
    with servers.start(world, latency_ms=given["latency_ms"]) as running:
        secrets = {f"{p.number}/{key}": world.credentials(p.number, key) for p in world.partners for key in ADAPTERS}
        sys.stdout.write(json.dumps({"base": running.base, "urls": running.urls, "secrets": secrets}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
