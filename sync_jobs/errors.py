"""Failures, classed by who must act. Each carries the sentence that a person reads, and whether to try again.

Messages name the provider and the path, never a URL with its query, a body or a secret. What to do with a failure
is decided at the job's edge, in `pull`; nothing here acts.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar


class ProviderError(Exception):
    """Something went wrong between us and a provider.

    `kind` is the stable word in tables and filters, `turn` who must act (partner, nobody, us), `retry` whether a later
    try may help. `until` is an instant before which trying is pointless, where the provider named one.
    """

    kind: ClassVar[str] = "provider"
    turn: ClassVar[str] = "us"
    retry: ClassVar[bool] = False
    template: ClassVar[str] = "{provider} answered something we did not expect."

    def __init__(self, path: str, detail: str = "", *, provider: str = "", until: datetime | None = None) -> None:
        super().__init__(f"{path}: {detail}" if detail else path)
        self.path, self.detail, self.provider, self.until = path, detail, provider, until

    @property
    def sentence(self) -> str:
        """What a person reads; the page adds times in their zone."""
        return self.template.format(provider=self.provider or "The provider", detail=self.detail)


class CredentialsRejected(ProviderError):
    """The provider does not accept the key, the login or the token."""

    kind, turn = "credentials", "partner"
    template = "{provider} refuses this credential. Enter a valid one on the connection’s page."


class CredentialsMissing(CredentialsRejected):
    """A secret that this provider needs was never entered."""

    kind = "credentials_missing"
    template = "{provider} needs {detail}, which this connection does not have yet. Enter it on the connection’s page."


class SetUpWrongly(ProviderError):
    """What was entered beside the credential does not fit what the provider has."""

    kind, turn = "set_up", "partner"
    template = "{provider} cannot do this as the connection is set up: {detail}."


class AccessDenied(ProviderError):
    """The credential is good but may not see this object."""

    kind, turn = "access", "partner"
    template = "{provider} does not let this credential see this event. Ask the race for access there."


class NotThere(ProviderError):
    """The provider does not know the object (any more)."""

    kind, turn = "not_there", "partner"
    template = "{provider} does not know this event any more."


class RequestRefused(ProviderError):
    """The provider says that our request is wrong: ours to fix."""

    kind = "refused"
    template = "{provider} refused our request. This is ours to fix; we have what we need to find out why."


class UnexpectedReply(ProviderError):
    """The reply is not what the adapter was written for: ours to fix."""

    kind = "unexpected"
    template = "{provider} answered in a form that we do not know. This is ours to fix."


class ProviderDown(ProviderError):
    """No answer, a server error, or a page of HTML instead of data: nobody's turn, it passes."""

    kind, turn, retry = "down", "nobody", True
    template = "{provider} does not answer properly. We try again by ourselves."


class ReadIncomplete(ProviderDown):
    """The reading ended before everything that was announced had come; nothing is concluded from it."""

    kind = "incomplete"
    template = "{provider} ended its list early. We try again by ourselves; nobody was marked as gone."


class ProviderThrottled(ProviderError):
    """The provider asks us to wait; `until` says how long."""

    kind, turn, retry = "throttled", "nobody", True
    template = "{provider} asks us to wait."


class QuotaUsedUp(ProviderError):
    """Our own limit of calls for this credential is used up: the run yields and counts no error."""

    kind, turn, retry = "quota", "nobody", True
    template = "The calls that we allow ourselves at {provider} are used up for now."


class ListShrank(ProviderError):
    """A whole reading misses more of what we hold than we believe without asking."""

    kind, turn = "shrunk", "partner"
    template = (
        "{provider} lists far fewer people than before: {detail} are missing. Nobody was marked as gone. "
        "Look there; if it is right, press Retry and we believe it."
    )


class EventsShrank(ListShrank):
    """The same of events: so many distances that are still to come were not listed any more."""

    template = (
        "{provider} lists far fewer events than before: {detail} distances to come are missing. Nothing was marked as gone. "
        "Look there; if it is right, say so on the run’s page and we believe it."
    )


class NotShownYet(ProviderDown):
    """What was sent does not stand there, and readings may still be of the time before it."""

    kind = "settling"
    template = "{provider} does not show yet what was sent. We look again by ourselves."


class PublishingRefused(ProviderError):
    """A publication may not go out, or not any more: nothing was sent. `detail` is the sentence."""

    kind, turn = "not_publishable", "partner"
    template = "{detail}"


class ResultsDrifted(PublishingRefused):
    """Somebody changed the results at the provider since the approver saw them. Nothing was sent."""

    kind = "drifted"


class ResultsDiffer(PublishingRefused):
    """What was read back is not what was sent."""

    kind = "partial"


class UnreadableRow(ValueError):
    """One row of a reply cannot be read. It is set aside, counted and shown; the reading goes on."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field, self.why = field, why


KINDS: dict[str, type[ProviderError]] = {
    error.kind: error
    for error in (
        ProviderError,
        CredentialsRejected,
        CredentialsMissing,
        SetUpWrongly,
        AccessDenied,
        NotThere,
        RequestRefused,
        UnexpectedReply,
        ProviderDown,
        ReadIncomplete,
        ProviderThrottled,
        QuotaUsedUp,
        ListShrank,
        NotShownYet,
        PublishingRefused,
        ResultsDrifted,
        ResultsDiffer,
    )
}
"""Every kind that a run can carry, besides `bug` (an exception of ours) and `lost` (its worker fell silent)."""
