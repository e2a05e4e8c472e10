"""How long we keep what only tells of the past, and dropping it a few rows at a time. People and runs are not among it.

Looking for what is old happens outside of any write, each drop is a short one of its own, and both happen once an hour.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Integer, Select, case, cast, delete, func, inspect, or_, select, tuple_

from sync_jobs import times
from sync_jobs.models import (
    Base,
    ChangedRow,
    DoneMinute,
    HubFact,
    LiveVersion,
    LookUp,
    Process,
    ProviderMinute,
    Run,
    SetAside,
    SignIn,
    SignInFailure,
    db,
    write,
)

KEPT: dict[type[Base], timedelta] = {
    ProviderMinute: timedelta(days=2),
    DoneMinute: timedelta(days=14),
    SignInFailure: timedelta(days=1),
    SignIn: timedelta(days=1),
    Process: timedelta(days=1),
    ChangedRow: timedelta(days=90),
    SetAside: timedelta(days=90),
    LiveVersion: timedelta(days=2),
    LookUp: timedelta(days=180),
}
"""How long after its instant a row of each kind is kept. The README's *Decisions* say the same."""

INSTANT: dict[type[Base], Any] = {
    ProviderMinute: ProviderMinute.minute,
    DoneMinute: DoneMinute.minute,
    SignInFailure: SignInFailure.at,
    SignIn: SignIn.expires_at,
    Process: Process.beat_at,
    LookUp: LookUp.at,
}
OF_RUN: dict[type[Base], Any] = {
    ChangedRow: ChangedRow.run_id,
    SetAside: SetAside.run_id,
    LiveVersion: cast(case((LiveVersion.scope.like("run:%"), func.substr(LiveVersion.scope, len("run:") + 1))), Integer),
}
"""What has no instant of its own belongs to a run, and is as old as its end. Without a run it is nobody's."""

EVERY = timedelta(hours=1)
AT_ONCE, DROPS = 500, 40  # rows of one write; writes of one go, after which the next tick goes on
PRUNED_AT = "pruned_at"


def prune(now: datetime) -> None:
    """Drop what is older than we keep, if that is an hour ago or was not finished."""
    if _is_fresh(now):
        return
    left = DROPS
    for model, kept in KEPT.items():
        while left and (keys := _old(model, now - kept)):
            _drop(model, keys)
            left -= 1
    if left:
        _remember(now)


def _is_fresh(now: datetime) -> bool:
    said = db.session.scalar(select(HubFact.value).where(HubFact.name == PRUNED_AT))
    db.session.rollback()
    return said is not None and timedelta(0) <= now - times.from_ms(int(said)) < EVERY


def _old(model: type[Base], before: datetime) -> list[Any]:
    found = list(db.session.execute(_keys_of_old(model, before).limit(AT_ONCE)))
    db.session.rollback()
    return found


def _keys_of_old(model: type[Base], before: datetime) -> Select[*tuple[Any, ...]]:
    keys = select(*inspect(model).primary_key)
    if model in INSTANT:
        return keys.where(INSTANT[model] < before)
    run_id = OF_RUN[model]
    over = or_(Run.run_id.is_(None), Run.finished_at < before)
    return keys.outerjoin(Run, Run.run_id == run_id).where(run_id.is_not(None), over)


def _drop(model: type[Base], keys: list[Any]) -> None:
    columns = inspect(model).primary_key
    these = columns[0].in_([key[0] for key in keys]) if len(columns) == 1 else tuple_(*columns).in_([tuple(key) for key in keys])
    with write() as session:
        session.execute(delete(model).where(these).execution_options(synchronize_session=False))


def _remember(now: datetime) -> None:
    with write() as session:
        session.merge(HubFact(name=PRUNED_AT, value=str(times.to_ms(now))))
