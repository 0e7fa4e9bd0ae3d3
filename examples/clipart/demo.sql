-- A tour of multi-metric search over the clip-art gallery; "make demo" runs it.
\set QUIET on
\set ON_ERROR_STOP on
\pset footer off
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS mmdb;
DROP TABLE IF EXISTS clipart;
\ir load.sql
\echo
\echo '====================================================================='
\echo ' 6,801 public-domain pictures.  Five modalities, each with its metric:'
\echo '====================================================================='
SELECT column_name, type, metric, count, round(scale::numeric, 3) AS scale
FROM mmdb.index_columns WHERE index_name = 'clipart_mm'::regclass ORDER BY column_number;

\echo ' (scale: twice the median distance of the column; distances are divided'
\echo '  by it, so that modalities can be added up)'
\echo
\echo '---------------------------------------------------------------------'
\echo ' 1. Pictures that look like the turtle: colours and thumbnail'
\echo '---------------------------------------------------------------------'
CREATE FUNCTION pg_temp.demo_explain(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) ' || query;
END $$;
CREATE TEMP TABLE turtle AS SELECT * FROM clipart WHERE title = 'turtle';
\set ECHO queries
SELECT (r.obj).id, (r.obj).title, (r.obj).bytes, round(r.distance::numeric, 3) AS distance,
       round(((r.obj).colors <+> q.colors)::numeric, 3) AS colors_d,
       round(((r.obj).thumbnail <-> q.thumbnail)::numeric) AS thumbnail_d
FROM turtle q, odbknn(NULL::clipart, ROW(NULL, NULL, q.colors, q.thumbnail, NULL), '{0,0,1,1,0}', 6) r;
\set ECHO none
\echo
\echo '---------------------------------------------------------------------'
\echo ' 2. Like the turtle, but a bird: keywords have the largest weight'
\echo '---------------------------------------------------------------------'
\set ECHO queries
SELECT (r.obj).id, (r.obj).title, (r.obj).keywords, round(r.distance::numeric, 3) AS distance,
       round(((r.obj).keywords <&> '{animal,bird}')::numeric, 3) AS keywords_d,
       round(((r.obj).colors <+> q.colors)::numeric, 3) AS colors_d,
       round(((r.obj).thumbnail <-> q.thumbnail)::numeric) AS thumbnail_d
FROM turtle q, odbknn(NULL::clipart, ROW(NULL, '{animal,bird}', q.colors, q.thumbnail, NULL), '{0,3,1,1,0}', 6) r;
\set ECHO none
\echo
\echo '---------------------------------------------------------------------'
\echo ' 3. Like this picture, but about frogs, and small: a file of 5,000 bytes'
\echo '---------------------------------------------------------------------'
\set ECHO queries
SELECT (r.obj).id, (r.obj).title, (r.obj).bytes, round(r.distance::numeric, 3) AS distance,
       (r.obj).title <~> 'frog' AS title_d,
       round(((r.obj).keywords <&> '{frog,rana,animal}')::numeric, 3) AS keywords_d,
       round(((r.obj).colors <+> q.colors)::numeric, 3) AS colors_d,
       round(((r.obj).thumbnail <-> q.thumbnail)::numeric) AS thumbnail_d,
       round(((r.obj).log_bytes <+> log(5000))::numeric, 3) AS log_bytes_d
FROM turtle q, odbknn(NULL::clipart, ROW('frog', '{frog,rana,animal}', q.colors, q.thumbnail, log(5000)), '{1,6,0.5,0.5,1}', 6) r;
\set ECHO none
\echo
\echo '---------------------------------------------------------------------'
\echo ' 4. More like this ice cream, in every respect, in plain SQL: any weighted'
\echo '    sum of distances will do.  (mm_distance_sql writes such sums.)'
\echo '---------------------------------------------------------------------'
\set ECHO queries
SELECT mm_distance_sql('clipart_mm', NULL);

PREPARE more_like(integer) AS
SELECT c.id, c.title, c.bytes, round(c.distance::numeric, 3) AS distance
FROM clipart q, LATERAL (
    SELECT id, title, bytes,
           (title <~> q.title) / 32 + coalesce((keywords <&> q.keywords) / 2, 1) +
           (colors <+> q.colors) / 3.16 + (thumbnail <-> q.thumbnail) / 2450 +
           (log_bytes <+> q.log_bytes) / 0.765 AS distance
    FROM clipart ORDER BY distance LIMIT 6) c
WHERE q.id = $1;
EXECUTE more_like(2331);
\set ECHO none
SELECT '    The index answers it, exactly.  Of its ' || leaf_pages || ' leaf pages and the table''s ' || entries || ' rows,'
FROM mmdb_index_stats('clipart_mm') \g (format=unaligned tuples_only=on)
\echo '    it looked at these:'
SELECT trim(line) AS explain FROM pg_temp.demo_explain('EXECUTE more_like(2331)') line
WHERE line ~ 'Custom Scan|Index:|Driver|Weights|Leaf Pages|Entries|Candidates|Verified|Execution';
\echo '    Without the index:'
SET mmdb.enable_scan = off;
SELECT trim(line) AS explain FROM pg_temp.demo_explain('EXECUTE more_like(2331)') line
WHERE line ~ 'Seq Scan|Execution';
RESET mmdb.enable_scan;
\echo '    The nearer the answers, the less of the index is read.  To the wish of'
\echo '    search 3 no picture comes near, and most of it is.'
\echo
\echo '---------------------------------------------------------------------'
\echo ' 5. Everything within a radius: near the crow in every respect'
\echo '---------------------------------------------------------------------'
\set ECHO queries
SELECT (r.obj).id, (r.obj).title, (r.obj).keywords, (r.obj).bytes, round(r.distance::numeric, 3) AS distance
FROM clipart q, odbrange(NULL::clipart, ROW(q.title, q.keywords, q.colors, q.thumbnail, q.log_bytes), NULL, 1.2) r
WHERE q.title = 'crow';
\set ECHO none
\echo
\echo '---------------------------------------------------------------------'
\echo ' 6. Weights from examples: pictures, and those that should be nearest.'
\echo '    (They were found with the weights 0, 0.6, 0.2, 0.2 and 0.)'
\echo '---------------------------------------------------------------------'
\set ECHO queries
CREATE TEMP TABLE examples AS
SELECT q.id, ARRAY(SELECT (r.obj).id
                   FROM odbknn(NULL::clipart, ROW(q.title, q.keywords, q.colors, q.thumbnail, q.log_bytes), '{0,0.6,0.2,0.2,0}', 20) r
                   WHERE (r.obj).id <> q.id) AS alike
FROM clipart q WHERE q.id % 680 = 21;
SELECT c.name, round(c.weight::numeric, 2) AS weight, round(c.lower::numeric, 2) AS lower, round(c.upper::numeric, 2) AS upper
FROM mm_learn_weights('clipart_mm', 'TABLE examples') l, unnest(l.columns, l.weights, l.lower, l.upper) c(name, weight, lower, upper);
\set ECHO none
