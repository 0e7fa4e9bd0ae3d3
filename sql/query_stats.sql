-- What searches did, by classes of queries: mmdb.query_stats and mmdb.query_samples.
-- (A notice says that they are of this session only, where that is so.)
SET client_min_messages = warning;
DROP ROLE IF EXISTS regress_mm_asker, regress_mm_stats;
CREATE ROLE regress_mm_asker;
CREATE ROLE regress_mm_stats IN ROLE pg_read_all_stats;

CREATE TABLE goods (id integer PRIMARY KEY, name text, look mmvector(3), price float8, shop integer);
INSERT INTO goods SELECT i, 'good ' || i * 7919 % 1000, ARRAY[i % 10, i % 100, i % 7]::mmvector, i % 500, i % 20
	FROM generate_series(1, 3000) i;
CREATE INDEX goods_mm ON goods USING mmdb (name, look, price);
VACUUM ANALYZE goods;
CREATE FUNCTION forget() RETURNS bigint LANGUAGE sql AS $$SELECT mm_reset_query_stats('goods_mm')$$;
CREATE VIEW classes AS SELECT class, calls, rows FROM mmdb.query_stats WHERE index_name = 'goods_mm'::regclass
	ORDER BY class COLLATE "C";
CREATE VIEW samples AS SELECT class, weights, k, radius, query, filter, calls FROM mmdb.query_samples('goods_mm')
	ORDER BY class COLLATE "C", k, weights::text COLLATE "C";

-- Each type of query has a class of its own, for each decade of k and of radii.
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT count(*) FROM (SELECT FROM goods ORDER BY name <~> 'good 1' LIMIT 3) s;
SELECT count(*) FROM (SELECT FROM goods ORDER BY name <~> 'good 2' LIMIT 10) s;
SELECT count(*) FROM (SELECT FROM goods ORDER BY name <~> 'good 2' LIMIT 11) s;
SELECT count(*) FROM (SELECT FROM goods ORDER BY (name <~> 'good 2') + 2 * (look <-> '[1,2,3]') LIMIT 1) s;
SELECT count(*) FROM (SELECT FROM goods WHERE shop = 3 ORDER BY look <-> '[1,2,3]' LIMIT 1) s;
SELECT count(*) FROM (SELECT FROM goods WHERE shop < 7 ORDER BY look <-> '[1,2,3]' LIMIT 1) s;
SELECT count(*) FROM (SELECT FROM goods WHERE shop IN (1, 2) AND id IS DISTINCT FROM 9 ORDER BY look <-> '[1,2,3]'
	LIMIT 1) s;
SELECT count(*) FROM goods WHERE look <-> '[1,2,3]' <= 4;
SELECT count(*) FROM goods WHERE look <-> '[1,2,3]' <= 0.5;
SELECT count(*) FROM goods WHERE price <+> 100 <= 2;
SELECT count(*) FROM goods WHERE price <+> 100 <= 0;
SELECT count(*) FROM goods WHERE price <+> 100 <= 2 AND look <-> '[1,2,3]' <= 50;
SELECT count(*) FROM goods WHERE price <+> 100 <= 2 OR look <-> '[1,2,3]' <= 2;
SELECT count(*) FROM (SELECT FROM goods WHERE price <+> 100 <= 2 ORDER BY look <-> '[1,2,3]' LIMIT 5) s;
SELECT count(*) FROM (SELECT FROM goods ORDER BY sqrt(look <-> '[1,2,3]') LIMIT 2) s;
SELECT * FROM classes;
SELECT class, ARRAY(SELECT round(w::numeric, 6) FROM unnest(weights) w) AS weights, k, radius, query, filter, calls
	FROM samples;

-- What searches have done is what EXPLAIN ANALYZE shows.
SELECT forget() > 0 AS forgotten;
CREATE FUNCTION explained(sql text) RETURNS TABLE (rows bigint, inner_pages bigint, leaf_pages bigint, entries bigint,
												   candidates bigint, verified bigint, distances text)
	LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
	node jsonb;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON) ' || sql INTO plan;
	node := jsonb_path_query_first(plan, '$.** ? (@."Custom Plan Provider" == "MMDB Scan")');
	RETURN QUERY SELECT (node -> 'Actual Rows')::numeric::bigint, (node -> 'Inner Pages')::bigint,
		(node -> 'Leaf Pages')::bigint, (node -> 'Entries Bounded')::bigint, (node -> 'Candidates')::bigint,
		(node -> 'Rows Verified')::bigint, (node -> 'Distances Computed')::text;
