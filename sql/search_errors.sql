-- Bad input to odbknn, odbrange and mm_distance_sql.
CREATE TABLE homes (id integer, photo mmvector, loc point, price float8, review text, kind bit(8), listed date);
INSERT INTO homes SELECT i, ARRAY[i, 1, 2], point(i, i), i, 'r' || i, i::bit(8), date '2026-01-01' + i
	FROM generate_series(1, 10) i;
CREATE INDEX homes_mm ON homes USING mmdb (photo, loc, price, review);
\set q '''[1,2,3]'', ''(1,2)'', 5, ''x'''

-- Weights.
SELECT * FROM odbknn(NULL::homes, ROW(:q), '{1,1,1}', 1);
SELECT * FROM odbknn(NULL::homes, ROW(:q), '{1,1,1,1,1}', 1);
SELECT * FROM odbknn(NULL::homes, ROW(:q), '{{1,1,1,1}}', 1);
SELECT * FROM odbknn(NULL::homes, ROW(:q), '{1,1,-1,1}', 1);
SELECT * FROM odbknn(NULL::homes, ROW(:q), '{1,NaN,1,1}', 1);
SELECT * FROM odbknn(NULL::homes, ROW(:q), '{1,1,1,Infinity}', 1);
SELECT * FROM odbknn(NULL::homes, ROW(:q), '{1,1,NULL,1}', 1);
SELECT * FROM odbknn(NULL::homes, ROW(:q), '{0,0,0,0}', 1);
SELECT * FROM odbknn(NULL::homes, ROW(NULL, NULL, NULL, 'x'), '{1,1,1,0}', 1);

-- k, radius and the other arguments.
SELECT * FROM odbknn(NULL::homes, ROW(:q), NULL, 0);
SELECT * FROM odbknn(NULL::homes, ROW(:q), NULL, -1);
SELECT * FROM odbknn(NULL::homes, ROW(:q), NULL, NULL);
SELECT * FROM odbrange(NULL::homes, ROW(:q), NULL, -0.5);
SELECT * FROM odbrange(NULL::homes, ROW(:q), NULL, 'NaN');
SELECT * FROM odbrange(NULL::homes, ROW(:q), NULL, NULL);
SELECT * FROM odbknn(NULL::homes, NULL, NULL, 1);
SELECT * FROM odbknn(NULL::homes, ROW(:q), NULL, 1, missing => 'skip');
SELECT * FROM odbknn(NULL::homes, ROW(:q), NULL, 1, missing => NULL);
SELECT * FROM odbknn(NULL::homes, ROW(:q), NULL, 1, normalized => NULL);

-- The table.
SELECT * FROM odbknn(NULL::integer, ROW(:q), NULL, 1);
CREATE TYPE pair AS (a integer, b integer);
SELECT * FROM odbknn(NULL::pair, ROW(:q), NULL, 1);
CREATE DOMAIN dear_home AS homes CHECK ((VALUE).price > 5);
SELECT * FROM odbknn(NULL::dear_home, ROW(:q), NULL, 1);
DROP DOMAIN dear_home;
SELECT * FROM odbknn(NULL::pg_class, ROW(:q), NULL, 1);
SELECT * FROM odbknn(NULL::homes, ROW(1), NULL, 1);

-- The index.
SELECT * FROM odbknn(NULL::homes, ROW(:q), NULL, 1, 'pg_class_oid_index');
SELECT * FROM odbknn(NULL::homes, ROW(:q), NULL, 1, 'homes');
SELECT * FROM odbknn(NULL::homes, ROW(1, 2), NULL, 1, 'homes_mm');
CREATE TABLE other (id integer, price text);
INSERT INTO other VALUES (1, 'x');
CREATE INDEX other_mm ON other USING mmdb (price);
SELECT * FROM odbknn(NULL::homes, ROW('x'), NULL, 1, 'other_mm');
SELECT * FROM odbknn(NULL::other, ROW(:q), NULL, 1, 'homes_mm');

-- one that is not valid, or partial
SET client_min_messages = error;
CREATE INDEX CONCURRENTLY homes_invalid ON homes USING mmdb ((price / (id - 10)));
RESET client_min_messages;
SELECT * FROM odbknn(NULL::homes, ROW(1), NULL, 1);
SELECT * FROM odbknn(NULL::homes, ROW(1), NULL, 1, 'homes_invalid');
DROP INDEX homes_invalid;
CREATE INDEX homes_partial ON homes USING mmdb (price) WHERE id < 5;
SELECT * FROM odbknn(NULL::homes, ROW(1), NULL, 1);
DROP INDEX homes_partial;

