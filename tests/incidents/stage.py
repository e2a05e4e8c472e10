"""A contest of n runners, registered at a simulated RunSignUp and scored at ChronoTrack, with the people who decide about it.

What scoring says is written into the provider's tables as a pull leaves it; everything after that is the product's own way, and
what the public sees is read from the destination's HTTP API by a client that knows nothing of ours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import requests
from sqlalchemy import delete, insert, select, update

from sync_jobs import approvals, contest_map, ledger, publish, pull, push, secrets, times, versions
from sync_jobs.approvals import Actor, Screen
from sync_jobs.contest_map import Rules
from sync_jobs.models import (
    PROVIDER_TABLES,
    Account,
    Approval,
    Contest,
    ContestPair,
    EntryLink,
    Publication,
    PublicationPayload,
    Receipt,
    ResultDestination,
    ResultVersion,
    Run,
    db,
    write,
)
from sync_jobs.results import Published
from sync_jobs.review.lines import Line, lines
from sync_jobs.review.packed import unpack
from sync_jobs.review.payload import rounded
from sync_jobs.sandbox.servers import Running
from sync_jobs.sandbox.world import World
from tests.conftest import NOW
from tests.factories import keep, make_account, make_connection, make_contest, make_edition, make_link, make_partner

RUN = NOW.replace(hour=13)  # nine in the morning where it is run
EVENT, RACE = "9001", 501
SEXES = {"M": "Male", "F": "Female", "X": "Non-binary"}
YOUNGEST, AGES = 14, 60
NOT_PLACED = -1
MINUTE, HOUR = 60_000, 3_600_000


@dataclass(slots=True, kw_only=True)
class Score:
    """One entry, as the timer has it. `places` of None: made from the times. `number` counts from 1 within the contest."""

    number: int
    bib: str | None
    first_name: str
    last_name: str
    sex: str | None
    age: int | None
    gun_ms: int | None
    chip_ms: int | None
    splits: dict[str, tuple[int, int]] = field(default_factory=dict)  # point → gun and chip
    word: str | None = "CONF"  # the timer's own
    place: int | None = None  # overall; None: by time, NOT_PLACED: none at all
    entry: str = ""
    external_id: str | None = None  # whose registration the timer was told that it is

    @property
    def division(self) -> str | None:
        """Ten years of one sex."""
        if self.sex is None or self.age is None:
            return None
        return f"{self.sex} {self.age // 10 * 10}-{self.age // 10 * 10 + 9}"

    def moved(self, ms: int) -> Score:
        """The same, so much later or earlier."""
        splits = {point: (gun + ms, chip + ms) for point, (gun, chip) in self.splits.items()}
        return replace(self, gun_ms=(self.gun_ms or 0) + ms, chip_ms=(self.chip_ms or 0) + ms, splits=splits)

    def out(self, word: str) -> Score:
        """Without a result, for that reason."""
        return replace(self, word=word, gun_ms=None, chip_ms=None, splits={}, place=None)


@dataclass(frozen=True, slots=True)
class Live:
    """What anybody can read at the destination."""

    set_id: int
    is_public: bool
    is_preliminary: bool
    rows: tuple[dict[str, Any], ...]
    public_rows: int  # that a stranger reads

    def of(self, bib: str) -> dict[str, Any]:
        """The one row of that bib."""
        (found,) = [row for row in self.rows if str(row["bib"]) == bib]
        return found

    @property
    def by_place(self) -> dict[int, str]:
        """Who comes where, by bib."""
        return {row["place"]: str(row["bib"]) for row in self.rows if row["place"]}


@dataclass
class Stage:
    """One partner's contest, and everybody around it."""

    clock: Any
    world: World
    sandbox: Running
    partner: Any
    edition: Any
    registration: Any
    scoring: Any
    contest_id: int
    registered: list[Any]  # registrations, in order of their bibs
    contests: list[int]  # registration contests of ours; the first is mapped
    people: dict[str, Account] = field(default_factory=dict)
    scored: list[Score] = field(default_factory=list)
    prefix: str = "e"  # of an entry's number
    number: int = 1  # which of the world's partners

    @property
    def happening(self) -> Any:
        """What they registered for, as the destination knows it."""
        return self.world.happenings[self.number - 1]

    # At scoring

    def field(
        self,
        many: int | None = None,
        *,
        leader: int = 32 * MINUTE,
        apart: int = 700,
        points: Iterable[tuple[str, float]] = (),
        prefix: str | None = None,
    ) -> list[Score]:
        """A clean field: everybody finished, in the order of their bibs, men and women in turn."""
        people = self.registered[:many]
        made = [self._score(number, one, leader + apart * (number - 1), tuple(points)) for number, one in enumerate(people, 1)]
        return [replace(row, entry=f"{prefix or self.prefix}{row.number}") for row in made]

    def _score(self, number: int, registration: Any, gun: int, points: tuple[tuple[str, float], ...]) -> Score:
        offset = 2000 + number
        splits = {name: (int(gun * share), int(gun * share) - offset) for name, share in points}
        person = registration.person
        return Score(
            number=number, bib=str(number), first_name=person.first_name, last_name=person.last_name, sex=sex_of(number),
            age=age_of(number), gun_ms=gun, chip_ms=gun - offset, splits=splits, entry=f"e{number}",
            external_id=f"rsu:{registration.key}",
        )  # fmt: skip

    def score(self, rows: Iterable[Score], *, start: datetime = RUN, basis: str = "gun", contest_id: int | None = None) -> None:
        """From now on the timer says this. Places are made by that time, unless a row has one."""
        self.scored = list(rows)
        contest = db.session.get_one(Contest, contest_id or self.contest_id)
        event, _, race = contest.provider_contest_id.partition("/")
        db.session.rollback()
        placed = ranked(self.scored, basis)
        results = [one for row in self.scored for one in _results(row, placed, event, race, self.partner.timing_partner_id)]
        entries = [_entry(row, event, race, self.partner.timing_partner_id) for row in self.scored]
        with write() as session:
            for table, made in (("ct_results", results), ("ct_participants", entries)):
                of = PROVIDER_TABLES[table]
                session.execute(delete(of).where(of.c.event_id == event, of.c.race_id == race))
                if made:
                    session.connection().execute(insert(of), made)
            races = PROVIDER_TABLES["ct_races"]
            session.execute(delete(races).where(races.c.event_id == event, races.c.race_id == race))
            session.execute(insert(races).values(
                race_id=race, event_id=event, race_name=contest.name, timing_partner_id=self.partner.timing_partner_id,
                race_actual_start_time=str(int(start.timestamp())),
            ))  # fmt: skip

    def change(self, *bibs: str, by: Callable[[Score], Score], **given: Any) -> None:
        """The timer changes those."""
        self.score([by(row) if row.bib in bibs else row for row in self.scored], **given)

    def pull(self, minutes: float = 5, *, is_complete: bool = True) -> int | None:
        """A reading so many minutes later, and the checks; the version, where it made one."""
        now = self.clock.forward(minutes=minutes)
        made = versions.make(self.edition.edition_id, self.scoring.connection_id, None, now, is_complete=is_complete)
        for version_id in made:
            approvals.check(version_id, times.now())
        db.session.rollback()
        return made[0] if made else None

    def comes(self, rows: Iterable[Score], **given: Any) -> int:
        """The timer says this, and it is read."""
        self.score(rows, **given)
        made = self.pull()
        assert made is not None, "the same as before"
        return made

    # What people see and do

    def actor(self, who: str = "director") -> Actor:
        account = self.people[who]
        return Actor(
            account_id=account.account_id, name=account.name, role=account.role, timing_partner_id=account.timing_partner_id
        )

    def screen(self, version_id: int | None = None, act: str | None = None, *, tells: bool = False) -> Screen:
        return approvals.screen(
            self.contest_id, None, version_id, times.now(), act=act, tells=tells, account_id=self.people["director"].account_id
        )

    def approve(
        self, seen: Screen | None = None, *, who: str = "director", reason: str = "", act: str | None = None, tells: bool = False
    ) -> Approval:
        """Press the button of a screen."""
        seen = seen or self.screen(act=act, tells=tells)
        return approvals.approve(
            seen.place.destination_id, seen.version.version_id, seen.act, payload_hash=seen.payload_hash, base_hash=seen.base_hash,
            rendered_hash=seen.rendered_hash, tells=seen.tells, by=self.actor(who), now=times.now(), reason=reason,
        )  # fmt: skip

    def automatic(self, **given: Any) -> None:
        """The partner lets clean additions go out by themselves."""
        chosen = {
            "mode": "automatic",
            "second_person": True,
            "award_depth": 3,
            "hide_minors_under": 13,
            "quiet_minutes": 60,
            **given,
        }
        approvals.set_policy(self.partner.timing_partner_id, None, **chosen, by=self.actor("second"), now=times.now())

    def rules(self, **chosen: Any) -> None:
        """A person says which time counts, or how deep awards go."""
        contest_map.keep_rules(
            self.edition.edition_id, self.contest_id, Rules(**chosen), by="Dana Director", now=times.now(), reason="Said on the day"
        )
        approvals.check_pending(times.now())

    def lines(self, version_id: int | None = None) -> tuple[Line, ...]:
        """What the page says of the difference to what is public."""
        return lines(self.screen(version_id).difference)

    def second(self, approval: Approval, who: str = "second") -> Approval:
        return approvals.second(approval.approval_id, self.actor(who), times.now())

    def findings(self, check_id: str | None = None, version_id: int | None = None) -> list[Any]:
        """The cards of the screen, or those of one check."""
        return [card for card in self.screen(version_id).cards if check_id in {None, card.check_id}]

    def finding(self, check_id: str) -> Any:
        (found,) = self.findings(check_id)
        return found

    def waive(self, *check_ids: str, who: str = "director", reason: str = "official") -> None:
        """Say of each of these findings that it is right as it is."""
        for check_id in check_ids:
            for card in self.findings(check_id):
                if card.is_open:
                    self.waive_one(card, who, reason)

    def waive_one(self, card: Any, who: str = "director", reason: str = "official") -> None:
        approvals.waive(self.newest().version_id, card.finding_id, reason, "", self.actor(who), times.now())

    def waive_all(self, who: str = "director", but: frozenset[str] = frozenset()) -> None:
        """Everything that is open, but for what is of these severities."""
        for card in self.screen().cards:
            if card.is_open and card.severity not in but:
                self.waive_one(card, who)

    # Workers

    def work(self) -> list[Run]:
        """Every run that is due."""
        done = []
        while (claim := ledger.claim(times.now())) is not None:
            with ledger.Lease(claim) as lease:
                pull.run(claim, lease, None, {"publish": publish.results_of, "start_list": push.start_list_of})
            db.session.rollback()
            done.append(db.session.get_one(Run, claim.run_id, populate_existing=True))
            db.session.rollback()
        return done

    def go(self, **given: Any) -> Publication:
        """Approve what is newest, and see it out."""
        approval = self.approve(**given)
        assert approval.state == "approved", approval.state
        self.work()
        return self.publication()

    def go_official(self, **given: Any) -> Publication:
        """Wait out the quiet time, and call it official."""
        self.clock.forward(minutes=61)
        return self.go(act="official", **given)

    def correct(self, reason: str = "Video review", **given: Any) -> Publication:
        """One asks, another agrees, and it goes out."""
        approval = self.approve(reason=reason, **given)
        assert approval.state == "waiting"
        self.second(approval)
        self.work()
        return self.publication()

    # What there is

    def newest(self) -> ResultVersion:
        db.session.rollback()
        found = versions.newest(self.contest_id)
        assert found is not None
        db.session.rollback()
        return found

    def all_versions(self) -> list[ResultVersion]:
        db.session.rollback()
        found = versions.of_contest(self.contest_id)
        db.session.rollback()
        return found

    def destination(self) -> ResultDestination:
        db.session.rollback()
        found = db.session.scalars(
            select(ResultDestination).where(ResultDestination.contest_id == self.contest_id, ResultDestination.ended_at.is_(None))
        ).one()
        db.session.rollback()
        return found

    def publications(self) -> list[Publication]:
        db.session.rollback()
        mine = select(Publication).join(ResultDestination, ResultDestination.destination_id == Publication.destination_id)
        found = db.session.scalars(
            mine.where(ResultDestination.contest_id == self.contest_id).order_by(Publication.publication_id)
        ).all()
        db.session.rollback()
        return list(found)

    def publication(self) -> Publication:
        return self.publications()[-1]

    def sent(self, publication: Publication | None = None) -> dict[str, Published]:
        """The rows of a publication as they were approved, by entry."""
        return {str(row.entry_key): row for row in unpack(self.body(publication or self.publication())).rows}

    def body(self, publication: Publication) -> bytes:
        """What was kept to be sent."""
        found = db.session.get_one(PublicationPayload, publication.publication_id).body
        db.session.rollback()
        return found or b""

    def would_send(self) -> dict[str, Published]:
        """The rows that the screen's hash is of, by entry."""
        return {str(row.entry_key): row for row in self.screen().payload}

    def receipts(self) -> list[dict[str, Any]]:
        db.session.rollback()
        found = db.session.scalars(select(Receipt).where(Receipt.contest_id == self.contest_id).order_by(Receipt.number)).all()
        documents = [{"kind": one.kind, "number": one.number, **orjson.loads(one.document)} for one in found]
        db.session.rollback()
        return documents

    def told(self) -> list[approvals.Message]:
        """The mails that are due now."""
        return approvals.to_tell(times.now(), "https://hub.example")

    def asked(self, path: str = "results") -> int:
        """How many calls of that kind the destination has had."""
        return self.sandbox.requests.count("runsignup", path)

    # The destination's own HTTP API

    def read(self, call: str, *, stranger: bool = False, **query: Any) -> Any:
        happening = self.happening
        keys = {} if stranger else self.sandbox.credentials(self.number, "runsignup")
        answer = requests.get(
            f"{self.sandbox.urls['RUNSIGNUP_URL']}/race/{happening.uid}/results/{call}",
            params={**keys, "format": "json", "event_id": happening.contests[0].number, **query}, timeout=10,
        )  # fmt: skip
        assert answer.status_code == 200
        found = answer.json()
        assert "error" not in found, found
        return found["individual_results_sets"]

    def live(self) -> Live | None:
        """The one result set of the event, row by row; None: there is none."""
        sets = self.read("get-result-sets")
        assert len(sets) < 2, "a twin was made"
        if not sets:
            return None
        number = sets[0]["individual_result_set_id"]
        rows, public, page = [], 0, 1
        while True:
            query = {"individual_result_set_id": number, "page": page, "results_per_page": 1000}
            (found,) = self.read("get-results", **query)
            (seen,) = self.read("get-results", stranger=True, **query)
            names = {key: name for key, name in found["results_headers"].items() if key.startswith("split-")}
            rows += [
                {**row, "registration": whose, "splits": {name: row[key] for key, name in names.items() if row[key]}}
                for row, whose in zip(found["results"], found["registration_ids"], strict=True)
            ]
            public += len(seen["results"])
            if len(found["results"]) < 1000:
                break
            page += 1
        return Live(number, sets[0]["public_results"] == "T", sets[0]["preliminary_results"] == "T", tuple(rows), public)

    def messages(self) -> int:
        """How many people the destination has told."""
        return int(self.sandbox.results.listed()["notifications"])

    def by_hand(self, what: str, **given: Any) -> None:
        """Somebody does something in RunSignUp's own pages."""
        body = {"set": int(self.destination().set_id), **given}
        answer = requests.post(f"{self.sandbox.base}/_sandbox/{what}", json=body, timeout=10)
        assert answer.status_code == 200, answer.text

    def is_there_as_sent(self, publication: Publication | None = None) -> bool:
        """Whether the destination's rows are those that were approved, field by field, each once."""
        live = self.live()
        assert live is not None
        wanted = sorted(_as_told(row) for row in self.sent(publication).values())
        found = sorted(_as_read(row) for row in live.rows)
        assert found == wanted, [pair for pair in zip(found, wanted, strict=False) if pair[0] != pair[1]][:3]
        return True


