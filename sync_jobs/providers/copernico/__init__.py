"""Copernico's API (timingsense): facts, and which calls make a reading. Its event is our contest, named within its race.

Two doors: the keyed API, one call for each athlete, and an export (a preset that an operator builds), one call for each event,
whose address needs no key and is a secret. What no public source shows is ASSUMED, and stands in tables in the modules beside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sync_jobs.errors import ReadIncomplete, UnreadableRow
from sync_jobs.kit import rows
from sync_jobs.kit.auth import HeaderKey, Nobody
from sync_jobs.kit.base import Access, Adapter, AsideRow, CredentialField, Pace, Page, Raw, Values
from sync_jobs.kit.client import Auth, Client
from sync_jobs.providers.copernico import import_file, people, push, replies, setup, timing
from sync_jobs.providers.copernico.export import Export
from sync_jobs.providers.copernico.keyed import Keyed, Record
from sync_jobs.providers.copernico.mapping import MAPPINGS, has_start, is_near, names_of
from sync_jobs.records import ImportFile, Scope, StartListEntry, Told

ATHLETES_PER_PAGE = 25  # a call each: the lease is renewed between pages
FEW = 3  # athletes who may be deleted between the list and their own call before we doubt the answers
Cursor = dict[str, Any]
Make = Callable[[str, Record, Record], Record | None]


class Copernico(Adapter):
    """A key of one environment, and where results come from."""

    key = "copernico"
    label = replies.LABEL
    side = "scoring"
    people_table = "copernico_participants"
    results_table = "copernico_results"
    happening_table = contest_table = "copernico_events"
    urls = (
        ("COPERNICO_URL", "https://public-api.copernico.cloud/api"),
        ("COPERNICO_PUSH_URL", "https://api.copernico.cloud"),  # where start lists are sent to: another host
    )
    credentials = (
        CredentialField(name="api_key", label="API key", customer_column="secret", help="Keys differ between demo and production."),
        CredentialField(
            name="preset_login", label="preset login", customer_column="principal", required=False,
            help="The e-mail of the Copernico user who made the preset for results.",
        ),
        CredentialField(
            name="preset_name", label="preset name", secret=False, required=False,
            help="As it is written there, with capitals and blanks; the preset needs the column id. "
            "Without a preset, results cost one call for each athlete.",
        ),
        CredentialField(
            name="races", label="races", secret=False, required=False,
            help=f"Only these races, with their events where Copernico does not list them: {setup.RACES_FORM}",
        ),
        CredentialField(
            name="push_ids", label="ids for sending", secret=False, required=False,
            help=f"Sportmaniacs’ ids of races and events, for sending start lists: {setup.IDS_FORM}",
        ),
    )  # fmt: skip
    pace = Pace(calls=6000, per=600, at_once=10)  # no limit is documented; careful clients keep to ten calls at once
    help = "timingsense issues the key; ask them for one that reads the races you time."
    people_every = timedelta(minutes=5)  # one call for each athlete
    genders = frozenset(push.ASSUMED["gender"])
    writes_note = push.NOTE
    import_help = import_file.HELP

    def __init__(self, access: Access) -> None:
        super().__init__(access)
        hidden = {field.name for field in self.credentials if field.secret}  # a preset's name is no secret to be blanked in logs
        quiet = replace(access, secrets={name: value for name, value in access.secrets.items() if name in hidden})
        key, base = HeaderKey(quiet, self.credentials, "x-api-key", "api_key"), access.urls["COPERNICO_URL"]

        def line(base: str, auth: Auth, refusal: Any = None) -> Client:
            return Client(quiet, provider=self.label, base=base, calls=self.calls, auth=auth, refusal=refusal)

        self.lines = (
            line(base, key, replies.refusal),
            line(base, Nobody()),
            line(access.urls["COPERNICO_PUSH_URL"], key, push.refusal),
        )
        self.api, self.export = Keyed(self.lines[0], self.notices), Export(self.lines[1], access.secrets, self.notices)

    def close(self) -> None:
        """Give the sockets back."""
        for line in self.lines:
            line.close()

    def test(self) -> str:
        """The list of races."""
        many = len(self.api.races()[0])
        seen = {0: "It sees no race yet.", 1: "It sees one race."}.get(many, f"It sees {many} races.")
        return f"{self.label} accepts this key. {seen}"

    # Races and their events

    @staticmethod
    def happening_of(key: tuple[Any, ...]) -> str:
        """The race of an event: `slug/event name`."""
        return str(key[0]).partition("/")[0]

    def discover(self, since: datetime | None, cursor: Cursor | None) -> Iterator[Page]:  # noqa: ARG002  nothing tells what changed
        """All races of the key, or those that were entered, with their events: a page for each race."""
        wanted = setup.races(self.access.secrets.get("races", ""))
        slugs, aside = (sorted(wanted), []) if wanted else self.api.races()
        slugs = [slug for slug in slugs if slug > str((cursor or {}).get("after", ""))]
        for slug in slugs:
            found, troubled = self._race(slug, wanted.get(slug, ()))
            goes_on = None if slug == slugs[-1] else {"after": slug}
            yield _page("copernico_events", found, f"race {slug}", goes_on, [*aside, *troubled])
            aside = []
        if not slugs:
            yield Page(table="copernico_events", rows=[], aside=aside)

    def _race(self, slug: str, entered: Sequence[str]) -> tuple[list[Record], list[AsideRow]]:
        """One race's events, each with what the race says of them all."""
        race = self.api.race(slug)
        if race is None:
            return [], [AsideRow(key=slug, place="races", field="slug", why="is not known there")]
        known = names_of(race.pop("events", None))
        events = {name: known.get(people.spelt(name, known), {}) for name in entered} or known
        zone = self.access.timezone
        near = is_near(race, zone, self.access.now())
        timeless = not all(has_start(event) for event in events.values())
        guns = self.api.guns(slug) if not events or (near and timeless) else {}
        events = events or {name: {} for name in sorted(guns)}
        if not events:
            why = "are not listed there; enter them on the connection’s page"
            return [], [AsideRow(key=slug, place=f"race {slug}", field="events", why=why)]
        return [
            {"slug": slug, "name": name, "race": race, "event": event, "zone": zone, "gun": guns.get(people.spelt(name, guns))}
            for name, event in events.items()
        ], []

    # Athletes

    def entries(self, scope: Scope, cursor: Cursor | None) -> Iterator[Page]:
        """Everybody on the start list, once for each of their events."""
        return self._by_athlete("copernico_participants", scope, cursor, self._entry)

    def _entry(self, event_id: str, person: Record, event: Record) -> Record:
        self.notices["without_wave"] += people.lacks_wave(event)
        return {"event_id": event_id, "key": person["id"], **people.standing(person, event)}

    def _by_athlete(self, table: str, scope: Scope, cursor: Cursor | None, make: Make) -> Iterator[Page]:
        """A call for the list and one for each athlete, in the order of their ids."""
        path = f"/races/{scope.happening_id}/athletes"
        ids, aside = self.api.athletes(scope.happening_id)
        if not ids and scope.held:
            raise ReadIncomplete(path, "nobody is listed", provider=self.label)
        after, lost = str((cursor or {}).get("after", "")), int((cursor or {}).get("lost", 0))
        left = [number for number in ids if number > after]
        for at in range(0, max(1, len(left)), ATHLETES_PER_PAGE):
            part = left[at : at + ATHLETES_PER_PAGE]
            found = [one for number in part if (one := self.api.athlete(scope.happening_id, number)) is not None]
            lost += len(part) - len(found)
            if lost > FEW and lost * 20 > len(ids):
                raise ReadIncomplete(path, f"{lost} of {len(ids)} are listed and not found", provider=self.label)
            records, nameless = self._records(scope, found, make)
            goes_on = {"after": part[-1], "lost": lost} if at + ATHLETES_PER_PAGE < len(left) else None
            yield _page(table, records, f"athletes from {at + 1}", goes_on, [*aside, *nameless])
            aside = []

    def _records(self, scope: Scope, found: Iterable[Record], make: Make) -> tuple[list[Record], list[AsideRow]]:
        """What these athletes are in each of their events."""
        records: list[Record] = []
        aside: list[AsideRow] = []
        for person in found:
            try:
                records += self._of_person(scope, person, make)
            except UnreadableRow as error:
                aside.append(AsideRow(key=None, place=f"athlete {person['id']}", field=error.field, why=error.why))
        return records, aside

    def _of_person(self, scope: Scope, person: Record, make: Make) -> list[Record]:
        """Technical records are left out, and counted; so is who has not chosen an event yet."""
        events = people.events_of(person)
        if people.is_nobody(person, *events):
            self.notices["technical"] += 1
            return []
        self.notices["without_event"] += not events
        named = [(people.spelt(people.event_name(event), scope.contest_ids), dict(event)) for event in events]
        made = [make(f"{scope.happening_id}/{name}", person, event) for name, event in named]
        return [one for one in made if one is not None]

    # Results

    def results(self, scope: Scope, cursor: Cursor | None) -> Iterator[Page]:
        """What is known of everybody who was seen: by the export where there is one, else athlete by athlete."""
        if not self.export.is_set_up:
            return self._by_athlete("copernico_results", scope, cursor, _result)
        return self._by_export(scope, int((cursor or {}).get("at", 0)))

    def _by_export(self, scope: Scope, at: int) -> Iterator[Page]:
        names = sorted(scope.contest_ids)
        for index, name in enumerate(names[at:], at + 1):
            held = any(key[0] == f"{scope.happening_id}/{name}" for key in scope.held)
            records, aside = self.export.results(scope.happening_id, name, held=held)
            yield _page("copernico_results", records, f"export of {name}", {"at": index} if index < len(names) else None, aside)
        if at >= len(names):
            yield Page(table="copernico_results", rows=[])

    # Sending

    def push_entries(self, scope: Scope, lines: Sequence[StartListEntry]) -> Iterator[Told]:
        """Add or replace people. Whether they arrived is seen when the list is read the next time."""
        return push.send(self.lines[2], scope, lines, setup.push_ids(self.access.secrets.get("push_ids", "")))

    def import_file(self, scope: Scope, lines: Sequence[StartListEntry]) -> ImportFile:
        """The same lines for Copernico's own import screen."""
        return import_file.written(scope, lines)

    def values(self, table: str, raw: Raw) -> Values:
        """One record as the columns of its table."""
        return MAPPINGS[table](raw)


