-- Everybody who signed up or stands on a scoring list, the same way at all five providers. Who is gone is left out.
-- Every read names the partner: the condition is pushed into each branch and uses that table's index.
CREATE VIEW unified_participants AS
SELECT 'runsignup' AS source_provider, p.timing_partner_id AS timing_partner_id,
       CAST(coalesce(p.event_id, p.race_id) AS TEXT) AS event_id,
       p.first_name AS first_name, p.last_name AS last_name, p.email AS email, nullif(p.gender, '') AS gender,
       nullif(p.bib_num, '') AS bib_number, p.city AS city, p.state AS state, p.age AS age,
       p.registration_date AS registration_date,
       c.edition_id AS edition_id, c.contest_id AS contest_id, CAST(p.registration_id AS TEXT) AS registration_key,
       p.dob AS date_of_birth, p.country_code AS country, p.team_name AS team_name, CAST(NULL AS TEXT) AS external_id,
       CAST(NULL AS TEXT) AS entry_status
FROM runsignup_participants p
LEFT JOIN contests c
  ON c.timing_partner_id = p.timing_partner_id AND c.provider_name = 'runsignup'
 AND c.provider_contest_id = CAST(p.event_id AS TEXT)
WHERE p.gone_at IS NULL
UNION ALL
SELECT 'raceroster', p.timing_partner_id, p.event_id, p.first_name, p.last_name, p.email,
       CASE lower(trim(p.gender)) WHEN '1' THEN 'M' WHEN '2' THEN 'F' WHEN '9' THEN 'X' WHEN 'm' THEN 'M' WHEN 'f' THEN 'F'
            WHEN 'x' THEN 'X' WHEN 'male' THEN 'M' WHEN 'female' THEN 'F' WHEN 'non-binary' THEN 'X' END,
       nullif(p.bib_number, ''), p.city, p.state,
       CASE WHEN p.date_of_birth ~ '^[12][0-9]{3}-[01][0-9]-[0-3][0-9]'
             AND e.start_date ~ '^[12][0-9]{3}-[01][0-9]-[0-3][0-9]'
            THEN (CAST(replace(substr(e.start_date, 1, 10), '-', '') AS INTEGER)
                  - CAST(replace(substr(p.date_of_birth, 1, 10), '-', '') AS INTEGER)) / 10000 END,
       p.registration_date, c.edition_id, c.contest_id, p.registration_id,
       p.date_of_birth, p.country, p.team_name, NULL, NULL
FROM raceroster_participants p
LEFT JOIN raceroster_events e ON e.timing_partner_id = p.timing_partner_id AND e.event_id = p.event_id
LEFT JOIN contests c
  ON c.timing_partner_id = p.timing_partner_id AND c.provider_name = 'raceroster'
 AND c.happening_id = p.event_id AND c.provider_contest_id = p.event_id || '/' || p.sub_event_id
WHERE p.gone_at IS NULL AND coalesce(p.registration_status, '') <> 'inactive' AND p.sub_event_id IS NOT NULL
UNION ALL
SELECT 'raceroster', p.timing_partner_id, p.event_id, p.first_name, p.last_name, p.email,
       CASE lower(trim(p.gender)) WHEN '1' THEN 'M' WHEN '2' THEN 'F' WHEN '9' THEN 'X' WHEN 'm' THEN 'M' WHEN 'f' THEN 'F'
            WHEN 'x' THEN 'X' WHEN 'male' THEN 'M' WHEN 'female' THEN 'F' WHEN 'non-binary' THEN 'X' END,
       nullif(p.bib_number, ''), p.city, p.state,
       CASE WHEN p.date_of_birth ~ '^[12][0-9]{3}-[01][0-9]-[0-3][0-9]'
             AND e.start_date ~ '^[12][0-9]{3}-[01][0-9]-[0-3][0-9]'
            THEN (CAST(replace(substr(e.start_date, 1, 10), '-', '') AS INTEGER)
                  - CAST(replace(substr(p.date_of_birth, 1, 10), '-', '') AS INTEGER)) / 10000 END,
       p.registration_date,
       (SELECT min(c.edition_id) FROM contests c WHERE c.timing_partner_id = p.timing_partner_id
           AND c.provider_name = 'raceroster' AND c.happening_id = p.event_id),
       (SELECT CASE WHEN count(*) = 1 THEN min(c.contest_id) END FROM contests c WHERE c.timing_partner_id = p.timing_partner_id
           AND c.provider_name = 'raceroster' AND c.happening_id = p.event_id),
       p.registration_id,
       p.date_of_birth, p.country, p.team_name, NULL, NULL
