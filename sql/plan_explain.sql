-- What EXPLAIN says of custom scans.
CREATE TABLE homes (id integer, photo mmvector(2), stars integer) WITH (autovacuum_enabled = off);
INSERT INTO homes SELECT i, ARRAY[sin(i), cos(i * 2)], i * 31 % 1009 FROM generate_series(1, 1000) i;
CREATE INDEX homes_mm ON homes USING mmdb (photo, stars);
ANALYZE homes;
SET enable_seqscan = off;
SET enable_sort = off;
SET enable_indexscan = off;
SET enable_bitmapscan = off;

-- The plan of a query, with # for numbers that may vary, and as older servers
-- have it.
CREATE FUNCTION explain(options text, query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE format('EXPLAIN (COSTS OFF%s) %s', options, query) LOOP
		CONTINUE WHEN line ~ '^ *Disabled:';
		line := regexp_replace(line, ' \(actual [^)]*\)| \(returns [^)]*\)', '');
		line := regexp_replace(line, '\$0|\(InitPlan 1\).col1', '$');
		RETURN NEXT CASE WHEN line ~ '"' THEN line
			WHEN line ~ '(Removed by [A-Z][a-z]+|Pages|Bounded|Candidates|Verified|by Bounds|Computed|Memory):'
				THEN regexp_replace(line, '[0-9]+', '#', 'g')
			ELSE line END;
	END LOOP;
END $$;
\set analyze ', ANALYZE, TIMING OFF, SUMMARY OFF, BUFFERS OFF'
SELECT explain('', $$SELECT id FROM homes WHERE id > 10 ORDER BY 2 * (photo <-> '[0.3,0.4]') + (stars <+> 77) / 100
	LIMIT 3$$);
SELECT explain('', $$SELECT id FROM homes WHERE (photo <-> '[0.3,0.4]') < 0.5
	AND (photo <-> '[0.3,0.4]') < (SELECT 0.4)$$);
SELECT explain('', $$SELECT id FROM homes WHERE (photo <-> '[0.3,0.4]') < 0.5 OR (stars <+> 5) <= 3$$);
SELECT explain('', $$SELECT h.id
	FROM homes q, LATERAL (SELECT id FROM homes ORDER BY q.id * (photo <-> '[0.3,0.4]') + (stars <+> q.stars)
	LIMIT 3) h$$);
-- after it has run; and where values made it read the whole table
SELECT explain(:'analyze', $$SELECT id FROM homes WHERE id > 10 AND (photo <-> '[0.3,0.4]') < 1
	ORDER BY photo <-> '[0.3,0.4]'$$);
SELECT explain(:'analyze', $$SELECT id FROM homes ORDER BY (SELECT -1::float8) * (photo <-> '[0.3,0.4]') LIMIT 3$$);
SELECT explain(:'analyze', $$SELECT id FROM homes WHERE (SELECT -1::float8) * (photo <-> '[0.3,0.4]') < -2$$);
-- a weight, or a value, that is NULL
SELECT line FROM explain(:'analyze', $$SELECT id FROM homes
	ORDER BY coalesce((SELECT NULL::float8) * (photo <-> '[0.3,0.4]'), 2) + 0.5 * (stars <+> 77) LIMIT 3$$) line
	WHERE line ~ 'Weights';
SELECT line FROM explain(:'analyze', $$SELECT id FROM homes
	ORDER BY coalesce(photo <-> (SELECT NULL::mmvector), 2) + 0.5 * (stars <+> 77) LIMIT 3$$) line
	WHERE line ~ 'Weights';
-- the other formats are well formed
SELECT key FROM jsonb_object_keys((SELECT jsonb_path_query_first(string_agg(line, '')::jsonb, '$[0].Plan')
	FROM explain(:'analyze' || ', FORMAT JSON', $$SELECT id FROM homes WHERE id > 0 AND (photo <-> '[0.3,0.4]') < 1
		ORDER BY photo <-> '[0.3,0.4]'$$) line)) key
	WHERE key !~ 'Actual|Parallel|Async|Relation|Alias|Node|Disabled' ORDER BY key COLLATE "C";
SELECT line FROM explain(', FORMAT YAML', $$SELECT id FROM homes WHERE (stars <+> 5) <= 3$$) lines,
	regexp_split_to_table(lines, '\n') line WHERE line ~ 'Index|Within|stars';
SELECT line FROM explain(', FORMAT XML', $$SELECT id FROM homes WHERE (stars <+> 5) <= 3$$) lines,
	regexp_split_to_table(lines, '\n') line WHERE line ~ 'Index|Within|stars';

-- Entries are those on leaves, each counted once however often its leaf is
-- read; so a search bounds no more of them than the table has rows.
CREATE FUNCTION counts(query text, OUT counts jsonb) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF, FORMAT JSON) ' || query INTO counts;
	SELECT jsonb_object_agg(key, value) INTO counts
		FROM jsonb_each(jsonb_path_query_first(counts, 'strict $.** ? (@."Custom Plan Provider" == "MMDB Scan")'))
		WHERE key ~ 'Pages|Bounded|Candidates|Verified|Removed|Proved|Computed|Search Method|Parallel|Loops';
