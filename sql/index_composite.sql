-- An index over one composite column: each attribute is a column of the index.
CREATE TYPE flat AS (photo mmvector(2), loc point, dropped text, review text);
ALTER TYPE flat DROP ATTRIBUTE dropped;
CREATE TABLE flats (id integer, obj flat);
INSERT INTO flats SELECT i,
	ROW(ARRAY[i % 5, i % 7], point(i % 11, i % 13), CASE WHEN i % 10 > 0 THEN repeat('ab', i % 4) END)::flat
	FROM generate_series(1, 100) i;
INSERT INTO flats VALUES (101, NULL);
CREATE INDEX flats_mm ON flats USING mmdb (obj);
SELECT column_number AS n, column_name, type, metric, dimensions, count FROM mmdb.index_columns
	WHERE index_name = 'flats_mm'::regclass;
SELECT mm_distance_sql('flats_mm', '{1,0,2}', normalized => false);

-- odbknn takes the attributes as components.
SELECT (r.obj).id, r.distance = q.distance AS same
FROM odbknn(NULL::flats, ROW('[1,2]', '(3,4)', 'ab'), '{1,1,0.5}', 5, missing => 'exclude') WITH ORDINALITY r(obj,
	distance, parts, n)
JOIN (SELECT row_number() OVER () AS n, * FROM (
	SELECT obj <-> odbquery(ROW('[1,2]', '(3,4)', 'ab')::flat, '{1,1,0.5}',
							ARRAY[mm_scale('flats_mm', 'photo'), mm_scale('flats_mm', 'loc'),
								mm_scale('flats_mm', 'review')]) AS distance
	FROM flats ORDER BY 1 LIMIT 5) s) q USING (n)
ORDER BY n, 1;
INSERT INTO flats VALUES (102, ROW('[1,2]', NULL, NULL));
UPDATE flats SET obj.review = 'x' WHERE id = 102;

-- Expressions may be composite, too; and attributes may be indexed one by one.
CREATE INDEX flats_one ON flats USING mmdb (((obj).photo) mmvector_l1_ops, ((obj).review));
SELECT (r.obj).id, r.distance FROM odbknn(NULL::flats, ROW('[1,2]', 'ab'), NULL, 1, 'flats_one') r ORDER BY 2, 1;

-- A type altered: rows come and go, and REINDEX brings index and type together (see
-- index_alter).
CREATE TYPE small AS (a integer, b text);
CREATE TABLE smalls (s small) WITH (autovacuum_enabled = off);
INSERT INTO smalls VALUES (ROW(1, 'x')), (ROW(2, 'x'));
CREATE INDEX smalls_mm ON smalls USING mmdb (s);
SELECT mm_scale('smalls_mm', 'a');
ALTER TYPE small ADD ATTRIBUTE c integer;
SELECT mm_scale('smalls_mm', 'c');
INSERT INTO smalls VALUES (ROW(1, 'x', 2));
VACUUM ANALYZE smalls;
REINDEX INDEX smalls_mm;
INSERT INTO smalls VALUES (ROW(1, 'x', 2)), (ROW(3, 'x', 2));
SELECT count FROM mmdb.index_columns WHERE index_name = 'smalls_mm'::regclass;
ALTER TYPE small DROP ATTRIBUTE c, ADD ATTRIBUTE j jsonb;
VACUUM ANALYZE smalls;
INSERT INTO smalls VALUES (ROW(1, 'x', NULL));

-- Not together with other columns; not with attributes that have no metric.
CREATE INDEX ON flats USING mmdb (obj, id);
CREATE TYPE with_json AS (a integer, j jsonb);
CREATE TYPE nested AS (a integer, i pg_am);
CREATE TABLE odd (j with_json, n nested);
CREATE INDEX ON odd USING mmdb (j);
CREATE INDEX ON odd USING mmdb (n);
CREATE INDEX ON odd USING mmdb (((j).a));
DO $$ BEGIN
	EXECUTE 'CREATE TYPE wide AS (' || (SELECT string_agg('a' || i || ' integer', ', ')
		FROM generate_series(1, 33) i) || ')';
	EXECUTE 'CREATE TABLE wides (w wide)';
END $$;
CREATE INDEX ON wides USING mmdb (w);
DROP TABLE flats, smalls, odd, wides;
DROP TYPE flat, small, with_json, nested, wide;
