-- CREATE INDEX ... USING mmdb: what can be indexed, what it measures.
CREATE TABLE homes (id integer, photo mmvector(4), loc point, price float8, review text, tags text[], listed date,
	kind varchar(10), code bit varying);
INSERT INTO homes SELECT i, ARRAY[i % 10, i % 7, i % 3, 1], point(i % 20, i % 15), (i * 37) % 1000, 'review ' || i % 50,
	ARRAY['t' || i % 5, 'u' || i % 3], date '2026-01-01' + i % 365, 'k' || i % 4, (i % 256)::bit(8)
		FROM generate_series(1, 500) i;
INSERT INTO homes (id) VALUES (501), (502);

-- Each type's default class, or named ones.
CREATE INDEX homes_all ON homes USING mmdb (photo, loc, price, review, tags, listed, kind, code);
CREATE INDEX homes_named ON homes USING mmdb (photo mmvector_cosine_ops, loc point_l1_ops, review text_discrete_ops);
SELECT index_name, column_number AS n, column_name, type, metric, operator, dimensions AS dim, count
FROM mmdb.index_columns ORDER BY index_name::text, n;

-- The planner learns how many rows each index has.
CREATE INDEX homes_some ON homes USING mmdb (price) WHERE id < 101;
SELECT relname, reltuples FROM pg_class WHERE relname IN ('homes_all', 'homes_some') ORDER BY 1;
DROP INDEX homes_some;

-- The figures, against SQL: all pairs of different rows, for a table small
-- enough that the index measured all of them.
CREATE TABLE few AS SELECT * FROM homes WHERE id <= 100;
CREATE INDEX few_mm ON few USING mmdb (photo, price, review);
WITH d(column_name, d) AS (
	SELECT 'photo', a.photo <-> b.photo FROM few a, few b WHERE a.id < b.id UNION ALL
	SELECT 'price', a.price <+> b.price FROM few a, few b WHERE a.id < b.id UNION ALL
	SELECT 'review', a.review <~> b.review FROM few a, few b WHERE a.id < b.id
), s AS (
	SELECT column_name, avg(d) AS mean, var_pop(d) AS variance, 2 * percentile_cont(0.5)
		WITHIN GROUP (ORDER BY d) AS scale
	FROM d GROUP BY column_name)
SELECT column_name, abs(c.mean - s.mean) < 1e-9 * s.mean AS mean,
	abs(c.variance - s.variance) < 1e-9 * s.variance AS variance,
	   abs(c.scale - s.scale) < 1e-9 AS scale,
	   abs(c.intrinsic_dimension - s.mean ^ 2 / (2 * s.variance)) < 1e-9 AS intrinsic_dimension,
	   mm_scale('few_mm', column_name) = c.scale AS mm_scale
FROM s JOIN mmdb.index_columns c USING (column_name) WHERE index_name = 'few_mm'::regclass ORDER BY 1;
SELECT mm_scale('few_mm', 'nothing');
SELECT mm_scale('few', 'photo');
SELECT mm_scale('pg_class_oid_index', 'oid');

-- A larger sample, or a smaller one, comes to about the same.
CREATE INDEX homes_100 ON homes USING mmdb (price) WITH (sample_rows = 100);
SELECT abs(mm_scale('homes_100', 'price') / mm_scale('homes_all', 'price') - 1) < 0.2 AS close;
SELECT reloptions FROM pg_class WHERE relname = 'homes_100';
CREATE INDEX bad ON homes USING mmdb (price) WITH (sample_rows = 10);
CREATE INDEX bad ON homes USING mmdb (price) WITH (pages = 10);

-- Expressions, partial indexes, REINDEX, CONCURRENTLY.
CREATE INDEX homes_expr ON homes USING mmdb ((price / 1000), review) WHERE id < 101;
SELECT column_name, count, scale FROM mmdb.index_columns WHERE index_name = 'homes_expr'::regclass;
CREATE INDEX CONCURRENTLY homes_conc ON homes USING mmdb (price);
SELECT indisvalid, mm_scale('homes_conc', 'price') = mm_scale('homes_all', 'price') AS same
FROM pg_index WHERE indexrelid = 'homes_conc'::regclass;
UPDATE homes SET price = price * 10;
REINDEX INDEX homes_conc;
REINDEX INDEX CONCURRENTLY homes_all;
SELECT count(*) FILTER (WHERE scale > 1000) AS scaled FROM mmdb.index_columns WHERE column_name = 'price';

