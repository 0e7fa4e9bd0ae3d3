-- The clip-art gallery: odbknn and odbrange against independent SQL, over random
-- weights, with missing keywords.  (Run from the project's top directory.)
\set ECHO none
\i examples/clipart/load.sql
\set ECHO all
SELECT count(*), count(keywords) AS with_keywords FROM clipart;
SELECT column_name, metric, dimensions, count FROM mmdb.index_columns WHERE index_name = 'clipart_mm'::regclass
	ORDER BY column_number;

-- Eight pictures as queries, two of them without keywords, and the distances of
-- all pictures from them, by SQL that knows nothing of metrics (but for the
-- edit distance, whose own test does the like).
CREATE TABLE queries AS SELECT * FROM clipart WHERE id IN (280, 21, 1500, 3333, 4444, 6001)
	UNION ALL (SELECT * FROM clipart WHERE keywords IS NULL ORDER BY id LIMIT 2);
CREATE TABLE distances AS
	SELECT q.id AS q, c.id, ARRAY[c.title <~> q.title,
		(SELECT 1 - count(*) FILTER (WHERE a AND b)::float8 / nullif(count(*), 0)
		 FROM (SELECT bool_or(a) AS a, bool_or(b) AS b FROM (SELECT unnest(c.keywords) AS k, true AS a, false AS b
			   UNION ALL SELECT unnest(q.keywords), false, true) u GROUP BY k) g
				   HAVING c.keywords IS NOT NULL AND q.keywords IS NOT NULL),
		(SELECT sum(abs(x - y)) FROM unnest(c.colors::float8[], q.colors::float8[]) u(x, y)),
		(SELECT sqrt(sum((x - y) * (x - y))) FROM unnest(c.thumbnail::float8[], q.thumbnail::float8[]) u(x, y)),
		abs(c.log_bytes - q.log_bytes)] AS d
	FROM clipart c, queries q;

CREATE FUNCTION expected(w float8[], s float8[], d float8[], query_null boolean, missing text) RETURNS float8
	LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	total float8 := 0;
	present float8 := 0;
	all_weights float8 := 0;
BEGIN
	FOR i IN 1 .. 5 LOOP
		CONTINUE WHEN w[i] = 0 OR i = 2 AND query_null;		-- only keywords can be NULL
		all_weights := all_weights + w[i];
		IF d[i] IS NOT NULL THEN
			total := total + w[i] * d[i] / s[i];
			present := present + w[i];
		ELSIF missing = 'penalty' THEN
			total := total + w[i];
		ELSIF missing = 'exclude' THEN
			RETURN NULL;
		END IF;
	END LOOP;
	RETURN CASE WHEN missing = 'ignore' THEN total * all_weights / nullif(present, 0) ELSE total END;
END $$;

-- Pseudo-random weights, about a third of them zero.
CREATE TABLE runs AS
	SELECT q.id AS q, row_number() OVER () AS run,
		   ARRAY(SELECT CASE WHEN h % 3 > 0 THEN h % 100 / 30.0 ELSE 0 END
				 FROM (SELECT abs(hashint4(q.id * 1000 + n * 10 + i) % 1000) AS h
					 FROM generate_series(1, 5) i) s)::float8[] AS w,
		   (ARRAY['penalty', 'ignore', 'exclude'])[1 + n % 3] AS missing, (ARRAY[1, 7, 60, 10000])[1 + n % 4] AS k
	FROM queries q, generate_series(1, 12) n;
DELETE FROM runs WHERE w[1] + w[3] + w[4] + w[5] = 0;
CREATE TABLE scales AS SELECT array_agg(scale ORDER BY column_number) AS s FROM mmdb.index_columns
	WHERE index_name = 'clipart_mm'::regclass;
CREATE TABLE answers AS
	SELECT r.run, d.id, expected(r.w, s, d.d, query.keywords IS NULL, r.missing) AS expected
	FROM runs r JOIN distances d USING (q) JOIN queries query ON query.id = r.q, scales;

ANALYZE answers;

-- kNN: as many rows as there should be, each at its distance, and none left out
-- that is nearer than the farthest (ties in any order).
CREATE TABLE found AS
	SELECT r.run, (o.obj).id, o.distance FROM runs r JOIN queries q ON q.id = r.q,
		   odbknn(NULL::clipart, ROW(q.title, q.keywords, q.colors, q.thumbnail, q.log_bytes), r.w, r.k,
			   missing => r.missing) o;
ANALYZE found;
SELECT count(*) AS comparisons FROM answers JOIN found USING (run, id);
SELECT r.*, id, f.distance AS got, a.expected
FROM answers a JOIN found f USING (run, id) JOIN runs r USING (run)
WHERE abs(f.distance - a.expected) > 1e-6 * (1 + a.expected) ORDER BY run, id LIMIT 10;
CREATE VIEW run_results AS
	SELECT run, count(f.id) AS nfound, count(a.expected) AS nexpected, max(f.distance) AS farthest,
		   min(a.expected) FILTER (WHERE f.id IS NULL) AS nearest_left
	FROM answers a LEFT JOIN found f USING (run, id) GROUP BY run;
SELECT * FROM run_results JOIN runs USING (run)
WHERE nfound <> least(k, CASE WHEN missing = 'exclude' THEN nexpected ELSE 6801 END)
   OR nearest_left < farthest * (1 - 1e-6) - 1e-9 ORDER BY run LIMIT 10;

-- Range, at the distance of the 50th and a little more.
CREATE TABLE radii AS
	SELECT run, (SELECT expected + 1e-5 FROM answers a WHERE a.run = r.run
		ORDER BY expected OFFSET 49 LIMIT 1) AS radius FROM runs r;
TRUNCATE found;
INSERT INTO found
	SELECT r.run, (o.obj).id, o.distance FROM runs r JOIN radii USING (run) JOIN queries q ON q.id = r.q,
		   odbrange(NULL::clipart, ROW(q.title, q.keywords, q.colors, q.thumbnail, q.log_bytes), r.w, radius,
			   missing => r.missing) o;
ANALYZE radii, found;
SELECT count(*) AS comparisons FROM answers JOIN radii USING (run);
SELECT r.*, radius, id, f.id IS NOT NULL AS found, a.expected
FROM answers a JOIN radii USING (run) LEFT JOIN found f USING (run, id) JOIN runs r USING (run)
WHERE (f.id IS NOT NULL) <> coalesce(a.expected <= radius, false) AND abs(a.expected - radius) > 5e-6
ORDER BY run, id LIMIT 10;

-- Weights are learned from twenty pictures and the twenty nearest of each: do they
-- find what the hidden ones find for others?  Hidden zeros are found; random
-- negatives do no better.
CREATE FUNCTION nearest(q clipart, w float8[]) RETURNS integer[] LANGUAGE sql STABLE AS
	$$ SELECT array_agg((r.obj).id)
		FROM odbknn(NULL::clipart, ROW(q.title, q.keywords, q.colors, q.thumbnail, q.log_bytes), w, 21) r
	   WHERE (r.obj).id <> q.id $$;
CREATE TABLE hidden (n integer, w float8[]);
INSERT INTO hidden VALUES (1, '{1,1,1,1,1}'), (2, '{5,1,0,2,0}'), (3, '{0,0,3,1,0.5}'), (4, '{0.1,2,0.4,0,1}');
SET client_min_messages = error;
CREATE TABLE learned AS
	SELECT n, hard.weights AS hard, random.weights AS random FROM hidden,
		LATERAL (SELECT jsonb_agg(jsonb_build_object('key', id, 'relevant', nearest(c, w))) AS examples FROM clipart c
			WHERE id % 340 = 3) e,
		LATERAL mm_learn_weights('clipart_mm', examples, bootstrap => 0) hard,
		LATERAL mm_learn_weights('clipart_mm', examples, negatives => 'random', bootstrap => 0) random;
RESET client_min_messages;
CREATE TABLE learned_recall AS
	SELECT n, avg(cardinality(ARRAY(SELECT unnest(nearest(c, hard)) INTERSECT
		SELECT unnest(nearest(c, w)))) / 20.0) AS hard,
		   avg(cardinality(ARRAY(SELECT unnest(nearest(c, random)) INTERSECT
			   SELECT unnest(nearest(c, w)))) / 20.0) AS random
	FROM learned JOIN hidden USING (n), clipart c WHERE id % 340 = 200 GROUP BY n;
SELECT n, hard > 0.95 AS recall FROM learned_recall ORDER BY n;
SELECT avg(hard) > avg(random) AS hard_is_better FROM learned_recall;
SELECT max(l) < 0.02 AS zeros FROM learned JOIN hidden USING (n), unnest(hard, w) u(l, h) WHERE h = 0;

-- A search whose answers are near looks at little, as README says.
CREATE FUNCTION work(query text) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON) ' || query INTO plan;
	RETURN plan->0->'Plan'->'Plans'->0;
END $$;
SELECT w->>'Node Type' AS node, (w->>'Leaf Pages')::integer < 0.06 * leaf_pages AS few_pages,
	(w->>'Rows Verified')::integer < 20 AS few_rows
FROM clipart q, mmdb_index_stats('clipart_mm'),
	work(format('SELECT id FROM clipart ORDER BY %s LIMIT 6',
				mm_distance_sql('clipart_mm', NULL, ROW(q.title, q.keywords, q.colors, q.thumbnail, q.log_bytes)))) w
WHERE q.id = 2331;

DROP VIEW run_results;
DROP FUNCTION expected, nearest, work;
DROP TABLE hidden, learned, learned_recall;
DROP TABLE clipart, queries, distances, runs, scales, answers, found, radii;
