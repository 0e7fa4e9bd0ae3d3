-- odbknn and odbrange: the rows nearest to an object, and those within a radius.
CREATE TABLE homes (id integer PRIMARY KEY, photo mmvector(3), loc point NOT NULL, price float8, review text,
	listed date);
INSERT INTO homes SELECT i, ARRAY[i % 10, i % 7, i % 3], point(i % 20, i % 15), 1000 + (i * 37) % 1000,
	repeat('cozy ', i % 6), date '2026-01-01' + i % 100
	FROM generate_series(1, 400) i;
CREATE INDEX homes_mm ON homes USING mmdb (photo mmvector_l1_ops, loc, price, review);

SELECT (r.obj).id, round(r.distance::numeric, 6) AS distance
FROM odbknn(NULL::homes, ROW('[1,2,3]', '(4,5)', 1200, 'cozy'), '{1,1,0.5,1}', 5) r ORDER BY r.distance, 1;
SELECT (r.obj).id, round(r.distance::numeric, 6) AS distance
FROM odbrange(NULL::homes, ROW('[1,2,3]', '(4,5)', 1200, 'cozy'), '{1,1,0,1}', 0.8) r ORDER BY r.distance, 1;

-- The distance as text; the same as plain SQL, to the last bit.
SELECT mm_distance_sql('homes_mm', '{1,1,0.5,1}');
SELECT mm_distance_sql('homes_mm', '{0,2,0,1}', normalized => false);
SELECT mm_distance_sql('homes_mm', '{1,0.25,0,0}', ROW('[1,2,3]', point(4, 5), NULL, NULL), missing => 'exclude');
CREATE FUNCTION brute_force(query homes, weights float8[], missing text DEFAULT 'penalty',
	normalized boolean DEFAULT true)
	RETURNS TABLE (id integer, distance float8) LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN QUERY EXECUTE 'SELECT id, (' ||
		mm_distance_sql('homes_mm', weights, ROW(query.photo, query.loc, query.price, query.review), normalized,
			missing) || ') FROM homes';
END $$;
SELECT count(*) AS rows, differences('odbknn', array_agg(r.distance::text ORDER BY b.id),
											array_agg(b.distance::text ORDER BY b.id))
FROM odbknn(NULL::homes, ROW('[1,2,3]', '(4,5)', 1200, 'cozy'), '{1,1,0.5,1}', 1000) r
FULL JOIN brute_force(ROW(0, '[1,2,3]', '(4,5)', 1200, 'cozy', NULL), '{1,1,0.5,1}') b ON b.id = (r.obj).id;

-- Written out by hand.
CREATE TABLE by_hand AS
	SELECT h.id, r.distance, h.d AS expected
	FROM odbknn(NULL::homes, ROW('[1,2,3]', '(4,5)', 1200, 'cozy'), '{3,1,0,0.5}', 400) r
	JOIN (SELECT id, 3 * (photo <+> '[1,2,3]') / mm_scale('homes_mm', 'photo')
					 + (loc <-> '(4,5)') / mm_scale('homes_mm', 'loc')
					 + 0.5 * (review <~> 'cozy') / mm_scale('homes_mm', 'review') AS d
		  FROM homes) h ON h.id = (r.obj).id;
SELECT count(*) AS rows FROM by_hand;
SELECT * FROM by_hand WHERE abs(distance - expected) > 1e-12 LIMIT 10;
DROP TABLE by_hand;

-- Weights NULL: all 1.  A component that is NULL, or has weight 0, plays no part.
SELECT (obj).id, distance FROM odbknn(NULL::homes, ROW('[1,2,3]', '(4,5)', 1200, 'cozy'), NULL, 400)
EXCEPT SELECT (obj).id, distance FROM odbknn(NULL::homes, ROW('[1,2,3]', '(4,5)', 1200, 'cozy'), '{1,1,1,1}', 400)
LIMIT 10;
SELECT (obj).id, distance FROM odbknn(NULL::homes, ROW(NULL, '(4,5)', NULL, 'cozy'), NULL, 400)
EXCEPT SELECT (obj).id, distance FROM odbknn(NULL::homes, ROW('[9,9,9]', '(4,5)', 77, 'cozy'), '{0,1,0,1}', 400)
LIMIT 10;

