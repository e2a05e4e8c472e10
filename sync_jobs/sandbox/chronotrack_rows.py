"""ChronoTrack's own words: events, races, brackets, intervals, entries and results, every value a string, as its API writes them.

A timer's clock gives whole seconds at some events and tenths at others. Its event is our happening, its race our scoring contest.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sync_jobs.sandbox.raceday import SECOND
from sync_jobs.sandbox.scoring import Scoring
from sync_jobs.sandbox.scoring_entry import Outcome, ScoringEntry
from sync_jobs.sandbox.scoring_plan import ScoringContest, ScoringHappening

Row = dict[str, str]
FULL, OPEN = "Full Course", "Overall"
SEXES = {"F": "Female", "M": "Male", "X": "Non-Binary"}
KINDS = {"triathlon": "multisport"}
WITHDRAWN, REGISTERED = "DNS", "CONF"
STATUSES = {"dnf": "DNF", "dq": "DQ"}
AGES = tuple(f"{sex} {low}" for sex in "FM" for low in ("14 and under", *(f"{low}-{low + 4}" for low in range(15, 80, 5)), "80+"))


def event(happening: ScoringHappening) -> Row:
    """One event."""
    edition, company = happening.edition, happening.edition.partners[0]
    return {
        "event_id": happening.uid, "event_tag": f"tag{happening.number}", "event_name": happening.name, "event_description": "",
        "event_start_time": str(happening.starts_at), "event_end_time": str(happening.starts_at + 6 * 3600),
        "event_is_published": "1", "event_site_uri": f"event{happening.number}", "event_external_id": "",
        "organization_id": str(900 + company), "organization_name": f"Timing organization {company}",
        "location_city": edition.city, "location_region": edition.state, "location_country": edition.country,
        "location_time_zone": edition.zone,
    }  # fmt: skip


def race(contest: ScoringContest, gun: int | None) -> Row:
    """One race of an event."""
    return {
        "race_id": str(contest.number), "race_tag": "", "race_name": contest.name,
        "race_type": KINDS.get(contest.kind, "running"), "race_subtype": "",
        "race_course_distance": "" if contest.metres is None else str(contest.metres), "race_pref_distance_unit": "km",
        "race_planned_start_time": str(contest.starts_at), "race_planned_end_time": str(contest.starts_at + 3 * 3600),
        "race_actual_start_time": "" if gun is None else str(gun // SECOND), "race_actual_end_time": "",
        "race_age_ref_time": str(contest.starts_at),
    }  # fmt: skip


def reg_choice(contest: ScoringContest) -> Row:
    """What a person can sign up for: one for each race."""
    return {"reg_choice_id": str(contest.number + 20_000), "reg_choice_name": contest.name, "race_id": str(contest.number)}


def brackets(contest: ScoringContest) -> Iterator[Row]:
    """Everybody, the sexes, the age groups."""
    kinds = [(OPEN, "OPEN"), *((name, "SEX") for name in SEXES.values()), *((name, "AGE") for name in AGES)]
    for place, (name, kind) in enumerate(kinds):
        yield {
            "bracket_id": f"{contest.number}{place:02d}", "bracket_name": name, "bracket_type": kind,
            "bracket_wants_leaderboard": "1", "race_id": str(contest.number),
        }  # fmt: skip


def intervals(contest: ScoringContest) -> Iterator[Row]:
    """The whole course, and each mat on the way."""
    for place, (name, metres) in enumerate(((FULL, contest.metres or 0), *contest.points)):
        yield {
            "interval_id": f"{contest.number}{place:02d}", "interval_name": name, "interval_iv_distance_m": str(metres),
            "race_name": contest.name,
        }  # fmt: skip


def waves(contest: ScoringContest) -> Iterator[Row]:
    """Start groups."""
    for place, wave in enumerate(contest.waves):
        yield {
            "wave_id": f"{contest.number}{place:02d}", "wave_name": wave.name,
            "wave_start_time": str(contest.starts_at + wave.after), "race_name": contest.name,
        }  # fmt: skip


def entry(one: Outcome) -> Row:
    """One entry, with everything that it can have."""
    person, contest = one.entry, one.entry.contest
    status = WITHDRAWN if person.withdrawn else STATUSES.get(one.known.status, REGISTERED)
    return {
        "entry_id": str(person.number), "entry_external_id": person.external_id or "", "entry_name": _name(person),
        "entry_bib": person.bib or "", "entry_status": status, "entry_type": "IND",
        "entry_race_age": "" if person.age is None else str(person.age), "athlete_id": str(person.number + 1_000_000),
        "athlete_first_name": person.first_name, "athlete_last_name": person.last_name, "athlete_sex": person.gender or "",
        "athlete_birthdate": person.born.isoformat() if person.born else "", "athlete_email": person.email or "",
        "athlete_home_phone": "", "athlete_mobile_phone": person.phone or "", "location_city": person.city or "",
        "location_region": person.state or "", "location_country": person.country or "", "race_id": str(contest.number),
        "race_name": contest.name, "reg_choice_name": contest.name, "wave_name": person.wave,
        "bracket_name": person.division or "", "team_id": "", "team_name": person.team or "", "custom_element1": "",
    }  # fmt: skip


BIRTH, CONTACT = ("athlete_birthdate",), ("athlete_email", "athlete_home_phone", "athlete_mobile_phone")
"""Only on request."""


def results(happening: ScoringHappening, found: list[Outcome], bracket: str, interval: str) -> list[Row]:
    """Rows of one ranking, ordered by rank: those who are out there as well, and nobody who stopped or was disqualified."""
    rows = []
    for one in found:
        if one.known.status not in {"finished", "running"}:
            continue
        group = _group(one, bracket)
        if group is None:
            continue
        name, rank = group
        places = (place for place in (FULL, *dict(one.known.points)) if interval in {"ALL", place})
        rows += [_result(happening, one, name, rank if place == FULL else None, place) for place in places]
    return rows


def _group(one: Outcome, wanted: str) -> tuple[str, int | None] | None:
    """The bracket of that kind, or of that name, that somebody is in, and their rank in it."""
    groups = {
        "OPEN": (OPEN, one.rank), "SEX": (SEXES.get(one.entry.gender or "", ""), one.rank_gender),
        "AGE": (one.entry.division or "", one.rank_division),
    }  # fmt: skip
    found = groups.get(wanted) or next((group for group in groups.values() if group[0] == wanted), None)
    return found if found is not None and found[0] else None


def _result(happening: ScoringHappening, one: Outcome, bracket: str, rank: int | None, interval: str) -> Row:
    person, known, contest = one.entry, one.known, one.entry.contest
    end = known.finish if interval == FULL else dict(known.points)[interval]
    gun = None if end is None else end - known.gun
    chip = None if end is None or known.start is None else end - known.start
    net = clock(chip, happening)
    metres = (contest.metres or 1000) if interval == FULL else dict(contest.points)[interval]
    return {
        "results_entry_id": str(person.number), "results_bib": person.bib or "", "results_first_name": person.first_name,
        "results_last_name": person.last_name, "results_sex": person.gender or "",
        "results_age": "" if person.age is None else str(person.age),
        "results_hometown": ", ".join(filter(None, (person.city, person.state))), "results_city": person.city or "",
        "results_state_code": person.state or "", "results_postal_code": "", "results_country_code": person.country or "",
        "results_event_name": happening.name, "results_race_id": str(contest.number), "results_race_name": contest.name,
        "results_primary_bracket_id": "", "results_primary_bracket_name": person.division or "",
        "results_bracket_name": bracket, "results_interval_name": interval,
        "results_interval_full": "1" if interval == FULL else "0",
        "results_rank": "" if rank is None else str(rank), "results_time": net, "results_gun_time": clock(gun, happening),
        "results_time_with_penalty": net, "results_pace": _pace(chip, metres), "results_pace_unit": "min/km",
        "results_gun_pace": _pace(gun, metres),
        "results_begin_chip_time": "" if known.start is None else f"{known.start / SECOND:.3f}",
        "results_end_chip_time": "" if end is None else f"{end / SECOND:.3f}",
    }  # fmt: skip


def clock(ms: int | None, happening: ScoringHappening) -> str:
    """`HH:MM:SS`, up to the next second, or cut to tenths where the event has them."""
    if ms is None:
        return ""
    tenths = happening.number % 2 == 1
    whole, rest = divmod(ms, SECOND)
    whole += 0 if tenths or not rest else 1
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}" + (f".{rest // 100}" if tenths else "")


def _pace(ms: int | None, metres: int) -> str:
    seconds = 0 if ms is None else round(ms / metres)
    return "" if ms is None else f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _name(person: ScoringEntry) -> str:
    return f"{person.first_name} {person.last_name}".strip()


def races(scoring: Scoring, happening: ScoringHappening, now: datetime) -> list[Row]:
    """All of an event."""
    return [race(contest, scoring.gun(contest, now)) for contest in happening.contests]
