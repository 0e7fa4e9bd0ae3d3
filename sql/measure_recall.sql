-- mm_measure_recall: what an alternative finds of what exact searches find.
SET client_min_messages = warning;
CREATE TABLE things (id integer PRIMARY KEY, name text, look mmvector(2));
INSERT INTO things SELECT i, 'n' || i % 40, ARRAY[i % 30, i % 11]::mmvector FROM generate_series(1, 2000) i;
CREATE INDEX things_mm ON things USING mmdb (name, look);
VACUUM ANALYZE things;
SELECT mm_reset_query_stats('things_mm') >= 0 AS forgotten;

-- There must be queries: recorded ones, or one's own.
SELECT * FROM mm_measure_recall('things_mm');
SET mmdb.track_samples = 'objects';
SELECT count(*) FROM odbknn(NULL::things, ROW('n7', '[7,7]'::mmvector), '{1,1}', 20, 'things_mm');
SELECT count(*) FROM odbknn(NULL::things, ROW('n8', '[8,8]'::mmvector), '{1,3}', 20, 'things_mm');
SELECT count(*) FROM odbknn(NULL::things, ROW('n8', '[8,8]'::mmvector), '{0,3}', 5, 'things_mm');

-- An alternative that is exact finds all; one that finds more is not accurate; one
-- that finds what is nearest, but half of it, has half the recall.
SELECT class, measured, recall, accuracy FROM mm_measure_recall('things_mm',
	$$SELECT o.place FROM (
		SELECT t.ctid AS place, coalesce($2[1] * (name <~> ($1::jsonb ->> 'name')), 0) / mm_scale('things_mm', 'name')
			   + $2[2] * (look <-> ($1::jsonb ->> 'look')::mmvector) / mm_scale('things_mm', 'look') AS d
		FROM things t) o
	  ORDER BY d LIMIT $3$$, label => 'exact') ORDER BY 1;
SELECT class, measured, recall, accuracy FROM mm_measure_recall('things_mm',
	$$SELECT ctid FROM things$$, label => 'everything') ORDER BY 1;
SELECT class, measured, recall, accuracy FROM mm_measure_recall('things_mm',
	$$SELECT ctid FROM things ORDER BY look <-> ($1::jsonb ->> 'look')::mmvector LIMIT ($3 + 1) / 2$$, label => 'half',
	workload => $$SELECT '{"look": [3,4]}', NULL, 10$$);
SELECT class, measured, recall, accuracy FROM mm_measure_recall('things_mm',
	$$SELECT ctid FROM things WHERE false$$, label => 'nothing', queries => 1,
	workload => $$VALUES ('{"look": [3,4]}', NULL::float8[], 10), ('{"look": [5,4]}', NULL, 10)$$);
-- Late fusion finds all if its lists are as long as the table.
SELECT class, measured, recall >= 0 AND recall <= 1 AS recall, recall = accuracy AS equal,
	   exact_ms > 0 AND alternative_ms > 0 AS took
	FROM mm_measure_recall('things_mm') ORDER BY 1;
SELECT class, measured, recall FROM mm_measure_recall('things_mm', depth => 1000,
	workload => $$SELECT '{"look": [3,4]}', NULL, 10$$);

-- Labels are cut off between characters.
SELECT measured FROM mm_measure_recall('things_mm', label => repeat('é', 40),
	workload => $$SELECT '{"look": [3,4]}', NULL, 10$$);
SELECT answered_by = repeat('é', 31) AS cut_off, octet_length(answered_by) FROM mmdb.query_stats
	WHERE index_name = 'things_mm'::regclass AND answered_by LIKE 'é%';

-- It is in mmdb.query_stats, and the searches that were run for it are not.
SELECT class, answered_by, calls, rows, recall >= 0 AS recall, leaf_pages > 0 AS leaves FROM mmdb.query_stats
	WHERE index_name = 'things_mm'::regclass AND answered_by NOT LIKE 'é%' ORDER BY class COLLATE "C";
SELECT count(*) FROM mmdb.query_samples('things_mm') WHERE class LIKE '%by %';

-- What cannot be measured.
SELECT * FROM mm_measure_recall(NULL);
SELECT * FROM mm_measure_recall('things_mm', NULL);
SELECT * FROM mm_measure_recall('things_pkey');
SELECT * FROM mm_measure_recall('things_mm', queries => 0);
SELECT * FROM mm_measure_recall('things_mm', 'SELECT id FROM things');
SELECT * FROM mm_measure_recall('things_mm', 'DELETE FROM things RETURNING ctid');
SELECT * FROM mm_measure_recall('things_mm', 'VACUUM');
SELECT * FROM mm_measure_recall('things_mm', workload => 'SELECT 1');
SELECT * FROM mm_measure_recall('things_mm', workload => $$SELECT '{"look": [3,4]}', '{1,1}', 0$$);
SELECT * FROM mm_measure_recall('things_mm', workload => $$SELECT '{"color": [3,4]}', '{1,1}', 3$$);
SELECT * FROM mm_measure_recall('things_mm', workload => $$SELECT '{"look": [3,4,5]}', '{1,1}', 3$$);
SELECT * FROM mm_measure_recall('things_mm', workload => $$SELECT '{"look": [3,4]}', '{1,1,1}', 3$$);
SHOW mmdb.track;
SELECT mm_reset_query_stats('things_mm') > 0 AS forgotten;

