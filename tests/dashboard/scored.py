"""A scored distance with its versions, destinations and publications, written as the services leave them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from sync_jobs import contest_map, destinations, receipts, times
from sync_jobs.models import (
    Approval,
    Connection,
    Contest,
    Edition,
    Partner,
    Publication,
    PublicationPayload,
    ResultDestination,
    ResultFile,
    ResultVersion,
    db,
    write,
)
from sync_jobs.receipts import Execution, Proof
from sync_jobs.results import Published, ResultRow
from sync_jobs.review.fingerprints import content_hash
from sync_jobs.review.packed import Payload, pack
from sync_jobs.versions import keeping
from sync_jobs.versions.scored import Made
from tests.factories import keep, make_connection
from tests.sync_jobs.sides import Sides, two_sides

SEEN = {"preliminary": "preliminary", "official": "official", "correction": "official", "retraction": "retracted"}
NAMES = ("Ana Ruiz", "Mia Cole", "Joy Lund", "Bo Sample", "Cy Moreau", "Di Okafor", "Ed Park", "Flo Gray")


def runner(number: int, **given: Any) -> ResultRow:
    """One finisher; the first is the fastest."""
    first, _, last = NAMES[(number - 1) % len(NAMES)].partition(" ")
    fields = {
        "entry_key": f"e{number}", "bib": str(100 + number), "first_name": first,
        "last_name": last if number <= len(NAMES) else f"{last}{number}",
        "gender": "F", "age": 30, "gun_ms": 2_400_000 + 10_000 * number, "chip_ms": 2_395_000 + 10_000 * number, "place": number,
        "gender_place": number, "division": "F 30-39", "division_place": number, **given,
    }  # fmt: skip
    return ResultRow(**fields)  # type: ignore[arg-type]


def field_of(many: int) -> list[ResultRow]:
    return [runner(number) for number in range(1, many + 1)]


@dataclass
class Scored:
    """One event, one distance on both sides, matched; results go to RunSignUp."""

    sides: Sides
    ten: Contest
    contest: Contest

    @property
    def id(self) -> int:
        return self.sides.id

    @property
    def base(self) -> str:
        return f"/events/{self.id}/results/{self.contest.contest_id}"

    @property
    def destination(self) -> ResultDestination:
        db.session.rollback()
        found = db.session.query(ResultDestination).filter_by(contest_id=self.contest.contest_id)
        return found.order_by(ResultDestination.destination_id).first()

    def take_part(self, many: int) -> None:
        """So many registered, and stand on the scoring list under their ids."""
        for number in range(1, many + 1):
            row = runner(number)
            self.sides.sign_up(self.ten, 7000 + number, row.name, bib_num=row.bib)
            self.sides.enter(
                self.contest, 1, row.name, entry_id=row.entry_key, entry_bib=row.bib, entry_external_id=f"rsu:{7000 + number}"
            )

    def version(self, rows: list[ResultRow], **given: Any) -> ResultVersion:
        """Scoring said this, now."""
        with write() as session:
            before = keeping.newest_of(session, self.contest.contest_id)
            made = [Made(row, ()) for row in rows]
            kept = ResultVersion(**{
                "timing_partner_id": self.sides.partner.timing_partner_id, "edition_id": self.id,
                "contest_id": self.contest.contest_id, "number": before.number + 1 if before else 1,
                "content_hash": content_hash(rows), "facts": {"is_complete": True}, "counts": keeping._counts(made),
                "pulled_at": times.now(), "last_seen_at": times.now(), "state": "needs_review", "checked_at": times.now(), **given,
            })  # fmt: skip
            session.add(kept)
            keeping._keep_rows(session, self.contest.contest_id, kept.number, keeping._placed(made))
        return kept

    def publish(self, version: ResultVersion, rows: list[ResultRow], act: str = "preliminary", **given: Any) -> Publication:
        """Somebody let it out, and it went, now."""
        place, now = self.destination, times.now()
        sent = () if act == "retraction" else tuple(published(row) for row in rows)
        payload = Payload(target=_target(place), visibility=SEEN[act], tells=False, map_version=1, rows=sent)
        approval = Approval(**{
            "timing_partner_id": place.timing_partner_id, "destination_id": place.destination_id, "version_id": version.version_id,
            "act": act, "payload_hash": payload.hash, "base_hash": "b", "rendered_hash": "r", "map_version": 1, "state": "approved",
            "requested_name": "Dana Director", "requested_role": "director", "requested_at": now, "approved_name": "Dana Director",
            "approved_role": "director", "approved_at": now, "expires_at": now + timedelta(hours=12), "seen": {},
            **given.pop("approval", {}),
        })  # fmt: skip
        keep(approval)
        publication = Publication(**{
            "timing_partner_id": place.timing_partner_id, "edition_id": self.id, "destination_id": place.destination_id,
            "approval_id": approval.approval_id, "version_id": version.version_id, "act": act, "payload_hash": payload.hash,
            "state": "published", "made_at": now, "started_at": now, "ended_at": now, **given,
        })  # fmt: skip
        keep(publication)
        keep(PublicationPayload(publication_id=publication.publication_id, body=pack(payload)))
        live = {"visibility": payload.visibility, "live_version_id": version.version_id, "sent": pack(payload)}
        with write() as session:
            session.execute(update(Approval).where(Approval.approval_id == approval.approval_id).values(state="used"))
            mine = ResultDestination.destination_id == place.destination_id
            session.execute(update(ResultDestination).where(mine).values(**live))
        return publication

    def hide_from_public(self) -> None:
        """As it is before somebody says that they loaded the file."""
        with write() as session:
            mine = ResultDestination.contest_id == self.contest.contest_id
            session.execute(update(ResultDestination).where(mine).values(visibility="none", live_version_id=None, sent=None))

    def receipt(self, publication: Publication, kind: str = "published", **given: Any) -> int:
        """Its receipt, as whoever published writes it; its id."""
        proof = Proof(
            read_at=times.now(), hash="h", is_equal=True, visibility_before="none", visibility_after="preliminary", told=0
        )
        with write() as session:
            kept = session.get_one(Publication, publication.publication_id)
            done = Execution(attempts=1, chunks=1, accepted=3)
            return receipts.write(session, kept, kind, proof=given.get("proof", proof), execution=done, now=times.now()).receipt_id

    def file(self, publication: Publication, **given: Any) -> ResultFile:
        """The results as a file."""
        made = ResultFile(**{
            "timing_partner_id": publication.timing_partner_id, "edition_id": self.id, "publication_id": publication.publication_id,
            "name": "results.csv", "media_type": "text/csv", "content": b"Bib,Time\r\n101,40:10\r\n", "people": 1,
            "made_at": times.now(), **given,
        })  # fmt: skip
        keep(made)
        return made


def published(row: ResultRow) -> Published:
    return Published(
        registration_key=f"{7000 + int(row.entry_key[1:])}", entry_key=row.entry_key, bib=row.bib, first_name=row.first_name,
        last_name=row.last_name, gender=row.gender, age=row.age, status=row.status or "FINISHED", gun_ms=row.gun_ms,
        chip_ms=row.chip_ms, place=row.place,
    )  # fmt: skip


def _target(place: ResultDestination) -> Any:
    return destinations.targets(db.session(), [place])[place.destination_id]


def scored(partner: Partner, name: str = "Maple 10K") -> Scored:
    sides = two_sides(partner, name)
    ten, contest = sides.distance("Ten", 1), sides.scored("10K", 1)
    contest_map.confirm(sides.id, ten.contest_id, contest.contest_id, by="Pat", now=times.now())
    return Scored(sides, ten, contest)


def scored_in(edition: Edition, here: Connection) -> Scored:
    """The same in an event that is there, with what a connection's provider registers."""
    partner = db.session.get_one(Partner, edition.timing_partner_id)
    sides = Sides(partner, edition, here, make_connection(partner, "chronotrack"))
    ten, contest = sides.distance("Ten", sides.id), sides.scored("10K", sides.id)
    contest_map.confirm(sides.id, ten.contest_id, contest.contest_id, by="Pat", now=times.now())
    return Scored(sides, ten, contest)
