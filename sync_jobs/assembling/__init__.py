"""Everything that checks and reviews look at, read for one contest and put together as plain values. Nothing is decided here.

A field costs the same few statements however many people ran.
"""

from sync_jobs.assembling.facts import facts, points_of, policy_of, profile_of
from sync_jobs.assembling.fields import Going, field, going_to

__all__ = ["Going", "facts", "field", "going_to", "points_of", "policy_of", "profile_of"]
