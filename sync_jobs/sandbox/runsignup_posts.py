"""RunSignUp's result calls, simulated: how they are asked, old style or new, and how a set and its rows are written.

What is stored is left to `runsignup_results`. ASSUMED: that a word which was posted comes back, and that a reading by strangers
of a hidden set is an empty list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

import orjson

from sync_jobs.sandbox.runsignup_query import Refused, number_in, page_of
from sync_jobs.sandbox.runsignup_results import TIMES, Results, ResultSet, Row
from sync_jobs.sandbox.talk import Asked, Reply, json

MOST = 1000  # rows of a page
SUCCESS = {"success": "T"}
HEADERS = {
    "result_id": "Result Id", "place": "Place", "bib": "Bib", "first_name": "First Name", "last_name": "Last Name",
    "gender": "Gender", "city": "City", "state": "State", "country_code": "Country", "clock_time": "Clock Time",
    "chip_time": "Chip Time", "pace": "Pace", "age": "Age", "age_percentage": "Age Percentage",
}  # fmt: skip
READABLE = (
    "individual_result_set_name", "public_results", "preliminary_results", "sort_order", "results_source_name",
    "results_source_url", "pace_type", "team_column_display_type", "alt_event_ids",
)  # fmt: skip
"""Of a set's fields; whether messages go out is not told."""


