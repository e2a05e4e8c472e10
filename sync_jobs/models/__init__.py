"""The tables, by name. What they mean stands at each class; who may write what stands in the modules that write."""

from sync_jobs.models.base import Base, Instant, Json, db, insert_or, write
from sync_jobs.models.customer import (
    Attempt, CustomerCredential, CustomerHakuOrg, CustomerUser, Edition, Partner, ProviderRow, Run,
)  # fmt: skip
from sync_jobs.models.hub import (
    Account, ApiToken, ChangedRow, Connection, Contest, DirectorEdition, DoneMinute, EditionLink, EditionSuggestion, HubFact,
    Invitation, LiveVersion, MergedRow, PartnerSettings, Process, ProviderMinute, Schedule, SealedDocument, SetAside, SignIn,
    SignInFailure, SyncState,
)  # fmt: skip
from sync_jobs.models.provider_tables import KEYS_WITHOUT_PARTNER, NATURAL_KEYS, PROVIDER_TABLES, TWINS

__all__ = [
    "KEYS_WITHOUT_PARTNER", "NATURAL_KEYS", "PROVIDER_TABLES", "TWINS", "Account", "ApiToken", "Attempt", "Base", "ChangedRow",
    "Connection", "Contest", "CustomerCredential", "CustomerHakuOrg", "CustomerUser", "DirectorEdition", "DoneMinute", "Edition",
    "EditionLink", "EditionSuggestion", "HubFact", "Instant", "Invitation", "Json", "LiveVersion", "MergedRow", "Partner",
    "PartnerSettings", "Process", "ProviderMinute", "ProviderRow", "Run", "Schedule", "SealedDocument", "SetAside", "SignIn",
    "SignInFailure", "SyncState", "db", "insert_or", "write",
]  # fmt: skip
