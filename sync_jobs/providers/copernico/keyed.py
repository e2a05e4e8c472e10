"""Copernico's keyed API: its lists and objects, out of their envelopes. Which of them make a reading is the adapter's business."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import quote

from sync_jobs.errors import AccessDenied, CredentialsRejected, NotThere, UnexpectedReply, UnreadableRow
from sync_jobs.kit.base import AsideRow
from sync_jobs.kit.client import Client
from sync_jobs.providers.copernico import people, replies
from sync_jobs.providers.copernico.text import repaired

SAMPLE = 12  # athletes of a race who are looked at where the race does not say when its events start
Record = dict[str, Any]
Ids = tuple[list[str], list[AsideRow]]


class Keyed:
    """The keyed door. What was made whole on the way is counted in `notices`."""

    def __init__(self, client: Client, notices: Counter[str]) -> None:
        self.client, self.notices = client, notices

    def get(self, path: str) -> Any:
        """An answer. The gateway says 403 to a wrong key as well as to a missing one."""
        try:
            came = self.client.get(path)
        except AccessDenied as error:
            refused = CredentialsRejected(path, error.detail, provider=replies.LABEL)
        else:
            fixed = repaired(came)
            self.notices["repaired"] += fixed != came
            return fixed
        raise refused

    def races(self) -> Ids:
        """The slugs of all races of the key."""
        return self._list("/races", "slug", "id", "_id", "uuid")

    def race(self, slug: str) -> Record | None:
        """What there is about one race; None where it is not known there."""
        return self._object(f"/races/{quote(slug, safe='')}")

    def athletes(self, slug: str) -> Ids:
        """The ids of everybody in a race."""
        return self._list(f"/races/{quote(slug, safe='')}/athletes", "id", "_id")

    def athlete(self, slug: str, number: str) -> Record | None:
        """Everything of one athlete; None for one who was deleted since the list was made."""
        found = self._object(f"/races/{quote(slug, safe='')}/athlete/{quote(number, safe='')}/full")
        return found and {**found, "id": found.get("id") or number}

    def guns(self, slug: str) -> dict[str, Any]:
        """The events of some athletes, each with its earliest gun: where the race itself names neither."""
        try:
            ids, _ = self.athletes(slug)
        except NotThere:
            return {}
        found: dict[str, Any] = {}
        for number in ids[:: max(1, len(ids) // SAMPLE)][:SAMPLE]:
            for event in people.events_of(self.athlete(slug, number) or {}):
                name, gun = event.get("event"), event.get("waveTime") or event.get("gunTime")
                if isinstance(name, str):
                    found[name] = min(filter(None, (found.get(name), gun)), key=str, default=None)
        return found

    def _object(self, path: str) -> Record | None:
        try:
            found = replies.opened(path, self.get(path))
        except NotThere:
            return None
        if not isinstance(found, dict):
            raise UnexpectedReply(path, "no object", provider=replies.LABEL)
        return found

    def _list(self, path: str, *names: str) -> Ids:
        found: set[str] = set()
        aside: list[AsideRow] = []
        for position, item in enumerate(replies.listed(path, self.get(path)), 1):
            try:
                found.add(replies.identity(item, *names))
            except UnreadableRow as error:
                aside.append(AsideRow(key=None, place=f"{path}, row {position}", field=error.field, why=error.why))
        return sorted(found), aside
