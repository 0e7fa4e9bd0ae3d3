-- Growth of the table: samples of air, with the same query objects.

DO $$
DECLARE
	size bigint;
	sample text;
BEGIN
	FOREACH size IN ARRAY CASE WHEN bench.have('air') THEN '{10000,30000,100000,300000,600000,1200000}' ELSE '{}' END::bigint[] LOOP
		sample := 'air_' || size;
		CALL bench.sample('air', sample, size);
		COMMIT;
		CALL bench.compare('growth', 'air', '', size, ARRAY[bench.nearest(sample)], bench.objects(sample, bench.queries(100)),
			'{mmdb,serial,parallel}', bench.queries(20));
		CALL bench.forget(sample);
	END LOOP;
END $$;
