"""What the review page says first, and what its one button says: sentences over a screen and what is around it. Reads nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboard import words
from dashboard.access import Person
from dashboard.review_data import Around
from sync_jobs import times
from sync_jobs.approvals import Screen
from sync_jobs.review.words import count

PUBLIC = frozenset({"preliminary", "official"})
VISIBLE = {
    "none": "nothing is public", "hidden": "sent, and hidden", "preliminary": "preliminary", "official": "official",
    "retracted": "taken down",
}  # fmt: skip
AS = {"preliminary": "as preliminary", "official": "as official", "correction": "as corrected"}
SEEN = {
    "preliminary": "As preliminary, visible to everyone.", "official": "As official, visible to everyone.",
    "correction": "As official, corrected, visible to everyone.",
}  # fmt: skip
STEPS = {
    "begin": "begins", "set": "makes the result set", "rows": "sends the rows", "proof": "reads them back", "show": "shows them",
    "tell": "lets the messages go", "done": "ends",
}  # fmt: skip
CODES = {"FINISHED": "finished", "RUNNING": "on course", "NOT_SEEN": "not seen", "HELD": "under review", "NC": "not ranked",
         "OTL": "over the limit"}  # fmt: skip
LONGEST_TITLE = 90
BAR = 1000  # how wide a bar is drawn, before it is fitted
STATE_OF = {"FINISHED": "good", "DNF": "calm", "DNS": "rest", "DQ": "wait", "unknown": "late"}
ORDER = ("FINISHED", "NC", "OTL", "RUNNING", "NOT_SEEN", "HELD", "DNF", "DNS", "DQ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The first line, its shape, and the lines under it. `stage` says what may be pressed."""

    stage: str
    state: str
    said: str
    under: tuple[str, ...] = ()


def stage(screen: Screen) -> str:
    """Where the version on the page stands, the first that holds."""
    return _nothing(screen) or _going(screen) or _settled(screen)


def _nothing(screen: Screen) -> str:
    """There is nothing that could go out, or nowhere for it to go."""
    if screen.place is None:
        return "unmapped"
    if screen.version is None:
        return "unread"
    return "" if sum(screen.version.counts.values()) else "empty"


def _going(screen: Screen) -> str:
    """Something is going on, or over."""
    if screen.last and screen.last.publication_state in {"waiting", "publishing"}:
        return "moving"
    if screen.waiting:
        return "cooling" if screen.waiting.not_before else "second"
    if screen.version and screen.version.state == "rejected":
        return "rejected"
    if screen.newer and not screen.newer.is_same:
        return "older"
    return "" if screen.is_checked or screen.newer else "checking"


def _settled(screen: Screen) -> str:
    """Nothing is on its way."""
    last, place, version = screen.last, screen.place, screen.version
    if last and version and last.version_id == version.version_id and last.publication_state in {"failed", "partial", "drifted"}:
        return last.publication_state
    if place and place.visibility in PUBLIC and screen.difference is not None and screen.difference.is_same:
        return "public"
    if place and place.visibility == "retracted":
        return "down"
    if version and version.state == "sent_back":
        return "back"
    return "blocked" if screen.state == "blocked" else "open"


def head(screen: Screen, around: Around, zone: str, now: datetime) -> Head:
    """The answer, before anything else."""
    at = stage(screen)
    state, said = _said(screen, at, zone)
    return Head(stage=at, state=state, said=said, under=tuple(_under(screen, around, at, zone, now)))


