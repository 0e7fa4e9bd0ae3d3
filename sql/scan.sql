-- Index scans and bitmap scans, without custom scans: which queries use them, and that the answers are
-- those of a sequential scan.
SET mmdb.enable_scan = off;
CREATE TYPE home AS (place mmvector(2), price float8, review text);
CREATE TABLE homes (id integer, obj home, photo mmvector(2), price float8, review text) WITH (autovacuum_enabled = off);
INSERT INTO homes SELECT i, CASE WHEN i % 100 > 0 THEN o END, (o).place, CASE WHEN i % 50 > 0 THEN (o).price END,
	(o).review
	FROM (SELECT i, ROW(ARRAY[sin(i), cos(i * 2)], i * 7919 % 10007, repeat(chr(97 + i % 3), i % 17))::home AS o
		FROM generate_series(1, 3000) i) s;
CREATE INDEX homes_mm ON homes USING mmdb (photo, price, review);
CREATE INDEX homes_obj ON homes USING mmdb (obj);
ANALYZE homes;

-- The scans of a plan that use an index.
CREATE FUNCTION plan(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	RETURN (SELECT string_agg(concat_ws(' ', node ->> 'Node Type', node ->> 'Index Name'), ', ')
			FROM jsonb_path_query(plan, 'strict $.** ? (exists (@."Index Name"))') node);
END $$;

-- A query, without one kind of scan: how many rows it returns, and those that
-- differ when the index does not help.
CREATE FUNCTION compare(query text, without text, OUT plan text, OUT rows bigint, OUT differences text)
	LANGUAGE plpgsql AS $$
BEGIN
	SET LOCAL enable_seqscan = off;
	SET LOCAL enable_sort = off;
	PERFORM set_config(without, 'off', true);
	plan := plan(query);
	EXECUTE 'CREATE TEMP TABLE by_index AS SELECT row_number() OVER () AS n, * FROM (' || query || ') q';
	SET LOCAL enable_seqscan = on;
	SET LOCAL enable_sort = on;
	SET LOCAL enable_indexscan = off;
	SET LOCAL enable_bitmapscan = off;
	EXECUTE 'CREATE TEMP TABLE by_sort AS SELECT row_number() OVER () AS n, * FROM (' || query || ') q';
	SET LOCAL enable_indexscan = on;
	SET LOCAL enable_bitmapscan = on;
	SELECT count(*), differences(query, array_agg(i::text ORDER BY n), array_agg(s::text ORDER BY n))
		INTO rows, differences FROM by_index i FULL JOIN by_sort s USING (n);
	DROP TABLE by_index, by_sort;
END $$;

SELECT * FROM compare('SELECT photo <-> ''[0.3,0.4]'' FROM homes ORDER BY 1 LIMIT 10', 'enable_bitmapscan');
SELECT * FROM compare('SELECT price <+> 5 FROM homes ORDER BY 1', 'enable_bitmapscan');
SELECT * FROM compare('SELECT review <~> ''aabaaa'' FROM homes WHERE id > 1000 ORDER BY 1 LIMIT 500',
	'enable_bitmapscan');
SELECT * FROM compare('SELECT price <+> (SELECT NULL::float8) FROM homes ORDER BY 1', 'enable_bitmapscan');
SELECT * FROM compare($$SELECT obj <-> odbquery(ROW('[0.3,0.4]', 5000, 'aaab')::home, '{1,0.001,0.1}') FROM homes
	ORDER BY 1 LIMIT 100$$, 'enable_bitmapscan');
SELECT * FROM compare('SELECT obj <-> odbquery(ROW(''[0.3,0.4]'', NULL, ''aaab'')::home, NULL) FROM homes ORDER BY 1',
	'enable_bitmapscan');
SELECT * FROM compare('SELECT obj <-> odbquery(ROW(NULL, 5000, NULL)::home, NULL) FROM homes
	WHERE obj <@ odbrange(ROW(''[0.3,0.4]'', NULL, ''a'')::home, ''{1,1,0.1}'', 0.9) ORDER BY 1', 'enable_bitmapscan');
SELECT * FROM compare('SELECT id FROM homes WHERE obj <@ odbrange(ROW(NULL, 5000, NULL)::home, NULL, 77) ORDER BY id',
	'enable_indexscan');
SELECT * FROM compare('SELECT id FROM homes WHERE obj <@ odbrange(ROW(NULL, 5000, NULL)::home, NULL, 77) ORDER BY id',
	'enable_bitmapscan');
SELECT * FROM compare($$SELECT id FROM homes
	WHERE obj <@ odbrange(ROW('[0.3,0.4]', 5000, 'aaab')::home, '{1,0.001,0.1}', 1.5)
	ORDER BY id$$, 'enable_indexscan');
SELECT * FROM compare('SELECT id FROM homes WHERE obj <@ odbrange(ROW(NULL, 5000, NULL)::home, NULL, 500)
	AND obj <@ odbrange(ROW(''[0.3,0.4]'', NULL, NULL)::home, NULL, 0.5) ORDER BY id', 'enable_indexscan');
SELECT * FROM compare('SELECT id FROM homes WHERE obj <@ odbrange(ROW(NULL, 5000, NULL)::home, NULL, 50)
	OR obj <@ odbrange(ROW(''[0.3,0.4]'', NULL, NULL)::home, NULL, 0.05) ORDER BY id', 'enable_indexscan');
SELECT * FROM compare('SELECT id FROM homes WHERE obj <@ (SELECT NULL::odbquery OFFSET 0) ORDER BY id',
	'enable_indexscan');

-- Not by two distances: where the first is NULL, the executor would not look at
-- the second.
SELECT * FROM compare('SELECT price <+> 5 AS a, review <~> ''ccc'' AS b FROM homes ORDER BY 1, 2', 'enable_bitmapscan');
SELECT * FROM compare($$SELECT review <~> 'ccc' AS a, price <+> (SELECT NULL::float8) AS b FROM homes
	ORDER BY 2, 1 LIMIT 700$$, 'enable_bitmapscan');

-- Nor where the place of the rows is asked for: the executor forgets it when it
-- puts rows in order.
SELECT * FROM compare('SELECT ctid AS place, id FROM homes ORDER BY photo <-> ''[0.3,0.4]'' LIMIT 3',
	'enable_bitmapscan');
SELECT * FROM compare('SELECT id FROM homes WHERE ctid <> ''(0,1)'' ORDER BY photo <-> ''[0.3,0.4]'' LIMIT 3',
	'enable_bitmapscan');
SELECT plan('SELECT id FROM homes ORDER BY photo <-> ''[0.3,0.4]'' LIMIT 3 FOR UPDATE');
SELECT id FROM homes ORDER BY photo <-> '[0.3,0.4]' LIMIT 3 FOR UPDATE;

-- Memory for a few pages only: the search spills.
SET work_mem = '64kB';
SELECT * FROM compare('SELECT price <+> 5 FROM homes ORDER BY 1', 'enable_bitmapscan');
SELECT * FROM compare($$SELECT obj <-> odbquery(ROW('[0.3,0.4]', 5000, 'aaab')::home, '{1,0.001,0.1}') FROM homes
	ORDER BY 1$$, 'enable_bitmapscan');
RESET work_mem;

-- One scan for each of several values.
SELECT * FROM compare('SELECT q.id, n.distance FROM homes q,
	LATERAL (SELECT price <+> q.price AS distance FROM homes ORDER BY 1 LIMIT 3) n
	WHERE q.id % 97 = 3 OR q.id = 50 ORDER BY 1, 2', 'enable_bitmapscan');

-- A query must have the dimensions of the column, and distances at all.
SET enable_seqscan = off;
SET enable_sort = off;
SELECT id FROM homes ORDER BY photo <-> '[1,2,3]' LIMIT 1;
SELECT id FROM homes ORDER BY photo <-> (SELECT array_agg(i::real)::mmvector FROM generate_series(1, 16000) i) LIMIT 1;
SELECT id FROM homes ORDER BY photo <-> '[1]' LIMIT 1;
SELECT id FROM homes ORDER BY obj <-> odbquery(ROW('[1,2,3]'::mmvector, NULL, NULL), NULL) LIMIT 1;
SELECT id FROM homes WHERE obj <@ odbquery(ROW('[1,2]'::mmvector, NULL, NULL), NULL);
SELECT id FROM homes ORDER BY obj <-> odbquery(ROW(1, 2), NULL) LIMIT 1;

-- A table truncated in the transaction that made it: another model takes the
-- place of the first.
BEGIN;
CREATE TABLE again (a integer, v mmvector);
CREATE INDEX again_mm ON again USING mmdb (a, v);
INSERT INTO again SELECT i, ARRAY[i, 0, 1, 2, 3] FROM generate_series(1, 300) i;
SELECT a FROM again ORDER BY a <+> 7 LIMIT 1;
TRUNCATE again;
INSERT INTO again SELECT -1000 * i, ARRAY[0, i, 5, 6, 7] FROM generate_series(1, 300) i;
SELECT a FROM again ORDER BY a <+> -7000 LIMIT 1;
SELECT a FROM again ORDER BY v <-> '[0,200,5,6,7]' LIMIT 1;
COMMIT;

-- Rows that were rolled back are not what an index learns from: it answers
-- without reading the table.
CREATE TABLE late (a integer, v mmvector);
CREATE INDEX late_mm ON late USING mmdb (v);
BEGIN;
INSERT INTO late SELECT i, ARRAY[i, i, i, i, i, 1] FROM generate_series(1, 256) i;
ROLLBACK;
INSERT INTO late SELECT i, ARRAY[i, i, i, i, i, 1] FROM generate_series(1, 1000) i;
BEGIN;
SET LOCAL mmdb.enable_scan = on;
SET LOCAL enable_seqscan = off;
SELECT pg_stat_get_xact_numscans('late'::regclass) AS before \gset
SELECT (obj).a, distance FROM odbknn(NULL::late, ROW('[7,7,7,7,7,1]'), NULL, 1);
SELECT pg_stat_get_xact_numscans('late'::regclass) - :before AS sequential_scans;
COMMIT;

-- A row found is complete: it has the columns that came after it.
CREATE TABLE grown (a integer);
INSERT INTO grown SELECT generate_series(1, 1000);
CREATE INDEX grown_mm ON grown USING mmdb (a);
ALTER TABLE grown ADD COLUMN b integer DEFAULT 5;
CREATE TABLE kept AS SELECT obj FROM odbknn(NULL::grown, ROW(7), NULL, 1) UNION ALL SELECT obj
	FROM odbrange(NULL::grown, ROW(8), NULL, 0);
VACUUM FULL grown;
SELECT obj FROM kept ORDER BY 1;

DROP TABLE homes, again, late, grown, kept;
DROP TYPE home;
DROP FUNCTION plan, compare;