def _as_told(row: Published) -> tuple[Any, ...]:
    """An approved row in the words of the destination's API."""
    word = {"DNF": "DNF", "DNS": "DNS", "DQ": "DQ", "NC": "DNQ", "OTL": "DNQ"}.get(row.status)
    is_nobody = row.is_veiled  # a registration or a bib would lead to the name
    return (
        "" if is_nobody else row.registration_key or "", "" if is_nobody else row.bib or "",
        word or shortest(row.gun_ms), word or shortest(row.chip_ms), 0 if word else row.place or 0,
        tuple(sorted((point, shortest(ms)) for point, ms in row.splits)),
    )  # fmt: skip


def _as_read(row: dict[str, Any]) -> tuple[Any, ...]:
    return (
        str(row["registration"] or ""), str(row["bib"] or ""), row["clock_time"], row["chip_time"], row["place"] or 0,
        tuple(sorted(row["splits"].items())),
    )  # fmt: skip


def shortest(ms: int | None) -> str:
    """A time as RunSignUp writes it."""
    if ms is None:
        return ""
    seconds = (rounded(ms) or 0) // 1000
    hours = f"{seconds // 3600}:{seconds // 60 % 60:02d}" if seconds >= 3600 else f"{seconds // 60}"
    return f"{hours}:{seconds % 60:02d}"


