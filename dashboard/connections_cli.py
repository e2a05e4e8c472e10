"""The command that seals secrets which still lie in the clear in the customer's columns. Says first what that stops."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import AppGroup
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from sync_jobs import secrets
from sync_jobs.models import Connection, CustomerCredential, CustomerHakuOrg, Partner, db, write
from sync_jobs.providers import ADAPTERS, label

connections = AppGroup("connections", help="Connections to providers.")

COLUMNS = {
    "credential": "partner_provider_credentials.secret",
    "haku_org": "timing_partner_haku_orgs.client_secret",
}


@connections.command("seal")
@click.option("--partner", type=int, help="Only this timing partner's (its id).")
@click.option("--yes", is_flag=True, help="Do not ask.")
def seal(partner: int | None, *, yes: bool) -> None:
    """Move readable secrets into sealed documents and empty the customer's columns."""
    if partner is not None and db.session.get(Partner, partner) is None:
        raise click.ClickException(f"There is no timing partner {partner}.")
    readable = _readable(partner)
    sealable = [connection for connection in readable if _is_understood(connection)]
    for connection in readable:
        if connection not in sealable:
            why = (
                "It was removed here"
                if connection.state == "removed"
                else f"{label(connection.provider_name)} comes later and needs it"
            )
            click.echo(f"Left as it is: {_named(connection)}. {why}.")
    if not sealable:
        click.echo("No secret is left in the clear that could be sealed.")
        return
    _announce(sealable)
    if not yes:
        click.confirm("Seal them now?", abort=True)
    with write() as session:
        for connection in sealable:
            _seal(session, connection)
    click.echo(
        f"Sealed: {len(sealable)}. The key is seal.key in the data folder; without it they cannot be opened again. Back it up."
    )
    click.echo("The old text may stand in the file's free space until it is compacted (VACUUM).")


def _readable(partner: int | None) -> list[Connection]:
    query = select(Connection).where(Connection.source.in_(COLUMNS)).order_by(Connection.connection_id)
    if partner is not None:
        query = query.where(Connection.timing_partner_id == partner)
    return [connection for connection in db.session.scalars(query) if secrets.in_the_clear(connection)]


def _is_understood(connection: Connection) -> bool:
    """Whether the connection is in use and the adapter knows what that column holds: else emptying it would lose the secret."""
    adapter = ADAPTERS.get(connection.provider_name) if connection.state != "removed" else None
    return adapter is not None and any(field.customer_column == "secret" for field in adapter.credentials)


def _named(connection: Connection) -> str:
    return f"connection {connection.connection_id}, {connection.name} (timing partner {connection.timing_partner_id})"


def _announce(sealable: list[Connection]) -> None:
    click.echo("These secrets will be sealed:")
    for connection in sealable:
        click.echo(f"  {_named(connection)}")
    click.echo("After that every program stops working that reads them from this file, the old sync programs among them:")
    for column in sorted({COLUMNS[connection.source] for connection in sealable}):
        click.echo(f"  {column}")
    if backups := _backups():
        click.echo("These backups still hold them in the clear; keep them safe or delete them:")
        for backup in backups:
            click.echo(f"  {backup}")
    click.echo("timing_partners.access_password stays as it is: it opens none of the providers.")


def _backups() -> list[Path]:
    """What the upgrade left beside the database file."""
    name = db.engine.url.database if db.engine.dialect.name == "sqlite" else None
    return sorted(Path(name).parent.glob(f"{Path(name).name}.before-upgrade-*")) if name else []


def _seal(session: Session, connection: Connection) -> None:
    """The whole secret document is kept and opened again before the column is emptied."""
    held = secrets.of(connection)
    secrets.keep(session, connection.connection_id, secrets.SECRETS, held)
    session.flush()
    if secrets.opened(connection.connection_id, secrets.SECRETS) != held:
        raise click.ClickException(f"{_named(connection)} could not be sealed. Nothing was changed.")
    if connection.source == "credential":
        row = CustomerCredential.partner_provider_credential_id == connection.source_id
        session.execute(update(CustomerCredential).where(row).values(secret=None))
    else:
        organisation = CustomerHakuOrg.timing_partner_haku_org_id == connection.source_id
        session.execute(update(CustomerHakuOrg).where(organisation).values(client_secret=None))
