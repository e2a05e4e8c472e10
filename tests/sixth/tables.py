"""Trailhead's tables, declared on their own so that no other database gets them, and its branches of the unified views."""

from __future__ import annotations

from sqlalchemy import MetaData

from sync_jobs.models.provider_tables import OURS, OURS_EVENTS, Layout, in_our_form

METADATA = MetaData()
KEYS = {
    "trailhead_meets": ("meet_id",),
    "trailhead_courses": ("meet_id", "course_id"),
    "trailhead_signups": ("meet_id", "signup_id"),
}
COLUMNS = {
    "trailhead_meets": ("meet_id name city state timezone", OURS_EVENTS),
    "trailhead_courses": ("meet_id course_id name distance", OURS_EVENTS),
    "trailhead_signups": (
        "meet_id signup_id course_id bib first_name last_name email date_of_birth gender city state country signed_up", OURS
    ),
}  # fmt: skip
LAYOUTS = {"trailhead_signups": Layout(within="meet_id", contest="course_id")}
TABLES = {name: in_our_form(METADATA, name, *COLUMNS[name], *KEYS[name]) for name in KEYS}
BRANCHES = {
    "unified_participants": """
SELECT 'trailhead', p.timing_partner_id, p.meet_id, p.first_name, p.last_name, p.email, p.gender, p.bib, p.city, p.state, NULL,
       p.signed_up, c.edition_id, c.contest_id, p.signup_id, p.date_of_birth, p.country, NULL, NULL, NULL
FROM trailhead_signups p
LEFT JOIN contests c ON c.timing_partner_id = p.timing_partner_id AND c.provider_name = 'trailhead'
 AND c.happening_id = p.meet_id AND c.provider_contest_id = p.meet_id || '/' || p.course_id
WHERE p.gone_at IS NULL""",
    "unified_events": """
SELECT 'trailhead', m.timing_partner_id, m.meet_id, m.name, NULL, m.city, m.state, NULL, m.fetched_date,
       strftime('%Y-%m-%d %H:%M:%S', m.starts_at / 1000, 'unixepoch'),
       (SELECT min(c.edition_id) FROM contests c WHERE c.timing_partner_id = m.timing_partner_id
           AND c.provider_name = 'trailhead' AND c.happening_id = m.meet_id), NULL, m.meet_id, m.name
FROM trailhead_meets m WHERE m.gone_at IS NULL""",
    "unified_contests": """
SELECT k.timing_partner_id, 'trailhead', k.meet_id, m.name, k.meet_id || '/' || k.course_id, k.name, k.distance, k.starts_at,
       m.timezone, m.city, m.state, 0, coalesce(k.gone_at, m.gone_at)
FROM trailhead_courses k
LEFT JOIN trailhead_meets m ON m.timing_partner_id = k.timing_partner_id AND m.meet_id = k.meet_id""",
}
