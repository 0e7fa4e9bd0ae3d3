-- Jaccard distance of arrays taken as sets.
SELECT '{a,b,c}'::text[] <&> '{b,c,d}' AS half, '{a,b}'::text[] <&> '{b,a,a,b}' AS same_set,
	   '{a}'::text[] <&> '{A}' AS different, '{a,b,c,d}'::text[] <&> '{a}' AS quarter_shared;
SELECT '{1,2,3}'::integer[] <&> '{3,2,9}' AS int4, '{1,-1}'::integer[] <&> '{-1,1}' AS signs,
	   '{1,9223372036854775807}'::bigint[] <&> '{1}' AS int8;

-- Empty sets; NULL elements and dimensions do not count.
SELECT '{}'::text[] <&> '{}' AS both_empty, '{}'::text[] <&> '{a}' AS one_empty,
	'{}'::integer[] <&> '{1}' AS one_empty_int;
SELECT '{a,NULL,b}'::text[] <&> '{b,a}' AS nulls, '{NULL}'::integer[] <&> '{}' AS only_nulls,
	   '{NULL,1,NULL,2}'::bigint[] <&> '{2,1}' AS nulls_int8, '{{1,2},{3,4}}'::integer[] <&> '{4,3,2,1}' AS dimensions;
SELECT NULL::text[] <&> '{a}';
SELECT mm_jaccard_distance('{"",x}'::text[], '{""}'), mm_jaccard_distance('{"ü"}'::text[], '{"u"}');

-- Against SQL, on random sets, small and large.
CREATE FUNCTION plain(a anyarray, b anyarray) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(1 - (SELECT count(*) FROM (SELECT unnest(a) INTERSECT SELECT unnest(b)) i)::double precision
		/ nullif((SELECT count(*) FROM (SELECT unnest(a) UNION SELECT unnest(b)) u), 0), 0)
$$;
SELECT setseed(0.5);
CREATE TABLE sets AS
	SELECT ARRAY(SELECT (random() * size)::integer FROM generate_series(1, (random() * size)::integer)
		WHERE i > 0) AS a,
		   ARRAY(SELECT (random() * size)::integer FROM generate_series(1, (random() * size)::integer) WHERE i > 0) AS b
	FROM (VALUES (3), (10), (30), (500)) s(size), generate_series(1, 50) i;
SELECT count(*) AS comparisons FROM sets;
SELECT a, b, a <&> b AS int4, a::bigint[] <&> b::bigint[] AS int8, a::text[] <&> b::text[] AS text,
	   plain(a, b) AS expected
FROM sets
WHERE abs((a <&> b) - plain(a, b)) > 1e-15 OR (a <&> b) <> (a::bigint[] <&> b::bigint[]) OR
	  (a <&> b) <> (a::text[] <&> b::text[])
LIMIT 10;
DROP TABLE sets;
DROP FUNCTION plain;