-- Components: type, dimensions, syntax.
SELECT * FROM odbknn(NULL::homes, ROW(5, NULL, NULL, NULL), NULL, 1);
SELECT * FROM odbknn(NULL::homes, ROW(NULL, 5, NULL, NULL), NULL, 1);
SELECT * FROM odbknn(NULL::homes, ROW(NULL, NULL, point(1, 2), NULL), NULL, 1);
SELECT * FROM odbknn(NULL::homes, ROW(NULL, NULL, NULL, 5), NULL, 1);
SELECT * FROM odbknn(NULL::homes, ROW('[1,2]', NULL, NULL, NULL), NULL, 1);
SELECT * FROM odbknn(NULL::homes, ROW('[1,2,x]', NULL, NULL, NULL), NULL, 1);
SELECT * FROM odbknn(NULL::homes, ROW(NULL, 'here', NULL, NULL), NULL, 1);
SELECT * FROM odbknn(NULL::homes, ROW(NULL, NULL, 'dear', NULL), NULL, 1);
CREATE INDEX homes_bits ON homes USING mmdb (kind, listed, photo mmvector_cosine_ops);
SELECT mm_distance_sql('homes_bits', NULL, ROW(B'10101010', NULL, NULL));
SELECT * FROM odbknn(NULL::homes, ROW(B'101', NULL, NULL), NULL, 1);
SELECT * FROM odbknn(NULL::homes, ROW(NULL, 'someday', NULL), NULL, 1);
SELECT * FROM odbknn(NULL::homes, ROW(NULL, NULL, '[0,0,0]'), NULL, 1);
-- without weight, none of that matters
SELECT count(*) FROM odbknn(NULL::homes, ROW('[1,2]', 5, 3, 'x'), '{0,0,1,0}', 1);

-- A cast may make NULL of a component, which then takes no part.
CREATE TYPE nowhere AS (reason text);
CREATE FUNCTION to_point(nowhere) RETURNS point LANGUAGE sql IMMUTABLE AS 'SELECT NULL::point';
CREATE CAST (nowhere AS point) WITH FUNCTION to_point(nowhere) AS ASSIGNMENT;
SELECT count(*) FROM odbknn(NULL::homes, ROW(NULL, ROW('moved')::nowhere, 5, NULL), NULL, 3);
SELECT count(*) FROM odbknn(NULL::homes, ROW(NULL, ROW('moved')::nowhere, NULL, NULL), NULL, 3);
DROP TYPE nowhere CASCADE;

-- mm_distance_sql.
SELECT mm_distance_sql('homes', '{1}');
SELECT mm_distance_sql('homes_mm', '{1}');
SELECT mm_distance_sql('homes_mm', NULL, ROW(1, 2));
SELECT mm_distance_sql('homes_mm', NULL, ROW('[1]', NULL, NULL, NULL));
SELECT mm_distance_sql(NULL);

-- The SQLSTATEs.
CREATE FUNCTION state(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE command;
	RETURN 'none';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
SELECT what, state(format('SELECT * FROM %s', call)) FROM (VALUES
	('wrong number of weights', $$odbknn(NULL::homes, ROW('[1,2,3]', NULL, 5, NULL), '{1,1}', 1)$$),
	('negative weight', $$odbknn(NULL::homes, ROW('[1,2,3]', NULL, 5, NULL), '{-1,1,1,1}', 1)$$),
	('NULL weight', $$odbknn(NULL::homes, ROW('[1,2,3]', NULL, 5, NULL), '{NULL,1,1,1}', 1)$$),
	('all weights zero', $$odbknn(NULL::homes, ROW('[1,2,3]', NULL, 5, NULL), '{0,0,0,0}', 1)$$),
	('k', $$odbknn(NULL::homes, ROW('[1,2,3]', NULL, 5, NULL), NULL, 0)$$),
	('radius', $$odbrange(NULL::homes, ROW('[1,2,3]', NULL, 5, NULL), NULL, -1)$$),
	('dimensions', $$odbknn(NULL::homes, ROW('[1,2]', NULL, 5, NULL), NULL, 1)$$),
	('type', $$odbknn(NULL::homes, ROW(1, NULL, 5, NULL), NULL, 1)$$),
	('vector text', $$odbknn(NULL::homes, ROW('[1', NULL, 5, NULL), NULL, 1)$$),
	('no index', $$odbknn(NULL::pg_class, ROW(1), NULL, 1)$$),
	('not a table', $$odbknn(1, ROW(1), NULL, 1)$$),
	('not an mmdb index', $$odbknn(NULL::homes, ROW(1), NULL, 1, 'pg_class_oid_index')$$),
	('missing', $$odbknn(NULL::homes, ROW('[1,2,3]', NULL, 5, NULL), NULL, 1, missing => 'x')$$),
	('zero vector', $$odbknn(NULL::homes, ROW(NULL, NULL, '[0,0,0]'), NULL, 1)$$)) c(what, call);

-- An error leaves nothing half done.
BEGIN;
SAVEPOINT s;
SELECT count(*) FROM odbknn(NULL::homes, ROW('[1,2]', NULL, 5, NULL), NULL, 1);
ROLLBACK TO s;
SELECT count(*) FROM odbknn(NULL::homes, ROW('[1,2,3]', NULL, 5, NULL), NULL, 1);
COMMIT;
DROP FUNCTION state;
DROP TABLE homes, other;
DROP TYPE pair;
