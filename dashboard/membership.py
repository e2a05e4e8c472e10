"""Who belongs here: inviting, roles, a director's events, removing. Decides and writes; pages and mail are left to `people`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.orm import Session

from dashboard import invitations, sign_ins
from dashboard.access import PARTNER_ROLES, ROLES, Person
from sync_jobs.models import Account, DirectorEdition, Edition, Invitation, Partner, db, write

MOST_EVENTS = 200  # offered to give to a director; those given already come on top

ROLE_WORDS = {
    "director": "Race director",
    "partner": "Timing partner",
    "support": "Support",
    "administrator": "Administrator",
}


class Refused(Exception):
    """That may not be done; the text is the sentence that a person reads."""


@dataclass(frozen=True, slots=True)
class Place:
    """What somebody is to be here: a role, the partner where the role has one, and a director's events."""

    role: str
    timing_partner_id: int | None
    edition_ids: Collection[int] = ()

    @property
    def company(self) -> int | None:
        """The partner, for the roles that belong to one."""
        return self.timing_partner_id if self.role in PARTNER_ROLES else None


def grantable(by: Person) -> tuple[str, ...]:
    """The roles that somebody may give: an administrator any, a partner only those inside the company."""
    return tuple(role for role in ROLES if by.role == "administrator" or role in PARTNER_ROLES)


def invite(email: str, name: str, place: Place, *, by: str, sees: int | None = None, now: datetime) -> tuple[Account, str]:
    """A new person, or one who was removed and comes back, and the token of their link. Raises Refused.

    `sees` is the only company whose people the inviting one knows of; None where they know everybody.
    """
    with write() as session:
        account = _row_for(session, email, sees)
        account.name, account.state, account.password_hash = name, "invited", None
        account.created_at, account.created_by = now, by
        session.add(account)
        _put(session, account, place, by)
        return account, invitations.make(session, account.account_id, by, now)


def _row_for(session: Session, email: str, sees: int | None) -> Account:
    """Their own row; or one that stands in, where the address is somebody's of whom the inviting person must not learn.

    Theirs stays as it is and where it is, and the invitation looks like any other to whoever made it.
    """
    rows = {row.email: row for row in session.scalars(select(Account).where(Account.email.in_((email, f"{email} at {sees}"))))}
    here = [row for row in rows.values() if row.state != "removed" and (sees is None or row.timing_partner_id == sees)]
    if here:
        raise Refused("Somebody with this address is here already.")
    own = rows.get(email)
    wanted = email if own is None or own.state == "removed" else f"{email} at {sees}"
    return rows.get(wanted) or Account(email=wanted)


def may_link(by: Person, account: Account) -> bool:
    """A link for somebody who is here already lets whoever holds it become them: that is for administrators."""
    is_theirs = by.may("manage_people") and account.account_id != by.account_id
    return is_theirs and (account.state == "invited" or by.role == "administrator")


def invite_again(account_id: int, *, by: Person, now: datetime) -> tuple[Account, str]:
    """A new link; the earlier one stops working. Raises Refused."""
    with write() as session:
        account = _present(session, account_id, by)
        if not may_link(by, account):
            raise Refused(f"{account.name} is here already. An administrator can make a new link.")
        _take_freed_address(session, account)
        return account, invitations.make(session, account_id, by.name, now)


def _take_freed_address(session: Session, account: Account) -> None:
    """Whoever had the address has left meanwhile: the invitation that stood in becomes a real one."""
    former = session.scalar(select(Account).where(Account.email == account.address, Account.state == "removed"))
    if account.stands_in and former is not None:
        former.email = f"{former.email} until {account.account_id}"
        session.flush()
        account.email = account.address


def move(account_id: int, place: Place, *, by: Person) -> bool:
    """Another role or partner; the person signs in afresh. False when that is their place already. Raises Refused."""
    with write() as session:
        account = _present(session, account_id, by)
        if (account.role, account.timing_partner_id) == (place.role, place.company):
            return False
        if account_id == by.account_id or place.role != "administrator":
            _spare(session, account, by)
        _put(session, account, place, by.name)
        sign_ins.end_all(session, account_id)
        return True


def give_editions(account_id: int, edition_ids: Collection[int], *, by: Person) -> None:
    """Exactly these events are a director's from now on. Raises Refused."""
    with write() as session:
        account = _present(session, account_id, by)
        _put(session, account, Place(account.role, account.timing_partner_id, edition_ids), by.name)


