-- An index whose pages are not found in buffers: the next ones are asked for early.
-- What is found is the same.  The index of a temporary table is read through few
-- local buffers, again and again.
\c -
SET client_min_messages = warning;
SET temp_buffers = 100;
SET plan_cache_mode = force_custom_plan;
SELECT setseed(0.5) \g /dev/null
CREATE TEMPORARY TABLE cold AS
	SELECT i AS id, ARRAY(SELECT random() FROM generate_series(1, 12) WHERE i > 0)::mmvector(12) AS v, random() AS x
	FROM generate_series(1, 20000) i;
CREATE INDEX cold_mm ON cold USING mmdb (v, x);
SELECT pg_relation_size('cold_mm') > 100 * 8192 * 2 AS index_is_larger;

-- The answers to three query objects, in order, and within radii.
CREATE FUNCTION answers() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	object cold;
	digest text := '';
	ids int[];
	radius float8;
BEGIN
	FOR object IN SELECT * FROM cold WHERE id IN (17, 4711, 19999) ORDER BY id
	LOOP
		SELECT array_agg(id), max(d) INTO ids, radius
		FROM (SELECT id, (v <-> object.v) + (x <+> object.x) AS d FROM cold
			  ORDER BY (v <-> object.v) + (x <+> object.x) LIMIT 300) nearest;
		digest := digest || ' ' || md5(ids::text);
		SELECT array_agg(id ORDER BY id) INTO ids FROM cold
		WHERE (v <-> object.v) + (x <+> object.x) <= radius;
		digest := digest || ' ' || cardinality(ids) || ' ' || md5(ids::text);
	END LOOP;
	RETURN digest;
END $$;
SET mmdb.enable_scan = off;
SELECT answers() AS scanned \gset
SET mmdb.enable_scan = on;
SET enable_seqscan = off;
SET effective_io_concurrency = 0;
SELECT answers() = :'scanned' AS none_ahead;
SET effective_io_concurrency = 1;
SELECT answers() = :'scanned' AS one_ahead;
SET effective_io_concurrency = 100;
SELECT answers() = :'scanned' AS many_ahead;
-- And where the queue outgrows work_mem.
SET work_mem = '64kB';
SELECT answers() = :'scanned' AS sorted;
DROP FUNCTION answers();
DROP TABLE cold;
