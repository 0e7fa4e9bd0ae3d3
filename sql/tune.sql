-- Tuning an index, advice about it, and what applies that.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE FUNCTION chance(integer, integer) RETURNS float8 LANGUAGE sql IMMUTABLE AS
	$$ SELECT (hashint8($1::bigint * 1000003 + $2) & 1048575) / 1048576.0 $$;
CREATE TABLE flats (
	id integer PRIMARY KEY,
	price float8,
	place point,
	name text NOT NULL,
	rooms mmvector(6),
	floor integer,
	let boolean
);
INSERT INTO flats
	SELECT i, CASE WHEN i % 17 > 0 THEN chance(i, 1) END, point(chance(i, 2), chance(i, 3)),
		   substr(md5(i::text), 1, 4 + i % 5),
		   ARRAY[chance(i, 5), chance(i, 6), chance(i, 7), chance(i, 8), chance(i, 9), chance(i, 10)]::mmvector,
		   i % 9, i % 50 = 0
	FROM generate_series(1, 2500) i;
CREATE INDEX flats_mm ON flats USING mmdb (price, place, name, rooms, floor) WITH (subindexes = none);
ANALYZE flats;
-- Nine queries of ten weigh two columns.
CREATE TABLE searches AS
	SELECT id AS key, CASE WHEN id % 10 = 0 THEN '{1,1,1,1,1}'::float8[] ELSE '{0,1,0,2,0}' END AS weights, 10 AS k
	FROM flats WHERE id <= 30;

-- Each step has what it took.  The same seed takes the same steps; DDPG takes others.
CREATE TABLE steps AS SELECT * FROM mm_tune('flats_mm', 'TABLE searches', steps => 6, copy_rows => 2000);
SELECT step, phase, knobs ? 'pivots' AS knobs, latency_ms > 0 AND throughput > 0 AND work > 0 AND pages > 0
	AND entries > 0 AND rows_read > 0 AND distances > 0 AND index_bytes > 0 AND build_s > 0 AS figures,
	gain <= best_gain OR step IS NULL AS best, cardinality(statements) > 0 AS statements
FROM steps;
SELECT count(*) AS steps, count(*) FILTER (WHERE (s.knobs, s.work, s.pages, s.entries, s.reward_value, s.gain)
	IS DISTINCT FROM (l.knobs, l.work, l.pages, l.entries, l.reward_value, l.gain)) AS different
FROM steps s FULL JOIN mm_tune('flats_mm', 'TABLE searches', steps => 6, copy_rows => 2000) l
	ON l.phase = s.phase AND l.step IS NOT DISTINCT FROM s.step;
SELECT method, reward, count(*), count(DISTINCT knobs) > 3 AS moves, bool_and(gain <= best_gain) AS best
FROM (VALUES ('ddpg', 'exponential'), ('ddpg', 'logarithmic'), ('ddpg', 'penalty'), ('random', 'penalty'))
		m(method, reward),
	LATERAL mm_tune('flats_mm', 'TABLE searches', 5, method, reward, copy_rows => 1000) t
WHERE step IS NOT NULL GROUP BY method, reward ORDER BY method, reward;
-- A reward, as OneDB has it: for being so much better than the defaults and than the step before.
WITH gains AS (
	SELECT step, reward_value AS r, gain AS since, 1 - (1 - gain) / (1 - lag(gain) OVER (ORDER BY step)) AS before
	FROM mm_tune('flats_mm', 'TABLE searches', 4, 'ddpg', 'exponential', copy_rows => 1000)
	WHERE step IS NOT NULL)
SELECT step, abs(r - sign(since) * (exp(abs(since)) - 1) * exp(sign(since) * before)) < 1e-9 AS exponential
FROM gains WHERE step > 0 ORDER BY step;
-- What was found stays in the session, and no copy of the table.
SELECT count(*) FROM mmdb.last_tuning();
SELECT count(*) FROM pg_class WHERE relname LIKE 'mmdb_trial%';

-- An error, or whoever cancels, leaves no copy either, and what was found until then.
CREATE SEQUENCE ticks;
SELECT count(*) FROM mm_tune('flats_mm', $$SELECT key, weights, k,
	'1 / (20000 - nextval(''ticks'')) IS NOT NULL' AS filter FROM searches$$, 1000, copy_rows => 300);
SELECT count(*) BETWEEN 1 AND 999 FROM mmdb.last_tuning();
SELECT count(*) FROM pg_class WHERE relname LIKE 'mmdb_trial%';
DROP SEQUENCE ticks;

