-- Indexes over single columns beside the shared tree: which ones an index gets, and
-- searches that they drive, against sequential scans.
CREATE FUNCTION noise(i integer, k integer) RETURNS float8 LANGUAGE sql IMMUTABLE
	RETURN (hashint8extended(i * 1000::bigint + k, 1) & 1048575) / 1048576.0::float8;
CREATE FUNCTION word(i integer) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN (SELECT string_agg((ARRAY['ka', 'lo', 'mi', 'ne', 'ru', 'ba', 'so', 'ti', 'x', 'én'])
							  [1 + floor(noise(i, j) * 10)::integer], '')
			FROM generate_series(1, 3 + i % 4) j);
CREATE FUNCTION things(first integer, last integer)
	RETURNS TABLE (id integer, title text, tags integer[], vec mmvector, n integer, f float8)
	LANGUAGE sql AS $$
	SELECT i, CASE WHEN i % 13 > 0 THEN word(i) END,
		   CASE WHEN i % 17 > 0
				THEN ARRAY(SELECT floor(noise(i, j) ^ 2 * 300)::integer FROM generate_series(10, 10 + i % 6) j) END,
		   CASE WHEN i % 19 > 0 THEN ARRAY(SELECT noise(i, j) + i % 7 FROM generate_series(20, 27) j)::mmvector END,
		   CASE WHEN i % 11 > 0 THEN (noise(i, 30) * 1000)::integer END, noise(i, 31)
	FROM generate_series(first, last) i
$$;
CREATE TABLE things (id integer PRIMARY KEY, title text, tags integer[], vec mmvector(8), n integer, f float8)
	WITH (autovacuum_enabled = off);
INSERT INTO things SELECT * FROM things(1, 3000);
VACUUM ANALYZE things;
CREATE VIEW kinds AS
	SELECT index_name, column_number, column_name, kind, why, pages > 0 AS pages, entries,
		   work_pages IS NOT NULL AS measured
	FROM mmdb.subindexes ORDER BY 1, 2;

-- ---------- what an index gets ----------

CREATE INDEX things_mm ON things USING mmdb (title, tags, vec, n, f)
	WITH (subindexes = 'title inverted, tags inverted, vec rtree, n rtree');
SELECT * FROM kinds;
SELECT mmdb_index_check('things_mm');
SELECT trained, entries, subindex_pages = (SELECT sum(pages) FROM mmdb.subindexes) AS all_pages
FROM mmdb_index_stats('things_mm');
DROP INDEX things_mm;

-- Upper case and white space do not matter.
CREATE INDEX things_mm ON things USING mmdb (title, f) WITH (subindexes = E'\n Title\tRTREE ,f  rtree ');
SELECT column_name, kind FROM kinds;
DROP INDEX things_mm;
CREATE INDEX things_mm ON things USING mmdb (title, f) WITH (subindexes = ' None ');
SELECT count(*) FROM kinds;
DROP INDEX things_mm;

-- auto: what a trial has measured.
CREATE INDEX things_mm ON things USING mmdb (title, tags, vec, n, f) WITH (subindexes = auto);
SELECT DISTINCT why, pages, entries, measured FROM kinds;
-- That there are sub-indexes is no secret, but what a trial has measured is for those
-- who may read the column.
CREATE ROLE regress_mmdb_reader;
GRANT SELECT ON kinds TO regress_mmdb_reader;
SELECT min(column_name) AS readable FROM kinds \gset
GRANT SELECT (:readable) ON things TO regress_mmdb_reader;
SET ROLE regress_mmdb_reader;
SELECT DISTINCT column_name = :'readable' AS readable, measured FROM kinds ORDER BY 1;
RESET ROLE;
DROP OWNED BY regress_mmdb_reader;
DROP ROLE regress_mmdb_reader;
SELECT mmdb_index_check('things_mm');
DROP INDEX things_mm;

