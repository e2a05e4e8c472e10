"""Which rules a scoring contest's results go by: what its places are made by, how deep its awards go, on which day ages count.

They are the scoring contest's: however many registration contests it has, it is ranked once.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from sync_jobs.contest_map.freezing import reason_for
from sync_jobs.contest_map.history import rules_changed
from sync_jobs.contest_map.rows import CannotMap, contest_of, lock
from sync_jobs.ledger.live import bump
from sync_jobs.models import ContestSettings, write
from sync_jobs.providers import side

BASES = ("gun", "chip")
MOST_AWARDS = 50
MOST_MINUTES = 60 * 24 * 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The defaults: official time is gun time in the rule books, and three of each ranking are honoured."""

    basis: str = "gun"
    division_basis: str = "gun"
    overall_awards: int = 3
    division_awards: int = 3
    age_reference: date | None = None  # None: the day of the contest
    cutoff_minutes: int | None = None  # the time limit from the gun; None: there is none


def rules(session: Session, contest_id: int) -> Rules:
    """What somebody chose for that scoring contest, else the defaults."""
    return rules_of(session.get(ContestSettings, contest_id))


def rules_of(row: Any) -> Rules:
    """The rules as a row of the settings says them, or one that a page read; the defaults where there is none."""
    if row is None:
        return Rules()
    return Rules(
        basis=row.basis, division_basis=row.division_basis, overall_awards=row.overall_awards, division_awards=row.division_awards,
        age_reference=date.fromisoformat(row.age_reference) if row.age_reference else None, cutoff_minutes=row.cutoff_minutes,
    )  # fmt: skip


def keep_rules(edition_id: int, contest_id: int, chosen: Rules, *, by: str, now: datetime, reason: str | None = None) -> bool:
    """A person chooses. False where these hold already. A change of the map like any other."""
    with write() as session:
        edition = lock(session, edition_id)
        contest = contest_of(session, edition_id, contest_id)
        if side(contest.provider_name) != "scoring":
            raise CannotMap("Only a scored distance has rules for its results.")
        _check(chosen)
        before = rules(session, contest_id)
        if before == chosen:
            return False
        said = reason_for(session, edition, [contest_id], reason, now)
        row = session.get(ContestSettings, contest_id) or ContestSettings(
            contest_id=contest_id, timing_partner_id=contest.timing_partner_id
        )
        for name, value in asdict(chosen).items():
            setattr(row, name, value.isoformat() if isinstance(value, date) else value)
        row.decided_by, row.decided_at = by, now
        session.add(row)
        rules_changed(session, contest, _difference(before, chosen), by=by, now=now, reason=said)
        bump(session, "all", f"partner:{contest.timing_partner_id}")
    return True


def _check(chosen: Rules) -> None:
    if not {chosen.basis, chosen.division_basis} <= set(BASES):
        raise CannotMap("Places are made by gun or by chip time.")
    if not all(0 <= number <= MOST_AWARDS for number in (chosen.overall_awards, chosen.division_awards)):
        raise CannotMap(f"Awards go to between 0 and {MOST_AWARDS} people of a ranking.")
    if chosen.cutoff_minutes is not None and not 0 < chosen.cutoff_minutes <= MOST_MINUTES:
        raise CannotMap(f"A time limit is between 1 and {MOST_MINUTES:,} minutes.")


def _difference(before: Rules, chosen: Rules) -> str:
    """What is different, for the history."""
    said = {
        "basis": "overall by {} time", "division_basis": "age groups by {} time", "overall_awards": "{} overall awards",
        "division_awards": "{} awards of each age group", "age_reference": "ages on {}",
        "cutoff_minutes": "time limit {} minutes",
    }  # fmt: skip
    old, new = asdict(before), asdict(chosen)
    parts = [
        f"{said[name].format(_word(name, new[name]))}, was {_word(name, old[name])}" for name in said if old[name] != new[name]
    ]
    return f"{'; '.join(parts)}."


def _word(name: str, value: object) -> object:
    nothing = "the day itself" if name == "age_reference" else "of no"
    return nothing if value is None else value
