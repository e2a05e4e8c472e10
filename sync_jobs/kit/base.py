"""What an adapter is: facts about a provider as class attributes, and one method for each thing that it can do.

What a subclass overrides is what it can do; menus, switches and errors follow from `abilities`. The work of talking
is left to `client`, that of reading values to `parse`; storing is not an adapter's business.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple, Protocol

from sync_jobs.records import ImportFile, Scope, StartListEntry, Told
from sync_jobs.results import Published, PublishedSet, ResultTarget, SetFlags

Raw = Mapping[str, Any]
Values = dict[str, Any]
Key = tuple[str, str]  # whose row of results it is, as `Published.key` says it


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialField:
    """One thing that an operator must type in. `customer_column` is where the old system kept it, if it did."""

    name: str
    label: str
    help: str = ""
    secret: bool = True
    customer_column: str | None = None  # principal, secret
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often one credential may call: at most `calls` in `per` seconds, `at_once` in flight, `apart` seconds between."""

    calls: int
    per: float
    at_once: int
    apart: float = 0.0


class RawRow(NamedTuple):
    """One record as the provider sent it. `digest` (16 bytes, or more of them) is of the whole record: equal means unchanged."""

    key: tuple[Any, ...]  # the values of NATURAL_KEYS[table], in that order
    digest: bytes
    raw: Raw


@dataclass(frozen=True, slots=True, kw_only=True)
class AsideRow:
    """A record that could not be read: which, and why; nothing personal."""

    key: str | None  # its id, where that could be read
    place: str  # e.g. "page 3, row 17"
    field: str
    why: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call to a provider: when, how long, and how it went."""

    at: datetime
    ms: float
    ok: bool
    throttled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some rows of one provider table, and where the reading goes on (`cursor`; None after the last page)."""

    table: str
    rows: list[RawRow]
    aside: list[AsideRow] = field(default_factory=list)
    cursor: dict[str, Any] | None = None
    total: int | None = None  # rows of the whole reading, where the provider says it


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """A record that the provider says is no longer there. `successor` is the key of the one that replaces it."""

    table: str
    key: tuple[Any, ...]
    reason: str
    successor: str | None = None


class TokenStore(Protocol):
    """Where an adapter keeps the token that a provider lent it, sealed, shared by all workers of a connection."""

    def load(self) -> dict[str, Any] | None: ...

    def save(self, token: dict[str, Any]) -> None: ...


class Limiter(Protocol):
    """The shared pace of one credential."""

    def call(self) -> Any:
        """A context manager that waits for its turn. Raises ProviderThrottled or QuotaUsedUp instead of a long wait."""

    def wait_until(self, until: datetime) -> None:
        """The provider named an instant before which nobody may call with this credential."""


@dataclass(slots=True, kw_only=True)
class Access:
    """Everything that an adapter is given: who it is, how fast it may go, and where the provider stands."""

    connection_id: int
    secrets: Mapping[str, str]
    urls: Mapping[str, str]  # RUNSIGNUP_URL → https://…
    tokens: TokenStore
    limiter: Limiter
    now: Callable[[], datetime]
    call_timeout: float = 30.0
    retry_waits: tuple[float, ...] = (1.0, 2.0, 5.0)
    timezone: str = "UTC"  # the partner's own: holds for local times where the provider names no zone
    page_size_proven: int = 0  # most rows that one page of this connection ever held
    before_call: Callable[[], None] = lambda: None  # may raise, to stop between calls


