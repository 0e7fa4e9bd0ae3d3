-- An app's query for things that look alike, have a similar title and are near; then
-- also with similar tags and a similar price.  One mmdb index over pgvector's and
-- PostGIS's types answers it exactly.  What one does without it: an index for each
-- column (pgvector's HNSW, trigrams and tags in GIN, places and prices in GiST), the
-- hundred or thousand nearest by each, and fusion of these lists by reciprocal ranks.
-- The recall is the part of the true ten nearest, by the sum of the scaled distances,
-- that fusion finds.
--
-- HNSW looks at no more rows than ef_search, so that is as large as the list wanted.

CREATE TABLE bench.app_indexes (name text, build_s float8, bytes bigint);

CREATE FUNCTION bench.app_objects(columns text[]) RETURNS text[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
	objects text[];
BEGIN
	EXECUTE format('SELECT (array_agg(concat_ws('', '', %s) ORDER BY id))[1:%s] FROM app_objects',
				   (SELECT string_agg(format('quote_literal(%I)', c), ', ' ORDER BY n) FROM unnest(columns) WITH ORDINALITY t(c, n)),
				   bench.queries(100)) INTO objects;
	RETURN objects;
END $$;

CREATE PROCEDURE bench.app_index(index_name text, definition text)
LANGUAGE plpgsql AS $$
DECLARE
	started timestamptz := clock_timestamp();
BEGIN
	EXECUTE format('CREATE INDEX %I ON app_apart USING %s', index_name, definition);
	INSERT INTO bench.app_indexes VALUES (index_name, bench.ms_since(started) / 1000, pg_relation_size(index_name::regclass));
END $$;

-- Fusion of the lists of the first columns.
CREATE FUNCTION bench.fused(columns integer, weights float8[], depth integer) RETURNS text
LANGUAGE sql STABLE
RETURN format('SELECT id, %s AS distance FROM app_apart WHERE id = ANY (ARRAY(
				  SELECT id FROM (%s) lists GROUP BY id ORDER BY sum(1.0 / (60 + rank)) DESC, id LIMIT 10))',
			  mm_distance_sql('app_mm', weights),
			  (SELECT string_agg(format('SELECT id, row_number() OVER () AS rank FROM (SELECT id FROM app_apart %s LIMIT %s) list%s',
										nearest, depth, n), ' UNION ALL ')
			   FROM unnest(ARRAY['ORDER BY looks <-> $1::vector(384)',
								 'WHERE title % $2::text ORDER BY title <-> $2::text',
								 'ORDER BY place <-> $3::geography',
								 'WHERE tags && $4::text[] ORDER BY (SELECT count(*) FROM unnest(tags) t WHERE t = ANY ($4::text[])) DESC',
								 'ORDER BY price::float8 <-> $5::float8']) WITH ORDINALITY t(nearest, n)
			   WHERE n <= columns));

CREATE PROCEDURE bench.compare_fused(columns integer, depth integer)
LANGUAGE plpgsql AS $$
DECLARE
	weights float8[] := ARRAY(SELECT (n <= columns)::integer FROM generate_series(1, 5) n);
	objects text[] := bench.app_objects((ARRAY['looks', 'title', 'place', 'tags', 'price'])[1:columns]);
	variant text := format('%s columns; lists of %s', columns, depth);
BEGIN
	UPDATE bench.sides SET settings = format('SET hnsw.ef_search = %s; SET pg_trgm.similarity_threshold = 0.2', depth)
		WHERE side = 'isolated';
	IF 'isolated' = ANY (dblink_get_connections()) THEN
		PERFORM dblink_disconnect('isolated');
	END IF;
	CALL bench.compare('app', 'app', variant, 10, ARRAY[bench.nearest('app', weights), bench.fused(columns, weights, depth)],
		objects, '{mmdb,isolated}', 100, 3);
	IF depth = 100 THEN
		CALL bench.compare('app', 'app', format('%s columns; scan', columns), 10, ARRAY[bench.nearest('app', weights)], objects,
			'{mmdb,serial}', 10);
	END IF;
END $$;

SELECT bench.have('app') AS have_app \gset
\if :have_app
	CREATE TABLE app_apart AS SELECT * FROM app ORDER BY id;
	ALTER TABLE app_apart ADD PRIMARY KEY (id);
	-- Without enough memory for its graph, the build would take far longer.
	SET maintenance_work_mem = '2GB';
	CALL bench.app_index('app_hnsw', 'hnsw (looks vector_l2_ops)');
	CALL bench.app_index('app_titles', 'gin (title gin_trgm_ops)');
	CALL bench.app_index('app_places', 'gist (place)');
	CALL bench.app_index('app_tags', 'gin (tags)');
	CALL bench.app_index('app_prices', 'gist ((price::float8))');
	RESET maintenance_work_mem;
	VACUUM ANALYZE app_apart;
	SELECT pg_prewarm(indexrelid) FROM pg_index WHERE indrelid = 'app_apart'::regclass \g /dev/null
	CALL bench.compare_fused(3, 100);
	CALL bench.compare_fused(3, 1000);
	CALL bench.compare_fused(5, 100);
	CALL bench.compare_fused(5, 1000);
	\echo 'The indexes:'
	SELECT name, bench.digits(build_s, 1) AS build_s, bench.digits(bytes / 1e6, 1) AS mb FROM bench.app_indexes
	UNION ALL SELECT 'app_mm', bench.digits(build_s, 1), bench.digits(index_bytes / 1e6, 1) FROM bench.sets WHERE name = 'app';
\else
	\echo 'Skipped, as it needs pgvector, PostGIS, the bridges to them, pg_trgm and btree_gist.'
\endif
