"""Text that was encoded twice on its way (`MaratÃ³n`): made whole where that is certain, and names compared as people do."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

TWICE = re.compile("[ÃÂ](?:[\u0080-\u00bf]|[ŒœŠšŸŽžƒˆ˜–—‘’‚“”„†‡•…‰‹›€™])")
"""A Ã or Â and what the second half of a letter looks like when its bytes are taken for Latin-1 or Windows-1252."""


def whole(text: str) -> str:
    """The text as it was meant. It stays as it came unless the way back ends in good UTF-8."""
    if TWICE.search(text) is None:
        return text
    try:
        return b"".join(_byte(letter) for letter in text).decode()
    except UnicodeError:
        return text


def _byte(letter: str) -> bytes:
    """One byte: Windows-1252 has no letter for five of them, and Latin-1's stand there instead."""
    try:
        return letter.encode("cp1252")
    except UnicodeEncodeError:
        return letter.encode("latin-1")


def repaired(value: Any) -> Any:
    """Any document with its texts made whole, names of members too."""
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, list):
        return [repaired(item) for item in value]
    if isinstance(value, dict):
        return {whole(name): repaired(item) for name, item in value.items()}
    return value


def folded(name: str) -> str:
    """A name as it is compared: whole, without accents, capitals and doubled blanks."""
    parts = unicodedata.normalize("NFKD", whole(name))
    return " ".join("".join(letter for letter in parts if not unicodedata.combining(letter)).casefold().split())
