"""Import files as scoring providers' own screens take them: any header whose words they know, one row per person."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

HEADERS: Mapping[str, str] = {
    "external id": "external_id", "reg choice": "contest", "first name": "first_name", "last name": "last_name", "sex": "gender",
    "date of birth": "born", "email": "email", "city": "city", "state": "state", "country": "country", "bib": "bib", "team": "team",
    "id": "external_id", "eventname": "contest", "name": "first_name", "surname": "last_name", "gender": "gender",
    "birthdate": "born", "bib-number": "bib", "dorsal": "bib", "club": "team", "wave": "wave",
}  # fmt: skip
"""ChronoTrack's words, then Copernico's; what else stands in a file is left alone."""
GENDERS = {"female": "F", "male": "M", "f": "F", "m": "M", "x": "X"}


def rows_of(text: str) -> list[dict[str, str]]:
    """The rows of a file by our words."""
    rows = []
    for row in csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))):
        found = {HEADERS[name.strip().lower()]: value for name, value in row.items() if name and name.strip().lower() in HEADERS}
        rows.append({**found, "gender": GENDERS.get((found.get("gender") or "").strip().lower(), "")})
    return rows
