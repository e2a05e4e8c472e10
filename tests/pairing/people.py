"""Invented people of both sides, each made with what matters named."""

from datetime import date

from sync_jobs.pairing.conclusions import conclude
from sync_jobs.pairing.ladder import Held, Known
from sync_jobs.records import Entry, Registration

DAY = date(2026, 6, 13)
FIVE, TEN, OTHER = 1, 2, 3  # registration contests
SCORED_FIVE, SCORED_TEN = 11, 12
BORN = date(1990, 3, 4)


def registration(key, name="Ada Sample", *, contest=FIVE, provider="runsignup", **given):
    first, _, last = name.partition(" ")
    fields = {"gender": "F", "born": BORN, "age": None, "bib": None, **given}
    return Registration(
        provider_name=provider,
        key=str(key),
        contest_id=contest,
        first_name=first,
        last_name=last,
        email=None,
        city=None,
        state=None,
        country=None,
        team=None,
        **fields,
    )


def entry(key, name="Ada Sample", *, contest=SCORED_FIVE, provider="chronotrack", **given):
    first, _, last = name.partition(" ")
    fields = {"gender": "F", "born": BORN, "age": None, "bib": None, "external_id": None, "status": "CONF", **given}
    return Entry(provider_name=provider, key=str(key), contest_id=contest, first_name=first, last_name=last, **fields)


def held(entry_key, registration_key, *, contest=SCORED_FIVE, provider="runsignup", method="bib_and_name", made_by=None):
    return Held(
        contest_id=contest, entry_key=str(entry_key), registration=(provider, str(registration_key)), method=method, made_by=made_by
    )


def concluded(registrations, entries, **given):
    fields = {"mapped": {SCORED_FIVE: frozenset({FIVE})}, "day": DAY, **given}
    return conclude(Known(registrations=registrations, entries=entries, **fields))


def linked(outcome):
    return {(link.entry_key, link.registration[1], link.method) for link in outcome.links}


def asked(outcome):
    return {(question.kind, question.entry_key) for question in outcome.questions}
