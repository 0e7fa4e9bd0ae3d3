-- Queries written as JSON: odb_query.
CREATE SCHEMA odb_query;
SET search_path = odb_query, public;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN price AS numeric CHECK (value > 0);
CREATE TABLE homes (id integer PRIMARY KEY, photo mmvector(3), loc point, price price, review text, tags text[],
	listed date, mood mood, "Odd ""name" boolean, "and" integer, rooms smallint, kind varchar(20));
INSERT INTO homes SELECT i, CASE WHEN i % 11 > 0 THEN ARRAY[i % 10, i % 7, i % 3] END, point(i % 20, i % 15),
	1000 + (i * 37) % 1000, CASE WHEN i % 8 > 0 THEN repeat('cozy ', i % 6) END, ARRAY['t' || i % 5, 'u' || i % 3],
	date '2026-01-01' + i % 100, (enum_range(NULL::mood))[i % 3 + 1], i % 2 = 0, i % 4, i % 5, 'kind ' || i % 6
	FROM generate_series(1, 400) i;
CREATE INDEX homes_mm ON homes USING mmdb (photo, loc, price, review);
ANALYZE homes;

-- Rows, distances and parts, by an object and by a row's key.
SELECT q FROM odb_query('{"from": "homes", "object": {"price": 1200, "review": "cozy "},
	"weights": {"price": 2, "review": 0.5},
	"k": 2, "select": ["id", "price", "tags"]}') q ORDER BY q -> 'distance', q -> 'row' -> 'id';
SELECT q -> 'row' ->> 'id' AS id, q -> 'parts' AS parts
FROM odb_query('{"from": "odb_query.homes", "id": 7, "k": 1}') q;
-- A row's key, with some values replaced.
SELECT q -> 'row' ->> 'id' AS id, q -> 'row' ->> 'price' AS price, (q ->> 'distance')::float8 > 0 AS far
FROM odb_query('{"from": "homes", "id": {"id": 7}, "object": {"price": 1000, "photo": null}, "k": 1}') q;

