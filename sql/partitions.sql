-- One search over all partitions of a table, or over a table and its children.
CREATE TABLE homes (id integer, region integer, stars integer, price float8, review text) PARTITION BY LIST (region);
CREATE TABLE homes_1 PARTITION OF homes FOR VALUES IN (1);
-- columns have other numbers here
CREATE TABLE homes_2 (review text, gone integer, price float8, id integer, stars integer, region integer)
	WITH (autovacuum_enabled = off);
ALTER TABLE homes_2 DROP COLUMN gone;
CREATE INDEX homes_mm ON homes USING mmdb (stars, price, review) WITH (scales = '{100,1000,8}');
ALTER TABLE homes ATTACH PARTITION homes_2 FOR VALUES IN (2);
CREATE TABLE homes_3 PARTITION OF homes FOR VALUES IN (3, 4) PARTITION BY RANGE (id);
CREATE TABLE homes_3a PARTITION OF homes_3 FOR VALUES FROM (0) TO (1000);
CREATE TABLE homes_3b PARTITION OF homes_3 DEFAULT;
INSERT INTO homes SELECT i, 1 + i % 4, i * 31 % 1009, CASE WHEN i % 50 > 0 THEN i * 7919 % 10007 END,
	repeat(chr(97 + i % 3), i % 17)
	FROM generate_series(1, 4000) i;
ANALYZE homes;
SET max_parallel_workers_per_gather = 0;

-- The plan: the partitions' scans, searched together.  What is left out when it is made, or
-- when it is run, is the planner's and the executor's business.
CREATE FUNCTION plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		CONTINUE WHEN line ~ '^ *(Disabled|Weights|Order By|Search Method):';
		RETURN NEXT line;
	END LOOP;
END $$;
SELECT plan('SELECT id FROM homes ORDER BY (stars <+> 77) / 100.0 + (price <+> 500) / 1000 LIMIT 3');
SELECT plan('SELECT id FROM homes WHERE region < 3 ORDER BY stars <+> 77, id LIMIT 3');
-- All but the first leave it to the scan above them to return what the rows are ordered by.
EXPLAIN (VERBOSE, COSTS OFF) SELECT id, stars <+> 77 AS d FROM homes WHERE region > 2 ORDER BY 2 LIMIT 3;

-- How many of the partitions that the plan has when it starts were searched, and what was
-- verified there; and whether the answer is that of a sort.
CREATE FUNCTION search(query text, OUT partitions integer, OUT searched float8, OUT few boolean, OUT rows bigint,
	OUT differences text) LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
	node jsonb;
	by_search text[];
	by_sort text[];
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ' || query INTO plan;
	node := jsonb_path_query_first(plan, 'strict $.** ? (@."Custom Plan Provider" == "MMDB Partition Scan")');
	partitions := node ->> 'Partitions';
	searched := node ->> 'Partitions Searched';
	few := (node ->> 'Rows Verified')::integer < 250;
	EXECUTE 'SELECT array_agg(q::text) FROM (' || query || ') q' INTO by_search;
	SET LOCAL mmdb.enable_scan = off;
	EXECUTE 'SELECT array_agg(q::text) FROM (' || query || ') q' INTO by_sort;
	SET LOCAL mmdb.enable_scan = on;
	rows := coalesce(cardinality(by_sort), 0);
	differences := differences(query, by_search, by_sort);
