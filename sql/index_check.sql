-- mmdb_index_check: healthy indexes of all kinds pass, however they came about.
-- (What it finds in damaged ones, see test/t/007_corruption.pl.)
SELECT setseed(0.25);
CREATE FUNCTION words(i integer, n integer) RETURNS text LANGUAGE sql IMMUTABLE
	AS $$ SELECT string_agg(substr('aeioubdlmnrst', 1 + abs(hashint4(i * 31 + j)) % 13, 1), '')
		FROM generate_series(1, n) j $$;
CREATE TABLE things (id integer, wide mmvector(24), cosine mmvector(8), narrow mmvector(3), reals real[], place point,
	sphere point,
	price float8, amount numeric, seen timestamptz, span interval, name text, kind text, tags text[], code bit(64),
	flag boolean, key uuid) WITH (autovacuum_enabled = off);
CREATE FUNCTION add_things(first integer, last integer) RETURNS void LANGUAGE sql AS $$
	INSERT INTO things SELECT i, ARRAY(SELECT random() + i % 5 FROM generate_series(1, 24) WHERE i > 0),
		ARRAY(SELECT random() - 0.5 FROM generate_series(1, 8) WHERE i > 0), ARRAY[i % 7, random(), 1],
		ARRAY(SELECT random() FROM generate_series(1, 12) WHERE i > 0), point(random(), i % 11),
		point(random() * 360 - 180, random() * 180 - 90),
		CASE WHEN i % 50 = 0 THEN 'Infinity' WHEN i % 51 = 0 THEN 'NaN' ELSE random() * 1000 END, i * 1.5,
			timestamptz '2026-01-01' + i * interval '1 hour',
		i * interval '1 minute', words(i, 3 + i % 20), 'k' || i % 9, ARRAY['t' || i % 5, 'u' || i % 13],
		(hashint8(i)::bigint * i)::bit(64), i % 2 = 0, md5((i % 20)::text)::uuid
	FROM generate_series(first, last) i;
	UPDATE things SET wide = NULL, name = NULL, price = NULL WHERE id % 10 = 3 AND id BETWEEN first AND last;
	UPDATE things SET place = NULL, cosine = NULL, tags = NULL, code = NULL, flag = NULL
		WHERE id % 10 = 4 AND id BETWEEN first AND last;
$$;
-- an index on each column, on all, partial, on expressions, and one all of whose values are NULL
SELECT add_things(1, 200);
CREATE INDEX t_all ON things
	USING mmdb (wide, cosine mmvector_cosine_ops, narrow mmvector_l1_ops, reals, place, sphere point_geo_ops, price,
	amount, seen,
	span, name, kind text_discrete_ops, tags, code, flag, key);
CREATE INDEX t_few ON things USING mmdb (wide mmvector_linf_ops, name) WITH (pivots = 5);
CREATE INDEX t_jaccard ON things USING mmdb (code bit_jaccard_ops, reals real_array_l1_ops, cosine mmvector_l1_ops);
CREATE INDEX t_vector ON things USING mmdb (wide);
CREATE INDEX t_text ON things USING mmdb (name) WITH (fillfactor = 40);
CREATE INDEX t_price ON things USING mmdb (price);
CREATE INDEX t_partial ON things USING mmdb (name, place) WHERE flag;
CREATE INDEX t_expression ON things USING mmdb ((price / 10), (upper(name)), (ARRAY[id]));
CREATE INDEX t_null ON things USING mmdb ((NULL::text), (NULL::integer));
CREATE INDEX t_one_null ON things USING mmdb ((NULL::point), amount);
CREATE TYPE thing AS (v mmvector, s text, p point);
CREATE TABLE composites (id integer, o thing) WITH (autovacuum_enabled = off);
CREATE INDEX t_composite ON composites USING mmdb (o);
CREATE VIEW indexes AS SELECT indexrelid::regclass AS index FROM pg_index
	WHERE indrelid IN ('things'::regclass, 'composites'::regclass);

-- without a model; the second column tells that it passed
SELECT index, mmdb_index_check(index) FROM indexes ORDER BY index::text;
SELECT height, entries, leaf_fill, inner_fill, overlap, coordinates, sketch_bytes, trained, splits
	FROM mmdb_index_stats('t_all');

-- rows that train a model, then split pages
SELECT add_things(201, 2000);
INSERT INTO composites SELECT id, ROW(wide, name, place)::thing FROM things UNION ALL SELECT 0, NULL;
SELECT index, height, entries, trained, mmdb_index_check(index) FROM indexes, mmdb_index_stats(index)
	ORDER BY index::text;
-- as a build makes them, concurrently or not, in little memory or enough
REINDEX TABLE composites;
REINDEX INDEX CONCURRENTLY t_all;
SET maintenance_work_mem = '1MB';
REINDEX TABLE things;
SELECT index, height, entries, splits, mmdb_index_check(index) FROM indexes, mmdb_index_stats(index)
	ORDER BY index::text;
RESET maintenance_work_mem;

