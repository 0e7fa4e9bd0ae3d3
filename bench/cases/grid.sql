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
	CALL bench.grids('clusters', '{10000}', '{1,10,100,1000,10000}', '{100,10,1,0.1}', 5);
	CALL bench.grids('vectors', '{3000}', '{1,10,100,1000}', '{100,10,1,0.5,0.1}', 5);
\endif

\echo 'The plans chosen against the better of the plans by the index and without:'
SELECT count(*) AS cells, max(ratio) AS worst_ratio, count(*) FILTER (WHERE ratio > 2) AS above_2,
	   bench.digits(100.0 * count(*) FILTER (WHERE ratio <= 1.1) / count(*), 0) AS percent_best
FROM bench.grid_cells;
\echo 'Those that take more than twice as long:'
SELECT * FROM bench.grid_cells WHERE ratio > 2 ORDER BY ratio DESC;
\copy (SELECT * FROM bench.grid_cells ORDER BY data, rows, filter, percent DESC, k) TO PROGRAM 'cat >"$RESULTS/grid.csv"' WITH (FORMAT csv, HEADER)

-- Radii, joins and large offsets.  A statement's plan is compared with those that the
-- planner makes when it must do without this or that.
CREATE TABLE bench.statements (
	name			text PRIMARY KEY,
	statement		text			-- with the value of an object for %s
);
CREATE TABLE bench.variants (
	variant			text PRIMARY KEY,
	settings		text[]			-- that are off
);
INSERT INTO bench.variants VALUES ('as planned', '{}'), ('no mmdb scan', '{mmdb.enable_scan}'),
	('no index scan', '{mmdb.enable_scan,enable_indexscan}'),
	('no table scan', '{enable_seqscan}'), ('no sort', '{enable_sort}'),
	('no nested loop', '{enable_nestloop}'), ('no other join', '{enable_hashjoin,enable_mergejoin}'),
	('no scan of tables, no other join', '{enable_seqscan,enable_hashjoin,enable_mergejoin}');
CREATE TABLE bench.variant_runs (
	name			text,
	query			integer,
	variant			text,
	plan			text,			-- its nodes
	by_index		boolean,
	ms				float8,
	estimated		float8,			-- rows of the topmost node that has more than one
	actual			float8
);

-- The topmost node of a plan that does not just count or limit.
CREATE FUNCTION bench.counted(plan json) RETURNS json
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
	WHILE plan ->> 'Node Type' IN ('Aggregate', 'Limit', 'Gather') LOOP
		plan := plan #> '{Plans,0}';
	END LOOP;
	RETURN plan;
END $$;

CREATE PROCEDURE bench.try(statement_name text, data text, queries integer)
LANGUAGE plpgsql AS $$
DECLARE
	objects text[];
	form text;
	settings text[];
	tried text;
	explained json;
	best float8;
	took float8;
