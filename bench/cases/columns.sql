-- How many metrics: the first so many columns of air have weight.

DO $$
DECLARE
	columns integer;
	weights float8[];
BEGIN
	FOREACH columns IN ARRAY CASE WHEN bench.have('air') THEN '{1,2,3,5,7,9,11,13}' ELSE '{}' END::integer[] LOOP
		weights := array_fill(1, ARRAY[columns]) || array_fill(0, ARRAY[13 - columns]);
		CALL bench.compare('columns', 'air', '', columns, ARRAY[bench.nearest('air', weights)],
			bench.objects('air', bench.queries(100), weights), '{mmdb,serial}', bench.queries(10), 2);
	END LOOP;
END $$;
