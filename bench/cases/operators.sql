-- The operators alone: a sequential scan of the players by mmdb's, and by those of
-- pgvector, fuzzystrmatch and PostgreSQL, without indexes and parallel workers.

CREATE TABLE bench.operators (
	what			text,
	side			text,
	ns_per_row		float8
);

CREATE PROCEDURE bench.compare_operators(queries integer)
LANGUAGE plpgsql AS $$
DECLARE
	statement text := bench.nearest('players');
	others text;
	query record;
	started timestamptz;
BEGIN
	CREATE EXTENSION IF NOT EXISTS vector;
	CREATE EXTENSION fuzzystrmatch;
	CREATE TABLE players_others AS SELECT id, skills::real[]::vector AS skills, ratings::real[]::vector AS ratings, name, value, age,
		height, weight FROM players ORDER BY id;
	ANALYZE players_others;
	COMMIT;
	others := replace(regexp_replace(statement, 'FROM players', 'FROM players_others'), 'COALESCE(', 'coalesce(');
	others := regexp_replace(others, '\((skills|ratings) <-> \$(\d)\)', '(\1 <-> $\2::vector)', 'g');
	others := regexp_replace(others, '\(name <~> \$(\d)\)', 'levenshtein(name, $\1)', 'g');
	others := regexp_replace(others, '\((\w+) <\+> \$(\d)\)', 'abs(\1 - $\2)', 'g');
	CALL bench.compare('operators', 'players', '', 10, ARRAY[statement, statement, others], bench.objects('players', queries),
		'{mmdb,serial,others}', queries);

	SET LOCAL jit = off;
	SET LOCAL max_parallel_workers_per_gather = 0;
	FOR round IN 1 .. 5 LOOP
		FOR query IN SELECT * FROM (VALUES
			('scan', 'mmdb', 'sum(id) FROM players'), ('scan', 'others', 'sum(id) FROM players_others'),
			('skills', 'mmdb', 'sum(skills <-> (SELECT skills FROM players WHERE id = 1)) FROM players'),
			('skills', 'others', 'sum(skills <-> (SELECT skills FROM players_others WHERE id = 1)) FROM players_others'),
			('name', 'mmdb', 'sum(name <~> ''Cristiano Ronaldo'') FROM players'),
			('name', 'others', 'sum(levenshtein(name, ''Cristiano Ronaldo'')) FROM players_others'),
			('age', 'mmdb', 'sum(age <+> 30) FROM players'), ('age', 'others', 'sum(abs(age - 30)) FROM players_others')) v(what, side, sql)
		LOOP
			started := clock_timestamp();
			EXECUTE 'SELECT ' || query.sql;
			INSERT INTO bench.operators SELECT query.what, query.side, 1e6 * bench.ms_since(started) / rows FROM bench.sets WHERE name = 'players';
		END LOOP;
	END LOOP;
	DROP TABLE players_others;
END $$;

SELECT bench.have('players') AND EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector') AS have_both \gset
\if :have_both
	CALL bench.compare_operators(bench.queries(15));
	\echo 'Each operator over the whole table, nanoseconds a row, with those of the scan:'
	SELECT what, side, bench.digits(min(ns_per_row), 0) AS ns_per_row FROM bench.operators GROUP BY what, side ORDER BY what, side;
\else
	\echo 'Skipped, as it needs the players and pgvector.'
\endif