def _said(screen: Screen, at: str, zone: str) -> tuple[str, str]:
    rows = words.plural(screen.rows, "result")
    where = screen.place.provider if screen.place else ""
    says = {
        "unmapped": ("bad", "Nothing can go out yet: this distance is matched with none at registration"),
        "unread": ("wait", f"{screen.scoring} has given no results yet"),
        "empty": ("wait", f"{screen.scoring} lists nobody in these results yet"),
        "moving": ("wait", f"On its way to {where}"),
        "second": ("wait", "Waits for a second person"),
        "older": ("wait", f"An earlier version: {words.plural(screen.finishers, 'finisher')}"),
        "rejected": ("bad", "Rejected: this version is never published"),
        "checking": ("wait", f"The checks are still running on {words.plural(screen.finishers, 'finisher')}"),
        "failed": ("bad", f"Publishing to {where} failed"),
        "partial": ("bad", f"Only a part of it reached {where}"),
        "drifted": ("bad", f"{where} shows something else than what was sent"),
        "public": ("good", f"Public as {_visible(screen)}: {rows}"),
        "down": ("bad", "Taken down: the public sees no results"),
        "back": ("wait", "Sent back: the timer has to do something first"),
    }
    if at == "cooling" and screen.waiting:
        return "wait", f"Goes out at {words.clock_zone(screen.waiting.not_before, zone)} unless somebody stops it"
    return says.get(at) or (_shape(screen), _verdict(screen).rstrip("."))


def _verdict(screen: Screen) -> str:
    """Of a version that is not the newest, what its checks said while it was."""
    kept = screen.version.why if screen.version else None
    return screen.verdict if screen.is_checked or not kept else kept


def _visible(screen: Screen) -> str:
    return VISIBLE[screen.place.visibility] if screen.place else VISIBLE["none"]


def _shape(screen: Screen) -> str:
    if screen.state == "blocked":
        return "bad"
    return "late" if any(card.is_open and card.severity in {"block", "hard"} for card in screen.cards) else "good"


def _under(screen: Screen, around: Around, at: str, zone: str, now: datetime) -> list[str]:
    lines = []
    if at in {"down", "back", "rejected", "drifted", "failed", "partial"} and screen.version:
        why = screen.last.publication_why if at in {"drifted", "failed", "partial"} and screen.last else screen.version.why
        lines.append(why or "")
    if at in {"down", "failed", "partial", "drifted", "older"}:
        lines.append(_verdict(screen))
    lines.append(_public_now(screen))
    lines.append(_reading(screen, around, zone))
    lines.append(_sending(screen, around, at, zone, now))
    lines.append(_last_word(screen, at, zone))
    if screen.place and screen.place.drift and not screen.edits:
        lines.append(f"Somebody changed it at {screen.place.provider}: {screen.place.drift}")
    return [line for line in lines if line]


def _public_now(screen: Screen) -> str:
    place, version = screen.place, screen.version
    if place is None or place.visibility not in PUBLIC:
        return "Nothing is public yet." if place and place.visibility in {"none", "hidden"} else ""
    if version and place.live_version_id == version.version_id:
        return ""
    return f"Public now: version {place.live_number}, as {place.visibility}." if place.live_number else ""


def start(screen: Screen, around: Around, zone: str) -> str:
    """The start that was used, where it is not the planned one."""
    used, planned = around.started_at, screen.facts.planned_start
    if used is None or planned is None or used == planned:
        return ""
    there = [instant.astimezone(times.zone(zone, "UTC")) for instant in (used, planned)]
    return f"Start used {there[0]:%H:%M:%S}, planned {there[1]:%H:%M}."


def _reading(screen: Screen, around: Around, zone: str) -> str:
    if around.failing_since is None:
        return ""
    since = words.clock(around.failing_since, zone)
    why = f" {around.error}" if around.error else ""
    kept = " This is the last version that was read." if screen.version else ""
    return f"{screen.scoring} could not be read since {since}.{why}{kept}"


def _sending(screen: Screen, around: Around, at: str, zone: str, now: datetime) -> str:
    """What stands in the way at the destination."""
    if screen.place is None:
        return ""
    where = screen.place.provider
    if at == "moving" and around.run_error and around.run_status == "pending":
        again = f" Tried again at {words.clock(around.run_due_at, zone)}." if around.run_due_at and around.run_due_at > now else ""
        return f"{around.run_error}{again}"
    if around.connection_state == "paused":
        why = f": “{around.paused_reason}”" if around.paused_reason else ""
        return f"The connection to {where} is paused{why}. Nothing goes out until somebody resumes it."
    if around.refused_since is not None:
        return (
            f"{where} refuses our sign-in since {words.clock(around.refused_since, zone)}. Nothing goes out until that is mended."
        )
    return ""


