-- What the providers call an event, exactly once per partner, provider and event: RunSignUp's are distances of a race
-- (which has the city), the others' are whole happenings. `contest_id` is empty where an event has several contests.
CREATE VIEW unified_events AS
SELECT 'runsignup' AS source_provider, e.timing_partner_id AS timing_partner_id, CAST(e.event_id AS TEXT) AS event_id,
       trim(e.name) AS event_name, e.start_time AS event_date, coalesce(r.city, t.city) AS city,
       coalesce(r.state, t.state) AS state, e.distance AS distance, e.fetched_date AS fetched_date,
       to_char(to_timestamp(e.starts_at / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS starts_at,
       c.edition_id AS edition_id, c.contest_id AS contest_id,
       CAST(e.race_id AS TEXT) AS happening_id, coalesce(r.name, t.name) AS happening_name
FROM runsignup_events e
LEFT JOIN runsignup_races r ON r.race_id = e.race_id AND r.timing_partner_id = e.timing_partner_id
LEFT JOIN runsignup_races_twin t ON t.timing_partner_id = e.timing_partner_id AND t.race_id = e.race_id
LEFT JOIN contests c
  ON c.timing_partner_id = e.timing_partner_id AND c.provider_name = 'runsignup'
 AND c.provider_contest_id = CAST(e.event_id AS TEXT)
WHERE e.gone_at IS NULL
UNION ALL
SELECT 'runsignup', e.timing_partner_id, CAST(e.event_id AS TEXT), trim(e.name), e.start_time, coalesce(r.city, t.city),
       coalesce(r.state, t.state), e.distance, e.fetched_date,
       to_char(to_timestamp(e.starts_at / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
       c.edition_id, c.contest_id, CAST(e.race_id AS TEXT), coalesce(r.name, t.name)
FROM runsignup_events_twin e
LEFT JOIN runsignup_races r ON r.race_id = e.race_id AND r.timing_partner_id = e.timing_partner_id
LEFT JOIN runsignup_races_twin t ON t.timing_partner_id = e.timing_partner_id AND t.race_id = e.race_id
LEFT JOIN contests c
  ON c.timing_partner_id = e.timing_partner_id AND c.provider_name = 'runsignup'
 AND c.provider_contest_id = CAST(e.event_id AS TEXT)
WHERE e.gone_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM runsignup_events o WHERE o.event_id = e.event_id AND o.timing_partner_id = e.timing_partner_id)
UNION ALL
SELECT 'raceroster', e.timing_partner_id, e.event_id, e.name, e.start_date, e.city, e.state, e.distance, e.fetched_date,
       to_char(to_timestamp(e.starts_at / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
       (SELECT min(c.edition_id) FROM contests c WHERE c.timing_partner_id = e.timing_partner_id
           AND c.provider_name = 'raceroster' AND c.happening_id = e.event_id),
       (SELECT CASE WHEN count(*) = 1 THEN min(c.contest_id) END FROM contests c WHERE c.timing_partner_id = e.timing_partner_id
           AND c.provider_name = 'raceroster' AND c.happening_id = e.event_id),
       e.event_id, e.name
FROM raceroster_events e
WHERE e.gone_at IS NULL
UNION ALL
SELECT 'haku', e.timing_partner_id, e.event_id, e.event_name, e.start_date, e.city, e.state, e.distance, e.fetched_date,
       to_char(to_timestamp(e.starts_at / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
       (SELECT min(c.edition_id) FROM contests c WHERE c.timing_partner_id = e.timing_partner_id
           AND c.provider_name = 'haku' AND c.happening_id = e.event_id),
       (SELECT CASE WHEN count(*) = 1 THEN min(c.contest_id) END FROM contests c WHERE c.timing_partner_id = e.timing_partner_id
           AND c.provider_name = 'haku' AND c.happening_id = e.event_id AND c.gone_at IS NULL),
       e.event_id, e.event_name
FROM haku_events e
WHERE e.gone_at IS NULL
UNION ALL
SELECT 'chronotrack', e.timing_partner_id, e.event_id, e.event_name, e.event_start_time, e.location_city, e.location_region,
       NULL, NULL, to_char(to_timestamp(e.starts_at / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
       (SELECT min(c.edition_id) FROM contests c WHERE c.timing_partner_id = e.timing_partner_id
           AND c.provider_name = 'chronotrack' AND c.happening_id = e.event_id),
       (SELECT CASE WHEN count(*) = 1 THEN min(c.contest_id) END FROM contests c WHERE c.timing_partner_id = e.timing_partner_id
           AND c.provider_name = 'chronotrack' AND c.happening_id = e.event_id),
       e.event_id, e.event_name
FROM ct_events e
WHERE e.gone_at IS NULL
UNION ALL
SELECT 'chronotrack', e.timing_partner_id, e.event_id, e.event_name, e.event_start_time, e.location_city, e.location_region,
       NULL, NULL, to_char(to_timestamp(e.starts_at / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
       (SELECT min(c.edition_id) FROM contests c WHERE c.timing_partner_id = e.timing_partner_id
           AND c.provider_name = 'chronotrack' AND c.happening_id = e.event_id),
       (SELECT CASE WHEN count(*) = 1 THEN min(c.contest_id) END FROM contests c WHERE c.timing_partner_id = e.timing_partner_id
           AND c.provider_name = 'chronotrack' AND c.happening_id = e.event_id),
       e.event_id, e.event_name
FROM ct_events_twin e
WHERE e.gone_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM ct_events o WHERE o.event_id = e.event_id AND o.timing_partner_id = e.timing_partner_id)
UNION ALL
SELECT 'copernico', e.timing_partner_id, e.event_id, e.event_name, e.event_date, e.location, NULL, e.distance_categories,
       e.fetched_date, to_char(to_timestamp(e.starts_at / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
       c.edition_id, c.contest_id, coalesce(e.competition_id, e.event_id), coalesce(e.competition_name, e.event_name)
FROM copernico_events e
LEFT JOIN contests c
  ON c.timing_partner_id = e.timing_partner_id AND c.provider_name = 'copernico' AND c.provider_contest_id = e.event_id
WHERE e.gone_at IS NULL;
