"""Beginning and ending sign-ins, and how often somebody may try. What a person sees of it is left to `accounts`."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from dashboard import passwords, tokens
from dashboard.config import SIGNED_IN_FOR
from sync_jobs.models import Account, SignIn, SignInFailure, db, write

WINDOW = timedelta(minutes=15)
MOST_FOR_ADDRESS = 5
MOST_FROM_ORIGIN = 30  # a whole timing tent may sit behind one address


class TooManyTries(Exception):
    """Somebody tried too often; nobody may try before `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"too many tries, until {until}")
        self.until = until


@dataclass(frozen=True, slots=True)
class Try:
    """One counted try: which rows stand for it."""

    email_subject: str
    rows: tuple[int, ...]


def normal_email(text: str | None) -> str:
    """An address as we keep it."""
    return (text or "").strip().lower()


def sign_in(email: str, password: str, origin: str, now: datetime) -> str | None:
    """The token of a new sign-in, or None where address and password do not fit. Raises TooManyTries."""
    tried = count_try(email, origin, now)
    account = db.session.scalar(select(Account).where(Account.email == email, Account.state == "active"))
    if not passwords.fits(account.password_hash if account else None, password) or account is None:
        return None
    better = passwords.hashed(password) if passwords.is_outdated(account.password_hash or "") else account.password_hash
    with write() as session:
        forgive(session, tried)
        unchanged = (
            Account.account_id == account.account_id,
            Account.state == "active",
            Account.password_hash == account.password_hash,
        )
        kept = session.execute(update(Account).where(*unchanged).values(password_hash=better).returning(Account.account_id)).first()
        return begin(session, account.account_id, now) if kept else None


def begin(session: Session, account_id: int, now: datetime) -> str:
    """One more signed-in browser; its token is for the cookie and kept nowhere else. Expired ones are swept away."""
    session.execute(delete(SignIn).where(SignIn.expires_at <= now))
    token = tokens.fresh()
    row = SignIn(token_digest=tokens.digest(token), account_id=account_id, created_at=now, expires_at=now + SIGNED_IN_FOR)
    session.add(row)
    return token


def end(token: str) -> None:
    """That browser is signed out."""
    with write() as session:
        session.execute(delete(SignIn).where(SignIn.token_digest == tokens.digest(token)))


def end_all(session: Session, account_id: int) -> None:
    """Every browser of that account is signed out."""
    session.execute(delete(SignIn).where(SignIn.account_id == account_id))


def count_try(email: str, origin: str, now: datetime) -> Try:
    """Count a try before its password is looked at, so that many at once cannot slip through. Raises TooManyTries."""
    limits = {f"email:{email}": MOST_FOR_ADDRESS, f"from:{_network(origin)}": MOST_FROM_ORIGIN}
    with write() as session:
        session.execute(delete(SignInFailure).where(SignInFailure.at <= now - WINDOW))
        waits = [_free_again(session, subject, most) for subject, most in limits.items()]
        if waiting := [until for until in waits if until]:
            raise TooManyTries(max(waiting))
        rows = [SignInFailure(subject=subject, at=now) for subject in limits]
        session.add_all(rows)
        session.flush()
        return Try(f"email:{email}", tuple(row.failure_id for row in rows))


def forgive(session: Session, tried: Try) -> None:
    """The password was right: this try was no failure, nor are the earlier ones for this address held against it."""
    session.execute(delete(SignInFailure).where(SignInFailure.failure_id.in_(tried.rows)))
    session.execute(delete(SignInFailure).where(SignInFailure.subject == tried.email_subject))


def _free_again(session: Session, subject: str, most: int) -> datetime | None:
    newest_first = select(SignInFailure.at).where(SignInFailure.subject == subject).order_by(SignInFailure.at.desc())
    at = session.scalar(newest_first.offset(most - 1).limit(1))
    return at + WINDOW if at else None


def _network(origin: str) -> str:
    """Where a try came from: an IPv4 address, or the network of an IPv6 one, whose owner has all of its addresses."""
    try:
        address = ipaddress.ip_address(origin)
    except ValueError:
        return origin
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else origin
