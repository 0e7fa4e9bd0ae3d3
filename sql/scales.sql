-- Scales: when they are measured, how they are pinned, what is in force.

-- What an index on an empty table does not know, nobody makes up.
CREATE TABLE flats (id integer PRIMARY KEY, rent float8, review text) WITH (autovacuum_enabled = off);
CREATE INDEX flats_mm ON flats USING mmdb (rent, review);
INSERT INTO flats SELECT i, i * i, repeat('x', i) FROM generate_series(1, 5) i;
SELECT column_name, count, scale, measured_scale, pinned, settled FROM mmdb.index_columns
	WHERE index_name = 'flats_mm'::regclass;
\set VERBOSITY sqlstate
SELECT mm_scale('flats_mm', 'rent');
\set VERBOSITY default
SELECT * FROM odbknn(NULL::flats, ROW(4, 'xx'), NULL, 2);
SELECT * FROM odbrange(NULL::flats, ROW(NULL, 'xx'), NULL, 2);
SELECT mm_distance_sql('flats_mm');
SELECT mm_distance_sql('flats_mm', '{0,1}', ROW(NULL, 'xx'), normalized => false);
SELECT * FROM mm_learn_weights('flats_mm', 'VALUES (1, ARRAY[2])');
SELECT mm_refine_weights('flats_mm', NULL, 1, ARRAY[2], ARRAY[5]);
-- without scales
SELECT * FROM odbknn(NULL::flats, ROW(4, 'xx'), NULL, 2, normalized => false, missing => 'ignore');
SELECT mm_distance_sql('flats_mm', normalized => false, missing => 'exclude');
ALTER TABLE flats ALTER rent SET NOT NULL;
SELECT mm_distance_sql('flats_mm', '{1,0}', normalized => false);
-- the way out; or the other one
VACUUM flats;
ANALYZE flats;
SELECT mm_scale('flats_mm', 'rent');
REINDEX INDEX flats_mm;
SELECT (r.obj).id, distance FROM odbknn(NULL::flats, ROW(4, 'xx'), NULL, 2) r;
SELECT column_name, count, scale, measured_scale, pinned, settled FROM mmdb.index_columns
	WHERE index_name = 'flats_mm'::regclass;

-- The 257th row gives an index its model, and its scales for good.
INSERT INTO flats SELECT i, i, 'y' FROM generate_series(6, 256) i;
SELECT count, scale, settled FROM mmdb.index_columns WHERE index_name = 'flats_mm'::regclass;
INSERT INTO flats SELECT i, i, 'y' FROM generate_series(257, 600) i;
SELECT count, scale, settled FROM mmdb.index_columns WHERE index_name = 'flats_mm'::regclass;
UPDATE flats SET rent = rent * 1000;
VACUUM ANALYZE flats;
SELECT count, scale, settled FROM mmdb.index_columns WHERE index_name = 'flats_mm'::regclass;
-- of the first 256 rows: all pairs of numbers are measured
SELECT mm_scale('flats_mm', 'rent') = 2 * percentile_cont(0.5) WITHIN GROUP (ORDER BY a.rent <+> b.rent) / 1000 AS exact
FROM flats a, flats b WHERE a.id < b.id AND b.id <= 256;

-- Rows that come in one statement, or whose columns have no values yet.
CREATE TABLE later (a integer, v mmvector) WITH (autovacuum_enabled = off);
CREATE INDEX later_mm ON later USING mmdb (a, v);
INSERT INTO later (a) SELECT i FROM generate_series(1, 500) i;
SELECT column_name, count, scale, settled FROM mmdb.index_columns WHERE index_name = 'later_mm'::regclass;
UPDATE later SET v = ARRAY[a, 1];
SELECT obj, distance FROM odbknn(NULL::later, ROW(7, NULL), NULL, 1);
SELECT obj, distance FROM odbknn(NULL::later, ROW(7, '[7,1]'), NULL, 1);
REINDEX INDEX later_mm;
SELECT obj, distance FROM odbknn(NULL::later, ROW(7, '[7,1]'), NULL, 1);

