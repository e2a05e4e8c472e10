"""Times, places, numbers and people as a sentence says them. What a sentence is about is said elsewhere."""

from __future__ import annotations

from sync_jobs.results import Published, ResultRow

STATUS_WORDS = {
    "FINISHED": "finished", "RUNNING": "on course", "NOT_SEEN": "not seen", "DNS": "did not start", "DNF": "did not finish",
    "DQ": "disqualified", "NC": "not ranked", "OTL": "over the limit", "HELD": "under review", None: "status unknown",
}  # fmt: skip
TEENS = range(11, 14)
ENDINGS = {1: "st", 2: "nd", 3: "rd"}


def clock(ms: int | None) -> str:
    """`H:MM:SS` from an hour on, `M:SS` below, with what is left of a second; hours are a running number."""
    if ms is None:
        return "no time"
    sign, (whole, rest) = "-" if ms < 0 else "", divmod(abs(ms), 1000)
    hours, minutes, seconds = whole // 3600, whole // 60 % 60, whole % 60
    written = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
    return sign + written + (f".{rest:03d}".rstrip("0") if rest else "")


def shift(ms: int) -> str:
    """A difference of two times: `+27:30`, `−4:30`."""
    return ("−" if ms < 0 else "+") + clock(abs(ms))


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 11th."""
    return f"{number}{'th' if number % 100 in TEENS else ENDINGS.get(number % 10, 'th')}"


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 result`, `4,859 results`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(words: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""


def person(row: ResultRow | Published) -> str:
    """`Ana Sample (bib 214)`."""
    name = f"{row.first_name} {row.last_name}".strip()
    number = f"bib {row.bib}" if row.bib else "no bib"
    return f"{name} ({number})" if name else number


def standing(status: str | None) -> str:
    """A status as one would say it."""
    return STATUS_WORDS.get(status, str(status))