-- Quoted names: of columns, of expressions, of a column that is there twice; and of
-- attributes.
CREATE TABLE odd (id integer, "Odd, ""name""" text, auto integer);
INSERT INTO odd SELECT i, word(i), i FROM generate_series(1, 400) i;
CREATE INDEX odd_mm ON odd USING mmdb ("Odd, ""name""", "Odd, ""name""" text_discrete_ops, (auto * 2), auto)
	WITH (subindexes = '"Odd, ""name"" (text_edit_ops)"inverted,auto rtree , "expr" "rtree"');
SELECT column_number, column_name, kind FROM kinds;
SELECT mmdb_index_check('odd_mm');
DROP INDEX odd_mm;
CREATE TYPE thing AS (title text, "Tags" integer[], n integer);
CREATE TABLE composites AS SELECT id, ROW(title, tags, n)::thing AS obj FROM things WHERE id <= 500;
CREATE INDEX composites_mm ON composites USING mmdb (obj)
	WITH (subindexes = 'title inverted, "Tags" inverted, n rtree');
SELECT column_number, column_name, kind, entries FROM kinds;
SELECT mmdb_index_check('composites_mm');

-- ---------- mistakes ----------

\set VERBOSITY default
CREATE INDEX ON things USING mmdb (title, n) WITH (subindexes = 'place rtree');
CREATE INDEX ON things USING mmdb (title, n) WITH (subindexes = 'tags inverted');
CREATE INDEX ON things USING mmdb (title, n) WITH (subindexes = 'title btree');
CREATE INDEX ON things USING mmdb (title, n) WITH (subindexes = 'n inverted');
CREATE INDEX ON things USING mmdb (title text_discrete_ops, n) WITH (subindexes = 'title inverted');
-- What is wrong with a value; the rest of the message is as that about btree.
DO $$
DECLARE
	value text;
	detail text;
BEGIN
	FOREACH value IN ARRAY ARRAY['title rtree, n rtree, title inverted', '"title rtree', 'title, n rtree', 'title', '',
		'  ', 'title rtree,', 'title rtree,,n rtree', 'title rtree n rtree', 'auto, title rtree',
		(SELECT string_agg('c' || i || ' rtree', ', ') FROM generate_series(1, 33) i)] LOOP
		BEGIN
			EXECUTE format('CREATE INDEX ON things USING mmdb (title, n) WITH (subindexes = %L)', value);
			RAISE NOTICE '%: no error', value;
		EXCEPTION WHEN invalid_parameter_value THEN
			GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
			RAISE NOTICE '%: %', left(value, 40), detail;
		END;
	END LOOP;
END $$;
CREATE INDEX ON composites USING mmdb (obj) WITH (subindexes = 'obj rtree');
CREATE INDEX ON composites USING mmdb (obj) WITH (subindexes = 'Tags inverted');
DROP TABLE composites;
DROP TYPE thing;
SET mmdb.driver = 'tree';

-- ---------- changes of the parameter ----------

-- They take effect at REINDEX, which is said.  Other changes say nothing.
CREATE INDEX odd_mm ON odd USING mmdb (id, auto);
ALTER INDEX odd_mm SET (subindexes = 'id rtree');
ALTER INDEX odd_mm SET (subindexes = 'id rtree');
ALTER INDEX odd_mm SET (fillfactor = 80);
ALTER INDEX odd_mm SET (scales = '{1,2}');
SELECT count(*) FROM kinds;
REINDEX INDEX odd_mm;
SELECT column_name, kind FROM kinds;
ALTER INDEX odd_mm RESET (fillfactor);
ALTER INDEX odd_mm RENAME TO "Odd mm";
ALTER INDEX "Odd mm" RESET (subindexes, scales);
ALTER INDEX "Odd mm" RESET (subindexes);
ALTER INDEX "Odd mm" SET (subindexes = auto);
SELECT column_name, kind FROM kinds;

-- A column that is called something else by then is a warning: the table must not
-- be left without its index.
ALTER INDEX "Odd mm" SET (subindexes = 'id rtree, auto rtree');
REINDEX INDEX "Odd mm";
ALTER TABLE odd RENAME auto TO "Auto";
REINDEX INDEX "Odd mm";
SELECT column_name, kind FROM kinds;
SELECT mmdb_index_check('"Odd mm"');
TRUNCATE odd;
ALTER INDEX "Odd mm" SET (subindexes = '"Auto" rtree');
REINDEX INDEX "Odd mm";
DROP TABLE odd;