-- mm_calibrate: what things cost here.
SELECT what, setting, present, nanoseconds > 0 AS took, measured > 0 AS measured,
	   statement = format('ALTER SYSTEM SET %s = %s', setting, measured) AS statement
	FROM mm_calibrate('things_mm');
SELECT count(*) > 8 AS rows FROM mm_calibrate();
CREATE TABLE few AS SELECT * FROM things LIMIT 500;
CREATE INDEX few_mm ON few USING mmdb (name, look);
SELECT * FROM mm_calibrate('few_mm');
SELECT * FROM mm_calibrate('things_pkey');
CREATE TABLE divided (name text) PARTITION BY LIST (name);
CREATE INDEX divided_mm ON divided USING mmdb (name);
SELECT * FROM mm_calibrate('divided_mm');
SELECT * FROM mm_measure_recall('divided_mm');
CREATE ROLE regress_mm_nobody;
SET ROLE regress_mm_nobody;
SELECT * FROM mm_calibrate('things_mm');
RESET ROLE;
DROP ROLE regress_mm_nobody;

-- Functions that an index calls run as the table's owner, whoever measures, also those that
-- are called when the index is opened; or they are not called, or it is refused.
CREATE ROLE regress_mm_owner;
GRANT CREATE ON SCHEMA public TO regress_mm_owner;
SET ROLE regress_mm_owner;
CREATE FUNCTION call(a float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF current_user <> 'regress_mm_owner' THEN
		RAISE EXCEPTION 'called with the rights of another';
	END IF;
	RETURN a;
END $$;
CREATE TABLE theirs AS SELECT i::float8 AS a, i % 100 AS b FROM generate_series(1, 2000) i;
CREATE INDEX theirs_mm ON theirs USING mmdb (a, b, (call(a) + call(1))) WHERE call(a) > call(-1);
RESET ROLE;
ALTER INDEX theirs_mm SET (fillfactor = 80);
SELECT count(*) > 8 AS rows FROM mm_calibrate('theirs_mm');
ALTER INDEX theirs_mm SET (fillfactor = 81);
SELECT column_name, count FROM mm_measure_scales('theirs_mm');
ALTER INDEX theirs_mm SET (fillfactor = 82);
SELECT count(scale) FROM mmdb.index_columns WHERE index_name = 'theirs_mm'::regclass;
ALTER INDEX theirs_mm SET (fillfactor = 83);
SELECT mmdb_index_check('theirs_mm');
ALTER INDEX theirs_mm SET (fillfactor = 84);
SELECT mm_tune('theirs_mm', $$SELECT '{"a": 5}', '{1,1,1}', 3$$, 1);
SELECT mm_advise('theirs_mm', $$SELECT '{"a": 5}', '{1,1,1}', 3$$);
SET ROLE regress_mm_owner;
SELECT count(*) > 0 AS tuned FROM mm_tune('theirs_mm',
	$$SELECT '{"a": 5}' AS query, '{1,1,1}'::float8[] AS weights, 3 AS k$$, 1,
	copy_rows => 500, confirm_rows => 0);
RESET ROLE;
DROP OWNED BY regress_mm_owner;
DROP ROLE regress_mm_owner;

-- The settings that follow from it.
SET mmdb.entry_cost = 0;
SET mmdb.entries_per_row = 0;
SET mmdb.distance_cost = 'NaN';
SET enable_seqscan = off;
CREATE FUNCTION cost(sql text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || sql INTO plan;
	RETURN plan -> 0 -> 'Plan' -> 'Total Cost';
END $$;
\set query '$$SELECT id FROM things ORDER BY (name <~> \'n7\') + (look <-> \'[1,2]\') LIMIT 3$$'
CREATE TABLE costs AS SELECT cost(:query) AS cost;
SET mmdb.entry_cost = 100;
SELECT cost(:query) > cost AS dearer FROM costs;
RESET mmdb.entry_cost;
SET mmdb.index_pages_per_miss = 1;
SELECT cost(:query) > cost AS dearer FROM costs;
RESET mmdb.index_pages_per_miss;
SET mmdb.distance_cost = 100;
SELECT cost(:query) > cost AS dearer FROM costs;
RESET mmdb.distance_cost;
DROP TABLE things, few, divided, costs;
DROP FUNCTION cost;