END $$;
SET mmdb.track = 'all';
CREATE TABLE expected AS SELECT * FROM explained(
	$$SELECT id FROM goods ORDER BY (name <~> 'good 2') + 2 * (look <-> '[1,2,3]') LIMIT 10$$);
SELECT s.rows = e.rows AS rows, s.inner_pages = e.inner_pages AS inner, s.leaf_pages = e.leaf_pages AS leaves,
	   s.entries = e.entries AS entries, s.candidates = e.candidates AS candidates, s.verified = e.verified AS verified,
	   s.columns, e.distances = format('["name %s", "look %s"]', s.distances[1], s.distances[2]) AS distances,
	   s.distances[3] AS price, s.share_read > 0 AND s.share_read <= 1 AS share,
	   s.by_shared_tree + s.by_subindex AS began, s.peak_memory > 0 AS memory, s.recall, s.accuracy
	FROM mmdb.query_stats s, expected e WHERE s.index_name = 'goods_mm'::regclass;
SELECT calls, min_ms = max_ms AND mean_ms = total_ms AND stddev_ms = 0 AS once, total_ms > 0 AS took, answered_by,
	   samples, since <= last_call AS since, database = current_database() AS database,
	   user_name = current_user AS user_name
	FROM mmdb.query_stats WHERE index_name = 'goods_mm'::regclass;
SELECT forget();

-- A join runs a search for each row: each is a call, and not one of the values is
-- kept, as they are another table's.
SET mmdb.track_samples = 'objects';
SELECT sum(n) FROM (VALUES ('good 3'), ('good 44'), ('good 555')) v(name),
	LATERAL (SELECT count(*) AS n FROM (SELECT FROM goods ORDER BY goods.name <~> v.name LIMIT 2) s) l;
SELECT class, calls, rows, samples FROM mmdb.query_stats WHERE index_name = 'goods_mm'::regclass;
SELECT k, query, weights FROM samples;
SELECT forget();

-- odbknn is one search, by whatever plan.
SELECT count(*) FROM odbknn(NULL::goods, ROW('good 1', '[1,2,3]'::mmvector, 5), '{1,0,2}', 4, 'goods_mm');
SELECT count(*) FROM odbknn(NULL::goods, '{"name": "good \"quoted\"", "look": [3,2,1]}'::odbvalues, NULL, 4,
							'goods_mm', filter => 'shop = 3');
SELECT count(*) FROM odbrange(NULL::goods, ROW('good 1', NULL::mmvector, NULL::float8), '{1,0,0}', 0.01, 'goods_mm');
SET mmdb.enable_scan = off;
SELECT count(*) FROM odbknn(NULL::goods, ROW('good 1', '[1,2,3]'::mmvector, 5), '{1,0,2}', 4, 'goods_mm',
							filter => 'shop = 3');
SET enable_seqscan = on;
SET enable_indexscan = off;
SELECT count(*) FROM odbrange(NULL::goods, ROW('good 1', NULL::mmvector, NULL::float8), '{1,0,0}', 0.01, 'goods_mm');
SELECT class, answered_by, calls, rows, verified IS NULL AS no_work, table_scans FROM mmdb.query_stats
	WHERE index_name = 'goods_mm'::regclass ORDER BY class COLLATE "C";
SELECT class, weights, k, radius, query, filter FROM samples;
-- What was kept can be searched for again.
SELECT count(*) FROM samples s, odbknn(NULL::goods, s.query, s.weights, s.k, 'goods_mm')
	WHERE s.k IS NOT NULL AND s.query IS NOT NULL;
RESET enable_indexscan;