-- k beyond the table, radius 0, an infinite radius, distance order.
SELECT count(*), bool_and(distance >= coalesce(before, 0)) AS ordered
FROM (SELECT distance, lag(distance) OVER () AS before
	FROM odbknn(NULL::homes, ROW('[1,2,3]', '(4,5)', 1200, 'cozy'), NULL, 1000000)) o;
SELECT count(*), min(distance), max(distance) FROM odbrange(NULL::homes, ROW(NULL, '(4,4)', NULL, NULL), NULL, 0);
SELECT count(*) FROM odbrange(NULL::homes, ROW(NULL, '(4,5)', NULL, NULL), NULL, 'Infinity');

-- normalized => false: the distances as they are.
SELECT (r.obj).id, r.distance
	FROM odbknn(NULL::homes, ROW('[1,2,3]', NULL, 1200, NULL), '{1,0,0.01,0}', 3, normalized => false) r ORDER BY 2, 1;

-- Components convert as they would in INSERT.
SELECT (obj).id, distance
	FROM odbknn(NULL::homes, ROW(ARRAY[1,2,3], '(4,5)'::point, 1200::smallint, 'cozy'::varchar), NULL, 400)
EXCEPT SELECT (obj).id, distance FROM odbknn(NULL::homes, ROW('[1,2,3]', '(4,5)', 1200, 'cozy'), NULL, 400)
LIMIT 10;

-- What drivers send: strings as varchar, if not as text, whole numbers as bigint
-- or smallint, lists of them as arrays of these.  Strings of any type are read as
-- literals; the spaces behind a char(n) do not count.
CREATE DOMAIN label AS varchar(20);
PREPARE nearest(varchar, char(30), name, label, bigint) AS
	SELECT (obj).id, distance FROM odbknn(NULL::homes, ROW($1, $2, $3, $4), NULL, $5);
CREATE TABLE sent AS EXECUTE nearest('[1,2,3]', '(4,5)', '1200', 'cozy', 400);
INSERT INTO sent SELECT (obj).id, distance
	FROM odbknn(NULL::homes, ROW('{1,2,3}'::bigint[], '(4,5)'::varchar, 1200::smallint, 'cozy'::char(8)), NULL,
	400::smallint);
INSERT INTO sent SELECT (obj).id, distance
	FROM odbrange(NULL::homes, ROW('{1,2,3}'::smallint[], '(4,5)'::label, 1200::bigint, 'cozy'::name), NULL, 1000);
SELECT count(*) FROM sent;
SELECT * FROM sent
EXCEPT SELECT (obj).id, distance FROM odbknn(NULL::homes, ROW('[1,2,3]', '(4,5)', 1200, 'cozy'), NULL, 400)
LIMIT 10;
SELECT count(*) FROM odbknn(NULL::homes, ROW('[1,2,3]'::varchar, NULL, NULL, NULL), NULL, 9223372036854775807);
SELECT count(*) FROM odbknn(NULL::homes, ROW(NULL, NULL, 'dear'::varchar, NULL), NULL, 1);
DEALLOCATE nearest;
DROP TABLE sent;
DROP DOMAIN label;

-- Which index: the one with as many columns as the query has components; else
-- it must be named.
CREATE INDEX homes_l2 ON homes USING mmdb (photo, loc);
SELECT count(*) FROM odbknn(NULL::homes, ROW('[1,2,3]', '(4,5)'), NULL, 3);
CREATE INDEX homes_l1 ON homes USING mmdb (photo mmvector_l1_ops, loc);
SELECT count(*) FROM odbknn(NULL::homes, ROW('[1,2,3]', '(4,5)'), NULL, 3);
SELECT round((SELECT distance FROM odbknn(NULL::homes, ROW('[0,0,0]', NULL), NULL, 1, 'homes_l1', false))::numeric,
	3) AS l1,
	   round((SELECT distance FROM odbknn(NULL::homes, ROW('[0,0,0]', NULL), NULL, 1, 'homes_l2', false))::numeric,
		   3) AS l2;
