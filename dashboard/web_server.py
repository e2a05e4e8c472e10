"""How gunicorn serves the pages: two processes of eight threads, on this machine unless HOST says otherwise."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sync_jobs import logs, stopping

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
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


def post_fork(server: Any, worker: Any) -> None:  # noqa: ARG001  gunicorn's signature
    """A process that serves ends with the one that started it."""
    stopping.die_with_parent(server.pid)
