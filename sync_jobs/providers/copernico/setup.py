"""What an operator enters beside the key, out of its written form: races with their events, and the ids that sending needs."""

from __future__ import annotations

from collections.abc import Mapping

from sync_jobs.errors import SetUpWrongly
from sync_jobs.providers.copernico.replies import LABEL
from sync_jobs.providers.copernico.text import folded

RACES_FORM = "spring-run-2026 = 5K | 10K; autumn-run-2026"
IDS_FORM = "spring-run-2026 = race id; spring-run-2026/5K = event id"


def races(written: str) -> dict[str, tuple[str, ...]]:
    """The races to read, each with the names of its events; none where they are to be discovered."""
    found: dict[str, tuple[str, ...]] = {}
    for part in _parts(written):
        slug, _, names = part.partition("=")
        slug = slug.strip()
        if not slug or "/" in slug or " " in slug:
            raise SetUpWrongly("connection", f"the races are not written like “{RACES_FORM}”", provider=LABEL)
        found[slug] = tuple(dict.fromkeys(name.strip() for name in names.split("|") if name.strip()))
    return found


def push_ids(written: str) -> Mapping[str, str]:
    """Sportmaniacs' ids: of a race by its slug, of an event by `slug/event`, compared as people do."""
    found: dict[str, str] = {}
    for part in _parts(written):
        what, sign, number = (piece.strip() for piece in part.partition("="))
        if not (what and sign and number):
            raise SetUpWrongly("connection", f"the ids for sending are not written like “{IDS_FORM}”", provider=LABEL)
        found[folded(what)] = number
    return found


def _parts(written: str) -> list[str]:
    return [part.strip() for line in written.splitlines() for part in line.split(";") if part.strip()]