-- The same answers as odbknn and odbrange, to the last bit.
CREATE FUNCTION same(query jsonb, other text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	got text[];
	expected text[];
BEGIN
	SELECT array_agg((q ->> 'distance')::float8::text || ':' || (q -> 'row' ->> 'id')
		ORDER BY (q ->> 'distance')::float8,
			(q -> 'row' ->> 'id')::integer) INTO got FROM odb_query(query) q;
	EXECUTE 'SELECT array_agg(distance::text || '':'' || id ORDER BY distance, id) FROM (' || other || ') s'
		INTO expected;
	RETURN coalesce(differences(query::text, got, expected), cardinality(got)::text);
END $$;
SELECT same('{"from": "homes", "object": {"price": 1200, "review": "cozy", "photo": [1,2,3], "loc": [3, 4]}, "k": 400}',
	$$SELECT (obj).id, distance FROM odbknn(NULL::homes, '["[1,2,3]", "(3,4)", 1200, "cozy"]', NULL, 400)$$);
SELECT same(format('{"from": "homes", "object": {"price": 1200, "photo": [1,2,3]}, "k": 400, "missing": %s,
	"normalized": %s}', to_json(missing), to_json(normalized))::jsonb,
	format($$SELECT (obj).id, distance FROM odbknn(NULL::homes, '["[1,2,3]", null, 1200, null]', NULL, 400,
	missing => %L,
		normalized => %L)$$, missing, normalized))
FROM (VALUES ('penalty'), ('ignore'), ('exclude')) m(missing), (VALUES (true), (false)) n(normalized);
SELECT same('{"from": "homes", "id": 21, "radius": 0.4, "weights": [1, 0.5, 0, 2]}',
	$$SELECT (obj).id, distance FROM homes h,
		odbrange(NULL::homes, ROW(h.photo, h.loc, h.price, h.review), '{1,0.5,0,2}', 0.4) WHERE h.id = 21$$);

-- Conditions: equal, ranges, sets, null, and, or, not; within and nearest.
CREATE FUNCTION filtered(filter jsonb, condition text) RETURNS text LANGUAGE sql AS $$
	SELECT same(jsonb_build_object('from', 'homes', 'id', 21, 'k', 1000, 'filter', filter),
		format('SELECT (obj).id, distance FROM homes h, odbknn(NULL::homes, ROW(h.photo, h.loc, h.price,
	h.review), NULL,
			1000, filter => %L) WHERE h.id = 21', condition));
$$;
SELECT filtered('{"rooms": 3}', 'rooms = 3');
SELECT filtered('{"rooms": {"eq": 3, "null": false}, "kind": "kind 3"}', $$rooms = 3 AND kind = 'kind 3'$$);
SELECT filtered('{"price": {"between": [1100, 1500.5]}}', 'price BETWEEN 1100 AND 1500.5');
SELECT filtered('{"price": {"between": [null, 1500.5]}}', 'price <= 1500.5');
SELECT filtered('{"listed": {"ge": "2026-01-15", "lt": "2026-02-01"}}', $$listed >= '2026-01-15'
	AND listed < '2026-02-01'$$);
SELECT filtered('{"id": {"gt": 100, "le": 300}}', 'id > 100 AND id <= 300');
SELECT filtered('{"mood": {"in": ["ok", "sad"]}, "kind": {"in": ["kind 1", "kind 2"]}}',
	$$mood IN ('ok', 'sad') AND kind IN ('kind 1', 'kind 2')$$);
SELECT filtered('{"price": {"in": [1037, 1074, 5]}}', 'price IN (1037, 1074)');
-- of a type whose = is in another schema than its function
SET client_min_messages = warning;
CREATE SCHEMA functions;
CREATE TYPE code;
CREATE FUNCTION functions.code_in(cstring) RETURNS code LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
CREATE FUNCTION functions.code_out(code) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE TYPE code (INPUT = functions.code_in, OUTPUT = functions.code_out, LIKE = integer);
CREATE FUNCTION functions.code_equals(code, code) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'int4eq';
CREATE FUNCTION functions.code_hash(code) RETURNS integer LANGUAGE internal IMMUTABLE STRICT AS 'hashint4';
CREATE OPERATOR = (LEFTARG = code, RIGHTARG = code, FUNCTION = functions.code_equals);
CREATE OPERATOR CLASS code_ops DEFAULT FOR TYPE code USING hash AS
	OPERATOR 1 = (code, code), FUNCTION 1 functions.code_hash(code);
CREATE TABLE coded AS SELECT id, id::text::code AS code FROM homes;
SELECT count(*) FROM odb_query('{"from": "coded", "filter": {"code": {"in": [3, 5]}}}');
DROP TABLE coded;
DROP SCHEMA functions CASCADE;
RESET client_min_messages;
SELECT filtered('{"tags": {"contains": ["t1", "u0"]}}', $$'t1' = ANY (tags) AND 'u0' = ANY (tags)$$);
SELECT filtered('{"tags": ["t1", "u1"]}', $$tags = '{t1,u1}'$$);
SELECT filtered('{"review": null}', 'review IS NULL');
SELECT filtered('{"review": {"null": false}, "mood": {"ne": "ok"}}', $$review IS NOT NULL AND mood <> 'ok'$$);
SELECT filtered('{"Odd \"name": true, "rooms": {"lt": 2}}', $$"Odd ""name" AND rooms < 2$$);
SELECT filtered('{"or": [{"rooms": 3}, {"and": [{"rooms": 4}, {"not": {"mood": "ok"}}]}], "id": {"lt": 200}}',
	$$(rooms = 3 OR rooms = 4 AND mood <> 'ok') AND id < 200$$);
SELECT filtered('{}', 'true');
SELECT filtered('{"within": {"object": {"price": 1500}, "radius": 0.25}}',
	$$(price <+> 1500) / mm_scale('homes_mm', 'price') <= 0.25$$);
SELECT filtered('{"or": [{"within": {"id": 31, "weights": {"review": 1, "loc": 2}, "radius": 0.3}}, {"rooms": 1}]}',
	$$rooms = 1 OR id IN (SELECT (r.obj).id FROM homes h,
		odbrange(NULL::homes, ROW(NULL, h.loc, NULL, h.review), '{0,2,0,1}', 0.3) r WHERE h.id = 31)$$);
SELECT filtered('{"nearest": {"object": {"price": 1234.5, "loc": [3.3, 4.4]}, "k": 17}}',
	$$id IN (SELECT (obj).id FROM odbknn(NULL::homes, '{"price": 1234.5, "loc": [3.3, 4.4]}', k => 17))$$);
SELECT filtered('{"nearest": {"object": {"price": 1234.5, "loc": [3.3, 4.4]}, "k": 17, "filter": {"rooms": 2}}}',
	$$id IN (SELECT (obj).id FROM odbknn(NULL::homes, '{"price": 1234.5, "loc": [3.3, 4.4]}', k => 17,
		filter => 'rooms = 2'))$$);
-- A column whose name is a condition's is told apart by "columns".
SELECT filtered('{"columns": {"and": 3, "id": {"le": 100}}, "rooms": 1}', '"and" = 3 AND id <= 100 AND rooms = 1');
SELECT filtered('{"columns": {"and": {"in": [1, 2]}}}', '"and" IN (1, 2)');
-- k counts rows that pass.
SELECT count(*), bool_and(q -> 'row' ->> 'rooms' = '2') AS passed
FROM odb_query('{"from": "homes", "id": 21, "k": 9, "filter": {"rooms": 2}}') q;
-- Without anything to compare with: rows by their key.
SELECT q FROM odb_query('{"from": "homes", "filter": {"price": {"gt": 1990}}, "select": ["id"], "k": 3}') q;
SELECT count(*) FROM odb_query('{"from": "homes"}');

-- Weights of a profile.
INSERT INTO mmdb.weight_profile (name, columns, weights) VALUES ('regress odb', '{photo,loc,price,review}',
	'{0,0,2,1}');
SELECT same('{"from": "homes", "object": {"price": 1200, "review": "cozy"}, "profile": "regress odb"}',
	$$SELECT (obj).id, distance FROM odbknn(NULL::homes, '{"price": 1200, "review": "cozy"}',
	'{0,0,2,1}')$$) = '10' AS same;
DELETE FROM mmdb.weight_profile WHERE name = 'regress odb';

-- explain: the statement and its plan, which uses the index.
SELECT q ->> 'sql' LIKE '%$1%' AS parameters, q ->> 'sql' LIKE '%cozy%' AS values_in_it,
	   jsonb_path_exists(q, '$.**."Custom Plan Provider"') AS by_index,
	   jsonb_path_exists(q, '$.**."Actual Rows"') AS analyzed
FROM (VALUES ('true'), ('"analyze"')) e(how),
	 odb_query(format('{"from": "homes", "object": {"review": "cozy"}, "k": 1, "explain": %s}', how)::jsonb) q;

-- Views, partitions, keys of several columns.
CREATE VIEW some_homes AS SELECT * FROM homes WHERE id % 2 = 0;
SELECT count(*), bool_and((q -> 'row' ->> 'id')::integer % 2 = 0) AS some
FROM odb_query('{"from": "some_homes", "index": "homes_mm", "object": {"price": 1200}, "k": 300}') q;
SELECT odb_query('{"from": "some_homes", "index": "homes_mm", "id": 3}');
SELECT odb_query('{"from": "some_homes", "object": {"price": 1200}}');
CREATE TABLE logs (day date, host text, load float8, PRIMARY KEY (day, host)) PARTITION BY RANGE (day);
CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE logs_2 PARTITION OF logs FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
INSERT INTO logs SELECT date '2026-01-01' + i, 'host' || i % 7, i FROM generate_series(0, 58) i;
CREATE INDEX logs_mm ON logs USING mmdb (host, load) WITH (scales = '{8,40}');
SELECT q -> 'row' AS row FROM odb_query('{"from": "logs", "id": {"day": "2026-01-31", "host": "host2"}, "k": 3,
	"filter": {"nearest": {"object": {"load": 34.2}, "k": 6}}}') q ORDER BY q -> 'row' ->> 'day';
SELECT odb_query('{"from": "logs", "id": 5}');
SELECT odb_query('{"from": "logs", "id": {"day": "2026-01-31"}}');
SELECT odb_query('{"from": "logs", "id": {"day": "2026-01-31", "host": "no such"}}');

-- Errors tell where, and what is allowed there.
CREATE FUNCTION wrong(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
	hint text;
	context text;
BEGIN
	PERFORM odb_query(query::jsonb);
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT,
		context = PG_EXCEPTION_CONTEXT;
	RETURN concat_ws(E'\n', sqlstate || ' ' || message, nullif(detail, ''), nullif(hint, ''),
		substring(context FROM 'odb_query, at [^\n]*'));
END $$;
SELECT left(wrong(query), 300) FROM (VALUES
	(1, '5'), (2, '[]'), (3, '{}'), (4, '{"from": 5}'), (5, '{"from": "no_such"}'),
	(6, '{"from": "homes", "kk": 5}'), (7, '{"from": "homes", "id": 1, "k": 0}'),
	(8, '{"from": "homes", "id": 1, "k": 1.5}'), (9, '{"from": "homes", "id": 1, "k": 1e300}'),
	(10, '{"from": "homes", "id": 1, "k": "5"}'), (11, '{"from": "homes", "id": 1, "radius": -1}'),
	(12, '{"from": "homes", "id": 1, "radius": 1e400}'), (13, '{"from": "homes", "id": 1, "radius": "Infinity"}'),
	(14, '{"from": "homes", "id": 1e20}'), (15, '{"from": "homes", "id": "1 OR true"}'), (16,
	'{"from": "homes", "id": [1]}'),
	(17, '{"from": "homes", "id": 12345}'), (18, '{"from": "homes", "object": {"prize": 5}}'),
	(19, '{"from": "homes", "object": {"price": "much"}}'), (20, '{"from": "homes", "object": 5}'),
	(21, '{"from": "homes", "object": [1, 2]}'), (22, '{"from": "homes", "object": {"photo": [1, 2]}}'),
	(23, '{"from": "homes", "object": {"price": 5}, "weights": {"price": -1}}'),
	(24, '{"from": "homes", "object": {"price": 5}, "weights": {"price": 1e400}}'),
	(25, '{"from": "homes", "object": {"price": 5}, "weights": {"prize": 1}}'),
	(26, '{"from": "homes", "object": {"price": 5}, "weights": {"review": 1}}'),
	(27, '{"from": "homes", "object": {"price": 5}, "weights": 3}'),
	(28, '{"from": "homes", "object": {"price": 5}, "weights": {}}'),
	(29, '{"from": "homes", "object": {"price": 5}, "weights": {"price": 1}, "profile": "x"}'),
	(30, '{"from": "homes", "object": {"price": 5}, "profile": "no such"}'),
	(31, '{"from": "homes", "object": {"price": 5}, "missing": "no"}'),
	(32, '{"from": "homes", "object": {"price": 5}, "normalized": 1}'),
	(33, '{"from": "homes", "object": {"price": 5}, "explain": "yes"}'),
	(34, '{"from": "homes", "object": {"price": 5}, "index": "no_such"}'),
	(35, '{"from": "homes", "object": {"price": 5}, "index": "homes_pkey"}'),
	(36, '{"from": "homes", "object": {"price": 5}, "select": "id"}'),
	(37, '{"from": "homes", "object": {"price": 5}, "select": ["id", "*"]}'),
	(38, '{"from": "homes", "object": {"price": 5}, "select": ["ctid"]}'),
	(39, '{"from": "homes", "radius": 1}'), (40, '{"from": "homes", "weights": {"price": 1}}')) v(n, query) ORDER BY n;
SELECT wrong(format('{"from": "homes", "filter": %s}', filter)) FROM (VALUES
	(1, '5'), (2, '[]'), (3, '{"roms": 5}'), (4, '{"rooms": "five"}'), (5, '{"rooms": 1e10}'), (6,
	'{"rooms": {"equals": 1}}'),
	(7, '{"rooms": {"between": [1]}}'), (8, '{"rooms": {"between": 1}}'), (9, '{"rooms": {"in": 1}}'),
	(10, '{"rooms": {"in": [1, "x"]}}'), (11, '{"rooms": {"in": [null]}}'), (12, '{"rooms": {"eq": null}}'),
	(13, '{"rooms": {"contains": [1]}}'), (14, '{"loc": {"lt": "(1,2)"}}'), (15, '{"rooms": {"null": "x"}}'),
	(16, '{"and": []}'), (17, '{"or": [{"rooms": 1}, 5]}'), (18, '{"not": 5}'), (19,
	'{"or": [{"and": [{"not": {"roms": 1}}]}]}'),
	(20, '{"within": {"radius": 1}}'), (21, '{"within": {"id": 1}}'), (22, '{"nearest": {"id": 1}}'),
	(23, '{"nearest": {"id": 1, "k": 3, "radius": 3}}'), (24, '{"within": {"object": {"prize": 1}, "radius": 1}}'),
	(25, '{"tags": {"in": [["t1"]]}}'), (26, '{"and": {"eq": 3}}'), (27, '{"columns": {"or": 3}}'),
	(28, '{"columns": 3}')) v(n, filter) ORDER BY n;

-- Hostile input changes nothing but the answer.
SELECT wrong('{"from": "homes; DROP TABLE homes", "id": 1}');
SELECT wrong('{"from": "homes\" WHERE true; --", "id": 1}');
SELECT wrong('{"from": "homes", "filter": {"rooms = 1 OR true --": 1}}');
SELECT wrong('{"from": "homes", "filter": {"rooms\" = 1 OR true --": 1}}');
SELECT wrong('{"from": "homes", "select": ["id\", (SELECT 1) AS \"x"]}');
SELECT count(*) FROM odb_query($${"from": "homes", "filter": {"review": "' OR true --",
	"kind": {"in": ["'); DROP TABLE homes; --", "\\'"]}}}$$);
SELECT count(*) FROM odb_query($${"from": "homes", "object": {"review": "'; DROP TABLE homes; --$1"}, "k": 400}$$);
SELECT wrong('{"from": "homes", "filter": ' || repeat('{"not": ', 40) || '{"rooms": 1}' || repeat('}', 41));
SELECT wrong('{"from": "homes", "filter": {"or": [' || repeat('{"rooms": 1}, ', 300) || '{"rooms": 1}]}}');
SELECT count(*) FROM odb_query(('{"from": "homes", "filter": {"rooms": {"in": [' || repeat('1, ',
	5000) || '1]}}, "k": 400}')::jsonb);
SELECT left(wrong('{"from": "homes", "filter": {"' || repeat('x', 1000) || ' y": 1}}'), 200);
SELECT left(wrong('{"from": "homes", "filter": {"rooms": ' || repeat('9', 10000) || '}}'), 60);
SELECT substr(wrong('{"from": "homes", "filter": ' || repeat('[', 100000) || repeat(']', 100000) || '}'), 1, 5);
SELECT odb_query(NULL) IS NULL AS never;

-- Operators in the search_path divert nothing.
CREATE FUNCTION always(integer, integer) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR = (LEFTARG = integer, RIGHTARG = integer, FUNCTION = always);
CREATE OPERATOR <= (LEFTARG = integer, RIGHTARG = integer, FUNCTION = always);
SET search_path = odb_query, pg_catalog, public;
SELECT count(*) FROM odb_query('{"from": "homes", "id": 21, "k": 400, "filter": {"or": [{"id": {"in": [1,
	2]}}, {"id": 5}, {"id": {"le": 3}},
	{"nearest": {"id": 9, "k": 1}}]}}');
