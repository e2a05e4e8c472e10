"""Read values as providers write them. What cannot be read raises UnreadableRow, naming the field and never the value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, tzinfo
from typing import Any

import orjson

from sync_jobs.errors import UnreadableRow

AMERICAN = "%m/%d/%Y %H:%M"
AMERICAN_FORM = re.compile(r"(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12]\d|3[01])/\d{4}(?: (?:[01]?\d|2[0-3]):[0-5]\d)?")
FLAGS = {"T": True, "F": False, "TRUE": True, "FALSE": False, "1": True, "0": False}


def text(value: Any, field: str) -> str | None:
    """Text without blanks at its ends; None for nothing. A number is written out, anything else is no text."""
    if value.__class__ is str:
        return value.strip() or None
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnreadableRow(field, "is no text")
    return str(int(value) if value == value // 1 else value)


def integer(value: Any, field: str) -> int | None:
    """A whole number, also one written as text; None for a blank."""
    if value.__class__ is int:
        return int(value)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool):
        raise UnreadableRow(field, "is no number")
    try:
        whole = int(value)
    except (TypeError, ValueError, OverflowError):
        raise UnreadableRow(field, "is no number") from None
    if isinstance(value, float) and whole != value:
        raise UnreadableRow(field, "is no whole number")
    return whole


def texts(source: Mapping[str, Any], names: Iterable[str]) -> dict[str, str | None]:
    """`text` of many fields of one record, quickly: nearly all are plain text or nothing."""
    get = source.get
    return {
        name: (value.strip() or None) if (value := get(name)).__class__ is str else None if value is None else text(value, name)
        for name in names
    }


def integers(source: Mapping[str, Any], names: Iterable[str]) -> dict[str, int | None]:
    """`integer` of many fields of one record, quickly: nearly all are numbers or nothing."""
    get = source.get
    return {name: value if (value := get(name)).__class__ is int or value is None else integer(value, name) for name in names}


def key_integer(value: Any, field: str) -> int:
    """An id: a whole number that must be there."""
    found = value if value.__class__ is int else integer(value, field)
    if found is None:
        raise UnreadableRow(field, "is missing")
    return int(found)


def key_text(value: Any, field: str) -> str:
    """An id as text; it must be there."""
    found = text(value, field)
    if found is None:
        raise UnreadableRow(field, "is missing")
    return found


def flag(value: Any, field: str) -> bool | None:
    """T or F, true or false, however it is written; None for a blank."""
    if isinstance(value, bool) or value is None:
        return value
    word = (text(value, field) or "").upper()
    if word and word not in FLAGS:
        raise UnreadableRow(field, "is no flag")
    return FLAGS.get(word)


def flag_letter(value: Any, field: str) -> str | None:
    """The same as `T` or `F`, as RunSignUp and the customer's tables write it."""
    found = flag(value, field)
    return None if found is None else "FT"[found]


def money(value: Any, field: str) -> str | None:
    """An amount as the customer's tables hold it: `$35.00`. A bare number is taken for dollars."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"${value:,.2f}"
    return text(value, field)


def amounts(source: Mapping[str, Any], names: Iterable[str]) -> dict[str, str | None]:
    """`money` of many fields of one record, quickly."""
    get = source.get
    return {
        name: (value.strip() or None) if (value := get(name)).__class__ is str else None if value is None else money(value, name)
        for name in names
    }


def document(value: Any, field: str) -> str | None:
    """Text, or the JSON of something bigger."""
    return orjson.dumps(value).decode() if isinstance(value, dict | list) else text(value, field)


def mapping(value: Any, field: str) -> Mapping[str, Any]:
    """A nested object; an empty one for null and for the empty list that some servers write instead."""
    if value is None or value == []:
        return {}
    if not isinstance(value, dict):
        raise UnreadableRow(field, "is no object")
    return value


def american_instant(value: Any, field: str, zone: tzinfo) -> datetime | None:
    """`5/17/2026 09:00`, or the day alone, in the given zone; in UTC."""
    written = text(value, field)
    if written is None:
        return None
    try:
        local = datetime.strptime(written if " " in written else f"{written} 00:00", AMERICAN)  # noqa: DTZ007  the zone comes next
        return local.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UnreadableRow(field, "is no date") from None


def american_text(value: Any, field: str) -> str | None:
    """The same as it is written, once its form is right: fast, for columns that keep the provider's form."""
    written = text(value, field)
    if written is not None and AMERICAN_FORM.fullmatch(written) is None:
        raise UnreadableRow(field, "is no date")
    return written


def iso_instant(value: Any, field: str, zone: tzinfo) -> datetime | None:
    """ISO 8601, with or without a colon in the offset, in UTC. Without an offset it is local to the given zone."""
    written = text(value, field)
    if written is None:
        return None
    try:
        found = datetime.fromisoformat(written)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UnreadableRow(field, "is no date") from None


def day(value: Any, field: str) -> str | None:
    """`YYYY-MM-DD` of an ISO day or instant, as it is written there."""
    written = text(value, field)
    if written is None:
        return None
    try:
        return date.fromisoformat(written[:10]).isoformat()
    except ValueError:
        raise UnreadableRow(field, "is no date") from None
