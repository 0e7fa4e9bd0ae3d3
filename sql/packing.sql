-- The storage parameter "weights": an index that is made for some weights answers all
-- others as well, and those in less work.
CREATE FUNCTION noise(i integer, k integer) RETURNS float8 LANGUAGE sql IMMUTABLE
	RETURN (hashint8extended(i * 1000::bigint + k, 1) & 1048575) / 1048576.0::float8;
CREATE TABLE parts (id integer PRIMARY KEY, shape mmvector(12), label text, cost float8, size float8)
	WITH (autovacuum_enabled = off);
INSERT INTO parts SELECT i, ARRAY(SELECT sin(floor(noise(i, 1) * 60) * j) + noise(i, j)
			FROM generate_series(1, 12) j)::mmvector,
		left(md5(i::text), 8), CASE WHEN i % 50 > 0 THEN noise(i, 20) * 100 END, noise(i, 21)
	FROM generate_series(1, 6000) i;
VACUUM ANALYZE parts;

-- the leaf pages that some searches read, and whether all rows were right
CREATE FUNCTION work(weights float8[], OUT leaves bigint, OUT wrong bigint) LANGUAGE plpgsql AS $$
DECLARE
	q parts;
	query text;
	plan json;
	by_index float8[];
	by_scan float8[];