class Adapter:
    """A provider. Subclasses say facts and override what the provider can do; everything read is pages to the end."""

    key: ClassVar[str]  # runsignup
    label: ClassVar[str]  # RunSignUp
    side: ClassVar[str]  # registration or scoring
    people_table: ClassVar[str]  # where its registrations or entries are kept
    results_table: ClassVar[str] = ""
    results_by_rank: ClassVar[bool] = False  # they move between pages: half a reading and another half are no whole one
    happening_table: ClassVar[str]  # where discovery writes happenings
    contest_table: ClassVar[str] = ""  # where contests are kept
    contest_id: ClassVar[str] = "{0}/{1}"  # our id of a contest, from its key there
    contest_of: ClassVar[str] = ""  # what a contest's record calls its happening, if discovery lists all: then one can be missed
    counts_table: ClassVar[str] = ""
    credentials: ClassVar[tuple[CredentialField, ...]]
    pace: ClassVar[Pace]
    urls: ClassVar[
        tuple[tuple[str, str], ...]
    ]  # where it really is; a setting of the same name puts a server that speaks its API there
    help: ClassVar[str] = ""  # where an operator finds the credentials

    def __init__(self, access: Access) -> None:
        self.access = access
        self.calls: list[Call] = []  # every call made, for the provider's health
        self.page_size_seen = access.page_size_proven  # most rows that one page held
        self.never_sent: frozenset[str] | None = None  # columns of people that nobody's record had; None: not looked at
        self.notices: Counter[str] = Counter()  # what a person at the provider should know of this reading, by kind: how many

    def close(self) -> None:
        """Give back what talking to the provider took."""

    def test(self) -> str:
        """One cheap call that proves the credential; a sentence for the page. Raises ProviderError."""
        raise NotImplementedError

    def discover(self, since: datetime | None, cursor: dict[str, Any] | None) -> Iterator[Page]:
        """All happenings and contests that this credential may see (changed since an instant, where it can)."""
        raise NotImplementedError

    def registrations(self, scope: Scope, since: datetime | None, cursor: dict[str, Any] | None) -> Iterator[Page]:
        """All registrations of one happening, or those changed since an instant (only if `reads_changes`)."""
        raise NotImplementedError

    def removed(self, scope: Scope, since: datetime | None) -> Iterator[list[Removed]]:
        """Registrations that were removed, with the reason."""
        raise NotImplementedError

    def counts(self, scope: Scope) -> Iterator[Page]:
        """The provider's own counts for a happening's contests, as rows of its counts table."""
        raise NotImplementedError

    def entries(self, scope: Scope, cursor: dict[str, Any] | None) -> Iterator[Page]:
        """Everybody on the scoring list of one happening."""
        raise NotImplementedError

    def results(self, scope: Scope, cursor: dict[str, Any] | None) -> Iterator[Page]:
        """All results of one happening."""
        raise NotImplementedError

    def push_entries(self, scope: Scope, lines: Sequence[StartListEntry]) -> Iterator[Told]:
        """Add or change people on the scoring list of one happening: one answer for each line, as soon as it is known.

        Never matches by itself: a line with `entry_key` changes that entry, one without makes a new one. Raises ProviderError
        where nobody can be told; what was yielded before stands. A line to which no proper answer came is told with its `failure`.
        """
        raise NotImplementedError

    def import_file(self, scope: Scope, lines: Sequence[StartListEntry]) -> ImportFile:
        """The same lines as a file in the provider's documented form, for a person to load there. Makes no call."""
        raise NotImplementedError

    # Publishing results. Nothing here decides whether it may be done: that is an approval's business.

    def result_sets(self, target: ResultTarget) -> list[PublishedSet]:
        """The result sets of one contest as they stand there, without their rows."""
        raise NotImplementedError

    def make_result_set(self, target: ResultTarget, flags: SetFlags) -> str:
        """Make a new result set with all of these flags and return its id. Asked again, it makes another."""
        raise NotImplementedError

    def set_result_flags(self, target: ResultTarget, flags: SetFlags) -> None:
        """Set all flags of one result set, visibility among them."""
        raise NotImplementedError

    def post_results(self, target: ResultTarget, rows: Sequence[Published], there: Mapping[Key, Published]) -> None:
        """Put rows into one result set, replacing what it has of the same people. `there` is what it was read to have of them.

        May be asked again with the same. With no `results_at_once`, `rows` are all that the set shall hold.
        """
        raise NotImplementedError

    def remove_results(self, target: ResultTarget) -> None:
        """Empty one result set. No provider is known that takes out single rows."""
        raise NotImplementedError

    def published_results(self, target: ResultTarget) -> PublishedSet:
        """One result set in full, read to its end. A `set_id` of None in what comes back says that there is none."""
        raise NotImplementedError

    def results_file(self, target: ResultTarget, rows: Sequence[Published], name: str) -> ImportFile:
        """Results as a file for a person to load there. Makes no call."""
        raise NotImplementedError

    @staticmethod
    def shown(row: Published) -> Published:
        """A row as it reads there once it was sent: without what the provider cannot hold. Its name only where we give it."""
        return row

    results_at_once: ClassVar[int | None] = None  # rows of one call; None: the whole set goes in one
    results_settle: ClassVar[timedelta] = timedelta(0)  # how long a reading may show what was there before
    results_preliminary: ClassVar[bool] = True  # whether a set can say that it is
    results_switch: ClassVar[bool] = False  # nothing is sent before a person switches it on: the calls are not confirmed
    results_note: ClassVar[str] = ""  # what an operator must know of publishing there
    results_help: ClassVar[str] = ""  # where a person loads the file

    genders: ClassVar[frozenset[str]] = frozenset({"M", "F", "X"})  # which a scoring provider can hold
    writes_note: ClassVar[str] = ""  # what an operator must know before switching `push_entries` on
    import_help: ClassVar[str] = ""  # where a person loads the import file
    file_withdraws: ClassVar[bool] = True  # whether such a file can say that somebody does not run any more

    @staticmethod
    def happening_of(key: tuple[Any, ...]) -> str:
        """The happening that a row of `happening_table` belongs to, by its key."""
        return str(key[0])

    def values(self, table: str, raw: Raw) -> Values:
        """One record as the columns of that table. Raises UnreadableRow naming the field."""
        raise NotImplementedError

    people_every: ClassVar[timedelta] = timedelta(0)  # people are read no more often than this: a reading costs many calls
    reads_changes: ClassVar[bool] = False  # `registrations` understands `since`
    lists_everybody: ClassVar[bool] = False  # also with `since`: whoever it does not list is gone

    @classmethod
    def abilities(cls) -> frozenset[str]:
        """The names of the methods that this provider has."""
        doable = ("test", "discover", "registrations", "removed", "counts", "entries", "results", "push_entries", "import_file")
        named = {name: name for name in (*doable, "results_file")} | {"publish_results": "post_results"}
        return frozenset(name for name, method in named.items() if getattr(cls, method) is not getattr(Adapter, method))
