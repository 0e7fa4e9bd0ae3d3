-- An index that grows by insertions stays nearly as good as one that is built.
CREATE TABLE grown (id int, v mmvector(6), x float8, y float8);
CREATE INDEX grown_mm ON grown USING mmdb (v, x, y) WITH (subindexes = none);
-- numbers some of which are NULL or equal, and vectors that depend on four others
INSERT INTO grown
	SELECT i, (SELECT array_agg(sin(j * a) + cos(j * b) + sin(j + 3 * c) * cos(j * d))
			   FROM generate_series(1, 6) j)::real[]::mmvector,
		   nullif(hashint4(i) & 31, 0), (hashint4(i + 1) & 4095) / 100.0
	FROM generate_series(1, 8000) i,
		 LATERAL (SELECT (hashint4(i) & 1023) / 1024.0, (hashint4(-i) & 1023) / 1024.0,
						 (hashint4(i * 7) & 1023) / 1024.0, (hashint4(i * 13) & 1023) / 1024.0) n(a, b, c, d);
VACUUM ANALYZE grown;
SELECT mmdb_index_check('grown_mm');
CREATE TABLE quality (state text, leaf_pages float8, leaves_read float8);
CREATE FUNCTION note(state text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	object grown;
	plan jsonb;
	leaves float8 := 0;
BEGIN
	SET LOCAL enable_seqscan = off;
	SET LOCAL enable_sort = off;
	FOR object IN SELECT * FROM grown WHERE id % 400 = 1 LOOP
		EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) SELECT FROM grown ORDER BY '
			|| mm_distance_sql('grown_mm') || ' LIMIT 10' INTO plan USING object.v, coalesce(object.x, 0), object.y;
		leaves := leaves + (jsonb_path_query_first(plan, '$.**."Leaf Pages"'))::float8;
	END LOOP;
	INSERT INTO quality SELECT state, leaf_pages, leaves FROM mmdb_index_stats('grown_mm');
END $$;
SELECT mm_pin_scales('grown_mm', '{3,20,25}');
SELECT note('grown');
REINDEX INDEX grown_mm;
SELECT note('built');
SELECT g.leaf_pages / b.leaf_pages < 1.2 AS leaf_pages, g.leaves_read / b.leaves_read < 1.2 AS leaves_read
FROM quality g, quality b WHERE g.state = 'grown' AND b.state = 'built';
DROP TABLE grown, quality;
DROP FUNCTION note;
