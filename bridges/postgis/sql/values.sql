-- What PostGIS does with values, and what the index does with them.

-- SRIDs: one index, one system.
CREATE TABLE places (id integer, g geometry);
CREATE INDEX places_mm ON places USING mmdb (g);
INSERT INTO places VALUES (1, 'SRID=25832;POINT(1 2)'), (2, NULL), (3, 'SRID=25832;LINESTRING(3 4, 5 6)');
SELECT column_name, dimensions, count FROM mmdb.index_columns WHERE index_name = 'places_mm'::regclass;
INSERT INTO places VALUES (4, 'SRID=4326;POINT(1 2)');
INSERT INTO places VALUES (4, 'POINT(1 2)');
SET enable_seqscan = off;
SELECT id FROM places ORDER BY g <-> 'SRID=4326;POINT(1 2)' LIMIT 1;
EXPLAIN (COSTS OFF) SELECT id FROM places ORDER BY g <-> 'SRID=25832;POINT(1 2)' LIMIT 2;
SELECT id, g <-> 'SRID=25832;POINT(5 5)' AS distance FROM places ORDER BY g <-> 'SRID=25832;POINT(5 5)';
RESET enable_seqscan;
-- The operator measures as ST_Distance does.
SELECT id, (g <-> 'SRID=25832;POINT(5 5)') = ST_Distance(g, 'SRID=25832;POINT(5 5)') AS equal FROM places ORDER BY id;

-- Shapes without distances.
INSERT INTO places VALUES (4, 'SRID=25832;POINT EMPTY'), (5, 'SRID=25832;MULTIPOLYGON EMPTY');
INSERT INTO places SELECT 10 + i, ST_SetSRID(ST_Point(i, i), 25832) FROM generate_series(1, 500) i;
INSERT INTO places VALUES (6, ST_SetSRID(ST_MakePoint('Infinity', 0), 25832));
INSERT INTO places VALUES (6, 'SRID=25832;POINT(NaN NaN)');
INSERT INTO places VALUES (6, 'SRID=25832;LINESTRING(0 0, 1e300 0)');
SELECT mmdb_index_check('places_mm');
SET enable_seqscan = off;
SELECT id, coalesce(g <-> 'SRID=25832;POINT(5 5)', 2) AS distance FROM places WHERE id < 10
ORDER BY coalesce(g <-> 'SRID=25832;POINT(5 5)', 2), id;
SELECT count(*) FROM (SELECT g <-> 'SRID=25832;POINT EMPTY' AS d FROM places ORDER BY g <-> 'SRID=25832;POINT EMPTY') s
WHERE d IS NULL;
SELECT (r.obj).id, r.distance
FROM odbknn(NULL::places, ROW('SRID=25832;POINT(5 5)'), '{1}', 3, normalized => false, missing => 'exclude') r;
RESET enable_seqscan;
-- No sub-index by pivots.
CREATE INDEX ON places USING mmdb (g) WITH (subindexes = 'g mvp');
DROP TABLE places;

-- Geography: the operator measures on a sphere, ST_Distance on the spheroid.
CREATE TABLE ports (id integer, g geography);
INSERT INTO ports VALUES (1, 'POINT(13.4 52.5)'), (2, 'POINT(179.9 0)'), (3, 'POINT(-179.9 0)'), (4, 'POINT(0 90)'),
	(5, 'POINT(0 -90)'), (6, 'LINESTRING(170 10, -170 10)'), (7, 'POLYGON((-10 80, 110 80, -130 80, -10 80))'),
	(8, 'POINT EMPTY');
INSERT INTO ports SELECT 10 + i, ST_Point(i % 360 - 180, i / 9.0 - 50) FROM generate_series(1, 1000) i;
CREATE INDEX ports_mm ON ports USING mmdb (g);
SELECT mmdb_index_check('ports_mm');
SET enable_seqscan = off;
SELECT id, round(g <-> 'POINT(180 0)') AS distance, round(ST_Distance(g, 'POINT(180 0)', false)) AS sphere,
	round(ST_Distance(g, 'POINT(180 0)')) AS spheroid
FROM ports WHERE id < 10 ORDER BY g <-> 'POINT(180 0)';
SELECT id, round(g <-> 'POINT(42 89)') AS distance FROM ports ORDER BY g <-> 'POINT(42 89)' LIMIT 2;
RESET enable_seqscan;
INSERT INTO ports VALUES (9, 'GEOMETRYCOLLECTION(POINT(1 2), LINESTRING EMPTY)');
INSERT INTO ports VALUES (9, 'MULTIPOINT(1 2, EMPTY)');
INSERT INTO ports VALUES (9, 'SRID=4267;POINT(1 2)');
INSERT INTO ports VALUES (9, 'GEOMETRYCOLLECTION Z (MULTIPOLYGON Z (((0 0 1, 1 0 1, 1 1 1, 0 0 1))), POINT Z (1 2 3))'),
	(9, 'GEOMETRYCOLLECTION(POLYGON((0 0, 9 0, 9 9, 0 0), (5 2, 6 2, 6 3, 5 2)), POINT(3 3))');
SELECT mmdb_index_check('ports_mm');
DROP TABLE ports;

-- One index over all.
CREATE TABLE flats (id integer PRIMARY KEY, place geography(Point),
	outline geometry(Polygon), rent numeric, review text);
INSERT INTO flats SELECT i, ST_Point(13 + i % 37 / 100.0, 52 + i % 41 / 100.0),
	ST_MakeEnvelope(i % 7, i % 11, i % 7 + 3, i % 11 + 2), 500 + i * 37 % 900, 'flat ' || i % 13
FROM generate_series(1, 1000) i;
CREATE INDEX flats_mm ON flats USING mmdb (place, outline, rent, review);
ANALYZE flats;
SELECT column_name, metric, count FROM mmdb.index_columns WHERE index_name = 'flats_mm'::regclass;
SELECT difference(replace('SELECT id, :sum FROM flats ORDER BY :sum LIMIT 5', ':sum',
	'0.001 * (place <-> ''POINT(13.2 52.2)'') + (outline <-> ''POINT(3 3)'') + 0.01 * (rent <+> 700)
	 + (review <~> ''flat 5'')'));
DROP TABLE flats;