-- Index scans, and bitmap scans of composites.
SELECT forget() > 0 AS forgotten;
SET enable_sort = off;
SET enable_seqscan = off;
SELECT count(*) FROM (SELECT FROM goods ORDER BY look <-> '[1,2,3]' LIMIT 3) s;
RESET enable_sort;
RESET mmdb.enable_scan;
CREATE TYPE pair AS (x float8, name text);
CREATE TABLE pairs AS SELECT ROW(i, 'n' || i)::pair AS p FROM generate_series(1, 1000) i;
CREATE INDEX pairs_mm ON pairs USING mmdb (p);
SELECT count(*) FROM (SELECT FROM pairs ORDER BY p <-> odbquery(ROW(5, 'n5'), '{1,2}') LIMIT 3) s;
SET mmdb.enable_scan = off;
SET enable_bitmapscan = on;
SELECT count(*) FROM pairs WHERE p <@ odbrange(ROW(5, 'n5'), '{1,2}', 3);
RESET mmdb.enable_scan;
SELECT index_name, class, answered_by, calls, verified IS NULL AS not_verified, leaf_pages > 0 AS leaves
	FROM mmdb.query_stats WHERE index_name IN ('goods_mm'::regclass, 'pairs_mm'::regclass) ORDER BY 1, 2;
SELECT class, query FROM mmdb.query_samples('pairs_mm') ORDER BY class COLLATE "C";

-- An attribute that was dropped; and a partitioned index, which has no figures itself
-- but for what is done without it.
SELECT mm_reset_query_stats('pairs_mm') > 0 AS forgotten;
ALTER TYPE pair DROP ATTRIBUTE x;
SELECT count(*) FROM odbknn(NULL::pairs, ROW('n5'), '{2}', 3, 'pairs_mm');
SET mmdb.enable_scan = off;
SET enable_indexscan = off;
SELECT count(*) FROM odbknn(NULL::pairs, ROW('n5'), '{2}', 3, 'pairs_mm');
CREATE TABLE divided (name text, price float8) PARTITION BY LIST (name);
CREATE TABLE divided_a PARTITION OF divided FOR VALUES IN ('a');
INSERT INTO divided SELECT 'a', i FROM generate_series(1, 300) i;
CREATE INDEX divided_mm ON divided USING mmdb (name, price);
SELECT count(*) FROM odbknn(NULL::divided, ROW('a', 5), '{1,2}', 3, 'divided_mm', normalized => false);
RESET enable_indexscan;
RESET mmdb.enable_scan;
SELECT index_name, class, calls, columns FROM mmdb.query_stats
	WHERE index_name IN ('divided_mm'::regclass, 'pairs_mm'::regclass) ORDER BY 1, 2;
SELECT index, class, weights, query FROM mmdb.query_samples()
	WHERE index IN ('divided_mm'::regclass, 'pairs_mm'::regclass) ORDER BY 1, 2;
SELECT mm_reset_query_stats('divided_mm');
DROP TABLE divided;

-- Nothing to be found, an error, and a scan that is given up.
SELECT forget() > 0 AS forgotten;
SELECT count(*) FROM goods WHERE look <-> NULL <= 3;
SELECT count(*) FROM (SELECT FROM goods ORDER BY (look <-> '[1,2,3]') / (shop - shop) LIMIT 2) s;
SELECT count(*) FROM classes;
SELECT count(*) FROM (SELECT FROM goods WHERE shop = 99 ORDER BY (name <~> 'x') + (look <-> '[1,2,3]') LIMIT 1) s;
SELECT class, calls, rows, spills, table_scans FROM mmdb.query_stats WHERE index_name = 'goods_mm'::regclass;
SELECT forget();
-- A negative weight makes a search by the index impossible.  All rows are sorted, on
-- disk where there is little memory.
PREPARE by_weight(float8) AS SELECT count(*) FROM (SELECT FROM goods ORDER BY $1 * (look <-> '[1,2,3]') OFFSET 0) s;
SET plan_cache_mode = force_generic_plan;
EXECUTE by_weight(-1);
SET work_mem = '64kB';
EXECUTE by_weight(-1);
RESET work_mem;
SELECT class, calls, rows, spills, table_scans FROM mmdb.query_stats WHERE index_name = 'goods_mm'::regclass;
RESET plan_cache_mode;
SELECT forget();