def sex_of(number: int) -> str:
    return "MF"[number % 2 == 0]


def age_of(number: int) -> int:
    """The first are at their best; then all ages in turn."""
    return 20 + number if number <= 20 else YOUNGEST + number % AGES


def written(ms: int | None) -> str | None:
    """H:MM:SS.mmm, as ChronoTrack writes a time here."""
    if ms is None:
        return None
    return f"{ms // HOUR:02d}:{ms // MINUTE % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"


Placed = dict[tuple[str, str], int]


def ranked(rows: Iterable[Score], basis: str) -> Placed:
    """The place of each entry overall, in its sex and its division: 1, 2, 2, 4."""
    groups: defaultdict[str, list[tuple[int, Score]]] = defaultdict(list)
    for row in rows:
        ms = row.gun_ms if basis == "gun" else row.chip_ms
        if ms is not None:
            for group in {"Overall", SEXES.get(row.sex or "", ""), row.division or ""} - {""}:
                groups[group].append((ms, row))
    found: Placed = {}
    for group, timed in groups.items():
        timed.sort(key=lambda one: one[0])
        before: tuple[int, int] | None = None
        for place, (ms, row) in enumerate(timed, 1):
            same = before[1] if before and before[0] == ms else place
            if group != "Overall" or row.place is None:
                found[group, row.entry] = same
            elif row.place != NOT_PLACED:
                found[group, row.entry] = row.place
            before = (ms, same)
    return found


