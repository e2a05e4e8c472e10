"""The two kinds of transaction."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from sync_jobs.models import HubFact, db, write


def test_reading_session_cannot_write(app):
    db.session.add(HubFact(name="probe", value="there"))
    with pytest.raises(OperationalError, match="readonly"):
        db.session.commit()
    db.session.rollback()


def test_write_commits_and_a_later_read_sees_it(app):
    with write() as session:
        session.add(HubFact(name="probe", value="there"))
    assert db.session.scalar(select(HubFact.value).where(HubFact.name == "probe")) == "there"
    db.session.rollback()
    with pytest.raises(OperationalError, match="readonly"):
        db.session.execute(HubFact.__table__.delete())


def test_write_rolls_back_on_any_exception(app):
    def interrupted() -> None:
        with write() as session:
            session.add(HubFact(name="probe", value="there"))
            session.flush()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert db.session.scalar(select(HubFact.value).where(HubFact.name == "probe")) is None
