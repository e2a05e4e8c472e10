"""Rows for tests, each made by one call with what matters named and the rest filled in. Every call is its own write."""

from __future__ import annotations

import hashlib
import itertools
from typing import Any

from argon2 import PasswordHasher

from sync_jobs import times
from sync_jobs.models import (
    Account,
    ApiToken,
    Attempt,
    Base,
    Connection,
    Contest,
    CustomerUser,
    DirectorEdition,
    Edition,
    EditionLink,
    Partner,
    PartnerSettings,
    Run,
    StartListFile,
    StartListLine,
    SyncState,
    write,
)

PASSWORD = "a long enough secret"
_numbers = itertools.count(1)
_hashes: dict[str, str] = {}


def keep(*rows: Base) -> None:
    """Write rows in a transaction of their own."""
    with write() as session:
        session.add_all(rows)


def password_hash(password: str = PASSWORD) -> str:
    """Made once for each password: hashing is slow on purpose."""
    if password not in _hashes:
        _hashes[password] = PasswordHasher().hash(password)
    return _hashes[password]


def make_partner(
    name: str = "Big River Timing", *, started: bool = True, timezone: str = "America/New_York", **given: Any
) -> Partner:
    """A timing partner, started unless told otherwise."""
    partner = Partner(company_name=name, **given)
    keep(partner)
    started_at = times.now() if started else None
    keep(PartnerSettings(timing_partner_id=partner.timing_partner_id, timezone=timezone, started_at=started_at))
    return partner


def make_connection(partner: Partner, provider_name: str = "runsignup", **given: Any) -> Connection:
    """An active connection of that partner."""
    fields = {"name": provider_name.title(), "state": "active", "created_at": times.now(), "created_by": "Test", **given}
    connection = Connection(timing_partner_id=partner.timing_partner_id, provider_name=provider_name, **fields)
    keep(connection)
    return connection


def make_edition(partner: Partner, name: str = "Harbor Lights Half", **given: Any) -> Edition:
    """One race weekend of that partner, today unless told otherwise."""
    fields = {
        "date": f"{times.now():%Y-%m-%d}",
        "timezone": "America/New_York",
        "timezone_source": "partner",
        "starts_at": times.now(),
        "ends_at": times.now(),
        **given,
    }
    edition = Edition(timing_partner_id=partner.timing_partner_id, name=name, **fields)
    keep(edition)
    return edition


def make_link(edition: Edition, connection: Connection, happening_id: str | None = None, **given: Any) -> EditionLink:
    """A provider's happening that belongs to the edition."""
    happening_id = happening_id or str(7000 + next(_numbers))
    fields = {"happening_key": f"{happening_id}/{edition.date}", "name": edition.name, "made_by": "discovery", **given}
    link = EditionLink(
        timing_partner_id=edition.timing_partner_id,
        edition_id=edition.edition_id,
        connection_id=connection.connection_id,
        provider_name=connection.provider_name,
        happening_id=happening_id,
        **fields,
    )
    keep(link)
    return link


def make_contest(edition: Edition, connection: Connection, name: str = "10K", **given: Any) -> Contest:
    """One distance of the edition at that connection's provider."""
    fields = {"happening_id": "7001", "provider_contest_id": str(8000 + next(_numbers)), "starts_at": edition.starts_at, **given}
    contest = Contest(
        timing_partner_id=edition.timing_partner_id,
        edition_id=edition.edition_id,
        connection_id=connection.connection_id,
        provider_name=connection.provider_name,
        name=name,
        **fields,
    )
    keep(contest)
    return contest


def make_account(role: str, partner: Partner | None = None, *, editions: tuple[Edition, ...] = (), **given: Any) -> Account:
    """A person who can sign in with `PASSWORD`."""
    number = next(_numbers)
    fields = {
        "email": f"{role}{number}@example.com",
        "name": f"{role.title()} {number}",
        "state": "active",
        "created_at": times.now(),
        "password_hash": password_hash(),
        **given,
    }
    account = Account(role=role, timing_partner_id=partner.timing_partner_id if partner else None, **fields)
    keep(account)
    keep(*(DirectorEdition(account_id=account.account_id, edition_id=edition.edition_id) for edition in editions))
    return account


def make_customer_user(partner: Partner, email: str) -> CustomerUser:
    """A person of the old system, and the invited account that the takeover makes of them."""
    user = CustomerUser(email=email, timing_partner_id=partner.timing_partner_id)
    keep(user)
    make_account("partner", partner, email=email.lower(), name=email, state="invited", password_hash=None, user_id=user.user_id)
    return user


