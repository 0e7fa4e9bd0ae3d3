-- Tuning: what 50 steps gain over the default settings, by DDPG with each of its three
-- rewards (OneDB, figure 12), by a surrogate, and at random.
--
-- A workload is skewed if 90 % of its queries weigh two columns only, and even if all
-- columns have random weights.  Gains are of the work that is counted.  Each method
-- runs with three seeds, which also choose the queries.  What a surrogate recommends is
-- then made on the whole table, and measured with fresh queries.  Only clip-art is tuned
-- by all rewards.

CREATE TABLE bench.tuned (data text, workload text, method text, seed integer, step integer, gain float8, best float8,
	latency_ms float8, work float8, statements text[]);
CREATE TABLE bench.applied (data text, workload text, seed integer, work_before float8, work_after float8,
	ms_before float8, ms_after float8, bytes_before bigint, bytes_after bigint);

-- Query objects are rows of the table; part tells those that tune from fresh ones.
CREATE FUNCTION bench.workload(set_name text, skewed boolean, part integer, number integer) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT format('SELECT id AS key, (SELECT array_agg(CASE WHEN %L AND bench.chance(id, 7) < 0.9 '
					  'THEN CASE WHEN c IN (%s) THEN 0.5 + bench.chance(id, 10 + c) ELSE 0 END '
					  'ELSE greatest(0, 1.5 * bench.chance(id, 50 + c) - 0.5) + CASE c WHEN 1 + id %% %s THEN 0.1 ELSE 0 END END '
					  'ORDER BY c) FROM generate_series(1, %3$s) c) AS weights, 10 AS k '
					  'FROM (SELECT id FROM %I WHERE num_nulls(%s) = 0 ORDER BY hashint4(id), id LIMIT %s OFFSET %s) t',
					  skewed, CASE set_name WHEN 'players' THEN '1, 4' WHEN 'apartments' THEN '1, 3' ELSE '1, 2' END,
					  count(*), set_name, string_agg(quote_ident(column_name), ', '), number, 100 * part)
		FROM mmdb.index_columns WHERE index_name = (set_name || '_mm')::regclass);

CREATE FUNCTION bench.steps() RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN bench.quick() THEN 4 ELSE 50 END;

-- The work and the median latency of fresh queries on the index as it is.
CREATE FUNCTION bench.fresh(set_name text, skewed boolean, OUT work float8, OUT ms float8)
LANGUAGE sql VOLATILE PARALLEL UNSAFE AS $$
	SELECT min(t.work), min(t.latency_ms)
	FROM generate_series(1, 3),
		 mm_tune((set_name || '_mm')::regclass, bench.workload(set_name, skewed, 1, bench.queries(300)), 1, queries => 300,
				 knob_names => '{random_page_cost}') t
	WHERE t.step = 0;
$$;

CREATE PROCEDURE bench.tune(set_name text, skewed boolean)
LANGUAGE plpgsql AS $$
DECLARE
	name text := CASE WHEN skewed THEN 'skewed' ELSE 'even' END;
	index regclass := (set_name || '_mm')::regclass;
	run record;
BEGIN
	FOR run IN
		SELECT method, reward, seed
		FROM (VALUES ('ddpg', 'exponential'), ('ddpg', 'logarithmic'), ('ddpg', 'penalty'), ('search', 'exponential'),
				('random', 'exponential')) m(method, reward), generate_series(1, 3) seed
		WHERE reward = 'exponential' OR set_name = 'clipart'
	LOOP
		INSERT INTO bench.tuned
			SELECT set_name, name, CASE run.method WHEN 'ddpg' THEN 'ddpg, ' || run.reward ELSE run.method END, run.seed,
				   t.step, t.gain, t.best_gain, t.latency_ms, t.work, t.statements
			FROM mm_tune(index, bench.workload(set_name, skewed, 0, 60), bench.steps(), run.method, run.reward,
						 run.seed, copy_rows => 2500) t;
		COMMIT;
	END LOOP;
END $$;

-- Make what was recommended, and measure.
CREATE PROCEDURE bench.apply_tuning(set_name text, skewed boolean)
LANGUAGE plpgsql AS $$
DECLARE
	name text := CASE WHEN skewed THEN 'skewed' ELSE 'even' END;
	index regclass := (set_name || '_mm')::regclass;
	run record;
	before record;
	after record;
	size bigint;
	statement text;
BEGIN
	SELECT * INTO before FROM bench.fresh(set_name, skewed);
	size := pg_relation_size(index);
	FOR run IN SELECT * FROM bench.tuned t WHERE data = set_name AND workload = name AND method = 'search' AND step IS NULL LOOP
		FOREACH statement IN ARRAY run.statements LOOP
			EXECUTE replace(statement, 'CONCURRENTLY ', '');
		END LOOP;
		SELECT * INTO after FROM bench.fresh(set_name, skewed);
		INSERT INTO bench.applied
			VALUES (set_name, name, run.seed, before.work, after.work, before.ms, after.ms, size, pg_relation_size(index));
		EXECUTE format('ALTER INDEX %s RESET (pivots, sample_rows, fillfactor, subindexes, weights)', index);
		COMMIT;
	END LOOP;
	EXECUTE format('REINDEX INDEX %s', index);
