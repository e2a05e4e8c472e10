"""Decide which rows of ours a customer's file needs: provider names, connections, people, settings, start times.

Takes rows as they are and returns rows to write; opens nothing. What is there already is never decided twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sync_jobs import times
from sync_jobs.providers import ADAPTERS, LABELS, label, provider_key
from sync_jobs.schema.actual import Row
from sync_jobs.schema.facts import facts_for
from sync_jobs.schema.starts import epoch_of, instant_of

TAKEN_OVER, BY = "taken over; starts with its partner", "takeover"
EASTERN = "America/New_York"

READ: Mapping[str, tuple[str, ...]] = {
    "timing_partners": ("timing_partner_id",),
    "users": ("user_id", "email", "timing_partner_id"),
    "providers": ("provider_id", "name"),
    "partner_provider_credentials": (
        "partner_provider_credential_id", "provider_id", "timing_partner_id", "principal", "secret",
    ),
    "timing_partner_haku_orgs": ("timing_partner_haku_org_id", "event", "client_id", "client_secret", "timing_partner_id"),
    "partner_settings": ("timing_partner_id", "timezone"),
    "connections": ("connection_id", "timing_partner_id", "provider_name", "name", "source", "source_id", "state"),
    "accounts": ("account_id", "email", "user_id"),
    "hub_facts": ("name", "value"),
    "runsignup_races": ("race_id", "timing_partner_id", "timezone"),
    "runsignup_events": ("event_id", "race_id", "timing_partner_id", "start_time", "starts_at"),
    "ct_events": ("event_id", "event_start_time", "starts_at"),
    "ct_races": ("race_id", "event_id", "race_planned_start_time", "starts_at"),
}  # fmt: skip
"""What is read to decide: a few thousand rows, never the large tables."""

Held = Mapping[str, list[Row]]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows to write, and what a person should know of rows that cannot be taken over."""

    inserts: dict[str, list[Row]] = field(default_factory=dict)
    starts: dict[str, list[Row]] = field(default_factory=dict)  # table → its key's columns and starts_at
    supported: list[Row] = field(default_factory=list)  # connections whose adapter has come since
    facts: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (any(self.inserts.values()) or any(self.starts.values()) or self.supported or self.facts)


def decide(held: Held, now: datetime, *, stamp: str, views: str) -> Rows:
    """Everything that the file still needs, given what it holds."""
    connections, strays = _connections(held, times.to_ms(now))
    accounts, nobody = _accounts(held, times.to_ms(now))
    return Rows(
        inserts={
            "providers": _providers(held),
            "partner_settings": _settings(held),
            "connections": connections,
            "accounts": accounts,
        },
        starts={"runsignup_events": _runsignup_starts(held), "ct_events": _ct_events(held), "ct_races": _ct_races(held)},
        supported=_supported(held),
        facts=facts_for(
            stamp,
            now,
            views=views,
            taken_over=bool(held["timing_partners"] or held["providers"]),
            held={row["name"]: row["value"] for row in held["hub_facts"]},
        ),
        notes=[*strays, *nobody],
    )


def _providers(held: Held) -> list[Row]:
    there = {provider_key(row["name"]) for row in held["providers"]}
    return [{"name": name} for key, name in LABELS.items() if key not in there]


def _settings(held: Held) -> list[Row]:
    there = {row["timing_partner_id"] for row in held["partner_settings"]}
    return [{"timing_partner_id": i} for row in held["timing_partners"] if (i := row["timing_partner_id"]) not in there]


@dataclass(frozen=True, slots=True)
class _Access:
    """One of the customer's credentials: where it stands, whose it is, and the values by the customer's column."""

    source: str
    source_id: int
    partner: int | None
    provider: str
    name: str
    values: Mapping[str, str | None]


def _accesses(held: Held) -> Iterator[_Access]:
    names = {row["provider_id"]: row["name"] for row in held["providers"]}
    for row in held["partner_provider_credentials"]:
        written = names.get(row["provider_id"]) or f"Provider {row['provider_id']}"
        key = provider_key(written)
        name = label(key) if key in LABELS else written
        values = {"principal": row["principal"], "secret": row["secret"]}
        yield _Access("credential", row["partner_provider_credential_id"], row["timing_partner_id"], key, name, values)
    for row in held["timing_partner_haku_orgs"]:
        values = {"principal": row["client_id"], "secret": row["client_secret"]}
        values |= {"client_id": row["client_id"], "client_secret": row["client_secret"]}
        name = f"Haku {row['event'] or ''}".strip()
        yield _Access("haku_org", row["timing_partner_haku_org_id"], row["timing_partner_id"], "haku", name, values)


def state_of(provider: str, values: Mapping[str, str | None]) -> str:
    """What such a credential is good for: nothing yet (unsupported), not enough (incomplete), or waiting (paused)."""
    adapter = ADAPTERS.get(provider)
    if adapter is None:
        return "unsupported"
    needed = [field.customer_column for field in adapter.credentials]
    return "paused" if all(column and (values.get(column) or "").strip() for column in needed) else "incomplete"


