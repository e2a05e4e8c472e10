"""What a program is told when something cannot be done: one JSON shape (RFC 9457). When, is for the callers to decide."""

from __future__ import annotations

from typing import Any

from flask import Response, json


class Problem(Exception):
    """Raised where a program's wish ends; the API answers with it."""

    def __init__(self, status: int, title: str, detail: str, **more: Any) -> None:
        super().__init__(title)
        self.response = problem(status, title, detail, **more)


def problem(status: int, title: str, detail: str, **more: Any) -> Response:
    """`application/problem+json` with what happened, what to do, and more where that helps (the field's name)."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return Response(json.dumps(body) + "\n", status, mimetype="application/problem+json")


def wrong(field: str, detail: str) -> Problem:
    """One field of what was sent cannot be used."""
    return Problem(422, f"{field} cannot be used", detail, field=field)
