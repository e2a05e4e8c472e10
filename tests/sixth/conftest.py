"""Make Trailhead a provider while a module's tests run, and the fixtures that hold it to what every adapter promises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sync_jobs import models, providers
from sync_jobs.sandbox import servers
from tests.providers.conftest import FACTS, Facts, bench, sandbox, tokens
from tests.sixth import simulated, tables
from tests.sixth.adapter import Trailhead

__all__ = ["bench", "sandbox", "tokens"]
ABOUT = Facts(
    contests="trailhead_courses", path="signups", list="meets", page=200, key="signup_id", bib="bib", born="date_of_birth",
    contest="course_id", unsaid=None, accepts="key", spoilt=frozenset({"id", "born", "gender"}), first_costs=4,
)  # fmt: skip


@contextmanager
def registered() -> Iterator[None]:
    """What a registry line does for a provider of the product, taken back afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(providers.ADAPTERS, Trailhead.key, Trailhead)
        patch.setitem(providers.LABELS, Trailhead.key, Trailhead.label)
        patch.setattr(servers, "REGISTRATION", (*servers.REGISTRATION, simulated.Trailhead))
        for name, table in tables.TABLES.items():
            patch.setitem(models.PROVIDER_TABLES, name, table)
            patch.setitem(models.NATURAL_KEYS, name, tables.KEYS[name])
        for name, layout in tables.LAYOUTS.items():
            patch.setitem(models.LAYOUTS, name, layout)
        patch.setitem(FACTS, Trailhead.key, ABOUT)
        yield


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with registered():
        yield Trailhead.key