END $$;
SELECT query, s.* FROM unnest(ARRAY[
	'SELECT (stars <+> 77) / 100.0 + (price <+> 500) / 1000 AS d FROM homes ORDER BY 1 LIMIT 10',
	'SELECT coalesce(price <+> 500, 7) / 10 + (review <~> ''aaaab'') AS d, homes.* FROM homes ORDER BY 1, id LIMIT 10',
	'SELECT stars <+> 77, id, tableoid::regclass, ctid, homes FROM homes ORDER BY 1, 2 OFFSET 5 LIMIT 3',
	'SELECT stars <+> 77 AS d FROM homes WHERE id % 7 = 3 AND stars <+> 77 < 30 ORDER BY 1 LIMIT 20',
	'SELECT 1 - (stars <+> 77) AS similarity FROM homes ORDER BY 1 DESC LIMIT 10',
	-- partitions left out when the query is planned, and when it is run
	'SELECT stars <+> 77 FROM homes WHERE region = 3 ORDER BY 1 LIMIT 10',
	'SELECT stars <+> 77 FROM homes WHERE region < 3 ORDER BY 1 LIMIT 10',
	'SELECT stars <+> 77 FROM homes WHERE region = (SELECT 2) ORDER BY 1 LIMIT 10',
	'SELECT stars <+> 77 FROM homes WHERE region = (SELECT 4) AND id < (SELECT 900) ORDER BY 1 LIMIT 10',
	'SELECT stars <+> 77 FROM homes WHERE region = (SELECT 5) ORDER BY 1 LIMIT 10',
	'SELECT r, d FROM generate_series(1, 4) r, LATERAL (SELECT stars <+> 77 * r AS d FROM homes WHERE region = r
		ORDER BY 1 LIMIT 2) s ORDER BY 1, 2',
	'SELECT r, d FROM generate_series(1, 4) r, LATERAL (SELECT stars <+> 77 * r AS d FROM homes ORDER BY 1 LIMIT 2) s
		ORDER BY 1, 2',
	-- NULLs, to the end; a weight that no index can search with
	'SELECT price <+> 500 FROM homes ORDER BY 1 LIMIT 4000',
	'SELECT price <+> 500 FROM homes ORDER BY 1 NULLS FIRST LIMIT 85',
	'SELECT (price <+> 500) * (SELECT -1::float8) FROM homes ORDER BY 1 LIMIT 5',
	'SELECT (price <+> 500) * (SELECT NULL::float8) FROM homes ORDER BY 1 LIMIT 5',
	'SELECT price <+> 500 AS d FROM homes ORDER BY 1 LIMIT 5 FOR UPDATE'
	]) query, search(query) s;

-- Parameters.
SET plan_cache_mode = force_generic_plan;
PREPARE near(integer, integer) AS SELECT id, region, stars <+> $1 AS d FROM homes WHERE region = $2 ORDER BY d LIMIT 2;
EXECUTE near(700, 4);
EXECUTE near(70, 1);
CREATE FUNCTION lines(query text, pattern text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) ' || query LOOP
		IF line ~ pattern THEN
			-- Since PostgreSQL 18, numbers of rows have decimals.
			RETURN NEXT regexp_replace(trim(line), '(rows=\d+)\.00', '\1');
		END IF;
	END LOOP;
END $$;
SELECT lines('EXECUTE near(700, 4)', 'Partitions|Subplans Removed|MMDB Scan');
-- The value is evaluated once, for all partitions.
CREATE FUNCTION noisy() RETURNS integer STABLE LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE 'evaluated';
	RETURN 77;
END $$;
PREPARE noisily AS SELECT region FROM homes ORDER BY stars <+> noisy() LIMIT 1;
SET client_min_messages = warning;
EXECUTE noisily;
RESET client_min_messages;
EXECUTE noisily;
RESET plan_cache_mode;

-- A cursor, which goes on.
BEGIN;
DECLARE c CURSOR FOR SELECT id, stars <+> 500 AS d FROM homes ORDER BY d, id;
FETCH 3 FROM c;
MOVE 1500 IN c;
FETCH 2 FROM c;
ROLLBACK;

-- odbknn and odbrange do the same, and so do joins.
SELECT (obj).id, (obj).region, round(distance::numeric, 4) AS distance
	FROM odbknn(NULL::homes, ROW(77, 500, 'aaaa'), '{1,1,0}', 4) ORDER BY distance, 1;
SELECT count(*) FROM odbrange(NULL::homes, ROW(77, 500, NULL), '{1,1,0}', 0.5);
CREATE TABLE names (region integer PRIMARY KEY, name text);
INSERT INTO names VALUES (1, 'north'), (2, 'south'), (3, 'east'), (4, 'west');
ANALYZE names;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT query, s.* FROM unnest(ARRAY[
	'SELECT h.stars <+> 77 AS d, h.id, n.name FROM homes h JOIN names n USING (region) ORDER BY 1, 2 LIMIT 6'
	]) query, search(query) s;
RESET enable_hashjoin;
RESET enable_mergejoin;
SELECT DISTINCT expression, verdict FROM mm_why_not('SELECT id FROM homes ORDER BY stars <+> 77 LIMIT 3');

