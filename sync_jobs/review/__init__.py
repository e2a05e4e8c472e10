"""What goes out, how it differs from what is public, and who has to stand behind it. Decides; touches nothing."""

from sync_jobs.review.reasons import REASONS as REASONS
