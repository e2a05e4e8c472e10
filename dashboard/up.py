"""`up`: redis, database, sandbox, web, dispatcher, workers and clocks on one machine, and what a person reads at the start.

What may not start is refused in `starting`; looking after what runs is the supervisor's.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import click
from sqlalchemy import select

from dashboard import starting
from sync_jobs import logs, redis_server
from sync_jobs.children import Program
from sync_jobs.models import HubFact, PartnerSettings, db
from sync_jobs.sandbox import load, servers
from sync_jobs.settings import Settings
from sync_jobs.stopping import Stop
from sync_jobs.supervisor import FLASK, AlreadyRunning, Supervisor, alone, programs, redis_program

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
    os.umask(0o077)  # database, logs and sockets that we make are ours alone
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
    starting.prepare_database(settings, db.engine)
    db.session.remove()
    _start_redis(supervisor, settings, environ)
    if settings.mode == "demo":
        _start_sandbox(supervisor)
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


def _start_sandbox(supervisor: Supervisor) -> None:
    """The simulated providers, and (once) their world in the database. Everybody who starts later is told where they are."""
    port = redis_server.free_port()
    supervisor.start(Program(name="sandbox", command=(*FLASK, "sandbox", "serve", "--port", str(port))))
    supervisor.environment.update(servers.urls_at(f"http://127.0.0.1:{port}"))
    if not _loaded():
        loading = subprocess.run([*FLASK, "sandbox", "load"], cwd=ROOT, env=supervisor.environment, capture_output=True, text=True)  # noqa: S603, PLW1510  our own command; its failure is told below
        if loading.returncode and not supervisor.stop.asked:
            raise starting.Refused(loading.stderr.strip().splitlines()[-1].removeprefix("Error: "))
    if not supervisor.wait_until(lambda: _listens("127.0.0.1", port), READY_WITHIN) and not supervisor.stop.asked:
        raise starting.Refused(f"The sandbox does not come up; {supervisor.logs / 'sandbox.log'} says why.")


def _loaded() -> bool:
    """Whether the world is in the database and all its partners were started; loading can be killed between the two."""
    known = db.session.get(HubFact, load.FACT) is not None
    waiting = db.session.scalar(select(PartnerSettings.timing_partner_id).where(PartnerSettings.started_at.is_(None)).limit(1))
    db.session.rollback()
    return known and waiting is None


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
    for line in _people() if settings.mode == "demo" else [WAL]:
        click.echo(line)
    if simulated and settings.mode == "serve":
        click.secho(f"REHEARSAL: not the real providers but {', '.join(simulated)}. Use it on a copy only.", bold=True)
    click.echo(f"Data and logs: {settings.data_dir}. Stop with ctrl-C (process {os.getpid()}).\n")


def _people() -> list[str]:
    """Who may sign in to a demonstration."""
    return ["Sign in as", *(f"  {f'{role}@example.com':28}{load.PASSWORD:8}{name}" for role, name, _ in load.PEOPLE), ""]
