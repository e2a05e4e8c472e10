"""Sending one plain message over SMTP, where it is set. Never inside a write; what a message says is the caller's."""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from urllib.parse import SplitResult, unquote, urlsplit

from sync_jobs.settings import settings

log = logging.getLogger(__name__)
PATIENCE = 10.0  # seconds that a person waits for a mail server


def is_set() -> bool:
    """Whether this installation can send mail."""
    return bool(settings().smtp_url)


def send(to: str, subject: str, text: str) -> bool:
    """Whether the mail server took the message. Why not goes to the log, without the address and the password."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = settings().mail_from, to, subject
    message.set_content(text)
    url = urlsplit(settings().smtp_url)
    try:
        with _connected(url) as server:
            if url.username:
                server.login(unquote(url.username), unquote(url.password or ""))
            server.send_message(message)
    except (smtplib.SMTPException, OSError, ValueError) as error:
        log.warning("a message was not sent: %s", type(error).__name__)
        return False
    return True


@contextmanager
def _connected(url: SplitResult) -> Iterator[smtplib.SMTP]:
    """`smtps://` speaks TLS from the start; `smtp://` as soon as the server offers it."""
    place, trusted = (url.hostname or "localhost", url.port or 0), ssl.create_default_context()
    if url.scheme == "smtps":
        with smtplib.SMTP_SSL(*place, timeout=PATIENCE, context=trusted) as server:
            yield server
    else:
        with smtplib.SMTP(*place, timeout=PATIENCE) as server:
            server.ehlo_or_helo_if_needed()
            if server.has_extn("starttls"):
                server.starttls(context=trusted)
            yield server
