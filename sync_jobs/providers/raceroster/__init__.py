"""Race Roster's API, version 1 (https://developers.raceroster.com): facts, signing in, reading. Its sub-event is our contest.

Answers are wrapped in `data`, which is a list or a single object for the same thing; the list of events hides past ones unless a
range of days is named. What no public source shows is ASSUMED, and stands in `mapping` in one table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sync_jobs.errors import UnexpectedReply, UnreadableRow
from sync_jobs.kit import parse, results_file, rows
from sync_jobs.kit.auth import Bearer, require
from sync_jobs.kit.base import Access, Adapter, CredentialField, Key, Pace, Page, Raw, Values
from sync_jobs.kit.client import Client
from sync_jobs.kit.paging import Ending, Part, by_offset
from sync_jobs.providers.raceroster import publishing
from sync_jobs.providers.raceroster.mapping import ASSUMED, MAPPINGS, find
from sync_jobs.records import ImportFile, Scope
from sync_jobs.results import Published, PublishedSet, ResultTarget, SetFlags

EVENTS_PER_PAGE = 50  # the size that a public client uses; the maximum is not documented
PEOPLE_PER_PAGE = 250
LONG_AGO = "2000-01-01T00:00:00Z"
OVERLAP = timedelta(minutes=1)
ID_FIELDS = {"raceroster_events": "eventId", "raceroster_participants": "participantId"}


class RaceRoster(Adapter):
    """An account's API client together with the account's own login: both are needed."""

    key = "raceroster"
    label = "Race Roster"
    side = "registration"
    people_table = "raceroster_participants"
    happening_table = "raceroster_events"
    contest_table, contest_of = "raceroster_sub_events", "eventId"
    urls = (
        ("RACEROSTER_URL", "https://raceroster.com/api/v1"),
        ("RACEROSTER_AUTH_URL", "https://raceroster.com/api/oauth/authorize"),
    )
    credentials = (
        CredentialField(name="client_id", label="client id", secret=False, customer_column="principal"),
        CredentialField(name="client_secret", label="client secret", customer_column="secret"),
        CredentialField(name="username", label="account e-mail", secret=False, help="The e-mail you sign in to Race Roster with."),
        CredentialField(name="password", label="account password"),
    )
    pace = Pace(calls=1000, per=3600, at_once=1, apart=1.0)  # no limit is documented; this is what careful clients do
    help = "Race Roster → Dashboard → Account → API settings. The API asks for the account's own login as well."

    results_switch, results_preliminary = True, False
    results_note, results_help = publishing.NOTE, publishing.HELP

    def __init__(self, access: Access) -> None:
        super().__init__(access)
        self.client = Client(
            access, provider=self.label, base=access.urls["RACEROSTER_URL"], calls=self.calls,
            auth=Bearer(access, self._login, self._refresh),
        )  # fmt: skip
        self._results = publishing.Results(self.client, access.now)

    def close(self) -> None:
        """Give the sockets back."""
        self.client.close()

    def test(self) -> str:
        """One event of the list: signs in where that is needed."""
        found = self._part("/events", {"limit": 1, "offset": 0, "eventDateFrom": LONG_AGO}).records
        return "Race Roster accepts this login." if found else "Race Roster accepts this login, but it has no event yet."

    # Signing in: not OAuth's usual grant, in spite of the address

    def _login(self, client: Client) -> Any:
        return self._token(client, {"grant_type": "access_token", **self._pick("username", "password")})

    def _refresh(self, client: Client, refresh_token: str) -> Any:
        return self._token(client, {"grant_type": "refresh_token", "refresh_token": refresh_token})

    def _token(self, client: Client, form: dict[str, str]) -> Any:
        address = self.access.urls["RACEROSTER_AUTH_URL"]
        reply = client.post_form(address, {**form, **self._pick("client_id", "client_secret")}, path="sign-in")
        return next(iter(_unwrapped(reply)), None)

    def _pick(self, *names: str) -> dict[str, str]:
        require(self.access, self.credentials)
        return {name: self.access.secrets[name] for name in names}

    # Events and their sub-events

    def discover(self, since: datetime | None, cursor: dict[str, Any] | None) -> Iterator[Page]:
        """All events of the account, past ones too, with their sub-events."""
        query: dict[str, Any] = {"limit": EVENTS_PER_PAGE, "sort": "startDate", "order": "asc", "eventDateFrom": LONG_AGO}
        if since is not None:
            query["lastModifiedDate"] = f"{since - OVERLAP:%Y-%m-%dT%H:%M:%SZ}"
        here, ending = int((cursor or {}).get("offset", 0)), Ending(EVENTS_PER_PAGE)
        ending.resume(cursor or {})
        before = ending.mark()
        for part, following in by_offset(
            lambda at: self._part("/events", {**query, "offset": at}), ending, _id_of("eventId"), "/events", here
        ):
            place, again = f"events from {here}", {"offset": here, **before}
            yield _page("raceroster_events", part, place, again)
            inside = [sub_event for event in part.records for sub_event in self._sub_events(event)]
            here, before = following or here, ending.mark()
            yield _sub_event_page(inside, place, None if following is None else {"offset": following, **before})

    def _sub_events(self, event: Any) -> list[Any]:
        """An event's sub-events with what they need of the event. An event that comes without is asked for by itself."""
        event_id = _id_of("eventId")(event)
        if event_id is None:
            return []
        if "subEvents" not in event:
            path = f"/events/{event_id}"
            event = next(iter(_unwrapped(self.client.get(path))), None)
            if not isinstance(event, dict):
                raise UnexpectedReply(path, "no event")
        of_event = {"eventId": event_id, "timeZone": event.get("timeZone"), "eventStartDate": event.get("startDate")}
        return [{**item, **of_event} if isinstance(item, dict) else item for item in _unwrapped(event.get("subEvents") or [])]

    def _part(self, path: str, query: dict[str, Any]) -> Part:
        reply = self.client.get(path, query)
        if not isinstance(reply, list) and (not isinstance(reply, dict) or not isinstance(reply.get("data"), list | dict)):
            raise UnexpectedReply(path, "no data")
        about = reply.get("metadata") if isinstance(reply, dict) else None
        total = about.get("totalResults") if isinstance(about, dict) else None
        return Part(_unwrapped(reply), int(total) if isinstance(total, int | str) and str(total).isdecimal() else None)

    # Registrations

    def registrations(self, scope: Scope, since: datetime | None, cursor: dict[str, Any] | None) -> Iterator[Page]:  # noqa: ARG002  no filter by change is known
        """Everybody of one event, with those who left as inactive, where Race Roster still lists them."""
        path = f"/events/{scope.happening_id}/participants"
        here = int((cursor or {}).get("offset", 0))
        ending = Ending(PEOPLE_PER_PAGE, proven=self.page_size_seen, expected=scope.rows_expected)
        ending.resume(cursor or {})
        only = {"subEventId": scope.contest_ids[0]} if len(scope.contest_ids) == 1 else {}

        def fetch(at: int) -> Part:
            return self._part(path, {"limit": PEOPLE_PER_PAGE, "offset": at})

        for part, following in by_offset(fetch, ending, _id_of("participantId"), path, here):
            self.page_size_seen = max(self.page_size_seen, len(part.records))
            if here == 0:
                self.never_sent = _never_sent(part.records, self.never_sent)
            people = [_of_event(record, scope.happening_id, only) for record in part.records]
            goes_on = None if following is None else {"offset": following, **ending.mark()}
            yield _page(
                "raceroster_participants", Part(people, part.total), f"participants from {here}", goes_on, scope.happening_id
            )
            here = following or here

    # Results, ASSUMED but for the file

    def result_sets(self, target: ResultTarget) -> list[PublishedSet]:
        """The results races of one sub-event."""
        return self._results.sets(target)

    def make_result_set(self, target: ResultTarget, flags: SetFlags) -> str:
        """A results race that is not active."""
        return self._results.make(target, flags)

    def set_result_flags(self, target: ResultTarget, flags: SetFlags) -> None:
        """Its name, and whether it is active."""
        self._results.set_flags(target, flags)

    def post_results(self, target: ResultTarget, rows: Sequence[Published], there: Mapping[Key, Published]) -> None:  # noqa: ARG002  all are replaced
        """All rows of it."""
        self._results.put(target, rows)

    def remove_results(self, target: ResultTarget) -> None:
        """No row is left."""
        self._results.put(target, ())

    def published_results(self, target: ResultTarget) -> PublishedSet:
        """It and all its rows."""
        return self._results.published(target)

    def results_file(self, target: ResultTarget, rows: Sequence[Published], name: str) -> ImportFile:  # noqa: ARG002  a person chooses where
        """A table for the import screen, which is the certain way."""
        return results_file.written(rows, name)

    @staticmethod
    def shown(row: Published) -> Published:
        """Rows are told apart by bib."""
        return publishing.shown(row)

    def values(self, table: str, raw: Raw) -> Values:
        """One record as the columns of its table."""
        return MAPPINGS[table](raw)