-- What one search has to verify where the nearest rows are all in one partition.
CREATE TABLE far (id integer, x integer, y integer) PARTITION BY RANGE (x);
SELECT format('CREATE TABLE far_%s PARTITION OF far FOR VALUES FROM (%s) TO (%s)', i, 1000 * i, 1000 * i + 1000)
	FROM generate_series(0, 7) i \gexec
INSERT INTO far SELECT i, i, i * 7919 % 8009 FROM generate_series(0, 7999) i;
CREATE INDEX far_mm ON far USING mmdb (x, y);
ANALYZE far;
SELECT lines('SELECT id FROM far ORDER BY (x <+> 4500) + (y <+> 4000) / 100 LIMIT 5', 'rows=0|MMDB Scan|Searched')
	AS line;

-- Children by inheritance; one has no index, and is sorted.
CREATE TABLE base (id integer, x integer);
CREATE TABLE derived (extra text) INHERITS (base);
CREATE TABLE plain (extra text) INHERITS (base);
INSERT INTO base SELECT i, i * 7 % 1000 FROM generate_series(1, 1000) i;
INSERT INTO derived SELECT i, i * 7 % 1000 FROM generate_series(1001, 2000) i;
INSERT INTO plain SELECT i, i * 7 % 1000 FROM generate_series(2001, 2100) i;
CREATE INDEX base_mm ON base USING mmdb (x);
CREATE INDEX derived_mm ON derived USING mmdb (x);
ANALYZE base, derived, plain;
SELECT plan('SELECT id FROM base ORDER BY x <+> 77 LIMIT 3');
SELECT query, s.* FROM unnest(ARRAY[
	'SELECT x <+> 77, id FROM base ORDER BY 1, 2 LIMIT 10',
	'SELECT x <+> 77, tableoid::regclass, id FROM base ORDER BY 1, 3 LIMIT 1000',
	'SELECT -(x <+> 77) FROM base WHERE id % 3 = 1 ORDER BY 1 DESC LIMIT 5'
	]) query, search(query) s;
-- What is sorted for a small LIMIT is sorted once more for a larger one, and for none.
SELECT l.n, count(*), max(s.d) FROM (VALUES (1, 2), (2, 50), (3, NULL), (4, 3)) l(i, n),
	LATERAL (SELECT id, x <+> 77 AS d FROM base ORDER BY 2 LIMIT l.n) s GROUP BY l.i, l.n ORDER BY l.i;

