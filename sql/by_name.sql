-- Query objects and weights by the names of columns, as programs have them.
CREATE SCHEMA by_name;
SET search_path = by_name, public;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE homes (id integer PRIMARY KEY, photo mmvector(3), loc point, price numeric, review text, tags text[],
	sizes real[], listed date, mood mood, "Odd ""name" boolean, flags bit(4));
INSERT INTO homes SELECT i, ARRAY[i % 10, i % 7, i % 3], point(i % 20, i % 15), 1000 + (i * 37) % 1000,
	repeat('cozy ', i % 6),
	ARRAY['t' || i % 5, E'a "b" \\ {c}, null', 'NULL'], ARRAY[i % 4, i % 9],
	date '2026-01-01' + i % 100, (enum_range(NULL::mood))[i % 3 + 1], i % 2 = 0, (i % 16)::bit(4)
	FROM generate_series(1, 400) i;
CREATE INDEX homes_mm ON homes USING mmdb (photo, loc, price, review, tags, sizes, listed, mood, "Odd ""name", flags);

-- The same answers as by position.
CREATE FUNCTION same(query text, object record, weights float8[] DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	by_name text[];
	by_position text[];
BEGIN
	SELECT array_agg(r::text) INTO by_name FROM odbknn(NULL::homes, query, weights, 50) r;
	SELECT array_agg(r::text) INTO by_position FROM odbknn(NULL::homes, object, weights, 50) r;
	RETURN coalesce(differences(query, by_name, by_position), cardinality(by_name)::text);
END $$;
SELECT same('{"photo": [1, 2.5, 3], "price": 1200}',
	ROW('[1,2.5,3]', NULL, 1200, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
SELECT same('{"photo": "[1,2.5,3]", "loc": "(4,5.5)", "listed": "2026-02-03"}',
	ROW('[1,2.5,3]', '(4,5.5)', NULL, NULL, NULL, NULL, '2026-02-03', NULL, NULL, NULL));
SELECT same('{"loc": [4, 5.5], "sizes": [1, 2.25], "mood": "happy"}',
	ROW(NULL, '(4,5.5)', NULL, NULL, NULL, '{1,2.25}', NULL, 'happy', NULL, NULL));
SELECT same($${"tags": ["t3", "a \"b\" \\ {c}, null", "NULL", null], "Odd \"name": true, "flags": "0101"}$$,
	ROW(NULL, NULL, NULL, NULL, ARRAY['t3', E'a "b" \\ {c}, null', 'NULL'], NULL, NULL, NULL, true, B'0101'));
SELECT same('{"review": "cozy \u00e9", "price": "1.5e3"}',
	ROW(NULL, NULL, 1500, 'cozy é', NULL, NULL, NULL, NULL, NULL, NULL));
-- A component that is null, or not named, plays no part; so does a column whose weight is not named.
SELECT same('{"review": "cozy", "price": null}',
	ROW(NULL, NULL, NULL, 'cozy', NULL, NULL, NULL, NULL, NULL, NULL));
SELECT (obj).id, parts FROM odbknn(NULL::homes, '{"review": "cozy ", "price": 1200, "mood": "ok"}',
	'{"price": 2, "review": 0.5}', 1);
-- By position.
SELECT same('["[1,2,3]", null, 1200, null, null, null, null, null, null, null]',
	ROW('[1,2,3]', NULL, 1200, NULL, NULL, NULL, NULL, NULL, NULL, NULL), '{1,1,3,1,1,1,1,1,1,1}');

-- Weights in all their forms.
SELECT DISTINCT d FROM (VALUES
	((SELECT sum(distance) FROM odbknn(NULL::homes, '{"review": "cozy", "price": 1200}',
		'{"review": 1, "price": 0.1}', 20))),
	((SELECT sum(distance) FROM odbknn(NULL::homes, '{"review": "cozy", "price": 1200}',
		'[0,0,0.1,1,0,0,0,0,0,0]', 20))),
	((SELECT sum(distance) FROM odbknn(NULL::homes, '{"review": "cozy", "price": 1200}',
		'{0,0,0.1,1,0,0,0,0,0,0}', 20))),
	((SELECT sum(distance) FROM odbknn(NULL::homes, '{"review": "cozy", "price": 1200}',
		'{0,0,0.1,1,0,0,0,0,0,0}'::float8[], 20))),
	((SELECT sum(distance) FROM odbknn(NULL::homes, '{"review": "cozy", "price": 1200}',
		ARRAY[0,0,0.1,1,0,0,0,0,0,0], 20))),
	((SELECT sum(distance) FROM odbknn(NULL::homes, '{"review": "cozy", "price": 1200}',
		jsonb_build_object('review', 1, 'price', 0.1), 20))),
	((SELECT sum(distance) FROM odbknn(NULL::homes, jsonb '{"review": "cozy", "price": 1200}',
		json '{"review": 1, "price": 0.1}', 20))),
	((SELECT sum(distance) FROM odbknn(NULL::homes, ROW(NULL, NULL, 1200, 'cozy', NULL, NULL, NULL, NULL, NULL, NULL),
		' { "review": 1, "price": 0.1}'::varchar, 20)))) v(d);
SET extra_float_digits = -15;
SELECT parts[3] = 0.123456789012345678::float8 * (1500 <+> (obj).price) AS exact
FROM odbknn(NULL::homes, '{"price": 1500}', ARRAY[0, 0, 0.123456789012345678, 0, 0, 0, 0, 0, 0, 0]::float8[], 1,
	normalized => false, filter => 'price = 1037');
RESET extra_float_digits;

-- The table by its name: rows come as jsonb.
SELECT obj ->> 'id' AS id, round(distance::numeric, 6) AS distance, parts[4] IS NOT NULL AS by_review
FROM odbknn('homes', '{"review": "cozy ", "price": 1200}', k => 3) ORDER BY distance, 1;
SELECT obj -> 'photo' AS photo, obj -> 'loc' AS loc, obj -> 'mood' AS mood, count(*) OVER ()
FROM odbrange('by_name.homes', '{"photo": [1, 2, 3], "price": 1200}', radius => 0.5) LIMIT 1;
SELECT differences('by name', array_agg((a.obj ->> 'id', a.distance, a.parts)::text),
	array_agg(((b.obj).id::text, b.distance, b.parts)::text))
FROM odbknn('homes', '{"review": "cozy", "price": 1234}', NULL, 400) WITH ORDINALITY a(obj, distance, parts, n)
JOIN odbknn(NULL::homes, '{"review": "cozy", "price": 1234}', NULL, 400) WITH ORDINALITY b(obj, distance, parts, n)
	USING (n)
WHERE a.distance <> b.distance OR a.parts <> b.parts;
CREATE VIEW "Some Homes" AS SELECT * FROM homes WHERE id % 2 = 0;
SELECT count(*), bool_and((obj ->> 'id')::integer % 2 = 0) AS some
FROM odbknn('"Some Homes"', '{"price": 1200}', k => 300, using_index => 'homes_mm');

-- A filter applies before the k nearest are chosen.
SELECT count(*), bool_and((obj).id % 7 = 3) AS passed
FROM odbknn(NULL::homes, '{"price": 1200, "review": "cozy"}', k => 20, filter => 'id % 7 = 3 -- every seventh');
SELECT differences('filter',
	(SELECT array_agg(distance::text)
	 FROM odbknn(NULL::homes, '{"price": 1200, "review": "cozy"}', k => 20, filter => 'id % 7 = 3 OR false')),
	(SELECT array_agg(distance::text)
	 FROM (SELECT distance FROM odbknn(NULL::homes, '{"price": 1200, "review": "cozy"}', k => 400)
		   WHERE (obj).id % 7 = 3 ORDER BY distance LIMIT 20) s));
SELECT count(*)
FROM odbrange(NULL::homes, '{"price": 1200}', NULL, 'Infinity', filter => 'id < 11 OR t.id IN (SELECT 12)');
SELECT count(*) FROM odbknn(NULL::homes, ROW(NULL, NULL, 1200, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	missing => 'exclude', filter => 'mood = ''ok''');
SELECT count(*) FROM odbknn(NULL::homes, '{"price": 1200}', filter => 'NULL');

-- Parameters of unknown type, as node-postgres sends all of them.
PREPARE by_type AS SELECT (obj).id, distance FROM odbknn(NULL::homes, $1, $2, $3) ORDER BY 2, 1;
EXECUTE by_type('{"price": 1200}', '{"price": 2}', '2');
PREPARE by_table AS SELECT obj ->> 'id' AS id, distance FROM odbknn($1, $2, $3, $4) ORDER BY 2, 1;
EXECUTE by_table('homes', '{"price": 1200}', '{"price": 2}', '2');
PREPARE by_default AS SELECT obj ->> 'id' AS id, distance FROM odbknn($1, $2, k => $3, filter => $4);
EXECUTE by_default('homes', '{"price": 1200}', '1', 'id = 300');
PREPARE within AS SELECT count(*) FROM odbrange($1, $2, $3, radius => $4);
EXECUTE within('homes', '{"price": 1200}', '{"price": 2}', '0.1');
PREPARE within_type AS SELECT count(*) FROM odbrange(NULL::homes, $1, $2, radius => $3);
EXECUTE within_type('{"price": 1200}', '{"price": 2}', '0.1');
PREPARE explained AS SELECT e.column_name, e.weight FROM homes h, mm_explain_distance($1, h, $2, $3) e
	WHERE h.id = $4 AND e.part IS NOT NULL;
EXECUTE explained('homes_mm', '{"price": 1200, "review": "x"}', '{"price": 2}', '5');
-- As psycopg and JDBC send them: strings as varchar, lists as arrays, JSON as json or jsonb.
PREPARE mixed(jsonb, float8[], smallint) AS SELECT count(*) FROM odbknn(NULL::homes, $1, $2, $3);
EXECUTE mixed('{"price": 1200}', '{0,0,2,0,0,0,0,0,0,0}', 3);
PREPARE strings(varchar, varchar, varchar, integer) AS SELECT count(*) FROM odbknn($1, $2, $3, $4);
EXECUTE strings('homes', '{"price": 1200}', '{"price": 2}', 3);
PREPARE unknown_query(unknown, float8[], bigint) AS SELECT count(*) FROM odbknn(NULL::homes, $1, $2, $3);
EXECUTE unknown_query('{"price": 1200}', '{0,0,2,0,0,0,0,0,0,0}', 3);
PREPARE unknown_weights(json, unknown, bigint) AS SELECT count(*) FROM odbknn('homes', $1, $2, $3);
EXECUTE unknown_weights('{"price": 1200}', '[0,0,2,0,0,0,0,0,0,0]', 3);
-- What makes a value of type odbquery is not mistaken for the search.
PREPARE query AS SELECT odbrange(ROW(1, 'a'), $1, $2);
EXECUTE query('{1,1}', '0.5');

-- odbquery by name, for composites.
CREATE TYPE flat AS (photo mmvector(2), gone integer, price integer, tags text[]);
ALTER TYPE flat DROP ATTRIBUTE gone;
CREATE TABLE flats (id integer, obj flat);
INSERT INTO flats SELECT i, ROW(ARRAY[i % 10, i % 7], i, ARRAY['t' || i % 5])::flat FROM generate_series(1, 300) i;
CREATE INDEX flats_mm ON flats USING mmdb (obj) WITH (scales = '{2,100,1}');
SELECT odbquery_by_name('flats_mm', '{"tags": ["t1"], "price": 7}', '{"price": 2, "tags": 1}');
SELECT odbquery_by_name('flats_mm', '{"price": 7}', radius => 3, normalized => false);
SELECT id FROM flats WHERE obj <@ odbquery_by_name('flats_mm', '{"tags": ["t1"], "price": 7}', radius => 0.05)
ORDER BY id;
SELECT differences('by name', array_agg(distance::text), array_agg(expected::text)) FROM (
	SELECT distance, (obj).obj <-> odbquery_by_name('flats_mm', '{"tags": ["t1"], "price": 7}') AS expected
	FROM odbknn(NULL::flats, '{"tags": ["t1"], "price": 7}', k => 300) r) s;
SELECT odbquery_by_name('homes_mm', '{"mood": "ok"}', normalized => false);

-- Which index: the one that has all the columns.
CREATE INDEX homes_few ON homes USING mmdb (price, review text_discrete_ops);
SELECT (obj).id FROM odbknn(NULL::homes, '{"price": 1200, "mood": "ok"}', k => 1) ORDER BY 1;
SELECT (obj).id FROM odbknn(NULL::homes, '{"price": 1200}', k => 1);
SELECT count(*) FROM odbknn(NULL::homes, '{"price": 1200}', k => 1, using_index => 'homes_few');
SELECT * FROM odbknn(NULL::homes, '{"price": 1200, "nothing": "ok"}', k => 1);
DROP INDEX homes_few;

-- Errors name the column.
SELECT * FROM odbknn('homes', '{"prize": 1200}');
SELECT * FROM odbknn('homes', '{"price": 1200}', '{"prize": 1}');
SELECT * FROM odbknn('homes', '{"price": "much"}');
SELECT * FROM odbknn('homes', '{"mood": "bored"}');
SELECT * FROM odbknn('homes', '{"loc": [1, 2, 3]}');
SELECT * FROM odbknn('homes', '{"photo": {"x": 1}}');
SELECT * FROM odbknn('homes', '{"photo": [1, 2]}');
SELECT * FROM odbknn('homes', '{"price": [1, 2]}');
SELECT * FROM odbknn('homes', '{"price": 1200}', '{"price": "2"}');
SELECT * FROM odbknn('homes', '{"price": 1200}', '{"price": null}');
SELECT * FROM odbknn('homes', '{"price": 1200}', '{"price": -1}');
SELECT * FROM odbknn('homes', '{"price": 1200}', '[1, 2]');
SELECT * FROM odbknn('homes', '{"price": 1200}', '{"review": 1}');
SELECT * FROM odbknn('homes', '{}');
SELECT * FROM odbknn('homes', '5');
SELECT * FROM odbknn('homes', '[1, 2]');
SELECT * FROM odbknn('homes', 'price');
SELECT * FROM odbknn('homes', NULL);
SELECT * FROM odbknn(NULL, '{"price": 1200}');
SELECT * FROM odbknn('no_such', '{"price": 1200}');
\set VERBOSITY sqlstate
SELECT * FROM odbknn('homes_mm', '{"price": 1200}');
\set VERBOSITY default
SELECT * FROM odbknn('homes'::regclass, '{"price": 1200}');
SELECT * FROM odbknn('mood', '{"price": 1200}');
SELECT * FROM odbrange('homes', '{"price": 1200}');
-- A filter is one expression, whatever else it tries to be.
SELECT * FROM odbknn('homes', '{"price": 1200}', filter => 'true) ORDER BY (1');
SELECT * FROM odbknn('homes', '{"price": 1200}', filter => 'true ORDER BY 1');
SELECT * FROM odbknn('homes', '{"price": 1200}', filter => 'true; DROP TABLE homes');
SELECT * FROM odbknn('homes', '{"price": 1200}', filter => 'true, false');
SELECT * FROM odbknn('homes', '{"price": 1200}', filter => 'price AS x');
SELECT * FROM odbknn('homes', '{"price": 1200}', filter => '');
SELECT * FROM odbknn('homes', '{"price": 1200}', filter => 'price > $1');
SELECT * FROM odbknn('homes', '{"price": 1200}', filter => '/* ');
\set VERBOSITY terse
SELECT * FROM odbknn('homes', '{"price": 1200}', filter => 'prize > 1');
SELECT * FROM odbknn('homes', '{"price": 1200}', filter => 'price');
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA by_name CASCADE;
