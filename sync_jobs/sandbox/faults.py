"""Faults on demand: which calls are to go wrong, how, and for how long. Doing the harm is left to the servers.

running.faults.add("status", 500, provider="runsignup", path="participants", after=1, calls=1)
"""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

KINDS: dict[str, str] = {
    "slow": "milliseconds to wait before answering",
    "poison": "HTTP 500 for whatever is sent with this text in it",
    "status": "this HTTP status, with the provider's usual body",
    "throttled": "RunSignUp: error 14 in HTTP 200; elsewhere 429. A number is sent as Retry-After; nothing sends none",
    "status_429": "HTTP 429 everywhere, a number as Retry-After",
    "error": "RunSignUp, Copernico: that error code in HTTP 200",
    "html": "a page of HTML with HTTP 200, or with that status",
    "cut": "the connection breaks in the middle of the body",
    "refused": "the connection is closed without any answer",
    "lost_reply": "done, but the connection is closed without an answer",
    "late_500": "done, but the answer is HTTP 500",
    "cached": "RunSignUp: a reading of results is answered as it was, for so many seconds",
    "mute_words": "RunSignUp: a DNF that was posted comes back as nothing at all",
    "unauthorized": "the credential or the token is not accepted: error 6, or 401",
    "expire": "Race Roster, Haku: all tokens lent so far are void (once); Haku says so with that status, 401 or 403",
    "forbidden": "error 7, or 403",
    "vanished": "the object is unknown: error 201, or 404; ChronoTrack: 200 with an odd body; Copernico: code 1 and nothing in it",
    "page_cap": "the server cuts the page size to this",
    "ignore_offset": "page and offset have no effect",
    "empty": "the list is empty although it should not be",
    "short_token": "Race Roster, Haku: new tokens live this many seconds",
    "token_shape": "Race Roster: list (default), object, bare",
    "detail_shape": "Race Roster: object (default), list, bare",
    "offset_style": "Race Roster: plain -0400 (default), colon -04:00, zulu Z",
    "removed_vanish": "Race Roster, Haku: who left is not listed any more",
    "one_list": "RunSignUp: with several events one element carries all participants",
    "no_inner": "RunSignUp: an element without participants lacks the member",
    "as_object": "RunSignUp: one object instead of a list of elements",
    "unreadable": "so many rows of a page are spoilt: no id, an age of abc, a date that is none",
    "wrong_total": "Race Roster: announces this many rows more than there are",
    "no_headers": "ChronoTrack: nothing is said about paging",
    "text_errors": "ChronoTrack: errors are plain text",
    "limit_exceeded": "Haku: the plan is used up, 429 with other words",
    "takes_bearer": "Haku: a token with Bearer before it is accepted too",
    "big_pages": "Haku: more than 25 rows a page are given or refused (default: cut to 25)",
    "drift": "Haku: after this page of people the last of the list is saved, and stands first from then on",
    "wrapped": "Haku, Copernico's export: lists stand in an object",
    "numbers": "Haku: registration numbers are numbers, not text",
    "no_cancel_flag": "Haku: a line of the list does not say whether it was cancelled",
    "bare_rows": "Haku: a line of the list does not say when it changed",
    "date_form": "Haku: space (default), t, zulu, fraction, offset, day",
    "null_parts": "Haku: a registration's address is null",
    "unreadable_detail": "Haku: a registration's detail is an empty list",
    "objects": "Copernico: races and athletes are listed as objects",
    "bare_race": "Copernico: a race says nothing of itself",
    "demo": "Copernico: athletes in the shape of the demo environment, without registration columns",
    "packed": "Copernico: gzip that nobody asked for; silent: without saying so",
    "mojibake": "Copernico: every text is encoded twice",
    "too_large": "Copernico: an export over 6 MB fails with that status (413)",
    "missing": "Copernico: so many people are not listed any more",
    "technical": "Copernico: so many records that are no people stand among them",
    "no_ids": "Copernico: the export has no column id",
    "no_start": "Copernico: nobody's own start was read",
    "revoked": "Copernico: so many finishers of an export have lost their time and run again",
    "float_times": "Copernico: the export writes times with decimals",
    "text_bibs": "Copernico: the export writes bibs as text",
    "script": "Copernico: points have names in another script, with comma decimals",
    "push_mode": "Copernico, an id that is there: upsert (default), reject, duplicate; empty: yes without a word; code: 9 in a 200",
    "not_json": "text that begins like JSON and is not",
}
"""Every fault and what its value means."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """One thing to go wrong: for the calls that match, skipping the first `after`, then for `calls` of them or until an instant."""

    kind: str
    value: Any = None
    provider: str | None = None
    partner: int | None = None
    path: str | None = None  # part of the path, lower case
    calls: int | None = None
    after: int = 0
    until: datetime | None = None
    number: int = 0
    seen: int = 0

    def takes(self, provider: str, partner: int | None, path: str, now: datetime) -> bool:
        """Whether it strikes this call, and count it."""
        if self.provider not in {None, provider} or self.partner not in {None, partner}:
            return False
        if (self.path and self.path.lower() not in path.lower()) or (self.until and now >= self.until):
            return False
        self.seen += 1
        return self.seen > self.after and (self.calls is None or self.seen <= self.after + self.calls)


@dataclass(slots=True)
class Faults:
    """Those in force. Safe to use while the servers run."""

    _held: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _made: int = 0

    def add(self, kind: str, value: Any = None, **which: Any) -> int:
        """Have something go wrong from now on; the number takes it back."""
        if kind not in KINDS:
            raise ValueError(f"There is no fault {kind!r}; there are {', '.join(KINDS)}.")
        with self._lock:
            self._made += 1
            self._held.append(Fault(kind=kind, value=value, number=self._made, **which))
            return self._made

    def clear(self, number: int | None = None) -> None:
        """Everything is well again, or that one thing."""
        with self._lock:
            self._held = [fault for fault in self._held if number is not None and fault.number != number]

    def striking(self, provider: str, partner: int | None, path: str, now: datetime) -> dict[str, Any]:
        """What goes wrong with this call: kind and value."""
        with self._lock:
            return {fault.kind: fault.value for fault in self._held if fault.takes(provider, partner, path, now)}

    def listed(self) -> list[dict[str, Any]]:
        """All in force, for people to read."""
        with self._lock:
            return [asdict(fault) for fault in self._held]