-- mmdb.track: none; top, what clients send; all, what functions run, too.
CREATE FUNCTION in_function() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	RETURN (SELECT count(*) FROM (SELECT FROM goods ORDER BY name <~> 'x' LIMIT 3) s)
		+ (SELECT count(*) FROM odbknn(NULL::goods, ROW('good 1', '[1,2,3]'::mmvector, 5), '{1,0,2}', 4, 'goods_mm'));
END $$;
SET mmdb.track = 'none';
SELECT in_function();
SELECT count(*) FROM (SELECT FROM goods ORDER BY look <-> '[1,2,3]' LIMIT 2) s;
SELECT * FROM classes;
SET mmdb.track = 'top';
SELECT in_function();
DO $$ BEGIN PERFORM in_function(); PERFORM FROM goods ORDER BY name <~> 'x' LIMIT 3; END $$;
SELECT count(*) FROM (SELECT FROM goods ORDER BY look <-> '[1,2,3]' LIMIT 2) s;
BEGIN;
DECLARE c CURSOR FOR SELECT FROM goods ORDER BY look <-> '[1,2,3]';
FETCH 2 FROM c;
COMMIT;
CREATE TABLE taken AS SELECT id FROM goods ORDER BY look <-> '[3,2,1]' LIMIT 2;
SELECT * FROM classes;
SET mmdb.track = 'all';
SELECT in_function();
SELECT * FROM classes;
RESET mmdb.track;

-- Samples: none; at most 16 of a class; each stands for its part of the calls.
SELECT forget() > 0 AS forgotten;
SET mmdb.track_samples = 'none';
SELECT count(*) FROM (SELECT FROM goods ORDER BY look <-> '[1,2,3]' LIMIT 2) s;
SELECT count(*) FROM samples;
SET mmdb.track_samples = 'weights';
SELECT count(n) FROM generate_series(1, 79) i,
	LATERAL (SELECT count(*) AS n FROM (SELECT FROM goods ORDER BY goods.price <+> i, i LIMIT 2) s OFFSET 0) l;
SELECT class, calls FROM mmdb.query_stats WHERE index_name = 'goods_mm'::regclass ORDER BY class COLLATE "C";
SELECT class, count(*), sum(calls), count(query) AS objects FROM samples GROUP BY class ORDER BY class COLLATE "C";
RESET mmdb.track_samples;

-- Users see what they did themselves.  What searches read is for those who may know
-- the statistics of the index.
SELECT forget() > 0 AS forgotten;
GRANT SELECT (id, name, look) ON goods TO regress_mm_asker;
SET ROLE regress_mm_asker;
SELECT count(*) FROM (SELECT id FROM goods ORDER BY look <-> '[1,2,3]' LIMIT 2) s;
SELECT user_name, class, calls, rows, leaf_pages, verified, distances, share_read, table_scans FROM mmdb.query_stats;
SELECT class, weights, k FROM mmdb.query_samples();
SELECT mm_reset_query_stats();
SET mmdb.track = 'all';
RESET ROLE;
SELECT count(*) FROM (SELECT id FROM goods ORDER BY look <-> '[1,2,3]' LIMIT 3) s;
GRANT SELECT ON goods TO regress_mm_asker;
SET ROLE regress_mm_asker;
SELECT user_name, class, calls, rows, leaf_pages > 0 AS leaves, share_read > 0 AS share FROM mmdb.query_stats;
SELECT class, weights, k FROM mmdb.query_samples();
RESET ROLE;
SET ROLE regress_mm_stats;
SELECT user_name, calls, leaf_pages > 0 AS leaves FROM mmdb.query_stats WHERE index_name::text = 'goods_mm'
	ORDER BY calls, rows;
RESET ROLE;
-- A search belongs to the one who has begun it, whoever ends it: it is not for others to
-- see what a function has searched for.
SELECT forget() > 0 AS forgotten;
SET mmdb.track_samples = 'objects';
CREATE FUNCTION open_secret() RETURNS refcursor LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	secret mmvector := '[7,7,7]';
	c refcursor := 'secretly';
BEGIN
	OPEN c FOR SELECT id FROM goods ORDER BY look <-> secret;
	RETURN c;
