"""Who may: asked of the database at the moment of the act, whatever the page thought. Says no with a sentence."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from sync_jobs.approvals.base import APPROVERS, MOST_WORDS, Actor, NotAllowed
from sync_jobs.models import Account, DirectorEdition, Edition

NOT_YOURS = "That is not one of your events."
SENTENCES = {
    "support": "Support sees everything, and approves nothing. A director or the timing partner decides.",
    "administrator": "Administrators see everything, and approve nothing. A director or the timing partner decides.",
}


def allow(session: Session, by: Actor, roles: Collection[str], timing_partner_id: int, edition_id: int | None) -> None:
    """Raise NotAllowed unless they hold one of these roles there, and still may sign in."""
    found = session.get(Account, by.account_id)
    if found is None or found.state != "active":
        raise NotAllowed("This account is closed.")
    if found.role not in roles:
        raise NotAllowed(SENTENCES.get(found.role, "That is for the timing partner to decide."))
    if found.role in APPROVERS and found.timing_partner_id != timing_partner_id:
        raise NotAllowed(NOT_YOURS)
    if found.role == "director" and (edition_id is None or session.scalar(_given(edition_id, found.account_id)) is None):
        raise NotAllowed(NOT_YOURS)


def has_second(session: Session, by_account: int, timing_partner_id: int, edition_id: int) -> bool:
    """Whether anybody else could approve there."""
    given = select(DirectorEdition.account_id).where(_of_edition(edition_id))
    either = or_(Account.role == "partner", (Account.role == "director") & Account.account_id.in_(given))
    other = select(Account.account_id).where(
        Account.timing_partner_id == timing_partner_id, Account.state == "active", Account.account_id != by_account, either
    )
    return session.scalar(other.limit(1)) is not None


def _given(edition_id: int, account_id: int) -> Select[int]:
    return select(DirectorEdition.account_id).where(_of_edition(edition_id), DirectorEdition.account_id == account_id).limit(1)


def _of_edition(edition_id: int) -> ColumnElement[bool]:
    """Given to them as such, or as one that was joined to it or that it was joined into."""
    joined = select(Edition.edition_id).where(Edition.joined_into == edition_id)
    into = select(Edition.joined_into).where(Edition.edition_id == edition_id, Edition.joined_into.is_not(None))
    mine = DirectorEdition.edition_id
    return or_(mine == edition_id, mine.in_(joined), mine.in_(into))


def words_of(typed: str, *, needed: str | None = None) -> str:
    """What somebody typed, within bounds. `needed` is the sentence where nothing may not be."""
    words = " ".join(typed.split())
    if len(words) > MOST_WORDS:
        raise NotAllowed(f"At most {MOST_WORDS} characters.")
    if not words and needed:
        raise NotAllowed(needed)
    return words
