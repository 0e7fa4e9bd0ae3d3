-- Isolated search, the usual way without mmdb: of each column's own index the k'
-- nearest, and of their union the ten nearest by the weighted sum.  k' is as small
-- as gives a recall of 0.95 on the average.  Indexes: HNSW of pgvector for vectors,
-- where it is installed, or else mmdb; GiST with btree_gist for numbers, pg_trgm for
-- text, points as they are.

SELECT count(*) > 0 AS have_vector FROM pg_available_extensions WHERE name = 'vector' \gset
\if :have_vector
	CREATE EXTENSION vector;
\else
	\echo 'pgvector is not installed: an mmdb index of each vector column stands in for it.'
\endif
CREATE EXTENSION btree_gist;
CREATE EXTENSION pg_trgm;

-- Each column's expression, how it is indexed, its operator, and a value for it.
CREATE VIEW bench.isolated_columns AS
SELECT substring(index_name::text FROM '(.*)_mm$') AS name, column_number,
	   CASE WHEN by_vector THEN format('((%I::real[])::vector(%s))', column_name, dimensions) ELSE quote_ident(column_name) END AS expression,
	   CASE WHEN by_vector THEN format('hnsw (((%I::real[])::vector(%s)) vector_%s_ops)', column_name, dimensions,
									   CASE WHEN metric LIKE '%_l1_ops' THEN 'l1' ELSE 'l2' END)
			WHEN type = 'mmvector'::regtype THEN format('mmdb (%I %s)', column_name, metric)
			WHEN type = 'text'::regtype THEN format('gist (%I gist_trgm_ops)', column_name)
			ELSE format('gist (%I)', column_name) END AS method,
	   CASE WHEN type = 'mmvector'::regtype AND metric LIKE '%_l1_ops' THEN '<+>' ELSE '<->' END AS operator,
	   CASE WHEN by_vector THEN format('$%s::real[]::vector(%s)', column_number, dimensions)
			ELSE format('$%s::%s', column_number, type) END AS value
FROM mmdb.index_columns, LATERAL (SELECT type = 'mmvector'::regtype AND to_regtype('vector') IS NOT NULL AS by_vector) t;

CREATE FUNCTION bench.isolated(set_name text, k integer, candidates integer) RETURNS text
LANGUAGE sql STABLE PARALLEL RESTRICTED
RETURN (SELECT format('SELECT id, %s AS distance FROM %I WHERE id IN (%s) ORDER BY distance LIMIT %s',
					  mm_distance_sql((set_name || '_mm')::regclass), set_name,
					  string_agg(format('(SELECT id FROM %I ORDER BY %s %s %s LIMIT %s)', set_name, expression, operator, value, candidates), ' UNION '), k)
		FROM bench.isolated_columns WHERE name = set_name);

CREATE PROCEDURE bench.compare_isolated(set_name text, queries integer, tuning integer)
LANGUAGE plpgsql AS $$
DECLARE
	objects text[] := bench.objects(set_name, queries);
	candidates integer := 10;
	recall float8;
	method text;
BEGIN
	FOR method IN SELECT c.method FROM bench.isolated_columns c WHERE name = set_name LOOP
		EXECUTE format('CREATE INDEX ON %I USING %s', set_name, method);
	END LOOP;
	EXECUTE format('ANALYZE %I', set_name);
	COMMIT;
	LOOP
		UPDATE bench.sides SET settings = format('SET enable_seqscan = off; SET hnsw.ef_search = %s;
			SET hnsw.iterative_scan = strict_order; SET hnsw.max_scan_tuples = 1000000', least(candidates, 1000)) WHERE side = 'isolated';
		IF 'isolated' = ANY (dblink_get_connections()) THEN
			PERFORM dblink_disconnect('isolated');
		END IF;
		CALL bench.compare('isolated', set_name, 'tuning', candidates, ARRAY[bench.nearest(set_name), bench.isolated(set_name, 10, candidates)],
			objects[1:tuning], '{mmdb,isolated}', tuning, 1);
		SELECT avg(r.recall) INTO recall FROM bench.runs r WHERE data = set_name AND side = 'isolated' AND x = candidates;
		EXIT WHEN recall >= 0.95 OR candidates > 20000;
		candidates := candidates * 1.5;
	END LOOP;
	DELETE FROM bench.work WHERE variant = 'tuning';		-- always the same
	CALL bench.compare('isolated', set_name, 'tuned', candidates, ARRAY[bench.nearest(set_name), bench.isolated(set_name, 10, candidates)],
		objects, '{mmdb,isolated}', cardinality(objects), 2);
END $$;

DO $$
DECLARE
	set_name text;
BEGIN
	FOR set_name IN SELECT name FROM bench.sets WHERE name IN ('apartments', 'players', 'tiles') ORDER BY n LOOP
		CALL bench.compare_isolated(set_name, bench.queries(40), bench.queries(20));
	END LOOP;
END $$;
