-- Regions: trees, which region a row belongs to, bounds, and partitions by region.

CREATE TABLE flats (id integer, rent numeric, since timestamptz, place point, taste mmvector(3), picture real[],
	title text, tags text[], bits bit(16), kind uuid, age integer);
SELECT setseed(0.4);
INSERT INTO flats SELECT i,
	CASE WHEN i % 7 > 0 THEN round((exp(random() * 6))::numeric, 2) END,
	CASE WHEN i % 50 = 0 THEN 'infinity'
		WHEN i % 5 > 0 THEN '2020-01-01Z'::timestamptz + random() * interval '9 weeks' END,
	CASE WHEN i % 9 > 0 THEN point(random() * 360 - 180, random() * 180 - 90) END,
	ARRAY[random(), random(), random()]::real[]::mmvector,
	ARRAY(SELECT (random() - 0.5)::real FROM generate_series(1, 12) WHERE i > 0),
	CASE WHEN i % 4 > 0 THEN md5((i % 300)::text) END,
	ARRAY(SELECT 't' || (random() * 9)::int FROM generate_series(1, 1 + i % 4)),
	(random() * 65535)::int::bit(16), md5((i % 5)::text)::uuid, (random() * 3)::int
	FROM generate_series(1, 3000) i;
CREATE INDEX flats_mm ON flats USING mmdb (rent, since, place point_geo_ops, taste, picture real_array_cosine_ops,
	title, tags, bits, kind, age int4_discrete_ops);
CREATE TABLE trees AS SELECT 'all'::text AS of, mmdb.train_regions('flats_mm', 24) AS tree;

-- Regions are even, in spite of NULLs and equal values.
CREATE FUNCTION region(tree mmdb.region_tree, f flats) RETURNS integer LANGUAGE sql IMMUTABLE AS
	'SELECT mmdb.mm_region(tree, f.rent, f.since, f.place, f.taste, f.picture, f.title, f.tags, f.bits, f.kind, f.age)';
SELECT count(*), min(n) > 100, max(n) < 150, sum(n) FROM
	(SELECT region(tree, f), count(*) AS n FROM flats f, trees GROUP BY 1) r;

-- A tree survives its text.
SELECT bool_and(tree::text::mmdb.region_tree::text = tree::text) FROM trees;

-- Bounds are never above the sum of a row, as the executor computes it.
CREATE TABLE queries AS SELECT q.*, ARRAY(SELECT CASE WHEN random() < 0.4 THEN 0 ELSE random() / 10 END
	FROM generate_series(1, 10) WHERE q.id > 0) AS w, CASE WHEN id % 2 = 0 THEN 0.3 ELSE 0 END AS missing
	FROM (SELECT * FROM flats WHERE id % 60 = 0 UNION ALL
		SELECT id, rent + 0.01, since, place, taste, picture, title || 'x', tags, bits, kind, age
		FROM flats WHERE id % 60 = 1) q;
CREATE FUNCTION part(distance float8, weight float8, missing float8, of_query anyelement) RETURNS float8
	LANGUAGE sql IMMUTABLE AS
	'SELECT CASE WHEN of_query IS NULL OR weight = 0 THEN 0 ELSE coalesce(weight * distance, missing) END';
SELECT count(*) AS bounds, count(*) FILTER (WHERE bound > least) AS differences,
	   count(*) FILTER (WHERE bound > 0) > count(*) / 2 AS telling FROM trees t, queries q,
	LATERAL (SELECT region(tree, f) AS region, min(
		part(f.rent <+> q.rent, w[1], missing, q.rent) + part(f.since <+> q.since, w[2] / 1e7, missing, q.since) +
		part(f.place <@@> q.place, w[3] / 1e7, missing, q.place) + part(f.taste <-> q.taste, w[4], missing, q.taste) +
		part(f.picture <=> q.picture, w[5], missing, q.picture) + part(f.title <~> q.title, w[6], missing, q.title) +
		part(f.tags <&> q.tags, w[7], missing, q.tags) + part(f.bits <^> q.bits, w[8], missing, q.bits) +
		part(f.kind <!> q.kind, w[9], missing, q.kind) + part(f.age <!> q.age, w[10], missing, q.age)) AS least
		FROM flats f GROUP BY 1) l
	JOIN LATERAL mmdb.region_bounds(tree, ARRAY[w[1], w[2] / 1e7, w[3] / 1e7, w[4], w[5], w[6], w[7], w[8], w[9],
		w[10]],
		(SELECT array_agg(CASE WHEN x = 0 THEN 0 ELSE missing END) FROM unnest(w) x), rent, since, place, taste,
			picture,
		title, tags, bits, kind, age) b USING (region);

