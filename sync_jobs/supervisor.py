"""Everything on one machine under one command: starts the programs in order, starts again what dies, stops them in order.

It decides nothing about runs: it may be killed at any line, and what it started dies with it. What has to be there before
it begins (a database, a world) is prepared by the command that calls it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sync_jobs import redis_server
from sync_jobs.children import Child, Program
from sync_jobs.stopping import Stop

log = logging.getLogger(__name__)
LOOK_EVERY = 0.2  # seconds
STOP_WITHIN = 12.5  # seconds for everything; a person was promised 15
FOR_THE_REST = 2.5  # of these, kept for the programs that stop after the workers
WORKER_GRACE = 10.0
FLASK = (sys.executable, "-m", "flask", "--app", "wsgi")
WEB = (sys.executable, "-m", "gunicorn", "--config", "python:dashboard.web_server", "wsgi:app")
STOPPING_ORDER = ("scheduler", "dispatcher", "worker", "clock", "web", "sandbox", "redis")


class AlreadyRunning(Exception):
    """Another supervisor has this data folder; the text is the sentence that a person reads."""


def programs(workers: int) -> list[Program]:
    """What runs beside redis and the sandbox, in the order in which it starts."""
    return [
        Program(name="web", command=WEB, grace=3.0),
        Program(name="dispatcher", command=(*FLASK, "dispatcher")),
        *(Program(name=f"worker-{n}", command=(*FLASK, "worker"), grace=WORKER_GRACE) for n in range(1, workers + 1)),
        Program(name="clock", command=(*FLASK, "worker", "--queue", "clock")),
        Program(name="scheduler", command=(*FLASK, "clock")),
    ]


def redis_program(binary: str, data: Path) -> Program:
    """Our redis-server, configured."""
    return Program(name="redis", command=(binary, str(redis_server.configure(data))))


@contextmanager
def alone(data: Path) -> Iterator[None]:
    """Hold the data folder's lock, which the kernel gives back however we end. Raises AlreadyRunning."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (data / "supervisor.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            who = file.read().strip() or "unknown"
            raise AlreadyRunning(f"This data folder is in use: process {who} runs on {data} already.") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


class Supervisor:
    """The children, in the order in which they were started."""

    def __init__(self, folder: Path, data: Path, environment: Mapping[str, str], stop: Stop) -> None:
        self.folder, self.stop = folder, stop
        self.environment = dict(environment)  # may grow between starts: where the sandbox listens, for one
        self.logs = data / "log"
        self.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.children: list[Child] = []

    def start(self, *wanted: Program) -> Child:
        """Start these programs; from now on they are looked after. Returns the last one."""
        for program in wanted:
            child = Child(program, dict(self.environment), self.folder, self.logs)
            self.children.append(child)
            child.start()
            log.info("%s: process %s", program.name, child.process.pid if child.process else "?")
        return self.children[-1]

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> bool:
        """Look after the children until something is ready. False when it is not in time, or we are to stop."""
        until = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > until or self.stop.wait(0.05):
                return False
            self.look()
        return True

    def watch(self) -> None:
        """Look after the children until told to stop."""
        while not self.stop.wait(LOOK_EVERY):
            self.look()

    def look(self) -> None:
        """Move what the children said into their logs; start again whoever has ended, after a while."""
        now = time.monotonic()
        for child in self.children:
            while child.listen():
                continue
            if child.again_at is not None:
                if now >= child.again_at:
                    child.start()
            elif not child.alive:
                code = child.process.returncode if child.process else None
                log.warning("%s ended (%s) and starts again in %.1f s", child.program.name, code, child.bury(now))

    def end(self) -> None:
        """Stop everything in order; whoever takes too long, or a second ctrl-C, is answered by killing."""
        asked, deadline = self.stop.asked, time.monotonic() + STOP_WITHIN
        for kind in STOPPING_ORDER:
            group = [child for child in self.children if child.program.name.split("-")[0] == kind]
            keep = FOR_THE_REST if kind in STOPPING_ORDER[:3] else 0.0
            self._end_group(group, deadline - keep, asked)
        for child in self.children:
            child.close()

    def _end_group(self, group: Sequence[Child], deadline: float, asked: int) -> None:
        for child in group:
            child.again_at = None
            child.ask()
        began = time.monotonic()
        limit = min(deadline, began + max((child.program.grace for child in group), default=0.0))
        while any(child.alive for child in group) and time.monotonic() < limit and self.stop.asked <= max(asked, 1):
            for child in self.children:
                while child.listen():
                    continue
            time.sleep(0.02)
        for child in group:
            if child.alive:
                log.warning("%s did not stop in time and was killed", child.program.name)
                child.kill()
            child.finish()
            log.info("%s stopped after %.1f s", child.program.name, time.monotonic() - began)