-- dead rows, before VACUUM and after, updates in place and elsewhere
DELETE FROM things WHERE id % 3 = 0;
UPDATE things SET name = words(id + 7, 9), price = -price WHERE id % 5 = 0;
UPDATE things SET key = key;
UPDATE composites SET o.p = point(1, id) WHERE id < 900;
DELETE FROM composites WHERE id > 1500;
SELECT count(mmdb_index_check(index)::text) FROM indexes;
VACUUM things, composites;
SELECT index, entries, mmdb_index_check(index) FROM indexes, mmdb_index_stats(index) ORDER BY index::text;
SELECT add_things(2001, 2600);
SELECT count(mmdb_index_check(index)::text) FROM indexes;
-- rolled back, or not committed yet
BEGIN;
SELECT add_things(2601, 2700);
DELETE FROM things WHERE id < 1000;
SAVEPOINT s;
UPDATE things SET amount = 1;
ROLLBACK TO s;
SELECT count(mmdb_index_check(index)::text) FROM indexes;
ROLLBACK;
SELECT count(mmdb_index_check(index)::text) FROM indexes;
-- empty again
DELETE FROM things;
VACUUM things;
SELECT index, entries, mmdb_index_check(index) FROM indexes, mmdb_index_stats(index) WHERE index::text <> 't_composite'
	ORDER BY index::text;
VACUUM things;
SELECT add_things(1, 1000);
SELECT count(mmdb_index_check(index)::text) FROM indexes;
DROP TABLE things, composites CASCADE;

-- Trees of one, two and three levels, made by a build and by insertions.
CREATE TABLE levels (v mmvector(4), n integer) WITH (autovacuum_enabled = off);
CREATE INDEX l_grown ON levels USING mmdb (v, n);
CREATE VIEW grown AS SELECT height, entries, leaf_pages > 1 AS leaves, inner_pages > 1 AS inners,
	mmdb_index_check('l_grown')::text FROM mmdb_index_stats('l_grown');
INSERT INTO levels SELECT ARRAY[random(), random(), random(), i], i FROM generate_series(1, 100) i;
SELECT * FROM grown;
INSERT INTO levels SELECT ARRAY[random(), random(), random(), i], i FROM generate_series(1, 2000) i;
SELECT * FROM grown;
INSERT INTO levels SELECT ARRAY[random(), random(), random(), i], i FROM generate_series(1, 30000) i;
SELECT * FROM grown;
CREATE INDEX l_built ON levels USING mmdb (v, n) WITH (fillfactor = 50);
SELECT height, entries, splits, leaf_fill < 51 AS half_full, overlap < 3 AS overlap, mmdb_index_check('l_built')
	FROM mmdb_index_stats('l_built');
-- pages of a range that is deleted become free, and are used again
DELETE FROM levels WHERE n BETWEEN 5000 AND 25000;
VACUUM levels;
SELECT mmdb_index_check('l_grown'), mmdb_index_check('l_built');
SELECT free_pages > 50 AS free FROM mmdb_index_stats('l_built');
VACUUM levels;
INSERT INTO levels SELECT ARRAY[random(), random(), random(), i], i FROM generate_series(5000, 25000) i;
SELECT mmdb_index_check('l_grown'), mmdb_index_check('l_built');
-- pages alone
SELECT mmdb_index_check('l_built', heap => false);
-- equal rows, more than fit on any page
CREATE INDEX l_equal ON levels USING mmdb ((1), (v - v));
INSERT INTO levels SELECT '[1,2,3,4]', 7 FROM generate_series(1, 5000);
SELECT mmdb_index_check('l_equal'), mmdb_index_check('l_grown');
DROP TABLE levels CASCADE;

-- As many raw coordinates as there can be.
DO $$ BEGIN
	EXECUTE format('CREATE TABLE raw (%s)', (SELECT string_agg('c' || i || ' mmvector(4)', ', ')
		FROM generate_series(1, 32) i));
	EXECUTE format('INSERT INTO raw SELECT %s FROM generate_series(1, 500) n',
		(SELECT string_agg('ARRAY[random(), random(), n, 1]', ', ') FROM generate_series(1, 32)));
	EXECUTE format('CREATE INDEX raw_mm ON raw USING mmdb (%s)', (SELECT string_agg('c' || i, ', ')
		FROM generate_series(1, 32) i));
END $$;
SELECT coordinates, sketch_bytes, height, mmdb_index_check('raw_mm') FROM mmdb_index_stats('raw_mm');
DROP TABLE raw;

-- A training that fails leaves the index as it was.  Here it is the last
-- but one of the distances it computes.
CREATE SEQUENCE calls;
CREATE FUNCTION counted(a integer, b integer) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF nextval('public.calls') = current_setting('test.fails_at', true)::bigint THEN
		RAISE 'this distance fails';
	END IF;
	RETURN abs(a - b);