-- Some knobs only; and settings, in the table itself.
SELECT step, knobs, statements FROM mm_tune('flats_mm', 'TABLE searches', 2,
	knob_names => '{fillfactor,subindexes.name}', copy_rows => 1000) WHERE step = 0;
ALTER INDEX flats_mm SET (pivots = 2, subindexes = 'name mvp');
SELECT step, knobs, statements FROM mm_tune('flats_mm', 'TABLE searches', 1,
	knob_names => '{fillfactor,subindexes.floor}', copy_rows => 1000) WHERE step = 0;
ALTER INDEX flats_mm SET (pivots = 0, subindexes = none);
SELECT step, phase, (SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(knobs) k) AS knobs, index_bytes
FROM mm_tune('flats_mm', 'TABLE searches', 1, knob_names => '{session}');
SELECT phase, count(*) FROM mm_tune('flats_mm', 'TABLE searches', 5, knob_names => '{index,mmdb.driver}',
	copy_rows => 500)
GROUP BY phase ORDER BY phase;
SHOW mmdb.driver;

-- Other workloads: keys of rows, radii, filters, JSON, odbquery; names of columns in any order.
SELECT count(*) FROM mm_tune('flats_mm', 'SELECT i AS key, 0.2 AS radius, 3 AS calls FROM generate_series(1, 4) i',
	1, copy_rows => 500);
SELECT count(*) FROM mm_tune('flats_mm', $$SELECT '{"name": "abc", "price": 0.5}', '{"name": 1}', 5,
	'let AND floor < 5' AS filter$$, 1, copy_rows => 500);
SELECT count(*) FROM mm_tune('flats_mm', $$SELECT odbquery(ROW(price, place, name, rooms, floor), '{1,2,3,4,5}')
	FROM flats LIMIT 6$$, 1, copy_rows => 500);

-- Advice.
SELECT change, statements, pages_after < pages_before AS pages, gain > 0.1 AS gain,
	gain_low <= gain AND gain <= gain_high AS interval, bytes_after > bytes_before AS larger, certainty
FROM mm_advise('flats_mm', 'TABLE searches', copy_rows => 2000) WHERE change LIKE 'add an index%';
SELECT change, statements, regexp_replace(reason, ' It saves .*', '') AS reason FROM mm_advise('flats_mm',
	$$SELECT key, '{1,1,1,0,1}' AS weights, 10 AS k, 'let' AS filter FROM searches$$)
WHERE change LIKE 'leave%' OR change LIKE '%B-tree%' ORDER BY change;
-- A change that spares space only.
CREATE TABLE slim AS SELECT i AS id, sin(i) AS x, cos(i * 2) AS y FROM generate_series(1, 2000) i;
CREATE INDEX slim_mm ON slim USING mmdb (x, y) WITH (subindexes = 'x rtree');
SELECT change, gain < 0.05 AS no_gain, regexp_replace(reason, '[0-9]+', '#') AS reason
FROM mm_advise('slim_mm', $$SELECT odbquery(ROW(x, y), '{1,1}') FROM slim WHERE id % 100 = 0$$)
WHERE change = 'drop the sub-indexes';
DROP TABLE slim;
-- Searches of many other kinds do not hide the most frequent one: an index over all columns
-- that these weigh would spare little.
CREATE VIEW mixed AS
	SELECT key, CASE key % 10 WHEN 0 THEN '{1,1,1,1,1}'::float8[] WHEN 1 THEN '{0,1,1,2,0}' WHEN 2 THEN '{1,1,0,2,0}'
						WHEN 3 THEN '{1,1,1,2,0}' ELSE '{0,1,0,2,0}' END AS weights, k
	FROM searches;
SELECT change, gain > 0.05 AS gain FROM mm_advise('flats_mm', 'TABLE mixed') WHERE change LIKE 'add an index%';
-- What is promising is tried again in a larger copy, or is not.
SELECT DISTINCT c, certainty
FROM unnest('{0,2200,10000}'::integer[]) c,
	mm_advise('flats_mm', 'TABLE searches', copy_rows => 2000, confirm_rows => c)
WHERE change LIKE 'add an index%' ORDER BY c;
SELECT count(*) FROM pg_class WHERE relname LIKE 'mmdb_trial%';
-- An index over those columns that is there already is not advised once more.
CREATE INDEX flats_fewer ON flats USING mmdb (price, place, name, floor);
SELECT count(*) FROM mm_advise('flats_mm',
	$$SELECT key, '{1,1,1,0,1}' AS weights, 10 AS k, 'let' AS filter FROM searches$$) WHERE change LIKE 'leave%';
