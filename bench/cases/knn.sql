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
