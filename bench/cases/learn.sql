-- Learning of weights: the experiment of OneDB, section V.  Weights are hidden, and
-- mm_learn_weights is told the 50 nearest rows of 30 query objects under them.
-- Recall: of the 50 rows nearest to each of 100 fresh query objects under the
-- learned weights, how many are among the 50 nearest under the hidden ones, or
-- as near as the last of these.  Curves are of 50 of them, and of a few of the
-- vectors.  All but seconds is the same in each run.

SET jit = off;

-- Hidden weights; their sum is 1.
CREATE TABLE bench.hidden (
	data			text,
	vector			integer,
	weights			float8[],
	PRIMARY KEY (data, vector)
);

-- The rows with no value missing, in the order of a hash of the key: first the
-- fresh query objects, then 30 examples for each vector, up to 700; those from
-- 1001 on are for many examples.
CREATE TABLE bench.learn_objects (
	data			text,
	n				integer,
	id				integer,
	PRIMARY KEY (data, n)
);

-- The right answers for the fresh ones, with all ties.
CREATE TABLE bench.truth (
	data			text,
	vector			integer,
	n				integer,
	ids				integer[],
	PRIMARY KEY (data, vector, n)
);

CREATE TABLE bench.examples (
	data			text,
	vector			integer,
	wrong_percent	integer,		-- of the relevant rows, that are random ones
	k				integer,		-- relevant rows
	n				integer,
	id				integer,
	relevant		integer[],
	PRIMARY KEY (data, vector, wrong_percent, k, n)
);

-- What was learned, or what an iteration tried on the way.
CREATE TABLE bench.learned (
	data			text,
	vector			integer,
	negatives		text,
	wrong_percent	integer,
	k				integer,
	examples		integer,
	bootstrap		integer,
	iteration		integer,		-- NULL: the outcome
	iterations		integer,
	s				float8,
	weights			float8[],
	recalls			float8[]		-- of the fresh query objects
);

-- So many; for curves, fewer.
CREATE FUNCTION bench.fresh(curve boolean DEFAULT false) RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
RETURN bench.queries(CASE WHEN curve THEN 50 ELSE 100 END);

-- A row t of the table as a query object.
CREATE FUNCTION bench.query_object(set_name text) RETURNS text
LANGUAGE sql STABLE PARALLEL RESTRICTED
RETURN (SELECT format('ROW(%s)', string_agg(format('t.%I', column_name), ', ' ORDER BY column_number))
		FROM mmdb.index_columns WHERE index_name = (set_name || '_mm')::regclass);

-- The k nearest rows of the objects from first to last, themselves apart, and how
-- far the last of them is.
CREATE FUNCTION bench.neighbours(set_name text, first integer, last integer, weights float8[], k integer,
								 OUT n integer, OUT id integer, OUT ids integer[], OUT radius float8)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE AS $$
