"""Put a receipt's document together from what is kept. Reads within the caller's transaction, writes nothing."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_jobs import assembling
from sync_jobs.models import (
    Approval,
    Contest,
    Edition,
    HubFact,
    Publication,
    PublicationPayload,
    Receipt,
    ResultDestination,
    ResultFinding,
    ResultVersion,
    Waiver,
)
from sync_jobs.receipts import contents
from sync_jobs.receipts.words import Execution, Proof
from sync_jobs.review.packed import Payload, unpack


def document(
    session: Session,
    publication: Publication,
    kind: str,
    number: int,
    proof: Proof | None,
    execution: Execution | None,
    now: datetime,
) -> dict[str, Any]:
    """Everything of section "what the receipt must hold", as plain values."""
    approval = session.get_one(Approval, publication.approval_id)
    place = session.get_one(ResultDestination, publication.destination_id)
    version = session.get_one(ResultVersion, publication.version_id)
    body = session.get(PublicationPayload, publication.publication_id)
    payload = unpack(body.body) if body is not None and body.body else None
    return {
        "identity": _identity(session, publication, place, kind, number, now),
        "content": _content(session, publication, approval, version, payload),
        "origin": _origin(session, version),
        "rules": _rules(publication, approval, version),
        "findings": _findings(session, version, publication.destination_id),
        "decision": _decision(approval),
        "execution": _execution(publication, execution),
        "proof": None if proof is None else {**asdict(proof), "differences": [dict(one) for one in proof.differences]},
        "aftermath": _aftermath(session, publication, kind),
    }


def _identity(
    session: Session, publication: Publication, place: ResultDestination, kind: str, number: int, now: datetime
) -> dict[str, Any]:
    ids = [place.registration_contest_id, *(place.also_for or ())]
    theirs = session.execute(select(Contest.contest_id, Contest.provider_contest_id).where(Contest.contest_id.in_(ids))).all()
    named = {row.contest_id: row.provider_contest_id for row in theirs}
    contest, edition = session.get_one(Contest, place.contest_id), session.get_one(Edition, publication.edition_id)
    return {
        "number": number, "kind": kind, "at": now, "act": publication.act, "publication_id": publication.publication_id,
        "environment": session.scalar(select(HubFact.value).where(HubFact.name == "stamp")),
        "timing_partner_id": publication.timing_partner_id, "edition_id": publication.edition_id, "edition": edition.name,
        "contest_id": place.contest_id, "contest": contest.name, "destination_id": place.destination_id,
        "provider": place.provider_name, "connection_id": place.connection_id, "happening_id": place.happening_id,
        "provider_contests": [named.get(one) for one in ids], "result_set_id": place.set_id,
    }  # fmt: skip


def _content(
    session: Session, publication: Publication, approval: Approval, version: ResultVersion, payload: Payload | None
) -> dict[str, Any]:
    hashes = {
        "version_id": version.version_id, "version": version.number, "content_hash": version.content_hash,
        "payload_hash": publication.payload_hash, "base_hash": approval.base_hash,
    }  # fmt: skip
    if payload is None:
        return {**hashes, "emptied": True}
    facts = assembling.facts(version.contest_id, rows=())
    before = _sent_before(session, publication)
    return {**hashes, **contents.content(payload, facts), "difference": contents.differences(before, payload)}


def _sent_before(session: Session, publication: Publication) -> Payload | None:
    """What this destination was sent by the publication before that ended well."""
    body = session.scalar(
        select(PublicationPayload.body)
        .join(Publication, Publication.publication_id == PublicationPayload.publication_id)
        .where(
            Publication.destination_id == publication.destination_id, Publication.state == "published",
            Publication.act != "retraction", Publication.publication_id < publication.publication_id,
        )
        .order_by(Publication.publication_id.desc())
        .limit(1)
    )  # fmt: skip
    return unpack(body) if body else None


def _origin(session: Session, version: ResultVersion) -> dict[str, Any]:
    contest = session.get_one(Contest, version.contest_id)
    known = version.facts if isinstance(version.facts, dict) else {}
    return {
        "provider": contest.provider_name, "happening_id": contest.happening_id, "contest_id": contest.provider_contest_id,
        "run_id": version.run_id, "pulled_at": version.pulled_at, "last_seen_at": version.last_seen_at,
        "rows_by_status": version.counts or {}, "known": known,
    }  # fmt: skip


def _rules(publication: Publication, approval: Approval, version: ResultVersion) -> dict[str, Any]:
    policy = assembling.policy_of(publication.timing_partner_id, publication.edition_id)
    facts = assembling.facts(version.contest_id, rows=())
    return {
        "map_version": approval.map_version, "policy_id": approval.policy_id, "policy": asdict(policy),
        "rounding": policy.fixed("rounding"), "basis": facts.basis, "division_basis": facts.division_basis,
        "age_reference": facts.age_reference, "profile": facts.profile, "check_set": version.check_set,
    }  # fmt: skip


def _findings(session: Session, version: ResultVersion, destination_id: int) -> list[dict[str, Any]]:
    """Which checks spoke, how gravely, and who answered. Their sentences name people, so they stay outside."""
    held = {row.fingerprint: row for row in session.scalars(_waivers(version.contest_id))}
    mine = select(ResultFinding).where(
        ResultFinding.version_id == version.version_id,
        ResultFinding.destination_id.is_(None) | (ResultFinding.destination_id == destination_id),
    )
    return [
        {
            "check": row.check_id, "check_version": row.check_version, "severity": row.severity, "scope": row.scope,
            "rows": len(row.entries or ()), "is_award": bool(row.is_award), "folded_into": row.folded_into,
            "fingerprint": row.fingerprint, "waived": _waived(held.get(row.fingerprint)),
        }
        for row in session.scalars(mine.order_by(ResultFinding.finding_id))
    ]  # fmt: skip


def _waivers(contest_id: int) -> Any:
    return select(Waiver).where(Waiver.contest_id == contest_id, Waiver.ended_at.is_(None))


def _waived(row: Waiver | None) -> dict[str, Any] | None:
    return None if row is None else {"waiver_id": row.waiver_id, "by": row.by_name, "reason": row.reason, "at": row.at}


def _decision(approval: Approval) -> dict[str, Any]:
    return {
        "approval_id": approval.approval_id, "act": approval.act, "rendered_hash": approval.rendered_hash,
        "reason": approval.reason,
        "requested": {
            "account_id": approval.requested_by, "name": approval.requested_name, "role": approval.requested_role,
            "at": approval.requested_at,
        },
        "approved": {
            "account_id": approval.approved_by, "name": approval.approved_name, "role": approval.approved_role,
            "at": approval.approved_at,
        },
        "needs_second": bool(approval.needs_second), "not_before": approval.not_before, "expires_at": approval.expires_at,
        "device": approval.device, "overwrites": bool(approval.overwrites), "tells": bool(approval.tells),
        "tells_many": approval.tells_many, "waivers": (approval.seen or {}).get("waivers", []),
        "declared": (approval.seen or {}).get("declared", []), "goes_back": bool((approval.seen or {}).get("back")),
    }  # fmt: skip


def _execution(publication: Publication, execution: Execution | None) -> dict[str, Any]:
    done = asdict(execution) if execution else {}
    return {
        "idempotency_key": publication.publication_id, "run_id": publication.run_id, "made_at": publication.made_at,
        "started_at": publication.started_at, "ended_at": publication.ended_at, "state": publication.state,
        "step": publication.step, "why": publication.why, **done,
    }  # fmt: skip


def _aftermath(session: Session, publication: Publication, kind: str) -> dict[str, Any]:
    """Which receipt of the same destination this one follows: it is superseded, or taken back, from now on."""
    earlier = session.execute(
        select(Receipt.number, Receipt.publication_id)
        .join(Publication, Publication.publication_id == Receipt.publication_id)
        .where(
            Publication.destination_id == publication.destination_id, Receipt.kind.in_(("published", "file")),
            Receipt.publication_id != publication.publication_id,
        )
        .order_by(Receipt.receipt_id.desc())
        .limit(1)
    ).one_or_none()  # fmt: skip
    replaces = earlier.number if earlier is not None and kind in {"published", "file", "retracted"} else None
    return {"replaces": replaces, "takes_down": replaces if kind == "retracted" else None}
