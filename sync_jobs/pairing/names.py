"""People's names in one form, and how alike two are. Who is the same person is decided in `ladder`."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from rapidfuzz.distance import JaroWinkler

MOJIBAKE = re.compile(
    "[\u00c2-\u00df][\u0080-\u00bf\u0152-\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]|\u00e2\u20ac"
)
TWICE = 2  # text that went through two wrong hands
SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})
UNDECOMPOSED = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i", "ð": "d"})
SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
NO_LETTERS = re.compile("[^a-z0-9]")  # in folded text of plain English letters
INSIDE_A_WORD = str.maketrans(dict.fromkeys("'’‘`´ʼ"))

SAME_FIRST_NAMES = (
    "robert rob bob bobby bert", "william will bill billy liam", "richard rick dick rich ricky", "james jim jimmy jamie",
    "john jack johnny jon", "margaret maggie meg peggy greta", "elizabeth liz beth lizzie betty eliza libby",
    "edward ed eddie ted ned", "katherine catherine kate katie kathy cathy kat", "michael mike mick mikey", "thomas tom tommy",
    "joseph joe joey", "charles charlie chuck", "daniel dan danny", "matthew matt", "anthony tony", "christopher chris kit",
    "christina christine chris tina", "patricia pat patty trish", "patrick pat paddy", "susan sue susie", "jennifer jen jenny",
    "deborah deb debbie", "barbara barb", "stephen steven steve", "andrew andy drew", "alexander alexandra alex", "benjamin ben",
    "samuel samantha sam", "nicholas nick", "gregory greg", "jeffrey jeff", "kenneth ken", "ronald ron", "timothy tim",
    "lawrence larry", "david dave", "donald don", "rebecca becky", "victoria vicky tori", "amanda mandy", "abigail abby",
    "theodore ted theo", "francisco paco", "jose pepe", "ana annie ann anna",
)  # fmt: skip
_GROUPS = {
    name: {number for number, group in enumerate(SAME_FIRST_NAMES) if name in group.split()}
    for name in " ".join(SAME_FIRST_NAMES).split()
}


def repaired(text: str | None) -> str:
    """Text that was read in the wrong encoding once or twice (`MÃ¼ller`), as it was meant."""
    found = text or ""
    for _ in range(TWICE):
        if not MOJIBAKE.search(found):
            break
        try:
            found = b"".join(_byte(letter) for letter in found).decode()
        except UnicodeError:
            break
    return found


def _byte(letter: str) -> bytes:
    try:
        return letter.encode("cp1252")
    except UnicodeEncodeError:
        return letter.encode("latin-1")  # the five places that cp1252 leaves empty


def plain(text: str | None) -> str:
    """Repaired, without marks, case and punctuation, its words apart."""
    return _bare(repaired(text).casefold())


def _bare(folded: str) -> str:
    if folded.isascii():
        return " ".join(NO_LETTERS.sub(" ", folded.translate(INSIDE_A_WORD)).split())
    letters = unicodedata.normalize("NFKD", folded.translate(INSIDE_A_WORD).translate(UNDECOMPOSED))
    kept = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join("".join(letter if letter.isalnum() else " " for letter in kept).split())


@lru_cache(maxsize=100_000)
def spellings(first: str | None, last: str | None) -> frozenset[str]:
    """A person's whole name, its words in order of the alphabet, in each way that it may be spelt; empty where there is none."""
    folded = repaired(f"{first or ''} {last or ''}").casefold()
    if folded.isascii():
        name = _sorted(_bare(folded))
        return frozenset({name} if name else ())
    # composed first: `u` and two dots may come as two letters
    spelt_out = unicodedata.normalize("NFC", folded).translate(SPELT_OUT)
    return frozenset(name for name in (_sorted(_bare(folded)), _sorted(_bare(spelt_out))) if name)


def _sorted(name: str) -> str:
    words = name.split()
    kept = [word for word in words if word not in SUFFIXES]
    return " ".join(sorted(kept if len(kept) > 1 else words))


def equal(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two names have the same words, or all of the shorter one's (two at least) are in the other."""
    return any(_within(set(a.split()), set(b.split())) for a in one for b in other)


def _within(one: set[str], other: set[str]) -> bool:
    fewer = min(len(one), len(other))
    return one == other or (fewer > 1 and len(one & other) == fewer)


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaro-Winkler similarity of the two closest spellings, 0 to 1."""
    return max((JaroWinkler.similarity(a, b) for a in one for b in other), default=0.0)


def share_a_word(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether any word stands in both."""
    return any(set(a.split()) & set(b.split()) for a in one for b in other)


def nickname(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether the names differ by a usual short form of one word only: `Bob Jones`, `Robert Jones`. Only ever a hint."""
    return any(_short_form(set(a.split()), set(b.split())) for a in one for b in other)


def _short_form(one: set[str], other: set[str]) -> bool:
    mine, theirs = one - other, other - one
    if len(mine) != 1 or len(theirs) != 1 or not one & other:
        return False
    return bool(_GROUPS.get(mine.pop(), set()) & _GROUPS.get(theirs.pop(), set()))
