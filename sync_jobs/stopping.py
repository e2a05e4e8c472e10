"""How a process of ours is asked to stop at the next page, and how none outlives the one that started it.

Who asks is the worker; what stopping means is `pull`'s.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
from types import FrameType

SIGNAL = signal.SIGUSR1
PR_SET_PDEATHSIG = 1

_asked = False


def _hear(_number: int, _frame: FrameType | None) -> None:
    global _asked  # noqa: PLW0603  a signal handler can only leave a mark
    _asked = True


def listen() -> None:
    """Take SIGUSR1 as the wish to stop soon. A worker listens before it forks, so that no wish falls between."""
    if signal.getsignal(SIGNAL) is not _hear:
        forget()
        signal.signal(SIGNAL, _hear)


def forget() -> None:
    """Begin anew: nobody has asked yet."""
    global _asked  # noqa: PLW0603  see above
    _asked = False


def requested() -> bool:
    """Whether somebody asked since `listen`."""
    return _asked


def die_with_parent(parent: int) -> None:
    """From now on the kernel ends this process when its parent ends (Linux; elsewhere a run's lease does it alone).

    `parent` is who started it: when that one is gone already, so are we.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


class Stop:
    """The end of a loop, as SIGTERM, SIGINT (ctrl-C) or SIGHUP announce it; waiting for it wakes at once."""

    def __init__(self) -> None:
        self.asked = 0
        self.awake, self._wake = os.pipe()
        os.set_blocking(self._wake, False)

    def listen(self) -> Stop:
        """Take those signals; only in a main thread."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda _number, _frame: self.ask())
        return self

    def ask(self) -> None:
        """What the handler does: safe at any instant, which setting a threading.Event is not."""
        self.asked += 1
        os.write(self._wake, b".")

    def wait(self, seconds: float) -> bool:
        """Sleep, or until asked. True when asked."""
        if not self.asked:
            select.select([self.awake], [], [], seconds)
        return bool(self.asked)
