"""RunSignUp's REST API (https://runsignup.com/API): facts, reading, mapping. Its "race" is our happening, its "event" our contest.

An error comes with HTTP 200, lists have no total, and a registration that is removed, transferred or deferred simply vanishes
from the list; only `removed` names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sync_jobs.errors import ReadIncomplete, UnexpectedReply
from sync_jobs.kit import rows
from sync_jobs.kit.auth import QueryKeys
from sync_jobs.kit.base import Access, Adapter, CredentialField, Key, Pace, Page, Raw, Removed, Values
from sync_jobs.kit.client import Client
from sync_jobs.kit.paging import Ending, by_key, by_number
from sync_jobs.providers.runsignup import publishing, replies
from sync_jobs.providers.runsignup.mapping import MAPPINGS
from sync_jobs.records import Scope
from sync_jobs.results import Published, PublishedSet, ResultTarget, SetFlags

RACES_PER_PAGE = 1000  # documented maximum
PEOPLE_PER_PAGE = 2500  # documented maximum
LONG_AGO = "2000-01-01"  # past races are hidden unless a start date is named
OVERLAP = timedelta(seconds=10)  # RunSignUp's own advice for `modified_after_timestamp`
STANDARD = {"format": "json"}


class RunSignUp(Adapter):
    """A race's, timer's or partner's key; it sees the races that are attached to that account."""

    key = "runsignup"
    label = "RunSignUp"
    side = "registration"
    people_table = "runsignup_participants"
    happening_table = "runsignup_races"
    contest_table, contest_id, contest_of = "runsignup_events", "{0}", "race_id"
    counts_table = "runsignup_participant_counts"
    urls = (("RUNSIGNUP_URL", "https://api.runsignup.com/rest"),)
    credentials = (
        CredentialField(name="api_key", label="API key", customer_column="principal"),
        CredentialField(name="api_secret", label="API secret", customer_column="secret"),
    )
    pace = Pace(calls=1000, per=3600, at_once=2)  # two at once is documented; the hour is our own restraint
    help = "RunSignUp → your timer or partner account → API keys. The key sees the races that are attached to that account."
    reads_changes = True
    results_at_once, results_settle, results_note = publishing.AT_ONCE, publishing.CACHED, publishing.NOTE

    def __init__(self, access: Access) -> None:
        super().__init__(access)
        self.client = Client(
            access, provider=self.label, base=access.urls["RUNSIGNUP_URL"], calls=self.calls,
            auth=QueryKeys(access, self.credentials), refusal=replies.refusal,
        )  # fmt: skip
        self._results = publishing.Results(self.client, access.now)

    def close(self) -> None:
        """Give the sockets back."""
        self.client.close()

    def test(self) -> str:
        """One page of one race: an error stands in the document, so a list is proof."""
        races = self._races({"page": 1, "results_per_page": 1, "start_date": LONG_AGO})
        return "RunSignUp accepts this key." if races else "RunSignUp accepts this key, but no race is attached to it yet."

    # Races and their events

    def discover(self, since: datetime | None, cursor: dict[str, Any] | None) -> Iterator[Page]:
        """All races of the key, past ones too, with their current events."""
        query: dict[str, Any] = {"events": "T", "results_per_page": RACES_PER_PAGE, "start_date": LONG_AGO, "sort": "date ASC"}
        if since is not None:  # a day in RunSignUp's own zone
            query["modified_since"] = (since - timedelta(days=1)).date().isoformat()
        here, ending = (cursor or {}).get("page", 1), Ending(RACES_PER_PAGE)
        ending.resume(cursor or {})
        before = ending.mark()
        pages = by_number(lambda page: self._races({**query, "page": page}), ending, replies.id_of("race_id"), "/races", here)
        for races, following in pages:
            again, goes_on = {"page": here, **before}, {"page": here + 1, **ending.mark()}
            yield from self._race_pages(races, again, None if following is None else goes_on)
            here, before = here + 1, ending.mark()

    def _races(self, query: dict[str, Any]) -> list[Any]:
        reply = self.client.get("/races", {**STANDARD, **query})
        if not isinstance(reply, dict) or not isinstance(reply.get("races"), list):
            raise UnexpectedReply("/races", "no list of races")
        return [item.get("race", item) if isinstance(item, dict) else item for item in reply["races"]]

    def _race_pages(self, races: list[Any], again: dict[str, Any], following: dict[str, Any] | None) -> Iterator[Page]:
        events = [event for race in races for event in self._events(race)]
        bare = [
            {name: value for name, value in race.items() if name != "events"} if isinstance(race, dict) else race for race in races
        ]
        yield _page("runsignup_races", bare, "race_id", f"page {again['page']}", again)
        yield _page("runsignup_events", events, "event_id", f"page {again['page']}", following)

    def _events(self, race: Any) -> list[Any]:
        """A race's events with what they need of the race. A race that comes without a list is asked for by itself."""
        if not isinstance(race, dict) or not isinstance(race_id := race.get("race_id"), int | str):
            return []
        events = race.get("events")
        if events is None:
            path = f"/race/{race_id}"
            found = self.client.get(path, {**STANDARD, "most_recent_events_only": "T"})
            whole = found.get("race") if isinstance(found, dict) else None
            if not isinstance(whole, dict):
                raise UnexpectedReply(path, "no race")
            events = whole.get("events")
        of_race = {"race_id": race_id, "timezone": race.get("timezone")}
        return [{**event, **of_race} if isinstance(event, dict) else event for event in events or []]

    # Registrations

    def registrations(self, scope: Scope, since: datetime | None, cursor: dict[str, Any] | None) -> Iterator[Page]:
        """The registrations of a race's events in the order of their ids, all or those changed since."""
        if not scope.contest_ids:
            return
        path, query = f"/race/{scope.happening_id}/participants", _people_query(scope, since)
        ending = Ending(PEOPLE_PER_PAGE, proven=self.page_size_seen, expected=scope.rows_expected if since is None else None)
        ending.resume(cursor or {})
        number = (cursor or {}).get("page", 1)

        def fetch(after: int) -> tuple[list[Any], int | None]:
            found = replies.participants(self.client.get(path, {**query, "after_registration_id": after}), path, scope.happening_id)
            if len(found) > PEOPLE_PER_PAGE:
                raise ReadIncomplete(path, "a page holds more than was asked, so its order proves nothing")
            return found, replies.highest(found)

        for found, following in by_key(fetch, ending, path, (cursor or {}).get("after", 0)):
            self.page_size_seen = max(self.page_size_seen, len(found))
            goes_on = None if following is None else {"after": following, "page": number + 1, **ending.mark()}
            real = [record for record in found if not replies.is_template(record)]
            yield _page("runsignup_participants", real, "registration_id", f"page {number}", goes_on, ending.expected)
            del found, real  # one page at a time in memory: the next is as large
            number += 1

    def removed(self, scope: Scope, since: datetime | None) -> Iterator[list[Removed]]:
        """What was removed, transferred or deferred, with the reason."""
        if not scope.contest_ids:
            return
        path, query = f"/race/{scope.happening_id}/removed-participants", _people_query(scope, since)

        def fetch(after: int) -> tuple[list[Any], int | None]:
            found = replies.nested(self.client.get(path, {**query, "after_registration_id": after}), path)
            return found, replies.highest(found)

        for found, _ in by_key(fetch, Ending(PEOPLE_PER_PAGE, proven=self.page_size_seen), path):
            yield [replies.removed(record, path) for record in found]

    def counts(self, scope: Scope) -> Iterator[Page]:
        """RunSignUp's own counts of a race's events. The form of this answer is ASSUMED; nothing else relies on it."""
        path = f"/race/{scope.happening_id}/participant-counts"
        reply = self.client.get(path, {**STANDARD, "event_id": ",".join(scope.contest_ids)})
        found = [{**item, "race_id": scope.happening_id} for item in replies.counted(reply, path)]
        yield _page("runsignup_participant_counts", found, "event_id", "page 1", None)

    # Results

    def result_sets(self, target: ResultTarget) -> list[PublishedSet]:
        """All sets of one event, hidden ones too."""
        return self._results.sets(target)

    def make_result_set(self, target: ResultTarget, flags: SetFlags) -> str:
        """A new set. RunSignUp would make one by itself when results come without a set's id; ours always have one."""
        return self._results.make(target, flags)

    def set_result_flags(self, target: ResultTarget, flags: SetFlags) -> None:
        """All fields of a set, since one that is left out goes back to its default."""
        self._results.set_flags(target, flags)

    def post_results(self, target: ResultTarget, rows: Sequence[Published], there: Mapping[Key, Published]) -> None:
        """Rows by registration; whoever has one there keeps that one."""
        self._results.post(target, rows, there)

    def remove_results(self, target: ResultTarget) -> None:
        """Empty the set."""
        self._results.empty(target)

    def published_results(self, target: ResultTarget) -> PublishedSet:
        """The set and all its rows."""
        return self._results.published(target)

    @staticmethod
    def shown(row: Published) -> Published:
        """No places but the overall one, no time beside a word, and the names of RunSignUp's own registrations."""
        return publishing.shown(row)

    def values(self, table: str, raw: Raw) -> Values:
        """One record as the columns of its table."""
        return MAPPINGS[table](raw)


def _people_query(scope: Scope, since: datetime | None) -> dict[str, Any]:
    query: dict[str, Any] = {
        **STANDARD, "event_id": ",".join(scope.contest_ids), "results_per_page": PEOPLE_PER_PAGE,
        "sort": "registration_id ASC", "supports_nb": "T",
    }  # fmt: skip
    if since is not None:
        query["modified_after_timestamp"] = int((since - OVERLAP).timestamp())
    return query


def _page(table: str, records: list[Any], name: str, place: str, cursor: dict[str, Any] | None, total: int | None = None) -> Page:
    found, aside = rows.split(records, lambda record: (replies.key_of(name, record),), place)
    return Page(table=table, rows=found, aside=aside, cursor=cursor, total=total)
