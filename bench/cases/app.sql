-- An app's query for things that look alike, have a similar title and are near: one
-- mmdb index, which answers it exactly, against what one does without it: an index for
-- each column (pgvector's HNSW, trigrams in GiST or GIN, points in GiST), the hundred or
-- thousand nearest by each, and fusion of the three lists by reciprocal ranks.  The recall is the
-- part of the true ten nearest, by the sum of the scaled distances, that fusion finds.
--
-- Without pgvector or pg_trgm, mmdb is compared with the scan only.

CREATE TABLE bench.app_indexes (name text, build_s float8, bytes bigint);

CREATE FUNCTION bench.app_objects() RETURNS text[]
LANGUAGE sql STABLE
RETURN (SELECT (array_agg(concat_ws(', ', quote_literal(v), quote_literal(title), quote_literal(place)) ORDER BY id))[1:bench.queries(100)]
		FROM app_objects);

CREATE PROCEDURE bench.app_index(index_name text, definition text)
LANGUAGE plpgsql AS $$
DECLARE
	started timestamptz := clock_timestamp();
BEGIN
	EXECUTE format('CREATE INDEX %I ON app_apart USING %s', index_name, definition);
	INSERT INTO bench.app_indexes VALUES (index_name, bench.ms_since(started) / 1000, pg_relation_size(index_name::regclass));
END $$;

-- The statement, with the titles found in one way or the other.
CREATE FUNCTION bench.fused(titles text, depth integer) RETURNS text
LANGUAGE sql STABLE
RETURN format('
	WITH looks AS (SELECT id FROM app_apart ORDER BY a <-> $1::mmvector::real[]::vector(384) LIMIT %3$s),
		 titles AS (%1$s LIMIT %3$s),
		 places AS (SELECT id FROM app_apart ORDER BY place <-> $3::point LIMIT %3$s),
		 lists AS (SELECT id, row_number() OVER () AS rank FROM looks UNION ALL
				   SELECT id, row_number() OVER () FROM titles UNION ALL
				   SELECT id, row_number() OVER () FROM places)
	SELECT id, %2$s AS distance FROM app_apart
	WHERE id = ANY (ARRAY(SELECT id FROM lists GROUP BY id ORDER BY sum(1.0 / (60 + rank)) DESC, id LIMIT 10))',
	titles, mm_distance_sql('app_mm'), depth);

CREATE PROCEDURE bench.compare_fused(variant text, titles text, depth integer, ef integer)
LANGUAGE plpgsql AS $$
BEGIN
	UPDATE bench.sides SET settings = format('SET hnsw.ef_search = %s; SET pg_trgm.similarity_threshold = 0.2', ef)
		WHERE side = 'isolated';
	IF 'isolated' = ANY (dblink_get_connections()) THEN
		PERFORM dblink_disconnect('isolated');
	END IF;
	CALL bench.compare('app', 'app', variant, 10, ARRAY[bench.nearest('app'), bench.fused(titles, depth)], bench.app_objects(),
		'{mmdb,isolated}', 100, 3);
END $$;

CALL bench.compare('app', 'app', 'scan', 10, ARRAY[bench.nearest('app')], bench.app_objects(), '{mmdb,serial}', 10);
SELECT count(*) = 2 AS have_both FROM pg_available_extensions WHERE name IN ('vector', 'pg_trgm') \gset
\if :have_both
	CREATE EXTENSION IF NOT EXISTS vector;
	CREATE EXTENSION IF NOT EXISTS pg_trgm;
	CREATE TABLE app_apart AS SELECT id, v::real[]::vector(384) AS a, v, title, place FROM app ORDER BY id;
	ALTER TABLE app_apart ADD PRIMARY KEY (id);
	-- Without enough memory for its graph, the build would take far longer.
	SET maintenance_work_mem = '2GB';
	CALL bench.app_index('app_hnsw', 'hnsw (a vector_l2_ops)');
	CALL bench.app_index('app_gist', 'gist (title gist_trgm_ops)');
	CALL bench.app_index('app_gin', 'gin (title gin_trgm_ops)');
	CALL bench.app_index('app_places', 'gist (place)');
	RESET maintenance_work_mem;
	VACUUM ANALYZE app_apart;
	CALL bench.compare_fused('trigrams in GiST', 'SELECT id FROM app_apart ORDER BY title <-> $2::text', 100, 100);
	CALL bench.compare_fused('trigrams in GIN', 'SELECT id FROM app_apart WHERE title % $2::text ORDER BY title <-> $2::text', 100, 100);
	CALL bench.compare_fused('lists of 1,000', 'SELECT id FROM app_apart ORDER BY title <-> $2::text', 1000, 1000);
	\echo 'The indexes:'
	SELECT name, bench.digits(build_s, 1) AS build_s, bench.digits(bytes / 1048576.0, 1) AS mb FROM bench.app_indexes
	UNION ALL SELECT 'app_mm', bench.digits(build_s, 1), bench.digits(index_bytes / 1048576.0, 1) FROM bench.sets WHERE name = 'app';
\else
	\echo 'pgvector or pg_trgm is not installed: NO COMPARISON with fusion of HNSW, trigrams and points.'
\endif
