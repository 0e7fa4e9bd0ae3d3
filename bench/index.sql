-- What bench/index measures with: procedures that build an index and time
-- searches, and the tables they fill.

SET client_min_messages = warning;
CREATE EXTENSION mmdb;
SELECT count(*) > 0 AS have_prewarm FROM pg_available_extensions WHERE name = 'pg_prewarm' \gset
\if :have_prewarm
CREATE EXTENSION pg_prewarm;
\endif

CREATE SCHEMA bench;

-- A data set: a table of this name, with a key "id", and its index, name_mm.
CREATE TABLE bench.sets (
	n				integer GENERATED ALWAYS AS IDENTITY,
	name			text PRIMARY KEY,
	rows			bigint,
	columns			integer,
	build_s			float8,
	index_blocks	bigint,
	table_bytes		bigint
);

-- A search: the query'th of a data set, run by the index or by a scan of the
-- table, serial or parallel: the best time of some rounds, and what the index
-- did for it.
CREATE TABLE bench.searches (
	name			text REFERENCES bench.sets,
	query			integer,
	side			text,
	ms				float8,
	candidates		bigint,
	fetched			bigint,
	blocks			bigint,
	gave_up			boolean,		-- the index left it to a scan
	PRIMARY KEY (name, query, side)
);

CREATE TABLE bench.inserts (
	n				integer GENERATED ALWAYS AS IDENTITY,
	what			text,
	rows			bigint,
	s				float8
);

CREATE FUNCTION bench.seconds_since(started timestamptz) RETURNS float8
LANGUAGE sql AS 'SELECT extract(epoch FROM clock_timestamp() - started)::float8';

-- Write down a data set whose index took so long to build.
CREATE PROCEDURE bench.add_set(set_name text, build_s float8)
LANGUAGE plpgsql AS $$
DECLARE
	index regclass := set_name || '_mm';
	number_of_rows bigint;
BEGIN
	EXECUTE format('SELECT count(*) FROM %I', set_name) INTO number_of_rows;
	INSERT INTO bench.sets (name, rows, columns, build_s, index_blocks, table_bytes)
	VALUES (set_name, number_of_rows,
			(SELECT count(*) FROM mmdb.index_columns WHERE index_name = index), build_s,
			pg_relation_size(index) / current_setting('block_size')::integer, pg_table_size(set_name));
END $$;

CREATE PROCEDURE bench.build(set_name text, columns text)
LANGUAGE plpgsql AS $$
DECLARE
	started timestamptz := clock_timestamp();
BEGIN
	EXECUTE format('CREATE INDEX %I ON %I USING mmdb (%s)', set_name || '_mm', set_name, columns);
	CALL bench.add_set(set_name, bench.seconds_since(started));
END $$;

-- Search for the k = 10 nearest of rows that the table has: so many, and the
-- first of them by a scan as well, the sides taking turns, in some rounds.  All
-- must find the same distances and rows, save for ties with the last.
CREATE PROCEDURE bench.search(set_name text, queries integer, scans integer, rounds integer DEFAULT 3)
LANGUAGE plpgsql AS $$
DECLARE
	index regclass := set_name || '_mm';
	relation regclass := set_name;
	columns text;
	ids integer[];
	round integer;
	nth integer;
	object record;
	sides text[];
	side text;
	started timestamptz;
	ms float8;
	found float8[];
	found_ids integer[];
	answer text;
	expected text;
	candidates bigint;
	fetched bigint;
	blocks bigint;
	table_scans bigint;
BEGIN
	SET LOCAL jit = off;
	IF to_regproc('pg_prewarm') IS NOT NULL THEN
		PERFORM pg_prewarm(relation), pg_prewarm(index);
	END IF;
	SELECT string_agg(quote_ident(column_name), ', ' ORDER BY column_number) INTO columns
		FROM mmdb.index_columns WHERE index_name = index;
	EXECUTE format('SELECT array_agg(id) FROM (SELECT id FROM %I ORDER BY hashint4(id::integer), id LIMIT %s) t',
				   set_name, queries) INTO ids;

	FOR round, nth IN SELECT r, q FROM generate_series(1, rounds) r, generate_series(1, queries) q ORDER BY r, q LOOP
		EXECUTE format('SELECT %s FROM %I WHERE id = $1', columns, set_name) INTO object USING ids[nth];
		expected := NULL;
		sides := CASE WHEN nth > scans THEN '{index}'
					  WHEN (nth + round) % 2 = 0 THEN '{index,serial,parallel}'
					  ELSE '{parallel,serial,index}' END;
		FOREACH side IN ARRAY sides LOOP
			PERFORM set_config('enable_indexscan', (side = 'index')::text, true),
					set_config('max_parallel_workers_per_gather', CASE side WHEN 'parallel' THEN '2' ELSE '0' END, true);
			candidates := pg_stat_get_xact_tuples_returned(index);
			fetched := pg_stat_get_xact_tuples_fetched(index);
			blocks := pg_stat_get_xact_blocks_fetched(index);
			table_scans := pg_stat_get_xact_numscans(relation);
			started := clock_timestamp();
			EXECUTE format('SELECT array_agg(distance), array_agg((obj).id) FROM odbknn(NULL::%I, $1, NULL, 10)', set_name)
				INTO found, found_ids USING object;
			ms := 1000 * bench.seconds_since(started);
			SELECT found::text || coalesce(array_agg(id ORDER BY distance, id) FILTER (WHERE distance < found[10]), '{}')::text
				INTO answer FROM unnest(found, found_ids) t(distance, id);
			IF answer IS NULL OR answer <> coalesce(expected, answer) THEN
				RAISE 'wrong answer: %, query %, id %: by %: %, but before: %', set_name, nth, ids[nth], side, answer, expected;
			END IF;
			expected := answer;
			INSERT INTO bench.searches AS s VALUES (set_name, nth, side, ms,
					pg_stat_get_xact_tuples_returned(index) - candidates, pg_stat_get_xact_tuples_fetched(index) - fetched,
					pg_stat_get_xact_blocks_fetched(index) - blocks, pg_stat_get_xact_numscans(relation) > table_scans)
				ON CONFLICT ON CONSTRAINT searches_pkey DO UPDATE SET ms = least(s.ms, excluded.ms);
		END LOOP;
		PERFORM set_config('enable_indexscan', 'on', true);
	END LOOP;
