"""ChronoTrack Live's API: facts, reading, and a start list's way there. Its event is our happening, its race our scoring contest.

Signing in is left to `signing`, the columns to `mapping`. Reading is well attested by independent clients; writing is not, so that
everything about it stands in `writing` in one table, and is off unless somebody switches it on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from sync_jobs.errors import NotThere, UnexpectedReply, UnreadableRow
from sync_jobs.kit import parse, rows
from sync_jobs.kit.base import Access, Adapter, CredentialField, Pace, Page, Raw, Values
from sync_jobs.kit.client import Client
from sync_jobs.kit.paging import Ending, Sheet, Where, by_sheet
from sync_jobs.providers.chronotrack import writing
from sync_jobs.providers.chronotrack.mapping import MAPPINGS, open_bracket, starts_at
from sync_jobs.providers.chronotrack.signing import Signing
from sync_jobs.records import ImportFile, Scope, StartListEntry, Told

EVENTS_PER_PAGE = 50  # each costs a call for its races
PEOPLE_PER_PAGE = 500  # accepted by every account that public clients tell of
WHOLE = {"elide_json": "false"}  # empty fields are sent, not left out
PERSONAL = {"need_athlete_birthdate": "true", "contact_details": "true"}
READINGS = ("OPEN", "SEX", "AGE")
"""A rank is one within the bracket that was asked for: three readings, each with rows of their own."""
EVERY_INTERVAL = {"interval": "ALL"}
"""With the first of them come the splits, a row for each: no call more than their rows need, and none where there are none.

