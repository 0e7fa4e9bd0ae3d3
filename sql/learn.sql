-- Learning of weights from examples.
\set VERBOSITY terse
-- Numbers from 0 to 1 that look random.
CREATE FUNCTION chance(integer, integer) RETURNS float8 LANGUAGE sql IMMUTABLE AS
	$$ SELECT (hashint8($1::bigint * 1000003 + $2) & 1048575) / 1048576.0 $$;
CREATE FUNCTION rounded(float8[]) RETURNS numeric[] LANGUAGE sql IMMUTABLE AS
	$$ SELECT array_agg(round(x::numeric, 2) ORDER BY n) FROM unnest($1) WITH ORDINALITY u(x, n) $$;

CREATE TABLE houses (
	id integer PRIMARY KEY,
	code text UNIQUE,
	price float8,
	place point,
	name text,
	rooms mmvector(4),
	floors integer NOT NULL DEFAULT 2		-- the same for all
);
INSERT INTO houses
	SELECT i, 'h' || i, 1000 * chance(i, 1), point(chance(i, 2), chance(i, 3)),
		   CASE WHEN i % 11 > 0 THEN substr(md5(i::text), 1, 4 + i % 9) END,
		   ARRAY[chance(i, 5), chance(i, 6), chance(i, 7), chance(i, 8)]::mmvector
	FROM generate_series(1, 3000) i;
CREATE INDEX houses_mm ON houses USING mmdb (price, place, name, rooms, floors);
ANALYZE houses;

-- Examples: rows, each with its k nearest under hidden weights.
CREATE FUNCTION nearest(key integer, weights float8[], k integer) RETURNS integer[] LANGUAGE sql STABLE AS
	$$ SELECT array_agg((r.obj).id) FROM houses q,
		LATERAL odbknn(NULL::houses, ROW(q.price, q.place, q.name, q.rooms, q.floors), weights, k + 1, 'houses_mm') r
		WHERE q.id = key AND (r.obj).id <> key $$;
CREATE TABLE examples AS
	SELECT i AS key, nearest(i, '{1,3,0,2,0}', 20) AS relevant FROM generate_series(1, 100, 8) i;
-- Of all rows' nearest, how many do learned weights find?
CREATE FUNCTION fresh_recall(learned float8[], hidden float8[], k integer) RETURNS numeric LANGUAGE sql STABLE AS
	$$ SELECT round(avg((SELECT count(*) FROM unnest(nearest(i, learned, k))
		JOIN unnest(nearest(i, hidden, k)) h(id) ON h = unnest)), 1) / k
	   FROM generate_series(2001, 2050) i $$;

SELECT columns, rounded(weights) AS weights, recall > 0.95 AS recall, heldout_recall > 0.95 AS heldout,
	loss < 0.05 AS loss,
	   iterations BETWEEN 2 AND 20 AS iterations, seconds < 60 AS seconds,
	   fresh_recall(weights, '{1,3,0,2,0}', 20) > 0.95 AS fresh,
	   (SELECT bool_and(w BETWEEN l AND u AND u - l < 0.1 OR n = 5)
		   FROM unnest(weights, lower, upper) WITH ORDINALITY u(w, l, u, n)) AS intervals,
	   round((SELECT sum(w) FROM unnest(weights) w)::numeric, 12) AS sum
FROM mm_learn_weights('houses_mm', 'TABLE examples');
SELECT iteration, rounded(weights) AS weights, round(recall::numeric, 1) AS recall, candidates > 100 AS candidates,
	seconds < 60 AS seconds
FROM mm_learn_weights_trace('houses_mm', 'TABLE examples') WHERE iteration <= 2;

SET client_min_messages = error;		-- that floors are all the same is said each time
-- The same seed, the same weights; another one holds out other examples.
SELECT a.weights = b.weights AND a.lower = b.lower AS same, a.weights <> c.weights AS other
FROM mm_learn_weights('houses_mm', 'TABLE examples', bootstrap => 10) a,
	 mm_learn_weights('houses_mm', 'TABLE examples', bootstrap => 10) b,
	 mm_learn_weights('houses_mm', 'TABLE examples', bootstrap => 10, seed => 1) c;

