-- Random weights, each zero with probability 1/3, or else 0 to 1: another query object
-- and other weights for each query of one statement, where both are parameters.

CREATE FUNCTION bench.nearest_by_parameters(set_name text, k integer DEFAULT 10) RETURNS text
LANGUAGE sql STABLE PARALLEL RESTRICTED
RETURN (SELECT format('SELECT id, %s AS distance FROM %I ORDER BY distance LIMIT %s',
					  string_agg(format('$%s * ((%I OPERATOR(%s.%s) $%s) / %s)', n + column_number, column_name, nspname, oprname,
										column_number, scale), ' + ' ORDER BY column_number), set_name, k)
		FROM (SELECT *, count(*) OVER () AS n FROM mmdb.index_columns WHERE index_name = (set_name || '_mm')::regclass) c
			 JOIN pg_operator o ON o.oid = operator JOIN pg_namespace s ON s.oid = oprnamespace);

CREATE FUNCTION bench.objects_with_weights(set_name text, number integer) RETURNS text[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS $$
DECLARE
	objects text[] := bench.objects(set_name, number);
	columns integer := (SELECT sets.columns FROM bench.sets WHERE name = set_name);
	weights float8[];
BEGIN
	PERFORM setseed(0.25);
	FOR i IN 1 .. cardinality(objects) LOOP
		LOOP
			SELECT array_agg(CASE WHEN random() < 1 / 3.0 THEN 0 ELSE round(random()::numeric, 3) END) INTO weights FROM generate_series(1, columns);
			EXIT WHEN 0 < ANY (weights);
		END LOOP;
		objects[i] := concat_ws(', ', objects[i], array_to_string(weights, ', '));
	END LOOP;
	RETURN objects;
END $$;

DO $$
DECLARE
	set_name text;
BEGIN
	FOR set_name IN SELECT name FROM bench.sets WHERE name IN ('clipart', 'players') ORDER BY n LOOP
		CALL bench.compare('weights', set_name, '', 10, ARRAY[bench.nearest_by_parameters(set_name)],
			bench.objects_with_weights(set_name, bench.queries(200)), '{mmdb,serial}', bench.queries(200), 2);
	END LOOP;
END $$;
