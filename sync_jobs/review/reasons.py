"""Why somebody says that a finding is right as it is, or holds a row: the chips of the page. Data."""

from __future__ import annotations

from collections.abc import Mapping

REASONS: Mapping[str, str] = {
    "video": "checked video",
    "runner": "spoke to runner",
    "backup": "backup timing",
    "swap": "known bib swap",
    "guide": "wheelchair or guide",
    "official": "course official",
    "other": "other",
}
NEEDS_WORDS = frozenset({"other"})
"""Reasons that say nothing without words of one's own."""