BEGIN
	RETURN QUERY EXECUTE format(
		'SELECT o.n, o.id, nearest.*
		FROM bench.learn_objects o JOIN %1$I t USING (id), LATERAL
			(SELECT array_agg(id ORDER BY distance, id), max(distance) FROM
				(SELECT (r.obj).id, r.distance FROM odbknn(NULL::%1$I, %2$s, $1, $2 + 1) r
				 WHERE (r.obj).id <> t.id ORDER BY distance LIMIT $2) rows) nearest
		WHERE o.data = %1$L AND o.n BETWEEN $3 AND $4', set_name, bench.query_object(set_name))
		USING weights, k, first, last;
END $$;

-- Every other vector has weights that are zero, a third of them or so.
CREATE PROCEDURE bench.hide(set_name text, vectors integer)
LANGUAGE plpgsql AS $$
DECLARE
	columns integer := (SELECT sets.columns FROM bench.sets WHERE name = set_name);
	w float8[];
BEGIN
	PERFORM setseed(hashtext(set_name) / 2147483648.0);
	FOR v IN 1 .. vectors LOOP
		LOOP
			SELECT array_agg(CASE WHEN v % 2 = 0 AND random() < 1 / 3.0 THEN 0 ELSE random() END) INTO w FROM generate_series(1, columns);
			EXIT WHEN 0 < ANY (w) AND (v % 2 = 1 OR 0 = ANY (w));
		END LOOP;
		INSERT INTO bench.hidden SELECT set_name, v, array_agg(x / (SELECT sum(y) FROM unnest(w) y) ORDER BY c)
			FROM unnest(w) WITH ORDINALITY t(x, c);
	END LOOP;
END $$;

CREATE PROCEDURE bench.make_examples(set_name text)
LANGUAGE plpgsql AS $$
DECLARE
	columns text := (SELECT string_agg(quote_ident(column_name), ', ')
					 FROM mmdb.index_columns WHERE index_name = (set_name || '_mm')::regclass);
	hidden record;
BEGIN
	EXECUTE format('INSERT INTO bench.learn_objects SELECT %1$L, row_number() OVER (ORDER BY hashint4(id), id), id
				   FROM %1$I WHERE num_nulls(%2$s) = 0', set_name, columns);
	FOR hidden IN SELECT vector, weights FROM bench.hidden WHERE data = set_name ORDER BY vector LOOP
		EXECUTE format('INSERT INTO bench.truth SELECT %1$L, $1, n.n,
						ARRAY(SELECT (r.obj).id FROM odbrange(NULL::%1$I, %2$s, $2, n.radius) r WHERE (r.obj).id <> t.id)
					   FROM bench.neighbours(%1$L, 1, bench.fresh(), $2, 50) n JOIN %1$I t USING (id)',
					   set_name, bench.query_object(set_name))
			USING hidden.vector, hidden.weights;
		INSERT INTO bench.examples SELECT set_name, hidden.vector, 0, 50, n - 70 - 30 * hidden.vector, id, ids
			FROM bench.neighbours(set_name, 71 + 30 * hidden.vector, 100 + 30 * hidden.vector, hidden.weights, 50);
	END LOOP;
	ANALYZE bench.learn_objects, bench.truth, bench.examples;
END $$;

-- The examples again, with so many in 100 of each one's relevant rows replaced by
-- random rows.
CREATE PROCEDURE bench.spoil_examples(set_name text, percent integer)
LANGUAGE plpgsql AS $$
DECLARE
	objects integer := (SELECT count(*) FROM bench.learn_objects WHERE data = set_name);
BEGIN
	PERFORM setseed(percent / 100.0);
	WITH places AS MATERIALIZED (
		SELECT e.*, row_number() OVER (PARTITION BY vector, n ORDER BY random()) AS place,
			   1 + floor(objects * random())::integer AS random_object
		FROM (SELECT vector, k, n, e.id, row_id FROM bench.examples e, unnest(relevant) WITH ORDINALITY r(row_id, nth)
			  WHERE data = set_name AND wrong_percent = 0 ORDER BY vector, n, nth) e)
	INSERT INTO bench.examples
		SELECT set_name, vector, percent, k, p.n, p.id, array_agg(CASE WHEN place <= k * percent / 100 THEN o.id ELSE row_id END ORDER BY place)
		FROM places p JOIN bench.learn_objects o ON o.data = set_name AND o.n = random_object
		GROUP BY vector, k, p.n, p.id;
END $$;

CREATE FUNCTION bench.recalls(set_name text, vector integer, weights float8[], curve boolean DEFAULT false) RETURNS float8[]
LANGUAGE sql STABLE PARALLEL UNSAFE
RETURN (SELECT array_agg((SELECT count(*) FROM unnest(f.ids) found(id) JOIN unnest(t.ids) truth(id) USING (id)) / 50.0 ORDER BY n)
		FROM bench.neighbours(set_name, 1, bench.fresh(curve), weights, 50) f JOIN bench.truth t USING (n)
		WHERE t.data = set_name AND t.vector = recalls.vector);

CREATE FUNCTION bench.example_query(set_name text, vector integer, wrong_percent integer, k integer, examples integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN format('SELECT id, relevant FROM bench.examples WHERE (data, vector, wrong_percent, k) = (%L, %s, %s, %s) AND n <= %s ORDER BY n',
			  set_name, vector, wrong_percent, k, examples);

-- Learn, for the first so many vectors.  Few examples do not determine all
-- weights, and wrong ones may determine none; recall tells, no need for warnings.
CREATE PROCEDURE bench.learn(set_name text, vectors integer, examples integer DEFAULT 30, negatives text DEFAULT 'hard',
							 wrong_percent integer DEFAULT 0, k integer DEFAULT 50, bootstrap integer DEFAULT 0)
LANGUAGE plpgsql SET client_min_messages = error AS $$
DECLARE
	started timestamptz;
	s float8;
	outcome record;
BEGIN
	FOR v IN 1 .. vectors LOOP
		started := clock_timestamp();
		SELECT * INTO outcome FROM mm_learn_weights((set_name || '_mm')::regclass,
			bench.example_query(set_name, v, wrong_percent, k, examples), negatives => learn.negatives, bootstrap => learn.bootstrap);
		s := bench.ms_since(started) / 1000;
		INSERT INTO bench.learned VALUES (set_name, v, negatives, wrong_percent, k, examples, bootstrap, NULL,
			outcome.iterations, s, outcome.weights, bench.recalls(set_name, v, outcome.weights, examples < 30));
	END LOOP;
END $$;

-- The same, iteration by iteration.
CREATE PROCEDURE bench.trace_learning(set_name text, vectors integer, negatives text)
LANGUAGE plpgsql SET client_min_messages = error AS $$
BEGIN
	FOR v IN 1 .. vectors LOOP
		INSERT INTO bench.learned
			SELECT set_name, v, negatives, 0, 50, 30, 0, iteration, NULL, seconds, weights, bench.recalls(set_name, v, weights, true)
			FROM mm_learn_weights_trace((set_name || '_mm')::regclass, bench.example_query(set_name, v, 0, 50, 30),
										negatives => trace_learning.negatives);
	END LOOP;
END $$;

-- Many examples of few rows.
CREATE PROCEDURE bench.learn_from_many(set_name text, examples integer)
LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO bench.examples SELECT set_name, 1, 0, 10, n - 1000, id, ids
		FROM bench.neighbours(set_name, 1001, 1000 + examples, (SELECT weights FROM bench.hidden WHERE data = set_name AND vector = 1), 10);
	CALL bench.learn(set_name, 1, examples, k => 10);
	CALL bench.learn(set_name, 1, examples, k => 10, bootstrap => 100);
END $$;

DO $$
DECLARE
	set_name text;
	vectors integer := bench.queries(20);
	kind text;
	number integer;
BEGIN
	FOR set_name IN SELECT name FROM bench.sets WHERE name IN ('clipart', 'apartments', 'players') ORDER BY n LOOP
		CALL bench.hide(set_name, vectors);
		CALL bench.make_examples(set_name);
		FOREACH kind IN ARRAY '{hard,random}'::text[] LOOP
			CALL bench.learn(set_name, vectors, negatives => kind);
			FOREACH number IN ARRAY '{1,2,3,5,10,20}'::integer[] LOOP
				CALL bench.learn(set_name, bench.queries(5), number, negatives => kind);
			END LOOP;
			CALL bench.trace_learning(set_name, bench.queries(5), kind);
		END LOOP;
		FOREACH number IN ARRAY '{10,30}'::integer[] LOOP
			CALL bench.spoil_examples(set_name, number);
			CALL bench.learn(set_name, bench.queries(10), wrong_percent => number);
		END LOOP;
		CALL bench.learn(set_name, 1, bootstrap => 100);
		IF set_name = 'players' THEN
			CALL bench.learn_from_many(set_name, CASE WHEN bench.quick() THEN 100 ELSE 1000 END);
		END IF;
	END LOOP;
END $$;

-- What is said of it.  The recall of a vector is the mean of its queries'.

CREATE FUNCTION bench.mean(float8[]) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT avg(x) FROM unnest($1) x);

CREATE VIEW bench.outcomes AS
SELECT l.*, bench.mean(recalls) AS recall, h.weights AS hidden
FROM bench.learned l JOIN bench.hidden h USING (data, vector)
WHERE iteration IS NULL;

-- Errors of weights: their mean, and for vectors with zeros, the largest weight
-- learned in place of a zero.
CREATE VIEW bench.weight_errors AS
SELECT data, vector, negatives, avg(abs(w.learned - w.hidden)) AS error, max(w.learned) FILTER (WHERE w.hidden = 0) AS for_zero
FROM bench.outcomes o, unnest(o.weights, o.hidden) w(learned, hidden)
WHERE (wrong_percent, k, examples, bootstrap) = (0, 50, 30, 0)
GROUP BY data, vector, negatives;

CREATE VIEW bench.learn_summary AS
SELECT data, negatives, count(*) AS vectors,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY recall), 3) AS median_recall,
	   bench.digits(percentile_cont(0.05) WITHIN GROUP (ORDER BY recall), 3) AS p5_recall,
	   bench.digits(min(recall), 3) AS least_recall,
	   bench.digits((SELECT percentile_cont(0.05) WITHIN GROUP (ORDER BY r)
					 FROM bench.outcomes q, unnest(recalls) r
					 WHERE (q.data, q.negatives) = (o.data, o.negatives)
						   AND (wrong_percent, k, examples, bootstrap) = (0, 50, 30, 0)), 2) AS p5_of_queries,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY s), 2) AS median_s,
	   bench.digits(max(s), 2) AS most_s,
	   percentile_disc(0.5) WITHIN GROUP (ORDER BY iterations) AS iterations,
	   bench.digits(avg(error), 4) AS mean_error,
	   count(for_zero) AS with_zeros,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY for_zero), 4) AS median_for_zero,
	   bench.digits(max(for_zero), 4) AS most_for_zero