BEGIN
	leaves := 0;
	wrong := 0;
	FOR q IN SELECT * FROM parts WHERE id % 307 = 1 ORDER BY id
	LOOP
		query := format('SELECT %1$s AS d FROM parts ORDER BY %1$s LIMIT 10',
			mm_distance_sql('parts_mm', weights, ROW(q.shape, q.label, coalesce(q.cost, 50), q.size)));
		EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) ' || query INTO plan;
		leaves := leaves + (plan #>> '{0,Plan,Plans,0,Leaf Pages}')::bigint;
		EXECUTE format('SELECT array_agg(d) FROM (%s) q', query) INTO by_index;
		SET LOCAL mmdb.enable_scan = off;
		EXECUTE format('SELECT array_agg(d) FROM (%s) q', query) INTO by_scan;
		SET LOCAL mmdb.enable_scan = on;
		wrong := wrong + (by_index IS DISTINCT FROM by_scan)::integer;
	END LOOP;
END $$;
CREATE TABLE tried (made_for text, weights float8[], leaves bigint, wrong bigint);
CREATE FUNCTION try(made_for text) RETURNS void LANGUAGE sql AS $$
	INSERT INTO tried SELECT $1, w, (work(w)).* FROM (VALUES ('{1,1,1,1}'::float8[]), ('{5,0,1,0}'), ('{0,1,0,3}')) v(w)
$$;

CREATE INDEX parts_mm ON parts USING mmdb (shape, label, cost, size) WITH (subindexes = none);
SELECT try('equal weights');
ALTER INDEX parts_mm SET (weights = '{5, 0, 1, 0}');
REINDEX INDEX parts_mm;
SELECT mmdb_index_check('parts_mm');
SELECT try('shape');
ALTER INDEX parts_mm SET (weights = '{0,0,0,1}');
REINDEX INDEX parts_mm;
SELECT mmdb_index_check('parts_mm');
SELECT try('size');
SELECT made_for, weights, leaves > 0 AS by_index, wrong FROM tried ORDER BY 1, 2;
SELECT s.leaves < 0.7 * e.leaves AS less_for_its_own, s.leaves > o.leaves AS others_differ
FROM tried s, tried e, tried o
WHERE s.made_for = 'shape' AND s.weights = '{5,0,1,0}' AND e.made_for = 'equal weights' AND e.weights = s.weights
	AND o.made_for = 'equal weights' AND o.weights = '{0,1,0,3}';

-- Of several indexes, the planner takes the one that is made for the weights of the query.
CREATE INDEX even_mm ON parts USING mmdb (shape, label, cost, size) WITH (subindexes = none);
ALTER INDEX parts_mm SET (weights = '{5,0,1,0}');
REINDEX INDEX parts_mm;
CREATE FUNCTION chosen(weights float8[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	q parts;
	plan json;
BEGIN
	SELECT * FROM parts WHERE id = 1 INTO q;
	EXECUTE format('EXPLAIN (FORMAT JSON) SELECT FROM parts ORDER BY %s LIMIT 10',
		mm_distance_sql('parts_mm', weights, ROW(q.shape, q.label, 50.0::float8, q.size))) INTO plan;
	RETURN plan #>> '{0,Plan,Plans,0,Index Name}';
END $$;
SELECT w AS weights, chosen(w) FROM (VALUES ('{1,1,1,1}'::float8[]), ('{5,0,1,0}'), ('{1,0,0,0}'), ('{0,1,0,1}')) v(w);
DROP INDEX even_mm;

-- Rows that come later find their way, too, and sub-indexes do not depend on it.
ALTER INDEX parts_mm SET (weights = '{5,0,1,0}', subindexes = 'size rtree, label inverted');
REINDEX INDEX parts_mm;
INSERT INTO parts SELECT i, ARRAY(SELECT sin(floor(noise(i, 1) * 60) * j) + noise(i, j)
			FROM generate_series(1, 12) j)::mmvector,
		left(md5(i::text), 8), noise(i, 20) * 100, noise(i, 21)
	FROM generate_series(6001, 9000) i;
DELETE FROM parts WHERE id % 3 = 0;
VACUUM parts;
SELECT mmdb_index_check('parts_mm');
SELECT (work('{1,1,1,1}')).wrong, (work('{0,0,0,1}')).wrong, (work('{0,1,0,0}')).wrong;

-- A profile is looked up by its name when the index is made.
INSERT INTO mmdb.weight_profile (name, columns, weights) VALUES
	('by shape', '{size,cost,label,shape}', '{0,1,0,5}'), ('of others', '{a,b}', '{1,2}');
ALTER INDEX parts_mm SET (weights = 'by shape', subindexes = none);
REINDEX INDEX parts_mm;
CREATE TABLE by_profile AS SELECT (work('{5,0,1,0}')).*;
ALTER INDEX parts_mm SET (weights = '{5,0,1,0}');
REINDEX INDEX parts_mm;
SELECT p.leaves = (work('{5,0,1,0}')).leaves AS the_same, p.wrong FROM by_profile p;
-- An index whose profile is gone is made anew all the same.
ALTER INDEX parts_mm SET (weights = 'by shape');
DELETE FROM mmdb.weight_profile WHERE name = 'by shape';
REINDEX INDEX parts_mm;
SELECT mmdb_index_check('parts_mm');
ALTER INDEX parts_mm SET (weights = 'of others');
REINDEX INDEX parts_mm;
ALTER INDEX parts_mm SET (weights = '{1,2}');
REINDEX INDEX parts_mm;
ALTER INDEX parts_mm RESET (weights);

-- An index that began empty is made for them, too.
CREATE TABLE later (LIKE parts);
CREATE INDEX later_mm ON later USING mmdb (shape, label, cost, size) WITH (weights = '{5,0,1,0}');
INSERT INTO later SELECT * FROM parts;
SELECT trained, mmdb_index_check('later_mm') FROM mmdb_index_stats('later_mm');

-- Whoever inserts the row that trains it, the profile is read as the owner may.
CREATE ROLE regress_mmdb_inserter;
INSERT INTO mmdb.weight_profile (name, columns, weights) VALUES ('theirs', '{size,cost,label,shape}', '{0,1,0,5}');
CREATE TABLE theirs (LIKE parts);
CREATE INDEX theirs_mm ON theirs USING mmdb (shape, label, cost, size) WITH (weights = 'theirs');
GRANT INSERT ON theirs TO regress_mmdb_inserter;
GRANT SELECT ON parts TO regress_mmdb_inserter;
BEGIN;
REVOKE SELECT ON mmdb.weight_profile FROM PUBLIC;
SET ROLE regress_mmdb_inserter;
INSERT INTO theirs SELECT * FROM parts;
RESET ROLE;
GRANT SELECT ON mmdb.weight_profile TO PUBLIC;
COMMIT;
SELECT trained FROM mmdb_index_stats('theirs_mm');

-- An owner who may not read it has an index for even weights.
TRUNCATE theirs;
ALTER TABLE theirs OWNER TO regress_mmdb_inserter;
BEGIN;
REVOKE SELECT ON mmdb.weight_profile FROM PUBLIC;
SET ROLE regress_mmdb_inserter;
INSERT INTO theirs SELECT * FROM parts;
RESET ROLE;
GRANT SELECT ON mmdb.weight_profile TO PUBLIC;
COMMIT;
SELECT trained FROM mmdb_index_stats('theirs_mm');
BEGIN;
REVOKE SELECT ON mmdb.weight_profile FROM PUBLIC;
GRANT SELECT (name, columns, weights) ON mmdb.weight_profile TO regress_mmdb_inserter;
SET ROLE regress_mmdb_inserter;
REINDEX INDEX theirs_mm;
RESET ROLE;
REVOKE SELECT (weights) ON mmdb.weight_profile FROM regress_mmdb_inserter;
SET ROLE regress_mmdb_inserter;
REINDEX INDEX theirs_mm;
RESET ROLE;
ROLLBACK;
DROP TABLE theirs;
DROP OWNED BY regress_mmdb_inserter;
DROP ROLE regress_mmdb_inserter;

-- A commit that empties a temporary table makes its index anew.
CREATE TEMPORARY TABLE passing (LIKE parts) ON COMMIT DELETE ROWS;
CREATE INDEX passing_mm ON passing USING mmdb (shape, label, cost, size)
	WITH (weights = 'theirs', subindexes = 'size rtree, label inverted');
CREATE FUNCTION same_nearest() RETURNS boolean LANGUAGE sql AS $$
	SELECT (SELECT array_agg(id) FROM (SELECT id FROM passing ORDER BY 5 * (cost <+> 50) + (size <+> 0.5) LIMIT 10) p)
		= (SELECT array_agg(id) FROM (SELECT id FROM parts ORDER BY 5 * (cost <+> 50) + (size <+> 0.5) LIMIT 10) p)
$$;
BEGIN;
INSERT INTO passing SELECT * FROM parts;
SELECT same_nearest(), mmdb_index_check('passing_mm');
COMMIT;
BEGIN;
INSERT INTO passing SELECT * FROM parts WHERE id < 10;
TRUNCATE passing;
INSERT INTO passing SELECT * FROM parts;
SELECT same_nearest(), mmdb_index_check('passing_mm');
COMMIT;
SET client_min_messages = warning;
ALTER INDEX passing_mm SET (weights = 'nobody''s');
INSERT INTO passing SELECT * FROM parts;
ALTER INDEX passing_mm RESET (weights);
RESET client_min_messages;
BEGIN;
INSERT INTO passing SELECT * FROM parts;
SELECT same_nearest(), mmdb_index_check('passing_mm');
COMMIT;
SELECT count(*), mmdb_index_check('passing_mm') FROM passing;
DROP TABLE passing;
DROP FUNCTION same_nearest;

-- what is no weights
CREATE INDEX bad ON parts USING mmdb (cost, size) WITH (weights = '{1,2,3}');
CREATE INDEX unknown ON parts USING mmdb (cost, size) WITH (weights = 'nobody knows');
DROP INDEX unknown;
CREATE INDEX other ON parts USING mmdb (cost, size) WITH (weights = 'of others');
DROP INDEX other;
CREATE INDEX bad ON parts USING mmdb (cost, size) WITH (weights = '{1,-2}');
CREATE INDEX bad ON parts USING mmdb (cost, size) WITH (weights = '{0,0}');
CREATE INDEX bad ON parts USING mmdb (cost, size) WITH (weights = '{1,NULL}');
CREATE INDEX bad ON parts USING mmdb (cost, size) WITH (weights = '{1,NaN}');
CREATE INDEX bad ON parts USING mmdb (cost, size) WITH (weights = '{1,a}');
CREATE INDEX bad ON parts USING mmdb (cost, size) WITH (weights = '{{1,2},{3,4}}');
CREATE INDEX bad ON parts USING mmdb (cost, size) WITH (weights = '');
ALTER INDEX parts_mm SET (weights = '{0,0,0,0}');
ALTER INDEX parts_mm SET (weights = '{0,1,NULL,0}');
SELECT reloptions FROM pg_class WHERE relname = 'parts_mm';

DELETE FROM mmdb.weight_profile;
DROP TABLE parts, tried, by_profile, later;
DROP FUNCTION noise, work, try;
