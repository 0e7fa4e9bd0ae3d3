-- The ten nearest, all weights equal: each data set, as SQL and by odbknn, against
-- sequential scans.

-- The same query as bench.nearest, by odbknn.
CREATE FUNCTION bench.odbknn(set_name text, k integer DEFAULT 10) RETURNS text
LANGUAGE sql STABLE PARALLEL RESTRICTED
RETURN (SELECT format('SELECT (obj).id, distance FROM odbknn(NULL::%I, ROW(%s), NULL, %s)', set_name,
					  string_agg(format('$%s::%s', column_number, type), ', ' ORDER BY column_number), k)
		FROM mmdb.index_columns WHERE index_name = (set_name || '_mm')::regclass);

DO $$
DECLARE
	set_name text;
	few integer;
BEGIN
	FOR set_name, few IN SELECT name, CASE WHEN rows > 100000 THEN 20 ELSE 40 END FROM bench.sets ORDER BY n LOOP
		CALL bench.compare('knn', set_name, '', 10,
			ARRAY[bench.nearest(set_name), bench.odbknn(set_name), bench.nearest(set_name), bench.nearest(set_name)],
			bench.objects(set_name, bench.queries(100)), '{mmdb,odbknn,serial,parallel}', bench.queries(few));
	END LOOP;
END $$;

-- The same without a client: this session executes the statements itself.
CREATE TABLE bench.server_runs (
	data			text,
	side			text REFERENCES bench.sides,
	query			integer,
	ms				float8,
	PRIMARY KEY (data, side, query)
);

CREATE PROCEDURE bench.run_in_server(set_name text, side_name text, objects text[], rounds integer DEFAULT 3)
LANGUAGE plpgsql AS $$
DECLARE
	started timestamptz;
	ms float8;
BEGIN
	EXECUTE (SELECT settings || '; SET jit = off' FROM bench.sides WHERE side = side_name);
	EXECUTE 'PREPARE query AS ' || bench.nearest(set_name);
	FOR round IN 1 .. rounds LOOP
		FOR nth IN 1 .. cardinality(objects) LOOP
			started := clock_timestamp();
			EXECUTE format('EXECUTE query(%s)', objects[nth]);
			ms := bench.ms_since(started);
			INSERT INTO bench.server_runs VALUES (set_name, side_name, nth, ms)
				ON CONFLICT (data, side, query) DO UPDATE SET ms = least(server_runs.ms, excluded.ms);
		END LOOP;
	END LOOP;
	DEALLOCATE query;
	RESET ALL;
END $$;

CREATE VIEW bench.server_summary AS
SELECT m.data, bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY m.ms), 3) AS mmdb_ms,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY s.ms), 1) AS serial_ms,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY s.ms / m.ms), 1) AS times
FROM bench.server_runs m LEFT JOIN bench.server_runs s ON s.data = m.data AND s.query = m.query AND s.side = 'serial'
WHERE m.side = 'mmdb'
GROUP BY m.data;

DO $$
DECLARE
	set_name text;
	objects text[];
BEGIN
	FOR set_name IN SELECT name FROM bench.sets ORDER BY n LOOP
		objects := bench.objects(set_name, bench.queries(100));
		CALL bench.run_in_server(set_name, 'mmdb', objects);
		CALL bench.run_in_server(set_name, 'serial', objects[:bench.queries(20)]);
	END LOOP;
END $$;
\echo 'In the server, without a client:'
TABLE bench.server_summary ORDER BY data;
\copy (TABLE bench.server_summary ORDER BY data) TO PROGRAM 'cat >"$RESULTS/knn-server.csv"' WITH (FORMAT csv, HEADER)
