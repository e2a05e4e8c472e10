"""A table as a file that spreadsheets open: no cell of it can become a formula. What stands in it is the page's business."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from flask import Response

from sync_jobs.kit.sheet import cell

MARK = "\ufeff"  # or a spreadsheet takes UTF-8 for something else


def answer(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """The file, to be kept."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(head)
    table.writerows([cell(value) for value in row] for row in rows)
    given = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response((MARK + out.getvalue()).encode(), content_type="text/csv; charset=utf-8", headers=given)