FROM bench.outcomes o JOIN bench.weight_errors USING (data, vector, negatives)
WHERE (wrong_percent, k, examples, bootstrap) = (0, 50, 30, 0)
GROUP BY data, negatives;

-- Of the vectors that were tried with each number of examples.
CREATE VIEW bench.learn_examples AS
SELECT data, negatives, examples, count(*) AS vectors,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY bench.mean(recalls[:bench.fresh(true)])), 3) AS median_recall,
	   bench.digits(min(bench.mean(recalls[:bench.fresh(true)])), 3) AS least_recall,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY s), 2) AS median_s
FROM bench.outcomes
WHERE (wrong_percent, k, bootstrap) = (0, 50, 0)
	  AND vector <= (SELECT max(vector) FROM bench.learned WHERE examples = 1)
GROUP BY data, negatives, examples;

-- Where learning has ended with fewer iterations, the last one goes on to count.
CREATE VIEW bench.learn_iterations AS
SELECT data, negatives, number AS iteration, count(*) AS vectors, count(*) FILTER (WHERE iteration = number) AS going_on,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY bench.mean(recalls)), 3) AS median_recall
FROM (SELECT data, negatives, max(iteration) AS most FROM bench.learned GROUP BY data, negatives) l,
	 generate_series(1, most) number,
	 LATERAL (SELECT DISTINCT ON (vector) iteration, recalls FROM bench.learned i
			  WHERE (i.data, i.negatives) = (l.data, l.negatives) AND iteration <= number
			  ORDER BY vector, iteration DESC) latest