DROP INDEX flats_fewer;
-- Rules.
CREATE TABLE moved AS TABLE flats;
ANALYZE moved;
ALTER TABLE moved ADD PRIMARY KEY (id);
CREATE INDEX moved_mm ON moved USING mmdb (price, place, name, rooms, floor);
UPDATE moved SET price = 10 * price;
SELECT change, statements, certainty FROM mm_advise('moved_mm', 'TABLE searches')
WHERE certainty LIKE 'a rule%' ORDER BY change;
DROP TABLE moved;

-- Applying it.
SELECT statements AS statements FROM mm_advise('flats_mm', 'TABLE searches', copy_rows => 2000)
WHERE change LIKE 'add an index%' \gset
CALL mm_apply_advice(:'statements');
SELECT index_name, string_agg(column_name, ', ' ORDER BY column_number) FROM mmdb.index_columns
WHERE table_name = 'flats'::regclass GROUP BY index_name ORDER BY index_name;
-- That index is there now.
SELECT count(*) FROM mm_advise('flats_mm', 'TABLE searches', copy_rows => 2000) WHERE change LIKE 'add an index%';
DROP INDEX flats_mm_part;
SELECT statements AS statements FROM steps WHERE phase = 'index' AND step = 2 \gset
CALL mm_apply_advice(:'statements');
SELECT mmdb_index_check('flats_mm');
ALTER INDEX flats_mm RESET (pivots, sample_rows, fillfactor, subindexes, weights);
CREATE INDEX flats_new ON flats USING mmdb (place, name);
CALL mmdb.replace_index('flats_mm', 'flats_new');
SELECT indexdef FROM pg_indexes WHERE tablename = 'flats' AND indexname LIKE '%mm';
CALL mmdb.replace_index('flats_mm', 'flats_mm');
CALL mmdb.replace_index('flats_mm', 'flats_pkey');
CREATE INDEX flats_new ON flats USING mmdb (price, place, name, rooms, floor);
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'flats_new'::regclass;
CALL mmdb.replace_index('flats_mm', 'flats_new');
UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'flats_new'::regclass;
CALL mmdb.replace_index('flats_mm', 'flats_new');
CALL mm_apply_advice('{DROP TABLE flats}');
CALL mm_apply_advice('{ALTER TABLE flats DISABLE ROW LEVEL SECURITY}');
CALL mm_apply_advice('{ALTER INDEX flats_mm OWNER TO pg_monitor}');
CALL mm_apply_advice('{CALL something()}');
CALL mm_apply_advice('{SET SESSION AUTHORIZATION pg_monitor}');
CALL mm_apply_advice('{SET role = pg_monitor}');
CALL mm_apply_advice('{ANALYZE}');
CALL mm_apply_advice('{REINDEX TABLE flats}');
CALL mm_apply_advice(ARRAY[NULL]);

-- The default workload is what was recorded: sums in plain SQL, odbknn, radii, filters;
-- without query objects and with them.  Trials are not recorded, whatever mmdb.track says.
SELECT mm_tune('flats_mm');
SET enable_seqscan = off;
SELECT count(*) FROM (SELECT FROM flats ORDER BY (place <-> '(0.5,0.5)') + (name <~> 'abc') / 20 LIMIT 10) s;
-- One search without an object is repeated with rows of the table.
SELECT count(*) AS rows
FROM mm_tune('flats_mm', steps => 1, copy_rows => 500);
SELECT count(*) FROM (SELECT * FROM flats WHERE id <= 12) q,
	LATERAL (SELECT FROM flats f ORDER BY (f.place <-> q.place) + (f.name <~> q.name) / 20 LIMIT 10) s;
SELECT count(*) FROM flats WHERE (place <-> '(0.5,0.5)') + (name <~> 'abc') / 20 <= 0.2;
SELECT count(*) FROM (SELECT FROM flats WHERE let ORDER BY (place <-> '(0.5,0.5)') + (name <~> 'b') / 20 LIMIT 3) s;
SET mmdb.track_samples = objects;
SELECT count(*) FROM odbknn(NULL::flats, '{"name": "abc", "place": "(0.1,0.9)"}'::odbvalues, NULL, 7);
SELECT count(*) > 0 FROM odbrange(NULL::flats, '{"name": "abcd", "floor": 3}'::odbvalues, NULL, 0.3);
SELECT count(*) FROM (SELECT FROM flats ORDER BY (place <-> '(0.7,0.2)') + (name <~> '1f') / 20 LIMIT 10) s;
-- These are nothing that odbknn could ask for.
SELECT count(*) FROM flats WHERE (place <-> '(0.5,0.5)') + (name <~> 'abc') / 20 <= -1;
SELECT count(*) FROM (SELECT FROM flats ORDER BY (place <-> NULL) + (name <~> 'abc') / 20 LIMIT 3) s;
RESET enable_seqscan;
SELECT class, answered_by, calls, samples FROM mmdb.query_stats WHERE index_name = 'flats_mm'::regclass
ORDER BY class COLLATE "C";
SELECT count(*) AS samples, count(query) AS objects, count(weights) AS weights FROM mmdb.query_samples('flats_mm');
INSERT INTO mmdb.weight_profile (name, columns, weights)
	VALUES ('tuned', '{price,place,name,rooms,floor}', '{1,1,1,1,1}');