-- Who has outgrown its scales is told so, once.
CREATE TABLE grown (a integer) WITH (autovacuum_enabled = off);
CREATE INDEX grown_mm ON grown USING mmdb (a);
INSERT INTO grown SELECT i FROM generate_series(1, 20000) i;
SELECT obj, distance FROM odbknn(NULL::grown, ROW(7), NULL, 1, normalized => false, missing => 'exclude');
\set VERBOSITY terse
SELECT obj, distance FROM odbknn(NULL::grown, ROW(7), NULL, 1);
SELECT mm_scale('grown_mm', 'a');
\c -
SELECT mm_pin_scales('grown_mm', '{100}');
SELECT mm_scale('grown_mm', 'a');
SELECT mm_pin_scales('grown_mm', NULL);
SELECT obj, distance FROM odbrange(NULL::grown, ROW(7), NULL, 0);
\set VERBOSITY default
DROP TABLE grown;

-- The same rows have the same scales, in whatever order they lie, if they have a
-- primary key.  (A sample of 200, for there to be a choice.)
CREATE TABLE rows AS SELECT i AS id, chr(65 + i % 20) || i AS code, (i * 7919) % 10007 AS a, md5(i::text) AS t,
	ARRAY[i % 17, i % 23, i % 29, sin(i), cos(i)]::mmvector AS v FROM generate_series(1, 3000) i;
CREATE TABLE orders AS SELECT 0 AS i, ''::name AS column_name, 0::float8 AS mean, 0::float8 AS variance,
	0::float8 AS scale LIMIT 0;
CREATE TABLE shuffled ();
DO $$
BEGIN
	FOR i IN 1..4 LOOP
		DROP TABLE shuffled;
		EXECUTE format('CREATE TABLE shuffled AS TABLE rows ORDER BY md5(id::text || %s)', i);
		ALTER TABLE shuffled ADD PRIMARY KEY (code, id);
		CREATE INDEX shuffled_mm ON shuffled USING mmdb (a, t, v) WITH (sample_rows = 200);
		INSERT INTO orders SELECT i, s.column_name, s.mean, s.variance, s.scale FROM mmdb.index_columns s
			WHERE index_name = 'shuffled_mm'::regclass;
		INSERT INTO orders SELECT i + 10, s.column_name, s.mean, s.variance, s.scale
			FROM mm_measure_scales('shuffled_mm') s;
	END LOOP;
END $$;
SELECT column_name, count(DISTINCT scale) AS scales, count(DISTINCT mean) AS means FROM orders GROUP BY column_name
	ORDER BY 1;
-- in less memory, the sample is smaller, but that, too, is always the same
SET maintenance_work_mem = '1MB';
ALTER INDEX shuffled_mm SET (sample_rows = 3000);
REINDEX INDEX shuffled_mm;
SELECT bool_and(m.mean = c.mean AND m.scale = c.scale) AS same FROM mm_measure_scales('shuffled_mm') m
	JOIN mmdb.index_columns c USING (column_name)
WHERE index_name = 'shuffled_mm'::regclass;
RESET maintenance_work_mem;
-- of numbers all pairs of the sample are measured
CREATE TABLE numbers AS SELECT id, a FROM rows WHERE id <= 700;
CREATE INDEX numbers_mm ON numbers USING mmdb (a);
SELECT abs(m.mean - s.mean) < 1e-9 * s.mean AS mean, abs(m.variance - s.variance) < 1e-9 * s.variance AS variance,
	m.scale = s.scale AS scale
FROM mmdb.index_columns m,
	 (SELECT avg(a.a <+> b.a) AS mean, var_pop(a.a <+> b.a) AS variance, 2 * percentile_cont(0.5)
		 WITHIN GROUP (ORDER BY a.a <+> b.a) AS scale
	  FROM numbers a, numbers b WHERE a.id < b.id) s
WHERE index_name = 'numbers_mm'::regclass;
-- of other values random pairs are, of whatever order
CREATE TABLE line AS SELECT point(i, 0) AS p FROM generate_series(1, 5000) i;
CREATE INDEX line_mm ON line USING mmdb (p);
SELECT abs(mm_scale('line_mm', 'p') / (2 * (1 - sqrt(0.5)) * 5000) - 1) < 0.03 AS close;
-- where numbers are all but equal, too large, or infinite, random pairs are
CREATE TABLE odd AS SELECT i AS id, (9e15::bigint + i) AS a, 1e300 * i AS b,
	CASE WHEN i % 10 = 0 THEN 'infinity'::date ELSE date '2026-01-01' + i END AS c,
	timestamp '2026-01-01' + i * interval '1 microsecond' AS d, i % 50 = 0 AS e, (i % 50 = 0)::integer AS f
		FROM generate_series(1, 2000) i;