-- A region where NULLs exclude all rows.
CREATE TABLE halves AS SELECT CASE WHEN i > 500 THEN i END AS a FROM generate_series(1, 1000) i;
CREATE INDEX halves_mm ON halves USING mmdb (a);
SELECT t.tree::text::jsonb->'tree' AS tree FROM mmdb.train_regions('halves_mm', 2) t(tree);
SELECT missing, b.* FROM mmdb.train_regions('halves_mm', 2) t(tree), unnest('{NULL,3}'::float8[]) missing,
	mmdb.region_bounds(tree, '{1}', ARRAY[missing], 490) b ORDER BY 1, 2;
SELECT mmdb.region_bounds(tree, '{1,2}', '{1}', 490) FROM mmdb.train_regions('halves_mm', 2) t(tree);
SELECT mmdb.region_bounds(tree, '{-1}', '{1}', 490) FROM mmdb.train_regions('halves_mm', 2) t(tree);

-- Rows that cannot be told apart are in one region.
CREATE TABLE alike AS SELECT i % 3 AS a FROM generate_series(1, 900) i;
CREATE INDEX alike_mm ON alike USING mmdb (a);
SELECT t.tree::text::jsonb->'tree' AS tree FROM mmdb.train_regions('alike_mm', 8) t(tree);

-- Hashes: by the primary key, or by the index's columns.
CREATE TABLE keyed (id integer PRIMARY KEY, a integer);
INSERT INTO keyed SELECT i, i FROM generate_series(1, 4000) i;
CREATE INDEX keyed_mm ON keyed USING mmdb (a);
SELECT tree FROM mmdb.train_regions('keyed_mm', 3, 'hash') t(tree);
SELECT count(*), min(n) > 800, max(n) < 1200 FROM (SELECT mmdb.mm_region(tree, id), count(*) AS n
	FROM keyed, (SELECT mmdb.train_regions('keyed_mm', 4, 'hash') AS tree OFFSET 0) t GROUP BY 1) r;
SELECT DISTINCT bound FROM mmdb.train_regions('keyed_mm', 4, 'hash') t(tree),
	mmdb.region_bounds(tree, '{1}', '{1}', 7);

-- Partitions by region: they reject rows of others, and a split keeps the rest.
SELECT format('CREATE TABLE parts (a integer) PARTITION BY LIST (mmdb.mm_region(%L::mmdb.region_tree, a))', tree)
	FROM mmdb.train_regions('halves_mm', 2) t(tree) \gexec
CREATE TABLE parts_r1 PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE parts_r2 PARTITION OF parts FOR VALUES IN (2);
INSERT INTO parts SELECT a FROM halves;
SELECT tableoid::regclass, count(*), min(a), max(a) FROM parts GROUP BY 1 ORDER BY 1;
\set VERBOSITY terse
INSERT INTO parts_r1 VALUES (700);
CREATE TEMP TABLE key AS SELECT
	(regexp_match(pg_get_partkeydef('parts'::regclass), '''(.*)'''))[1]::mmdb.region_tree AS tree;
CREATE TEMP TABLE finer AS SELECT mmdb.train_split(tree, 2, 'parts_r2') AS tree FROM key;
SELECT tree::text::jsonb->'tree' AS tree FROM finer;
SELECT mmdb.set_region_tree('parts', tree) FROM finer;
ALTER TABLE parts DETACH PARTITION parts_r2;
SELECT mmdb.set_region_tree('parts', jsonb_set(tree::text::jsonb, '{tree}', '7')::text::mmdb.region_tree) FROM finer;
SELECT mmdb.set_region_tree('halves', tree) FROM finer;
SELECT mmdb.set_region_tree('parts', tree) FROM finer;
CREATE TABLE parts_r3 PARTITION OF parts FOR VALUES IN (3);
CREATE TABLE parts_r4 PARTITION OF parts FOR VALUES IN (4);
INSERT INTO parts SELECT a FROM parts_r2;
SELECT tableoid::regclass, count(*), min(a), max(a) FROM parts GROUP BY 1 ORDER BY 1;
INSERT INTO parts_r4 VALUES (501);
SELECT mmdb.train_split(tree, 2, 'parts_r2') FROM finer;
SELECT mmdb.train_split(tree, 1, 'parts_r1') FROM finer;

-- What is no tree, and no arguments for one.
SELECT '{}'::mmdb.region_tree;
SELECT '{"version": 1, "method": "tree", "columns": [], "tree": 1}'::mmdb.region_tree;
SELECT '{"version": 2, "method": "tree", "columns": [], "tree": 1}'::mmdb.region_tree;
SELECT '{"version": 1, "method": "hash", "columns": [{"name": "a", "type": "integer"}],
	"tree": {"at": 3, "left": 1, "right": 1}}'::mmdb.region_tree;
SELECT mmdb.mm_region(tree, 1, 2) FROM key;
SELECT mmdb.mm_region(tree, 1::bigint) FROM key;
SELECT mmdb.mm_region(tree, VARIADIC ARRAY[1]) FROM key;
SELECT mmdb.mm_region(NULL, 1);
SELECT mmdb.train_regions('halves_mm', 0);
SELECT mmdb.train_regions('halves_mm', 2, 'round');
SELECT mmdb.train_regions('parts', 2);
SET ROLE pg_monitor;
SELECT mmdb.train_regions('halves_mm', 2);
SELECT mmdb.set_region_tree('parts', '{"version": 1, "method": "hash", "columns": [{"name": "a", "type": "integer"}],
	"tree": 1}');
