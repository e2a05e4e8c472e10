"""What a person says about a start list: send it, leave it, ask again; and whether lines go out by themselves."""

from __future__ import annotations

from datetime import datetime

from sync_jobs.ledger.live import bump
from sync_jobs.models import Connection, StartListLine, write


def decide(
    line_id: int, partner: int | None, answer: str, by: str, now: datetime, *, seen: str | None = None
) -> StartListLine | None:
    """`approved` or `declined`: what waits may go out, or is left as it is. None where nothing waits there (any more), or
    where it is not as they saw it: `seen` is when it was asked.
    """
    with write() as session:
        line = session.get(StartListLine, line_id)
        if line is None or (partner is not None and line.timing_partner_id != partner) or line.state != "waiting":
            return None
        if line.step == "twice" or (seen is not None and line.at.isoformat() != seen):  # `twice` is put in order at scoring
            return None
        line.state, line.decided_by, line.decided_at = answer, by, now
        bump(session, "all", f"partner:{line.timing_partner_id}")
        return line


def ask_again(line_id: int, partner: int | None, by: str, now: datetime) -> StartListLine | None:
    """Take a decision back that nothing was done of yet."""
    with write() as session:
        line = session.get(StartListLine, line_id)
        if (
            line is None
            or (partner is not None and line.timing_partner_id != partner)
            or line.state not in {"approved", "declined"}
        ):
            return None
        line.state, line.decided_by, line.decided_at = "waiting", by, now
        bump(session, "all", f"partner:{line.timing_partner_id}")
        return line


def set_writes(connection_id: int, *, on: bool, by: str, now: datetime) -> None:
    """Switch a scoring connection between sending by itself and making import files."""
    with write() as session:
        connection = session.get_one(Connection, connection_id)
        connection.writes, connection.writes_by, connection.writes_at = "on" if on else "off", by, now
        bump(session, "all", f"partner:{connection.timing_partner_id}")
