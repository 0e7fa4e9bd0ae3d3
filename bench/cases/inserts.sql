-- Building and inserting: all indexes; the players, inserted into a table with
-- indexes; and the mmdb index that this makes, searched.

CREATE TABLE bench.inserts (
	n				integer GENERATED ALWAYS AS IDENTITY,
	what			text,
	rows			bigint,
	s				float8
);

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
	INSERT INTO bench.inserts (what, rows, s) VALUES (what, inserted, bench.ms_since(started) / 1000);
END $$;

CREATE PROCEDURE bench.insert_players()
LANGUAGE plpgsql AS $$
BEGIN
	FOR round IN 1 .. bench.queries(2) LOOP
		CALL bench.insert('no index', 'players', 'plain');
		CALL bench.insert('one B-tree of 7 columns', 'players', 'plain',
			'CREATE INDEX ON t (skills, ratings, name, value, age, height, weight)');
		CALL bench.insert('7 B-trees of one column', 'players', 'plain',
			'CREATE INDEX ON t (skills)', 'CREATE INDEX ON t (ratings)', 'CREATE INDEX ON t (name)', 'CREATE INDEX ON t (value)',
			'CREATE INDEX ON t (age)', 'CREATE INDEX ON t (height)', 'CREATE INDEX ON t (weight)');
		CALL bench.insert('mmdb of 7 columns', 'players', 'players_inserted',
			'CREATE INDEX players_inserted_mm ON t USING mmdb (skills, ratings, name, value, age, height, weight)');
	END LOOP;
	DROP TABLE plain;
	CALL bench.add_set('players_inserted', NULL);
	ANALYZE players_inserted;
	COMMIT;
	CALL bench.compare('inserts', 'players_inserted', '', 10, ARRAY[bench.nearest('players_inserted')],
		bench.objects('players_inserted', bench.queries(100)), '{mmdb,serial}', bench.queries(10));
END $$;

CREATE VIEW bench.insert_rates AS
SELECT what, max(rows) AS rows, bench.digits(max(rows / s), 0) AS rows_per_s,
	   bench.digits((SELECT min(s) FROM bench.inserts WHERE what = 'no index') / min(s), 3) AS of_no_index
FROM bench.inserts GROUP BY what ORDER BY min(n);

SELECT bench.have('players') AS have_players \gset
\if :have_players
	CALL bench.insert_players();
	\echo 'Inserts into an empty table (the better of two rounds):'
	TABLE bench.insert_rates;
	\copy (TABLE bench.insert_rates) TO PROGRAM 'cat >"$RESULTS/insert-rates.csv"' WITH (FORMAT csv, HEADER)
\endif
\echo 'Indexes, with the default settings of PostgreSQL:'
TABLE bench.sizes;
\copy (TABLE bench.sizes) TO PROGRAM 'cat >"$RESULTS/indexes.csv"' WITH (FORMAT csv, HEADER)
