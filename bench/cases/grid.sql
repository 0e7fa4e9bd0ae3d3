-- Does the planner choose well?  For tables of several sizes, LIMITs and filters,
-- how long the plan it chooses takes, and how long the better of two plans: by
-- the index, and the one it chooses without.
--
-- Times are those of EXPLAIN (ANALYZE, TIMING OFF), with the query object as
-- literals; of each query the best of two, of each cell the medians.

CREATE TABLE bench.grid (
	data			text,
	rows			bigint,
	k				integer,
	filter			text,			-- on which column
	percent			float8,			-- of the rows pass it
	query			integer,
	by_index		boolean,		-- chosen
	index_ms		float8,
	plain_ms		float8,
	index_cost		float8,
	plain_cost		float8,
	plain			text
);

-- Explain a statement with one kind of plan; let it run.
CREATE FUNCTION bench.explain(command text, by_index boolean) RETURNS json
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS $$
DECLARE
	explained json;
BEGIN
	PERFORM set_config('mmdb.enable_scan', by_index::text, true),
			set_config('enable_seqscan', (NOT by_index)::text, true),
			set_config('enable_indexscan', (NOT by_index)::text, true),
			set_config('enable_bitmapscan', (NOT by_index)::text, true),
			set_config('enable_sort', (NOT by_index)::text, true);
	EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ' || command INTO explained;
	PERFORM set_config('mmdb.enable_scan', 'on', true), set_config('enable_seqscan', 'on', true),
			set_config('enable_indexscan', 'on', true), set_config('enable_bitmapscan', 'on', true),
			set_config('enable_sort', 'on', true);
	RETURN explained -> 0;
END $$;

-- The kinds of nodes in a plan, but for Limit.
CREATE FUNCTION bench.nodes(plan json) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT string_agg(node[1], ' < ') FROM regexp_matches(plan::text, '"Node Type": "([^"]*)"', 'g') node WHERE node[1] <> 'Limit');

CREATE PROCEDURE bench.grid(set_name text, ks integer[], percents float8[], queries integer, filter text)
LANGUAGE plpgsql AS $$
DECLARE
	objects text[] := bench.objects(set_name, queries);
	k integer;
	percent float8;
	least_value integer;
	command text;
	free json;
	by_index json;
	plain json;
	cell bench.grid;
BEGIN
	SET LOCAL jit = off;
	SET LOCAL plan_cache_mode = force_custom_plan;
	FOREACH k IN ARRAY ks LOOP
		FOREACH percent IN ARRAY percents LOOP
			EXECUTE format('SELECT percentile_disc(1 - %s / 100.0) WITHIN GROUP (ORDER BY %I) FROM %I', percent, filter, set_name)
				INTO least_value;
			EXECUTE 'PREPARE cell AS ' || bench.nearest(set_name, NULL, k,
				CASE WHEN percent < 100 THEN format('%I >= %s', filter, least_value) ELSE 'true' END);
			FOR nth IN 1 .. cardinality(objects) LOOP
				command := format('EXECUTE cell(%s)', objects[nth]);
				EXECUTE 'EXPLAIN (FORMAT JSON) ' || command INTO free;
				cell := NULL;
				FOR round IN 1 .. 2 LOOP
					by_index := bench.explain(command, true);
					plain := bench.explain(command, false);
					cell.index_ms := least(cell.index_ms, (by_index ->> 'Execution Time')::float8);
					cell.plain_ms := least(cell.plain_ms, (plain ->> 'Execution Time')::float8);
				END LOOP;
				INSERT INTO bench.grid
					SELECT set_name, rows, k, filter, percent, nth, free::text ~ 'MMDB Scan', cell.index_ms, cell.plain_ms,
						   (by_index #>> '{Plan,Total Cost}')::float8, (plain #>> '{Plan,Total Cost}')::float8, bench.nodes(plain)
					FROM bench.sets WHERE name = set_name;
			END LOOP;
			DEALLOCATE cell;
		END LOOP;
	END LOOP;
END $$;

-- All sizes of a data set.
CREATE PROCEDURE bench.grids(set_name text, sizes bigint[], ks integer[], percents float8[], queries integer, filter text DEFAULT 'bucket')
LANGUAGE plpgsql AS $$
DECLARE
	size bigint;
	all_rows bigint;
	sample text;
BEGIN
	SELECT rows INTO all_rows FROM bench.sets WHERE name = set_name;
	IF all_rows IS NULL THEN
		RETURN;
	END IF;
	FOREACH size IN ARRAY sizes LOOP
		IF size < all_rows THEN
			sample := set_name || '_grid';
			CALL bench.sample(set_name, sample, size);
			IF filter <> 'bucket' THEN
				EXECUTE format('CREATE INDEX ON %I (%I)', sample, filter);
			END IF;
			CALL bench.grid(sample, ks, percents, queries, filter);
			UPDATE bench.grid SET data = set_name WHERE data = sample;
			CALL bench.forget(sample);
		END IF;
	END LOOP;
	CALL bench.grid(set_name, ks, percents, queries, filter);
END $$;

CREATE VIEW bench.grid_cells AS
SELECT data, rows, k, filter, percent, round(avg(by_index::integer), 2) AS chose_index,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY index_ms), 2) AS index_ms,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY plain_ms), 2) AS plain_ms,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY
			CASE WHEN by_index THEN index_ms ELSE plain_ms END / least(index_ms, plain_ms)), 2) AS ratio,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY index_cost), 0) AS index_cost,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY plain_cost), 0) AS plain_cost,
	   mode() WITHIN GROUP (ORDER BY plain) AS plain
FROM bench.grid GROUP BY data, rows, k, filter, percent;

SELECT bench.quick() AS quick \gset
\if :quick
	CALL bench.grids('clipart', '{1000}', '{10,1000}', '{100,1}', 2);
	CALL bench.grids('players', '{3000}', '{10,1000}', '{100,1}', 2);
\else
	CALL bench.grids('clipart', '{}', '{1,10,100,1000}', '{100,10,1,0.1}', 5);
	CALL bench.grids('apartments', '{1000,10000}', '{1,10,100,1000,10000}', '{100,10,1,0.1}', 5);
	CALL bench.grids('players', '{1000,3000,10000,30000}', '{1,10,100,1000,10000}', '{100,10,1,0.1}', 5);
	CALL bench.grids('players', '{10000}', '{1,10,100,1000}', '{50,10,1,0.1}', 5, 'overall');
	CALL bench.grids('air', '{10000,100000}', '{1,10,100,1000,10000}', '{100,10,1,0.1}', 3);
\endif

\echo 'The plans chosen against the better of the plans by the index and without:'
SELECT count(*) AS cells, max(ratio) AS worst_ratio, count(*) FILTER (WHERE ratio > 2) AS above_2,
	   bench.digits(100.0 * count(*) FILTER (WHERE ratio <= 1.1) / count(*), 0) AS percent_best
FROM bench.grid_cells;
\echo 'Those that take more than twice as long:'
SELECT * FROM bench.grid_cells WHERE ratio > 2 ORDER BY ratio DESC;
\copy (SELECT * FROM bench.grid_cells ORDER BY data, rows, filter, percent DESC, k) TO PROGRAM 'cat >"$RESULTS/grid.csv"' WITH (FORMAT csv, HEADER)
