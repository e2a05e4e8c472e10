"""Put the invented world's partners, connections and demo people into a database that was made for it, and into no other.

Races and registrations are not loaded: syncing finds them, and history begins with those runs.
"""

from __future__ import annotations

from datetime import datetime

from argon2 import PasswordHasher
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sync_jobs import jobs, schema, secrets, times
from sync_jobs.models import (
    Account,
    Connection,
    DirectorEdition,
    Edition,
    HubFact,
    Partner,
    PartnerSettings,
    ProviderRow,
    db,
    write,
)
from sync_jobs.providers import LABELS, label, provider_key
from sync_jobs.sandbox.things import Partner as Company
from sync_jobs.sandbox.world import World

FACT = "sandbox_world"
BY = "Sandbox"
PASSWORD = "demo"  # noqa: S105  known to everybody, on purpose
PEOPLE = (
    ("director", "Dana Reyes", 1),
    ("partner", "Pat Lindqvist", 1),
    ("support", "Sam Whitfield", None),
    ("administrator", "Alex Moreau", None),
)
"""Role, name, partner. Everybody's address is role@example.com."""
GIVEN_TO_DIRECTOR = 3


class NotOurs(Exception):
    """This database was not made for the sandbox; the text is the sentence that a person reads."""


def load(world: World, now: datetime) -> bool:
    """Everything, once. False when it was there before. Raises NotOurs."""
    _check(world)
    fresh = db.session.get(HubFact, FACT) is None
    if fresh:
        _write(world, now)
    for company in world.partners:
        jobs.start_partner(company.number, BY, now)
    return fresh


def give_editions(now: datetime) -> bool:
    """Give the demo director the first partner's nearest events, once discovery has found some. True when that is done."""
    if schema.stamp_of(db.engine) != "sandbox":
        return True
    director = select(Account.account_id).where(Account.email == "director@example.com").scalar_subquery()
    has_some = db.session.scalar(select(DirectorEdition.edition_id).where(DirectorEdition.account_id == director).limit(1))
    account_id = db.session.scalar(select(director))
    if account_id is None or has_some is not None:
        db.session.rollback()
        return has_some is not None
    nearest = select(Edition.edition_id, Edition.starts_at).where(
        Edition.timing_partner_id == 1, Edition.joined_into.is_(None), Edition.starts_at.is_not(None)
    )
    found = sorted(db.session.execute(nearest).all(), key=lambda one: abs(one.starts_at - now))[:GIVEN_TO_DIRECTOR]
    with write() as session:
        session.add_all(DirectorEdition(account_id=account_id, edition_id=one.edition_id, given_by=BY) for one in found)
    return bool(found)


def wrong_secret(world: World) -> int | None:
    """The partner whose Race Roster password is wrong, so that this state can be seen too."""
    able = [company.number for company in world.partners[1:-1] if "raceroster" in company.providers]
    return able[-1] if able else None


def paused_partner(world: World) -> int | None:
    """The partner who has paused everything."""
    return world.partners[-1].number if len(world.partners) > 3 else None


def _check(world: World) -> None:
    if schema.stamp_of(db.engine) != "sandbox":
        raise NotOurs("This database was not made for the sandbox, so nothing is loaded into it.")
    known = db.session.get(HubFact, FACT)
    if known is not None and known.value != _about(world):
        raise NotOurs("This database holds another invented world; remove the data folder to begin a new one.")
    if known is None and db.session.scalar(select(func.count()).select_from(Partner)):
        raise NotOurs("This database has timing partners already; the invented world goes into an empty one.")


def _about(world: World) -> str:
    return f"seed {world.seed}, {len(world.partners)} partners, {times.customer_form(world.anchor)}"


def _write(world: World, now: datetime) -> None:
    password = PasswordHasher().hash(PASSWORD)
    with write() as session:
        session.add(HubFact(name=FACT, value=_about(world)))
        known = {provider_key(name) for name in session.scalars(select(ProviderRow.name))}
        session.add_all(ProviderRow(name=LABELS[key]) for key in LABELS if key not in known)
        for company in world.partners:
            session.add(Partner(timing_partner_id=company.number, company_name=company.name))
            session.add(PartnerSettings(timing_partner_id=company.number, timezone=company.zone))
            for provider in (*company.providers, *company.scoring):
                _connect(session, world, company, provider, now)
        for role, name, partner in PEOPLE:
            session.add(Account(
                email=f"{role}@example.com", name=name, role=role, timing_partner_id=partner, state="active",
                password_hash=password, created_at=now, created_by=BY,
            ))  # fmt: skip


def _connect(session: Session, world: World, company: Company, provider: str, now: datetime) -> None:
    connection = Connection(
        timing_partner_id=company.number, provider_name=provider, name=label(provider), state="paused",
        created_at=now, created_by=BY,
    )  # fmt: skip
    if company.number == paused_partner(world):
        connection.paused_by, connection.paused_reason, connection.paused_at = BY, "no races before spring", now
    session.add(connection)
    session.flush()
    held = world.credentials(company.number, provider)
    if provider == "raceroster" and company.number == wrong_secret(world):
        held["password"] = "changed-last-week"  # noqa: S105  wrong on purpose
    secrets.keep(session, connection.connection_id, secrets.SECRETS, held)
