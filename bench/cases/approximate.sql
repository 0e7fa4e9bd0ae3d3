-- Exact against approximate search of single vectors: mmdb, and pgvector's HNSW with as
-- large a queue (hnsw.ef_search) as it takes to find 95 %, 99 %, and nearly all of the
-- ten nearest.  Where pgvector is not installed, mmdb is compared with the scan only.

CREATE TABLE bench.approximate (data text, wanted float8, ef_search integer, recall float8, hnsw_build_s float8, hnsw_bytes bigint);

CREATE FUNCTION bench.vectors_of(name text) RETURNS text[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
	objects text[];
BEGIN
	EXECUTE format('SELECT array_agg(quote_literal(v) ORDER BY id) FROM %I', name || '_objects') INTO objects;
	RETURN objects[1:bench.queries(100)];
END $$;

CREATE PROCEDURE bench.compare_hnsw(name text, dimensions integer, operator text, class text)
LANGUAGE plpgsql AS $$
DECLARE
	objects text[] := bench.vectors_of(name);
	approximate text := format('SELECT id, %s AS distance FROM (SELECT id, v FROM %I
		ORDER BY a %s $1::mmvector::real[]::vector(%s) LIMIT 10) t', mm_distance_sql((name || '_mm')::regclass),
		name || '_by_hnsw', operator, dimensions);
	started timestamptz;
	s float8;
	ef integer := 10;
	found float8;
	wanted float8;
BEGIN
	EXECUTE format('CREATE TABLE %I AS SELECT id, v, v::real[]::vector(%s) AS a FROM %I', name || '_by_hnsw', dimensions, name);
	COMMIT;
	-- Without enough memory for its graph, the build would take far longer.
	SET maintenance_work_mem = '2GB';
	started := clock_timestamp();
	EXECUTE format('CREATE INDEX %I ON %I USING hnsw (a %s)', name || '_hnsw', name || '_by_hnsw', class);
	s := bench.ms_since(started) / 1000;
	EXECUTE format('ANALYZE %I', name || '_by_hnsw');
	COMMIT;
	FOREACH wanted IN ARRAY '{0.95,0.99,0.999}'::float8[] LOOP
		LOOP
			UPDATE bench.sides SET settings = format('SET enable_seqscan = off; SET hnsw.ef_search = %s', ef) WHERE side = 'isolated';
			IF 'isolated' = ANY (dblink_get_connections()) THEN
				PERFORM dblink_disconnect('isolated');
			END IF;
			DELETE FROM bench.runs WHERE benchmark = 'approximate' AND data = name AND variant = wanted::text;
			DELETE FROM bench.work WHERE benchmark = 'approximate' AND data = name AND variant = wanted::text;
			CALL bench.compare('approximate', name, wanted::text, 10, ARRAY[bench.nearest(name), approximate],
				objects, '{mmdb,isolated}', cardinality(objects), 3);
			SELECT avg(r.recall) INTO found FROM bench.runs r
				WHERE benchmark = 'approximate' AND data = name AND variant = wanted::text AND side = 'isolated';
			EXIT WHEN found >= wanted OR ef >= 1000;
			ef := least(ceil(ef * 1.3), 1000);
		END LOOP;
		INSERT INTO bench.approximate VALUES (name, wanted, ef, found, s, pg_relation_size(name || '_hnsw'));
	END LOOP;
END $$;

SELECT count(*) > 0 AS have_vector FROM pg_available_extensions WHERE name = 'vector' \gset
CALL bench.compare('approximate', 'descriptors', 'scan', 10, ARRAY[bench.nearest('descriptors')], bench.vectors_of('descriptors'), '{mmdb,serial}', 10);
CALL bench.compare('approximate', 'scans', 'scan', 10, ARRAY[bench.nearest('scans')], bench.vectors_of('scans'), '{mmdb,serial}', 5);
CALL bench.compare('approximate', 'meanings', 'scan', 10, ARRAY[bench.nearest('meanings')], bench.vectors_of('meanings'), '{mmdb,serial}', 10);
\if :have_vector
	CREATE EXTENSION IF NOT EXISTS vector;
	CALL bench.compare_hnsw('descriptors', 128, '<->', 'vector_l2_ops');
	CALL bench.compare_hnsw('scans', 784, '<->', 'vector_l2_ops');
	CALL bench.compare_hnsw('meanings', 300, '<=>', 'vector_cosine_ops');
	\echo 'What HNSW needed, and how it was built:'
	SELECT data, wanted, ef_search, bench.digits(recall, 4) AS recall, bench.digits(hnsw_build_s, 1) AS hnsw_build_s,
		   hnsw_bytes / 1048576 AS hnsw_mb, bench.digits(s.build_s, 1) AS mmdb_build_s, s.index_bytes / 1048576 AS mmdb_mb
	FROM bench.approximate a JOIN bench.sets s ON s.name = a.data ORDER BY 1, 2;
\else
	\echo 'pgvector is not installed: no comparison with HNSW.'
\endif
