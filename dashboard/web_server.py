"""How gunicorn serves the pages: two processes of eight threads, on this machine unless HOST says otherwise."""

from __future__ import annotations

import gc
import os
import time
from pathlib import Path
from typing import Any

from gunicorn.workers import gthread  # type: ignore[import-untyped]  # the library ships no types

from sync_jobs import logs, stopping

gthread.DEFAULT_WORKER_DATA_TIMEOUT = 0.5  # browsers connect ahead of need: such a connection must not keep a thread for 5 s
gthread.STOP_KEEPALIVE_LINGER = 0.2  # as below, for a request that was being answered when the end began


class Threads(gthread.ThreadWorker):  # type: ignore[misc]  # the library ships no types
    """A process that serves, and that an open browser does not keep from ending: only what is being answered is waited for."""

    def _cap_keepalive(self, deadline: float) -> None:  # noqa: ARG002  it would be two seconds away
        """The end begins: let go of the connections on which nothing is asked, at once."""
        for connection in (*self.keepalived_conns, *self.pending_conns):
            connection.timeout = time.monotonic()


bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = Threads
workers = 2
threads = 8
preload_app = True  # loaded once, then forked: half the time and memory
timeout = 60
graceful_timeout = 2
keepalive = 5
control_socket_disable = True  # it would lie in somebody's home folder
loglevel = "warning"
if Path("/dev/shm").is_dir():  # noqa: S108  gunicorn's own advice: its sign of life must not wait for a disk
    worker_tmp_dir = "/dev/shm"  # noqa: S108  see above

logs.set_up()


def when_ready(server: Any) -> None:  # noqa: ARG001  gunicorn's signature
    """What was loaded once stays as it is: no process looks through it again, least of all when it ends."""
    gc.collect()
    gc.freeze()


def post_fork(server: Any, worker: Any) -> None:  # noqa: ARG001  gunicorn's signature
    """A process that serves ends with the one that started it."""
    stopping.die_with_parent(server.pid)
