"""`make bench`: all measurements, or those named.

first, latency, memory, click, pages, providers, results, push, chain, pairs, checks, review, publish.
"""

from __future__ import annotations

import math
import sys
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import requests

from tests.bench import chain, checking, click, finishing, pages, publishing, pushing, reviewing, side, six
from tests.bench.around import Found, Table, measure, median, redis_server, spread, world

HALF = [83 * step + 7 for step in range(10)]
SIZES = sorted([1000 - off for off in HALF] + [1000 + off for off in HALF])  # each race has two contests of that many: 40,000
PAGE = 2500
ROUNDS = 5


def plan(asked: list[str], control: str) -> tuple[list[str], list[tuple[int, list[int]]]]:
    """The addresses of people's pages among what was asked, and the race and contests behind each."""
    pages = [path for path in asked if urlsplit(path).path.endswith("/participants")]
    races = []
    for path in pages:
        parts = urlsplit(path)
        contests = [int(number) for number in parse_qs(parts.query)["event_id"][0].split(",")]
        races.append((int(parts.path.split("/")[-2]), contests))
    return [control + page for page in pages], races


def first(table: Table, folder: Path, redis: str) -> None:
    with world(SIZES) as served:
        warm = measure("ours", folder / "warm", world=served, redis=redis, again=False)
        urls, races = plan(warm["first"]["asked"], served["control"])
        floors, ourselves = [], []
        for _ in range(ROUNDS):
            floors.append(measure("floor", folder / "floor", world=served, redis=redis, urls=urls, races=races))
            ourselves.append(measure("ours", folder / "ours", world=served, redis=redis))
    speed(table, floors, ourselves)
    counts(table, ourselves[-1], len(SIZES))


def speed(table: Table, floors: list[Found], ourselves: list[Found]) -> None:
    table.head(f"40,000 people, 20 races, 40 contests, no latency; median of {ROUNDS} (least–most), alternating")
    rates = {
        (who, what): [40_000 / found[what]["seconds"] for found in runs]
        for who, runs in (("floor", floors), ("ours", ourselves)) for what in ("first", "same")
    }  # fmt: skip
    table.line("floor, first: rows/s", spread(rates["floor", "first"], ",.0f"))
    ratio = median(rates["ours", "first"]) / median(rates["floor", "first"])
    table.line("ours, first: rows/s (with discovery)", spread(rates["ours", "first"], ",.0f"))
    table.line("  of the floor", f"{ratio:.0%}", "at least 65 %", met=ratio >= 0.65)
    table.line("floor, nothing changed: rows/s", spread(rates["floor", "same"], ",.0f"))
    ratio = median(rates["ours", "same"]) / median(rates["ours", "first"])
    table.line("ours, nothing changed, read whole: rows/s", spread(rates["ours", "same"], ",.0f"))
    table.line("  against our first", f"{ratio:.1f} ×", "at least 2 ×", met=ratio >= 2)
    for what, limit in (("first", 0.07), ("same", 0.025)):
        each = [found[what]["cpu"] / 40 for found in ourselves]
        table.line(f"processor time a person, {what}: ms", spread(each, ".3f"), f"at most {limit}", met=median(each) <= limit)


def counts(table: Table, found: Found, races: int) -> None:
    table.head("requests, statements and writes of the last round")
    may = 1 + sum(math.ceil(2 * size / PAGE) + (2 * size % PAGE == 0) for size in SIZES)
    asked = {what: len(found[what]["asked"]) for what in ("first", "same", "changes")}
    table.line("requests, first", str(asked["first"]), f"at most {may}", met=asked["first"] <= may)
    whole = may - 1 + races
    table.line("requests, nothing changed, read whole", str(asked["same"]), f"at most {whole}", met=asked["same"] <= whole)
    table.line("requests, changes only", str(asked["changes"]), f"at most {1 + 2 * races}", met=asked["changes"] <= 1 + 2 * races)
    table.line("people read, first", f"{found['first']['read']:,}", "40,000", met=found["first"]["read"] == 40_000)
    table.line("people held", f"{found['changes']['held']:,}", "40,000", met=found["changes"]["held"] == 40_000)
    table.line("runs that did not complete", str(found["changes"]["not completed"]), "0", met=not found["changes"]["not completed"])
    table.line(
        "participant rows written when nothing changed", str(found["changes"]["writes"]), "0", met=not found["changes"]["writes"]
    )
    for what in ("first", "same"):
        total = sum(found[what]["statements"].values())
        table.line(f"statements, {what}: asking, claiming, reading, ending; a run", f"{total / races:.0f}")


