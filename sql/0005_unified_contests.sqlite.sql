-- Every distance that a provider lists, gone ones too, with what it belongs to: what editions and contests are made from.
-- `starts_at` is milliseconds since 1970, as in our own tables.
CREATE VIEW unified_contests AS
SELECT e.timing_partner_id AS timing_partner_id, 'runsignup' AS source_provider,
       CAST(e.race_id AS TEXT) AS happening_id, coalesce(r.name, t.name) AS happening_name,
       CAST(e.event_id AS TEXT) AS provider_contest_id, e.name AS contest_name, nullif(trim(e.distance), '') AS distance,
       e.starts_at AS starts_at, coalesce(r.timezone, t.timezone) AS timezone, coalesce(r.city, t.city) AS city,
       coalesce(r.state, t.state) AS state, CASE WHEN upper(e.volunteer) = 'T' THEN 1 ELSE 0 END AS is_volunteer,
       coalesce(e.gone_at, r.gone_at, t.gone_at) AS gone_at
FROM runsignup_events e
LEFT JOIN runsignup_races r ON r.race_id = e.race_id AND r.timing_partner_id = e.timing_partner_id
LEFT JOIN runsignup_races_twin t ON t.timing_partner_id = e.timing_partner_id AND t.race_id = e.race_id
UNION ALL
SELECT e.timing_partner_id, 'runsignup', CAST(e.race_id AS TEXT), coalesce(r.name, t.name), CAST(e.event_id AS TEXT), e.name,
       nullif(trim(e.distance), ''), e.starts_at, coalesce(r.timezone, t.timezone), coalesce(r.city, t.city),
       coalesce(r.state, t.state), CASE WHEN upper(e.volunteer) = 'T' THEN 1 ELSE 0 END,
       coalesce(e.gone_at, r.gone_at, t.gone_at)
FROM runsignup_events_twin e
LEFT JOIN runsignup_races r ON r.race_id = e.race_id AND r.timing_partner_id = e.timing_partner_id
LEFT JOIN runsignup_races_twin t ON t.timing_partner_id = e.timing_partner_id AND t.race_id = e.race_id
WHERE NOT EXISTS (SELECT 1 FROM runsignup_events o WHERE o.event_id = e.event_id AND o.timing_partner_id = e.timing_partner_id)
UNION ALL
SELECT s.timing_partner_id, 'raceroster', s.event_id, e.name, s.event_id || '/' || s.sub_event_id, s.name,
       nullif(trim(s.distance), ''), coalesce(s.starts_at, e.starts_at), e.timezone, e.city, e.state,
       CASE WHEN lower(s.kind) = 'volunteer' THEN 1 ELSE 0 END, coalesce(s.gone_at, e.gone_at)
FROM raceroster_sub_events s
LEFT JOIN raceroster_events e ON e.timing_partner_id = s.timing_partner_id AND e.event_id = s.event_id
UNION ALL
SELECT k.timing_partner_id, 'haku', k.event_id, e.event_name, k.event_id || '/' || k.category_id,
       CASE WHEN k.master_name IS NOT NULL AND EXISTS (
                SELECT 1 FROM haku_categories o WHERE o.timing_partner_id = k.timing_partner_id AND o.event_id = k.event_id
                   AND o.name = k.name AND o.category_id <> k.category_id AND o.gone_at IS NULL)
            THEN k.master_name || ' ' || k.name ELSE k.name END,  -- a 5K to run and one to walk
       k.distance, coalesce(k.starts_at, e.starts_at), NULL, e.city, e.state,
       CASE WHEN k.distance IS NULL AND lower(k.name) LIKE '%volunteer%' THEN 1 ELSE 0 END, coalesce(k.gone_at, e.gone_at)
FROM haku_categories k
LEFT JOIN haku_events e ON e.timing_partner_id = k.timing_partner_id AND e.event_id = k.event_id
UNION ALL
SELECT e.timing_partner_id, 'haku', e.event_id, e.event_name, e.event_id, e.event_name, nullif(trim(e.distance), ''), e.starts_at,
       NULL, e.city, e.state, 0, e.gone_at
FROM haku_events e
WHERE NOT EXISTS (SELECT 1 FROM haku_categories k WHERE k.timing_partner_id = e.timing_partner_id AND k.event_id = e.event_id
                     AND k.gone_at IS NULL)  -- distances show with the people only
UNION ALL
SELECT r.timing_partner_id, 'chronotrack', r.event_id, coalesce(e.event_name, t.event_name), r.event_id || '/' || r.race_id,
       r.race_name, nullif(trim(r.race_course_distance), ''), coalesce(r.starts_at, e.starts_at, t.starts_at),
       coalesce(e.location_time_zone, t.location_time_zone),
       coalesce(e.location_city, t.location_city), coalesce(e.location_region, t.location_region), 0,
       coalesce(r.gone_at, e.gone_at, t.gone_at)
FROM ct_races r
LEFT JOIN ct_events e ON e.event_id = r.event_id AND e.timing_partner_id = r.timing_partner_id
LEFT JOIN ct_events_twin t ON t.timing_partner_id = r.timing_partner_id AND t.event_id = r.event_id
UNION ALL
SELECT r.timing_partner_id, 'chronotrack', r.event_id, coalesce(e.event_name, t.event_name), r.event_id || '/' || r.race_id,
       r.race_name, nullif(trim(r.race_course_distance), ''), coalesce(r.starts_at, e.starts_at, t.starts_at),
       coalesce(e.location_time_zone, t.location_time_zone),
       coalesce(e.location_city, t.location_city), coalesce(e.location_region, t.location_region), 0,
       coalesce(r.gone_at, e.gone_at, t.gone_at)
FROM ct_races_twin r
LEFT JOIN ct_events e ON e.event_id = r.event_id AND e.timing_partner_id = r.timing_partner_id
LEFT JOIN ct_events_twin t ON t.timing_partner_id = r.timing_partner_id AND t.event_id = r.event_id
WHERE NOT EXISTS (SELECT 1 FROM ct_races o WHERE o.race_id = r.race_id AND o.event_id = r.event_id
                     AND o.timing_partner_id = r.timing_partner_id)
UNION ALL
SELECT e.timing_partner_id, 'copernico', coalesce(e.competition_id, e.event_id), coalesce(e.competition_name, e.event_name),
       e.event_id, e.event_name, nullif(trim(e.distance_categories), ''), e.starts_at, e.timezone, e.location, NULL, 0, e.gone_at
FROM copernico_events e;
