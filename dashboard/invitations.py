"""Links by which a person chooses a password once: made, mailed or shown, found, used. Who may invite is left to `people`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import has_request_context, request, url_for
from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from dashboard import sign_ins, tokens
from sync_jobs import mail
from sync_jobs.models import Account, Invitation, db, write
from sync_jobs.settings import settings

VALID_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Handed:
    """How a link reached its person: `mailed`, or `link` to be copied; `failed` where the mail could not be sent."""

    link: str | None
    mailed: bool
    failed: bool


def make(session: Session, account_id: int, by: str, now: datetime) -> str:
    """The token of a new link for that account; an earlier one stops working."""
    session.execute(delete(Invitation).where(Invitation.account_id == account_id))
    token = tokens.fresh()
    row = Invitation(token_digest=tokens.digest(token), account_id=account_id, made_by=by, expires_at=now + VALID_FOR)
    session.add(row)
    return token


def link(token: str) -> str:
    """The address that the invited person opens."""
    path = f"/invited/{token}"
    if settings().public_url:
        return settings().public_url.rstrip("/") + path
    if has_request_context():
        return request.host_url.rstrip("/") + url_for("accounts.invited", token=token)
    return f"http://localhost:{os.environ.get('PORT', '8000')}{path}"


def hand_over(token: str, account: Account, by: str) -> Handed:
    """Mail the link where mail is set; otherwise, or where the mail fails, it is for the page to show."""
    address = link(token)
    if not mail.is_set():
        return Handed(address, mailed=False, failed=False)
    text = (
        f"{by} invites you to Project88Hub Sync.\n\nOpen this link to choose a password:\n{address}\n\n"
        "It works once, within seven days. If you did not expect it, leave it alone.\n"
    )
    sent = mail.send(account.address, "Your invitation to Project88Hub Sync", text)
    return Handed(None if sent else address, mailed=sent, failed=not sent)


def _open(token: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (Invitation.token_digest == tokens.digest(token), Invitation.used_at.is_(None), Invitation.expires_at > now)


def find(token: str, now: datetime) -> Account | None:
    """Whose link that is, while it works."""
    query = select(Account).join(Invitation, Invitation.account_id == Account.account_id)
    return db.session.scalar(query.where(*_open(token, now), Account.state != "removed"))


def signs_in_elsewhere(account: Account) -> bool:
    """Whether that invitation stands in for somebody who is still there."""
    other = select(Account.account_id).where(Account.email == account.address, Account.state != "removed")
    return account.stands_in and db.session.scalar(other) is not None


def accept(token: str, password_hash: str, now: datetime) -> str | None:
    """Use the link: the password is set, other browsers are signed out, and this one is signed in by the token returned."""
    with write() as session:
        used = update(Invitation).where(*_open(token, now)).values(used_at=now).returning(Invitation.account_id)
        account_id = session.scalar(used)
        person = (Account.account_id == account_id, Account.state != "removed", ~Account.email.contains(" "))
        chosen = update(Account).where(*person).values(password_hash=password_hash, state="active").returning(Account.account_id)
        if account_id is None or session.scalar(chosen) is None:
            return None
        sign_ins.end_all(session, account_id)
        return sign_ins.begin(session, account_id, now)
