-- All within a radius that 0.01 to 5 % of the rows are in: of each query object, its
-- distance to the so many nearest.

CREATE FUNCTION bench.within(set_name text) RETURNS text
LANGUAGE sql STABLE PARALLEL RESTRICTED
RETURN (SELECT format('SELECT id, %1$s AS distance FROM %2$I WHERE %1$s <= $%3$s', mm_distance_sql(index_name), set_name, count(*) + 1)
		FROM mmdb.index_columns WHERE index_name = (set_name || '_mm')::regclass GROUP BY index_name);

-- Query objects, with a radius.
CREATE FUNCTION bench.objects_with_radius(set_name text, number integer, percent float8) RETURNS text[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS $$
DECLARE
	objects text[] := bench.objects(set_name, number);
	k integer;
	radius float8;
BEGIN
	SELECT greatest(rows * percent / 100, 1) INTO k FROM bench.sets WHERE name = set_name;
	EXECUTE format('PREPARE nearest AS SELECT max(distance) FROM (%s) t', bench.nearest(set_name, NULL, k));
	FOR i IN 1 .. cardinality(objects) LOOP
		EXECUTE format('EXECUTE nearest(%s)', objects[i]) INTO radius;
		objects[i] := objects[i] || ', ' || radius;
	END LOOP;
	DEALLOCATE nearest;
	RETURN objects;
END $$;

DO $$
DECLARE
	set_name text;
	percent float8;
BEGIN
	FOR set_name, percent IN SELECT name, p FROM bench.sets, unnest('{0.01,0.1,0.5,1,5}'::float8[]) p
		WHERE name IN ('clipart', 'apartments', 'players') ORDER BY sets.n, p
	LOOP
		CALL bench.compare('ranges', set_name, '', percent, ARRAY[bench.within(set_name)],
			bench.objects_with_radius(set_name, bench.queries(20), percent), '{mmdb,serial}', bench.queries(10));
	END LOOP;
END $$;
