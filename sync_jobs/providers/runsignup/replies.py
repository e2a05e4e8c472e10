"""What RunSignUp's replies look like: errors inside documents, and where the rows stand. Mapping is left to `mapping`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sync_jobs.errors import (
    AccessDenied,
    CredentialsRejected,
    NotThere,
    ProviderDown,
    ProviderError,
    ProviderThrottled,
    RequestRefused,
    UnexpectedReply,
    UnreadableRow,
)
from sync_jobs.kit import parse
from sync_jobs.kit.base import Removed

TEMPLATE = -1  # the registration_id of the made-up participant that some keys get

ERRORS: dict[int, type[ProviderError]] = {
    4: ProviderDown, 5: ProviderDown, 6: CredentialsRejected, 7: AccessDenied, 13: CredentialsRejected, 14: ProviderThrottled,
    15: NotThere, 17: CredentialsRejected, 101: CredentialsRejected, 102: CredentialsRejected, 103: CredentialsRejected,
    201: NotThere, 223: NotThere,
}  # fmt: skip
"""RunSignUp's codes by who must act. Any other (1, 2, 3, 8, 9, 10, 11, 12, rows of a post) says that our request is wrong."""


def refusal(path: str, document: Any) -> ProviderError | None:
    """The error that a document holds, whatever its HTTP status says."""
    error = document.get("error") if isinstance(document, dict) else None
    if not error:
        return None
    code = error.get("error_code") if isinstance(error, dict) else None
    number = int(code) if isinstance(code, int | str) and str(code).isdecimal() else 0
    if number == 0:
        return UnexpectedReply(path, "an error without a code")
    known = ERRORS.get(number, RequestRefused)
    if known is AccessDenied and path == "/races":  # the list is of the key itself, not of somebody's race
        known = CredentialsRejected
    return known(path, f"error {number}")


def _elements(reply: Any, path: str) -> list[dict[str, Any]]:
    """One element per event: a list as it really comes, or the one object that the documentation draws."""
    elements = reply if isinstance(reply, list) else [reply]
    for element in elements:
        if not isinstance(element, dict) or ("event" not in element and "participants" not in element):
            raise UnexpectedReply(path, "no participants")
    return elements


def _list_in(holder: Any, path: str) -> list[Any]:
    found = (holder.get("participants") if isinstance(holder, dict) else None) or []
    if not isinstance(found, list):
        raise UnexpectedReply(path, "participants is no list")
    return found


def participants(reply: Any, path: str, race_id: str) -> list[Any]:
    """The rows beside `event`, each with its race. The list inside `event` is a leftover and always empty here."""
    found: list[Any] = []
    for element in _elements(reply, path):
        event = element.get("event") or {}
        if _list_in(event, path):
            raise UnexpectedReply(path, "participants in an unknown place")
        for record in _list_in(element, path):
            if isinstance(record, dict):
                record.setdefault("event_id", event.get("event_id") if isinstance(event, dict) else None)
                record["race_id"] = race_id
            found.append(record)
    return [] if all(is_template(record) for record in found) else found  # alone it would have no key to go on from


def nested(reply: Any, path: str) -> list[Any]:
    """The rows of the removed list, which stand inside `event`, the reverse of the other one."""
    return [
        record for element in _elements(reply, path) for record in [*_list_in(element.get("event"), path), *_list_in(element, path)]
    ]


def key_of(name: str, record: Any) -> int:
    """The id of that name. Raises UnreadableRow."""
    if not isinstance(record, dict):
        raise UnreadableRow(name, "is missing")
    found = record.get(name)
    return found if found.__class__ is int else parse.key_integer(found, name)


def id_of(name: str) -> Callable[[Any], int | None]:
    """The id of that name, or None where it cannot be read."""

    def identify(record: Any) -> int | None:
        try:
            return key_of(name, record)
        except UnreadableRow:
            return None

    return identify


_registration_id = id_of("registration_id")


def highest(records: Iterable[Any]) -> int | None:
    """The highest registration id of a page, from which the next one goes on."""
    found = (_registration_id(record) for record in records)
    return max((number for number in found if number is not None), default=None)


def is_template(record: Any) -> bool:
    """Whether this is the made-up participant."""
    return isinstance(record, dict) and record.get("registration_id") == TEMPLATE


def removed(record: Any, path: str) -> Removed:
    """One row of the removed list. There is no setting aside here: one that cannot be read makes the list worthless."""
    try:
        key, successor = key_of("registration_id", record), parse.integer(record.get("new_registration_id"), "new_registration_id")
        reason = parse.text(record.get("removed_reason"), "removed_reason") or "removed"
    except UnreadableRow as error:
        raise UnexpectedReply(path, str(error)) from None
    return Removed(
        table="runsignup_participants", key=(key,), reason=reason, successor=None if successor is None else str(successor)
    )


def counted(reply: Any, path: str) -> list[dict[str, Any]]:
    """The rows of `participant-counts`, whose form is ASSUMED."""
    items = reply
    if isinstance(reply, dict):
        items = next((reply[name] for name in ("participant_counts", "event_counts", "counts", "events") if name in reply), None)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise UnexpectedReply(path, "no counts")
    return [{**item, **item["event"]} if isinstance(item.get("event"), dict) else item for item in items]
