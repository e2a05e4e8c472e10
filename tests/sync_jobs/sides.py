"""An event with two sides, written as the pulls leave it: RunSignUp's registrations, ChronoTrack's scoring list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, update

from sync_jobs.models import PROVIDER_TABLES, Connection, Contest, Edition, Partner, write
from tests.factories import make_connection, make_contest, make_edition, make_link, make_partner

RACE, EVENT = 70, "900"


@dataclass
class Sides:
    """One edition of one partner, linked to a connection of each side."""

    partner: Partner
    edition: Edition
    here: Connection
    there: Connection

    @property
    def id(self) -> int:
        return self.edition.edition_id

    def distance(self, name: str, number: int, **given: Any) -> Contest:
        """A registration contest."""
        fields = {"happening_id": str(RACE), "provider_contest_id": str(number), **given}
        return make_contest(self.edition, self.here, name, **fields)

    def scored(self, name: str, number: int, **given: Any) -> Contest:
        """A scoring contest."""
        fields = {"happening_id": EVENT, "provider_contest_id": f"{EVENT}/{number}", **given}
        return make_contest(self.edition, self.there, name, **fields)

    def sign_up(self, contest: Contest, key: int, name: str = "Ada Sample", **given: Any) -> None:
        """Somebody registers."""
        first, _, last = name.partition(" ")
        row = {
            "race_id": RACE, "event_id": int(contest.provider_contest_id), "registration_id": key, "first_name": first,
            "last_name": last, "gender": "F", "dob": "3/4/1990", "bib_num": None, **given,
        }  # fmt: skip
        self.write("runsignup_participants", row)

    def enter(self, contest: Contest, key: int, name: str = "Ada Sample", **given: Any) -> None:
        """Somebody is put on the scoring list."""
        first, _, last = name.partition(" ")
        row = {
            "entry_id": str(key), "event_id": EVENT, "race_id": contest.provider_contest_id.partition("/")[2],
            "athlete_first_name": first, "athlete_last_name": last, "athlete_sex": "F", "athlete_birthdate": "1990-03-04",
            "entry_bib": None, "entry_external_id": None, "entry_status": "CONF", **given,
        }  # fmt: skip
        self.write("ct_participants", row)

    def write(self, table: str, row: dict[str, Any]) -> None:
        with write() as session:
            session.execute(insert(PROVIDER_TABLES[table]), {**row, "timing_partner_id": self.partner.timing_partner_id})

    def change(self, table: str, key: Any, **values: Any) -> None:
        """A provider says something else of one record now."""
        which = PROVIDER_TABLES[table]
        column = which.c.registration_id if table.startswith("runsignup") else which.c.entry_id
        with write() as session:
            session.execute(update(which).where(column == key).values(**values))


def two_sides(partner: Partner | None = None, name: str = "Harbor Lights") -> Sides:
    partner = partner or make_partner()
    here, there = make_connection(partner), make_connection(partner, "chronotrack")
    edition = make_edition(partner, name)
    make_link(edition, here, str(RACE))
    make_link(edition, there, EVENT)
    return Sides(partner, edition, here, there)