def _result(event_id: str, person: Record, event: Record) -> Record | None:
    """One athlete's race; None for who was not seen yet."""
    try:
        if timing.of_event(event).says_nothing:
            return None
    except UnreadableRow:  # its values say later what is wrong with it
        pass
    who = {name: value for name, value in person.items() if name not in people.MOVING}
    return {"event_id": event_id, "key": person["id"], "person": who, "event": event, "gun": None}


def _key_of(record: Record) -> tuple[Any, ...]:
    if "name" in record:
        return (f"{record['slug']}/{record['name']}",)
    if record["key"] is None:
        raise UnreadableRow("id", "is missing, and so is the bib")
    return record["event_id"], str(record["key"])


def _page(table: str, records: list[Record], place: str, cursor: Cursor | None, aside: Sequence[AsideRow] = ()) -> Page:
    """A page of what has a key. Who comes twice in one event counts once; the second is set aside."""
    found, nameless = rows.split(records, _key_of, place)
    once = {row.key: row for row in reversed(found)}
    twice = [row for row in found if once[row.key] is not row]
    more = [AsideRow(key="/".join(map(str, row.key)), place=place, field="id", why="comes twice") for row in twice]
    return Page(table=table, rows=[row for row in found if once[row.key] is row], aside=[*aside, *nameless, *more], cursor=cursor)
