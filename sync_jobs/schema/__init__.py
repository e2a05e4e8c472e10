"""The database's form: made empty, or the customer's file taken over. Says what it will do before it does it."""

from sync_jobs.schema.create import create, stamp_of
from sync_jobs.schema.problem import SchemaProblem

__all__ = ["SchemaProblem", "create", "stamp_of"]