class Posts:
    """The door for results. `cached` answers are kept for so many seconds where that fault says so."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self._cache: dict[tuple[str, ...], tuple[float, Reply]] = {}

    def answer(self, asked: Asked, call: str, race: str, *, rights: bool) -> Reply:
        """One call on the results of a race whose event was checked by the caller."""
        if asked.method == "GET":
            return self._read(asked, call, rights=rights)
        if not rights:
            raise Refused(7)
        return json(self._change(asked, call, race))

    def _read(self, asked: Asked, call: str, *, rights: bool) -> Reply:
        seconds = float(asked.faults.get("cached") or 0)
        key = (call, str(rights), *(f"{name}={value}" for name, value in sorted(asked.query.items())))
        held = self._cache.get(key)
        if held is not None and seconds and asked.moment - held[0] < seconds:
            return held[1]
        reply = self._fresh(asked, call, rights=rights)
        self._cache = {**self._cache, key: (asked.moment, reply)} if seconds else {}
        return reply

    def _fresh(self, asked: Asked, call: str, *, rights: bool) -> Reply:
        match call:
            case "get-result-sets":
                return json({"individual_results_sets": [_described(one, {}, []) for one in self._chosen(asked)]})
            case "get-results":
                return json({"individual_results_sets": [self._page(one, asked, rights=rights) for one in self._chosen(asked)]})
            case "has-result-sets":
                return json({"has_result_sets": "T" if self._chosen(asked) else "F"})
            case "result-set-splits":
                return json({"result_set_splits": self._one(asked).splits})
        raise Refused(1)

    def _change(self, asked: Asked, call: str, race: str) -> dict[str, Any]:
        about = {"race": race, "event": _event(asked)} | ({"set": number} if (number := _set_number(asked)) else {})
        match call:
            case "new-result-set":
                return {"individual_result_set_id": self._do(call, asked, {**about, **_document(asked)}).number}
            case "edit-result-set":
                self._must_be_named(asked)
                return {"individual_result_set_id": self._do(call, asked, {**about, **_document(asked)}).number}
            case "full-results":
                rows = _document(asked).get("results")
                if not isinstance(rows, list):
                    raise Refused(3, "results")
                return {"results": [{"result_id": one} for one in self._do(call, asked, {**about, "results": rows})]}
            case "clear-results" | "delete-result-set":
                self._must_be_named(asked)
                self._do(call, asked, about)
                return SUCCESS
            case "result-set-splits":
                made = self._do(call, asked, {**about, "splits": _document(asked).get("result_set_splits") or []})
                return {"result_set_splits": [{"split_id": one["split_id"]} for one in made]}
        raise Refused(1)

    def _do(self, call: str, asked: Asked, given: dict[str, Any]) -> Any:
        return self.results.do(DEEDS[call], asked.now, given)

    def _must_be_named(self, asked: Asked) -> None:
        if not _set_number(asked):
            raise Refused(3, "individual_result_set_id is required.")

    def _chosen(self, asked: Asked) -> list[ResultSet]:
        found, number = self.results.of_event(_event(asked)), _set_number(asked)
        if number and number not in {one.number for one in found}:
            raise Refused(15, "individual_result_set_id")
        return [one for one in found if number in {0, one.number}]

    def _one(self, asked: Asked) -> ResultSet:
        self._must_be_named(asked)
        return self._chosen(asked)[0]

    def _page(self, found: ResultSet, asked: Asked, *, rights: bool) -> dict[str, Any]:
        rows = sorted(found.rows.values(), key=_order)
        if not rights and found.fields["public_results"] != "T":
            rows = []
        shown = page_of(asked, rows, MOST)
        written = [_written(row, found, mute="mute_words" in asked.faults) for row in shown]
        headers = HEADERS | {f"split-{one['split_id']}": one["split_name"] for one in found.splits}
        about = _described(found, headers, written)
        if asked.query.get("include_total_finishers") == "T":
            about["num_finishers"] = sum(any(isinstance(row[name], int) for name in TIMES) for row in rows)
        return about | ({"registration_ids": [row["registration_id"] for row in shown]} if rights else {})


DEEDS = {
    "new-result-set": "new_result_set", "edit-result-set": "edit_result_set", "full-results": "post_results",
    "clear-results": "clear_results", "delete-result-set": "delete_result_set", "result-set-splits": "set_splits",
}  # fmt: skip


def with_form(asked: Asked) -> Asked:
    """The call with the fields of its form beside those of its address; several ways of sending one are taken."""
    if asked.method != "POST" or not asked.body:
        return asked
    kind = asked.headers.get("content-type", "")
    if kind.startswith("multipart/form-data"):
        parts = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + asked.body)
        form = {str(part.get_param("name", header="content-disposition")): part.get_content() for part in parts.iter_parts()}
    else:
        form = dict(parse_qsl(asked.body.decode(), keep_blank_values=True))
    return replace(asked, query={**asked.query, **form})


def _document(asked: Asked) -> dict[str, Any]:
    if asked.query.get("request_format") != "json":
        raise Refused(10, "The sandbox speaks JSON only.")
    try:
        found = orjson.loads(asked.query.get("request") or "null")
    except orjson.JSONDecodeError:
        raise Refused(3, "request") from None
    if not isinstance(found, dict):
        raise Refused(3, "request")
    return found


def _event(asked: Asked) -> int:
    return number_in(asked.query, "event_id", 0)


def _set_number(asked: Asked) -> int:
    return number_in(asked.query, "individual_result_set_id", 0)


def _described(found: ResultSet, headers: Mapping[str, str], rows: list[Any]) -> dict[str, Any]:
    about = {name: found.fields[name] for name in READABLE}
    return {"individual_result_set_id": found.number, **about, "results_headers": headers, "results": rows}


def _order(row: Row) -> tuple[bool, int, int]:
    return row["place"] is None, row["place"] or 0, row["result_id"]


def _written(row: Row, found: ResultSet, *, mute: bool) -> dict[str, Any]:
    splits = {key: row["splits"].get(key) for key in (f"split-{one['split_id']}" for one in found.splits)}
    return {
        **{name: row[name] for name in ("result_id", "place", "bib", "first_name", "last_name", "gender")},
        "city": None, "state": None, "country_code": None,
        **{name: _text(row[name], mute=mute) or "" for name in TIMES},
        "pace": None, "age": row["age"], "age_percentage": "", **{key: _text(value, mute=mute) for key, value in splits.items()},
    }  # fmt: skip


def _text(value: Any, *, mute: bool) -> str | None:
    """The shortest form: `17:34`, `17:34.4`, `1:02:03`."""
    if not isinstance(value, int):
        return None if mute else value
    seconds, rest = divmod(value, 1000)
    hours = f"{seconds // 3600}:{seconds // 60 % 60:02d}" if seconds >= 3600 else f"{seconds // 60}"
    return f"{hours}:{seconds % 60:02d}" + (f".{rest:03d}".rstrip("0") if rest else "")
