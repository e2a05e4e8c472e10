"""What our processes write to their log: one line for each event, in UTC, without secrets. Where it goes is the starter's."""

from __future__ import annotations

import logging
import sys
import time

from sync_jobs.kit.redact import Redact, guard_chatty_loggers

FORM = "%(asctime)sZ %(process)d %(levelname)s %(name)s: %(message)s"
QUIET = ("rq.worker", "rq.job", "rq_scheduler.scheduler", "urllib3", "redis")


class OneLine(logging.Formatter):
    """A traceback too is one line: its own line ends become bars."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        return " | ".join(line for line in super().format(record).splitlines() if line.strip())


def set_up(level: int = logging.INFO) -> None:
    """Send this process's log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine(FORM, "%Y-%m-%dT%H:%M:%S"))
    handler.addFilter(Redact())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    guard_chatty_loggers()
