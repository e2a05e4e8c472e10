"""A process that serves an invented world to a measurement: the sandbox, and before it a server that has every answer ready.

`python -m tests.bench.world SIZES…` (one number for each race: people in each of its two contests) prints its addresses and
serves until its input ends. The sandbox writes an answer the first time; from then on it is replayed from memory, so that
neither side of a comparison waits for the other's inventing.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import requests

from sync_jobs.sandbox import servers
from sync_jobs.sandbox.crowd import Crowd
from sync_jobs.sandbox.things import seconds
from sync_jobs.sandbox.world import World

ANCHOR = datetime.now(UTC)
FRESH = ("modified_after", "after_timestamp", "_since")  # answers that depend on when they are asked for


def build(sizes: list[int], contests: int) -> World:
    """One RunSignUp race for each size, in which nothing ever happens."""
    world = World.regular(anchor=ANCHOR, editions=len(sizes), contests=contests, each=0)
    people = []
    for happening, each in zip(world.happenings, sizes, strict=True):
        people += Crowd(world.seed, happening, seconds(world.anchor)).quiet(each)
    world._settle(people)
    return world


@dataclass
class Replay:
    """Answers by address, how long each takes, and what was asked."""

    behind: str
    latency: float = 0.0
    asked: list[str] = field(default_factory=list)
    answers: dict[str, tuple[int, str, bytes]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    session: requests.Session = field(default_factory=requests.Session)

    def answer(self, path: str, authorization: str | None) -> tuple[int, str, bytes]:
        with self.lock:
            self.asked.append(path)
        if self.latency:
            time.sleep(self.latency)
        if (kept := self.answers.get(path)) is not None:
            return kept
        headers = {"Authorization": authorization} if authorization else {}
        got = self.session.get(self.behind + path, headers=headers)
        made = got.status_code, got.headers.get("Content-Type", "application/json"), got.content
        if got.ok and not any(word in path for word in FRESH):
            self.answers[path] = made
        return made

    def control(self, path: str) -> bytes:
        """`/_bench/latency/0.15` sets how long an answer takes; `/_bench/asked` tells what was asked and forgets it."""
        with self.lock:
            if path.startswith("/_bench/latency/"):
                self.latency = float(path.rpartition("/")[2])
            told = json.dumps(self.asked).encode()
            self.asked.clear()
        return told


def serve(replay: Replay) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            if self.path.startswith("/_bench/"):
                status, kind, body = 200, "application/json", replay.control(self.path)
            else:
                status, kind, body = replay.answer(self.path, self.headers.get("Authorization"))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """The log is `asked`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main() -> None:
    contests, *sizes = (int(word) for word in sys.argv[1:])
    world = build(sizes, contests)
    running = servers.start(world)
    address = urlsplit(running.urls["RUNSIGNUP_URL"])
    server = serve(Replay(f"{address.scheme}://{address.netloc}"))
    front = f"http://127.0.0.1:{server.server_port}"
    told = {"url": front + address.path, "control": front, "secrets": world.credentials(1, "runsignup")}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.shutdown()
    running.stop()


if __name__ == "__main__":
    main()