def target_of(connection: Connection, operation_type: str, edition: Edition | None = None) -> str:
    """How a run's target is written."""
    return f"{connection.connection_id}:{operation_type}:{edition.edition_id if edition else 'all'}"


def make_run(
    connection: Connection, operation_type: str = "events", edition: Edition | None = None, *, status: str = "pending", **given: Any
) -> Run:
    """One requested run of that connection, as the ledger would have written it."""
    target = target_of(connection, operation_type, edition)
    fields = {
        "target": target,
        "lock_name": target,
        "trigger": "manual",
        "requested_by": "Test",
        "requested_at": times.now(),
        "priority": 1,
        "due_at": times.now(),
        "sync_direction": "pull",
        "created_at": times.customer_form(times.now()),
        "edition_id": edition.edition_id if edition else None,
        "starts_at": edition.starts_at if edition else None,
        **given,
    }
    run = Run(
        timing_partner_id=connection.timing_partner_id,
        connection_id=connection.connection_id,
        provider_name=connection.provider_name,
        operation_type=operation_type,
        status=status,
        **fields,
    )
    keep(run)
    return run


def make_attempt(run: Run, *, status: str = "completed", attempt_no: int = 1, **given: Any) -> Attempt:
    """One ended try at that run."""
    fields = {
        "sync_time": times.customer_form(times.now()),
        "started_at": times.now(),
        "ended_at": times.now(),
        "waited_ms": 100,
        "worked_ms": 2000,
        "trigger": run.trigger,
        "requested_by": run.requested_by,
        **given,
    }
    attempt = Attempt(
        run_id=run.run_id,
        attempt_no=attempt_no,
        status=status,
        timing_partner_id=run.timing_partner_id,
        edition_id=run.edition_id,
        connection_id=run.connection_id,
        provider_name=run.provider_name,
        operation_type=run.operation_type,
        sync_direction=run.sync_direction,
        **fields,
    )
    keep(attempt)
    return attempt


def make_state(connection: Connection, operation_type: str = "events", edition: Edition | None = None, **given: Any) -> SyncState:
    """How fresh one target is."""
    fields = {"last_status": "completed", "last_ended_at": times.now(), "last_success_at": times.now(), **given}
    state = SyncState(
        target=target_of(connection, operation_type, edition),
        timing_partner_id=connection.timing_partner_id,
        connection_id=connection.connection_id,
        edition_id=edition.edition_id if edition else None,
        provider_name=connection.provider_name,
        operation_type=operation_type,
        **fields,
    )
    keep(state)
    return state


def make_token(partner: Partner, token: str = "hub_test_token_1", **given: Any) -> ApiToken:
    """A program's access to that partner, by that very token."""
    fields = {"name": "Race Display", "created_at": times.now(), "created_by": "Test", **given}
    digest = hashlib.sha256(token.encode()).hexdigest()
    kept = ApiToken(timing_partner_id=partner.timing_partner_id, token_digest=digest, **fields)
    keep(kept)
    return kept


def make_line(edition: Edition, connection: Connection, **given: Any) -> StartListLine:
    """Somebody on a start list, waiting for a word."""
    fields = {"contest_id": 900, "registration_provider": "runsignup", "registration_key": str(next(_numbers)), "state": "waiting",
              "step": "withdraw", "why": "They are not registered any more.", "at": times.now(), "told": None,
              "wanted": {"first_name": "Ada", "last_name": "Lund", "bib": "12"}, **given}  # fmt: skip
    line = StartListLine(
        timing_partner_id=edition.timing_partner_id, edition_id=edition.edition_id, connection_id=connection.connection_id,
        external_id=f"rsu:{fields['registration_key']}", **fields,
    )  # fmt: skip
    keep(line)
    return line


def make_file(edition: Edition, connection: Connection, **given: Any) -> StartListFile:
    """An import file that nobody has loaded yet."""
    fields = {"run_id": 1, "name": "start-list.csv", "media_type": "text/csv", "content": b"External ID\r\nrsu:1\r\n", "people": 1,
              "fresh": 1, "changed": 0, "made_at": times.now(), **given}  # fmt: skip
    made = StartListFile(
        timing_partner_id=edition.timing_partner_id, edition_id=edition.edition_id, connection_id=connection.connection_id, **fields
    )
    keep(made)
    return made
