-- Equality of odbquery: of types, values, weights, scales and radius.  Values are
-- equal if their bytes are.
CREATE DOMAIN percent AS integer CHECK (VALUE BETWEEN 0 AND 100);
SELECT a = b AS eq, a <> b AS ne, a < b AS lt, a <= b AS le, a > b AS gt, a >= b AS ge,
	   odbquery_cmp(a, b) = -odbquery_cmp(b, a) AS antisymmetric,
	   odbquery_hash(a) = odbquery_hash(b) AS hash,
	   odbquery_hash_extended(a, 7) = odbquery_hash_extended(b, 7) AS extended
FROM (SELECT odbquery(ROW(1, 'a'), '{1,2}') AS a, odbquery(ROW(1, 'a'), '{1,2}') AS b) t;
SELECT what, a = b AS equal, odbquery_hash(a) = odbquery_hash(b) AS same_hash, (a < b) <> (b < a) AS ordered
FROM (VALUES
	('written otherwise', odbquery(ROW(1, 'a'), '{1,2}'),
		' {"weights": [1.0, 2e0], "object": [1, "a"], "types": ["int4", "text"]}'::odbquery),
	('weight -0', odbrange(ROW(1, 'a'), '{0,2}', 0), odbrange(ROW(1, 'a'), '{-0,2}', '-0')),
	('domain', odbquery(ROW(1), NULL), odbquery(ROW(1::percent), NULL)),
	('NULLs', odbquery(ROW(1, NULL), NULL), odbquery(ROW(1, NULL), NULL)),
	('value', odbquery(ROW(1, 'a'), NULL), odbquery(ROW(1, 'b'), NULL)),
	('NULL', odbquery(ROW(1, 'a'), NULL), odbquery(ROW(1, NULL), NULL)),
	('type', odbquery(ROW(1), NULL), odbquery(ROW(1::oid), NULL)),
	('type of NULL', odbquery(ROW(1, NULL::text), NULL), odbquery(ROW(1, NULL::integer), NULL)),
	('number of components', odbquery(ROW(1), NULL), odbquery(ROW(1, NULL), NULL)),
	('weights', odbquery(ROW(1, 'a'), '{1,2}'), odbquery(ROW(1, 'a'), '{2,1}')),
	('scales', odbquery(ROW(1, 'a'), NULL, '{1,2}'), odbquery(ROW(1, 'a'), NULL, '{2,1}')),
	('no scales', odbquery(ROW(1, 'a'), NULL), odbquery(ROW(1, 'a'), NULL, '{1,1}')),
	('radius', odbrange(ROW(1, 'a'), NULL, 1), odbrange(ROW(1, 'a'), NULL, 2)),
	('no radius', odbquery(ROW(1, 'a'), NULL), odbrange(ROW(1, 'a'), NULL, 0)),
	('digits', odbquery(ROW(1.0), NULL), odbquery(ROW(1.00), NULL)),
	('value -0', odbquery(ROW(0::float8), NULL), odbquery(ROW('-0'::float8), NULL))) v(what, a, b);
-- However it is stored: compressed, out of line, or neither; and of types
-- without an equality, or that are gone.
CREATE TYPE gone AS ENUM ('once');
CREATE TABLE stored (id integer, q odbquery);
INSERT INTO stored SELECT i, odbquery(ROW('{"x": 1}'::json, point(1, 2), box '((1,2),(3,4))', B'101', repeat('abc', i),
										  ARRAY(SELECT sin(j)::real FROM generate_series(1, i) j)), NULL)
	FROM unnest('{1,50,1000,5000}'::integer[]) i, generate_series(1, 3);
INSERT INTO stored SELECT 0, odbquery(ROW('once'::gone), NULL) FROM generate_series(1, 3);
ALTER TABLE stored ADD COLUMN plain odbquery;
ALTER TABLE stored ALTER COLUMN plain SET STORAGE plain;
UPDATE stored SET plain = q WHERE id < 1000;
DROP TYPE gone;
SELECT count(*) AS pairs FROM stored a, stored b;
SELECT a.id, a.q = b.q AS equal, b.id AS other, a.plain = a.q AS equal_plain,
	   odbquery_hash(a.q) AS hash, odbquery_hash(b.q) AS other_hash, odbquery_hash(a.plain) AS plain_hash
FROM stored a, stored b
WHERE (a.q = b.q) <> (a.id = b.id) OR a.plain <> a.q OR odbquery_hash(a.plain) <> odbquery_hash(a.q) OR
	  (a.q = b.q) <> (odbquery_hash(a.q) = odbquery_hash(b.q))
LIMIT 10;
SELECT count(*) FROM (SELECT DISTINCT q FROM stored) s;
SELECT array_agg(n) FROM (SELECT count(*) AS n FROM stored GROUP BY q ORDER BY q) s;
SELECT count(*) FROM (SELECT q FROM stored UNION SELECT q FROM stored) s;
SELECT count(*) FROM (SELECT q FROM stored EXCEPT SELECT q FROM stored WHERE id = 50) s;
SET enable_nestloop = off; SET enable_mergejoin = off;
SELECT count(*) FROM stored a JOIN stored b ON a.q = b.q;
RESET enable_mergejoin; SET enable_hashjoin = off;
SELECT count(*) FROM stored a JOIN stored b ON a.q = b.q;
RESET enable_hashjoin; RESET enable_nestloop;
CREATE INDEX ON stored (q) WHERE id < 1000;
CREATE INDEX ON stored USING hash (q);
SET enable_seqscan = off; SET enable_sort = off;
SELECT count(*) FROM stored WHERE q = (SELECT q FROM stored WHERE id = 50 LIMIT 1);
SELECT count(*) FROM (SELECT q FROM stored WHERE id < 1000 ORDER BY q) s;
RESET enable_seqscan; RESET enable_sort;
CREATE TABLE unique_queries (q odbquery PRIMARY KEY);
INSERT INTO unique_queries SELECT odbquery(ROW(i), NULL) FROM generate_series(1, 100) i;
INSERT INTO unique_queries SELECT odbquery(ROW(i), NULL) FROM generate_series(50, 150) i ON CONFLICT DO NOTHING;
SELECT count(*) FROM unique_queries;

DROP TABLE stored, unique_queries;
DROP DOMAIN percent;