ASSUMED, since one client alone shows it: that an interval which is called by a length begins at the start.
"""
FINISHES = frozenset({"full course", "finish"})
SPLIT = "Split"  # how the views know them
SETTLED = timedelta(days=30)  # the races of an event that is over for so long are looked at in whole readings only


class ChronoTrack(Adapter):
    """An API client of ChronoTrack together with the login of a person: both are needed."""

    key = "chronotrack"
    label = "ChronoTrack"
    side = "scoring"
    people_table = "ct_participants"
    results_table = "ct_results"
    results_by_rank = True
    happening_table = "ct_events"
    contest_table = "ct_races"
    urls = (("CHRONOTRACK_URL", "https://api.chronotrack.com/api"),)
    credentials = (
        CredentialField(name="client_id", label="client id", secret=False, help="Of the API client, as ChronoTrack gave it."),
        CredentialField(
            name="username", label="user id", secret=False, customer_column="principal", help="The e-mail of your CT Live login."
        ),
        CredentialField(
            name="password", label="password", customer_column="secret", help="Or its SHA-1 in 40 characters, if you have no other."
        ),
        CredentialField(
            name="client_secret", label="client secret", required=False, help="Only for a client that signs in with OAuth."
        ),
        CredentialField(
            name="scheme", label="way to sign in", secret=False, required=False,
            help="basic, oauth or simple. Empty: the safest one that fits what is entered.",
        ),
    )  # fmt: skip
    pace = Pace(calls=600, per=60, at_once=4)  # no limit is documented; this is what careful clients do
    help = "ChronoTrack Live support gives out the API's client id; the login is the one that you use in CT Live."
    writes_note = writing.NOTE
    import_help = writing.IMPORT_HELP
    file_withdraws = False

    def __init__(self, access: Access) -> None:
        super().__init__(access)
        self.client = Client(
            access, provider=self.label, base=access.urls["CHRONOTRACK_URL"], calls=self.calls,
            auth=Signing(access, self.credentials),
        )  # fmt: skip

    def close(self) -> None:
        """Give the sockets back."""
        self.client.close()

    def test(self) -> str:
        """One event of the list."""
        found = self._sheet("/event", "event", {"size": 1}, 1).records
        return "ChronoTrack accepts this login." if found else "ChronoTrack accepts this login, but it sees no event yet."

    # Events and their races

    def discover(self, since: datetime | None, cursor: dict[str, Any] | None) -> Iterator[Page]:
        """All events that this login sees, each with its races. There is no filter by change: `since` spares old events' races."""
        query, here = {"size": EVENTS_PER_PAGE, **WHOLE}, cursor
        ending = Ending(EVENTS_PER_PAGE)
        for sheet, following in by_sheet(
            lambda page: self._sheet("/event", "event", query, page), ending, _identity("event_id"), "/event", _start(cursor)
        ):
            place = f"events, page {(here or {}).get('page', 1)}"
            yield _page("ct_events", sheet.records, place, here or {"page": 1}, "event_id")
            inside = [race for event in sheet.records if _worth(event, since) for race in self._races(event)]
            yield _page("ct_races", inside, place, following, "race_id", "event_id")
            here = following

    def _races(self, event: Any) -> list[Any]:
        event_id = _identity("event_id")(event)
        if event_id is None:
            return []
        path, query = (
            f"/event/{quote(event_id, safe='')}/race",
            {"size": PEOPLE_PER_PAGE, "include_not_wants_results": "true", **WHOLE},
        )
        of_event = {"event_id": event_id, "event_start_time": event.get("event_start_time")}
        sheets = by_sheet(
            lambda page: self._sheet(path, "event_race", query, page), Ending(PEOPLE_PER_PAGE), _identity("race_id"), path
        )
        return [_with(race, of_event) for sheet, _ in sheets for race in sheet.records]

    # Entries

    def entries(self, scope: Scope, cursor: dict[str, Any] | None) -> Iterator[Page]:
        """Everybody on the start list of one event, also who stopped or was disqualified: only the entry says so."""
        path, query = f"/event/{quote(scope.happening_id, safe='')}/entry", {"size": PEOPLE_PER_PAGE, **WHOLE, **PERSONAL}
        ending = Ending(PEOPLE_PER_PAGE, proven=self.page_size_seen, expected=scope.rows_expected)
        ending.resume(cursor or {})
        number = (cursor or {}).get("page", 1)
        for sheet, following in by_sheet(
            lambda page: self._sheet(path, "event_entry", query, page), ending, _identity("entry_id"), path, _start(cursor)
        ):
            self.page_size_seen = max(self.page_size_seen, len(sheet.records))
            people = [_with(record, {"event_id": scope.happening_id}) for record in sheet.records]
            goes_on = None if following is None else {**ending.mark(), **following}
            yield _page("ct_participants", people, f"entries, page {number}", goes_on, "entry_id", total=sheet.rows)
            number = (following or {}).get("page", 1)

    # Results

    def results(self, scope: Scope, cursor: dict[str, Any] | None) -> Iterator[Page]:
        """Every finisher's rank overall, within the sex and within the age group, and the splits; who is out there has no time."""
        told: set[Any] = set()
        begin = READINGS.index((cursor or {}).get("ranking", READINGS[0]))
        for place, ranking in enumerate(READINGS[begin:], begin):
            following = {"ranking": READINGS[place + 1], "page": 1} if place + 1 < len(READINGS) else None
            yield from self._ranking(scope, ranking, cursor if place == begin else None, following, told)

    def _ranking(
        self, scope: Scope, ranking: str, cursor: dict[str, Any] | None, following: dict[str, Any] | None, told: set[Any]
    ) -> Iterator[Page]:
        path = f"/event/{quote(scope.happening_id, safe='')}/results"
        query = {"size": PEOPLE_PER_PAGE, **WHOLE, **(EVERY_INTERVAL if ranking == "OPEN" else {"bracket": ranking})}
        number, ending = (cursor or {}).get("page", 1), Ending(PEOPLE_PER_PAGE)
        ending.resume(cursor or {})
        for sheet, on in by_sheet(
            lambda page: self._sheet(path, "event_results", query, page, lenient=True),
            ending,
            _result_identity,
            path,
            _start(cursor),
        ):
            wanted = [record for record in sheet.records if _is_whole_course(record) or (ranking == "OPEN" and _split_of(record))]
            found = [_result(record, scope.happening_id, ranking) for record in wanted]
            fresh = [record for record in found if _is_new(record, told)]
            goes_on = following if on is None else {"ranking": ranking, **ending.mark(), **on}
            yield _page(
                "ct_results", fresh, f"results by {ranking.lower()}, page {number}", goes_on,
                "event_id", "results_race_id", "results_entry_id", "bracket_name",
            )  # fmt: skip
            number = (on or {}).get("page", 1)

    def values(self, table: str, raw: Raw) -> Values:
        """One record as the columns of its table."""
        return MAPPINGS[table](raw)

    # The start list's way there

    def push_entries(self, scope: Scope, lines: Sequence[StartListEntry]) -> Iterator[Told]:
        """One call for each line. Nothing about these calls is confirmed."""
        path = writing.CHOICES.format(event=quote(scope.happening_id, safe=""))
        choices = self._sheet(path, "event_reg_choice", {"size": PEOPLE_PER_PAGE}, 1, lenient=True).records if lines else []
        for line in lines:
            yield writing.send(self.client, scope.happening_id, line, choices)

    def import_file(self, scope: Scope, lines: Sequence[StartListEntry]) -> ImportFile:
        """A file for CT Live's own import screen, one row for each line."""
        return writing.import_file(scope.happening_id, lines)

    def _sheet(self, path: str, key: str, query: dict[str, Any], page: int, *, lenient: bool = False) -> Sheet:
        """One page of a list, with the totals that stand in the answer's headers."""
        reply = self.client.get(path, {**query, "page": page})
        told = {name.lower(): value for name, value in self.client.answered.items()}
        count, pages = (_whole(told.get(f"x-ctlive-{name}-count")) for name in ("row", "page"))
        return Sheet(_listed(reply, key, path, lenient=lenient), count, pages)


