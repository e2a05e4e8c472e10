"""A fetched file is what was pinned, or nothing is kept."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from dashboard import vendored

ROOT = Path(vendored.__file__).parents[1]


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An npm of ours on PATH, which packs what the test put into the folder `package`."""
    package = tmp_path / "package"
    (package / "dist").mkdir(parents=True)
    with tarfile.open(tmp_path / "it.tgz", "w:gz") as tar:
        (package / "dist" / "it.js").write_text("let it = 1")
        tar.add(package, "package")
    tool = tmp_path / "bin" / "npm"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\ncp {tmp_path}/it.tgz . && echo it.tgz\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:/usr/bin:/bin")
    return package


@pytest.mark.usefixtures("npm")
def test_a_file_with_the_pinned_hash_is_given() -> None:
    assert vendored.fetch("it@1.0.0", "dist/it.js", vendored.integrity(b"let it = 1")) == b"let it = 1"


@pytest.mark.usefixtures("npm")
@pytest.mark.parametrize("member", ["dist/it.js", "dist/other.js"])
def test_another_hash_or_no_such_file_is_refused(member: str) -> None:
    with pytest.raises(vendored.WrongHash, match=r"it@1\.0\.0"):
        vendored.fetch("it@1.0.0", member, vendored.integrity(b"let it = 2"))


def test_a_file_is_kept_whole_and_nothing_beside_it(tmp_path: Path) -> None:
    vendored.keep(b"all of it", tmp_path / "a" / "it.js")
    assert [file.name for file in (tmp_path / "a").iterdir()] == ["it.js"]
    assert (tmp_path / "a" / "it.js").read_bytes() == b"all of it"


def test_the_node_package_is_pinned_once() -> None:
    assert vendored.NODE_WHEEL in (ROOT / "tests" / "requirements.txt").read_text()
