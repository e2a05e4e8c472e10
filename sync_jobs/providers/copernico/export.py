"""Copernico's export by preset: flat rows of one event, from an address that needs no key and is therefore a secret.

It is built from what was entered, never from what an answer says of itself, and no failure tells it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from sync_jobs.errors import (
    AccessDenied,
    CredentialsRejected,
    NotThere,
    ProviderError,
    ReadIncomplete,
    RequestRefused,
    SetUpWrongly,
    UnreadableRow,
)
from sync_jobs.kit import parse, redact
from sync_jobs.kit.base import AsideRow, Raw
from sync_jobs.kit.client import Client
from sync_jobs.providers.copernico import people, replies, timing
from sync_jobs.providers.copernico.text import repaired

TOO_LARGE = "HTTP 413"
Record = dict[str, Any]


class Export:
    """The door without a key. What was left out or made whole is counted in `notices`."""

    def __init__(self, client: Client, secrets: Mapping[str, str], notices: Counter[str]) -> None:
        self.client, self.notices = client, notices
        self.login, self.preset = secrets.get("preset_login"), secrets.get("preset_name")
        redact.remember([quote(self.login or "", safe="")])  # as it stands in the address

    @property
    def is_set_up(self) -> bool:
        """Whether login and preset were entered."""
        return bool(self.login and self.preset)

    def results(self, slug: str, event: str, *, held: bool) -> tuple[list[Record], list[AsideRow]]:
        """One event's rows. An empty answer says nothing about anybody: a name may be misspelt, or the race not be open."""
        said = f"/races/{slug}/preset of {event}"
        came, gun = replies.exported(said, self._get(slug, event, said))
        if not came and held:
            raise ReadIncomplete(said, "the export is empty", provider=replies.LABEL)
        if not came:
            why = "is empty; look whether preset and event are written as there"
            return [], [
                AsideRow(key=f"{slug}/{event}", place=f"export of {event}", field="export", why=why)
            ]  # nobody was held: nobody vanished
        return [one for row in came if (one := self._record(f"{slug}/{event}", row, gun)) is not None], []

    def _get(self, slug: str, event: str, said: str) -> Any:
        which = ":::".join(quote(part or "", safe="") for part in (self.login, self.preset))
        try:
            return self.client.get(f"/races/{quote(slug, safe='')}/preset/{which}/{quote(event, safe='')}", said=said)
        except (NotThere, AccessDenied, RequestRefused, CredentialsRejected) as error:
            why = "its export is refused; look at preset login and preset name"
            if error.detail == TOO_LARGE:
                why = "its export is larger than 6 MB; take columns out of the preset"
            wrong: ProviderError = SetUpWrongly(said, f"{why} ({event})", provider=replies.LABEL)
        raise wrong

    def _record(self, event_id: str, came: Any, gun: Any) -> Record | None:
        """One line; None for technical records and for who was not seen yet."""
        row = repaired(came)
        self.notices["repaired"] += row != came
        if not isinstance(row, dict):
            return {"event_id": event_id, "key": None}
        try:
            if people.is_nobody(row):
                self.notices["technical"] += 1
                return None
            if timing.of_row(row, gun).says_nothing:
                return None
        except UnreadableRow:  # its values say later what is wrong with it
            pass
        return {"event_id": event_id, "key": _key(row), "person": row, "event": None, "gun": gun}


def _key(row: Raw) -> str | None:
    """The athlete's id where the preset has it, else the bib: the view finds the person by it."""
    try:
        number, bib = parse.text(row.get("id"), "id"), people.bib(row.get("dorsal"))
    except UnreadableRow:
        return None
    return number or (bib and f"bib:{bib}")