def _listed(reply: Any, key: str, path: str, *, lenient: bool) -> list[Any]:
    """The list in an answer. A wrong id may get HTTP 200 with a body of another kind, which must not look like an empty list."""
    if not isinstance(reply, dict):
        raise UnexpectedReply(path, "no object", provider=ChronoTrack.label)
    found = reply.get(key)
    if key not in reply:
        lists = [value for value in reply.values() if isinstance(value, list)]
        if lenient and not reply:
            return []
        if len(lists) != 1 or not lists[0]:
            raise NotThere(path, f"no {key}", provider=ChronoTrack.label)
        found = lists[0]
    if found is None or found == "":
        return []
    return found if isinstance(found, list) else [found]


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.strip().isdecimal() else None


def _start(cursor: dict[str, Any] | None) -> Where | None:
    return {name: cursor[name] for name in ("page", "read", "rows") if name in cursor} if cursor else None


def _identity(name: str) -> Any:
    def identify(record: Any) -> str | None:
        try:
            return parse.key_text(record.get(name), name) if isinstance(record, dict) else None
        except UnreadableRow:
            return None

    return identify


def _result_identity(record: Any) -> Any:
    entry = _identity("results_entry_id")(record)
    if entry is None:
        return None
    return (entry, *(str(record.get(f"results_{name}")) for name in ("race_id", "bracket_name", "interval_name")))


def _worth(event: Any, since: datetime | None) -> bool:
    """Whether an event's races may have changed: not long after it is over."""
    starts = starts_at(event.get("event_start_time")) if isinstance(event, dict) else None
    return since is None or starts is None or starts > since - SETTLED


def _is_whole_course(record: Any) -> bool:
    """A row of the whole course. With splits among them somebody would have a finish at each."""
    if not isinstance(record, dict):
        return True
    said, name = record.get("results_interval_full"), _interval(record)
    return str(said) == "1" if said not in {None, ""} else not name or name.lower() in FINISHES


def _split_of(record: Any) -> bool:
    """A row of a point on the way, which one can tell from others."""
    return isinstance(record, dict) and bool(_interval(record)) and not _is_whole_course(record)


def _interval(record: dict[str, Any]) -> str:
    name = record.get("results_interval_name")
    return name.strip() if isinstance(name, str) else ""


def _result(record: Any, event_id: str, ranking: str) -> Any:
    name = record.get("results_bracket_name") if isinstance(record, dict) else None
    if _split_of(record):
        name = f"{SPLIT} {_interval(record)}"
    elif ranking == "OPEN":
        name = open_bracket(name)
    return _with(record, {"event_id": event_id, "bracket_name": name})


def _is_new(record: Any, told: set[Any]) -> bool:
    """Whether it is another ranking than those before: a server that ignores the bracket sends the first one again."""
    if not isinstance(record, dict):
        return True
    key = tuple(str(record.get(name)) for name in ("results_race_id", "results_entry_id", "bracket_name"))
    fresh = record.get("results_entry_id") is None or key not in told
    told.add(key)
    return fresh


def _with(record: Any, known: dict[str, Any]) -> Any:
    return {**record, **known} if isinstance(record, dict) else record


def _page(table: str, records: list[Any], place: str, cursor: dict[str, Any] | None, *names: str, total: int | None = None) -> Page:
    found, aside = rows.split(records, lambda record: tuple(_key(name, record) for name in names), place)
    return Page(table=table, rows=found, aside=aside, cursor=cursor, total=total)


def _key(name: str, record: Any) -> str:
    if not isinstance(record, dict):
        raise UnreadableRow(name, "is missing")
    return parse.key_text(record.get(name), name)
