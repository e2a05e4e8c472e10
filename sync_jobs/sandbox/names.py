"""Pools of invented names, streets and towns from Faker, made once in a process. Who gets which is left to `crowd`."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

LOCALES = {
    "en_US": 600, "es_MX": 160, "fr_CA": 120, "de_DE": 100, "pl_PL": 80, "pt_BR": 80, "cs_CZ": 40, "tr_TR": 40, "vi_VN": 40,
    "ja_JP": 30,
}  # fmt: skip
"""How many names of each kind come from which language."""
TOWNS = 500


@dataclass(frozen=True, slots=True)
class Pool:
    """Names with the form they take in an address: `("Zoë", "zoe")`; `first` by gender."""

    first: dict[str, tuple[tuple[str, str], ...]]
    last: tuple[tuple[str, str], ...]
    towns: tuple[str, ...]
    streets: tuple[str, ...]


def plain(name: str) -> str:
    """A name as it stands in an e-mail address; empty where nothing of it can stand there."""
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "".join(letter for letter in folded if letter.isalnum())


def _some(make: Callable[[], str], many: int) -> list[tuple[str, str]]:
    found = dict.fromkeys(make() for _ in range(many))
    return [(name, plain(name)) for name in found]


@cache
def pool() -> Pool:
    """The same names in every process: the seed of Faker is fixed, a world's own seed only combines them."""
    from faker import Faker  # noqa: PLC0415  heavy, and only a world needs it

    women: list[tuple[str, str]] = []
    men: list[tuple[str, str]] = []
    last: list[tuple[str, str]] = []
    for locale, many in LOCALES.items():
        fake = Faker(locale)
        fake.seed_instance(88)
        women += _some(fake.first_name_female, many)
        men += _some(fake.first_name_male, many)
        last += _some(fake.last_name, many)
    fake = Faker("en_US")
    fake.seed_instance(88)
    towns = tuple(dict.fromkeys(fake.city() for _ in range(TOWNS)))
    streets = tuple(dict.fromkeys(fake.street_name() for _ in range(TOWNS)))
    first = {"F": tuple(women), "M": tuple(men), "": tuple(women + men)}
    return Pool(first, tuple(last), towns, streets)
