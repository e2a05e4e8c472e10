"""Which registration an id on a scoring list means, also where it was written without its provider or was transferred since."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from sync_jobs.records import PREFIXES, Registration

Key = tuple[str, str]  # of a registration: its provider and its key there
MOST_TRANSFERS = 5
PREFIXED = re.compile(r"([a-z]+)\s*[:\-_]\s*(\S+)", re.IGNORECASE)


def key_of(registration: Registration) -> Key:
    """How a registration is named among those of all providers."""
    return registration.provider_name, registration.key


class ExternalIds:
    """The registrations of one edition, to be found by what a scoring list says."""

    def __init__(self, registrations: Iterable[Registration], moved: Mapping[Key, Key] | None = None) -> None:
        self.by_key = {key_of(registration): registration for registration in registrations}
        self.moved = moved or {}
        self._providers = {PREFIXES.get(provider, provider): provider for provider, _ in (*self.by_key, *self.moved)}
        self._bare: defaultdict[str, list[Key]] = defaultdict(list)
        for key in {*self.by_key, *self.moved}:
            self._bare[key[1]].append(key)

    def key(self, external_id: str | None) -> Key | None:
        """The registration that is meant, present or not; None for what is no id of ours."""
        text = (external_id or "").strip()
        if found := PREFIXED.fullmatch(text):
            provider = self._providers.get(found[1].lower())
            return (provider, found[2]) if provider else None
        alike = self._bare.get(text, [])
        return alike[0] if len(alike) == 1 else None

    def find(self, external_id: str | None) -> Registration | None:
        """The registration that is meant, or the one that it was transferred to."""
        key = self.key(external_id)
        return self.by_key.get(self.last(key)) if key else None

    def last(self, key: Key) -> Key:
        """The end of a chain of transfers. One that goes in a circle, or on for too long, leads nowhere."""
        seen = [key]
        while seen[-1] not in self.by_key and seen[-1] in self.moved and len(seen) <= MOST_TRANSFERS:
            seen.append(self.moved[seen[-1]])
        return seen[-1]

    @staticmethod
    def is_bare(external_id: str | None) -> bool:
        """Whether it says no provider: then it may be a number of somebody else's."""
        return not PREFIXED.fullmatch((external_id or "").strip())
