-- Every row that a scoring provider holds: several per entry, one for each group that is ranked (a bracket) or split.
-- `results_time` is the chip time. `overall_place` stands only in the row of the overall bracket.
-- `status` is the word of the provider: of the entry at ChronoTrack, which has none for a result, else of the result.
CREATE VIEW unified_results AS
SELECT 'chronotrack' AS source_provider, r.timing_partner_id AS timing_partner_id, r.event_id AS event_id,
       nullif(r.results_bib, '') AS bib_number, r.results_first_name AS first_name, r.results_last_name AS last_name,
       nullif(r.results_sex, '') AS gender,
       CASE WHEN r.results_age ~ '^[0-9]{1,9}$' THEN CAST(r.results_age AS INTEGER) END AS age,
       nullif(r.results_time, '') AS results_time, nullif(r.results_gun_time, '') AS results_gun_time,
       CASE WHEN lower(trim(r.results_bracket_name)) IN ('overall', 'open') AND r.results_rank ~ '^[0-9]{1,9}$'
            THEN CAST(r.results_rank AS INTEGER) END AS overall_place,
       r.results_bracket_name AS bracket_name,
       CASE WHEN r.results_rank ~ '^[0-9]{1,9}$' THEN CAST(r.results_rank AS INTEGER) END AS bracket_place,
       CASE WHEN lower(trim(r.results_bracket_name)) IN ('overall', 'open') THEN 1 ELSE 0 END AS is_overall,
       c.edition_id AS edition_id, c.contest_id AS contest_id, r.entry_id AS entry_key,
       r.event_id || '/' || r.race_id AS provider_contest_id,
       coalesce(
           (SELECT nullif(o.entry_status, '') FROM ct_participants o
             WHERE o.entry_id = r.entry_id AND o.timing_partner_id = r.timing_partner_id AND o.gone_at IS NULL),
           (SELECT nullif(o.entry_status, '') FROM ct_participants_twin o
             WHERE o.entry_id = r.entry_id AND o.timing_partner_id = r.timing_partner_id AND o.gone_at IS NULL)) AS status
FROM ct_results r
LEFT JOIN contests c
  ON c.timing_partner_id = r.timing_partner_id AND c.provider_name = 'chronotrack'
 AND c.happening_id = r.event_id AND c.provider_contest_id = r.event_id || '/' || r.race_id
WHERE r.gone_at IS NULL
UNION ALL
SELECT 'copernico', r.timing_partner_id, r.event_id, nullif(r.bib_number, ''), r.first_name, r.last_name,
       CASE lower(trim(p.gender)) WHEN 'male' THEN 'M' WHEN 'female' THEN 'F' WHEN 'm' THEN 'M' WHEN 'f' THEN 'F'
            WHEN 'x' THEN 'X' WHEN 'non-binary' THEN 'X' END,
       CASE WHEN p.date_of_birth ~ '^[12][0-9]{3}-[01][0-9]-[0-3][0-9]'
             AND e.event_date ~ '^[12][0-9]{3}-[01][0-9]-[0-3][0-9]'
            THEN (CAST(replace(substr(e.event_date, 1, 10), '-', '') AS INTEGER)
                  - CAST(replace(substr(p.date_of_birth, 1, 10), '-', '') AS INTEGER)) / 10000 END,
       nullif(r.net_time, ''), nullif(r.total_time, ''),
       CASE WHEN r.overall_position ~ '^[1-9][0-9]{0,8}$' THEN CAST(r.overall_position AS INTEGER) END, 'Overall',
       CASE WHEN r.overall_position ~ '^[1-9][0-9]{0,8}$' THEN CAST(r.overall_position AS INTEGER) END, 1,
       c.edition_id, c.contest_id, coalesce(p.participant_id, r.participant_id), r.event_id,
       coalesce(nullif(r.status, ''), nullif(p.registration_status, ''))
FROM copernico_results r
LEFT JOIN copernico_participants p
  ON p.timing_partner_id = r.timing_partner_id AND p.event_id = r.event_id
 AND p.participant_id = CASE
     WHEN r.participant_id = 'bib:' || r.bib_number  -- the export had no ids: whoever alone has that bib in that event
     THEN (SELECT CASE WHEN count(*) = 1 THEN min(q.participant_id) END FROM copernico_participants q
           WHERE q.timing_partner_id = r.timing_partner_id AND q.event_id = r.event_id AND q.bib_number = r.bib_number
             AND q.gone_at IS NULL)
     ELSE r.participant_id END
LEFT JOIN copernico_events e ON e.timing_partner_id = r.timing_partner_id AND e.event_id = r.event_id
LEFT JOIN contests c
  ON c.timing_partner_id = r.timing_partner_id AND c.provider_name = 'copernico' AND c.provider_contest_id = r.event_id
WHERE r.gone_at IS NULL;