CREATE TABLE recorded AS SELECT index_id, class, answered_by, calls FROM mmdb.query_stats
WHERE database = current_database();
SET mmdb.track = 'all';
SELECT count(*) FROM mm_tune('flats_mm', steps => 2, copy_rows => 1000);
SELECT count(*) FROM mm_tune('flats_mm', steps => 1, knob_names => '{session}');
SELECT count(*) > 0 AS advice FROM mm_advise('flats_mm', copy_rows => 1000);
SELECT count(*) FROM mm_tune('flats_mm', $$SELECT key, weights, k, 'mm_weights(''tuned'') IS NOT NULL' AS filter
	FROM searches$$, 1, copy_rows => 500);
RESET mmdb.track;
RESET mmdb.track_samples;
SELECT count(*) AS changed
FROM recorded r FULL JOIN (SELECT * FROM mmdb.query_stats WHERE database = current_database()) s
	USING (index_id, class, answered_by)
WHERE s.calls IS DISTINCT FROM r.calls;
SELECT count(*) FROM mmdb.profile_use WHERE profile = 'tuned';
DELETE FROM mmdb.weight_profile WHERE name = 'tuned';
DROP TABLE recorded;

-- What saves little is not recommended: for other searches, it may be a loss.
SELECT max(best_gain) > 0 AND max(best_gain) < 0.05 AS little,
	count(*) FILTER (WHERE step IS NULL AND statements = '{}') AS defaults
FROM mm_tune('flats_mm', 'TABLE searches', 4, 'random', knob_names => '{fillfactor}');

-- A knob that does not matter is set back, whatever the best step has.
CREATE TABLE steps_of_all AS
	SELECT *, knobs - 'weights' AS others
	FROM mm_tune('flats_mm', 'TABLE searches', 8, 'random', knob_names => '{weights,subindexes}');
SELECT best.others <> first.others AS best_differs, result.others = first.others AS set_back, result.gain > 0.05 AS gain
FROM steps_of_all first, steps_of_all result,
	(SELECT others FROM steps_of_all WHERE step > 0 ORDER BY gain DESC LIMIT 1) best
WHERE first.step = 0 AND result.step IS NULL;
DROP TABLE steps_of_all;

-- What six searches are tuned for is recommended only if other searches confirm it.  These
-- are measured in the table, before and after.
CREATE VIEW evenly AS
	SELECT id AS key, 10 AS k,
		   ARRAY[chance(id, 21), chance(id, 22), chance(id, 23), chance(id, 24), chance(id, 25)] AS weights
	FROM flats;
CREATE FUNCTION work_of_others() RETURNS float8 LANGUAGE sql AS $$
	SELECT work
	FROM mm_tune('flats_mm', 'SELECT * FROM evenly WHERE key > 2400', 1, queries => 100, knob_names => '{work_mem}')
	WHERE step = 0 $$;
SELECT work_of_others() AS before \gset
SELECT statements AS statements
FROM mm_tune('flats_mm', 'SELECT * FROM evenly WHERE key <= 6', 10, copy_rows => 1000) WHERE step IS NULL \gset
CALL mm_apply_advice(:'statements');
SELECT work_of_others() <= 1.02 * :before AS no_worse;
ALTER INDEX flats_mm RESET (pivots, sample_rows, fillfactor, subindexes, weights);
REINDEX INDEX flats_mm;
DROP FUNCTION work_of_others;
DROP VIEW evenly;

-- An index of a copy learns from the same rows as the table's own, by their key.
CREATE TABLE keyed (b integer, name text, a text, x float8, PRIMARY KEY (a, b));
INSERT INTO keyed SELECT i, substr(md5(i::text), 1, 6 + i % 20), i % 5, chance(i, 1) FROM generate_series(1, 3000) i;
CREATE INDEX keyed_mm ON keyed USING mmdb (x, name) WITH (sample_rows = 500, pivots = 3, subindexes = none);
ANALYZE keyed;
CREATE VIEW objects AS SELECT jsonb_build_object('x', x, 'name', name) AS query FROM keyed WHERE b <= 30;
SELECT c.entries = t.entries AS entries, c.rows_read = t.rows_read AS rows
FROM mm_tune('keyed_mm', 'TABLE objects', 1, knob_names => '{fillfactor}') c,
	mm_tune('keyed_mm', 'TABLE objects', 1, knob_names => '{work_mem}') t