def _results(row: Score, placed: Placed, event: str, race: str, partner: int) -> list[dict[str, Any]]:
    person = {
        "event_id": event, "race_id": race, "entry_id": row.entry, "results_bib": row.bib, "results_first_name": row.first_name,
        "results_last_name": row.last_name, "results_sex": row.sex, "results_age": None if row.age is None else str(row.age),
        "results_primary_bracket_name": row.division, "timing_partner_id": partner,
    }  # fmt: skip
    times_of = {"results_time": written(row.chip_ms), "results_gun_time": written(row.gun_ms)}
    groups = [one for one in ("Overall", SEXES.get(row.sex or ""), row.division) if one]
    made = [
        {**person, **times_of, "results_bracket_name": group, "results_rank": _text(placed.get((group, row.entry)))}
        for group in (groups if row.gun_ms is not None or row.chip_ms is not None else ())
    ]
    return made + [
        {**person, "results_bracket_name": f"Split {point}", "results_rank": None, "results_time": written(chip),
         "results_gun_time": written(gun)}
        for point, (gun, chip) in row.splits.items()
    ]  # fmt: skip


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def _entry(row: Score, event: str, race: str, partner: int) -> dict[str, Any]:
    return {
        "entry_id": row.entry, "event_id": event, "race_id": race, "entry_status": row.word, "entry_bib": row.bib,
        "entry_race_age": _text(row.age), "athlete_first_name": row.first_name, "athlete_last_name": row.last_name,
        "athlete_sex": row.sex, "entry_external_id": row.external_id, "timing_partner_id": partner,
    }  # fmt: skip


