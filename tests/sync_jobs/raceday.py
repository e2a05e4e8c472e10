"""A race day to approve: people on both sides, versions made of their results, and a stand-in for the publishing run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from sync_jobs import approvals, contest_map, times, versions
from sync_jobs.approvals import Actor, Screen
from sync_jobs.models import (
    PROVIDER_TABLES,
    Account,
    Approval,
    Contest,
    EntryLink,
    Publication,
    PublicationPayload,
    ResultDestination,
    ResultVersion,
    db,
    write,
)
from sync_jobs.results import PublishedSet, SetFlags
from sync_jobs.review import packed
from sync_jobs.review.fingerprints import base_hash
from tests.factories import make_account, make_partner
from tests.sync_jobs.sides import EVENT, RACE, Sides, two_sides

START = datetime(2026, 6, 12, 13, 0, tzinfo=UTC)
FIRST = ("Ana", "Tom", "Mia", "Ben", "Zoe", "Max", "Eva", "Ian", "Ida", "Leo")
LAST = ("Beck", "Ruiz", "Okafor", "Lind", "Moreau", "Novak", "Ito", "Haddad", "Quist", "Varga", "Stone")


@dataclass
class RaceDay:
    """One scored distance with one destination, and the people who decide about it."""

    sides: Sides
    ours: Contest
    theirs: Contest
    director: Actor
    partner: Actor
    support: Actor

    @property
    def contest_id(self) -> int:
        return self.theirs.contest_id

    @property
    def destination_id(self) -> int:
        mine = select(ResultDestination.destination_id).where(
            ResultDestination.contest_id == self.contest_id, ResultDestination.ended_at.is_(None)
        )
        found = db.session.scalars(mine).all()
        db.session.rollback()
        return found[0]

    def place(self) -> ResultDestination:
        db.session.rollback()
        return db.session.get_one(ResultDestination, self.destination_id, populate_existing=True)

    def times(self, **seconds: int) -> None:
        """Other times in seconds: `times(e3=2405)`."""
        for name, value in seconds.items():
            self.result(int(name[1:]), results_time=clock(value - 2), results_gun_time=clock(value))
        self.rank()

    def result(self, key: int, **values: Any) -> None:
        table = PROVIDER_TABLES["ct_results"]
        with write() as session:
            session.execute(update(table).where(*self._mine(), table.c.entry_id == str(key)).values(**values))

    def _mine(self) -> tuple[Any, ...]:
        return (PROVIDER_TABLES["ct_results"].c.timing_partner_id == self.sides.partner.timing_partner_id,)

    def rank(self) -> None:
        """Scoring gives the places anew."""
        table = PROVIDER_TABLES["ct_results"]
        with write() as session:
            rows = session.execute(select(table.c.entry_id, table.c.results_gun_time).where(*self._mine())).all()
            for place, row in enumerate(sorted(rows, key=lambda row: row.results_gun_time), start=1):
                mine = (*self._mine(), table.c.entry_id == row.entry_id)
                session.execute(update(table).where(*mine).values(results_rank=str(place)))

    def remove(self, key: int) -> None:
        table = PROVIDER_TABLES["ct_results"]
        with write() as session:
            session.execute(delete(table).where(*self._mine(), table.c.entry_id == str(key)))
        self.rank()

    def run(self, *keys: int) -> None:
        """These people sign up, are linked, and finish one after the other."""
        partner = self.sides.partner.timing_partner_id
        race = self.theirs.provider_contest_id.partition("/")[2]
        event = int(self.ours.provider_contest_id)
        people, entries, results, links = [], [], [], []
        for key in keys:
            first, last, sex = FIRST[key % len(FIRST)], f"{LAST[key % len(LAST)]}{letters(key)}", "MF"[key % 2]
            born = 1996 - key % 30
            people.append({
                "timing_partner_id": partner, "race_id": RACE, "event_id": event, "registration_id": key * 10, "first_name": first,
                "last_name": last, "gender": sex, "dob": f"3/4/{born}", "bib_num": str(key),
            })  # fmt: skip
            entries.append({
                "timing_partner_id": partner, "entry_id": str(key), "event_id": EVENT, "race_id": race, "athlete_first_name": first,
                "athlete_last_name": last, "athlete_sex": sex, "athlete_birthdate": f"{born}-03-04", "entry_bib": str(key),
                "entry_external_id": f"rsu:{key * 10}", "entry_status": "CONF",
            })  # fmt: skip
            seconds = 2300 + 7 * key
            results.append({
                "timing_partner_id": partner, "event_id": EVENT, "race_id": race, "entry_id": str(key), "results_bib": str(key),
                "results_first_name": first, "results_last_name": last, "results_sex": sex, "results_age": str(2026 - born),
                "results_bracket_name": "Overall", "results_rank": str(key), "results_time": clock(seconds - 2 - key % 40),
                "results_gun_time": clock(seconds),
            })  # fmt: skip
            links.append({
                "timing_partner_id": partner, "edition_id": self.sides.id, "contest_id": self.contest_id, "entry_key": str(key),
                "registration_provider": "runsignup", "registration_key": str(key * 10), "method": "external_id", "confidence": 100,
                "made_at": times.now(),
            })  # fmt: skip
        with write() as session:
            session.execute(insert(PROVIDER_TABLES["runsignup_participants"]), people)
            session.execute(insert(PROVIDER_TABLES["ct_participants"]), entries)
            session.execute(insert(PROVIDER_TABLES["ct_results"]), results)
            session.execute(insert(EntryLink), links)
        self.rank()

    def pull(self, check: bool = True) -> int | None:
        """A reading of results: the new version, if there is one."""
        made = versions.make(self.sides.id, self.sides.there.connection_id, None, times.now())
        for version_id in made if check else ():
            approvals.check(version_id, times.now())
        return made[0] if made else None

    def screen(self, version_id: int | None = None, **asked: Any) -> Screen:
        return approvals.screen(self.contest_id, self.destination_id, version_id, times.now(), **asked)

    def approve(self, shown: Screen, by: Actor | None = None, *, reason: str = "", **said: Any) -> Approval:
        """Press the button of that screen."""
        given = {
            "payload_hash": shown.payload_hash, "base_hash": shown.base_hash, "rendered_hash": shown.rendered_hash,
            "tells": shown.tells, **said,
        }  # fmt: skip
        return approvals.approve(
            self.destination_id,
            shown.version.version_id,
            shown.act,
            by=by or self.director,
            now=times.now(),
            reason=reason,
            **given,
        )

    def publication(self, approval: Approval) -> Publication | None:
        db.session.rollback()
        mine = select(Publication).where(Publication.approval_id == approval.approval_id)
        return db.session.scalar(mine.execution_options(populate_existing=True))

    def publish(self, publication: Publication | Approval | None) -> str | None:
        """What the publishing run does: begin, send, read back, keep. The sentence where it may not begin."""
        if isinstance(publication, Approval):
            publication = self.publication(publication)
        number = publication.publication_id
        if why := approvals.take_up(number, times.now()):
            return why
        with write() as session:
            publication = session.get_one(Publication, number)
            body = session.get_one(PublicationPayload, number).body
            place = session.get_one(ResultDestination, publication.destination_id)
            payload = packed.unpack(body)
            is_down = payload.visibility == "retracted"
            flags = SetFlags(name="Results", is_public=not is_down, is_preliminary=payload.visibility != "official", notifies=False)
            rows = packed.unpack(place.sent).rows if is_down and place.sent else payload.rows
            there = PublishedSet(set_id="4711", flags=flags, rows=rows, read_at=times.now())
            place.set_id, place.visibility, place.base_hash = "4711", payload.visibility, base_hash(there)
            place.base, place.base_at = packed.pack_set(there), times.now()
            if not is_down:
                place.sent, place.live_version_id = body, publication.version_id
            publication.state, publication.ended_at, publication.step = "published", times.now(), "done"
        newest = versions.newest(self.contest_id)
        approvals.check(newest.version_id, times.now())
        return None

    def go_public(self, act: str = "preliminary") -> Approval:
        """Approve what is newest, and let it go out."""
        approval = self.approve(self.screen(act=act))
        assert self.publish(approval) is None
        return approval

    def version(self, version_id: int) -> ResultVersion:
        db.session.rollback()
        return db.session.get_one(ResultVersion, version_id, populate_existing=True)

    def kept(self, approval: Approval) -> Approval:
        db.session.rollback()
        return db.session.get_one(Approval, approval.approval_id, populate_existing=True)


def letters(number: int) -> str:
    """A number that a name can end in."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def clock(seconds: int) -> str:
    """As ChronoTrack writes a time."""
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def actor(account: Account) -> Actor:
    return Actor(
        account_id=account.account_id, name=account.name, role=account.role, timing_partner_id=account.timing_partner_id,
        device={"browser": "phone"},
    )  # fmt: skip


def race_day(*keys: int, partner: Any = None, partner_person: bool = True) -> RaceDay:
    """People who ran, matched, with a map that somebody confirmed before the start."""
    partner = partner or make_partner()
    sides = two_sides(partner)
    ours = sides.distance("10K", 801, starts_at=START, distance="10K", timezone="America/New_York")
    theirs = sides.scored("10K Run", 1, starts_at=START, distance="10000", timezone="America/New_York")
    contest_map.confirm(
        sides.id, ours.contest_id, theirs.contest_id, by="Ada", now=START - timedelta(days=2), looked=True
    )  # fmt: skip
    director = actor(make_account("director", partner, editions=(sides.edition,)))
    owner = actor(make_account("partner", partner, state="active" if partner_person else "closed"))
    day = RaceDay(sides, ours, theirs, director, owner, actor(make_account("support")))
    if keys:
        day.run(*keys)
    return day
