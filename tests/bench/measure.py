"""One measurement in a process of its own: `python -m tests.bench.measure NAME '{…}'` prints what it found as one JSON line."""

from __future__ import annotations

import gc
import json
import resource
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import requests

from sync_jobs.models import db
from tests.bench import chain, checking, finishing, floor, ours, publishing, pushing, reviewing, side, six

Found = dict[str, Any]


class Watch:
    """Wall clock, processor time, and what the world was asked."""

    def __init__(self, control: str) -> None:
        self.control = control

    def __enter__(self) -> Watch:
        requests.get(f"{self.control}/_bench/asked", timeout=10)
        self.cpu, self.began = time.process_time(), time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds, self.cpu = time.monotonic() - self.began, time.process_time() - self.cpu
        self.asked = requests.get(f"{self.control}/_bench/asked", timeout=10).json()

    def told(self) -> Found:
        return {"seconds": self.seconds, "cpu": self.cpu, "asked": self.asked}


def floor_run(world: Found, folder: Path, redis: str, urls: list[str], races: list[Any], at_once: int = 1) -> Found:
    engine = floor.open_database(folder / "floor.db")
    floor.people.create(engine)
    found: Found = {}
    for name in ("first", "same"):
        with Watch(world["control"]) as watch:
            read = floor.loop(engine, urls, races, at_once)
        found[name] = {**watch.told(), "read": read}
    return found


def our_run(world: Found, folder: Path, redis: str, workers: int = 0, again: bool = True) -> Found:
    """First sync; then, unless told otherwise, a whole reading of the same, and a reading of changes."""
    app = ours.make_app(folder, world["url"], redis)
    found: Found = {}
    with app.app_context():
        ours.settle(world["secrets"])
        gc.collect()
        gc.freeze()  # as a worker does before its first job
        with ours.statements() as seen, Watch(world["control"]) as watch:
            ours.discover()
            discovered, statements = time.monotonic(), Counter(seen)
            ours.ask_for_everybody()
            together = ours.drain_together(app, workers) if workers else ours.drain()
        found["first"] = {
            **watch.told(),
            **ours.totals(),
            "discovery": discovered - watch.began,
            "statements": dict(seen - statements),
        }
        if together:
            found["first"]["seconds"] = found["first"]["discovery"] + together
        if again:
            ours.watch_participants()
            for name, hours in (("same", 21.0), ("changes", 0.5)):
                ours.later(hours)
                with ours.statements() as seen, Watch(world["control"]) as watch:
                    ours.ask_for_everybody()
                    ours.drain()
                found[name] = {**watch.told(), **ours.totals(), "statements": dict(seen), "writes": ours.participant_writes()}
        db.session.remove()
    return found


def main() -> None:
    name, given = sys.argv[1], json.loads(sys.argv[2])
    given["folder"] = Path(given["folder"])
    run = {
        "floor": floor_run,
        "ours": our_run,
        "side": side.run,
        "push": pushing.run,
        "chain": chain.run,
        "pairs": six.run,
        "results": finishing.run,
        "checks": checking.run,
        "review": reviewing.run,
        "publish": publishing.run,
    }[name]
    found = run(**given)
    found["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
