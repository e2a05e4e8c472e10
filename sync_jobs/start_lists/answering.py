"""What a person says about a start list: what is sent, left, asked or tried again, that a file was loaded, and whether lines go out
by themselves.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from sync_jobs.ledger.live import bump
from sync_jobs.models import Connection, StartListFile, StartListLine, write


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


def try_again(line_id: int, partner: int | None, by: str, now: datetime) -> StartListLine | None:
    """Let what was refused go out once more. None where it is not refused (any more)."""
    with write() as session:
        line = session.get(StartListLine, line_id)
        if line is None or (partner is not None and line.timing_partner_id != partner) or line.state != "refused":
            return None
        line.state, line.tries, line.decided_by, line.decided_at = "approved", 0, by, now
        bump(session, "all", f"partner:{line.timing_partner_id}")
        return line


def try_all_again(edition_id: int, connection: Connection, by: str, now: datetime) -> int:
    """The same of everybody who was refused for an event at one scoring connection; how many they are."""
    mine = (StartListLine.edition_id == edition_id, StartListLine.connection_id == connection.connection_id)
    again = update(StartListLine).where(*mine, StartListLine.state == "refused")
    with write() as session:
        found = session.execute(
            again.values(state="approved", tries=0, decided_by=by, decided_at=now)
            .returning(StartListLine.line_id)
            .execution_options(synchronize_session=False)
        ).all()
        if found:
            bump(session, "all", f"partner:{connection.timing_partner_id}")
        return len(found)


def loaded(file_id: int, by: str, now: datetime) -> tuple[str, datetime | None] | None:
    """Somebody says that they loaded a file. Who said it before them, and when; None where they are the first."""
    with write() as session:
        first = update(StartListFile).where(StartListFile.file_id == file_id, StartListFile.downloaded_at.is_(None))
        if session.execute(first.values(downloaded_by=by, downloaded_at=now).returning(StartListFile.file_id)).first():
            return None
        said = select(StartListFile.downloaded_by, StartListFile.downloaded_at).where(StartListFile.file_id == file_id)
        before, at = session.execute(said).one()
        return str(before), at


def set_writes(connection_id: int, *, on: bool, by: str, now: datetime) -> None:
    """Switch a scoring connection between sending by itself and making import files."""
    with write() as session:
        connection = session.get_one(Connection, connection_id)
        connection.writes, connection.writes_by, connection.writes_at = "on" if on else "off", by, now
        bump(session, "all", f"partner:{connection.timing_partner_id}")
