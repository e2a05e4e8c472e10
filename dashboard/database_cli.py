"""The commands that look at a database file and take it over. What they do is left to `sync_jobs.schema`.

Exit codes: 0 nothing (left) to do, 1 `check` found something to do, 2 a problem, said in one sentence.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

import click
from flask.cli import AppGroup

from sync_jobs import schema, times

SOMETHING_TO_DO, PROBLEM = 1, 2

group = AppGroup("database", help="Check a customer's race_results.db, and take it over.")
file_option = click.option("--database", "file", required=True, type=click.Path(path_type=Path), help="The SQLite file.")


@group.command("check")
@file_option
@click.pass_context
def check(context: click.Context, file: Path) -> None:
    """Say what an upgrade would do. Opens the file read-only; exits with 1 if there is something to do."""
    try:
        found = schema.check(file, times.now())
    except schema.SchemaProblem as problem:
        _fail(context, problem)
    _say(schema.plan_words(found))
    context.exit(0 if found.nothing else SOMETHING_TO_DO)


@group.command("upgrade")
@file_option
@click.pass_context
def upgrade(context: click.Context, file: Path) -> None:
    """Bring the file to our schema: a backup first, then one transaction, all or nothing. Safe to repeat."""
    if not file.exists():
        click.echo(f"There is no file {file}: an empty database is made there.")
    try:
        done = schema.upgrade(file, times.now())
    except schema.SchemaProblem as problem:
        _fail(context, problem)
    _say(schema.report_words(done))


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def _fail(context: click.Context, problem: schema.SchemaProblem) -> NoReturn:
    click.echo(str(problem), err=True)
    context.exit(PROBLEM)
