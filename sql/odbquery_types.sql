-- What the components of an odbquery may be.
--
-- Components have types that cannot come to mean something else while a query is
-- stored: neither records, which no other session knows, nor composites, which
-- ALTER TYPE changes, nor what holds such; and no queries.
CREATE TYPE pair AS (a bigint, b text);
CREATE DOMAIN good_pair AS pair CHECK ((VALUE).a > 0);
CREATE TYPE pairs AS RANGE (subtype = pair, multirange_type_name = pairs_set);
CREATE DOMAIN pair_lists AS good_pair[];
CREATE TABLE pair_table (p pair);
CREATE DOMAIN named_query AS odbquery;
CREATE TYPE query_range AS RANGE (subtype = odbquery, multirange_type_name = query_ranges);
CREATE FUNCTION message(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	m text;
	d text;
BEGIN
	EXECUTE command;
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL;
	RETURN m || coalesce('. ' || nullif(d, ''), '');
END $$;
SELECT odbquery(ROW(1, ROW(2, 3)), NULL);
SELECT odbquery(ROW(ROW(1, 'x')::pair, 5), '{1,1}');
SELECT type, message(format('SELECT odbquery(ROW(1, NULL::%s), NULL)', type)) AS constructor,
	   message(format('SELECT odbrange(ROW(1, NULL::%s), NULL, 1)', type)) IS DISTINCT FROM
	   message(format('SELECT odbquery(ROW(1, NULL::%s), NULL)', type)) AS range_differs,
	   message(format('SELECT %L::odbquery',
		   format('{"types": ["integer", "%s"], "object": [1, null], "weights": [1, 1]}', type))) IS DISTINCT FROM
	   message(format('SELECT odbquery(ROW(1, NULL::%s), NULL)', type)) AS input_differs
FROM unnest('{pair,pair[],good_pair,pairs,pairs_set,pairs[],pair_lists,pair_lists[],pair_table,record,record[],
			 odbquery,odbquery[],named_query,named_query[],query_range,query_ranges,
			 query_range[],pg_class}'::text[]) AS type;
-- as deep as one likes
DO $$
DECLARE
	q odbquery := odbquery(ROW(1), NULL);
BEGIN
	FOR i IN 1 .. 30000 LOOP
		q := odbquery(ROW(q), '{1}');
	END LOOP;
END $$;
DO $$
DECLARE
	q text := '1';
BEGIN
	FOR i IN 1 .. 12 LOOP
		q := json_build_object('types', json_build_array(CASE WHEN i = 1 THEN 'integer' ELSE 'odbquery' END),
							   'object', json_build_array(q), 'weights', json_build_array(1));
	END LOOP;
	PERFORM q::odbquery;
END $$;
-- What does not change is welcome, ranges and arrays of it, too.  Domains are
-- kept as their base types; input checks their constraints.
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN percent AS integer CHECK (VALUE BETWEEN 0 AND 100);
SELECT odbquery(ROW('happy'::mood, '{sad,NULL}'::mood[], '[1,5)'::int4range, '{[1,2],[4,9)}'::int4multirange,
	7::percent, '{1,2}'::percent[], '{"a": 1}'::jsonb), NULL);
SELECT '{"types": ["percent", "_mood"], "object": [8, "{happy}"], "weights": [1, 1]}'::odbquery;
SELECT '{"types": ["percent"], "object": [101], "weights": [1]}'::odbquery;
-- Values of an enum may be renamed, and added.
CREATE TABLE moods AS SELECT odbquery(ROW('happy'::mood), NULL) AS q;
ALTER TYPE mood RENAME VALUE 'happy' TO 'glad';
ALTER TYPE mood ADD VALUE 'angry' BEFORE 'sad';
SELECT q FROM moods;

-- A type may be dropped, nevertheless, and its OID may be another's one day.  A
-- component of it cannot be searched for.  But output must go on, for pg_dump: a
-- NULL takes its place.  (To have all that, stored queries are falsified here.)
-- a type of bytes that are aligned as those of an odbquery
SET client_min_messages = warning;
CREATE TYPE bytes;
CREATE FUNCTION bytes_in(cstring) RETURNS bytes LANGUAGE internal IMMUTABLE STRICT AS 'byteain';
CREATE FUNCTION bytes_out(bytes) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'byteaout';
CREATE TYPE bytes (INPUT = bytes_in, OUTPUT = bytes_out, ALIGNMENT = double);
RESET client_min_messages;
CREATE CAST (odbquery AS bytes) WITHOUT FUNCTION;
CREATE CAST (bytes AS odbquery) WITHOUT FUNCTION;
CREATE FUNCTION to_bytes(q odbquery) RETURNS bytea LANGUAGE sql AS 'SELECT q::bytes::text::bytea';
CREATE FUNCTION from_bytes(b bytea) RETURNS odbquery LANGUAGE sql AS 'SELECT b::text::bytes::odbquery';
-- an integer as it is in memory
CREATE FUNCTION native(n integer) RETURNS bytea LANGUAGE sql AS $$
	SELECT string_agg(substr(int4send(n), CASE WHEN little THEN 5 - i ELSE i END, 1), '' ORDER BY i)
	FROM generate_series(1, 4) i, (SELECT get_byte(to_bytes(odbquery(ROW(1), NULL)), 0) = 1 AS little) l
$$;
CREATE FUNCTION with_type(q odbquery, type regtype) RETURNS odbquery LANGUAGE sql AS $$
	SELECT from_bytes(overlay(to_bytes(q) PLACING native(type::oid::integer) FROM 13))
$$;
SELECT type, message(format('SELECT ROW(%L::text, 1) <-> with_type(odbquery(ROW(%L, 5), NULL), %L)', 'text', 'text',
	type)) AS distance
FROM unnest('{pair,pair[],pairs,odbquery,text}'::text[]) AS type;
SELECT type, regexp_replace(message(format('SELECT ROW(%L::text, 1) <@ with_type(odbrange(ROW(%L, 5), NULL, 1), %L)',
	'text', 'text', type)), 'OID \d+', 'OID ...') AS within
FROM unnest('{bytea,integer,mood,mood[],percent}'::text[]) AS type;
\set VERBOSITY terse
SELECT type, with_type(odbquery(ROW('text', 5), NULL), type::regtype)
	FROM unnest('{pair,pair[],odbquery,bytea,integer,mood[],text}'::text[]) AS type;
SELECT odbquery_send(with_type(odbquery(ROW('text', 5), NULL), 'integer'))
	= odbquery_send(odbquery(ROW(NULL, 5), NULL)) AS sent;
CREATE TYPE gone AS ENUM ('once');
CREATE TABLE stored AS SELECT odbquery(ROW(1.5, 'once'::gone, 'behind'::varchar, '{once}'::gone[], point(1, 2)),
	NULL) AS q;
SELECT q FROM stored;
DROP TYPE gone;
SELECT q FROM stored;
SELECT q = q AND odbquery_hash(q) IS NOT NULL AS equal FROM stored;
\set VERBOSITY default

-- Queries stored by early versions are read, but not what is in them of types
-- that are refused now.
-- (of queries of one or two components, without scales and radius)
CREATE FUNCTION without_kinds(q odbquery) RETURNS odbquery LANGUAGE sql AS $$
	SELECT from_bytes(substr(to_bytes(q), 1, 2) || '\x0000' || substr(to_bytes(q), 5, 16)
		|| substr(to_bytes(q), 21 + 8 * n))
	FROM (SELECT get_byte(to_bytes(q), 0) + get_byte(to_bytes(q), 1) AS n) t
$$;
SELECT without_kinds(q), length(to_bytes(without_kinds(q))) - length(to_bytes(q)) AS bytes,
	without_kinds(q) = q AS equal,
	   odbquery_hash(without_kinds(q)) = odbquery_hash(q) AS same_hash,
	   odbquery_send(without_kinds(q)) = odbquery_send(q) AS same_sent
FROM (VALUES (odbquery(ROW(5, 'five'), '{1,2}')), (odbquery(ROW('2026-01-01'::date), NULL))) v(q);
SELECT type, message(format('SELECT with_type(without_kinds(odbquery(ROW(%L, 5), NULL)), %L)::text', 'text', type))
FROM unnest('{pair,pair[],good_pair,pairs,record,odbquery,named_query[],bytea}'::text[]) AS type;
SELECT ROW('x'::text, 1) <@ with_type(without_kinds(odbquery(ROW('text', 5), NULL)), 'odbquery');

DROP TABLE moods, pair_table, stored;
DROP FUNCTION message, native, with_type, without_kinds, to_bytes, from_bytes;
SET client_min_messages = warning;
DROP TYPE bytes CASCADE;
RESET client_min_messages;
DROP TYPE mood, query_range, pairs;
DROP DOMAIN percent, named_query, pair_lists, good_pair;
DROP TYPE pair;