def _connections(held: Held, at: int) -> tuple[list[Row], list[str]]:
    there = {(row["source"], row["source_id"]) for row in held["connections"]}
    taken = {(row["timing_partner_id"], row["name"]) for row in held["connections"]}
    made: list[Row] = []
    notes: list[str] = []
    for access in _accesses(held):
        if (access.source, access.source_id) in there:
            continue
        if access.partner is None:
            notes.append(f"The {access.name} credential {access.source_id} belongs to no partner and becomes no connection.")
            continue
        name = _free_name(access.partner, access.name, taken)
        taken.add((access.partner, name))
        made.append(_connection(access, name, at))
    return made, notes


def _free_name(partner: int, name: str, taken: set[tuple[Any, Any]]) -> str:
    """That name, or with the first number behind it that no other connection of the partner has."""
    tries = (name if n == 1 else f"{name} ({n})" for n in range(1, len(taken) + 2))
    return next(tried for tried in tries if (partner, tried) not in taken)


def _connection(access: _Access, name: str, at: int) -> Row:
    state = state_of(access.provider, access.values)
    return {
        "timing_partner_id": access.partner, "provider_name": access.provider, "name": name, "source": access.source,
        "source_id": access.source_id, "state": state, "paused_reason": TAKEN_OVER if state == "paused" else None,
        "paused_by": None, "paused_at": at if state == "paused" else None,
        "created_at": at, "created_by": BY,
    }  # fmt: skip


def _supported(held: Held) -> list[Row]:
    """Connections that nobody could use when they were taken over, and whose adapter has come since."""
    values = {(access.source, access.source_id): access.values for access in _accesses(held)}
    waiting = (row for row in held["connections"] if row["state"] == "unsupported" and row["provider_name"] in ADAPTERS)
    found = ((row, values.get((row["source"], row["source_id"]), {})) for row in waiting)
    return [{"connection_id": row["connection_id"], "state": state_of(row["provider_name"], held_)} for row, held_ in found]


def _accounts(held: Held, at: int) -> tuple[list[Row], list[str]]:
    known = {row["user_id"] for row in held["accounts"]}
    owner: dict[str, int | None] = {row["email"]: row["user_id"] for row in held["accounts"]}
    made: list[Row] = []
    notes: list[str] = []
    for user in held["users"]:
        email = (user["email"] or "").strip().lower()
        if user["user_id"] in known:
            continue
        if why := _no_account(user, email, owner):
            notes.append(f"User {user['user_id']} is not invited: {why}.")
            continue
        owner[email] = user["user_id"]
        made.append(_account(user, email, at))
    return made, notes


def _no_account(user: Row, email: str, owner: Mapping[str, int | None]) -> str:
    if "@" not in email:
        return "there is no e-mail address"
    if email in owner:
        return "another account has the same e-mail address"
    return "" if user["timing_partner_id"] is not None else "the row belongs to no partner"


def _account(user: Row, email: str, at: int) -> Row:
    return {
        "email": email, "name": email.partition("@")[0], "role": "partner", "timing_partner_id": user["timing_partner_id"],
        "user_id": user["user_id"], "state": "invited", "created_at": at, "created_by": BY,
    }  # fmt: skip


def _runsignup_starts(held: Held) -> list[Row]:
    zones = {row["race_id"]: row["timezone"] for row in held["runsignup_races"]}
    partners = {row["timing_partner_id"]: row["timezone"] for row in held["partner_settings"]}
    waiting = (row for row in held["runsignup_events"] if row["starts_at"] is None)
    read = (
        ({"event_id": row["event_id"]}, instant_of(row["start_time"], _zone(zones.get(row["race_id"]), partners, row)))
        for row in waiting
    )
    return list(_known(read))


def _zone(written: str | None, partners: Mapping[Any, str], row: Row) -> str:
    """The race's zone, else the partner's."""
    return written if times.is_zone(written) and written else partners.get(row["timing_partner_id"]) or EASTERN


def _ct_events(held: Held) -> list[Row]:
    waiting = (row for row in held["ct_events"] if row["starts_at"] is None)
    return list(_known(({"event_id": row["event_id"]}, epoch_of(row["event_start_time"])) for row in waiting))


def _ct_races(held: Held) -> list[Row]:
    waiting = (row for row in held["ct_races"] if row["starts_at"] is None)
    keyed = ({"race_id": row["race_id"], "event_id": row["event_id"]} for row in waiting)
    starts = (epoch_of(row["race_planned_start_time"]) for row in held["ct_races"] if row["starts_at"] is None)
    return list(_known(zip(keyed, starts, strict=True)))


def _known(read: Iterable[tuple[Row, datetime | None]]) -> Iterator[Row]:
    return ({"starts_at": times.to_ms(start), **key} for key, start in read if start is not None)
