"""Tell people by mail what waits for them. Who has to be told is `approvals`' decision; a failure undoes nothing."""

from __future__ import annotations

from datetime import datetime

from sync_jobs import approvals, mail
from sync_jobs.settings import settings

MOST_FAILURES = 2  # in a row: the mail server is away, and nobody waits longer for it


def tell(now: datetime) -> int:
    """Send what has to be told now, each once. How many messages went out; none where mail is not set up."""
    if not mail.is_set():
        return 0
    sent = failures = 0
    for message in approvals.to_tell(now, settings().public_url):
        if failures < MOST_FAILURES:
            took = mail.send(message.to, message.subject, message.text)
            sent, failures = sent + took, 0 if took else failures + 1
    return sent