SET search_path = odb_query, public;
DROP OPERATOR odb_query.= (integer, integer);
DROP OPERATOR odb_query.<= (integer, integer);

-- With the caller's rights: privileges, of columns too, and row-level security.
SET client_min_messages = warning;
DROP ROLE IF EXISTS regress_mm_odb;
RESET client_min_messages;
CREATE ROLE regress_mm_odb;
GRANT USAGE ON SCHEMA odb_query TO regress_mm_odb;
SET ROLE regress_mm_odb;
SELECT wrong('{"from": "homes", "id": 1}');
SELECT wrong('{"from": "homes"}');
SELECT wrong('{"from": "homes", "object": {"price": 5}}');
RESET ROLE;
GRANT SELECT (id, price) ON homes TO regress_mm_odb;
SET ROLE regress_mm_odb;
SELECT q -> 'row' AS row FROM odb_query('{"from": "homes", "object": {"price": 1000.4}, "k": 1, "select": ["id"]}') q;
SELECT wrong('{"from": "homes", "object": {"price": 5}, "select": ["id", "review"]}');
SELECT wrong('{"from": "homes", "object": {"price": 5}, "select": ["id"], "filter": {"review": "x"}}');
SELECT wrong('{"from": "homes", "object": {"review": "x"}, "select": ["id"], "normalized": false,
	"missing": "exclude"}');