BEGIN
	SELECT statement INTO form FROM bench.statements WHERE name = statement_name;
	objects := bench.objects(data, queries);
	SET LOCAL jit = off;
	FOR nth IN 1 .. cardinality(objects) LOOP
		FOR tried, settings IN SELECT * FROM bench.variants LOOP
			PERFORM set_config(s, 'off', true) FROM unnest(settings) s;
			best := NULL;
			FOR round IN 1 .. 2 LOOP
				EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ' || replace(form, '%s', objects[nth]) INTO explained;
				took := (explained #>> '{0,Execution Time}')::float8;
				best := least(best, took);
				EXIT WHEN took > 500;
			END LOOP;
			PERFORM set_config(s, 'on', true) FROM unnest(settings) s;
			INSERT INTO bench.variant_runs
				SELECT statement_name, nth, tried, bench.nodes(explained), explained::text ~ 'MMDB Scan', best,
					   (node ->> 'Plan Rows')::float8, (node ->> 'Actual Rows')::float8
				FROM bench.counted(explained #> '{0,Plan}') node;
		END LOOP;
	END LOOP;
END $$;

CREATE TABLE notes AS SELECT id AS vector, 'note ' || id AS note FROM generate_series(1, 100000) id;
CREATE INDEX ON notes (vector);
VACUUM ANALYZE notes;
INSERT INTO bench.statements VALUES
	('16-d: 10 within a small radius', 'SELECT id FROM clusters WHERE v <-> %s < 0.5 LIMIT 10'),
	('16-d: is there one within a small radius', 'SELECT FROM clusters WHERE v <-> %s < 0.4 AND id > 0 LIMIT 1'),
	('16-d: a cluster, left join', 'SELECT count(note) FROM clusters LEFT JOIN notes ON vector = id WHERE v <-> %s <= 2'),
	('16-d: a cluster, semi-join', 'SELECT count(*) FROM clusters WHERE v <-> %s <= 2 AND EXISTS (SELECT FROM notes WHERE vector = id)'),
	('16-d: a cluster, anti-join', 'SELECT count(*) FROM clusters WHERE v <-> %s <= 2 AND NOT EXISTS (SELECT FROM notes WHERE vector = id)'),
	('16-d: a cluster, self-join of its buckets', 'SELECT count(*) FROM clusters a JOIN clusters b USING (bucket) WHERE a.v <-> %s <= 2 AND b.v <-> %s <= 2'),
	('16-d: all without a near duplicate, of 500', 'SELECT count(*) FROM clusters a WHERE id <= 500 AND v <-> %s > 0 AND NOT EXISTS (SELECT FROM clusters b WHERE b.v <-> a.v < 0.4 AND b.id <> a.id)'),
	('16-d: all with a near duplicate, of 500', 'SELECT count(*) FROM clusters a WHERE id <= 500 AND v <-> %s > 0 AND EXISTS (SELECT FROM clusters b WHERE b.v <-> a.v < 0.4 AND b.id <> a.id)'),
	('16-d: nearest first, all', 'SELECT id FROM clusters ORDER BY v <-> %s'),
	('16-d: nearest first, offset 50,000', 'SELECT id FROM clusters ORDER BY v <-> %s OFFSET 50000 LIMIT 10'),
	('16-d: nearest first, offset 1,000', 'SELECT id FROM clusters ORDER BY v <-> %s OFFSET 1000 LIMIT 10'),
	('16-d: a cluster, nearest first', 'SELECT id FROM clusters WHERE v <-> %s <= 2 ORDER BY v <-> %s'),
	('768-d: 10 within a small radius', 'SELECT id FROM vectors WHERE v <-> %s < 0.4 LIMIT 10'),
	('768-d: is there one within a small radius', 'SELECT FROM vectors WHERE v <-> %s < 0.1 AND id > 0 LIMIT 1'),
	('768-d: duplicates of 20', 'SELECT a.id, b.id FROM vectors a JOIN vectors b ON a.id < b.id AND a.v <-> b.v < 0.2 WHERE a.id <= 20 AND a.v <-> %s >= 0'),
	('768-d: a cluster, left join', 'SELECT count(note) FROM vectors LEFT JOIN notes ON vector = id WHERE v <-> %s <= 1'),
	('768-d: nearest first, all', 'SELECT id FROM vectors ORDER BY v <-> %s'),
	('768-d: nearest first, offset 15,000', 'SELECT id FROM vectors ORDER BY v <-> %s OFFSET 15000 LIMIT 10'),
	('768-d: 10 nearest of 0.5 %', 'SELECT id FROM vectors WHERE bucket < 5 ORDER BY v <-> %s LIMIT 10');
SELECT format('CALL bench.try(%L, %L, %s)', name, CASE WHEN name ~ '^16' THEN 'clusters' ELSE 'vectors' END, bench.queries(2))
FROM bench.statements ORDER BY name \gexec

-- Some variants are the same plan: of a plan, its best time counts.
CREATE VIEW bench.choices AS
WITH plans AS (
	SELECT name, query, plan, min(ms) AS ms, string_agg(variant, ', ' ORDER BY variant) AS variants,
		   bool_or(variant = 'as planned') AS planned, bool_or(by_index) AS by_index, min(estimated) AS estimated, max(actual) AS actual
	FROM bench.variant_runs GROUP BY name, query, plan),
	ranked AS (SELECT *, min(ms) OVER (PARTITION BY name, query) AS best_ms, first_value(plan) OVER (PARTITION BY name, query ORDER BY ms) AS best FROM plans)
SELECT name, round(avg(by_index::integer), 2) AS chose_index, bench.digits(avg(ms), 2) AS planned_ms, bench.digits(avg(best_ms), 2) AS best_ms,
	   bench.digits(avg(ms / best_ms), 2) AS ratio, max(plan) AS plan, max(best) AS best,
	   bench.digits(avg(estimated), 0) AS rows_estimated, bench.digits(avg(actual), 0) AS rows_actual
FROM ranked WHERE planned GROUP BY name;
\echo 'Radii, joins and large offsets: the plan chosen against the best of the variants:'
SELECT * FROM bench.choices ORDER BY name;
\copy (SELECT * FROM bench.choices ORDER BY name) TO PROGRAM 'cat >"$RESULTS/choices.csv"' WITH (FORMAT csv, HEADER)
