"""Send people to Copernico: one example of it is documented, and everything else about it is ASSUMED, in one table.

What was accepted is not proved here: the next reading of the list shows who is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from sync_jobs.errors import (
    AccessDenied,
    CredentialsRejected,
    NotThere,
    ProviderDown,
    ProviderError,
    ProviderThrottled,
    RequestRefused,
    SetUpWrongly,
    UnexpectedReply,
)
from sync_jobs.kit.client import Client
from sync_jobs.providers.copernico import people, replies
from sync_jobs.providers.copernico.text import folded
from sync_jobs.records import Scope, StartListEntry, Told

ASSUMED: Mapping[str, Any] = {
    "batch": 200,  # people in one call; API Gateway takes 10 MB
    "update": "id",  # an id that is there already is replaced, whole; a new one is added
    "own_id": "registrationId",  # a column of ours beside the documented ones, read back as `external_id`
    "gender": {"M": "male", "F": "female"},  # nothing is documented for anybody else: the field stays out
    "fine": replies.FINE,  # 200 or 201 with one of these codes, with no code, or with nothing at all
    "single_out": 40,  # calls spent on finding who spoils a batch: a whole batch is refused together
}
NOTE = (
    "Copernico’s way in is documented by one example only; how it answers, updates and refuses is assumed. "
    "Try it with a few people first. It needs Sportmaniacs’ ids of the race and its events, entered below. "
    "It gives nobody a wave, and without one an event with several waves times nobody: assign waves there. "
    "It cannot take anybody off the list: who withdrew is marked there, and has to be removed by hand. "
    "Who gave neither male nor female arrives without a gender."
)
MARKED = "Copernico cannot take anybody off its list for us. It was told and marked there; remove this person by hand."


def refusal(path: str, data: Any) -> ProviderError | None:
    """A 200 may hold a refusal. Codes that are no business of these people keep their class."""
    found = replies.refusal(path, data)
    if found is None or isinstance(found, CredentialsRejected | ProviderThrottled):
        return found
    return RequestRefused(path, found.detail)


def send(client: Client, scope: Scope, lines: Sequence[StartListEntry], ids: Mapping[str, str]) -> Iterator[Told]:
    """Batches, with an answer for each line. Whoever spoils a batch is looked for; the others get in.

    To whom no proper answer came before goes alone: one of a batch may be who keeps all from getting one.
    """
    race = ids.get(folded(scope.happening_id))
    if race is None:
        raise SetUpWrongly(
            "/race-registrations", f"Sportmaniacs’ id of the race {scope.happening_id} is not entered", provider=replies.LABEL
        )
    able = [line for line in lines if _event(scope, line, ids)]
    for line in lines:
        if not _event(scope, line, ids):
            yield Told(external_id=line.external_id, entry_key=line.entry_key, accepted=False,
                       why=f"Sportmaniacs’ id of {line.contest_name} is not entered with the connection.")  # fmt: skip
    left = [ASSUMED["single_out"]]
    for some in _batches(able):
        batch = [(line, record_of(scope, line, race, ids)) for line in some]
        yield from _sent(client, f"/race-registrations/{quote(race, safe='')}", batch, left)


def _batches(lines: Sequence[StartListEntry]) -> Iterator[Sequence[StartListEntry]]:
    together = [line for line in lines if not line.alone]
    yield from (together[at : at + ASSUMED["batch"]] for at in range(0, len(together), ASSUMED["batch"]))
    yield from ([line] for line in lines if line.alone)


def _event(scope: Scope, line: StartListEntry, ids: Mapping[str, str]) -> str | None:
    return ids.get(folded(f"{scope.happening_id}/{line.contest_id}"))


def _sent(client: Client, path: str, batch: list[tuple[StartListEntry, dict[str, Any]]], left: list[int]) -> Iterator[Told]:
    try:
        client.post(path, [record for _, record in batch])
    except AccessDenied as error:
        wrong: ProviderError = CredentialsRejected(path, error.detail, provider=replies.LABEL)
    except NotThere:
        why = "Sportmaniacs’ id of the race, as it is entered, is not known there"
        wrong = SetUpWrongly(path, why, provider=replies.LABEL)
    except RequestRefused as error:
        yield from _refused(client, path, batch, left, error.detail)
        return
    except (ProviderDown, UnexpectedReply) as silence:
        why = f"Copernico gave no proper answer ({silence.detail})."
        yield from (Told(external_id=line.external_id, entry_key=line.entry_key, accepted=False, why=why, failure=silence)
                    for line, _ in batch)  # fmt: skip
        return
    else:
        yield from (Told(external_id=line.external_id, entry_key=line.entry_key, accepted=True,
                         why=MARKED if line.withdrawn else None) for line, _ in batch)  # fmt: skip
        return
    raise wrong


def _refused(
    client: Client, path: str, batch: list[tuple[StartListEntry, dict[str, Any]]], left: list[int], detail: str
) -> Iterator[Told]:
    """Somebody in it is not wanted. Halves show who, as long as there are calls left for it."""
    if len(batch) > 1 and left[0] >= 2:
        left[0] -= 2
        middle = len(batch) // 2
        yield from _sent(client, path, batch[:middle], left)
        yield from _sent(client, path, batch[middle:], left)
        return
    alone = "Copernico refused it" if len(batch) == 1 else f"Copernico refused {len(batch)} people together"
    for line, _ in batch:
        yield Told(external_id=line.external_id, entry_key=line.entry_key, accepted=False, why=f"{alone} ({detail}).")


def record_of(scope: Scope, line: StartListEntry, race: str, ids: Mapping[str, str]) -> dict[str, Any]:
    """One line as the documented example has it, and our own columns beside it."""
    gender = ASSUMED["gender"].get(line.gender)
    return {
        "id": line.entry_key or line.external_id, "name": line.first_name, "surname": line.last_name,
        "birthdate": line.born.isoformat() if line.born else "", "document": "", "dorsal": line.bib or "",
        "raceId": race, "eventId": _event(scope, line, ids), "club": line.team or "", "email": line.email or "",
        **({"gender": gender} if gender else {}),
        ASSUMED["own_id"]: line.external_id, people.MARKER[0]: people.MARKER[1] if line.withdrawn else "",
    }  # fmt: skip