CREATE INDEX odd_mm ON odd USING mmdb (a, b, c, d, e, f);
SELECT column_name, abs(scale / CASE column_name WHEN 'a' THEN 1170 WHEN 'b' THEN 1170e300 WHEN 'c' THEN 1170
	WHEN 'd' THEN 1170e-6 ELSE 0.0784 END - 1) < 0.1 AS about
FROM mmdb.index_columns WHERE index_name = 'odd_mm'::regclass;
DROP TABLE rows, orders, shuffled, numbers, line, odd;

-- Pinned scales, in the definition of the index.
CREATE TYPE object AS (a integer, b text);
CREATE TABLE things (id integer PRIMARY KEY, a integer, b text, o object);
INSERT INTO things SELECT i, i, repeat('b', i), ROW(i, repeat('b', i))::object FROM generate_series(1, 20) i;
CREATE INDEX things_mm ON things USING mmdb (a, b) WITH (scales = '{100,NULL}');
CREATE INDEX things_expr ON things USING mmdb ((a * 2), (lower(b)), id)
	WITH (sample_rows = 100, scales = '{NULL, 2.5, 1e3}');
CREATE INDEX things_o ON things USING mmdb (o) WITH (scales = '{0.5,4}');
SELECT index_name, column_name, scale, measured_scale, pinned, settled FROM mmdb.index_columns
	WHERE table_name = 'things'::regclass ORDER BY 1, column_number;
SELECT pg_get_indexdef('things_expr'::regclass);
SELECT mm_scale('things_mm', 'a') AS a, mm_scale('things_mm', 'b') AS b, mm_scale('things_o', 'a') AS o_a;
SELECT (obj).id, distance FROM odbknn(NULL::things, ROW(1, 'b'), NULL, 2, 'things_mm');
SELECT (obj).id, distance FROM odbrange(NULL::things, ROW(2, 'b', 1), NULL, 1, 'things_expr');
SELECT (obj).id, distance FROM odbknn(NULL::things, ROW(1, NULL), '{1,0}', 2, 'things_o', normalized => false);
SELECT mm_distance_sql('things_o');
-- they can change at any time
PREPARE near AS SELECT id, (a <+> 1) / mm_scale('things_mm', 'a') AS distance FROM things ORDER BY distance LIMIT 2;
SET plan_cache_mode = force_generic_plan;
EXECUTE near;
ALTER INDEX things_mm SET (scales = '{10,1}');
EXECUTE near;
RESET plan_cache_mode;
SELECT (obj).id, distance FROM odbknn(NULL::things, ROW(1, 'b'), NULL, 2, 'things_mm');
ALTER INDEX things_mm RESET (scales);
SELECT (obj).id, distance FROM odbknn(NULL::things, ROW(1, 'b'), NULL, 2, 'things_mm');
SELECT mm_pin_scales('things_mm', '{5,NULL}');
SELECT mm_pin_scales('things_o', array_agg(scale ORDER BY column_number)) FROM mm_measure_scales('things_o');
SELECT relname, reloptions FROM pg_class WHERE relname LIKE 'things%' AND reloptions IS NOT NULL ORDER BY 1;
SELECT mm_pin_scales('things_mm', '{NULL,NULL}');
SELECT mm_pin_scales('things_o', NULL);
SELECT relname, reloptions FROM pg_class WHERE relname LIKE 'things%' AND reloptions IS NOT NULL ORDER BY 1;
-- learning uses them
SELECT mm_pin_scales('things_mm', '{1e6,1}');
SELECT columns, round(weights[1]::numeric, 2) AS a
	FROM mm_learn_weights('things_mm', 'VALUES (10, ARRAY[9, 11]), (5, ARRAY[4, 6])', bootstrap => 0, l1 => 0.5);
-- the index is checked and goes on as before
SELECT mmdb_index_check('things_mm'), mmdb_index_check('things_o');

