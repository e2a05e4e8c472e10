"""The database's form: made empty, or the customer's file taken over. Says what it will do before it does it."""

from sync_jobs.schema.checking import Checked, check
from sync_jobs.schema.creating import create, stamp_of
from sync_jobs.schema.problem import SchemaProblem
from sync_jobs.schema.upgrading import Report, upgrade
from sync_jobs.schema.words import plan_words, report_words

__all__ = ["Checked", "Report", "SchemaProblem", "check", "create", "plan_words", "report_words", "stamp_of", "upgrade"]