-- ---------- tables that are empty, partitioned ----------

CREATE TABLE begun (LIKE things);
CREATE INDEX begun_mm ON begun USING mmdb (title, tags, vec, n)
	WITH (subindexes = 'title inverted, vec rtree, n rtree');
CREATE INDEX begun_auto_mm ON begun USING mmdb (title, n);
INSERT INTO begun SELECT * FROM things(1, 256);
SELECT count(*) FROM kinds;
INSERT INTO begun SELECT * FROM things(257, 1500);
SELECT index_name, column_name, kind, why, entries FROM kinds;
SELECT mmdb_index_check('begun_mm');
SELECT mmdb_index_check('begun_auto_mm');
-- Nobody takes more of maintenance_work_mem than is needed.
TRUNCATE begun;
SELECT set_config(name, max_val, false) IS NOT NULL AS set FROM pg_settings WHERE name = 'maintenance_work_mem';
INSERT INTO begun SELECT * FROM things(1, 300);
REINDEX INDEX begun_mm;
RESET maintenance_work_mem;
SELECT column_name, kind, entries FROM kinds WHERE index_name = 'begun_mm'::regclass;
DROP TABLE begun;

CREATE TABLE parts (LIKE things) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (1000);
CREATE INDEX parts_mm ON parts USING mmdb (title, n) WITH (subindexes = 'title inverted');
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (1000) TO (2001);
INSERT INTO parts SELECT * FROM things(1, 2000);
SELECT index_name, column_name, kind, entries FROM kinds;
-- An index that no partition has may ask for anything; a partition refuses it.
CREATE TABLE none (LIKE things) PARTITION BY RANGE (id);
CREATE INDEX none_mm ON none USING mmdb (title, n) WITH (subindexes = 'place rtree');
CREATE TABLE none_1 PARTITION OF none FOR VALUES FROM (1) TO (1000);
DROP TABLE none;

-- ---------- searches ----------