END $$;

SELECT format('CALL bench.%s(%L, %L)', step, name, skewed)
FROM bench.sets, unnest('{true,false}'::boolean[]) skewed, unnest('{tune,apply_tuning}'::text[]) step
WHERE name IN ('clipart', 'players', 'apartments') OR name = 'metrics' AND NOT skewed ORDER BY n, skewed DESC, step DESC \gexec

-- The best advice for the skewed workloads, and what it does for fresh queries.
CREATE TABLE bench.advised (data text, change text, predicted float8, low float8, high float8, work_before float8,
	work_after float8, ms_before float8, ms_after float8);

CREATE PROCEDURE bench.advise(set_name text)
LANGUAGE plpgsql AS $$
DECLARE
	index regclass := (set_name || '_mm')::regclass;
	advice record;
	before record;
	after record;
	statement text;
BEGIN
	SELECT * INTO advice FROM mm_advise(index, bench.workload(set_name, true, 0, 60), copy_rows => 10000) WHERE rank = 1;
	SELECT * INTO before FROM bench.fresh(set_name, true);
	FOREACH statement IN ARRAY advice.statements LOOP
		EXECUTE replace(statement, 'CONCURRENTLY ', '');
	END LOOP;
	SELECT * INTO after FROM bench.fresh(set_name, true);
	INSERT INTO bench.advised
		VALUES (set_name, advice.change, advice.gain, advice.gain_low, advice.gain_high, before.work, after.work, before.ms, after.ms);
	EXECUTE format('DROP INDEX IF EXISTS %s_part', index);
	EXECUTE format('ALTER INDEX %s RESET (pivots, sample_rows, fillfactor, subindexes, weights)', index);
	EXECUTE format('REINDEX INDEX %s', index);
END $$;

SELECT format('CALL bench.advise(%L)', name) FROM bench.sets WHERE name IN ('clipart', 'players', 'apartments') ORDER BY n \gexec

CREATE VIEW bench.tuning AS
	SELECT data, workload, method, step, bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY best), 3) AS gain,
		   bench.digits(min(best), 3) AS least, bench.digits(max(best), 3) AS most
	FROM bench.tuned WHERE step IS NOT NULL GROUP BY data, workload, method, step;
-- What was recommended: what it gains in the copy, and for the queries that confirm it.
CREATE VIEW bench.tuning_results AS
	SELECT data, workload, method, bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY best), 3) AS gain,
		   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY gain), 3) AS confirmed,
		   bench.digits(min(gain), 3) AS least, bench.digits(max(gain), 3) AS most
	FROM bench.tuned WHERE step IS NULL GROUP BY data, workload, method;
CREATE VIEW bench.tuning_applied AS
	SELECT data, workload, bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY 1 - work_after / work_before), 3) AS gain,
		   bench.digits(min(1 - work_after / work_before), 3) AS least, bench.digits(max(1 - work_after / work_before), 3) AS most,
		   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY 1 - ms_after / ms_before), 3) AS less_ms,
		   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY bytes_after::float8 / bytes_before), 2) AS size
	FROM bench.applied GROUP BY data, workload;

CREATE VIEW bench.advice AS
	SELECT data, change, bench.digits(predicted, 3) AS predicted, bench.digits(low, 3) AS low, bench.digits(high, 3) AS high,
		   bench.digits(1 - work_after / work_before, 3) AS gain, bench.digits(1 - ms_after / ms_before, 3) AS less_ms
	FROM bench.advised;

SELECT * FROM bench.tuning_results ORDER BY 1, 2 DESC, 3;
SELECT * FROM bench.tuning_applied ORDER BY 1, 2 DESC;
SELECT * FROM bench.advice ORDER BY 1;
\copy (SELECT * FROM bench.tuning ORDER BY 1, 2 DESC, 3, 4) TO PROGRAM 'cat >"$RESULTS/tune.csv"' WITH (FORMAT csv, HEADER)
\copy (SELECT * FROM bench.tuning_results ORDER BY 1, 2 DESC, 3) TO PROGRAM 'cat >"$RESULTS/tune-heldout.csv"' WITH (FORMAT csv, HEADER)
\copy (SELECT * FROM bench.tuning_applied ORDER BY 1, 2 DESC) TO PROGRAM 'cat >"$RESULTS/tune-applied.csv"' WITH (FORMAT csv, HEADER)
\copy (SELECT * FROM bench.advice ORDER BY 1) TO PROGRAM 'cat >"$RESULTS/tune-advice.csv"' WITH (FORMAT csv, HEADER)
