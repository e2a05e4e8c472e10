"""The providers we know, by name. See "Adding a provider" in the README."""

from __future__ import annotations

from collections.abc import Mapping

from sync_jobs.kit.base import Adapter
from sync_jobs.providers.chronotrack import ChronoTrack
from sync_jobs.providers.copernico import Copernico
from sync_jobs.providers.haku import Haku
from sync_jobs.providers.raceroster import RaceRoster
from sync_jobs.providers.runsignup import RunSignUp

ADAPTERS: Mapping[str, type[Adapter]] = {
    adapter.key: adapter for adapter in (RunSignUp, RaceRoster, Haku, ChronoTrack, Copernico)
}  # fmt: skip
LABELS: Mapping[str, str] = {key: adapter.label for key, adapter in ADAPTERS.items()}
FORMER: Mapping[str, str] = {"racerecord": "Race Record"}
"""What the old system knew and nobody reads any more: only its name is left."""


def provider_key(name: str | None) -> str:
    """The key of a provider however somebody wrote it: `Race Roster`, `RunSignup` and `CHRONOTRACK` are all known."""
    return "".join(letter for letter in (name or "").lower() if letter.isalnum())


def label(key: str) -> str:
    """How a person writes that provider."""
    return LABELS.get(key) or FORMER.get(key, key)


def side(key: str | None) -> str:
    """Whether a provider keeps registrations or scores."""
    adapter = ADAPTERS.get(key or "")
    return adapter.side if adapter else "registration"


def of_side(which: str) -> list[str]:
    """The providers of that side."""
    return [key for key, adapter in ADAPTERS.items() if adapter.side == which]


def urls() -> dict[str, str]:
    """The names of all providers' addresses, and where the providers really are."""
    return {name: url for adapter in ADAPTERS.values() for name, url in adapter.urls}