SELECT DISTINCT distance FROM odbknn(NULL::homes, ROW('[9,9,9]', NULL), NULL, 3, using_index => 'homes_linf');
DROP INDEX homes_l1, homes_l2;
CREATE INDEX homes_expr ON homes USING mmdb ((price / 100), lower(review)) WHERE id > 10;
SELECT count(*) FROM odbknn(NULL::homes, ROW(12, 'cozy'), NULL, 3);
SELECT (r.obj).id, round(r.distance::numeric, 4) AS distance
FROM odbknn(NULL::homes, ROW(12, 'cozy'), '{1,0}', 2, 'homes_expr') r ORDER BY 2, 1;
SELECT mm_distance_sql('homes_expr', '{1,1}', normalized => false);
DROP INDEX homes_expr;

-- The planner expects k rows.
CREATE FUNCTION expected_rows(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END $$;
SELECT expected_rows($$SELECT * FROM odbknn(NULL::homes, ROW('[1,2,3]', NULL, NULL, NULL), NULL, 17)$$) AS k,
	   expected_rows($$SELECT * FROM odbknn(NULL::homes, missing => 'ignore', k => 3,
		   query => ROW('[1,2,3]', NULL, NULL, NULL), weights => NULL)$$) AS named;

-- In joins, LATERAL, prepared statements, and functions; with a filter around.
SELECT q.id, CASE WHEN r.distance = 0 THEN (r.obj).id END AS nearest, round(r.distance::numeric, 3) AS distance
FROM homes q, odbknn(NULL::homes, ROW(q.photo, q.loc, NULL, NULL), NULL, 2) r WHERE q.id IN (7, 11) ORDER BY 1, 3, 2;
PREPARE nearest(mmvector, float8[], integer) AS SELECT count(*)
	FROM odbknn(NULL::homes, ROW($1, '(4,5)', NULL, NULL), $2, $3);
EXECUTE nearest('[1,2,3]', '{1,1,0,0}', 7);
EXECUTE nearest('[3,2,1]', NULL, 9);
DEALLOCATE nearest;
CREATE FUNCTION insert_and_search() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	INSERT INTO homes VALUES (1000, '[100,100,100]', '(4,5)', 1, 'x', NULL);
	SELECT count(*) INTO n FROM odbrange(NULL::homes, ROW('[100,100,100]', NULL, NULL, NULL), NULL, 0);
	RETURN n;
END $$;
BEGIN; SELECT insert_and_search(); ROLLBACK;
SELECT avg((r.obj).price) FROM odbknn(NULL::homes, ROW('[1,2,3]', '(4,5)', 1200, 'cozy'), NULL, 50) r
	WHERE (r.obj).listed > '2026-02-01';

-- A table whose columns are called like the table's alias, in a schema and
-- under names that need quotes.
CREATE SCHEMA "Odd Schema";
CREATE TABLE "Odd Schema"."Odd ""Table" (t integer, t1 text, "Odd ""Column" float8);
INSERT INTO "Odd Schema"."Odd ""Table" SELECT i, 'x' || i, i FROM generate_series(1, 20) i;
CREATE INDEX odd_mm ON "Odd Schema"."Odd ""Table" USING mmdb (t, t1, "Odd ""Column");
SELECT r.obj, r.distance FROM odbknn(NULL::"Odd Schema"."Odd ""Table", ROW(5, NULL, 6), NULL, 2, normalized => false) r
	ORDER BY 2, 1;
SELECT mm_distance_sql('"Odd Schema".odd_mm', normalized => false);

-- Operators are found, and not mistaken, whatever the search_path.
CREATE FUNCTION "Odd Schema".wrong(float8, float8) RETURNS float8 LANGUAGE sql IMMUTABLE RETURN 42.0;
CREATE OPERATOR "Odd Schema".<+> (LEFTARG = float8, RIGHTARG = float8, FUNCTION = "Odd Schema".wrong);
CREATE FUNCTION "Odd Schema".always(float8, integer) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN true;
CREATE OPERATOR "Odd Schema".= (LEFTARG = float8, RIGHTARG = integer, FUNCTION = "Odd Schema".always);
CREATE OPERATOR "Odd Schema".* (LEFTARG = float8, RIGHTARG = float8, FUNCTION = "Odd Schema".wrong);
SET search_path = "Odd Schema", pg_catalog, public;
SELECT mm_distance_sql('public.homes_mm', '{0,0,3,0}');
SELECT distance FROM odbknn(NULL::public.homes, ROW(NULL, NULL, 1000, NULL), '{0,0,2,0}', 1);
SELECT mm_distance_sql('public.homes_mm', '{2,0,3,1}', missing => 'ignore');
CREATE TEMP TABLE hijacked AS SELECT (r.obj).id, distance
	FROM odbknn(NULL::public.homes, ROW('[1,2,3]', '(4,5)', 1000, 'x'), '{2,5,3,1}', 400, missing => 'ignore') r;
RESET search_path;
SELECT count(*) FROM hijacked;
SELECT * FROM hijacked
EXCEPT SELECT (r.obj).id, distance
	FROM odbknn(NULL::homes, ROW('[1,2,3]', '(4,5)', 1000, 'x'), '{2,5,3,1}', 400, missing => 'ignore') r
LIMIT 10;

-- Nor do other settings change an answer.
CREATE INDEX homes_third ON homes USING mmdb ((price / 3.000001), (photo <-> '[0.1,0.2,0.3]'));
CREATE TEMP VIEW settings AS
	SELECT (r.obj).id, distance FROM odbknn(NULL::homes, ROW('[1,2,3]', '(4,5)', 1000, 'x'), '{0.123456789,1,1,1}', 9) r
		UNION ALL
	SELECT (r.obj).id, distance FROM odbknn(NULL::homes, ROW(100.1, 1), NULL, 9, 'homes_third') r UNION ALL
	SELECT count(*), 0 FROM odbrange(NULL::homes, ROW(NULL, NULL, 0, NULL), NULL, 123.4567, normalized => false);
CREATE TEMP TABLE usual AS SELECT * FROM settings;
SET extra_float_digits = -14;
SELECT * FROM settings EXCEPT SELECT * FROM usual LIMIT 10;
SELECT mm_distance_sql('homes_third', '{0.123456789,0}', ROW(0.123456789::float8, NULL), normalized => false);
RESET extra_float_digits;
DROP VIEW settings;
DROP INDEX homes_third;

SET client_min_messages = warning;
DROP SCHEMA "Odd Schema" CASCADE;
RESET client_min_messages;

-- More plans than are kept for the session; also while a plan runs that calls
-- others.
CREATE TABLE many (id integer, a float8);
INSERT INTO many SELECT i, i FROM generate_series(1, 100) i;
CREATE INDEX many_mm ON many USING mmdb (a);
SELECT sum(n), count(*) FROM generate_series(1, 2) round, generate_series(1, 100) k,
	LATERAL (SELECT count(*) AS n FROM odbknn(NULL::many, ROW(50), NULL, k) r) s;
CREATE VIEW nested AS SELECT m.* FROM many m
	WHERE m.id = (SELECT count(*) FROM odbknn(NULL::many, ROW(50), NULL, 101 - m.id) r) + 2 * m.id - 101;
SELECT count(*), min((obj).id), max(distance) FROM odbknn(NULL::nested, ROW(1), NULL, 100, 'many_mm', false) r;
SELECT count(*) FROM odbknn(NULL::many, ROW(50), NULL, 100) r;
-- and while a plan is being made: to estimate a filter, the planner calls its function
CREATE FUNCTION most() RETURNS float8 LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN 52.5 + (SELECT count(*) * 0 FROM odbknn(NULL::many, ROW(50), NULL, 1000) r);
END $$;
SELECT (obj).a FROM odbknn(NULL::many, ROW(50), NULL, 101, filter => 'a > 49.5 AND a < most()') r ORDER BY 1;
DROP FUNCTION most;
DROP VIEW nested;
DROP TABLE many;

DROP FUNCTION brute_force, expected_rows, insert_and_search;
DROP TABLE homes;
