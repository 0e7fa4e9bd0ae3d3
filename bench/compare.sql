-- Times queries by several sides, as a client sees them.
--
-- Each side is a session of its own, with settings of its own, that prepares a
-- statement once and executes it with each query object; this session is the
-- client.  The sides take turns, round by round, each with its queries in a row; of
-- each query the best time of some rounds counts.  All must give the same answer.

CREATE EXTENSION dblink;

CREATE TABLE bench.sides (
	side			text PRIMARY KEY,
	exact			boolean,		-- gives the same answer as mmdb
	settings		text
);
INSERT INTO bench.sides VALUES
	-- mmdb: the planner is free, as it is for users
	('mmdb', true, ''),
	('odbknn', true, ''),
	('serial', true, 'SET mmdb.enable_scan = off; SET enable_indexscan = off; SET enable_bitmapscan = off;
		SET max_parallel_workers_per_gather = 0'),
	('parallel', true, 'SET mmdb.enable_scan = off; SET enable_indexscan = off; SET enable_bitmapscan = off'),
	('btree', true, 'SET mmdb.enable_scan = off; SET enable_seqscan = off'),
	('others', false, 'SET max_parallel_workers_per_gather = 0'),
	('isolated', false, '');

-- A query that was run: the number'th object of a benchmark, for one value of
-- what it varies, by one side.
CREATE TABLE bench.runs (
	n				integer GENERATED ALWAYS AS IDENTITY,
	benchmark		text,
	data			text,
	variant			text,
	x				float8,
	side			text REFERENCES bench.sides,
	query			integer,
	ms				float8,
	rows			integer,
	recall			float8,
	PRIMARY KEY (benchmark, data, variant, x, side, query)
);

-- What mmdb did for it.
CREATE TABLE bench.work (
	benchmark		text,
	data			text,
	variant			text,
	x				float8,
	query			integer,
	by_index		boolean,		-- or else, the planner chose another plan
	inner_pages		bigint,
	leaf_pages		bigint,
	bounded			bigint,
	candidates		bigint,
	verified		bigint,
	distances		bigint,
	memory_kb		bigint,
	PRIMARY KEY (benchmark, data, variant, x, query)
);

-- Have a side's session prepare a statement.
CREATE PROCEDURE bench.prepare(side_name text, statement text)
LANGUAGE plpgsql AS $$
BEGIN
	IF NOT side_name = ANY (coalesce(dblink_get_connections(), '{}')) THEN
		PERFORM dblink_connect(side_name, format('dbname=%s host=%s port=%s user=%s', current_database(),
				current_setting('unix_socket_directories'), current_setting('port'), current_user)),
			dblink_exec(side_name, 'LOAD ''mmdb''; SET jit = off; ' || settings) FROM bench.sides WHERE side = side_name;
	END IF;
	PERFORM dblink_exec(side_name, 'DEALLOCATE ALL'), dblink_exec(side_name, 'PREPARE query AS ' || statement);
END $$;

-- Execute it: the rows, in order of distance, and how long they took.
CREATE PROCEDURE bench.execute(side text, object text, INOUT ms float8, INOUT ids bigint[], INOUT distances float8[])
LANGUAGE plpgsql AS $$
DECLARE
	started timestamptz := clock_timestamp();
BEGIN
	SELECT array_agg(id), array_agg(distance) INTO ids, distances
		FROM dblink(side, format('EXECUTE query(%s)', object)) answer(id bigint, distance float8);
	ms := bench.ms_since(started);
	SELECT array_agg(id ORDER BY distance, id), array_agg(distance ORDER BY distance) INTO ids, distances
		FROM unnest(ids, distances) answer(id, distance);
END $$;

-- What makes answers the same: the distances, and which rows have them, save for
-- ties with the last.
CREATE FUNCTION bench.digest(ids bigint[], distances float8[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN md5(distances::text ||
		   (SELECT coalesce(array_agg(id), '{}')::text FROM unnest(ids, distances) t(id, distance)
			WHERE distance < distances[cardinality(distances)]));

-- Compare sides.  A statement for each, or one for all; the first side, mmdb, runs
-- all objects, the others the first few.
CREATE PROCEDURE bench.compare(benchmark text, data text, variant text, x float8, statements text[], objects text[],
							   sides text[], few integer, rounds integer DEFAULT 3)
LANGUAGE plpgsql AS $$
DECLARE
	side text;
	backwards text[] := ARRAY(SELECT s FROM unnest(sides) WITH ORDINALITY t(s, n) ORDER BY n DESC);
	ms float8;
	ids bigint[];
	distances float8[];
	answers text[];
	farthest float8[];
	exact_sides text[] := ARRAY(SELECT s.side FROM bench.sides s WHERE exact);
BEGIN
	FOR i IN 1 .. cardinality(sides) LOOP
		CALL bench.prepare(sides[i], coalesce(statements[i], statements[1]));
	END LOOP;
	FOR round IN 1 .. rounds LOOP
		FOREACH side IN ARRAY CASE WHEN round % 2 = 0 THEN backwards ELSE sides END LOOP
			FOR nth IN 1 .. CASE WHEN side = sides[1] THEN cardinality(objects) ELSE least(few, cardinality(objects)) END LOOP
				CALL bench.execute(side, objects[nth], ms, ids, distances);
				answers[nth] := coalesce(answers[nth], bench.digest(ids, distances));
				farthest[nth] := coalesce(farthest[nth], distances[cardinality(distances)]);
				IF side = ANY (exact_sides) AND bench.digest(ids, distances) IS DISTINCT FROM answers[nth] THEN
					RAISE 'wrong answer: %, %, % %, query %: by % not what was found before', benchmark, data, variant, x, nth, side
						USING DETAIL = format('ids %s, distances %s', ids, distances), HINT = objects[nth];
				END IF;
				INSERT INTO bench.runs AS r (benchmark, data, variant, x, side, query, ms, rows, recall)
					VALUES (benchmark, data, variant, x, side, nth, ms, coalesce(cardinality(ids), 0),
							(SELECT count(*) FROM unnest(distances) d WHERE d <= farthest[nth])::float8 / nullif(cardinality(ids), 0))
					ON CONFLICT ON CONSTRAINT runs_pkey DO UPDATE SET ms = least(r.ms, excluded.ms);
			END LOOP;
		END LOOP;
	END LOOP;
	FOR nth IN 1 .. cardinality(objects) LOOP
		CALL bench.count_work(benchmark, data, variant, x, nth, objects[nth]);
	END LOOP;
END $$;

-- Have mmdb's session explain what it did.
CREATE PROCEDURE bench.count_work(benchmark text, data text, variant text, x float8, query integer, object text)
LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO bench.work
		SELECT benchmark, data, variant, x, query, node IS NOT NULL, (node ->> 'Inner Pages')::bigint, (node ->> 'Leaf Pages')::bigint,
			   (node ->> 'Entries Bounded')::bigint, (node ->> 'Candidates')::bigint, (node ->> 'Rows Verified')::bigint,
			   (SELECT sum(substring(d FROM '\d+$')::bigint) FROM jsonb_array_elements_text(node -> 'Distances Computed') d),
			   (node ->> 'Peak Queue Memory')::bigint
		FROM dblink('mmdb', format('EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE query(%s)', object)) answer(plan jsonb),
			 jsonb_path_query_first(plan, 'strict $.** ? (@."Custom Plan Provider" == "MMDB Scan")') node;
END $$;