FROM raceroster_participants p
LEFT JOIN raceroster_events e ON e.timing_partner_id = p.timing_partner_id AND e.event_id = p.event_id
WHERE p.gone_at IS NULL AND coalesce(p.registration_status, '') <> 'inactive' AND p.sub_event_id IS NULL
UNION ALL
SELECT 'haku', p.timing_partner_id, p.event_id, p.first_name, p.last_name, p.email,
       CASE lower(trim(p.gender)) WHEN 'm' THEN 'M' WHEN 'f' THEN 'F' WHEN 'x' THEN 'X' WHEN 'male' THEN 'M'
            WHEN 'female' THEN 'F' WHEN 'non-binary' THEN 'X' WHEN 'nonbinary' THEN 'X' END,
       nullif(p.bib_number, ''), p.city, p.state,
       CASE WHEN p.date_of_birth ~ '^[12][0-9]{3}-[01][0-9]-[0-3][0-9]'
             AND e.start_date ~ '^[12][0-9]{3}-[01][0-9]-[0-3][0-9]'
            THEN (CAST(replace(substr(e.start_date, 1, 10), '-', '') AS INTEGER)
                  - CAST(replace(substr(p.date_of_birth, 1, 10), '-', '') AS INTEGER)) / 10000 END,
       p.registration_date, c.edition_id, c.contest_id, p.participant_id,
       p.date_of_birth, p.country, p.team_affiliation, NULL, NULL
FROM haku_participants p
LEFT JOIN haku_events e ON e.timing_partner_id = p.timing_partner_id AND e.event_id = p.event_id
LEFT JOIN contests c
  ON c.timing_partner_id = p.timing_partner_id AND c.provider_name = 'haku'
 AND c.happening_id = p.event_id AND c.provider_contest_id = p.event_id || '/' || p.category_id
WHERE p.gone_at IS NULL AND coalesce(p.registration_status, '') NOT IN ('cancelled', 'inactive') AND p.category_id IS NOT NULL
UNION ALL
SELECT 'haku', p.timing_partner_id, p.event_id, p.first_name, p.last_name, p.email,
       CASE lower(trim(p.gender)) WHEN 'm' THEN 'M' WHEN 'f' THEN 'F' WHEN 'x' THEN 'X' WHEN 'male' THEN 'M'
            WHEN 'female' THEN 'F' WHEN 'non-binary' THEN 'X' WHEN 'nonbinary' THEN 'X' END,
       nullif(p.bib_number, ''), p.city, p.state,
       CASE WHEN p.date_of_birth ~ '^[12][0-9]{3}-[01][0-9]-[0-3][0-9]'
             AND e.start_date ~ '^[12][0-9]{3}-[01][0-9]-[0-3][0-9]'
            THEN (CAST(replace(substr(e.start_date, 1, 10), '-', '') AS INTEGER)
                  - CAST(replace(substr(p.date_of_birth, 1, 10), '-', '') AS INTEGER)) / 10000 END,
       p.registration_date,
       (SELECT min(c.edition_id) FROM contests c WHERE c.timing_partner_id = p.timing_partner_id
           AND c.provider_name = 'haku' AND c.happening_id = p.event_id),
       (SELECT CASE WHEN count(*) = 1 THEN min(c.contest_id) END FROM contests c WHERE c.timing_partner_id = p.timing_partner_id
           AND c.provider_name = 'haku' AND c.happening_id = p.event_id AND c.gone_at IS NULL),
       p.participant_id,
       p.date_of_birth, p.country, p.team_affiliation, NULL, NULL
