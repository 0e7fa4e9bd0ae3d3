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
			WHEN line ~ '(Removed by [A-Z][a-z]+|Pages|Bounded|Candidates|Verified|by Bounds|Computed|Memory):' THEN regexp_replace(line, '[0-9]+', '#', 'g')
			ELSE line END;
	END LOOP;
END $$;
\set analyze ', ANALYZE, TIMING OFF, SUMMARY OFF, BUFFERS OFF'
SELECT explain('', $$SELECT id FROM homes WHERE id > 10 ORDER BY 2 * (photo <-> '[0.3,0.4]') + (stars <+> 77) / 100 LIMIT 3$$);
SELECT explain('', $$SELECT id FROM homes WHERE (photo <-> '[0.3,0.4]') < 0.5 AND (photo <-> '[0.3,0.4]') < (SELECT 0.4)$$);
SELECT explain('', $$SELECT id FROM homes WHERE (photo <-> '[0.3,0.4]') < 0.5 OR (stars <+> 5) <= 3$$);
SELECT explain('', $$SELECT h.id FROM homes q, LATERAL (SELECT id FROM homes ORDER BY q.id * (photo <-> '[0.3,0.4]') + (stars <+> q.stars) LIMIT 3) h$$);
-- after it has run; and where values made it read the whole table
SELECT explain(:'analyze', $$SELECT id FROM homes WHERE id > 10 AND (photo <-> '[0.3,0.4]') < 1 ORDER BY photo <-> '[0.3,0.4]'$$);
SELECT explain(:'analyze', $$SELECT id FROM homes ORDER BY (SELECT -1::float8) * (photo <-> '[0.3,0.4]') LIMIT 3$$);
SELECT explain(:'analyze', $$SELECT id FROM homes WHERE (SELECT -1::float8) * (photo <-> '[0.3,0.4]') < -2$$);
-- the other formats are well formed
SELECT key FROM jsonb_object_keys((SELECT jsonb_path_query_first(string_agg(line, '')::jsonb, '$[0].Plan')
	FROM explain(:'analyze' || ', FORMAT JSON', $$SELECT id FROM homes WHERE id > 0 AND (photo <-> '[0.3,0.4]') < 1 ORDER BY photo <-> '[0.3,0.4]'$$) line)) key
	WHERE key !~ 'Actual|Parallel|Async|Relation|Alias|Node|Disabled' ORDER BY key COLLATE "C";
SELECT line FROM explain(', FORMAT YAML', $$SELECT id FROM homes WHERE (stars <+> 5) <= 3$$) lines, regexp_split_to_table(lines, '\n') line WHERE line ~ 'Index|Within|stars';
SELECT line FROM explain(', FORMAT XML', $$SELECT id FROM homes WHERE (stars <+> 5) <= 3$$) lines, regexp_split_to_table(lines, '\n') line WHERE line ~ 'Index|Within|stars';

RESET enable_seqscan;
RESET enable_sort;
RESET enable_indexscan;
RESET enable_bitmapscan;
DROP TABLE homes;
DROP FUNCTION explain;