def remove(account_id: int, *, by: Person) -> None:
    """Nobody signs in as them any more; what they did stays under their name. Raises Refused."""
    with write() as session:
        account = _present(session, account_id, by)
        _spare(session, account, by)
        account.state, account.password_hash = "removed", None
        session.execute(delete(DirectorEdition).where(DirectorEdition.account_id == account_id))
        session.execute(delete(Invitation).where(Invitation.account_id == account_id))
        sign_ins.end_all(session, account_id)


def _present(session: Session, account_id: int, by: Person) -> Account:
    """That person as they stand inside this write: they may have left, or moved, since the page was looked at."""
    account = session.get(Account, account_id)
    if account is None or account.state == "removed":
        raise Refused("This person was removed a moment ago.")
    if by.role in PARTNER_ROLES and (account.role not in PARTNER_ROLES or account.timing_partner_id != by.timing_partner_id):
        raise Refused("This person left your company a moment ago.")
    return account


def _spare(session: Session, account: Account, by: Person) -> None:
    """Nobody takes their own place away, nor the last administrator's."""
    if account.account_id == by.account_id:
        raise Refused("This is you. Somebody else can do that to you, you cannot.")
    others = (Account.role == "administrator", Account.state == "active", Account.account_id != account.account_id)
    if account.role == "administrator" and not session.scalar(select(func.count()).select_from(Account).where(*others)):
        raise Refused("This is the last administrator. Make somebody else administrator first.")


def _put(session: Session, account: Account, place: Place, by: str) -> None:
    account.role, account.timing_partner_id = place.role, place.company
    session.flush()
    session.execute(delete(DirectorEdition).where(DirectorEdition.account_id == account.account_id))
    if place.role == "director" and place.edition_ids:
        theirs = select(Edition.edition_id).where(
            Edition.timing_partner_id == place.company, Edition.edition_id.in_(place.edition_ids)
        )
        given = [DirectorEdition(account_id=account.account_id, edition_id=each, given_by=by) for each in session.scalars(theirs)]
        session.add_all(given)


def add_administrator(email: str, name: str, now: datetime) -> tuple[Account, str]:
    """The command's door: a new administrator, or a new link for one who has not come yet. Raises Refused."""
    if db.session.scalar(select(Account.account_id).where(Account.email == email, Account.state != "removed")) is None:
        return invite(email, name, Place("administrator", None), by="command", now=now)
    with write() as session:
        account = session.scalars(select(Account).where(Account.email == email)).one()
        if account.role != "administrator":
            raise Refused(
                f"{email} is here already, as {ROLE_WORDS[account.role].lower()}. An administrator can change that in People."
            )
        if account.state == "active":
            raise Refused(f"{email} is an administrator already and has chosen a password. Nothing was changed.")
        return account, invitations.make(session, account.account_id, "command", now)


# What the pages read


def listed(inside: Any, words: str = "") -> Select[Account, str | None, datetime]:
    """People with their partner's name and their open link's end, by company, then name."""
    query = (
        select(Account, Partner.company_name, Invitation.expires_at)
        .outerjoin(Partner, Partner.timing_partner_id == Account.timing_partner_id)
        .outerjoin(Invitation, (Invitation.account_id == Account.account_id) & Invitation.used_at.is_(None))
        .where(inside, Account.state != "removed")
        .order_by(func.lower(func.coalesce(Partner.company_name, "")), func.lower(Account.name), Account.account_id)
    )
    for word in words.lower().split():
        places = (Account.name, Account.email, Partner.company_name)
        query = query.where(or_(*(func.lower(place).contains(word, autoescape=True) for place in places)))
    return query


def given_editions(account_id: int) -> frozenset[int]:
    """What was given to a director, as it was given."""
    return frozenset(db.session.scalars(select(DirectorEdition.edition_id).where(DirectorEdition.account_id == account_id)))


def editions_to_give(timing_partner_id: int, given: Collection[int] = ()) -> list[Edition]:
    """The partner's events that a director can get, newest first, and always those given already."""
    mine = select(Edition).where(Edition.timing_partner_id == timing_partner_id)
    newest = db.session.scalars(
        mine.where(Edition.joined_into.is_(None)).order_by(Edition.starts_at.desc(), Edition.edition_id).limit(MOST_EVENTS)
    )
    offered = {edition.edition_id: edition for edition in newest}
    if missing := [edition_id for edition_id in given if edition_id not in offered]:
        offered |= {edition.edition_id: edition for edition in db.session.scalars(mine.where(Edition.edition_id.in_(missing)))}
    return list(offered.values())