def latency(table: Table, folder: Path, redis: str) -> None:
    with world(SIZES) as served:
        warm = measure("ours", folder / "warm", world=served, redis=redis, again=False)
        urls, races = plan(warm["first"]["asked"], served["control"])
        requests.get(f"{served['control']}/_bench/latency/0.15", timeout=10)
        floors, alone, two = [], [], []
        for _ in range(3):
            floors.append(measure("floor", folder / "floor", world=served, redis=redis, urls=urls, races=races, at_once=2))
            alone.append(measure("ours", folder / "ours", world=served, redis=redis, again=False))
            two.append(measure("ours", folder / "ours", world=served, redis=redis, again=False, workers=2))
    table.head("the same at 150 ms a call, two calls in flight; median of 3")
    base = [found["first"]["seconds"] for found in floors]
    table.line("floor: s", spread(base))
    for who, runs in (("ours, one worker", alone), ("ours, two workers", two)):
        took = [found["first"]["seconds"] for found in runs]
        ratio = median(took) / median(base)
        table.line(f"{who}: s (with discovery)", spread(took))
        table.line("  times the floor", f"{ratio:.2f} ×", "at most 1.6 ×", met=ratio <= 1.6 if runs is two else None)


def memory(table: Table, folder: Path, redis: str) -> None:
    table.head("peak memory of the process that syncs: MB")
    peaks, sums = {}, {}
    for name, sizes, contests in (("40,000", SIZES, 2), ("200,000", [1000] * 100, 2), ("one contest of 1,000", [1000], 1),
                                  ("one contest of 50,000", [50_000], 1)):  # fmt: skip
        with world(sizes, contests) as served:
            found = measure("ours", folder / "memory", world=served, redis=redis, again=True)
        peaks[name] = found["peak"]
        table.line(name, f"{found['peak']:.0f}")
        sums[name] = sum(found["first"]["statements"].values())
    more = (sums["one contest of 50,000"] - sums["one contest of 1,000"]) / (50_000 / PAGE - 1)
    table.line(f"statements that a further page of {PAGE:,} takes", f"{more:.1f}", "at most 12.5 (5 a 1,000)", met=more <= 12.5)
    ratio = peaks["200,000"] / peaks["40,000"]
    table.line("200,000 against 40,000", f"{ratio:.2f} ×", "at most 1.10 ×", met=ratio <= 1.1)
    more = peaks["one contest of 50,000"] - peaks["one contest of 1,000"]
    table.line("one contest of 50,000 against one of 1,000", f"+{more:.0f} MB", "at most +20 MB", met=more <= 20)


PARTS = {"first": first, "latency": latency, "memory": memory, "click": click.run, "pages": pages.run,
         "providers": side.part, "results": finishing.part, "push": pushing.part, "chain": chain.part,
         "pairs": six.part, "checks": checking.part, "review": reviewing.part, "publish": publishing.part}  # fmt: skip


def main() -> None:
    table = Table()
    with tempfile.TemporaryDirectory(prefix="bench") as name, redis_server(Path(name)) as redis:
        for part in sys.argv[1:] or PARTS:
            PARTS[part](table, Path(name) / part, redis)
    sys.stdout.write(
        "\nEverything is within its target.\n" if not table.short else f"\nShort of the target: {'; '.join(table.short)}.\n"
    )


if __name__ == "__main__":
    main()
