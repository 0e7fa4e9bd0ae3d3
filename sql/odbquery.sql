-- The type odbquery, and the operators <-> and <@ of composites with it.
CREATE TYPE flat AS (photo mmvector(3), loc point, review text);

-- Constructors and text form.
SELECT odbquery(ROW('[1,2,3]', '(0,0)', 'cozy')::flat, '{1,0,1}');
SELECT odbquery(ROW('[1,2,3]', '(0,0)', 'cozy')::flat, '{1,0,1}', '{2,3,4}');
SELECT odbrange(ROW('[1,2,3]', NULL, E'say "hi" \\ bye')::flat, '{1,0.25,1}', 0.3);
SELECT odbrange(ROW(1, 2.5, 'x'), NULL, 'Infinity', scales => '{1,1,1e-3}');
SELECT odbquery(NULL::flat, '{1}') IS NULL AS no_object, odbrange(ROW(1), '{1}', NULL) IS NULL AS no_radius;

-- Text round trip, typed and with white space.
SELECT q::text = q::text::odbquery::text AS same FROM (VALUES
	(odbquery(ROW('[1,2,3]', '(0,0)', 'cozy')::flat, '{1,0,1}')),
	(odbrange(ROW(NULL, '(0,0)', E'\n"ö"')::flat, '{1,0.1,3e300}', 1e-300, '{1,2,3}')),
	(odbrange(ROW('{1,2}'::integer[], date '2026-01-01', true), NULL, 'Infinity'))) v(q);
SELECT ' { "weights" : [ 1 , 2 ] , "object" : [ 5 , "five" ] , "types" : [ "integer" , "text" ] } '::odbquery;

-- Malformed.
SELECT '{'::odbquery;
SELECT '[1]'::odbquery;
SELECT '{"types": ["integer"], "object": ["1"]}'::odbquery;
SELECT '{"types": ["integer"], "object": ["1", "2"], "weights": [1]}'::odbquery;
SELECT '{"types": [], "object": [], "weights": []}'::odbquery;
SELECT '{"types": ["integer"], "object": ["one"], "weights": [1]}'::odbquery;
SELECT '{"types": ["nothing"], "object": ["one"], "weights": [1]}'::odbquery;
SELECT '{"types": ["cstring"], "object": ["one"], "weights": [1]}'::odbquery;
SELECT '{"types": [1], "object": ["one"], "weights": [1]}'::odbquery;
SELECT '{"types": ["integer"], "object": [[1]], "weights": [1]}'::odbquery;
SELECT '{"types": ["integer"], "object": ["1"], "weights": ["x"]}'::odbquery;
SELECT '{"types": ["integer"], "object": ["1"], "weights": [-1]}'::odbquery;
SELECT '{"types": ["integer"], "object": ["1"], "weights": [1], "scales": [0]}'::odbquery;
SELECT '{"types": ["integer"], "object": ["1"], "weights": [1], "radius": -1}'::odbquery;
SELECT '{"types": ["integer"], "object": ["1"], "weights": [1], "radius": true}'::odbquery;
SELECT '{"types": ["integer"], "object": ["1"], "weights": [1e400]}'::odbquery;
SELECT '{"types": ["integer"], "object": ["1"], "weights": [1], "radius": "far"}'::odbquery;
SELECT '{"types": ["integer"], "object": ["1"], "weights": [1], "radius": "2"}'::odbquery;
SELECT '{"types": ["integer"], "object": ["1"], "weights": [1], "radius": "Infinity"}'::odbquery;

-- Weights, scales and radius are checked.
SELECT odbquery(ROW(1, 2), '{1}');
SELECT odbquery(ROW(1, 2), '{1,2,3}');
SELECT odbquery(ROW(1, 2), '{{1},{2}}');
SELECT odbquery(ROW(1, 2), '{1,NULL}');
SELECT odbquery(ROW(1, 2), '{1,-0.5}');
SELECT odbquery(ROW(1, 2), '{1,NaN}');
SELECT odbquery(ROW(1, 2), '{1,Infinity}');
SELECT odbquery(ROW(1, 2), '{0,0}');
SELECT odbquery(ROW(1, 2), '{1,1}', '{1}');
SELECT odbquery(ROW(1, 2), '{1,1}', '{1,0}');
SELECT odbquery(ROW(1, 2), '{1,1}', '{1,NaN}');
SELECT odbrange(ROW(1, 2), '{1,1}', -1);
SELECT odbrange(ROW(1, 2), '{1,1}', 'NaN');
SELECT odbquery(ROW(), '{}');

-- Anonymous records inside cannot be components: no other session knows them.
SELECT odbquery(ROW(1, ROW(2, 3)), NULL);

-- Distance and range, against the sum written out.
CREATE TABLE flats (id integer, obj flat);
INSERT INTO flats SELECT i, ROW(ARRAY[i % 5, i % 7, i % 3], point(i % 11, i % 13), repeat('ab', i % 4))::flat
	FROM generate_series(1, 300) i;
INSERT INTO flats VALUES (301, NULL), (302, ROW(NULL, '(1,1)', 'ab')), (303, ROW('[1,2,3]', NULL, NULL));
CREATE FUNCTION written_out(o flat, w float8[], s float8[]) RETURNS float8 LANGUAGE sql STABLE AS $$
	SELECT w[1] * ((o.photo <-> '[1,2,3]') / s[1]) + w[2] * ((o.loc <-> '(3,4)') / s[2])
		+ w[3] * ((o.review <~> 'abc') / s[3])
