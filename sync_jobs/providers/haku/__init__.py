"""Haku's API (https://api.hakuapp.com): facts, signing in, reading. Its event is our happening, a category of it our contest.

Two hosts: one lends tokens, the other takes them raw, without "Bearer". Lists are bare and at most 25 long, and the list of people
is thin: names, birth dates and bibs cost one more call each (`sweep`). Nothing is known of writing to Haku: we only read, and
results leave as a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from sync_jobs import times
from sync_jobs.errors import ProviderError, ProviderThrottled, UnexpectedReply, UnreadableRow
from sync_jobs.kit import parse, results_file, rows
from sync_jobs.kit.auth import Bearer, basic, require
from sync_jobs.kit.base import Access, Adapter, CredentialField, Pace, Page, Raw, Values
from sync_jobs.kit.client import Client
from sync_jobs.kit.paging import Ending, by_number
from sync_jobs.providers.haku.mapping import MAPPINGS
from sync_jobs.providers.haku.sweep import Sweep
from sync_jobs.records import ImportFile, Scope
from sync_jobs.results import Published, ResultTarget

PER_PAGE = 25  # the documented maximum; a server that was asked for more may cut there, and a short page would look like the last
LIMIT_PASSES = timedelta(hours=1)  # "Limit Exceeded" is a plan that is used up, and names no end


class Haku(Adapter):
    """One organisation's API client."""

    key = "haku"
    label = "Haku"
    side = "registration"
    people_table = "haku_participants"
    happening_table = "haku_events"
    contest_table = "haku_categories"
    urls = (("HAKU_URL", "https://api.hakuapp.com"), ("HAKU_AUTH_URL", "https://prod-auth.hakuapp.com/oauth2/token"))
    people_every = timedelta(minutes=5)  # 25 people a call, and 500 calls an hour
    lists_everybody = True  # the thin list is read to its end each time
    credentials = (
        CredentialField(name="client_id", label="client id", secret=False, customer_column="principal"),
        CredentialField(name="client_secret", label="client secret", customer_column="secret"),
    )
    pace = Pace(calls=500, per=3600, at_once=1, apart=0.5)  # no limit is documented; this is what a careful client allows itself
    help = "Haku → your organization's API client: a client id and a client secret. Each organization has its own, so add one each."
    results_note = "Haku is not known to take results by a call. A publication makes a file, and a person loads it there."
    results_help = (
        "Haku → your event → results: load the file there, or send it to Haku’s support, and say here that it was loaded."
    )
    reads_changes = True  # not by time: an unchanged line of the list saves the call for the person

    def __init__(self, access: Access) -> None:
        super().__init__(access)
        self.client = Client(
            access, provider=self.label, base=access.urls["HAKU_URL"], calls=self.calls, refusal=self._refusal,
            auth=Bearer(access, self._login, scheme=""), doubted=(401, 403),
        )  # fmt: skip

    def close(self) -> None:
        """Give the sockets back."""
        self.client.close()

    def results_file(self, target: ResultTarget, rows: Sequence[Published], name: str) -> ImportFile:  # noqa: ARG002  a person chooses where
        """A table of what is public."""
        return results_file.written(rows, name)

    def test(self) -> str:
        """One event of the list: signs in where that is needed."""
        found = self._list("/events", {"page": 1, "per_page": 1, "show_inactive": "true"})
        return "Haku accepts this login." if found else "Haku accepts this login, but it has no event yet."

    def _login(self, client: Client) -> Any:
        require(self.access, self.credentials)
        proof = basic(self.access.secrets["client_id"], self.access.secrets["client_secret"])
        address, form = self.access.urls["HAKU_AUTH_URL"], {"grant_type": "client_credentials"}
        return client.post_form(address, form, path="sign-in", headers=proof)

    def _refusal(self, path: str, data: Any) -> ProviderError | None:
        """A used-up plan will not pass in seconds, as a throttle does."""
        if isinstance(data, dict) and data.get("message") == "Limit Exceeded":
            return ProviderThrottled(path, "limit exceeded", until=self.access.now() + LIMIT_PASSES)
        return None

    def discover(self, since: datetime | None, cursor: dict[str, Any] | None) -> Iterator[Page]:  # noqa: ARG002  no filter by change is known
        """All events of the organisation: past and inactive ones, and those that are no race. Distances show with the people."""
        query = {"per_page": PER_PAGE, "sort_column": "event_date", "sort_direction": "desc", "show_inactive": "true"}
        here, ending = int((cursor or {}).get("page", 1)), Ending(PER_PAGE)
        ending.resume(cursor or {})
        fetched = by_number(lambda page: self._list("/events", {**query, "page": page}), ending, _event_id, "/events", here)
        for records, following in fetched:
            found, aside = rows.split(records, _event_key, f"events page {here}")
            goes_on = None if following is None else {"page": following, **ending.mark()}
            yield Page(table="haku_events", rows=found, aside=aside, cursor=goes_on)
            here = following or here

    def registrations(self, scope: Scope, since: datetime | None, cursor: dict[str, Any] | None) -> Iterator[Page]:
        """Everybody of one event, cancelled people too, with their categories. Whole: every detail is asked for again."""
        path = f"/events/{quote(scope.happening_id, safe='')}"
        query = {"per_page": PER_PAGE, "sort_column": "updated_at", "sort_direction": "desc"}

        def fetch(page: int) -> list[Any]:
            found = self._list(f"{path}/participants", {**query, "page": page})
            self.page_size_seen = max(self.page_size_seen, len(found))
            self.never_sent = _never_sent(found, self.never_sent)
            return found

        def ask(number: str) -> Raw:
            detail = self.client.get(f"{path}/registrations/{quote(number, safe='')}")
            if not isinstance(detail, dict):
                raise UnexpectedReply("registrations", "no registration")
            return detail

        ending = Ending(PER_PAGE, proven=self.page_size_seen, expected=scope.rows_expected)
        sweep = Sweep(scope, fetch, ask, whole=since is None, ending=ending, path=f"{path}/participants")
        yield from sweep.pages(cursor or {})

    def _list(self, path: str, query: dict[str, Any]) -> list[Any]:
        """A bare list, or the only list in an object around it."""
        reply = self.client.get(path, query)
        inside = reply.get(path.rpartition("/")[2]) if isinstance(reply, dict) else reply
        if not isinstance(inside, list):
            raise UnexpectedReply(path, "no list")
        return inside

    def values(self, table: str, raw: Raw) -> Values:
        """One record as the columns of its table."""
        return MAPPINGS[table](raw, times.zone(self.access.timezone))


def _event_key(record: Any) -> tuple[str]:
    if not isinstance(record, dict):
        raise UnreadableRow("id", "is missing")
    return (parse.key_text(record.get("id"), "id"),)


def _event_id(record: Any) -> str | None:
    try:
        return _event_key(record)[0]
    except UnreadableRow:
        return None


def _never_sent(records: list[Any], before: frozenset[str] | None) -> frozenset[str] | None:
    """Whether anybody's record said if they had cancelled: its absence is taken for no."""
    people = [record for record in records if isinstance(record, dict)]
    if not people:
        return before
    said = any(record.get("is_cancelled") is not None for record in people)
    return frozenset() if said or before == frozenset() else frozenset({"registration_status"})