-- One example, of one row, of a few.
SELECT rounded(weights) AS weights, recall, heldout_recall IS NULL AS none_heldout
FROM mm_learn_weights('houses_mm', 'SELECT * FROM examples WHERE key = 1');
SELECT fresh_recall(weights, '{1,3,0,2,0}', 20) > 0.7 AS fresh
	FROM mm_learn_weights('houses_mm', 'SELECT key, relevant[1:3] FROM examples LIMIT 3');
SELECT array_length(weights, 1) FROM mm_learn_weights('houses_mm', 'SELECT key, relevant[1:1] FROM examples LIMIT 1');
-- The row itself does not count, nor do repetitions; keys of other types are converted.
SELECT a.weights = b.weights AS same
FROM mm_learn_weights('houses_mm', 'SELECT key, relevant FROM examples WHERE key < 30', bootstrap => 0) a,
	 mm_learn_weights('houses_mm', 'SELECT key::numeric, (relevant || key)::bigint[] FROM examples WHERE key < 30',
		 bootstrap => 0) b;

-- Query objects instead of keys; in JSON; by names, in any order.
CREATE TYPE house AS (price float8, place point, name text, rooms mmvector(4), floors integer);
CREATE TABLE objects AS
	SELECT ROW(h.price, h.place, h.name, h.rooms, NULL)::house AS query, e.relevant || key AS relevant FROM examples e
		JOIN houses h ON id = key;
SELECT rounded(weights) AS weights FROM mm_learn_weights('houses_mm', 'TABLE objects');
SELECT rounded(weights) AS weights FROM mm_learn_weights('houses_mm',
	'SELECT 5 AS other, relevant, ROW(price, place, name, rooms, NULL) AS query FROM examples JOIN houses ON id = key');
SELECT rounded(weights) AS weights FROM mm_learn_weights('houses_mm', (SELECT jsonb_agg(e) FROM examples e));
SELECT rounded(weights) AS weights FROM mm_learn_weights('houses_mm',
	(SELECT jsonb_agg(jsonb_build_object('relevant', relevant, 'query',
		jsonb_build_object('place', place::text, 'price', price, 'rooms', rooms::real[]))) FROM examples
			JOIN houses ON id = key));