SELECT wrong('{"from": "homes", "id": 1, "select": ["id"]}');
RESET ROLE;
GRANT SELECT ON homes TO regress_mm_odb;
ALTER TABLE homes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON homes USING (id % 2 = 0);
SET ROLE regress_mm_odb;
SELECT count(*), bool_and((q -> 'row' ->> 'id')::integer % 2 = 0) AS own
FROM odb_query('{"from": "homes", "id": 2, "k": 400, "normalized": false, "missing": "ignore"}') q;
SELECT wrong('{"from": "homes", "id": 1, "normalized": false, "missing": "ignore"}');
RESET ROLE;
REVOKE ALL ON homes FROM regress_mm_odb;
REVOKE USAGE ON SCHEMA odb_query FROM regress_mm_odb;
DROP ROLE regress_mm_odb;

-- In a read-only transaction, and as a prepared statement.
BEGIN READ ONLY;
SELECT count(*) FROM odb_query('{"from": "homes", "id": 2, "k": 5}');
SELECT count(*) FROM odb_query('{"from": "homes", "id": 2, "k": 5, "explain": "analyze"}');
COMMIT;
PREPARE by_json(jsonb) AS SELECT count(*) FROM odb_query($1);
EXECUTE by_json('{"from": "homes", "id": 2, "k": 5, "filter": {"rooms": 2}}');
EXECUTE by_json('{"from": "homes", "id": 2, "k": 5, "filter": {"rooms": 99}}');
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA odb_query CASCADE;
