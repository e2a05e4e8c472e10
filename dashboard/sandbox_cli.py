"""The sandbox's commands: serve the simulated providers, load the invented world, show what to type into its forms."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import click
from flask.cli import AppGroup

from sync_jobs import logs, times
from sync_jobs.providers import label
from sync_jobs.sandbox import kept, load, servers
from sync_jobs.settings import settings
from sync_jobs.stopping import Stop

sandbox = AppGroup("sandbox", help="An invented world behind simulated providers: for demonstrations, rehearsals and tests.")
Command = Callable[..., Any]


def sized(command: Command) -> Command:
    """Options that say how large the world is; only the first start in a data folder heeds them."""
    for name, usual in asdict(kept.Size()).items():
        command = click.option(
            f"--{name}", type=click.IntRange(min=1), default=usual, envvar=f"SANDBOX_{name.upper()}", show_default=True
        )(command)
    return command


@sandbox.command()
@click.option("--port", type=int, default=8088, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--latency-ms", type=float, default=0, envvar="SANDBOX_LATENCY_MS", help="How long every answer takes.")
@sized
def serve(port: int, host: str, latency_ms: float, **size: int) -> None:
    """Be the providers until told to stop."""
    logs.set_up()
    folder, stop = settings().data_dir, Stop().listen()
    world = kept.open_world(folder, kept.Size(**size), times.now())
    with servers.start(world, host=host, port=port, latency_ms=latency_ms, keep=kept.keeper(folder)) as running:
        for what, at, given in kept.deeds(folder):
            running.control.do(what, at, given)
        for name, url in running.urls.items():
            click.echo(f"{name}={url}")
        given_out = settings().mode != "demo"
        gc.freeze()  # a world is large, and looking through it once more at the end takes longer than stopping may
        while not stop.wait(2.0):
            given_out = given_out or load.give_editions(times.now())


@sandbox.command("load")
@sized
def load_world(**size: int) -> None:
    """Put partners, connections and demo people into a database that was made for the sandbox. Twice changes nothing."""
    world = kept.open_world(settings().data_dir, kept.Size(**size), times.now())
    try:
        fresh = load.load(world, times.now())
    except load.NotOurs as refused:
        raise click.ClickException(str(refused)) from None
    click.echo(f"{len(world.partners)} invented partners are {'loaded' if fresh else 'there already'}. Sign in as")
    for role, _name, _partner in load.PEOPLE:
        click.echo(f"  {role}@example.com, password {load.PASSWORD}")


@sandbox.command()
@click.option("--partner", type=int, help="Only this one.")
@sized
def credentials(partner: int | None, **size: int) -> None:
    """Show what to type into a connection's form in a rehearsal."""
    world = kept.open_world(settings().data_dir, kept.Size(**size), times.now())
    for company in world.partners:
        if partner in {None, company.number}:
            for provider in (*company.providers, *company.scoring):
                click.echo(f"{company.number}  {company.name}, {label(provider)}")
                for name, value in world.credentials(company.number, provider).items():
                    click.echo(f"     {name:14} {value}")