def _last_word(screen: Screen, at: str, zone: str) -> str:
    """Who approved, or why an approval is void."""
    last = screen.last
    if last is None or at == "cooling":
        return ""
    asked = f"{last.requested_name}, {words.clock(last.requested_at, zone)}"
    if at == "second":
        return f"Asked for by {asked}."
    if last.state in {"stale", "expired", "withdrawn"}:
        word = {"stale": "is void", "expired": "ran out", "withdrawn": "was taken back"}[last.state]
        return f"The approval by {asked}, {word}{': ' + last.why if last.why else '.'}"
    if last.approved_name and at in {"moving", "public", "failed", "partial", "drifted"}:
        return f"Approved by {last.approved_name}, {words.clock(last.approved_at, zone)}."
    return ""


def sentence(screen: Screen) -> str:
    """What the one button says."""
    if screen.place is None or screen.act is None:
        return ""
    results = words.plural(screen.rows, "result")
    if screen.place.is_file:
        return f"Make the file of {results} for {screen.place.provider}"
    return f"Publish {results} {AS[screen.act]} to {screen.place.provider}"


def told(screen: Screen) -> str:
    """Who gets a message."""
    if screen.tells and screen.would_tell:
        verb = "person gets" if screen.would_tell == 1 else "people get"
        return f"{words.number(screen.would_tell)} {verb} a message – cannot be recalled."
    return "Nobody will be notified."


def may_press(screen: Screen, at: str, person: Person) -> bool:
    """Whether the page offers the button."""
    offer = screen.offer
    open_to = at in {"open", "down", "public", "failed", "partial", "drifted", "back"}
    return bool(
        open_to and offer and not offer.against and screen.place and not screen.place.is_ended and person.may("approve_results")
    )


def tally(screen: Screen) -> list[dict[str, Any]]:
    """Everybody registered, by what became of them; with the place of each in the bar."""
    if screen.tally is None or not screen.tally.registered:
        return []
    parts = [(status, screen.tally.by_status.get(status, 0)) for status in ORDER]
    parts += [(one, many) for one, many in screen.tally.by_status.items() if one not in ORDER]
    parts.append(("unknown", screen.tally.unknown))
    found, done, total = [], 0, max(screen.tally.registered, sum(many for _, many in parts))
    for status, many in parts:
        if many:
            left, done = BAR * done // total, done + many
            found.append({
                "x": left, "width": max(BAR * done // total - left, 3), "state": STATE_OF.get(status, "wait"), "many": many,
                "said": CODES.get(status, status), "is_unknown": status == "unknown",
            })  # fmt: skip
    return found


def not_out(screen: Screen) -> list[tuple[str, int]]:
    """Why rows of the version do not go out, with how many each."""
    found: dict[str, int] = {}
    for one in screen.kept_back:
        sentence = "On course." if one.reason == "RUNNING" else one.sentence
        found[sentence] = found.get(sentence, 0) + 1
    return sorted(found.items(), key=lambda pair: -pair[1])


def waits(line: Any) -> str:
    """How many parts of a publication were sent."""
    if line.chunks:
        return f"{line.chunks_done} of {count(line.chunks, 'part')} sent"
    return "waiting for a worker" if line.publication_state == "waiting" else STEPS.get(line.publication_step or "", "at work")


def against(screen: Screen) -> list[str]:
    """What stands against the press. What a card above says already is only counted."""
    if screen.offer is None:
        return []
    cards = {card.sentence for card in screen.cards}
    above = sum(sentence in cards for sentence in screen.offer.against)
    counted = [f"{words.counted(above, 'problem')} above must be solved or explained first."] if above else []
    return counted + [sentence for sentence in screen.offer.against if sentence not in cards]


def title_of(sentence: str) -> tuple[str, str]:
    """A finding's sentence as a title and the rest."""
    for mark in (": ", ". ", "; "):
        first, found, rest = sentence.partition(mark)
        if found and rest and len(first) <= LONGEST_TITLE:
            return first + ("." if mark == ". " else ""), rest[0].upper() + rest[1:]
    return sentence, ""