-- Constant, empty and NULL columns have a scale, too.
CREATE TABLE dull (a integer, b text, c float8, d boolean);
INSERT INTO dull SELECT 1, NULL, (CASE WHEN i % 2 = 0 THEN 'Infinity' ELSE 'NaN' END)::float8, i = 1
	FROM generate_series(1, 50) i;
CREATE INDEX dull_mm ON dull USING mmdb (a, b, c, d);
SELECT column_name, count, mean, variance, scale, intrinsic_dimension FROM mmdb.index_columns
	WHERE index_name = 'dull_mm'::regclass;

-- An index made before its table was filled knows dimensions from the first
-- row on; about scales see scales.sql.
CREATE TABLE later (a integer, v mmvector);
CREATE INDEX later_mm ON later USING mmdb (a, v);
INSERT INTO later SELECT i, ARRAY[i, i % 5] FROM generate_series(1, 99) i;
SELECT column_name, dimensions, count, scale FROM mmdb.index_columns WHERE index_name = 'later_mm'::regclass;

-- How many rows a partial index has, VACUUM does not know.
CREATE TABLE many (id integer, a integer) WITH (autovacuum_enabled = off);
INSERT INTO many SELECT i, i FROM generate_series(1, 2000) i;
CREATE INDEX many_few ON many USING mmdb (a) WHERE id <= 10;
UPDATE many SET a = a * 100;
VACUUM many;
SELECT reltuples FROM pg_class WHERE relname = 'many_few';
DROP TABLE many;

-- All values of a column have the same dimensions, and distances.
INSERT INTO later VALUES (1, '[1,2,3]');
UPDATE later SET v = '[1,2,3]' WHERE a = 1;
CREATE TABLE mixed (v mmvector, z mmvector);
INSERT INTO mixed VALUES ('[1]', '[0]'), ('[1,2]', '[1]');
CREATE INDEX ON mixed USING mmdb (v);
CREATE INDEX mixed_mm ON mixed USING mmdb (v) WHERE mm_dims(v) = 2;
INSERT INTO mixed VALUES ('[1,2,3]', NULL), ('[3,4]', NULL);
-- what a failed CREATE INDEX CONCURRENTLY leaves is in nobody's way
CREATE INDEX CONCURRENTLY mixed_failed ON mixed USING mmdb (v);
SELECT count(*) FROM mmdb.index_columns WHERE table_name = 'mixed'::regclass;
DROP INDEX mixed_failed;
CREATE INDEX ON mixed USING mmdb (z mmvector_cosine_ops);
DELETE FROM mixed;
CREATE INDEX ON mixed USING mmdb (z mmvector_cosine_ops);
INSERT INTO mixed VALUES (NULL, '[0]');

-- Unlogged and temporary tables.
CREATE UNLOGGED TABLE unlogged (a integer);
INSERT INTO unlogged SELECT generate_series(1, 10);
CREATE INDEX unlogged_mm ON unlogged USING mmdb (a);
CREATE TEMP TABLE temporary (a integer);
CREATE INDEX temporary_mm ON temporary USING mmdb (a);
SELECT index_name, count FROM mmdb.index_columns WHERE index_name IN ('unlogged_mm'::regclass, 'temporary_mm'::regclass)
	ORDER BY 1::text DESC;

-- What an mmdb index cannot be.
CREATE UNIQUE INDEX ON homes USING mmdb (price);
CREATE INDEX ON homes USING mmdb (price) INCLUDE (review);
CREATE INDEX ON homes USING mmdb (price DESC);
CREATE TABLE jsons (j jsonb);
CREATE INDEX ON jsons USING mmdb (j);
DO $$ BEGIN EXECUTE 'CREATE INDEX ON homes USING mmdb (' || (SELECT string_agg('(price + ' || i || ')', ', ')
	FROM generate_series(1, 33) i) || ')'; END $$;
CLUSTER homes USING homes_all;

-- A plan may use the index for an order by distance, not for a range of one.
CREATE FUNCTION plan(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
	SET LOCAL enable_seqscan = off;
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	RETURN plan::text;
END $$;
SELECT plan('SELECT id FROM homes ORDER BY price <+> 5 LIMIT 1') LIKE '%Index Name%' AS by_distance,
	   plan('SELECT id FROM homes WHERE (price <+> 5) < 10') LIKE '%Index Name%' AS in_range;
DROP FUNCTION plan;

DROP TABLE homes, few, dull, later, mixed, unlogged, temporary, jsons;
