"""`up`: redis, database, sandbox, web, dispatcher, workers and clocks on one machine, and what a person reads at the start.

What may not start is refused in `starting`; looking after what runs is the supervisor's.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import click

from dashboard import starting
from sync_jobs import logs, redis_server
from sync_jobs.models import db
from sync_jobs.settings import Settings
from sync_jobs.stopping import Stop
from sync_jobs.supervisor import AlreadyRunning, Supervisor, alone, programs, redis_program

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN = 60.0  # seconds
WAL = (
    "The database now keeps a -wal and a -shm file beside it. Programs that share it must run on this machine, must be allowed "
    "to write these two, and must never copy the database without them while this runs."
)


class CannotRun(Exception):
    """It cannot start; the text is the sentence that a person reads."""


def run(settings: Settings, environ: Mapping[str, str]) -> None:
    """Start everything, say where it is, look after it, stop it. Raises CannotRun."""
    stop = Stop().listen()
    try:
        with alone(settings.data_dir):
            simulated = starting.check_addresses(settings)
            _check_port(*_address(environ))
            supervisor = Supervisor(ROOT, settings.data_dir, _environment(settings, environ), stop)
            events = logs.into_file("sync_jobs.supervisor", supervisor.logs / "supervisor.log")
            try:
                _start(supervisor, settings, environ)
                if not stop.asked:
                    _say(settings, _address(environ), simulated)
                supervisor.watch()
                click.echo("\nStopping …")
            finally:
                supervisor.end()
                events.close()
            click.echo("Everything has stopped.")
    except (AlreadyRunning, starting.Refused, redis_server.NoRedis) as refused:
        raise CannotRun(str(refused)) from None


def _environment(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """What every child is told, so that all of them mean the same database, folder and time."""
    told = {"TZ": "UTC", "HUB_DATA": str(settings.data_dir), "HUB_MODE": settings.mode, "FLASK_SKIP_DOTENV": "1"}
    return {**environ, **told, "PYTHONUNBUFFERED": "1"}


def _start(supervisor: Supervisor, settings: Settings, environ: Mapping[str, str]) -> None:
    """In this order; each waits for what it needs."""
    made = starting.prepare_database(settings, db.engine)
    db.session.remove()
    _start_redis(supervisor, settings, environ)
    if settings.mode == "demo":
        _start_sandbox(supervisor, made=made)
    host, port = _address(environ)
    supervisor.start(*programs(settings.workers))
    if not supervisor.wait_until(lambda: _listens(_reachable(host), port), READY_WITHIN) and not supervisor.stop.asked:
        raise starting.Refused(f"The pages do not come up; {supervisor.logs / 'web.log'} says why.")


def _start_redis(supervisor: Supervisor, settings: Settings, environ: Mapping[str, str]) -> None:
    if environ.get("REDIS_URL"):
        if not redis_server.answers(settings.redis_url):
            raise redis_server.NoRedis("REDIS_URL is set, but no Redis answers there.")
        return
    child = supervisor.start(redis_program(redis_server.find(environ.get("REDIS_SERVER")), settings.data_dir))
    address = redis_server.url(settings.data_dir)
    redis_server.wait(address, lambda: child.alive)
    supervisor.environment["REDIS_URL"] = address


def _start_sandbox(supervisor: Supervisor, *, made: bool) -> None:
    raise NotImplementedError


def _address(environ: Mapping[str, str]) -> tuple[str, int]:
    port = environ.get("PORT", "8000")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise starting.Refused(f"PORT is {port}, which is no port.")
    return environ.get("HOST", "127.0.0.1"), int(port)


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  asked for by HOST


def _check_port(host: str, port: int) -> None:
    if _listens(_reachable(host), port):
        raise starting.Refused(f"Port {port} is taken by another program. Name a free one: PORT=8001")


def _listens(host: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


def _say(settings: Settings, address: tuple[str, int], simulated: list[str]) -> None:
    host, port = address
    click.echo(f"\nProject88Hub Sync is at  http://{_reachable(host)}:{port}/\n")
    if settings.mode == "serve":
        click.echo(WAL)
    if simulated and settings.mode == "serve":
        click.secho(f"REHEARSAL: not the real providers but {', '.join(simulated)}. Use it on a copy only.", bold=True)
    click.echo(f"Data and logs: {settings.data_dir}. Stop with ctrl-C (process {os.getpid()}).\n")