WHERE c.step = 0 AND t.step = 0;
DROP TABLE keyed CASCADE;

-- Bad input.
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT mm_tune('flats_mm', 'TABLE searches', knob_names => '{speed}');
SELECT mm_tune('flats_mm', 'TABLE searches', knob_names => '{}');
SELECT mm_tune('flats_mm', 'TABLE searches', method => 'magic');
SELECT mm_tune('flats_mm', 'TABLE searches', reward => NULL);
SELECT mm_tune('flats_mm', 'TABLE searches', steps => 0);
SELECT mm_tune('flats_pkey', 'TABLE searches');
SELECT mm_tune('flats_mm', 'SELECT s AS query FROM searches s LIMIT 3');
SELECT mm_tune('flats_mm', 'SELECT f AS query FROM flats f');
SELECT mm_tune('flats_mm', 'SELECT 1 AS key, 2 AS number, 3, 4 AS speed');
SELECT mm_tune('flats_mm', 'SELECT ROW(1, 2)');
SELECT mm_tune('flats_mm', 'SELECT key, ''{0,0,0,0,0}''::float8[] AS weights FROM searches');
SELECT mm_tune('flats_mm', 'TABLE searches LIMIT 0');
SELECT mm_tune('flats_mm', 'SELECT key, weights, 0 AS k FROM searches');
SELECT mm_tune('flats_mm', 'DELETE FROM searches RETURNING *');
SELECT mm_tune('flats_mm', 'SELECT key, weights, k, ''id IN (SELECT 1)'' AS filter FROM searches');
SELECT mm_tune('flats_mm', 'SELECT key, weights, 5 AS k, 0.1 AS radius FROM searches');
SELECT mm_tune('flats_mm', 'SELECT key, weights, 5 AS k, 10 AS k FROM searches');
SELECT mm_tune('flats_mm', 'SELECT key, 5 AS weights, 10 AS weights FROM searches');
CREATE FUNCTION writes() RETURNS integer LANGUAGE sql VOLATILE AS 'DELETE FROM searches; SELECT 5';
SELECT mm_tune('flats_mm', 'SELECT key, weights, writes() AS k FROM searches');
DROP FUNCTION writes();
CREATE TABLE regress_empty (a integer, b text);
CREATE INDEX regress_empty_mm ON regress_empty USING mmdb (a, b);
SELECT mm_tune('regress_empty_mm', 'SELECT ROW(1, ''a'')');
SELECT mm_advise('regress_empty_mm', 'SELECT ROW(1, ''a'')');
-- What was refused leaves the transaction as it was.
INSERT INTO regress_empty VALUES (1, 'a');
DROP TABLE regress_empty;
SELECT mm_advise('flats_mm', 'TABLE searches', least_gain => 1);
BEGIN READ ONLY;
SELECT mm_advise('flats_mm', 'TABLE searches');
ROLLBACK;
-- Settings need no copy.
BEGIN READ ONLY;
SELECT count(*) FROM mm_tune('flats_mm', 'TABLE searches', 1, knob_names => '{session}');
ROLLBACK;

-- Rights are the caller's own.
CREATE ROLE regress_tuner;
SELECT format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()) \gexec
GRANT SELECT ON searches TO regress_tuner;
SET ROLE regress_tuner;
SELECT mm_tune('flats_mm', 'TABLE searches', 1);
RESET ROLE;
GRANT SELECT ON flats TO regress_tuner;
SET ROLE regress_tuner;
\set VERBOSITY terse
SELECT mm_tune('flats_mm', 'TABLE searches', 1);
RESET ROLE;
SELECT format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database()) \gexec
SET ROLE regress_tuner;
SELECT count(*) FROM mm_tune('flats_mm', 'TABLE searches', 1, copy_rows => 500);
CALL mmdb.replace_index('flats_mm', 'flats_pkey');
RESET ROLE;
ALTER TABLE flats ENABLE ROW LEVEL SECURITY;
SET ROLE regress_tuner;
SELECT mm_advise('flats_mm', 'TABLE searches');
RESET ROLE;
DROP VIEW mixed;
DROP TABLE flats, searches, steps;
DROP FUNCTION chance;
DROP ROLE regress_tuner;
