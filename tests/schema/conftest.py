"""The customer's file, made once for all tests of this folder, a copy for each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.schema.files import copy, half_enhance, make


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("legacy") / "untouched.db", 0.0005)


@pytest.fixture(scope="session")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("legacy") / "larger.db", 0.01)


@pytest.fixture(scope="session")
def half(tmp_path_factory: pytest.TempPathFactory, untouched: Path) -> Path:
    return half_enhance(copy(untouched, tmp_path_factory.mktemp("half")))


@pytest.fixture
def file(tmp_path: Path, untouched: Path) -> Path:
    return copy(untouched, tmp_path)


@pytest.fixture
def half_file(tmp_path: Path, half: Path) -> Path:
    return copy(half, tmp_path)
