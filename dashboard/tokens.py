"""Random tokens for sign-ins, invitations and programs, and the digests by which they are known. Stores nothing."""

from __future__ import annotations

import hashlib
import secrets


def fresh() -> str:
    """A token that nobody can guess; whoever shows it is let in, so it is kept nowhere but with its owner."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """What we keep of a token. No salt: a random token has nothing to look up."""
    return hashlib.sha256(token.encode()).hexdigest()