END $$;
BEGIN;
SET LOCAL ROLE regress_mm_asker;
SELECT open_secret();
MOVE FROM secretly;
CLOSE secretly;
SELECT user_name, class, calls FROM mmdb.query_stats;
SELECT query FROM mmdb.query_samples();
-- and after a change of role
DECLARE c CURSOR FOR SELECT id FROM goods ORDER BY look <-> '[1,2,3]';
MOVE FROM c;
RESET ROLE;
MOVE FROM c;
CLOSE c;
COMMIT;
SELECT user_name = 'regress_mm_asker' AS asker, class, calls, rows FROM mmdb.query_stats
	WHERE index_name = 'goods_mm'::regclass ORDER BY 1;
SELECT query FROM samples ORDER BY query::text COLLATE "C";
DROP FUNCTION open_secret;
RESET mmdb.track_samples;
-- Under row-level security, nobody sees what was read.
SELECT forget() > 0 AS forgotten;
ALTER TABLE goods ENABLE ROW LEVEL SECURITY;
CREATE POLICY even ON goods USING (id % 2 = 0);
SET ROLE regress_mm_asker;
SELECT count(*) FROM (SELECT id FROM goods ORDER BY look <-> '[1,2,3]' LIMIT 2) s;
RESET ROLE;
SELECT user_name = 'regress_mm_asker' AS asker, class, calls, rows, leaf_pages, verified, distances, share_read,
	   peak_memory
	FROM mmdb.query_stats WHERE index_name = 'goods_mm'::regclass;
ALTER TABLE goods DISABLE ROW LEVEL SECURITY;

-- Starting anew, for a user, an index, or all.
SELECT count(*) FROM (SELECT FROM goods ORDER BY look <-> '[1,2,3]' LIMIT 3) s;
SELECT mm_reset_query_stats('goods_mm', 'regress_mm_asker');
SELECT mm_reset_query_stats('goods_mm', 'regress_mm_asker');
SELECT mm_reset_query_stats('goods_mm');
SELECT mm_reset_query_stats('goods_mm', all_databases => true);
SELECT mm_reset_query_stats() >= 0 AS all;

-- An index that is gone, and its columns' names with it.
SELECT count(*) FROM (SELECT FROM pairs ORDER BY p <-> odbquery(ROW('n5'), '{2}') LIMIT 3) s;
SELECT count(*) FROM (SELECT FROM goods ORDER BY look <-> '[1,2,3]' LIMIT 3) s;
DROP INDEX pairs_mm;
ALTER INDEX goods_mm RENAME TO goods_other;
SELECT index_name::text ~ '^\d+$' AS gone, CASE WHEN index_name::text !~ '^\d+$' THEN index_name END AS index_name,
	   class, calls, columns FROM mmdb.query_stats
	WHERE database = current_database() AND user_name = current_user ORDER BY class COLLATE "C";
ALTER INDEX goods_other RENAME TO goods_mm;

-- Weight profiles: how many statements have used them.
INSERT INTO mmdb.weight_profile (name, columns, weights) VALUES ('looks', '{name,look,price}', '{0,1,0}');
SELECT count(*) FROM odbknn(NULL::goods, ROW('good 1', '[1,2,3]'::mmvector, 5), mm_weights('looks'), 4, 'goods_mm');
SELECT (mm_weights('looks'))[1] + (mm_weights('looks'))[2] AS sum FROM generate_series(1, 3);
SELECT length(mm_distance_sql('goods_mm', profile => 'looks')) > 0 AS written;
SET mmdb.track = 'none';
SELECT mm_weights('looks');
RESET mmdb.track;
SELECT profile, uses, user_name = current_user AS mine, last_use <= now() AS used FROM mmdb.profile_use
	WHERE profile = 'looks';
SET ROLE regress_mm_asker;
SELECT count(*) FROM mmdb.profile_use;
RESET ROLE;
SELECT mm_reset_query_stats() > 0 AS all;
SELECT count(*) FROM mmdb.profile_use;
DELETE FROM mmdb.weight_profile;
SELECT classes >= 0 AS classes, most_classes >= 100 AS most, evicted >= 0 AS evicted,
	   since <= clock_timestamp() AS since
	FROM mmdb.query_stats_info;

DROP VIEW classes, samples;
DROP TABLE goods, pairs, expected, taken;
DROP TYPE pair;
DROP FUNCTION forget, explained, in_function;
DROP ROLE regress_mm_asker, regress_mm_stats;
