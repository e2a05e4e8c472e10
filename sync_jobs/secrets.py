"""Provider secrets: sealed in a table of ours, or still in the customer's columns. Shows them to adapters, never to pages.

The key is a file of its own (`HUB_DATA/seal.key`, 0600), apart from what signs cookies and outside the database.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from sync_jobs import times
from sync_jobs.models import Connection, CustomerCredential, CustomerHakuOrg, SealedDocument, db, write
from sync_jobs.providers import ADAPTERS
from sync_jobs.settings import settings

SECRETS, TOKEN = "secrets", "token"


class SealBroken(RuntimeError):
    """A sealed document cannot be opened with this installation's key: the key file is another one."""

    def __init__(self) -> None:
        super().__init__("A stored secret cannot be opened: seal.key is not the file it was sealed with.")


def seal_key(file: Path) -> bytes:
    """This installation's key, made at the first use. Two processes that come at once get the same one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    if not file.exists():
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(Fernet.generate_key())
        try:
            os.link(fresh, file)  # whole or not at all, and only if nobody was faster
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return file.read_bytes()


def _seal() -> Fernet:
    return Fernet(seal_key(settings().seal_key_file))


def keep(session: Session, connection_id: int, kind: str, document: dict[str, Any]) -> None:
    """Seal and store a connection's document in the caller's transaction, in place of the one before."""
    sealed = _seal().encrypt(orjson.dumps(document))
    session.merge(SealedDocument(connection_id=connection_id, kind=kind, sealed=sealed, updated_at=times.now()))


def opened(connection_id: int, kind: str) -> dict[str, Any]:
    """A connection's sealed document, or {} where there is none. Raises SealBroken."""
    sealed = db.session.scalar(
        select(SealedDocument.sealed).where(SealedDocument.connection_id == connection_id, SealedDocument.kind == kind)
    )
    if sealed is None:
        return {}
    try:
        document: dict[str, Any] = orjson.loads(_seal().decrypt(sealed))
    except InvalidToken:
        raise SealBroken from None
    return document


def of(connection: Connection) -> dict[str, str]:
    """Everything we have of this connection's secrets: the customer's columns, and over them what was entered here."""
    return {**_customers(connection), **opened(connection.connection_id, SECRETS)}


def missing(connection: Connection) -> list[str]:
    """The labels of what the provider needs and this connection does not have."""
    adapter = ADAPTERS.get(connection.provider_name)
    held = of(connection)
    return [field.label for field in adapter.credentials if field.required and not held.get(field.name)] if adapter else []


def in_the_clear(connection: Connection) -> bool:
    """Whether a secret of this connection still lies readable in the customer's columns."""
    row = _customer_row(connection)
    return bool(row and row[1])


def _customer_row(connection: Connection) -> tuple[str | None, str | None] | None:
    """(principal, secret) of the customer's row that this connection was taken over from."""
    if connection.source == "credential":
        found = db.session.execute(
            select(CustomerCredential.principal, CustomerCredential.secret).where(
                CustomerCredential.partner_provider_credential_id == connection.source_id
            )
        ).first()
    elif connection.source == "haku_org":
        found = db.session.execute(
            select(CustomerHakuOrg.client_id, CustomerHakuOrg.client_secret).where(
                CustomerHakuOrg.timing_partner_haku_org_id == connection.source_id
            )
        ).first()
    else:
        return None
    return (found[0], found[1]) if found else None


def _customers(connection: Connection) -> dict[str, str]:
    row, adapter = _customer_row(connection), ADAPTERS.get(connection.provider_name)
    if not row or not adapter:
        return {}
    columns = {"principal": row[0], "secret": row[1]}
    held = {field.name: columns.get(field.customer_column or "") for field in adapter.credentials}
    return {name: value for name, value in held.items() if value}


class TokenDocument:
    """The token that a provider lent one connection, kept sealed so that no later run has to sign in again."""

    def __init__(self, connection_id: int) -> None:
        self.connection_id = connection_id

    def load(self) -> dict[str, Any] | None:
        """The token as the adapter saved it, or None."""
        return opened(self.connection_id, TOKEN) or None

    def save(self, token: dict[str, Any]) -> None:
        """Keep it, in a short transaction of its own; not for a connection that was removed while its last run was at work."""
        there = select(Connection.connection_id).where(
            Connection.connection_id == self.connection_id, Connection.state != "removed"
        )
        with write() as session:
            if session.scalar(there) is not None:
                keep(session, self.connection_id, TOKEN, token)


def forget(session: Session, connection_id: int) -> None:
    """Drop everything sealed for a connection: it was removed."""
    session.execute(delete(SealedDocument).where(SealedDocument.connection_id == connection_id))


def forget_token(session: Session, connection_id: int) -> None:
    """Drop the lent token: new secrets were entered, so the old login must not live on."""
    session.execute(delete(SealedDocument).where(SealedDocument.connection_id == connection_id, SealedDocument.kind == TOKEN))
