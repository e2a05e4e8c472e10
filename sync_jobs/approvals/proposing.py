"""What publishing a version at a destination would be: the rows, the three hashes, what is odd, and what stands against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy import select

from sync_jobs import assembling, destinations
from sync_jobs.approvals import looking
from sync_jobs.approvals.base import VISIBILITY, NotAllowed
from sync_jobs.approvals.looking import Spot
from sync_jobs.checks.base import Field, Finding
from sync_jobs.models import Approval, Connection, ResultDestination, ResultVersion, Waiver, db
from sync_jobs.providers import label
from sync_jobs.results import ResultTarget
from sync_jobs.review import fingerprints, policy
from sync_jobs.review.difference import Difference, difference
from sync_jobs.review.packed import Payload
from sync_jobs.review.payload import KeptBack, kept_back
from sync_jobs.review.policy import Judgement, Policy
from sync_jobs.review.twins import links_of

Look = Callable[[Field], dict[str, Finding]]
MESSAGES = "X05"  # the check of messages that nobody decided on


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """One version on its way to one destination, as it is at one moment. `inputs` says whether that moment is over."""

    spot: Spot
    target: ResultTarget
    version_id: int
    number: int
    version_state: str
    is_newest: bool
    is_checked: bool  # what was found was found in what is here
    inputs: str
    field: Field
    findings: Mapping[str, Finding]  # by fingerprint
    waivers: Mapping[str, Waiver]
    policy: Policy
    standing: bool
    told: frozenset[str]
    connection_why: str | None  # why nothing can go out there now

    @cached_property
    def difference(self) -> Difference:
        """To what the public sees there."""
        there = self.field.destination
        return difference(
            self.field.live, self.field.version, self.field.facts, links=links_of(self.field.registered),
            sent=there.sent if there else None, sends=self.field.payload, handed_out=self.field.handed_out, told=self.told,
        )  # fmt: skip

    @cached_property
    def judgement(self) -> Judgement:
        """What is to become of it."""
        return policy.judge(
            self.policy, self.findings, self.waivers.keys(), self.difference, self.stands_as, standing=self.standing
        )

    @cached_property
    def kept_back(self) -> tuple[KeptBack, ...]:
        """Who does not go out."""
        return kept_back(self.field.version, self.field.facts, self.field.registered, held=self.field.held)

    @property
    def stands_as(self) -> str:
        """What the public sees there. What was official stays so where a correction hid it and did not get to its end."""
        return "official" if self.spot.visibility == "hidden" and self.spot.was_official else self.spot.visibility

    @property
    def acts(self) -> tuple[str, ...]:
        """What may be next there, the usual one first."""
        seen = self.stands_as
        if seen == "official" or (seen == "retracted" and self.spot.was_official):
            return ("correction",)
        if seen == "preliminary":
            return ("official", "preliminary") if self.difference.is_same else ("preliminary", "official")
        return ("preliminary",)

    def payload(self, act: str, *, tells: bool) -> Payload:
        """Exactly what would be sent."""
        return Payload(
            target=self.target, visibility=VISIBILITY[act], tells=tells, map_version=self.field.facts.map_version,
            rows=self.field.payload,
        )  # fmt: skip

    def rendered(self, payload_hash: str) -> str:
        """The hash of what was on the screen."""
        mine = [f"{one.waiver_id}:{fp}" for fp, one in self.waivers.items() if fp in self.findings]
        return fingerprints.rendered_hash(payload_hash, self.findings, mine)

    def needs_second(self, act: str) -> bool:
        """Whether two people have to stand behind it."""
        return policy.needs_second(act, self.stands_as, self.difference, self.policy)

    def against(self, act: str, now: datetime, *, tells: bool = False, by_rule: bool = False) -> list[str]:
        """What stands against doing it, in sentences; nothing: it may be done."""
        solve = policy.unsolved(self.findings, self.waivers.keys(), "hard", "block")
        said = [one.sentence for one in solve if not (tells and one.check_id == MESSAGES)]
        said += [self.connection_why] if self.connection_why else []
        said += self._not_now(act)
        if act == "official":
            said += policy.may_go_official(
                self.policy, self.field.version, visibility=self.spot.visibility, is_newest=self.is_newest,
                is_same_as_live=self.difference.is_same, findings=self.findings, waived=frozenset(self.waivers),
                kept_back=self.kept_back, now=now, by_rule=by_rule,
            )  # fmt: skip
        return list(dict.fromkeys(said))

    def _not_now(self, act: str) -> list[str]:
        said = []
        if self.spot.is_ended:
            said.append(destinations.ELSEWHERE)
        if act not in self.acts:
            said.append("That is not the next step there.")
        if self.version_state in {"sent_back", "rejected"}:
            said.append("This version was sent back." if self.version_state == "sent_back" else "This version was rejected.")
        if act != "official" and self.difference.is_same and self.spot.visibility in policy.PUBLIC:
            said.append("Nothing changes for the public: these results are there already.")
        return said


def propose(destination_id: int, version_id: int | None, now: datetime, *, anew: Look | None = None) -> Proposal:
    """Read it all; nothing is written. Without a version: the newest. What was found is what is kept, or what `anew` finds.

    Raises NotAllowed.
    """
    session = db.session()
    spot = looking.spot_of(session, destination_id)
    newest = looking.newest_id(session, spot.contest_id)
    kept = looking.version_of(session, version_id or newest or 0)
    if kept.contest_id != spot.contest_id:
        raise NotAllowed(looking.NOT_THERE)
    inputs = looking.inputs(session, spot.contest_id)
    place = session.get_one(ResultDestination, destination_id)
    field = assembling.field(kept.version_id, destination_id, going_official=_closes(spot, kept.version_id))
    found = anew(field) if anew else kept_findings(kept.version_id, destination_id)
    proposal = Proposal(
        spot=spot, target=destinations.targets(session, [place])[destination_id], version_id=kept.version_id, number=kept.number,
        version_state=kept.state, is_newest=kept.version_id == newest, is_checked=is_checked(kept, inputs), inputs=inputs,
        field=field, findings=found, waivers=looking.waivers_of(session, spot.contest_id),
        policy=assembling.policy_of(spot.timing_partner_id, spot.edition_id),
        standing=looking.standing_of(session, destination_id, now) is not None, told=_told(destination_id, field),
        connection_why=_why_not(spot.connection_id),
    )  # fmt: skip
    session.rollback()
    return proposal


def kept_findings(version_id: int, destination_id: int | None) -> dict[str, Finding]:
    """What the last checks found, by fingerprint."""
    return {fp: looking.as_finding(row) for fp, row in looking.findings_of(db.session(), version_id, destination_id).items()}


def _closes(spot: Spot, version_id: int) -> bool:
    """Whether the next step is official, or what follows it: then everybody needs an end."""
    return spot.visibility == "official" or (spot.visibility == "preliminary" and spot.live_version_id == version_id)


def is_checked(kept: ResultVersion, inputs: str) -> bool:
    """Whether the newest checks looked at that version, and at everything beside it as it is now."""
    return kept.checked_at is not None and kept.checked_for == inputs


def _told(destination_id: int, field: Field) -> frozenset[str]:
    """Entries of whom people may have got a message with what is public."""
    ever = select(Approval.approval_id).where(
        Approval.destination_id == destination_id, Approval.state == "used", Approval.tells == 1
    )
    there = field.destination
    if there is None or db.session.scalar(ever.limit(1)) is None:
        return frozenset()
    return frozenset(row.entry_key for row in there.sent if row.entry_key)


def _why_not(connection_id: int) -> str | None:
    """The sentence that says why nothing can go out by that connection, or None."""
    connection = db.session.get(Connection, connection_id)
    if connection is None or connection.state == "removed":
        return "The connection that these results go by was removed."
    name = label(connection.provider_name)
    return {
        "paused": f"{connection.name} is paused. Resume it first.",
        "incomplete": f"{name} still needs a credential. Open the connection to complete it.",
        "unsupported": f"Nothing can be sent to {name} yet.",
    }.get(connection.state)