GROUP BY data, negatives, number;

CREATE VIEW bench.learn_noise AS
SELECT data, o.wrong_percent, count(*) AS vectors,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY o.recall), 3) AS median_recall,
	   bench.digits(min(o.recall), 3) AS least_recall,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY clean.recall - o.recall), 3) AS median_loss,
	   bench.digits(max(clean.recall - o.recall), 3) AS most_loss,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY o.s), 2) AS median_s
FROM bench.outcomes o JOIN bench.outcomes clean USING (data, vector, negatives, k, examples, bootstrap)
WHERE (negatives, k, examples, bootstrap) = ('hard', 50, 30, 0) AND clean.wrong_percent = 0
	  AND vector <= (SELECT max(vector) FROM bench.learned WHERE wrong_percent > 0)
GROUP BY data, o.wrong_percent;

-- Of the first vector alone.
CREATE VIEW bench.learn_times AS
SELECT data, examples, k, bootstrap, iterations, bench.digits(recall, 3) AS recall, bench.digits(s, 2) AS s
FROM bench.outcomes
WHERE (vector, negatives, wrong_percent) = (1, 'hard', 0) AND examples >= 30;

\echo 'Learning from 30 examples of 50 rows:'
TABLE bench.learn_summary ORDER BY data, negatives;
\echo 'From fewer:'
TABLE bench.learn_examples ORDER BY data, negatives, examples;
\echo 'After so many iterations:'
TABLE bench.learn_iterations ORDER BY data, negatives, iteration;
\echo 'With wrong rows among the relevant ones:'
TABLE bench.learn_noise ORDER BY data, wrong_percent;
\echo 'With intervals, and from many:'
TABLE bench.learn_times ORDER BY data, examples, bootstrap;
\copy (TABLE bench.learn_summary ORDER BY data, negatives) TO PROGRAM 'cat >"$RESULTS/learn.csv"' WITH (FORMAT csv, HEADER)
\copy (TABLE bench.learn_examples ORDER BY data, negatives, examples) TO PROGRAM 'cat >"$RESULTS/learn-examples.csv"' WITH (FORMAT csv, HEADER)
\copy (TABLE bench.learn_iterations ORDER BY data, negatives, iteration) TO PROGRAM 'cat >"$RESULTS/learn-iterations.csv"' WITH (FORMAT csv, HEADER)
\copy (TABLE bench.learn_noise ORDER BY data, wrong_percent) TO PROGRAM 'cat >"$RESULTS/learn-noise.csv"' WITH (FORMAT csv, HEADER)
\copy (TABLE bench.learn_times ORDER BY data, examples, bootstrap) TO PROGRAM 'cat >"$RESULTS/learn-times.csv"' WITH (FORMAT csv, HEADER)
