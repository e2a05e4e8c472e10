"""Blank out secrets in text that people or files may see. Which text that is, is left to those who log."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable

BLANK = "***"
SHORTEST = 4  # anything shorter would blank out ordinary words
CHATTY = ("urllib3.connectionpool", "urllib3.util.retry")
"""Loggers that write whole addresses, keys included, when somebody turns debugging on."""

_NAMES = r"\w*(?:api[_-]?key|secret|passw(?:or)?d|token|tmp_key|authorization|api_reg|signature|credential)\w*"
_PAIR = re.compile(rf"(?i)(\b{_NAMES}[\"']?\s*[=:]\s*(?:bearer\s+)?[\"']?)([^\s&\"',;)}}\]]+)")
_BEARER = re.compile(r"(?i)(\bbearer\s+)([\w.~+/=-]+)")
_LOGIN = re.compile(r"(//[^/\s:@]*:)([^/\s@]+)(@)")

_known: set[str] = set()


def remember(secrets: Iterable[str]) -> None:
    """Blank these out wherever they turn up in this process, whatever stands around them."""
    _known.update(secret for secret in secrets if len(secret) >= SHORTEST)


def redact(text: str) -> str:
    """The text without known secrets, without the values of secret-looking names, without passwords in addresses."""
    for secret in _known:
        if secret in text:
            text = text.replace(secret, BLANK)
    text = _LOGIN.sub(rf"\1{BLANK}\3", text)
    text = _BEARER.sub(rf"\1{BLANK}", text)
    return _PAIR.sub(rf"\1{BLANK}", text)


class Redact(logging.Filter):
    """Put it on a handler (or a logger): each record's message and traceback pass through `redact`."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        return True


def guard_chatty_loggers() -> None:
    """Let the HTTP library's own log lines pass through `redact`, whoever listens."""
    for name in CHATTY:
        logger = logging.getLogger(name)
        if not any(isinstance(present, Redact) for present in logger.filters):
            logger.addFilter(Redact())
