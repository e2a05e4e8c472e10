"""The commands that are processes: each of them alone, for systemd and compose, and `up`, which runs them all."""

from __future__ import annotations

import gc
import logging
import os
import time

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from redis import Redis, RedisError

from dashboard import up as everything
from sync_jobs import clock as metronome
from sync_jobs import dispatcher as dispatching
from sync_jobs import jobs, logs, stopping, times
from sync_jobs.settings import settings
from sync_jobs.worker import HubWorker

NO_REDIS = "Redis does not answer. Start it, or name another in REDIS_URL."


def register(app: Flask) -> None:
    """Add the commands."""
    for command in (up, worker, dispatcher, clock, tick):
        app.cli.add_command(command)


@click.command("up")
@with_appcontext
def up() -> None:
    """Run everything on this machine until ctrl-C."""
    _begin(logging.WARNING)
    try:
        everything.run(settings(), dict(os.environ))
    except everything.CannotRun as refused:
        raise click.ClickException(str(refused)) from None


@click.command()
@click.option("--queue", type=click.Choice([jobs.SYNC_QUEUE, jobs.CLOCK_QUEUE]), default=jobs.SYNC_QUEUE, show_default=True)
@with_appcontext
def worker(queue: str) -> None:
    """Do the jobs of one queue, one at a time."""
    _begin()
    try:
        HubWorker(_app(), _redis(), queue).work()
    except RedisError:
        raise click.ClickException(NO_REDIS) from None


@click.command()
@with_appcontext
def dispatcher() -> None:
    """See to it that nothing is forgotten; at least one has to run."""
    _begin()
    dispatching.run(_app(), stopping.Stop().listen())


@click.command()
@with_appcontext
def clock() -> None:
    """Be the metronome (rq-scheduler); `tick` from cron can take its place."""
    _begin()
    try:
        metronome.run(_redis(), settings().tick_every)
    except RedisError:
        raise click.ClickException(NO_REDIS) from None


@click.command()
@with_appcontext
def tick() -> None:
    """Do one beat of the clock: request what is due, take back what died, tell the workers."""
    _begin()
    requested = jobs.tick(times.now())
    click.echo(f"{len(requested)} runs requested")


def _begin(level: int = logging.INFO) -> None:
    """All processes live in UTC, say what happens on standard error, and never again look through what is loaded by now."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    logs.set_up(level)
    gc.freeze()  # or a busy machine spends a second on the end of each


def _app() -> Flask:
    return current_app._get_current_object()  # type: ignore[attr-defined,no-any-return]  # noqa: SLF001  the real one, not its stand-in


def _redis() -> Redis:
    """With the library's own patience, unlike a page's client."""
    return Redis.from_url(settings().redis_url)