RESET ROLE;

DROP FUNCTION region;
DROP TABLE flats, trees, queries, halves, alike, keyed, parts, parts_r2;
DROP FUNCTION part;

-- What has changed in a table since a picture of it was taken, also if memory is for a part
-- of the picture at a time, and in any order.
\set VERBOSITY default
CREATE TABLE living AS SELECT i FROM generate_series(1, 120000) i;
CREATE TABLE picture AS SELECT tableoid AS home, ctid AS place, xmin AS transaction, i FROM living;
CREATE TABLE shuffled AS SELECT * FROM picture ORDER BY md5(i::text);
INSERT INTO shuffled SELECT 'picture'::regclass, place, transaction, i FROM picture LIMIT 1000;
INSERT INTO shuffled VALUES (NULL, NULL, NULL, 0), ('living'::regclass, NULL, NULL, 0);
DELETE FROM living WHERE i % 1000 = 0;
UPDATE living SET i = -i WHERE i % 1000 = 1;
INSERT INTO living VALUES (0);
CREATE VIEW differences AS
	SELECT p.place, p.ctid AS pictured FROM picture p
	WHERE NOT EXISTS (SELECT FROM living l WHERE l.ctid = p.place AND l.xmin = p.transaction)
	UNION ALL SELECT l.ctid, NULL FROM living l
	WHERE NOT EXISTS (SELECT FROM picture p WHERE l.ctid = p.place AND l.xmin = p.transaction);
SELECT count(*), count(pictured) FROM mmdb.changed_versions('living', 'picture');
TABLE differences EXCEPT ALL SELECT place, pictured FROM mmdb.changed_versions('living', 'picture');
SET maintenance_work_mem = '1MB';
SELECT count(*), count(pictured) FROM mmdb.changed_versions('living', 'picture');
TABLE differences EXCEPT ALL SELECT place, pictured FROM mmdb.changed_versions('living', 'picture');
SELECT count(*), count(pictured) FROM mmdb.changed_versions('living', 'shuffled');
SELECT i FROM differences JOIN picture p ON p.ctid = pictured
	EXCEPT ALL SELECT i FROM mmdb.changed_versions('living', 'shuffled') JOIN shuffled s ON s.ctid = pictured;
CREATE TABLE impossible AS SELECT 'living'::regclass::oid AS home, tid '(7,1)' AS place, xid '3' AS transaction
	FROM generate_series(1, 100000);
SELECT mmdb.changed_versions('living', 'impossible');
RESET maintenance_work_mem;
-- Partitions with one picture of all.
CREATE TABLE spread (i integer) PARTITION BY RANGE (i);
CREATE TABLE spread_1 PARTITION OF spread FOR VALUES FROM (MINVALUE) TO (30000);
CREATE TABLE spread_2 PARTITION OF spread FOR VALUES FROM (30000) TO (30001);
CREATE TABLE spread_3 PARTITION OF spread FOR VALUES FROM (30001) TO (MAXVALUE);
INSERT INTO spread SELECT generate_series(1, 90000);
CREATE TABLE spread_picture AS SELECT tableoid AS home, ctid AS place, xmin AS transaction, i FROM spread;
UPDATE spread SET i = i + 30000 WHERE i % 1000 = 0;
DELETE FROM spread WHERE i % 1000 = 1;
SELECT home::regclass, count(*), count(pictured) FROM mmdb.changed_versions('spread', 'spread_picture')
	GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM (SELECT p.home, p.place, p.ctid FROM spread_picture p WHERE NOT EXISTS
		(SELECT FROM spread s WHERE s.tableoid = p.home AND s.ctid = p.place AND s.xmin = p.transaction)
	UNION ALL SELECT s.tableoid, s.ctid, NULL FROM spread s WHERE NOT EXISTS
		(SELECT FROM spread_picture p WHERE s.tableoid = p.home AND s.ctid = p.place AND s.xmin = p.transaction)
	EXCEPT ALL SELECT * FROM mmdb.changed_versions('spread', 'spread_picture')) d;
DROP TABLE spread, spread_picture;
TRUNCATE living;
SELECT count(*), count(pictured) FROM mmdb.changed_versions('living', 'picture');
TRUNCATE picture;
SELECT count(*) FROM mmdb.changed_versions('living', 'picture');
SELECT mmdb.changed_versions('picture', 'living');
SELECT mmdb.changed_versions('differences', 'picture');
CREATE ROLE regress_onlooker;
GRANT SELECT ON living, picture TO regress_onlooker;
SET ROLE regress_onlooker;
SELECT mmdb.changed_versions('living', 'picture');
RESET ROLE;
DROP VIEW differences;
DROP TABLE living, picture, shuffled, impossible;
DROP ROLE regress_onlooker;
