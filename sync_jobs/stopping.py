"""Whether this process was asked to stop at the next page. Who asks is the worker; what stopping means is `pull`'s."""

from __future__ import annotations

import signal
import threading

_asked = threading.Event()


def listen() -> None:
    """Take SIGUSR1 as the wish to stop soon (a worker sends it to the process that does its job)."""
    _asked.clear()
    signal.signal(signal.SIGUSR1, lambda _number, _frame: _asked.set())


def requested() -> bool:
    """Whether somebody asked since `listen`."""
    return _asked.is_set()
