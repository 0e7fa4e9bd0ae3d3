-- Random weights: another query object and other weights for each query of one
-- statement, where both are parameters.

DO $$
DECLARE
	set_name text;
BEGIN
	FOR set_name IN SELECT name FROM bench.sets WHERE name IN ('clipart', 'players') ORDER BY n LOOP
		CALL bench.compare('weights', set_name, '', 10, ARRAY[bench.nearest_by_parameters(set_name)],
			bench.objects_with_weights(set_name, bench.queries(200)), '{mmdb,serial}', bench.queries(200), 2);
	END LOOP;
END $$;
