-- The bridge needs both extensions.
CREATE EXTENSION mmdb_vector;
SET client_min_messages = warning;
CREATE EXTENSION mmdb_vector CASCADE;
RESET client_min_messages;

SELECT opcname, opcintype::regtype AS type, opcdefault, amvalidate(c.oid) AS valid
FROM pg_depend d JOIN pg_opclass c ON c.oid = d.objid
WHERE d.classid = 'pg_opclass'::regclass AND d.deptype = 'e' AND
	d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'mmdb_vector')
ORDER BY opcname;

-- Every function has a comment.
SELECT objid::regprocedure
FROM pg_depend
WHERE classid = 'pg_proc'::regclass AND deptype = 'e' AND
	refobjid = (SELECT oid FROM pg_extension WHERE extname = 'mmdb_vector') AND
	obj_description(objid, 'pg_proc') IS NULL;

-- What differs between a query's rows by an index and by a sort of the whole table.
-- The rows of a query are compared as they come.
CREATE FUNCTION by_index(query text, node text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	plan text;
	result text[];
BEGIN
	SET LOCAL enable_seqscan = off;
	SET LOCAL enable_sort = off;
	SET LOCAL enable_bitmapscan = off;
	PERFORM set_config('mmdb.enable_scan', CASE node WHEN 'MMDB Scan' THEN 'on' ELSE 'off' END, true);
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	IF plan !~ node THEN
		RAISE 'not by the index: %', query;
	END IF;
	EXECUTE 'SELECT array_agg(q::text) FROM (' || query || ') q' INTO result;
	RETURN result;
END $$;
CREATE FUNCTION by_table(query text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	result text[];
BEGIN
	SET LOCAL enable_seqscan = on;
	SET LOCAL enable_sort = on;
	SET LOCAL enable_indexscan = off;
	SET LOCAL enable_bitmapscan = off;
	SET LOCAL mmdb.enable_scan = off;
	EXECUTE 'SELECT array_agg(q::text) FROM (' || query || ') q' INTO result;
	RETURN result;
END $$;
CREATE FUNCTION difference(query text, node text DEFAULT 'MMDB Scan') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	a text[] := by_index(query, node);
	b text[] := by_table(query);
BEGIN
	IF a IS NOT DISTINCT FROM b THEN
		RETURN NULL;
	END IF;
	RETURN format(E'%s\nby index %s rows, by table %s:\n%s', query, cardinality(a), cardinality(b),
		(SELECT string_agg(format('%s: %s <> %s', i, x, y), E'\n')
		 FROM (SELECT * FROM unnest(a, b) WITH ORDINALITY r(x, y, i) WHERE x IS DISTINCT FROM y LIMIT 5) d));
END $$;
