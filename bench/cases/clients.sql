-- Many clients at once, and buffers that do not hold what a search reads: the ten
-- nearest players.

CREATE TABLE bench.client_objects AS SELECT n::integer, object FROM unnest(bench.objects('players', 100)) WITH ORDINALITY o(object, n);
ALTER TABLE bench.client_objects ADD PRIMARY KEY (n);

CREATE FUNCTION bench.search_one(n integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	found record;
BEGIN
	IF NOT EXISTS (SELECT FROM pg_prepared_statements WHERE name = 'client') THEN
		EXECUTE 'PREPARE client AS ' || bench.nearest('players');
	END IF;
	FOR found IN EXECUTE (SELECT format('EXECUTE client(%s)', object) FROM bench.client_objects o WHERE o.n = $1) LOOP
	END LOOP;
END $$;

-- Searches a second, by the number of clients.
CREATE TABLE bench.clients (clients integer, searches_per_s float8);
\set seconds `[ "${QUICK:-0}" = 1 ] && echo 1 || echo 10`
\setenv SECONDS_EACH :seconds
\set one `pgbench -n -T $SECONDS_EACH -c 1 -f bench/cases/clients.pgbench 2>/dev/null | sed -n 's/^tps = \([0-9.]*\).*/\1/p'`
\set two `pgbench -n -T $SECONDS_EACH -c 2 -j 2 -f bench/cases/clients.pgbench 2>/dev/null | sed -n 's/^tps = \([0-9.]*\).*/\1/p'`
\set eight `pgbench -n -T $SECONDS_EACH -c 8 -j 2 -f bench/cases/clients.pgbench 2>/dev/null | sed -n 's/^tps = \([0-9.]*\).*/\1/p'`
INSERT INTO bench.clients VALUES (1, :one), (2, :two), (8, :eight);
\echo 'Searches a second, of all clients together:'
SELECT clients, bench.digits(searches_per_s, 0) AS searches_per_s,
	   bench.digits(searches_per_s / (SELECT searches_per_s FROM bench.clients WHERE clients = 1), 2) AS of_one_client
FROM bench.clients ORDER BY clients;

-- Buffers: a search when all of its pages are in shared buffers, and one when none is
-- (they are in the operating system's cache then).  Another table, as large as all
-- buffers, takes their place in between.
CREATE TABLE bench.filler (filling text);
ALTER TABLE bench.filler ALTER filling SET STORAGE PLAIN;
INSERT INTO bench.filler SELECT repeat('x', 7000)
	FROM generate_series(1, (SELECT setting::bigint FROM pg_settings WHERE name = 'shared_buffers') * 11 / 10);
CREATE TABLE bench.buffers (n integer, cold boolean, ms float8, hit bigint, read bigint);
CREATE PROCEDURE bench.count_buffers(number integer)
LANGUAGE plpgsql AS $$
DECLARE
	n integer;
	object text;
	plan jsonb;
	cold boolean;
BEGIN
	EXECUTE 'PREPARE buffers AS ' || bench.nearest('players');
	FOR n, object IN SELECT o.n, o.object FROM bench.client_objects o WHERE o.n <= number ORDER BY o.n LOOP
		FOREACH cold IN ARRAY '{true,false}'::boolean[] LOOP
			IF cold THEN
				PERFORM pg_prewarm('bench.filler');
			END IF;
			EXECUTE format('EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) EXECUTE buffers(%s)', object) INTO plan;
			INSERT INTO bench.buffers VALUES (n, cold, (plan #>> '{0,Execution Time}')::float8,
				(plan #>> '{0,Plan,Shared Hit Blocks}')::bigint, (plan #>> '{0,Plan,Shared Read Blocks}')::bigint);
		END LOOP;
	END LOOP;
	DEALLOCATE buffers;
END $$;
CALL bench.count_buffers(bench.queries(30));
DROP TABLE bench.filler;
\echo 'Blocks of a search (medians):'
SELECT cold, bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY ms), 2) AS ms,
	   percentile_disc(0.5) WITHIN GROUP (ORDER BY hit) AS hit, percentile_disc(0.5) WITHIN GROUP (ORDER BY read) AS read,
	   percentile_disc(0.95) WITHIN GROUP (ORDER BY read) AS read_p95
FROM bench.buffers GROUP BY cold ORDER BY cold;