END $$;
CREATE OPERATOR <#> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = counted, COMMUTATOR = <#>);
CREATE OPERATOR CLASS counted_ops FOR TYPE integer USING mmdb AS OPERATOR 1 <#> (integer, integer)
	FOR ORDER BY float_ops, FUNCTION 1 counted(integer, integer);
CREATE TABLE failing (a integer) WITH (autovacuum_enabled = off);
CREATE INDEX failing_mm ON failing USING mmdb (a counted_ops);
INSERT INTO failing SELECT generate_series(1, 257);
SELECT trained FROM mmdb_index_stats('failing_mm');
SELECT set_config('test.fails_at', (last_value - 1)::text, false) <> '' AS set, setval('calls', 1, false) FROM calls;
TRUNCATE failing;
INSERT INTO failing SELECT generate_series(1, 257);
SELECT trained, model_pages, entries, mmdb_index_check('failing_mm') FROM mmdb_index_stats('failing_mm');
SET test.fails_at = 0;
VACUUM failing;
INSERT INTO failing SELECT generate_series(1, 200);
SELECT trained, model_pages, entries, mmdb_index_check('failing_mm') FROM mmdb_index_stats('failing_mm');
INSERT INTO failing SELECT generate_series(258, 700);
SELECT trained, model_pages, free_pages, mmdb_index_check('failing_mm') FROM mmdb_index_stats('failing_mm');
DROP TABLE failing;
DROP OPERATOR CLASS counted_ops USING mmdb;
DROP OPERATOR FAMILY counted_ops USING mmdb;
DROP OPERATOR <#> (integer, integer);
DROP FUNCTION counted;
DROP SEQUENCE calls;

-- Unlogged and temporary tables; partitions, but not the index over them.
CREATE UNLOGGED TABLE unlogged AS SELECT i, words(i, 10) AS s FROM generate_series(1, 1000) i;
CREATE INDEX unlogged_mm ON unlogged USING mmdb (i, s);
CREATE TEMP TABLE temporary AS TABLE unlogged;
CREATE INDEX temporary_mm ON temporary USING mmdb (i, s);
SELECT mmdb_index_check('unlogged_mm'), mmdb_index_check('temporary_mm');
CREATE TABLE parted (i integer) PARTITION BY RANGE (i);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (1000);
CREATE INDEX parted_mm ON parted USING mmdb (i);
INSERT INTO parted SELECT generate_series(1, 999);
SELECT mmdb_index_check('parted_1_i_idx');
SELECT mmdb_index_check('parted_mm');
SELECT mmdb_index_stats('parted_mm');
SELECT mmdb_index_check('parted_1');
SELECT mmdb_index_check('pg_class_oid_index');
SELECT mmdb_index_check(0);

-- Superusers may check, and who they let; figures are for readers of the table.
CREATE ROLE regress_mmdb_checker;
SET ROLE regress_mmdb_checker;
SELECT mmdb_index_check('unlogged_mm');
SELECT mmdb_index_stats('unlogged_mm');
RESET ROLE;
GRANT SELECT ON unlogged TO regress_mmdb_checker;
SET ROLE regress_mmdb_checker;
SELECT entries FROM mmdb_index_stats('unlogged_mm');
RESET ROLE;
DROP TABLE unlogged, temporary, parted;
DROP ROLE regress_mmdb_checker;
DROP FUNCTION add_things, words;
DROP TYPE thing;

-- Parallel workers build the same index, concurrently as well.
CREATE TABLE many (id integer, name text, place point);
INSERT INTO many SELECT i, md5((i % 5000)::text), point(i % 100, i / 100) FROM generate_series(1, 20000) i;
SET min_parallel_table_scan_size = 0;
SET max_parallel_maintenance_workers = 2;
CREATE INDEX many_mm ON many USING mmdb (name, place, id);
CREATE INDEX CONCURRENTLY many_mm_too ON many USING mmdb (name, place, id);
RESET min_parallel_table_scan_size;
RESET max_parallel_maintenance_workers;
SELECT mmdb_index_check('many_mm'), mmdb_index_check('many_mm_too');
SELECT entries FROM mmdb_index_stats('many_mm');
SELECT count(*), max(abs(r.distance - x.distance)) < 1e-9 AS same FROM
	(SELECT row_number() OVER (ORDER BY distance) AS n, distance
	 FROM odbknn(NULL::many, ROW(md5('7'), '(3,4)', 500), NULL, 25, 'many_mm')) r
	JOIN (SELECT row_number() OVER (ORDER BY distance) AS n, distance
	 FROM odbknn(NULL::many, ROW(md5('7'), '(3,4)', 500), NULL, 25, 'many_mm_too')) x USING (n);
DROP TABLE many;

-- Distances that are denormal numbers as floats: lines below functions of them are rounded, too.
CREATE TABLE tiny (x float8);
INSERT INTO tiny SELECT i * 0.37e-45 FROM generate_series(1, 600) i;
CREATE INDEX tiny_mm ON tiny USING mmdb (x);
SELECT mmdb_index_check('tiny_mm');
DROP TABLE tiny;
