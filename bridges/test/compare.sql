-- Functions for the tests of bridges: an index compared with the whole table.

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

-- A table of random values of a type, some of them special; some rows come after
-- the index.  Queries by special values and random ones.
CREATE FUNCTION check_class(class text, type text, operator text, value text, special text[],
	OUT queries bigint, OUT differences text) LANGUAGE plpgsql AS $$
DECLARE
	query_value text;
	query text;
	indexed text;
	sorted text;
	empty boolean;
BEGIN
	EXECUTE format('CREATE TABLE t AS SELECT i AS id,
			CASE WHEN i %% 23 = 0 THEN NULL
				 WHEN i %% 29 = 0 THEN ($1)[1 + i %% cardinality($1)]::%1$s
				 ELSE (%2$s)::%1$s END AS x, i * 31 %% 101 AS n FROM generate_series(1, 1500) i', type, value)
		USING special;
	EXECUTE format('CREATE INDEX t_mm ON t USING mmdb (x %s, n)', class);
	EXECUTE format('INSERT INTO t SELECT i, (%2$s)::%1$s, i %% 101 FROM generate_series(1501, 1800) i', type, value);
	DELETE FROM t WHERE id % 13 = 0;
	ANALYZE t;
	PERFORM mmdb_index_check('t_mm');
	queries := 0;
	FOR query_value IN SELECT unnest(special) UNION ALL
		(SELECT x::text FROM t WHERE x IS NOT NULL ORDER BY id LIMIT 5) LOOP
		query_value := format('%L::%s', query_value, type);
		FOREACH query IN ARRAY ARRAY[
			'SELECT :d AS d FROM t ORDER BY :d LIMIT 10',
			'SELECT :d AS d FROM t ORDER BY :d',
			'SELECT :v :o x AS d FROM t ORDER BY :v :o x LIMIT 400',
			'SELECT 2 * (:d) + 0.1 * (n <+> 7) AS d FROM t ORDER BY 2 * (:d) + 0.1 * (n <+> 7) LIMIT 30',
			'SELECT coalesce(:d, 0.5) + (n <+> 7) AS d FROM t WHERE id % 3 > 0
			 ORDER BY coalesce(:d, 0.5) + (n <+> 7)',
			'SELECT 0 * (:d) + (n <+> 7) AS d FROM t ORDER BY 0 * (:d) + (n <+> 7) LIMIT 50',
			'SELECT count(*), sum(id) FROM t WHERE :d <= 0.5',
			'SELECT count(*), sum(id) FROM t WHERE :d <= (SELECT :d FROM t WHERE id = 2)',
			'SELECT count(*), sum(id) FROM t WHERE (:d) + (n <+> 7) < (SELECT (:d) + 20 FROM t WHERE id = 2)'] LOOP
			query := replace(replace(replace(query, ':d', 'x :o :v'), ':o', operator), ':v', query_value);
			differences := nullif(concat_ws(E'\n', differences, difference(query)), '');
			queries := queries + 1;
		END LOOP;
		query := format('SELECT x %1$s %2$s AS d FROM t ORDER BY x %1$s %2$s LIMIT 40', operator, query_value);
		differences := nullif(concat_ws(E'\n', differences, difference(query, 'Index Scan')), '');
		-- The distances that odbknn reports are those of its rows, and the least.  (A value
		-- without distances is no component.)
		EXECUTE format('SELECT %1$s %2$s %1$s IS NULL', query_value, operator) INTO empty;
		CONTINUE WHEN empty;
		EXECUTE format('SELECT array_agg(CASE WHEN distance = (SELECT x %s %s FROM t WHERE t.id = (r.obj).id)
				THEN distance END)
			FROM odbknn(NULL::t, ROW(%2$s, 7), ''{1,0}'', 20, normalized => false, missing => ''exclude'') r',
			operator, query_value) INTO indexed;
		EXECUTE format('SELECT array_agg(d) FROM (
				SELECT x %s %s AS d FROM t WHERE x IS NOT NULL ORDER BY 1 LIMIT 20) s',
			operator, query_value) INTO sorted;
		IF indexed IS DISTINCT FROM sorted THEN
			differences := concat_ws(E'\n', differences, 'odbknn by ' || query_value, indexed, sorted);
		END IF;
	END LOOP;
	PERFORM mmdb_index_check('t_mm');
	DROP TABLE t;
END $$;
