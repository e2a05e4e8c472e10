"""Passwords: the rules, the hash, and the check that takes as long for nobody as for somebody. Stores nothing."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LEAST = 10
MOST = 200

_hasher = PasswordHasher()


@cache
def _nobodys_hash() -> str:
    """Made at the first sign-in, not at import: it costs every process a third of a second and 64 MB."""
    return _hasher.hash("the password of nobody")


def hashed(password: str) -> str:
    """What we keep of a password."""
    return _hasher.hash(password)


def fits(kept: str | None, password: str) -> bool:
    """Whether that is the password. Where there is none, the same work is done, so that time says nothing."""
    nobodys = _nobodys_hash()
    try:
        return _hasher.verify(kept or nobodys, password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether the hash was made with weaker settings than today's."""
    return _hasher.check_needs_rehash(kept)


def objection(password: str, email: str) -> str | None:
    """Why that may not be this person's password, in a sentence; None where it may."""
    if len(password) < LEAST:
        return f"At least {LEAST} characters; a few words in a row are easy to remember."
    if password.strip().lower() in {email.lower(), email.partition("@")[0].lower()}:
        return "Your e-mail address is the first thing somebody would try."
    return None