# Building it


def build(
    app: Any, clock: Any, sandbox: Running, world: World, *, linked: int | None = None, names: tuple[str, ...] = ("10K", "Half"),
    zone: str = "America/New_York", start: datetime = RUN, event: str = EVENT, prefix: str = "e",
    number: int = 1,
) -> Stage:  # fmt: skip
    """Partner, connections, edition, both sides' contests, the map, the links, and everybody's account."""
    known = app.extensions["hub_settings"]
    urls = {**known.provider_urls, **sandbox.urls}
    app.extensions["hub_settings"] = replace(known, provider_urls=urls, keep_pace=False)
    partner = make_partner()
    registration, scoring = make_connection(partner), make_connection(partner, "chronotrack")
    with write() as session:
        secrets.keep(session, registration.connection_id, secrets.SECRETS, sandbox.credentials(number, "runsignup"))
    local = start.astimezone(times.zone(zone))
    edition = make_edition(partner, date=f"{local:%Y-%m-%d}", timezone=zone, starts_at=start, ends_at=start)
    happening = world.happenings[number - 1]
    make_link(edition, registration, happening.uid)
    make_link(edition, scoring, event)
    contests = [
        make_contest(edition, registration, name, happening_id=happening.uid, provider_contest_id=str(one.number), starts_at=start)
        for name, one in zip(names, happening.contests, strict=False)
    ]
    scored = make_contest(edition, scoring, names[0], happening_id=event, provider_contest_id=f"{event}/{RACE}", starts_at=start)
    keep(ContestPair(
        timing_partner_id=partner.timing_partner_id, edition_id=edition.edition_id,
        registration_contest_id=contests[0].contest_id, scoring_contest_id=scored.contest_id, state="confirmed",
    ))  # fmt: skip
    people = happening.contests[0].registrations
    made = Stage(
        clock, world, sandbox, partner, edition, registration, scoring, scored.contest_id, people,
        [one.contest_id for one in contests], prefix=prefix, number=number,
    )  # fmt: skip
    _register(made, linked)
    made.people = {
        "director": make_account("director", partner, editions=(edition,), name="Dana Director"),
        "second": make_account("partner", partner, name="Pat Partner"),
        "support": make_account("support", name="Sam Support"),
    }
    return made


