"""Who acts, as the doors of results want to know it: the signed-in person, and of their device what names nobody."""

from __future__ import annotations

import hashlib
import hmac

from flask import current_app, request

from dashboard import access
from sync_jobs.approvals import Actor

KINDS = ("iPhone", "iPad", "Android", "Windows", "Macintosh", "Linux")


def actor() -> Actor:
    """Whoever pressed."""
    person = access.current()
    return Actor(
        account_id=person.account_id, name=person.name, role=person.role, timing_partner_id=person.timing_partner_id,
        device={"kind": _kind(), "address": _address()},
    )  # fmt: skip


def _kind() -> str:
    said = request.user_agent.string
    return next((kind for kind in KINDS if kind in said), "unknown")


def _address() -> str:
    """A keyed hash: the same address is known again, and nobody can tell which it was."""
    key = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.new(key, (request.remote_addr or "").encode(), hashlib.sha256).hexdigest()[:16]