-- Partitions with indexes of their own: one has no index of the price, which is a filter
-- there.  How many distances there were of which column is known for each of them; and for
-- all together only if their indexes are alike.
CREATE TABLE own (id integer, region integer, stars integer, price float8) PARTITION BY LIST (region);
CREATE TABLE own_1 PARTITION OF own FOR VALUES IN (1);
CREATE TABLE own_2 PARTITION OF own FOR VALUES IN (2);
CREATE TABLE own_3 PARTITION OF own FOR VALUES IN (3);
INSERT INTO own SELECT i, 1 + i % 3, i * 31 % 1009, i * 7919 % 10007 FROM generate_series(1, 6000) i;
CREATE INDEX own_1_mm ON own_1 USING mmdb (stars);
CREATE INDEX own_2_mm ON own_2 USING mmdb (stars, price);
CREATE INDEX own_3_mm ON own_3 USING mmdb (stars, price);
ANALYZE own;
CREATE FUNCTION counted(query text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT regexp_replace(line, '\y[0-9]+|\(actual.*', '#', 'g')
		FROM lines(query, '^ *(->  Custom|Filter|Within|Distances)') line
$$;
SELECT counted('SELECT id FROM own WHERE price <+> 500 <= 100 ORDER BY stars <+> 77 LIMIT 10');
SELECT counted('SELECT id FROM own WHERE region > 1 AND price <+> 500 <= 100 ORDER BY stars <+> 77 LIMIT 10');
-- the same columns in another order
DROP INDEX own_3_mm;
CREATE INDEX own_3_mm ON own_3 USING mmdb (price, stars);
SELECT counted('SELECT id FROM own WHERE region > 1 AND price <+> 500 <= 100 ORDER BY stars <+> 77 LIMIT 10');
SELECT s.* FROM search('SELECT id FROM own WHERE price <+> 500 <= 100 ORDER BY stars <+> 77, id LIMIT 10') s;
DROP TABLE own;
DROP FUNCTION counted;

-- A sum of many distances.
SELECT s.* FROM (SELECT string_agg(format('(x <+> %s)', 37 * i), ' + ') AS sum FROM generate_series(1, 20) i) q,
	search(format('SELECT %s FROM base ORDER BY 1 LIMIT 10', sum)) s;

-- Sketches, of which only those near entries that may be wanted are looked at, and what
-- the leaves of all partitions have in common: with ties, NULLs, weights that are 0, and
-- rows that are changed.
CREATE TABLE drawn (id integer, v mmvector(16), word text, x integer) PARTITION BY HASH (id);
SELECT format('CREATE TABLE drawn_%s PARTITION OF drawn FOR VALUES WITH (MODULUS 4, REMAINDER %1$s)', i)
	FROM generate_series(0, 3) i \gexec
SELECT setseed(0.25);
INSERT INTO drawn
	SELECT i, CASE WHEN i % 50 > 0 THEN ARRAY(SELECT round((random() * (1 + j % 3) * (1 + i % 2))::numeric, 1)
			FROM generate_series(1, 16) j WHERE i > 0)::mmvector END,
		CASE WHEN i % 40 > 0 THEN substr(md5((i / 2)::text), 1, 4 + i % 5) END, (random() * 30)::integer
	FROM generate_series(1, 6000) i;
CREATE INDEX ON drawn USING mmdb (v, word, x);
ANALYZE drawn;
CREATE FUNCTION compare_drawn(trials integer, OUT compared bigint, OUT different bigint) LANGUAGE plpgsql AS $$
DECLARE
	object drawn;
	query text;
	by_search text[];
	by_sort text[];
BEGIN
	compared := 0;
	different := 0;
	FOR object IN SELECT * FROM drawn WHERE v IS NOT NULL AND word IS NOT NULL ORDER BY hashint4(id) LIMIT trials LOOP
		query := format('SELECT array_agg(d) FROM (SELECT %s * (v <-> %L) + %s * coalesce(word <~> %L, 2) +
				%s * (x <+> %s) AS d FROM drawn ORDER BY 1 LIMIT %s) s',
			(object.id % 3)::float8 / 2, object.v, (object.id % 4)::float8 / 3, object.word,
			object.id % 2, object.x + 1, (ARRAY[1, 10, 60, 500])[1 + object.id / 7 % 4]);
		EXECUTE query INTO by_search;
		SET LOCAL mmdb.enable_scan = off;
		EXECUTE query INTO by_sort;
		SET LOCAL mmdb.enable_scan = on;
		compared := compared + 1;
		different := different + (by_search IS DISTINCT FROM by_sort)::integer;
	END LOOP;
END $$;
SELECT * FROM compare_drawn(60);
DELETE FROM drawn WHERE id % 5 = 1;
UPDATE drawn SET x = x + 3, word = word || 'z' WHERE id % 5 = 2;
SELECT * FROM compare_drawn(30);
VACUUM drawn;
INSERT INTO drawn SELECT id + 6000, v, word, x FROM drawn WHERE id % 3 = 0;
SELECT * FROM compare_drawn(30);
DROP TABLE drawn;
DROP FUNCTION compare_drawn;

-- Row-level security of the parent: counts would tell of hidden rows.
CREATE ROLE regress_mm_partitions;
GRANT SELECT ON homes TO regress_mm_partitions;
ALTER TABLE homes ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON homes USING (id % 10 = 1);
SET ROLE regress_mm_partitions;
SET enable_seqscan = off;
SELECT lines('SELECT id FROM homes ORDER BY stars <+> 77 LIMIT 3', 'Partition|Verified|Pages');
SELECT id, stars <+> 77 AS d FROM homes ORDER BY d, id LIMIT 3;
RESET ROLE;
-- without the right to read a column, nothing is found by it
ALTER TABLE homes DISABLE ROW LEVEL SECURITY;
REVOKE SELECT ON homes FROM regress_mm_partitions;
GRANT SELECT (id, price) ON homes TO regress_mm_partitions;
SET ROLE regress_mm_partitions;
SELECT id FROM homes ORDER BY stars <+> 77 LIMIT 3;
SELECT id FROM homes ORDER BY price <+> 77, id LIMIT 1;
RESET ROLE;
DROP TABLE homes, names, far, base CASCADE;
DROP ROLE regress_mm_partitions;
DROP FUNCTION plan, search, lines, noisy;
