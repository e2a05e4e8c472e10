"""Rows, versions and published rows for the tests of review: small ones by hand, and random ones from a seed."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime

from sync_jobs.results import ContestFacts, Published, Registered, ResultRow, Split, Version

NOW = datetime(2026, 6, 12, 15, 0, tzinfo=UTC)
FACTS = ContestFacts(
    contest_id=11, edition_id=5, timing_partner_id=1, name="10K", provider_name="chronotrack", happening_id="900",
    provider_contest_id="91", zone="UTC", metres=10_000,
)  # fmt: skip
FIRST = ("Ada", "Bea", "Cy", "Dov", "Eli", "Fay", "Gus")
LAST = ("Lund", "Fox", "Moss", "Reed", "Vale")


def row(number, **given):
    """One finisher; their time, bib and place follow from their number."""
    values = {
        "entry_key": f"e{number}", "bib": str(100 + number), "first_name": "Ada", "last_name": f"Sample{number}", "gender": "F",
        "age": 34, "gun_ms": 2_400_000 + number * 1_000, "chip_ms": 2_390_000 + number * 1_000, "place": number,
    }  # fmt: skip
    return ResultRow(**values | given)


def version(rows, number=1, **given):
    return Version(**{"contest_id": FACTS.contest_id, "number": number, "pulled_at": NOW, "rows": tuple(rows)} | given)


def registered(key, **given):
    values = {
        "provider_name": "runsignup", "key": str(key), "contest_id": 1, "first_name": "Ada", "last_name": f"Sample{key}",
        "gender": "F", "born": None, "age": 34, "bib": None,
    }  # fmt: skip
    return Registered(**values | given)


def links(rows, **given):
    """Everybody registered under the number of their entry."""
    return {one.entry_key: registered(one.entry_key.removeprefix("e"), **given) for one in rows}


def published(number, **given):
    """What stands at a destination for `row(number)`."""
    values = {
        "registration_key": str(number), "entry_key": f"e{number}", "bib": str(100 + number), "first_name": "Ada",
        "last_name": f"Sample{number}", "gender": "F", "age": 34, "status": "FINISHED", "gun_ms": 2_400_000 + number * 1_000,
        "chip_ms": 2_390_000 + number * 1_000, "place": number,
    }  # fmt: skip
    return Published(**values | given)


def random_row(dice: random.Random, number: int) -> ResultRow:
    status = dice.choices(("FINISHED", "DNF", "DQ", "DNS", "RUNNING", "NC", None), (20, 2, 1, 1, 1, 1, 1))[0]
    gun = dice.randrange(900_000, 100_000_000) if status in {"FINISHED", "NC"} else None
    splits = tuple(Split(point=f"S{at}", metres=at * 1000, gun_ms=at * 10_000) for at in range(dice.randrange(3)))
    return ResultRow(
        entry_key=f"e{number}", bib=dice.choice((None, str(number), f"{number:04}")), first_name=dice.choice(FIRST),
        last_name=dice.choice(LAST), gender=dice.choice(("F", "M", "X", None)), age=dice.choice((None, dice.randrange(5, 90))),
        status=status, gun_ms=gun, chip_ms=gun and gun - dice.randrange(0, 9_000), splits=splits,
        division=dice.choice((None, "F30", "M30")), wave=dice.choice((None, "1", "2")),
    )  # fmt: skip


def random_rows(dice: random.Random, count: int, *, places: bool = True) -> list[ResultRow]:
    """So many rows, placed by gun time where `places` says so."""
    rows = [random_row(dice, number) for number in range(1, count + 1)]
    if not places:
        return rows
    order = sorted((one for one in rows if one.is_finisher), key=lambda one: one.gun_ms)
    place = {one.entry_key: at for at, one in enumerate(order, start=1)}
    return [replace(one, place=place.get(one.entry_key)) for one in rows]