$$;
CREATE VIEW computed AS
	SELECT id, w, s, r, obj <-> odbquery(ROW('[1,2,3]', '(3,4)', 'abc')::flat, w, s) AS distance,
		   written_out(obj, w, s) AS expected,
		   obj <@ odbrange(ROW('[1,2,3]', '(3,4)', 'abc')::flat, w, r, s) AS within
	FROM flats, (VALUES ('{1,1,1}'::float8[], '{1,1,1}'::float8[]), ('{0.3,2,0.001}', '{7,0.1,3}'),
						('{1e-9,1,1e9}', '{1,2,3}')) v(w, s),
		 (VALUES (0), (0.5), (3), (17.25), (1e9)) u(r);
SELECT count(*) AS comparisons FROM computed;
SELECT * FROM computed
WHERE distance IS DISTINCT FROM expected OR within IS DISTINCT FROM expected <= r LIMIT 10;

-- A radius that is some row's distance, to the last bit, includes that row.
CREATE VIEW at_radius AS
	SELECT id, w, d, obj <@ odbrange(ROW('[1,2,3]', '(3,4)', 'abc')::flat, w, d, '{3,7,11}') AS within
	FROM (SELECT *, obj <-> odbquery(ROW('[1,2,3]', '(3,4)', 'abc')::flat, w, '{3,7,11}') AS d
		  FROM flats, (VALUES ('{1,1,1}'::float8[]), ('{0.3,0.2,0.1}'), ('{1e-7,1,1e7}')) v(w) WHERE id <= 300) a;
SELECT count(*) AS comparisons FROM at_radius;
SELECT * FROM at_radius WHERE NOT within LIMIT 10;
DROP VIEW computed, at_radius;

-- A component that is NULL or has no weight plays no part; an attribute that is
-- NULL makes the distance NULL.
SELECT id, obj <-> odbquery(ROW('[1,2,3]', NULL, NULL)::flat, '{1,1,1}') AS photo,
	   obj <-> odbquery(ROW('[1,2,3]', '(1,1)', 'x')::flat, '{0,1,0}') AS loc,
	   obj <@ odbrange(ROW(NULL, '(1,1)', NULL)::flat, NULL, 5) AS near
FROM flats WHERE id >= 300 ORDER BY id;
SELECT id FROM flats ORDER BY obj <-> odbquery(ROW('[1,2,3]', '(3,4)', 'abc')::flat, '{1,1,1}'), id LIMIT 3;
SELECT id FROM flats WHERE obj <@ odbrange(ROW('[1,2,3]', '(3,4)', 'abc')::flat, '{1,1,1}', 5) ORDER BY id;

-- Whole rows, anonymous records, and queries of other types that convert.
SELECT (flats.obj) <-> odbquery(ROW('{1,2,3}'::real[], '(3,4)', 'abc'), NULL) AS from_array FROM flats WHERE id = 1;
SELECT ROW(1, 2.5::float8) <-> odbquery(ROW(3, 1), '{1,2}') AS anonymous;
SELECT f <-> odbquery(ROW(7, NULL), '{1,0}') AS whole_row FROM flats f WHERE id = 3;

-- Strings of any type are read as literals of the attributes' types.
SELECT ROW('9f0c5a70-8e0f-4d4c-9d3b-111111111111'::uuid, true, 5) <->
	   odbquery(ROW('9f0c5a70-8e0f-4d4c-9d3b-111111111111'::char(50), 'on'::name, '7'::varchar), NULL) AS distance;

-- What does not fit.
SELECT obj <-> odbquery(ROW(1, 2), '{1,1}') FROM flats;
SELECT obj <-> odbquery(ROW(1, '(0,0)', 'x'), '{1,1,1}') FROM flats;
SELECT obj <-> odbquery(ROW('[1,2,3]', '(0,0)', 5), '{1,1,1}') FROM flats;
SELECT obj <-> odbquery(ROW('[1,x,3]', '(0,0)', 'x'), '{1,1,1}') FROM flats;
SELECT obj <-> odbquery(ROW('[1,2]', '(0,0)', 'x'), '{1,1,1}') FROM flats;
SELECT obj <-> odbquery(ROW(NULL, '(0,0)', 'x'), '{1,0,0}') FROM flats;
SELECT obj <@ odbquery(ROW('[1,2,3]', '(0,0)', 'x'), '{1,1,1}') FROM flats;
SELECT ROW('{}'::jsonb, 1) <-> odbquery(ROW('{}'::jsonb, 1), '{1,1}');
SELECT ROW('{}'::jsonb, 1) <-> odbquery(ROW('{}'::jsonb, 1), '{0,1}') AS without_weight;

-- A composite type may change between two evaluations of one expression.
CREATE TYPE fickle AS (a integer, b text);
DO $$
DECLARE
	object record;
BEGIN
	FOR i IN 1 .. 2 LOOP
		EXECUTE 'SELECT ROW(1, 2000000000)::fickle AS o' INTO object;
		RAISE NOTICE '%', object.o <-> odbquery(ROW(1, '7'), '{1,1}');
		ALTER TYPE fickle ALTER ATTRIBUTE b TYPE integer;
	END LOOP;
END $$;
DROP TYPE fickle;

-- Stored queries.
CREATE TABLE queries (q odbquery);
INSERT INTO queries SELECT odbrange(ROW('[1,2,3]', '(3,4)', repeat('abc', 5000))::flat, '{1,1,1}', 4);
SELECT length((q::text)::json -> 'object' ->> 2) FROM queries;
DROP TABLE queries, flats CASCADE;
DROP FUNCTION written_out;
DROP TYPE flat;
