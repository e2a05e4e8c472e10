"""A program that runs as our child: started, listened to, started again when it dies, asked to stop, killed.

Which programs there are and in what order they stop is the supervisor's.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from logging import makeLogRecord
from logging.handlers import RotatingFileHandler
from pathlib import Path

from sync_jobs import stopping
from sync_jobs.kit.redact import Redact

FIRST_WAIT, LONGEST_WAIT = 0.25, 30.0  # seconds before a dead program is started again; doubles with each death
WELL_AFTER = 30.0  # seconds of life after which a death counts as the first
LOG_SIZE, LOGS_KEPT = 5_000_000, 3
AT_ONCE = 65_536  # bytes of output read in one go


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run. `grace` is how long it may take to stop, in seconds, before it is killed."""

    name: str
    command: tuple[str, ...]
    grace: float = 2.0


@dataclass(slots=True)
class Child:
    """One program and its present process. Its output goes line by line into a log that does not grow for ever."""

    program: Program
    environment: Mapping[str, str]
    folder: Path  # where it runs
    logs: Path
    process: subprocess.Popen[bytes] | None = None
    deaths: int = 0
    started: float = 0.0
    again_at: float | None = None
    _rest: bytes = b""
    _log: RotatingFileHandler = field(init=False)

    def __post_init__(self) -> None:
        self._log = RotatingFileHandler(self.logs / f"{self.program.name}.log", maxBytes=LOG_SIZE, backupCount=LOGS_KEPT)
        self._log.addFilter(Redact())

    def start(self) -> None:
        """Begin a process in a session of its own (ctrl-C reaches us, not it) that ends when we end."""
        self.again_at, self.started, self._rest = None, time.monotonic(), b""
        self.process = subprocess.Popen(  # noqa: S603  the commands are our own
            self.program.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(self.environment),
            cwd=self.folder,
            start_new_session=True,
            preexec_fn=partial(stopping.die_with_parent, os.getpid()),  # noqa: PLW1509  the supervisor has one thread
        )
        if self.process.stdout is not None:
            os.set_blocking(self.process.stdout.fileno(), False)

    @property
    def alive(self) -> bool:
        """Whether its process is there."""
        return self.process is not None and self.process.poll() is None

    def listen(self) -> bool:
        """Move what it has said into its log. False when it says nothing at present, or nothing more."""
        if self.process is None or self.process.stdout is None or self.process.stdout.closed:
            return False
        try:
            said = os.read(self.process.stdout.fileno(), AT_ONCE)
        except BlockingIOError:
            return False
        *lines, self._rest = (self._rest + said).split(b"\n")
        for line in lines:
            self._write(line)
        return bool(said)

    def _write(self, line: bytes) -> None:
        if line.strip():
            self._log.handle(makeLogRecord({"msg": line.decode(errors="replace").rstrip(), "args": ()}))

    def bury(self, now: float) -> float:
        """Its process has ended: close what is left of it. Returns in how many seconds it starts again."""
        self.finish()
        self.deaths = 1 if now - self.started > WELL_AFTER else self.deaths + 1
        wait: float = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (self.deaths - 1))
        self.again_at = now + wait
        return wait

    def ask(self) -> None:
        """Ask it to stop."""
        if self.process is not None and self.alive:
            self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it. What it started itself ends with it, by the same wish to the kernel."""
        if self.process is not None and self.alive:
            self.process.kill()

    def finish(self) -> None:
        """Reap it, read its last words, close its output."""
        if self.process is None or self.process.stdout is None:
            return
        self.process.wait()
        while self.listen():
            continue
        self._write(self._rest)
        self._rest = b""
        self.process.stdout.close()

    def close(self) -> None:
        """Close its log, at the very end."""
        self._log.close()
