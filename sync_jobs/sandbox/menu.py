"""Invented names of companies and races, places, and the courses that races offer: data only."""

from __future__ import annotations

from typing import NamedTuple

EAST, CENTRAL, MOUNTAIN, PACIFIC = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"

COMPANIES = (
    ("Blue Kettle Timing", EAST), ("Second Split Timing", CENTRAL), ("Copper Mile Timing", MOUNTAIN),
    ("Tall Pine Race Services", EAST), ("Lantern Timing Co.", PACIFIC), ("Northfork Chip Timing", CENTRAL),
    ("Half Step Timing", EAST), ("Prairie Clock Timing", CENTRAL), ("Quiet Finish Timing", MOUNTAIN),
    ("Ledgerline Race Services", PACIFIC), ("Paperbark Timing", EAST), ("Saltgrass Timing & Scoring", EAST),
    ("Zwölf Uhr Zeitmessung", CENTRAL),
)  # fmt: skip
"""A company and where it sits."""

WITH_RACE_ROSTER = frozenset({1, 2, 4, 6, 9, 11})
"""Which partners, by number, have events at Race Roster too; all have some at RunSignUp."""

WITH_HAKU = frozenset({1, 5, 8})
"""Which partners have some of their editions at Haku too."""

SCORING = (("chronotrack", "copernico"), ("chronotrack",), ("copernico",))
"""Where partners score, in turn by number."""

STATES = {
    EAST: ("NJ", "NY", "MA", "VT", "PA", "NC"), CENTRAL: ("IL", "WI", "MN", "TX", "MO"), MOUNTAIN: ("CO", "UT", "NM"),
    PACIFIC: ("CA", "OR", "WA"),
}  # fmt: skip
CANADA = (
    ("Halifax", "NS", "B3H 0A1", "America/Halifax"), ("Kingston", "ON", "K7L 1A1", "America/Toronto"),
    ("Québec", "QC", "G1R 4P5", "America/Toronto"), ("Canmore", "AB", "T1W 1P6", "America/Edmonton"),
)  # fmt: skip
REGIONS = {
    "NS": "Nova Scotia", "ON": "Ontario", "QC": "Quebec", "AB": "Alberta", "NJ": "New Jersey", "NY": "New York",
    "MA": "Massachusetts", "VT": "Vermont", "PA": "Pennsylvania", "NC": "North Carolina", "IL": "Illinois", "WI": "Wisconsin",
    "MN": "Minnesota", "TX": "Texas", "MO": "Missouri", "CO": "Colorado", "UT": "Utah", "NM": "New Mexico", "CA": "California",
    "OR": "Oregon", "WA": "Washington",
}  # fmt: skip

PLACES = (
    "Harbor Lights", "Cedar Ridge", "Copper Canyon", "Old Mill", "Heron Lake", "Lighthouse Point", "Maple Hollow", "Granite Peak",
    "Sugar Creek", "River Bend", "Orchard Hill", "Foggy Bay", "Stone Bridge", "Prairie Wind", "Windmill", "Juniper Mesa",
    "Café au Trail", "Piñon Flats", "Twin Lakes", "Silver Birch", "Ferry Landing", "Quarry Rock", "Meadowlark", "Boardwalk",
    "Red Barn", "Hidden Falls", "Lupine Valley", "Chestnut Street", "Beacon Hill Loop", "Driftwood", "Thunder Ridge", "Mill Pond",
)  # fmt: skip


class Course(NamedTuple):
    """One distance that a race offers. `after` is minutes after the first start; `midnight`: no start time was ever entered."""

    name: str
    distance: str | None
    metres: int | None
    fee: int  # dollars
    weight: float
    after: int
    kind: str = "running_race"
    midnight: bool = False


FIVE = Course("5K", "5K", 5000, 35, 5, 30)
TEN = Course("10K", "10K", 10000, 50, 3, 15)
HALF = Course("Half Marathon", "13.1 Miles", 21098, 85, 5, 0)
FULL = Course("Marathon", "26.2 Miles", 42195, 120, 3, 0)
KIDS = Course("Kids Fun Run", None, None, 10, 1, 90)
MILE = Course("1 Mile Walk", "1 Mile", 1609, 15, 1, 45)
VIRTUAL = Course("Virtual 5K", "5K", 5000, 25, 0.6, 0, "virtual_race", midnight=True)
RELAY = Course("Marathon Relay", "26.2 Miles", 42195, 200, 1, 10)
VOLUNTEERS = Course("Volunteer Crew", None, None, 0, 0.4, 0, "volunteer")
EMPTY = Course("Stroller Division", "5K", 5000, 35, 0, 35)

KINDS: tuple[tuple[str, tuple[Course, ...]], ...] = (
    ("Run", (FIVE, TEN, KIDS)),
    ("Half Marathon", (HALF, TEN, FIVE)),
    ("5K", (FIVE, MILE, VIRTUAL)),
    ("Marathon", (FULL, HALF, RELAY, FIVE)),
    ("Trail Challenge", (Course("25K", "15.5 Miles", 25000, 75, 3, 0), Course("12K", "12K", 12000, 55, 3, 30))),
    ("Triathlon", (
        Course("Olympic", "51.5K", 51500, 140, 2, 0, "triathlon"), Course("Sprint", None, 25750, 95, 3, 40, "triathlon"))),
    ("Turkey Trot", (FIVE, MILE)),
)  # fmt: skip

TEAMS = (
    "Sole Mates",
    "Kilometre Kiosk",
    "Slow Motion",
    "Team Möbius",
    "Blister Sisters",
    "Les Tortues",
    "The Pace Makers",
    "Corner Bakery",
)
