"""The form of a connection, drawn from what its adapter says it needs, and keeping what was typed. Secrets never come back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from wtforms import Field, PasswordField, StringField, ValidationError
from wtforms.validators import DataRequired, Length, Optional

from dashboard.forms import Form, stripped, text_field
from sync_jobs import jobs, ledger, secrets
from sync_jobs.kit.base import Adapter, CredentialField
from sync_jobs.models import Connection, PartnerSettings, SealedDocument, db, write
from sync_jobs.providers import ADAPTERS

PREFIX = "credential_"
LONGEST = 4000  # characters of a secret


class ConnectionForm(Form):
    """What every connection has. `form_class` adds the provider's own fields."""

    name = text_field("Name", description="As people call it. It also stands beside every row that comes in by it.")
    timing_partner_id: int
    connection_id: int | None = None
    adapter: type[Adapter]

    def validate_name(self, field: Field) -> None:
        """Two connections of a partner are told apart by their names."""
        taken = select(Connection.connection_id).where(
            Connection.timing_partner_id == self.timing_partner_id, Connection.state != "removed",
            func.lower(Connection.name) == (field.data or "").lower(), Connection.connection_id != (self.connection_id or 0),
        )  # fmt: skip
        if db.session.scalar(taken.limit(1)) is not None:
            raise ValidationError("Another connection of this partner is called that.")

    def credential_fields(self) -> list[Field]:
        """The provider's own fields, in its order."""
        return [self[PREFIX + each.name] for each in self.adapter.credentials]

    def entered(self) -> dict[str, str]:
        """What was typed. An empty field keeps what is there, unless it showed it and can be done without."""
        typed = {each: self[PREFIX + each.name].data or "" for each in self.adapter.credentials}
        return {each.name: value for each, value in typed.items() if value or not (each.secret or each.required)}


def form_class(adapter: type[Adapter], held: dict[str, str] | None = None, kept_since: str = "") -> type[ConnectionForm]:
    """The form for that provider: everything needed for a new connection (`held` None), else empty means unchanged."""
    fields = {PREFIX + each.name: _field(each, held, kept_since) for each in adapter.credentials}
    return type(f"{adapter.__name__}ConnectionForm", (ConnectionForm,), {"adapter": adapter, **fields})


def _field(credential: CredentialField, held: dict[str, str] | None, kept_since: str) -> Any:
    needed = DataRequired(f"{credential.label} is needed.") if held is None and credential.required else Optional()
    validators = [needed, Length(max=LONGEST, message=f"At most {LONGEST} characters.")]
    kept = (held or {}).get(credential.name)
    hints = [credential.help]
    lacking = "Not needed by everybody." if not credential.required else "" if held is None else "Missing."
    if credential.secret:
        hints.append(f"Kept{kept_since}. Leave it empty to keep it." if kept else lacking)
    elif not kept:
        hints.append(lacking)
    given: dict[str, Any] = {"validators": validators, "filters": [stripped], "description": " ".join(filter(None, hints))}
    given["render_kw"] = {"autocomplete": "off", "spellcheck": "false"}
    shown = credential.label[:1].upper() + credential.label[1:]
    return PasswordField(shown, **given) if credential.secret else StringField(shown, default=kept, **given)


def sealed_since(connection_id: int) -> datetime | None:
    """When secrets were last entered here."""
    query = select(SealedDocument.updated_at).where(
        SealedDocument.connection_id == connection_id, SealedDocument.kind == secrets.SECRETS
    )
    return db.session.scalar(query)


def add(form: ConnectionForm, *, by: str, now: datetime) -> int:
    """A new connection with its secrets sealed; it begins at once where its partner was started."""
    connection = Connection(
        timing_partner_id=form.timing_partner_id, provider_name=form.adapter.key, name=form.name.data, source="hub",
        state="paused", created_at=now, created_by=by,
    )  # fmt: skip
    with write() as session:
        session.add(connection)
        session.flush()
        secrets.keep(session, connection.connection_id, secrets.SECRETS, form.entered())
        ledger.bump(session, "all", f"partner:{form.timing_partner_id}")
    _prove(connection, by, now)
    if is_started(form.timing_partner_id):
        jobs.resume(connection.connection_id, by, now)
    return connection.connection_id


def change(connection_id: int, form: ConnectionForm, *, by: str, now: datetime) -> bool:
    """Keep a new name and new secrets. Whether secrets changed: then they are tested, and old verdicts are forgotten."""
    with write() as session:
        connection = session.get_one(Connection, connection_id)
        held = secrets.of(connection)
        entered = {name: value for name, value in form.entered().items() if held.get(name, "") != value}
        connection.name = form.name.data
        if entered:
            document = {**secrets.opened(connection_id, secrets.SECRETS), **entered}
            secrets.keep(session, connection_id, secrets.SECRETS, document)
            secrets.forget_token(session, connection_id)
            connection.refused_since, connection.tested_at, connection.tested_ok, connection.test_sentence = None, None, None, None
        ledger.bump(session, "all", f"partner:{connection.timing_partner_id}")
    if entered:
        _completed(connection, by, now)
    return bool(entered)


def _completed(connection: Connection, by: str, now: datetime) -> None:
    """After new secrets: an incomplete connection that lacks nothing any more waits, or begins if its partner was started."""
    if secrets.missing(connection):
        return
    _prove(connection, by, now)
    if connection.state != "incomplete":
        return
    with write() as session:
        session.get_one(Connection, connection.connection_id).state = "paused"
    if is_started(connection.timing_partner_id) and connection.paused_by is None:
        jobs.resume(connection.connection_id, by, now)


def _prove(connection: Connection, by: str, now: datetime) -> None:
    if "test" in ADAPTERS[connection.provider_name].abilities():
        jobs.request(connection, "test", trigger="manual", by=by, now=now)


def is_started(timing_partner_id: int) -> bool:
    """Whether an administrator started that partner."""
    query = select(PartnerSettings.started_at).where(PartnerSettings.timing_partner_id == timing_partner_id)
    return db.session.scalar(query) is not None