-- What is not an array of scales.
\set VERBOSITY terse
ALTER INDEX things_mm SET (scales = '{1,2');
ALTER INDEX things_mm SET (scales = '1,2');
ALTER INDEX things_mm SET (scales = 7);
\set VERBOSITY default
ALTER INDEX things_mm SET (scales = '{1,many}');
ALTER INDEX things_mm SET (scales = '{1,-2}');
ALTER INDEX things_mm SET (scales = '{0,1}');
ALTER INDEX things_mm SET (scales = '{1,NaN}');
ALTER INDEX things_mm SET (scales = '{Infinity,1}');
ALTER INDEX things_mm SET (scales = '{}');
ALTER INDEX things_mm SET (scales = '{{1,2}}');
CREATE INDEX things_no ON things USING mmdb (a, b) WITH (scales = '{1}');
CREATE INDEX things_no ON things USING mmdb (o) WITH (scales = '{1,2,3}');
SELECT mm_pin_scales('things_mm', '{1}');
SELECT mm_pin_scales('things_mm', '{1,0}');
SELECT mm_pin_scales('things_mm', '{{1,2}}');
SELECT mm_pin_scales('things', '{1,2}');
SELECT mm_pin_scales(NULL, '{1,2}');
SELECT mm_pin_scales('things');
SELECT mm_measure_scales('things');
-- ALTER INDEX does not know how many columns there are: those who use them do
ALTER INDEX things_mm SET (scales = '{1,2,3}');
SELECT (obj).id, distance FROM odbknn(NULL::things, ROW(1, 'b'), NULL, 2, 'things_mm');
SELECT mm_scale('things_mm', 'a');
SELECT column_name, scale, measured_scale, pinned, settled, problem FROM mmdb.index_columns
	WHERE index_name = 'things_mm'::regclass;
SELECT count(*) FROM mm_measure_scales('things_mm');
INSERT INTO things (id, a) VALUES (21, 21);
SELECT id FROM things ORDER BY a <+> 22 LIMIT 1;
-- the index can be made anew, and is what it was
REINDEX INDEX things_mm;
ALTER INDEX things_mm RESET (scales);
REINDEX INDEX things_mm;
CREATE TABLE copies AS SELECT id, a, b FROM things;
CREATE INDEX copies_mm ON copies USING mmdb (a, b);
ALTER INDEX copies_mm SET (scales = '{1}');
REINDEX INDEX CONCURRENTLY copies_mm;
VACUUM FULL copies;
\set VERBOSITY terse
ALTER TABLE copies ADD COLUMN c float8 DEFAULT random();
ALTER TABLE copies ALTER a TYPE bigint;
CREATE INDEX copies_id ON copies (id);
CLUSTER copies USING copies_id;
BEGIN;
TRUNCATE copies;
INSERT INTO copies (id, a, b) SELECT id, a, b FROM things;
COMMIT;
SELECT id FROM copies ORDER BY (a <+> 22) + (b <~> '') LIMIT 2;
CREATE INDEX CONCURRENTLY copies_no ON copies USING mmdb (a, b) WITH (scales = '{1,2,3}');
DROP INDEX copies_no;
CREATE INDEX copies_no ON copies USING mmdb (a, b) WITH (scales = '{1,2,3}');
\set VERBOSITY default
SELECT mm_scale('copies_mm', 'a');
SELECT mm_pin_scales('copies_mm', '{1,2}');
SELECT column_name, scale, problem FROM mmdb.index_columns WHERE index_name = 'copies_mm'::regclass;
SELECT mmdb_index_check('copies_mm');
DROP TABLE copies;
BEGIN READ ONLY;
SELECT count(*) FROM mm_measure_scales('things_mm');
SELECT mm_pin_scales('things_mm', '{1,2}');
ROLLBACK;