def _unwrapped(reply: Any) -> list[Any]:
    """The things in an answer: `data` or the answer itself, a list or one thing."""
    inside = reply["data"] if isinstance(reply, dict) and "data" in reply else reply
    if inside is None:
        return []
    return inside if isinstance(inside, list) else [inside]


def _id_of(name: str) -> Any:
    def identify(record: Any) -> str | None:
        try:
            return parse.key_text(record.get(name), name) if isinstance(record, dict) else None
        except UnreadableRow:
            return None

    return identify


def _of_event(record: Any, event_id: str, only: dict[str, str]) -> Any:
    """A participant with its event, and with its sub-event where the event has only one and the record says nothing."""
    if not isinstance(record, dict):
        return record
    known = {} if any(find(record, path) is not None for path in ASSUMED["sub_event_id"]) else only
    return {**record, **known, "eventId": event_id}


def _never_sent(records: list[Any], before: frozenset[str] | None) -> frozenset[str] | None:
    """Which of the assumed fields no record of a first page has, nor one of the readings before it. Nobody there shows nothing."""
    people = [record for record in records if isinstance(record, dict)]
    seen = {name for name, paths in ASSUMED.items() if any(find(one, path) is not None for one in people for path in paths)}
    return (before if before is not None else frozenset(ASSUMED)) - seen if people else before


def _key_of(name: str, record: Any) -> str:
    if not isinstance(record, dict):
        raise UnreadableRow(name, "is missing")
    return parse.key_text(record.get(name), name)


def _page(table: str, part: Part, place: str, cursor: dict[str, Any] | None, event_id: str | None = None) -> Page:
    name, before = ID_FIELDS[table], () if event_id is None else (event_id,)
    found, aside = rows.split(part.records, lambda record: (*before, _key_of(name, record)), place)
    return Page(table=table, rows=found, aside=aside, cursor=cursor, total=part.total)


def _sub_event_page(records: list[Any], place: str, cursor: dict[str, Any] | None) -> Page:
    found, aside = rows.split(records, lambda record: (_key_of("eventId", record), _key_of("subEventId", record)), place)
    return Page(table="raceroster_sub_events", rows=found, aside=aside, cursor=cursor)
