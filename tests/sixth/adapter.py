"""Trailhead's API, version 1: an invented provider of registrations. Its meet is our happening, its course our contest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sync_jobs.errors import UnexpectedReply, UnreadableRow
from sync_jobs.kit import parse, rows
from sync_jobs.kit.auth import QueryKeys
from sync_jobs.kit.base import Access, Adapter, CredentialField, Pace, Page, Raw, Values
from sync_jobs.kit.client import Client
from sync_jobs.kit.paging import Ending, Part, by_offset
from sync_jobs.records import Scope

PER_PAGE = 200
GENDERS = {"woman": "F", "man": "M", "other": "X"}


class Trailhead(Adapter):
    """An organiser's key and its secret."""

    key = "trailhead"
    label = "Trailhead"
    side = "registration"
    people_table = "trailhead_signups"
    happening_table = "trailhead_meets"
    contest_table, contest_of = "trailhead_courses", "meet"
    urls = (("TRAILHEAD_URL", "https://api.trailhead.example.com/v1"),)
    credentials = (
        CredentialField(name="api_key", label="API key", customer_column="principal"),
        CredentialField(name="api_secret", label="API secret", customer_column="secret"),
    )
    pace = Pace(calls=600, per=60, at_once=2)
    help = "Trailhead → Organiser → Keys."

    def __init__(self, access: Access) -> None:
        super().__init__(access)
        self.client = Client(
            access, provider=self.label, base=access.urls["TRAILHEAD_URL"], calls=self.calls,
            auth=QueryKeys(access, self.credentials),
        )  # fmt: skip

    def close(self) -> None:
        self.client.close()

    def test(self) -> str:
        self._part("/meets", 0, 1)
        return "Trailhead accepts this key."

    def discover(self, since: datetime | None, cursor: dict[str, Any] | None) -> Iterator[Page]:
        for part, at, following in self._list("/meets", cursor, Ending(PER_PAGE)):
            courses = [
                {**one, "meet": meet.get("id"), "zone": meet.get("zone")}
                for meet in part.records
                for one in meet.get("courses", [])
            ]
            yield _page("trailhead_meets", part.records, at, at, "id")
            yield _page("trailhead_courses", courses, at, following, "meet", "id")

    def registrations(self, scope: Scope, since: datetime | None, cursor: dict[str, Any] | None) -> Iterator[Page]:
        ending = Ending(PER_PAGE, proven=self.page_size_seen, expected=scope.rows_expected)
        for part, at, following in self._list(f"/meets/{scope.happening_id}/signups", cursor, ending):
            self.page_size_seen = max(self.page_size_seen, len(part.records))
            people = [{**one, "meet": scope.happening_id} for one in part.records]
            yield _page("trailhead_signups", people, at, following, "meet", "id", total=part.total)

    def values(self, table: str, raw: Raw) -> Values:
        return MAPPINGS[table](raw)

    def _list(
        self, path: str, cursor: dict[str, Any] | None, ending: Ending
    ) -> Iterator[tuple[Part, dict[str, Any], dict[str, Any] | None]]:
        """The pages of a list, each with where it began and where it goes on."""
        here = int((cursor or {}).get("from", 0))
        for part, following in by_offset(lambda at: self._part(path, at, PER_PAGE), ending, lambda one: one.get("id"), path, here):
            yield part, {"from": here}, None if following is None else {"from": following}
            here = following or here

    def _part(self, path: str, at: int, most: int) -> Part:
        reply = self.client.get(path, {"from": at, "most": most})
        if not isinstance(reply, dict) or not isinstance(reply.get("items"), list):
            raise UnexpectedReply(path, "no items")
        return Part(reply["items"], reply.get("of"))


def _page(
    table: str, records: list[Any], at: dict[str, Any], cursor: dict[str, Any] | None, *key: str, total: int | None = None
) -> Page:
    found, aside = rows.split(records, lambda one: tuple(parse.key_text(one.get(name), name) for name in key), f"from {at['from']}")
    return Page(table=table, rows=found, aside=aside, cursor=cursor, total=total)


def _meet(raw: Raw) -> Values:
    return {
        "meet_id": parse.key_text(raw.get("id"), "id"), **parse.texts(raw, ("name", "city", "state")), "timezone": raw.get("zone"),
        "starts_at": parse.iso_instant(raw.get("starts"), "starts", UTC),
    }  # fmt: skip


def _course(raw: Raw) -> Values:
    return {
        "meet_id": parse.key_text(raw.get("meet"), "meet"), "course_id": parse.key_text(raw.get("id"), "id"),
        **parse.texts(raw, ("name", "distance")), "starts_at": parse.iso_instant(raw.get("starts"), "starts", UTC),
    }  # fmt: skip


def _signup(raw: Raw) -> Values:
    gender = raw.get("gender")
    if gender is not None and gender not in GENDERS:
        raise UnreadableRow("gender", "is a word that we do not know")
    return {
        "meet_id": parse.key_text(raw.get("meet"), "meet"), "signup_id": parse.key_text(raw.get("id"), "id"),
        "course_id": parse.text(raw.get("course"), "course"), "gender": GENDERS.get(gender),
        "date_of_birth": parse.day(raw.get("born"), "born"), "signed_up": parse.text(raw.get("signed_up"), "signed_up"),
        **parse.texts(raw, ("bib", "first_name", "last_name", "email", "city", "state", "country")),
    }  # fmt: skip


MAPPINGS = {"trailhead_meets": _meet, "trailhead_courses": _course, "trailhead_signups": _signup}