END $$;

-- Insert a table's rows into an empty one like it, with indexes.
CREATE PROCEDURE bench.insert(what text, source regclass, target text, VARIADIC indexes text[] DEFAULT '{}')
LANGUAGE plpgsql AS $$
DECLARE
	definition text;
	inserted bigint;
	started timestamptz;
BEGIN
	EXECUTE format('DROP TABLE IF EXISTS %I', target);
	EXECUTE format('CREATE TABLE %I (LIKE %s)', target, source);
	FOREACH definition IN ARRAY indexes LOOP
		EXECUTE replace(definition, 'ON t', format('ON %I', target));
	END LOOP;
	started := clock_timestamp();
	EXECUTE format('INSERT INTO %I SELECT * FROM %s', target, source);
	GET DIAGNOSTICS inserted = ROW_COUNT;
	INSERT INTO bench.inserts (what, rows, s) VALUES (what, inserted, bench.seconds_since(started));
END $$;

-- What to print.

CREATE FUNCTION bench.digits(float8, integer DEFAULT 1) RETURNS numeric
LANGUAGE sql AS 'SELECT round($1::numeric, $2)';

CREATE VIEW bench.sizes AS
SELECT n, name, rows, columns, bench.digits(build_s) AS build_s,
	   bench.digits(index_blocks * current_setting('block_size')::integer / 1e6) AS index_mb,
	   bench.digits(table_bytes / 1e6) AS table_mb,
	   bench.digits(index_blocks * current_setting('block_size')::integer / table_bytes::float8, 2) AS index_by_table
FROM bench.sets;

CREATE VIEW bench.latencies AS
SELECT n, name, count(*) AS queries, bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY ms), 2) AS median_ms,
	   bench.digits(percentile_cont(0.95) WITHIN GROUP (ORDER BY ms), 2) AS p95_ms, bench.digits(max(ms), 2) AS most_ms
FROM bench.sets JOIN bench.searches USING (name) WHERE side = 'index' GROUP BY n, name;

-- Of the queries that both sides ran.
CREATE VIEW bench.ratios AS
SELECT n, name, s.side, count(*) AS queries, bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY s.ms), 1) AS median_ms,
	   bench.digits(percentile_cont(0.95) WITHIN GROUP (ORDER BY s.ms), 1) AS p95_ms,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY s.ms) / percentile_cont(0.5) WITHIN GROUP (ORDER BY i.ms), 2) AS ratio_of_medians,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY s.ms / i.ms), 2) AS median_of_ratios,
	   bench.digits(min(s.ms / i.ms), 2) AS least_ratio
FROM bench.sets JOIN bench.searches s USING (name) JOIN bench.searches i USING (name, query)
WHERE s.side <> 'index' AND i.side = 'index' GROUP BY n, name, s.side;

CREATE VIEW bench.work AS
SELECT n, name, percentile_disc(0.5) WITHIN GROUP (ORDER BY candidates) AS candidates,
	   percentile_disc(0.5) WITHIN GROUP (ORDER BY fetched) AS fetched,
	   percentile_disc(0.95) WITHIN GROUP (ORDER BY fetched) AS fetched_p95,
	   bench.digits(100.0 * percentile_disc(0.5) WITHIN GROUP (ORDER BY fetched) / rows, 3) AS fetched_percent,
	   percentile_disc(0.5) WITHIN GROUP (ORDER BY blocks) AS blocks,
	   bench.digits(100.0 * percentile_disc(0.5) WITHIN GROUP (ORDER BY blocks) / index_blocks, 1) AS blocks_percent,
	   count(*) FILTER (WHERE gave_up) AS gave_up
FROM bench.sets JOIN bench.searches USING (name) WHERE side = 'index' GROUP BY n, name, rows, index_blocks;

CREATE VIEW bench.insert_rates AS
SELECT min(n) AS n, what, max(rows) AS rows, bench.digits(max(rows / s), 0) AS rows_per_s,
	   bench.digits((SELECT min(s) FROM bench.inserts WHERE what = 'no index') / min(s), 3) AS of_no_index
FROM bench.inserts GROUP BY what;
