"""Whether results reach a provider by calls that nobody confirmed, or as a file: a partner's choice, off unless they made it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from sync_jobs import destinations
from sync_jobs.ledger.live import bump
from sync_jobs.models import Connection, ResultDestination, write


def set_publishing(connection_id: int, *, on: bool, by: str, now: datetime) -> bool:
    """From now on. What was approved and not begun is void: it was approved for the other way. False: it is so already."""
    with write() as session:
        connection = session.get_one(Connection, connection_id)
        if (connection.writes == "on") == on:
            return False
        connection.writes, connection.writes_by, connection.writes_at = "on" if on else "off", by, now
        mine = select(ResultDestination.destination_id).where(ResultDestination.connection_id == connection_id)
        way = "by themselves" if on else "as files"
        destinations.void(session, session.scalars(mine).all(), f"{by} chose that results go there {way}.", now)
        bump(session, "all", f"partner:{connection.timing_partner_id}")
        return True