def _register(made: Stage, linked: int | None) -> None:
    happening = made.happening
    partner = made.partner.timing_partner_id
    rows = [
        {"race_id": int(happening.uid), "event_id": contest.number, "registration_id": one.key, "first_name": one.person.first_name,
         "last_name": one.person.last_name, "gender": sex_of(number), "dob": _born(number), "age": age_of(number),
         "bib_num": str(number), "timing_partner_id": partner}
        for contest in happening.contests
        for number, one in enumerate(contest.registrations, 1)
    ]  # fmt: skip
    links = [
        {"timing_partner_id": partner, "edition_id": made.edition.edition_id, "contest_id": made.contest_id,
         "entry_key": f"{made.prefix}{number}", "registration_provider": "runsignup", "registration_key": str(one.key),
         "method": "external_id", "confidence": 100, "made_at": times.now()}
        for number, one in enumerate(made.registered[:linked], 1)
    ]  # fmt: skip
    with write() as session:
        session.connection().execute(insert(PROVIDER_TABLES["runsignup_participants"]), rows)
        session.execute(insert(EntryLink), links)


def _born(number: int) -> str:
    return f"{RUN.year - age_of(number)}-02-03"


def at_registration(stage: Stage, number: int, **given: Any) -> None:
    """Something of a registration is otherwise."""
    people = PROVIDER_TABLES["runsignup_participants"]
    mine = people.c.registration_id == stage.registered[number - 1].key
    with write() as session:
        session.execute(update(people).where(mine).values(**given))


def relink(stage: Stage, entry: str, registration: Any) -> None:
    """An entry is another registration's."""
    mine = (EntryLink.contest_id == stage.contest_id, EntryLink.entry_key == entry, EntryLink.ended_at.is_(None))
    with write() as session:
        session.execute(update(EntryLink).where(*mine).values(ended_at=times.now(), ended_why="replaced"))
        session.execute(insert(EntryLink).values(
            timing_partner_id=stage.partner.timing_partner_id, edition_id=stage.edition.edition_id, contest_id=stage.contest_id,
            entry_key=entry, registration_provider="runsignup", registration_key=str(registration.key), method="external_id",
            confidence=100, made_at=times.now(),
        ))  # fmt: skip


def later(instant: datetime, **parts: float) -> datetime:
    return instant.astimezone(UTC) + timedelta(**parts)
