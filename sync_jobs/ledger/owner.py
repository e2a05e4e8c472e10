"""Who holds a lease: a process that can be told from every other, also from a later one with the same number."""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path

PROC = Path("/proc")


@cache
def _machine() -> str:
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        boot = "unknown"
    return f"{socket.gethostname()}:{boot}"


def _started(pid: int) -> str | None:
    """When the process began, in the kernel's ticks; None when there is no such process (a zombie is none)."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def this_process() -> str:
    """`host:boot:pid:start` of the calling process."""
    pid = os.getpid()
    return f"{_machine()}:{pid}:{_started(pid) or '?'}"


def is_dead(owner: str | None) -> bool:
    """True only when we can be sure: the owner ran on this machine since its last boot, and is not there any more."""
    host_and_boot, _, rest = (owner or "").rpartition(":")[0].rpartition(":")
    start = (owner or "").rpartition(":")[2]
    if host_and_boot != _machine() or not rest.isdigit() or start == "?" or not PROC.is_dir():
        return False
    return _started(int(rest)) != start