-- The answer of a query by the index, with searches driven as a setting says, and
-- otherwise.  Rows at equal distances may come in any order, so queries return no
-- more than distances, or are ordered by a key besides.
CREATE FUNCTION answer(query text, driver text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	by_index boolean := driver <> '';
	answer text[];
BEGIN
	PERFORM set_config(s, (NOT by_index)::text, true) FROM unnest('{enable_seqscan,enable_sort}'::text[]) s;
	PERFORM set_config(s, by_index::text, true)
		FROM unnest('{enable_indexscan,enable_bitmapscan,mmdb.enable_scan}'::text[]) s;
	PERFORM set_config('mmdb.driver', coalesce(nullif(driver, ''), 'auto'), true);
	EXECUTE format('SELECT array_agg(q::text) FROM (%s) q', query) INTO answer;
	RESET enable_seqscan;
	RESET enable_sort;
	RESET enable_indexscan;
	RESET enable_bitmapscan;
	RESET mmdb.enable_scan;
	RESET mmdb.driver;
	RETURN answer;
END $$;
CREATE TABLE objects AS
	SELECT row_number() OVER () AS q, title, tags, vec, n FROM (
		SELECT overlay(title PLACING 'z' FROM 3 FOR 1) AS title, tags || 7 AS tags, vec, n FROM things
		WHERE id % 1400 = 5 AND title IS NOT NULL AND tags IS NOT NULL AND vec IS NOT NULL AND n IS NOT NULL
		UNION ALL VALUES ('', '{}'::integer[], '[0,0,0,0,0,0,0,0]'::mmvector, -5),
						 (repeat('kalo', 40), '{1,2,3,4,5,6,7,8,9}', '[3,3,3,3,3,3,3,3]', 500)) s;
CREATE TABLE queries (what text, query text);
INSERT INTO queries VALUES
	('nearest by one column', 'SELECT title <~> %1$L AS d FROM things ORDER BY d LIMIT 20'),
	('nearest by one column', 'SELECT tags <&> %2$L AS d FROM things ORDER BY d LIMIT 20'),
	('nearest by one column', 'SELECT vec <-> %3$L AS d FROM things ORDER BY d LIMIT 20'),
	('nearest by one column', 'SELECT n <+> %4$s AS d FROM things ORDER BY d LIMIT 20'),
	('nearest by sums', 'SELECT (title <~> %1$L) + 0.001 * (n <+> %4$s) AS d FROM things ORDER BY d LIMIT 20'),
	('nearest by sums',
		'SELECT 0.2 * (title <~> %1$L) + (tags <&> %2$L) + 0.002 * (n <+> %4$s) AS d FROM things ORDER BY d LIMIT 20'),
	('nearest by sums',
		'SELECT coalesce(title <~> %1$L, 3) + 4 * coalesce(tags <&> %2$L, 1) + (vec <-> %3$L) AS d
		  FROM things ORDER BY d LIMIT 20'),
	('nearest by sums',
		'SELECT (title <~> %1$L) + (f <+> 0.5::float8) AS d FROM things WHERE id %% 4 = 1 ORDER BY d LIMIT 20'),
	('all rows, NULLs last', 'SELECT (title <~> %1$L) + (vec <-> %3$L) AS d FROM things ORDER BY d LIMIT 4000'),
	('all rows, NULLs first',
		'SELECT -((tags <&> %2$L) + (title <~> %1$L)) AS d FROM things ORDER BY d DESC LIMIT 400'),
	('radius', 'SELECT id FROM things WHERE title <~> %1$L <= 3 ORDER BY id'),
	('radius', 'SELECT id FROM things WHERE 0.1 * (title <~> %1$L) + (tags <&> %2$L) < 1.1 ORDER BY id'),
	('radius', 'SELECT id FROM things WHERE vec <-> %3$L <= 1.5 ORDER BY id'),
	('radii, AND', 'SELECT id FROM things WHERE title <~> %1$L <= 4 AND n <+> %4$s < 200 ORDER BY id'),
	('radii, OR',
		'SELECT id FROM things WHERE title <~> %1$L <= 2 OR tags <&> %2$L <= 0.8 OR n <+> %4$s = 0 ORDER BY id'),
	('nearest within a radius', 'SELECT vec <-> %3$L AS d FROM things WHERE title <~> %1$L <= 6 ORDER BY d LIMIT 20'),
	('nearest within a radius',
		'SELECT title <~> %1$L AS d FROM things WHERE (vec <-> %3$L) + (tags <&> %2$L) <= 3 ORDER BY d LIMIT 20'),
	('LATERAL',
		'SELECT o.q, s.d FROM objects o, LATERAL (SELECT title <~> o.title AS d FROM things
		  ORDER BY title <~> o.title LIMIT 4) s WHERE o.n <> %4$s ORDER BY 1, 2'),
	('odbknn',
		'SELECT distance FROM odbknn(NULL::things, ROW(%1$L, %2$L, NULL, %4$s, NULL),
		  ''{2,1,0,0.1,0}'', 20, ''things_mm'')'),
	('odbknn',
		'SELECT distance FROM odbknn(NULL::things, ROW(%1$L, %2$L, %3$L, NULL, 0.5),
		  NULL, 20, ''things_mm'', missing => ''ignore'')'),
	('odbrange',
		'SELECT (obj).id FROM odbrange(NULL::things, ROW(%1$L, NULL, NULL, %4$s, NULL),
		  ''{1,0,0,0.2,0}'', 0.35, ''things_mm'', missing => ''exclude'') ORDER BY 1');
CREATE TABLE drivers (driver text);
INSERT INTO drivers VALUES ('auto'), ('shared'), ('subindex'), ('merge'), ('paper');

CREATE FUNCTION compare() RETURNS TABLE (what text, answers bigint, empty bigint, differences text[])
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM mmdb_index_check('things_mm');
	RETURN QUERY
	WITH q AS MATERIALIZED (SELECT s.what, format(query, title, tags, vec, n) AS query FROM queries s, objects),
		 e AS MATERIALIZED (SELECT *, answer(query, '') AS expected FROM q),
		 a AS MATERIALIZED (SELECT *, answer(query, driver) AS got FROM e, drivers)
	SELECT a.what, count(*), count(*) FILTER (WHERE expected IS NULL),
		   array_agg(differences(driver || ': ' || query, got, expected)) FILTER (WHERE got IS DISTINCT FROM expected)
	FROM a GROUP BY a.what ORDER BY 1;
END $$;

CREATE INDEX things_mm ON things USING mmdb (title, tags, vec, n, f)
	WITH (subindexes = 'title inverted, tags inverted, vec rtree, n rtree');
SELECT * FROM compare();

-- ---------- EXPLAIN ANALYZE ----------

-- What drives searches; a driver that has nothing to choose from is not shown.
CREATE FUNCTION drivers(query text, setting text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	PERFORM set_config('enable_seqscan', 'off', true), set_config('mmdb.driver', setting, true);
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF, COSTS OFF) ' || query INTO plan;
	PERFORM set_config('enable_seqscan', 'on', true), set_config('mmdb.driver', 'auto', true);
	RETURN (SELECT string_agg(regexp_replace(d #>> '{}', ':.*', ''), ', ')
			FROM jsonb_path_query(plan::jsonb, '$[0].Plan.Plans[0].Drivers[*]') d);
END $$;
SELECT drivers('SELECT id FROM things ORDER BY title <~> ''kalomi'' LIMIT 3', 'auto') AS text;
SELECT driver, drivers('SELECT id FROM things ORDER BY title <~> ''kalomi'' LIMIT 3', driver) AS text,
	   drivers('SELECT id FROM things ORDER BY (title <~> ''kalomi'') + 8 * (tags <&> ''{3,7}'') LIMIT 3',
			   driver) AS both,
	   drivers('SELECT id FROM things ORDER BY n <+> 5 LIMIT 3', driver) AS number,
	   drivers('SELECT id FROM things ORDER BY f <+> 0.5::float8 LIMIT 3', driver) AS none
FROM drivers WHERE driver <> 'auto';
-- ---------- changes of rows ----------

-- In the end, some columns have other kinds, or none.
DELETE FROM queries WHERE what IN ('nearest by one column', 'radii, OR', 'LATERAL');
INSERT INTO things SELECT * FROM things(3001, 3600);
UPDATE things SET title = word(id + 1), tags = tags || 3, vec = NULL WHERE id % 5 = 0;
DELETE FROM things WHERE id % 3 = 0 OR id BETWEEN 400 AND 1200;
SELECT * FROM compare();
VACUUM things;
SELECT * FROM compare();
ALTER INDEX things_mm SET (subindexes = 'title mvp, tags inverted, vec mvp, n rtree');
REINDEX INDEX things_mm;
SELECT * FROM compare();

-- A cursor, while rows come and go.
BEGIN;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_sort = off;
SET LOCAL mmdb.driver = subindex;
DECLARE c CURSOR FOR SELECT tags <&> '{3,7,11}' AS d FROM things ORDER BY d LIMIT 1500;
CREATE TABLE expected AS
	SELECT row_number() OVER (ORDER BY tags <&> '{3,7,11}') AS i, tags <&> '{3,7,11}' AS d FROM things;
FETCH 1 FROM c;
UPDATE things SET tags = '{3,7,11}' WHERE id % 2 = 0;
DELETE FROM things WHERE id % 7 = 0;
DO $$
DECLARE
	c refcursor := 'c';
	got float8;
	differences text[];
BEGIN
	FOR n IN 2 .. (SELECT least(count(*), 1500) FROM expected) LOOP
		FETCH c INTO got;
		SELECT differences || format('row %s is %s, expected %s', n, got, d) INTO differences
			FROM expected WHERE i = n AND d IS DISTINCT FROM got;
	END LOOP;
	RAISE NOTICE 'differences: %', differences;
END $$;
COMMIT;
SELECT mmdb_index_check('things_mm');

DROP VIEW kinds;
DROP TABLE things, parts, objects, queries, drivers, expected;
DROP FUNCTION things, word, noise, answer, compare, drivers;
