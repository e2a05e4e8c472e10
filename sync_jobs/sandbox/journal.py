"""What was asked of the simulated providers: counted, and the latest calls listed, with every secret blanked."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

SECRET = frozenset({
    "api_key", "api_secret", "rsu_api_key", "sp_api_key", "tmp_key", "tmp_secret", "access_token", "rsu_api_reg", "user_pass",
    "password",
})  # fmt: skip
KEPT = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """One call."""

    at: datetime
    provider: str
    partner: int | None
    method: str
    path: str
    query: Mapping[str, str]
    status: int  # 0 where no answer was given
    ms: float
    faults: tuple[str, ...]
    at_once: int  # calls of that partner being answered when it came, itself included


@dataclass(slots=True)
class Journal:
    """The calls so far."""

    calls: deque[Noted] = field(default_factory=lambda: deque(maxlen=KEPT))
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _busy: Counter[tuple[str, int | None]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _volume: int = 0

    def enter(self, provider: str, partner: int | None) -> tuple[int, int]:
        """A call begins: how many of this partner are being answered now, and the volume that it belongs in."""
        with self._lock:
            self._busy[provider, partner] += 1
            return self._busy[provider, partner], self._volume

    def leave(self, noted: Noted, volume: int) -> None:
        """It has its answer. One that came before `clear` is forgotten with the others, however late it is answered."""
        with self._lock:
            self._busy[noted.provider, noted.partner] -= 1
            if volume == self._volume:
                self.calls.append(noted)
                self.counts[noted.provider, noted.path.lower()] += 1

    def matching(self, provider: str | None = None, path: str = "", partner: int | None = None) -> list[Noted]:
        """Calls of a provider, to paths that contain something, by a partner."""
        with self._lock:
            calls = list(self.calls)
        return [
            noted for noted in calls
            if provider in {None, noted.provider} and partner in {None, noted.partner} and path.lower() in noted.path.lower()
        ]  # fmt: skip

    def count(self, provider: str | None = None, path: str = "", partner: int | None = None) -> int:
        """How many there were."""
        return len(self.matching(provider, path, partner))

    def most_at_once(self, provider: str | None = None, partner: int | None = None) -> int:
        """The most calls of one partner that were being answered at the same time."""
        return max((noted.at_once for noted in self.matching(provider, "", partner)), default=0)

    def clear(self) -> None:
        """Forget them."""
        with self._lock:
            self._volume += 1
            self.calls.clear()
            self.counts.clear()

    def __iter__(self) -> Iterator[Noted]:
        return iter(self.matching())

    def __len__(self) -> int:
        return len(self.calls)

    def summary(self, latest: int = 50) -> dict[str, Any]:
        """For people to read."""
        counts = {f"{provider} {path}": many for (provider, path), many in sorted(self.counts.items())}
        return {"total": sum(counts.values()), "counts": counts, "latest": [asdict(noted) for noted in self.matching()[-latest:]]}


def blanked(query: Mapping[str, str]) -> dict[str, str]:
    """A query that may be shown."""
    return {name: "…" if name.lower() in SECRET else value for name, value in query.items()}
