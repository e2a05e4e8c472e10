"""A hub of real processes for fault tests: a real redis-server, real workers and dispatchers, a database of its own.

The providers are the sandbox's servers in this process, so that a test can make them slow or broken while workers work.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from redis import Redis
from sqlalchemy import select

from dashboard.up import ROOT
from sync_jobs import ledger, redis_server, times
from sync_jobs.children import Child, Program
from sync_jobs.models import Edition, Run, db
from sync_jobs.stopping import Stop
from sync_jobs.supervisor import FLASK, Supervisor, redis_program
from tests.sync_jobs.hub import Hub

ACTOR = (sys.executable, "-m", "tests.faults.actors")
QUICK = {
    "HUB_LEASE": "3",
    "HUB_LEASE_RENEWAL": "0.5",
    "HUB_LEASE_GRACE": "0.2",
    "HUB_BACK_OFF": "0.2",
    "HUB_HINT_AGAIN_AFTER": "1",
    "HUB_DISPATCH_EVERY": "0.2",
    "HUB_CALL_TIMEOUT": "4",
}
LIMIT = 45.0  # seconds that any condition may take; the machine is shared


@dataclass
class House:
    """Processes over one data folder. What dies by itself is started again, as in production; what a test kills for good is not."""

    data: Path
    hub: Hub
    supervisor: Supervisor = field(init=False)

    def __post_init__(self) -> None:
        environment = {
            **os.environ, **QUICK, **self.hub.sandbox.urls, "HUB_DATA": str(self.data), "HUB_MODE": "serve", "TZ": "UTC",
            "FLASK_SKIP_DOTENV": "1", "SECRET_KEY": "of a test", "DATABASE_URL": f"sqlite:///{self.data / 'hub.db'}",
            "WORKERS": "3", "PYTHONWARNINGS": "ignore",
        }  # fmt: skip
        environment.pop("REDIS_URL", None)
        self.supervisor = Supervisor(ROOT, self.data, environment, Stop())

    # Processes

    def start_redis(self) -> Child:
        child = self.supervisor.start(redis_program(redis_server.find(), self.data))
        redis_server.wait(self.address, lambda: child.alive)
        return child

    def wipe_redis(self) -> None:
        shutil.rmtree(self.data / "redis")

    @property
    def address(self) -> str:
        return redis_server.url(self.data)

    def redis(self) -> Redis:
        return Redis.from_url(self.address)

    def start_worker(self, *, ready: bool = True, actor: tuple[str, ...] = ()) -> Child:
        name = f"worker-{sum(c.program.name.startswith('worker') for c in self.supervisor.children) + 1}"
        command = (*ACTOR, *actor) if actor else (*FLASK, "worker")
        child = self.supervisor.start(Program(name=name, command=command, grace=10.0))
        if ready:
            self.until(lambda: self.listens(child), f"{name} is ready")
        return child

    def start_workers(self, number: int) -> list[Child]:
        started = [self.start_worker(ready=False) for _ in range(number)]
        self.until(lambda: all(map(self.listens, started)), "the workers are ready")
        return started

    def start_dispatcher(self) -> Child:
        return self.supervisor.start(Program(name="dispatcher", command=(*FLASK, "dispatcher")))

    def listens(self, child: Child) -> bool:
        with self.redis() as redis:
            pids = [redis.hget(key, "pid") for key in redis.smembers("rq:workers")]
        return str(child.process.pid).encode() in pids

    def kill(self, child: Child, *, for_good: bool = True) -> None:
        """The hard way: SIGKILL."""
        child.kill()
        child.process.wait()
        if for_good:
            child.finish()
            self.supervisor.children.remove(child)
            child.close()

    def horse(self, worker: Child) -> psutil.Process | None:
        """The worker's own child, which does the job."""
        children = psutil.Process(worker.process.pid).children()
        return children[0] if children else None

    def end(self) -> None:
        self.supervisor.stop.ask()
        for child in self.supervisor.children:
            if child.alive:
                child.process.send_signal(signal.SIGCONT)
        self.supervisor.end()
        os.close(self.supervisor.stop.awake)
        os.close(self.supervisor.stop._wake)

    # Runs

    def until(self, condition: Callable[[], Any], what: str, seconds: float = LIMIT) -> Any:
        """Wait for a condition, looking after the processes meanwhile; its value."""
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            self.supervisor.look()
            db.session.rollback()
            assert time.monotonic() < deadline, f"it never came to this: {what}\n{self.logs()}"
            time.sleep(0.02)
        return found

    def logs(self) -> str:
        return "\n".join(f"== {log.name}\n{log.read_text()[-1500:]}" for log in sorted((self.data / "log").glob("*.log")))

    def write(self, edition: Edition) -> int:
        """A wish in the ledger, and no hint: as if the web had died right after its commit."""
        return ledger.request(
            self.hub.connection, "participants", edition=edition, trigger="manual", by="Ada", now=times.now()
        ).run_id

    def run(self, run_id: int) -> Run:
        return self.hub.run(run_id)

    def has(self, run_id: int, status: str) -> Callable[[], bool]:
        return lambda: self.run(run_id).status == status

    def until_done(self, *run_ids: int) -> None:
        wanted = set(run_ids)
        done = select(Run.run_id).where(Run.status == "completed")
        self.until(lambda: wanted <= set(db.session.scalars(done)), f"runs {sorted(wanted)} are completed")

    def attempts(self, run_id: int) -> list[str]:
        return [attempt.status for attempt in self.hub.attempts(run_id)]

    def pages_asked(self) -> list[str]:
        """After which registration each call for participants asked to go on, in order; "0" is a first page."""
        return [call.query["after_registration_id"] for call in self.hub.sandbox.requests.matching(path="participants")]


class Actor:
    """A process of `actors` that speaks in lines of JSON and goes on at a line of input."""

    def __init__(self, house: House, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*ACTOR, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=house.supervisor.environment,
        )

    def hear(self, lines: int = 1) -> list[Any]:
        return [json.loads(self.process.stdout.readline()) for _ in range(lines)]

    def go_on(self) -> None:
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self) -> int:
        self.process.communicate("\n", timeout=60)
        return self.process.returncode


class Rivals(Actor):
    """Several processes that do the same at the same instant."""

    def __init__(self, house: House, number: int, *arguments: str) -> None:
        super().__init__(house, "rivals", str(number), *arguments)
        self.number = number
        assert self.hear() == ["ready"]

    def compete(self) -> list[Any]:
        self.go_on()
        return self.hear(self.number)
