"""What our processes write to their log: one line for each event, in UTC, without secrets. Where it goes is the starter's."""

from __future__ import annotations

import logging
import sys
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path

from sync_jobs.kit.redact import Redact, guard_chatty_loggers

FORM = "%(asctime)sZ %(process)d %(levelname)s %(name)s: %(message)s"
SIZE, KEPT = 5_000_000, 3
QUIET = ("rq.worker", "rq.job", "rq_scheduler.scheduler", "urllib3", "redis")


class OneLine(logging.Formatter):
    """A traceback too is one line: its own line ends become bars."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        return " | ".join(line for line in super().format(record).splitlines() if line.strip())


def set_up(level: int = logging.INFO) -> None:
    """Send this process's log to standard error."""
    root = logging.getLogger()
    root.handlers[:] = [_ours(logging.StreamHandler(sys.stderr))]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    guard_chatty_loggers()


def into_file(name: str, file: Path) -> logging.Handler:
    """Keep that logger's log in a file as well, from INFO on; what is on standard error stays as it was set up."""
    handler = _ours(RotatingFileHandler(file, maxBytes=SIZE, backupCount=KEPT))
    for shown in logging.getLogger().handlers:
        shown.setLevel(logging.getLogger().level)
    logger = logging.getLogger(name)
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    return handler


def _ours(handler: logging.Handler) -> logging.Handler:
    handler.setFormatter(OneLine(FORM, "%Y-%m-%dT%H:%M:%S"))
    handler.addFilter(Redact())
    return handler