END $$;
SELECT n, (counts ->> 'Entries Bounded')::integer AS bounded, (counts ->> 'Rows Verified')::integer AS verified
	FROM (VALUES ('ALL'), ('1000')) v(n),
		counts(format($$SELECT id FROM homes ORDER BY (photo <-> '[0.3,0.4]') + (stars <+> 7) LIMIT %s$$, n));
SELECT (counts ->> 'Entries Bounded')::integer <= 1000 AS bounded
	FROM counts($$SELECT id FROM homes WHERE (photo <-> '[0.3,0.4]') + (stars <+> 7) < 1000$$);

-- Of rows at equal distances, where bounds are exact, those that are wanted are
-- verified, not all.
CREATE TABLE ties AS SELECT i AS id, (ARRAY['room', 'flat'])[1 + i % 2] AS kind, i % 3 AS stars,
	'2020-01-01'::date + i % 4 AS since, i / 1000.0::float8 AS x FROM generate_series(1, 2000) i;
CREATE INDEX ties_mm ON ties USING mmdb (kind text_discrete_ops, stars, since, x) WITH (subindexes = none);
ANALYZE ties;
SELECT keys, (counts ->> 'Rows Verified')::integer AS verified FROM unnest(ARRAY[
	$$kind <!> 'tent'$$, $$stars <+> 77$$, $$(kind <!> 'tent') + 2 * (stars <+> 77)
		+ 0.5 * coalesce(since <+> '2020-01-09', 3)$$, $$7 + (kind <!> 'tent')$$,
	$$kind <!> 'room', id$$, $$(kind <!> 'room') + (x <+> -1) / 1e9$$]) keys,
	counts(format('SELECT id FROM ties ORDER BY %s LIMIT 3', keys));
DROP TABLE ties;

-- Parallel workers count for themselves; what is shown is the sum.
CREATE TABLE wishes WITH (parallel_workers = 2) AS SELECT * FROM homes WHERE id % 10 = 0;
ANALYZE wishes;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
CREATE FUNCTION compare_counts(query text, OUT workers text, OUT loops integer, OUT pages boolean, OUT same boolean)
	LANGUAGE plpgsql AS $$
DECLARE
	parallel jsonb;
	serial jsonb;
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
		workers := coalesce(workers, substring(line from 'Workers Planned: .*'));
	END LOOP;
	parallel := counts(query);
	SET LOCAL max_parallel_workers_per_gather = 0;
	serial := counts(query);
	loops := parallel ->> 'Actual Loops';
	pages := (parallel ->> 'Leaf Pages')::integer > 0;
	same := parallel = serial;
	SET LOCAL max_parallel_workers_per_gather = 2;
END $$;
SET max_parallel_workers_per_gather = 2;
SET enable_seqscan = on;
SET enable_material = off;
-- a scan for each row of a table that is read in parallel; the same again and
-- again; and a plan that runs in a worker as a whole
SELECT * FROM compare_counts($$SELECT count(*) FROM wishes w
	JOIN homes h ON (h.photo <-> w.photo) + (h.stars <+> w.stars) < 3 AND h.id <> w.id$$);
SELECT * FROM compare_counts($$SELECT g, s.n FROM generate_series(1, 3) g
	LEFT JOIN LATERAL (SELECT count(*) AS n FROM wishes w
	JOIN homes h ON (h.photo <-> w.photo) < 0.1 OFFSET 0) s ON s.n >= g$$);
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT * FROM compare_counts($$SELECT id FROM homes WHERE id > 10
	ORDER BY (photo <-> '[0.3,0.4]') + (stars <+> 7) LIMIT 3$$);
SELECT set_config(name, 'off', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
-- again and again, below a limit that is reached before the workers are done
SELECT (counts ->> 'Leaf Pages')::integer > 0 AS pages FROM counts($$SELECT s.* FROM generate_series(1, 3) g,
	LATERAL (SELECT w.id FROM wishes w JOIN homes h ON (h.photo <-> w.photo) < 0.1 LIMIT 5 + 0 * g) s$$);
-- a scan below a Gather node that is never run
SELECT line FROM explain(:'analyze', $$SELECT g, s.n FROM generate_series(1, 0) g
	LEFT JOIN LATERAL (SELECT count(*) AS n FROM wishes w
	JOIN homes h ON (h.photo <-> w.photo) < 0.1 OFFSET 0) s ON s.n >= g$$) line
	WHERE line ~ 'Gather|Custom|Candidates|Search Method';
RESET max_parallel_workers_per_gather;
RESET enable_material;
RESET min_parallel_table_scan_size;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;

RESET enable_seqscan;
RESET enable_sort;
RESET enable_indexscan;
RESET enable_bitmapscan;
DROP TABLE homes, wishes;
DROP FUNCTION explain, counts, compare_counts;
