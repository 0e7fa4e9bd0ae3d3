-- Skewed weights: one column's weight is 1 to 1000 times the others'.

DO $$
DECLARE
	set_name text;
	heavy text;
	skew integer;
	weights float8[];
BEGIN
	FOR set_name, heavy, skew IN
		SELECT v.*, s FROM (VALUES ('clipart', 'title'), ('players', 'skills'), ('players', 'name'), ('players', 'age')) v(name, heavy)
			JOIN bench.sets USING (name), unnest('{1,3,10,30,100,300,1000}'::integer[]) s ORDER BY n, heavy, s
	LOOP
		SELECT array_agg(CASE WHEN column_name = heavy THEN skew ELSE 1 END ORDER BY column_number) INTO weights
			FROM mmdb.index_columns WHERE index_name = (set_name || '_mm')::regclass;
		CALL bench.compare('skew', set_name, heavy, skew, ARRAY[bench.nearest(set_name, weights)],
			bench.objects(set_name, bench.queries(40)), '{mmdb,serial}', bench.queries(10), 2);
	END LOOP;
END $$;