-- Partitions have the parent's scales, which are those of all rows.  They are pinned when
-- the index is made; what partitions have measured is another thing.
CREATE TABLE parts (id integer, part integer, a float8, b text, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES IN (2, 3) PARTITION BY LIST (part);
-- (the columns of this one have other numbers)
CREATE TABLE parts_2a (b text, gone integer, a float8, part integer NOT NULL, id integer NOT NULL);
ALTER TABLE parts_2a DROP COLUMN gone;
ALTER TABLE parts_2 ATTACH PARTITION parts_2a FOR VALUES IN (2);
INSERT INTO parts SELECT i, 1 + i % 4 / 3, i % 100 + 1000 * (i % 4 / 3), md5(i::text) FROM generate_series(1, 400) i;
CREATE INDEX parts_mm ON parts USING mmdb (a, b);
SELECT index_name, count, scale, measured_scale, pinned, settled FROM mmdb.index_columns
	WHERE table_name::text LIKE 'parts%' AND column_name = 'a' ORDER BY index_name::text;
SELECT pg_get_indexdef('parts_mm'::regclass) LIKE '%scales=''{112,%' AS in_definition,
	   bool_and(mm_scale('parts_mm', column_name) = scale) AS same FROM mm_measure_scales('parts_mm');
SELECT m.scale = 2 * percentile_cont(0.5) WITHIN GROUP (ORDER BY x.a <+> y.a) AS exact, m.scale
FROM parts x, parts y, mm_measure_scales('parts_mm') m WHERE x.id < y.id AND column_name = 'a' GROUP BY m.scale;
SELECT mm_pin_scales('parts_mm', '{64,32}');
CREATE TABLE parts_2b PARTITION OF parts_2 FOR VALUES IN (3);
SELECT relname, reloptions FROM pg_class WHERE relname LIKE 'parts%' AND reloptions IS NOT NULL ORDER BY 1;
SELECT index_name, count, scale, pinned, settled FROM mmdb.index_columns WHERE table_name::text LIKE 'parts%'
	AND column_name = 'a' ORDER BY index_name::text;
SELECT obj, distance FROM odbknn(NULL::parts, ROW(1023, NULL), NULL, 1);
-- also those that are attached with an index and scales of their own, as long as they are
CREATE TABLE parts_3 (LIKE parts INCLUDING CONSTRAINTS);
INSERT INTO parts_3 SELECT i, 4, i, i::text FROM generate_series(1, 9) i;
CREATE INDEX parts_3_mm ON parts_3 USING mmdb (a, b) WITH (scales = '{5,6}');
ALTER TABLE parts ATTACH PARTITION parts_3 FOR VALUES IN (4);
SELECT mm_scale('parts_3_mm', 'a'), distance FROM odbknn(NULL::parts_3, ROW(2, '2'), NULL, 2);
SELECT scale, measured_scale, pinned FROM mmdb.index_columns WHERE index_name = 'parts_3_mm'::regclass;
ALTER TABLE parts DETACH PARTITION parts_3;
SELECT mm_scale('parts_3_mm', 'a');
DROP TABLE parts_3;
-- without any, nothing is made up, and they can be measured again
SELECT mm_pin_scales('parts_mm', NULL);
SELECT distance FROM odbknn(NULL::parts, ROW(1023, NULL), NULL, 1);
SELECT distance FROM odbknn(NULL::parts, ROW(1023, NULL), NULL, 1, normalized => false, missing => 'exclude');
SELECT scale, measured_scale, pinned, settled FROM mmdb.index_columns WHERE index_name = 'parts_mm'::regclass
	AND column_name = 'a';
SELECT mm_pin_scales('parts_mm');
SELECT scale, pinned, settled FROM mmdb.index_columns WHERE index_name = 'parts_mm'::regclass AND column_name = 'a';
SELECT mm_pin_scales('parts_mm', NULL);
SELECT count(*) FROM pg_class WHERE relname LIKE 'parts%' AND reloptions IS NOT NULL;
CREATE INDEX parts_too ON parts USING mmdb (a, b) WITH (scales = '{7,8}');
SELECT relname, reloptions FROM pg_class WHERE relname LIKE 'parts%' AND reloptions IS NOT NULL ORDER BY 1;
SELECT pg_get_indexdef('parts_too'::regclass);
CREATE INDEX parts_no ON parts USING mmdb (a, b) WITH (scales = '{7}');
-- no partition yet: it is noticed when there is one
CREATE TABLE none (a integer) PARTITION BY LIST (a);
CREATE INDEX none_mm ON none USING mmdb (a) WITH (scales = '{1,2}');
SELECT mm_scale('none_mm', 'a');
CREATE TABLE none_1 PARTITION OF none FOR VALUES IN (1);
SELECT mm_pin_scales('none_mm', '{1}');
CREATE TABLE none_1 PARTITION OF none FOR VALUES IN (1);
SELECT mm_pin_scales('none_mm', NULL);
SELECT mm_pin_scales('none_mm');
INSERT INTO none VALUES (1), (1);
SELECT mm_scale('none_mm', 'a');
SELECT mm_pin_scales('none_mm');
SELECT mm_scale('none_mm', 'a');
DROP TABLE none;
-- What everybody can see is not measured behind policies.
CREATE TABLE hidden (a integer) PARTITION BY RANGE (a);
CREATE TABLE hidden_1 PARTITION OF hidden FOR VALUES FROM (0) TO (200);
CREATE TABLE hidden_2 PARTITION OF hidden FOR VALUES FROM (200) TO (1000);
INSERT INTO hidden SELECT generate_series(1, 400);
ALTER TABLE hidden_2 ENABLE ROW LEVEL SECURITY;
CREATE INDEX hidden_mm ON hidden USING mmdb (a);
SELECT reloptions FROM pg_class WHERE relname = 'hidden_mm';
DROP TABLE hidden;

-- Of foreign partitions nothing is known until somebody says it.
CREATE FOREIGN DATA WRAPPER regress_mm_nothing;
CREATE SERVER regress_mm_nowhere FOREIGN DATA WRAPPER regress_mm_nothing;
CREATE TABLE far (a integer) PARTITION BY RANGE (a);
CREATE FOREIGN TABLE far_1 PARTITION OF far FOR VALUES FROM (0) TO (10) SERVER regress_mm_nowhere;
CREATE INDEX far_mm ON far USING mmdb (a);
SELECT mm_scale('far_mm', 'a');
SELECT mm_pin_scales('far_mm', '{3}');
SELECT mm_scale('far_mm', 'a');
DROP INDEX far_mm;
CREATE TABLE far_2 PARTITION OF far FOR VALUES FROM (10) TO (1000);
INSERT INTO far SELECT generate_series(10, 400);
CREATE INDEX far_mm ON far USING mmdb (a);
SELECT scale, measured_scale FROM mmdb.index_columns WHERE index_name = 'far_mm'::regclass;
DROP TABLE far;
DROP SERVER regress_mm_nowhere;
DROP FOREIGN DATA WRAPPER regress_mm_nothing;

-- Children by inheritance are measured, too; of a partial index, its rows are.
CREATE TABLE parents (id integer PRIMARY KEY, a float8);
CREATE TABLE children (extra text) INHERITS (parents);
INSERT INTO parents SELECT i, i FROM generate_series(1, 20) i;
INSERT INTO children SELECT i, 100 * i FROM generate_series(1, 60) i;
CREATE INDEX parents_mm ON parents USING mmdb ((a / 10)) WHERE id > 5;
SELECT m.count, m.scale = 2 * percentile_cont(0.5)
	WITHIN GROUP (ORDER BY x.a / 10 <+> y.a / 10) AS exact, mm_scale('parents_mm', 'expr')
FROM parents x, parents y, mm_measure_scales('parents_mm') m WHERE (x.tableoid, x.id) < (y.tableoid, y.id) AND x.id > 5
	AND y.id > 5
GROUP BY m.count, m.scale;

-- Who may read all that is measured may measure; what is called is called as the
-- table's owner.  The index's owner may pin.
SET client_min_messages = warning;
DROP ROLE IF EXISTS regress_mm_owner, regress_mm_reader;
RESET client_min_messages;
CREATE ROLE regress_mm_owner;
CREATE ROLE regress_mm_reader;
CREATE FUNCTION tell(i integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF i = 1 AND current_user <> session_user THEN
		RAISE INFO 'called by %', current_user;
	END IF;
	RETURN i;
END $$;
CREATE TABLE secrets (id integer PRIMARY KEY, a integer, b integer, c integer);
INSERT INTO secrets SELECT i, i, i, i FROM generate_series(1, 10) i;
CREATE INDEX secrets_mm ON secrets USING mmdb (a, (tell(b)));
ALTER TABLE secrets OWNER TO regress_mm_owner;
SELECT column_name, count FROM mm_measure_scales('secrets_mm');
SET ROLE regress_mm_reader;
SELECT count(*) FROM mm_measure_scales('secrets_mm');
SELECT mm_pin_scales('secrets_mm', '{1,1}');
RESET ROLE;
GRANT SELECT (a, c) ON secrets TO regress_mm_reader;
SET ROLE regress_mm_reader;
SELECT count(*) FROM mm_measure_scales('secrets_mm');
RESET ROLE;
GRANT SELECT (b) ON secrets TO regress_mm_reader;
SET ROLE regress_mm_reader;
SELECT count(*) FROM mm_measure_scales('secrets_mm');
SELECT mm_pin_scales('secrets_mm', '{1,1}');
SELECT mm_pin_scales('secrets_mm');
RESET ROLE;
ALTER TABLE secrets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY few ON secrets USING (id < 5);
SET ROLE regress_mm_reader;
SELECT count(*) FROM mm_measure_scales('secrets_mm');
SET ROLE regress_mm_owner;
SELECT count(*) FROM mm_measure_scales('secrets_mm');
SELECT mm_pin_scales('secrets_mm', '{3,4}');
RESET ROLE;
SELECT column_name, count FROM mm_measure_scales('secrets_mm');
SELECT reloptions FROM pg_class WHERE relname = 'secrets_mm';

DROP TABLE flats, later, things, parts, parents, children, secrets;
DROP TYPE object;
DROP FUNCTION tell;
DROP ROLE regress_mm_owner, regress_mm_reader;