FROM haku_participants p
LEFT JOIN haku_events e ON e.timing_partner_id = p.timing_partner_id AND e.event_id = p.event_id
WHERE p.gone_at IS NULL AND coalesce(p.registration_status, '') NOT IN ('cancelled', 'inactive') AND p.category_id IS NULL
UNION ALL
SELECT 'chronotrack', p.timing_partner_id, p.event_id, p.athlete_first_name, p.athlete_last_name, p.athlete_email,
       nullif(p.athlete_sex, ''), nullif(p.entry_bib, ''), p.location_city, p.location_region,
       CASE WHEN p.entry_race_age ~ '^[0-9]{1,9}$' THEN CAST(p.entry_race_age AS INTEGER) END,
       NULL, c.edition_id, c.contest_id, p.entry_id,
       p.athlete_birthdate, p.location_country, p.team_name, nullif(p.entry_external_id, ''), p.entry_status
FROM ct_participants p
LEFT JOIN contests c
  ON c.timing_partner_id = p.timing_partner_id AND c.provider_name = 'chronotrack'
 AND c.happening_id = p.event_id AND c.provider_contest_id = p.event_id || '/' || p.race_id
WHERE p.gone_at IS NULL
UNION ALL
SELECT 'chronotrack', p.timing_partner_id, p.event_id, p.athlete_first_name, p.athlete_last_name, p.athlete_email,
       nullif(p.athlete_sex, ''), nullif(p.entry_bib, ''), p.location_city, p.location_region,
       CASE WHEN p.entry_race_age ~ '^[0-9]{1,9}$' THEN CAST(p.entry_race_age AS INTEGER) END,
       NULL, c.edition_id, c.contest_id, p.entry_id,
       p.athlete_birthdate, p.location_country, p.team_name, nullif(p.entry_external_id, ''), p.entry_status
FROM ct_participants_twin p
LEFT JOIN contests c
  ON c.timing_partner_id = p.timing_partner_id AND c.provider_name = 'chronotrack'
 AND c.happening_id = p.event_id AND c.provider_contest_id = p.event_id || '/' || p.race_id
WHERE p.gone_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM ct_participants o WHERE o.entry_id = p.entry_id AND o.timing_partner_id = p.timing_partner_id)
UNION ALL
SELECT 'copernico', p.timing_partner_id, p.event_id, p.first_name, p.last_name, NULL,
       CASE lower(trim(p.gender)) WHEN 'male' THEN 'M' WHEN 'female' THEN 'F' WHEN 'm' THEN 'M' WHEN 'f' THEN 'F'
            WHEN 'x' THEN 'X' WHEN 'non-binary' THEN 'X' END,
       nullif(p.bib_number, ''), NULL, NULL,
       CASE WHEN p.date_of_birth ~ '^[12][0-9]{3}-[01][0-9]-[0-3][0-9]'
             AND e.event_date ~ '^[12][0-9]{3}-[01][0-9]-[0-3][0-9]'
            THEN (CAST(replace(substr(e.event_date, 1, 10), '-', '') AS INTEGER)
                  - CAST(replace(substr(p.date_of_birth, 1, 10), '-', '') AS INTEGER)) / 10000 END,
       NULL, c.edition_id, c.contest_id, p.participant_id,
       p.date_of_birth, p.nationality, p.club_team, nullif(p.external_id, ''), p.registration_status
FROM copernico_participants p
LEFT JOIN copernico_events e ON e.timing_partner_id = p.timing_partner_id AND e.event_id = p.event_id
LEFT JOIN contests c
  ON c.timing_partner_id = p.timing_partner_id AND c.provider_name = 'copernico' AND c.provider_contest_id = p.event_id
WHERE p.gone_at IS NULL;
