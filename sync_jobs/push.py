"""One push: tell a scoring provider who is on the start lists of an event, or make the file that a person loads there.

    match and plan → read what stands there now → again → send what may go, noted piece by piece → keep what waits for a person

What to tell is decided in `start_list`; what was told is kept by `start_lists`. Before anything is sent, the scoring list is
read to its end, so that a repeat after any crash finds whom the crash had added.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from sync_jobs import entry_links, ledger, start_list, start_lists, times
from sync_jobs.errors import ProviderError
from sync_jobs.ledger import Counts
from sync_jobs.models import Connection, Edition, db, write
from sync_jobs.pull import reading
from sync_jobs.pull.pages import Attempt, between_pages, note
from sync_jobs.records import Scope, StartListEntry, Told
from sync_jobs.settings import settings
from sync_jobs.start_list import Plan, Step
from sync_jobs.start_lists import Target

CHANGES = {"create": "new", "update": "changed", "withdraw": "gone"}
BY_HAND = "A file takes nobody off. Take them off in {}, by hand."
AT_ONCE = 50  # lines between two notes of what was told
SILENT = 3  # calls of one happening in a row without a proper answer: it is hardly the lines
Planned = list[tuple[Target, Plan]]
Sending = list[tuple[Target, Step]]


@dataclass(slots=True)
class Heard:
    """Whether scoring answers: each line is to blame for its own silence, unless nobody gets an answer."""

    silent: list[tuple[Target, Step, Told]] = field(default_factory=list)
    answered: int = 0
    in_a_row: int = 0
    is_cut: bool = False  # some were not even tried

    def note(self, line: tuple[Target, Step], told: Told) -> bool:
        """Keep what came of a line; False where asking on makes no sense."""
        if told.failure is None:
            self.answered, self.in_a_row = self.answered + 1, 0
            return True
        same_call = bool(self.silent) and self.silent[-1][2].failure is told.failure
        self.in_a_row += not same_call
        self.silent.append((*line, told))
        return self.in_a_row < SILENT

    def failure(self, errors: int) -> ProviderError | None:
        """What the attempt ends with; None where it is done, and only those lines are not."""
        failures = [told.failure for _, _, told in self.silent if told.failure is not None]
        if not failures:
            return None
        passing = next((failure for failure in failures if failure.retry), None)
        if self.is_cut or (passing is None and not self.answered):
            return passing or failures[0]
        is_new = any(step.tries + 1 < settings().most_errors for _, step, _ in self.silent)
        return passing if is_new and errors + 1 < settings().most_errors else None


def start_list_of(attempt: Attempt) -> None:
    """Bring the start lists of one edition at one scoring connection to what registration says."""
    writes, zone = _ways(attempt)
    planned = _plans(attempt)
    if _to_go(planned, writes=writes):
        # an earlier try may have read the list before it sent: what stands there now counts, and who somebody says is gone
        attempt.cursor = {name: value for name, value in attempt.cursor.items() if name == "accept_shrunk"}
        reading.people(attempt)
        planned = _plans(attempt)
    _note(attempt, planned)
    going = _by_happening(_to_go(planned, writes=writes), zone)
    if writes:
        _send_all(attempt, going)
    elif "import_file" in attempt.adapter.abilities():
        for scope, some in going:
            _make_file(attempt, scope, some)


def _send_all(attempt: Attempt, going: Iterator[tuple[Scope, Sending]]) -> None:
    """Everybody. To whom no proper answer comes keeps none of the others waiting: they are tried last the next time."""
    heard = Heard()
    failure: ProviderError | None = None
    try:
        for scope, some in going:
            heard.in_a_row = 0
            _send(attempt, scope, sorted(some, key=lambda one: one[1].tries), heard)
    finally:
        failure = heard.failure(attempt.claim.errors)
        if heard.silent:
            _note_silent(attempt, heard, is_over=failure is None)
    if failure is not None:
        raise failure


def _note_silent(attempt: Attempt, heard: Heard, *, is_over: bool) -> None:
    counts, now = Counts(aside=len(heard.silent) if is_over else 0), times.now()
    with write() as session:
        ledger.page_done(session, attempt.claim, counts, attempt.cursor, None, now)
        start_lists.note_told(session, heard.silent, attempt.claim.run_id, now)
    attempt.lease.renewed()


def _ways(attempt: Attempt) -> tuple[bool, str]:
    """Whether lines go out by themselves, and the zone of the edition."""
    connection = db.session.get_one(Connection, attempt.claim.connection_id)
    writes = connection.writes == "on" and "push_entries" in attempt.adapter.abilities()
    zone = db.session.get_one(Edition, attempt.claim.edition_id).timezone or "UTC"
    db.session.rollback()
    return writes, zone


def _to_go(planned: Planned, *, writes: bool) -> Sending:
    """What goes out now. Whoever waits in a file that nobody loaded goes along with others, or alone once we may write."""
    ready = [(target, step) for target, plan in planned for step in plan.ready]
    if not ready and not writes:
        return []
    return [*ready, *((target, step) for target, plan in planned for step in plan.in_file)]


def _plans(attempt: Attempt) -> Planned:
    entry_links.match(attempt.claim.edition_id or 0, times.now())
    return start_lists.plans(attempt.claim.edition_id or 0, attempt.claim.connection_id)


def _note(attempt: Attempt, planned: Planned) -> None:
    now = times.now()
    counts = Counts(same=sum(plan.same + len(plan.there) + plan.told for _, plan in planned))
    with write() as session:
        stop = ledger.page_done(session, attempt.claim, counts, attempt.cursor, None, now)
        for target, plan in planned:
            start_lists.note_plan(session, target, plan, attempt.claim.run_id, now)
    attempt.lease.renewed()
    between_pages(stop=stop)


def _by_happening(sending: Sending, zone: str) -> Iterator[tuple[Scope, Sending]]:
    for happening, some in groupby(sorted(sending, key=_happening), key=_happening):
        lines = list(some)
        contests = tuple(dict.fromkeys(target.provider_contest_id for target, _ in lines))
        yield Scope(happening_id=happening, contest_ids=contests, timezone=zone), lines


def _happening(one: tuple[Target, Step]) -> str:
    return one[0].happening_id


def _line(target: Target, step: Step) -> StartListEntry:
    return start_list.to_send(step, (target.provider_contest_id, target.name))


def _send(attempt: Attempt, scope: Scope, sending: Sending, heard: Heard) -> None:
    for at in range(0, len(sending), AT_ONCE):
        if not _ways(attempt)[0]:
            return  # somebody switched it off meanwhile
        some = sending[at : at + AT_ONCE]
        told: list[Told] = []
        stop, tried = False, 0
        try:
            for answer in attempt.adapter.push_entries(scope, [_line(target, step) for target, step in some]):
                goes_on = heard.note(_answered(some, answer), answer)
                if answer.failure is None:
                    told.append(answer)  # what came before a failure is kept
                tried += 1
                if not goes_on:
                    heard.is_cut = at + tried < len(sending)
                    break
        finally:
            if told:
                stop = _keep(attempt, some, told)
        between_pages(stop=stop)
        if heard.in_a_row == SILENT:
            return


def _keep(attempt: Attempt, sent: Sending, told: list[Told]) -> bool:
    """Note what scoring answered; True when somebody asked to cancel."""
    answered = [(*_answered(sent, answer), answer) for answer in told]
    accepted = [step for _, step, answer in answered if answer.accepted]
    counts, now = _counts(accepted, refused=len(told) - len(accepted)), times.now()
    with write() as session:
        stop = ledger.page_done(session, attempt.claim, counts, attempt.cursor, None, now)
        start_lists.note_told(session, answered, attempt.claim.run_id, now)
        told_of: list[tuple[tuple[str], str, str | None]] = [((step.external_id,), CHANGES[step.kind], None) for step in accepted]
        note(attempt, session, attempt.adapter.people_table, told_of)
    attempt.lease.renewed()
    return stop


def _answered(sent: Sending, answer: Told) -> tuple[Target, Step]:
    """The line that an answer is to; somebody may have one in each of two distances."""
    mine = [one for one in sent if one[1].external_id == answer.external_id]
    return next((one for one in mine if one[1].entry_key == answer.entry_key), mine[0])


def _counts(steps: list[Step], *, refused: int = 0) -> Counts:
    gone = sum(step.kind == "withdraw" for step in steps)
    new = sum(step.kind == "create" for step in steps)
    return Counts(new=new, changed=len(steps) - new - gone, gone=gone, aside=refused)


def _make_file(attempt: Attempt, scope: Scope, sending: Sending) -> None:
    if not attempt.adapter.file_withdraws:
        sending = _left_to_a_person(attempt, sending)
    if not sending:
        return
    made = attempt.adapter.import_file(scope, [_line(target, step) for target, step in sending])
    now = times.now()
    with write() as session:
        ledger.page_done(session, attempt.claim, _counts([step for _, step in sending]), attempt.cursor, None, now)
        start_lists.keep_file(session, attempt.claim.connection_id, made, sending, attempt.claim.run_id, now)
    attempt.lease.renewed()


def _left_to_a_person(attempt: Attempt, sending: Sending) -> Sending:
    """Who has to be taken off by hand, since no file can; the others are handed back."""
    off = [(target, step) for target, step in sending if step.kind == "withdraw"]
    if off:
        answers = [
            Told(external_id=step.external_id, entry_key=step.entry_key, accepted=False, why=BY_HAND.format(attempt.adapter.label))
            for _, step in off
        ]
        _keep(attempt, off, answers)
    return [(target, step) for target, step in sending if step.kind != "withdraw"]
