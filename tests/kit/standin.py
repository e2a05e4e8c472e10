"""A throwaway HTTP server that answers what a test puts in a list, and remembers what it was asked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from sync_jobs.kit.base import Access
from sync_jobs.kit.pace import NoLimit

NOW = datetime(2026, 6, 12, 15, 0, tzinfo=UTC)


@dataclass
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    form: dict[str, str]
    connection: int
    body: bytes = b""


@dataclass
class Answer:
    """What to send. `cut` closes after so many bytes; `drip` waits that long before each of ten parts."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    drip: float = 0.0
    mute: bool = False

    def bytes(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else orjson.dumps(self.body)


class StandIn:
    """`answers` are given in turn and the last one again and again; or `answer` decides from what was asked."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.answer: Callable[[Asked], Answer] | None = None
        self.asked: list[Asked] = []
        self.connections: set[int] = set()
        self.url = ""
        self.stopping = threading.Event()

    def give(self, *answers: Answer) -> None:
        self.answers = list(answers)

    def choose(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        self.connections.add(asked.connection)
        if self.answer is not None:
            return self.answer(asked)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body in one packet

    def log_message(self, *_: Any) -> None:
        pass

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        form = dict(parse_qsl(body.decode()))
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(self.server.stand_in.choose(Asked(self.command, parts.path, query, headers, form, self.client_address[1], body)))

    do_GET = do_POST = do_PUT = _serve  # noqa: N815  the names that the base class asks for

    def _send(self, answer: Answer) -> None:
        if answer.mute:
            self.server.stand_in.stopping.wait(20)
            self.close_connection = True
            return
        body = answer.bytes()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self._write(answer, body)
            self.wfile.flush()
        except OSError:
            self.close_connection = True

    def _write(self, answer: Answer, body: bytes) -> None:
        if answer.drip:
            size = max(1, len(body) // 10)
            for at in range(0, len(body), size):
                if self.server.stand_in.stopping.wait(answer.drip):
                    return
                self.wfile.write(body[at : at + size])
                self.wfile.flush()
        elif answer.cut is not None:
            self.wfile.write(body[: answer.cut])
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        else:
            self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    stand_in: StandIn

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up early is what some tests are about."""


@contextmanager
def stand_in() -> Iterator[StandIn]:
    it = StandIn()
    server = _Server(("127.0.0.1", 0), _Handler)
    server.stand_in = it
    it.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield it
    finally:
        it.stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()


class Tokens:
    """A token store in memory that can be looked at."""

    def __init__(self, token: dict[str, Any] | None = None) -> None:
        self.token, self.saves = token, 0

    def load(self) -> dict[str, Any] | None:
        return self.token

    def save(self, token: dict[str, Any]) -> None:
        self.token, self.saves = token, self.saves + 1


SECRETS = {"api_key": "k-visible-1", "api_secret": "s-hidden-22"}


def access(urls: dict[str, str], **changes: Any) -> Access:
    given: dict[str, Any] = {
        "connection_id": 1, "secrets": SECRETS, "urls": urls, "tokens": Tokens(), "limiter": NoLimit(), "now": lambda: NOW,
        "call_timeout": 1.0, "retry_waits": (0.001, 0.002),
    }  # fmt: skip
    return Access(**{**given, **changes})
