"""Commands about people: the first administrator. Everybody after that is invited on the People page."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from dashboard import invitations, membership
from dashboard.forms import EMAIL
from dashboard.sign_ins import normal_email
from sync_jobs import times

people = AppGroup("people", help="People who may sign in.")


@people.command("add-administrator")
@click.argument("email")
@click.option("--name", required=True, help="As others see it.")
def add_administrator(email: str, name: str) -> None:
    """Invite an administrator; prints the link by which they choose a password."""
    address = normal_email(email)
    if not EMAIL.fullmatch(address):
        raise click.ClickException(f"{email} does not look like an e-mail address.")
    if not name.strip():
        raise click.ClickException("An administrator needs a name.")
    try:
        _account, token = membership.add_administrator(address, name.strip(), times.now())
    except membership.Refused as refused:
        raise click.ClickException(str(refused)) from None
    click.echo(f"{address} becomes an administrator by opening this link and choosing a password (once, within seven days):")
    click.echo(invitations.link(token))
