"""The simulated providers as one real HTTP server on this machine: sockets, threads, latency, and the faults that break lines.

What is answered is left to each provider's module and to `control`.
"""

from __future__ import annotations

import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sync_jobs import times
from sync_jobs.sandbox.chronotrack import ChronoTrack
from sync_jobs.sandbox.control import Control, Keep
from sync_jobs.sandbox.copernico import Copernico
from sync_jobs.sandbox.faults import Faults
from sync_jobs.sandbox.haku import Haku
from sync_jobs.sandbox.journal import Journal, Noted, blanked
from sync_jobs.sandbox.raceroster import RaceRoster
from sync_jobs.sandbox.runsignup import RunSignUp
from sync_jobs.sandbox.scoring import Scoring
from sync_jobs.sandbox.talk import Asked, Provider, Reply, html
from sync_jobs.sandbox.world import World

log = logging.getLogger(__name__)
Clock = Callable[[], datetime]
REGISTRATION: tuple[Callable[[World], Provider], ...] = (RunSignUp, RaceRoster, Haku)
SCORING: tuple[Callable[[Scoring], Provider], ...] = (ChronoTrack, Copernico)


class Running:
    """A sandbox that listens. `urls` are settings of the same names; `faults` and `requests` are its controls."""

    def __init__(self, world: World, *, host: str, port: int, latency_ms: float, clock: Clock, keep: Keep) -> None:
        self.world, self.clock, self.latency_ms = world, clock, latency_ms
        self.faults, self.requests = Faults(), Journal()
        self.scoring = Scoring(world, keep=keep)
        made: list[Provider] = [*(kind(world) for kind in REGISTRATION), *(kind(self.scoring) for kind in SCORING)]
        self.providers: Mapping[str, Provider] = {provider.name: provider for provider in made}
        self.results = next(one.results for one in made if isinstance(one, RunSignUp))
        self.race_results = next(one.results for one in made if isinstance(one, RaceRoster))
        self.results.keep = self.race_results.keep = keep
        self.control = Control(world, self.faults, self.requests, keep, self.scoring, self.results, self.race_results)
        self.stopping = threading.Event()
        self._server = _Server((host, port), self)
        self.port = self._server.server_address[1]
        self.base = f"http://{host}:{self.port}"
        self.urls = urls_at(self.base)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="sandbox", daemon=True)
        self._thread.start()

    def credentials(self, partner: int, provider: str) -> dict[str, str]:
        """What that partner's connection needs."""
        return self.world.credentials(partner, provider)

    def stop(self) -> None:
        """Close every socket and wait for every thread. A fault in the sandbox itself comes out here."""
        self.stopping.set()
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()
        if self._server.crashes:
            raise RuntimeError("The sandbox itself failed.") from self._server.crashes[0]

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes, client: str) -> Reply:
        """One call of any kind."""
        parts = urlsplit(target)
        prefix, _, path = unquote(parts.path).lstrip("/").partition("/")
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        asked = Asked(method=method, path=f"/{path}", query=query, headers=headers, body=body, client=client, now=self.clock())
        if prefix == "_sandbox":
            return self.control.answer(asked)
        provider = self.providers.get(prefix.lower())
        return Reply(b"Nobody lives here.", 404, "text/plain") if provider is None else self._provided(provider, asked)

    def _provided(self, provider: Provider, asked: Asked) -> Reply:
        began, partner = time.monotonic(), provider.partner(asked)
        faults = self.faults.striking(provider.name, partner, asked.path, asked.now)
        (at_once, volume), reply = self.requests.enter(provider.name, partner), Reply(b"", 0, broken="refused")
        try:
            self.stopping.wait((self.latency_ms + float(faults.get("slow") or 0)) / 1000)
            reply = _disturbed(provider, Asked(**{**_fields(asked), "faults": faults}))
        finally:
            status = 0 if reply.broken == "refused" else reply.status
            self.requests.leave(Noted(
                at=asked.now, provider=provider.name, partner=partner, method=asked.method, path=asked.path,
                query=blanked(asked.query), status=status, ms=(time.monotonic() - began) * 1000, faults=tuple(faults),
                at_once=at_once,
            ), volume)  # fmt: skip
        return reply


def start(
    world: World, *, host: str = "127.0.0.1", port: int = 0, latency_ms: float = 0, clock: Clock = times.now,
    keep: Keep = lambda *_: None,
) -> Running:  # fmt: skip
    """Listen, on a free port unless one is named. Stop it with `.stop()`, or use it in a `with`."""
    return Running(world, host=host, port=port, latency_ms=latency_ms, clock=clock, keep=keep)


def urls_at(base: str) -> dict[str, str]:
    """The settings that put a sandbox listening there in the providers' place."""
    kinds: list[Any] = [*REGISTRATION, *SCORING]
    return {name: f"{base}/{kind.name}{path}" for kind in kinds for name, path in kind.addresses}


def _fields(asked: Asked) -> dict[str, Any]:
    return {name: getattr(asked, name) for name in ("method", "path", "query", "headers", "body", "client", "now")}


def _disturbed(provider: Provider, asked: Asked) -> Reply:
    """The provider's answer, or what a fault makes of it."""
    faults = asked.faults
    if "refused" in faults:
        return Reply(b"", broken="refused")
    if "html" in faults:
        status = faults["html"]
        return html(status if isinstance(status, int) and status >= 200 else 200)
    if "not_json" in faults:
        return Reply(b'{"data": [oops')
    if "status" in faults or ("poison" in faults and str(faults["poison"]).encode() in asked.body):
        return provider.failure(int(faults.get("status") or 500))
    if "status_429" in faults:
        return provider.failure(429, faults["status_429"])
    return _answered(provider, asked)


def _answered(provider: Provider, asked: Asked) -> Reply:
    """What was asked is done, whatever becomes of the answer."""
    reply, faults = provider.answer(asked), asked.faults
    if "lost_reply" in faults:
        return Reply(b"", broken="refused")
    if "late_500" in faults:
        return provider.failure(500)
    return Reply(reply.body, reply.status, reply.kind, reply.headers, "cut") if "cut" in faults else reply


class _Server(ThreadingHTTPServer):
    """Threads that are waited for, and sockets that are all closed at the end."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], running: Running) -> None:
        self.running = running
        self.crashes: list[BaseException] = []
        self._open: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the conversations that clients keep open."""
        for request in tuple(self._open):
            try:
                request.shutdown(socket.SHUT_RDWR)
            except OSError:  # the other side was faster
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """A client that went away is daily business; anything else is a fault of the sandbox."""
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError):
            self.crashes.append(error)
            log.error("The sandbox itself failed.", exc_info=error)


class _Handler(BaseHTTPRequestHandler):
    """One conversation, kept open between calls."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server: _Server

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.running.answer(self.command, self.path, headers, body, self.client_address[0])
        if reply.broken == "refused":
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in {"Content-Type": reply.kind, "Content-Length": str(len(reply.body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if reply.broken == "cut":
            self.close_connection = True
        self.wfile.write(reply.body[: len(reply.body) // 2] if reply.broken == "cut" else reply.body)
        self.wfile.flush()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815  the names that http.server looks for

    def log_message(self, *_: Any) -> None:
        """The journal has it."""
