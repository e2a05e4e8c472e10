"""What a database is told about itself when it is made or taken over: its stamp, when, and the form of its views."""

from __future__ import annotations

from datetime import datetime

from sync_jobs import times

STAMPS = ("sandbox", "production")


def facts_for(stamp: str, now: datetime, *, views: str, taken_over: bool, held: dict[str, str]) -> dict[str, str]:
    """The facts to write, given those that are there: a stamp and a date are given once, the views' form follows."""
    if stamp not in STAMPS:
        raise ValueError(f"a database is stamped {' or '.join(STAMPS)}, not {stamp}")
    given = {"stamp": stamp}
    if not {"made_at", "taken_over_at"} & held.keys():
        given["taken_over_at" if taken_over else "made_at"] = times.customer_form(now)
    wanted = {name: value for name, value in given.items() if name not in held}
    return wanted if held.get("views") == views else {**wanted, "views": views}