-- Both kinds together; a literal.
SELECT rounded(weights) AS weights FROM mm_learn_weights('houses_mm',
	'SELECT CASE WHEN key > 50 THEN ROW(price, place, NULL, rooms, NULL) END AS query, key, relevant
	 FROM examples JOIN houses ON id = key');
SELECT cardinality(weights)
	FROM mm_learn_weights('houses_mm',
	' [{"key": 1, "relevant": [2, 3]}, {"query": {"price": 3}, "relevant": [4], "key": null}]');

-- k: recall of the first k.
SELECT rounded(weights) AS weights, recall > 0.9 AS recall FROM mm_learn_weights('houses_mm', 'TABLE examples', 10);
SELECT rounded(weights) AS weights, recall = 1 AS recall
	FROM mm_learn_weights('houses_mm', 'TABLE examples', k => 100::bigint);
-- Wrong labels: 30 % of the relevant rows are others.
SELECT fresh_recall(weights, '{1,3,0,2,0}', 20) > 0.85 AS fresh
FROM mm_learn_weights('houses_mm',
	'SELECT key, relevant[1:14] || ARRAY(SELECT (2 * key + i * 97) % 3000 + 1 FROM generate_series(1, 6) i)
	 FROM examples');
-- The options.
SELECT rounded(weights) AS weights, lower IS NULL AND upper IS NULL AS no_intervals
FROM mm_learn_weights('houses_mm', 'TABLE examples', l1 => 0.05, bootstrap => 0);
SELECT round(heldout_recall::numeric, 1) > 0.9 AS heldout
	FROM mm_learn_weights('houses_mm', 'TABLE examples', heldout => 0.5, bootstrap => 0);
SELECT heldout_recall FROM mm_learn_weights('houses_mm', 'TABLE examples', heldout => 0, bootstrap => 0);
SELECT rounded(weights) AS weights, iterations
	FROM mm_learn_weights('houses_mm', 'TABLE examples', max_iterations => 1, bootstrap => 0);
SELECT a.recall > 0.8 AS random, h.recall >= a.recall AS hard_is_better
FROM mm_learn_weights('houses_mm', 'TABLE examples', negatives => 'random', bootstrap => 0) a,
	 mm_learn_weights('houses_mm', 'TABLE examples', bootstrap => 0) h;
RESET client_min_messages;

-- What examples cannot tell.
SELECT rounded(weights) AS weights, rounded(lower) AS lower, rounded(upper) AS upper
FROM mm_learn_weights('houses_mm',
	'SELECT ROW(price, place, NULL, NULL, NULL), relevant FROM examples JOIN houses ON id = key');
SELECT weights IS NOT NULL AS weights
	FROM mm_learn_weights('houses_mm', 'SELECT ROW(NULL, NULL, NULL, NULL, 2), relevant FROM examples');
\set VERBOSITY default
SELECT cardinality(weights) FROM mm_learn_weights('houses_mm', '[{"query": {"floors": 2}, "relevant": [7]}]');

-- Bad input.
SELECT * FROM mm_learn_weights('houses_mm', 'SELECT 1, ARRAY[2, 4711]');
SELECT * FROM mm_learn_weights('houses_mm', 'SELECT 4711, ARRAY[2]');
SELECT * FROM mm_learn_weights('houses_mm', 'SELECT * FROM examples UNION ALL SELECT 7, ''{}''');
SELECT * FROM mm_learn_weights('houses_mm', 'SELECT 1, NULL::integer[]');
SELECT * FROM mm_learn_weights('houses_mm', 'SELECT 1, ARRAY[2, NULL]');
SELECT * FROM mm_learn_weights('houses_mm', 'SELECT 1, ARRAY[1]');
SELECT * FROM mm_learn_weights('houses_mm', 'SELECT NULL::integer, ARRAY[1]');
SELECT * FROM mm_learn_weights('houses_mm', 'SELECT ROW(1, 2), ARRAY[1]');
SELECT * FROM mm_learn_weights('houses_mm', 'SELECT ROW(NULL, NULL, NULL, ''[1,2]''::mmvector, NULL), ARRAY[1]');
SELECT * FROM mm_learn_weights('houses_mm', 'SELECT ROW(NULL, NULL, NULL, NULL, NULL), ARRAY[1]');
SELECT * FROM mm_learn_weights('houses_mm', 'SELECT 1, 2');
SELECT * FROM mm_learn_weights('houses_mm', 'SELECT 1, point(1, 2)');
SELECT * FROM mm_learn_weights('houses_mm', 'SELECT point(1, 2), ARRAY[1]');
SELECT * FROM mm_learn_weights('houses_mm', 'SELECT 1');
SELECT * FROM mm_learn_weights('houses_mm', 'TABLE examples LIMIT 0');
SELECT * FROM mm_learn_weights('houses_mm', 'DELETE FROM houses');
SELECT * FROM mm_learn_weights('houses_mm', 'DELETE FROM houses RETURNING id, ARRAY[id]');
SELECT * FROM mm_learn_weights('houses_mm', 'TABLE nowhere');
SELECT * FROM mm_learn_weights('houses_mm', NULL::text);
SELECT * FROM mm_learn_weights('houses_mm', '[]'::jsonb);
SELECT * FROM mm_learn_weights('houses_mm', '{"key": 1, "relevant": [2]}'::jsonb);
SELECT * FROM mm_learn_weights('houses_mm', '[{"key": 1, "relevant": [2]}, 5]');
SELECT * FROM mm_learn_weights('houses_mm', '[{"key": 1, "relevant": [2], "irrelevant": [3]}]');
SELECT * FROM mm_learn_weights('houses_mm', '[{"query": {"color": 1}, "relevant": [2]}]');
SELECT * FROM mm_learn_weights('houses_mm', '[{"query": [1, 2], "relevant": [2]}]');
SELECT * FROM mm_learn_weights('houses_mm', '[{"key": "one", "relevant": [2]}]');
SELECT * FROM mm_learn_weights('houses_mm', '[{"relevant": [2]}]');
SELECT * FROM mm_learn_weights('houses_mm', 'TABLE examples', 3000);
SELECT * FROM mm_learn_weights('houses_mm', 'TABLE examples', 9223372036854775807);
SELECT * FROM mm_learn_weights('houses_mm', 'TABLE examples', 0);
SELECT * FROM mm_learn_weights('houses_mm', 'TABLE examples', negatives => 'easy');
SELECT * FROM mm_learn_weights('houses_mm', 'TABLE examples', l1 => 1);
SELECT * FROM mm_learn_weights('houses_mm', 'TABLE examples', heldout => 'NaN');
SELECT * FROM mm_learn_weights('houses_mm', 'TABLE examples', max_iterations => 0);
SELECT * FROM mm_learn_weights('houses_mm', 'TABLE examples', bootstrap => -1);
SELECT * FROM mm_learn_weights_trace('houses_mm', 'TABLE examples', seed => NULL);
SELECT * FROM mm_learn_weights('houses_pkey', 'TABLE examples');
CREATE TABLE no_key AS TABLE houses;
CREATE INDEX no_key_mm ON no_key USING mmdb (price);
SELECT * FROM mm_learn_weights('no_key_mm', 'TABLE examples');
-- It can be interrupted.
\set VERBOSITY terse
SET statement_timeout = 5;
SELECT count(*) FROM mm_learn_weights('houses_mm', 'TABLE examples', bootstrap => 10000);
RESET statement_timeout;
SET maintenance_work_mem = '1MB';
SELECT * FROM mm_learn_weights('houses_mm', 'SELECT id, ARRAY[id % 3000 + 1] FROM houses');
RESET maintenance_work_mem;
\set VERBOSITY default

-- A column without weight has no say, not even by infinite distances.
SET client_min_messages = error;
CREATE TABLE endless (id integer PRIMARY KEY DEFERRABLE, x float8, until date);
INSERT INTO endless SELECT i, 1000 * chance(i, 1), CASE WHEN i % 2 = 0 THEN 'infinity' ELSE date '2000-01-01' + i END
	FROM generate_series(1, 2000) i;
CREATE INDEX endless_mm ON endless USING mmdb (x, until);
SELECT weights, recall, heldout_recall FROM mm_learn_weights('endless_mm',
	'SELECT q.id, ARRAY(SELECT (r.obj).id FROM odbknn(NULL::endless, ROW(q.x, q.until), ''{1,0}'', 11) r
						WHERE (r.obj).id <> q.id)
	 FROM endless q WHERE q.id % 191 = 1', bootstrap => 0);
-- Repetitions do not count; weights may be large; a key must be one row's.
SELECT a.weights = b.weights AS same
FROM mm_learn_weights('houses_mm', 'SELECT 1, array_fill(19, ARRAY[1500]) || 27 || 32') a,
	 mm_learn_weights('houses_mm', 'SELECT 1, ARRAY[19, 27, 32]') b;
SELECT round((SELECT sum(w)
	FROM unnest(mm_refine_weights('houses_mm', '{1e308,1e308,1e308,1,1}', 1, '{19,27}')) w)::numeric, 12) AS sum;
CREATE TABLE more_houses () INHERITS (houses);
INSERT INTO more_houses (id, price) VALUES (7, 1);
SELECT * FROM mm_learn_weights('houses_mm', 'SELECT 7, ARRAY[19, 27, 32]');
SELECT recall IS NOT NULL AS recall FROM mm_learn_weights('houses_mm', 'SELECT 8, ARRAY[7, 27, 32]');
DROP TABLE more_houses;
CREATE TABLE listed (id integer[] PRIMARY KEY, x float8);
CREATE INDEX listed_mm ON listed USING mmdb (x);
SELECT * FROM mm_learn_weights('listed_mm', 'SELECT ARRAY[1], ARRAY[2]');
SELECT * FROM mm_learn_weights('houses_mm', 'TABLE examples', bootstrap => 1000000000);
RESET client_min_messages;

-- Keys of several columns; partitions; composite values; expressions.
SET client_min_messages = error;
CREATE TABLE parts (region text, id integer, price float8, rooms mmvector(4),
	PRIMARY KEY (region, id)) PARTITION BY LIST (region);
CREATE TABLE parts_n PARTITION OF parts FOR VALUES IN ('north');
CREATE TABLE parts_s PARTITION OF parts FOR VALUES IN ('south');
INSERT INTO parts SELECT CASE WHEN id % 2 = 0 THEN 'north' ELSE 'south' END, id, price, rooms FROM houses;
CREATE INDEX parts_mm ON parts USING mmdb (price, rooms);
CREATE TYPE part_key AS (region text, id bigint);
CREATE TABLE part_examples AS
	SELECT ROW(q.region, q.id)::part_key AS key, n.relevant FROM parts q,
		LATERAL (SELECT array_agg(ROW((r.obj).region, (r.obj).id)::part_key) AS relevant
			FROM odbknn(NULL::parts, ROW(q.price, q.rooms), '{1,4}', 20, 'parts_mm') r) n
	WHERE q.id < 10;
SELECT rounded(weights) AS weights, recall > 0.95 AS recall FROM mm_learn_weights('parts_mm', 'TABLE part_examples');
SELECT rounded(weights) AS weights, recall > 0.95 AS recall
	FROM mm_learn_weights('parts_mm', (SELECT jsonb_agg(e) FROM part_examples e));
SELECT * FROM mm_learn_weights('parts_mm', 'SELECT 1 AS key, relevant FROM part_examples');
SELECT * FROM mm_learn_weights('parts_mm', 'SELECT ROW(''north'', 1) AS key, relevant FROM part_examples');
SELECT * FROM mm_learn_weights('parts_mm', 'SELECT ROW(1, 2, 3) AS key, relevant FROM part_examples');
SELECT * FROM mm_learn_weights('parts_mm', 'SELECT ROW(''north'', NULL) AS key, relevant FROM part_examples');
CREATE TABLE boxed (id uuid PRIMARY KEY, obj house);
INSERT INTO boxed SELECT md5(id::text)::uuid, ROW(price, place, name, rooms, floors)::house FROM houses;
CREATE INDEX boxed_mm ON boxed USING mmdb (obj);
SELECT rounded(weights) AS weights FROM mm_learn_weights('boxed_mm',
	'SELECT md5(key::text)::uuid, ARRAY(SELECT md5(r::text)::uuid FROM unnest(relevant) r) FROM examples');
CREATE INDEX computed_mm ON houses USING mmdb ((price / 100), (lower(name)));
SELECT cardinality(weights) FROM mm_learn_weights('computed_mm', 'TABLE examples');
RESET client_min_messages;
\set VERBOSITY terse

-- Profiles.
SELECT rounded(weights) FROM mm_learn_weights('houses_mm', 'TABLE examples', bootstrap => 0, profile => 'buyers');
SELECT name, index_name, columns, rounded(weights) AS weights, recall > 0.9 AS recall, heldout_recall > 0.9 AS heldout,
	   learned - 'seconds' - 'iterations' AS learned, saved_at = now() AS now
FROM mmdb.weight_profile;
SELECT mm_weights('buyers') = weights AS same FROM mmdb.weight_profile;
SELECT count(*) FROM odbknn(NULL::houses, ROW(500, '(0.5,0.5)', 'abc', '[0,0,0,0]', 2), mm_weights('buyers'), 5,
	'houses_mm');
SELECT regexp_replace(mm_distance_sql('houses_mm', profile => 'buyers'), '[0-9.]{6,}', 'N', 'g');
-- By the columns' names.
CREATE INDEX turned_mm ON houses USING mmdb (rooms, floors, place, name, price);
SELECT regexp_replace(mm_distance_sql('turned_mm', profile => 'buyers'), '[0-9.]{6,}', 'N', 'g');
SELECT mm_distance_sql('computed_mm', profile => 'buyers');
SELECT mm_distance_sql('no_key_mm', profile => 'buyers');
SELECT mm_distance_sql('houses_mm', '{1,1,1,1,1}', profile => 'buyers');
SELECT mm_weights('nobody'), mm_weights(NULL);
-- In place of the old one; by hand.
SELECT rounded(weights) FROM mm_learn_weights('houses_mm',
	'SELECT ROW(price, NULL, NULL, NULL, NULL), relevant FROM examples JOIN houses ON id = key', bootstrap => 0,
	profile => 'buyers');
SELECT count(*), rounded(min(weights)) AS weights FROM mmdb.weight_profile;
INSERT INTO mmdb.weight_profile (name, columns, weights) VALUES ('ours', '{price,name}', '{1,2}');
SELECT mm_weights('ours');
INSERT INTO mmdb.weight_profile (name, columns, weights) VALUES ('wrong', '{price,name}', '{1}');
DO $$
DECLARE
	bad text;
	broken text;
BEGIN
	FOREACH bad IN ARRAY ARRAY['{-1,2}', '{1,NULL}', '{1,NaN}', '{Infinity,1}', '{0,0}', '{0,NULL}', '{}',
			'{{1},{2}}'] LOOP
		BEGIN
			INSERT INTO mmdb.weight_profile (name, columns, weights)
			VALUES ('wrong', CASE bad WHEN '{}' THEN '{}' ELSE '{price,name}' END::text[], bad::float8[]);
			RAISE WARNING '% was taken', bad;
		EXCEPTION WHEN check_violation THEN
			GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME;
			RAISE NOTICE '%: %', bad, broken;
		END;
	END LOOP;
END $$;

\set VERBOSITY default
-- The caller's rights: the table's, the rows', the profiles'.
CREATE ROLE regress_mmdb_learner;
SET ROLE regress_mmdb_learner;
SELECT * FROM mm_learn_weights('houses_mm', 'SELECT 1, ARRAY[2]');
RESET ROLE;
GRANT SELECT ON houses TO regress_mmdb_learner;
ALTER TABLE houses ENABLE ROW LEVEL SECURITY;
CREATE POLICY even ON houses USING (id % 2 = 0);
SET ROLE regress_mmdb_learner;
-- (weights are for normalized distances, and scales tell of rows that are not his)
SELECT * FROM mm_learn_weights('houses_mm', 'SELECT 2, ARRAY[4, 6, 8]');
SELECT mm_refine_weights('houses_mm', NULL, 2, ARRAY[4]);
RESET ROLE;
ALTER TABLE houses DISABLE ROW LEVEL SECURITY;
SET ROLE regress_mmdb_learner;
SELECT cardinality(weights) FROM mm_learn_weights('houses_mm', 'SELECT 1, ARRAY[19, 27, 32]', bootstrap => 0);
SELECT mm_weights('ours');
SELECT * FROM mm_learn_weights('houses_mm', 'SELECT 2, ARRAY[4, 6, 8]', bootstrap => 0, profile => 'mine');
RESET ROLE;
GRANT INSERT, UPDATE ON mmdb.weight_profile TO regress_mmdb_learner;
SET ROLE regress_mmdb_learner;
SELECT cardinality(weights)
	FROM mm_learn_weights('houses_mm', 'SELECT 1, ARRAY[19, 27, 32]', bootstrap => 0, profile => 'mine');
RESET ROLE;
REVOKE INSERT, UPDATE ON mmdb.weight_profile FROM regress_mmdb_learner;
BEGIN READ ONLY;
SELECT cardinality(weights) FROM mm_learn_weights('houses_mm', 'TABLE examples', bootstrap => 0);
SELECT * FROM mm_learn_weights('houses_mm', 'TABLE examples', bootstrap => 0, profile => 'mine');
ROLLBACK;

-- Relevance feedback.
CREATE VIEW results AS
	SELECT (r.obj).*, row_number() OVER () AS n
	FROM odbknn(NULL::houses, ROW(500, '(0.5,0.5)', 'abc', '[0.5,0.5,0.5,0.5]', 2), '{1,1,1,1,1}', 12, 'houses_mm') r;
-- Those of the price asked for: the price gains, by likes alone, too.
SELECT w[1] > 0.2 AND w[1] = (SELECT max(u) FROM unnest(w) u) AS liked, w2[1] > 0.2 AS without_dislikes,
	   round((SELECT sum(u) FROM unnest(w) u)::numeric, 12) AS sum
FROM (SELECT mm_refine_weights('houses_mm', '{1,1,1,1,1}', ROW(500, '(0.5,0.5)', 'abc', '[0.5,0.5,0.5,0.5]', 2),
			 array_agg(id) FILTER (WHERE abs(price - 500) < 60),
			 array_agg(id) FILTER (WHERE abs(price - 500) >= 60)) AS w,
			 mm_refine_weights('houses_mm', NULL, ROW(500, '(0.5,0.5)', 'abc', '[0.5,0.5,0.5,0.5]', 2),
			 array_agg(id) FILTER (WHERE abs(price - 500) < 60)) AS w2
	  FROM results) r;
-- The query object may be JSON, by names or in order, or an odbquery.
SELECT count(DISTINCT mm_refine_weights('houses_mm', NULL, q, l)) AS different FROM (
	SELECT array_agg(id) FILTER (WHERE abs(price - 500) < 60) AS l FROM results) r,
	(VALUES ('[500, [0.5,0.5], "abc", [0.5,0.5,0.5,0.5], 2]'::odbvalues),
			('{"floors": 2, "rooms": [0.5,0.5,0.5,0.5], "name": "abc", "price": 500, "place": "(0.5,0.5)"}')) v(q);
SELECT mm_refine_weights('houses_mm', NULL, ROW(500, '(0.5,0.5)', 'abc', '[0.5,0.5,0.5,0.5]', 2), l) =
		mm_refine_weights('houses_mm', NULL, odbquery(ROW(500, point '(0.5,0.5)', 'abc'::text,
			'[0.5,0.5,0.5,0.5]'::mmvector, 2), '{1,1,1,1,1}'), l) AS same,
	   (mm_refine_weights('houses_mm', NULL, '{"name": "abc"}'::odbvalues, l))[1] > 0 AS by_name_only
FROM (SELECT array_agg(id) FILTER (WHERE abs(price - 500) < 60) AS l FROM results) r;
SELECT mm_refine_weights('houses_mm', NULL, '{"nam": "abc"}'::odbvalues, '{2}');
SELECT mm_refine_weights('houses_mm', NULL, '[1, 2]'::odbvalues, '{2}');
-- Again and again, liked rows come first.
DO $$
DECLARE
	w float8[] := '{1,1,1,1,1}';
	good integer;
BEGIN
	FOR i IN 1 .. 5 LOOP
		SELECT mm_refine_weights('houses_mm', w, 17, array_agg(id), ARRAY(SELECT id FROM houses WHERE id % 100 = 3))
			INTO w FROM unnest(nearest(17, '{1,3,0,2,0}', 10)) id;
	END LOOP;
	SELECT count(*) INTO good FROM unnest(nearest(17, w, 10)) a JOIN unnest(nearest(17, '{1,3,0,2,0}', 10)) b ON a = b;
	RAISE NOTICE '% of 10', CASE WHEN good >= 7 THEN 'most' ELSE good::text END;
END $$;
-- Keys and literals of all kinds.
SELECT cardinality(mm_refine_weights('houses_mm', NULL, 1, '{2,3}')),
	cardinality(mm_refine_weights('houses_mm', NULL, 1::bigint, ARRAY[2, 3]::smallint[], '{4}')),
	   cardinality(mm_refine_weights('boxed_mm', NULL, md5('1'), ARRAY[md5('2')], ARRAY[md5('3')])),
	   cardinality(mm_refine_weights('houses_mm', NULL, 1, '{2}', '{}'));
-- A row counts once, as liked if it is both, and the query object does not.
SELECT mm_refine_weights('houses_mm', NULL, 1, '{2,3}', '{4,5}') = mm_refine_weights('houses_mm', NULL, 1, '{2,3,2,1}',
	'{4,5,4,4,1,2}') AS same;
SELECT mm_refine_weights('houses_mm', NULL, 1, '{4711}');
SELECT mm_refine_weights('houses_mm', NULL, 1, '{2}', '{4711}');
SELECT mm_refine_weights('houses_mm', NULL, 1, '{}');
SELECT mm_refine_weights('houses_mm', NULL, NULL, '{2}');
SELECT mm_refine_weights('houses_mm', '{1,1}', 1, '{2}');
SELECT mm_refine_weights('houses_mm', '{1,1,1,1,-1}', 1, '{2}');
SELECT mm_refine_weights('houses_mm', NULL, ROW(1, 2), '{2}');

DELETE FROM mmdb.weight_profile;
DROP VIEW results;
DROP TABLE houses, examples, objects, no_key, endless, listed, parts, part_examples, boxed;
DROP TYPE house, part_key;
DROP FUNCTION chance, rounded, nearest, fresh_recall;
DROP ROLE regress_mmdb_learner;
