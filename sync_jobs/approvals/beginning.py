"""The moment at which an approval is used: publishing begins, and nothing that it stands on is different by then."""

from __future__ import annotations

from datetime import datetime


def take_up(publication_id: int, now: datetime) -> str | None:
    """Use the approval of a waiting publication, which is `publishing` from then on; the sentence, where it is void instead.

    Then the approval is stale and the publication failed. One that was begun already goes on: None.
    """
    raise NotImplementedError
