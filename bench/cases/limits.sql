-- How many nearest: k.

DO $$
DECLARE
	set_name text;
	k integer;
BEGIN
	FOR set_name, k IN SELECT name, nearest FROM bench.sets, unnest('{1,2,5,10,20,50,100}'::integer[]) nearest
		WHERE name IN ('clipart', 'apartments', 'players') ORDER BY n, nearest
	LOOP
		CALL bench.compare('limits', set_name, '', k, ARRAY[bench.nearest(set_name, NULL, k)],
			bench.objects(set_name, bench.queries(40)), '{mmdb,serial}', bench.queries(10));
	END LOOP;
END $$;
