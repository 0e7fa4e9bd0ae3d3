-- Searches by each type, compared with sequential scans.
SET jit = off;
SET extra_float_digits = 1;

-- Random places all over the earth, or in the plane, and shapes around them.
CREATE FUNCTION random_place(around geometry DEFAULT NULL, within double precision DEFAULT 1) RETURNS geometry
	LANGUAGE sql AS $$
	SELECT CASE WHEN around IS NULL THEN ST_Point(random() * 360 - 180, degrees(asin(random() * 2 - 1)))
		ELSE ST_Point(greatest(-180, least(180, ST_X(around) + (random() - 0.5) * within)),
					  greatest(-90, least(90, ST_Y(around) + (random() - 0.5) * within))) END
$$;
CREATE FUNCTION random_shape(kind integer) RETURNS geometry LANGUAGE plpgsql AS $$
DECLARE
	a geometry := random_place();
	b geometry := random_place(a, 4);
	c geometry := random_place(a, 4);
BEGIN
	RETURN CASE kind % 8
		WHEN 0 THEN ST_MakeLine(a, b)
		WHEN 1 THEN ST_MakeLine(ARRAY[a, b, c])
		WHEN 2 THEN ST_MakePolygon(ST_MakeLine(ARRAY[a, b, c, a]))
		WHEN 3 THEN ST_Multi(a)
		WHEN 4 THEN ST_Collect(ARRAY[a, b, random_place()])
		WHEN 5 THEN ST_Collect(a, ST_MakeLine(b, c))
		WHEN 6 THEN ST_MakeLine(a, random_place())
		ELSE a END;
END $$;

SELECT setseed(0.4);
SELECT class, type, c.* FROM (VALUES
	(1, 'geometry_distance_ops', 'geometry', '<->', 'ST_Point(random(), random())',
		ARRAY['POINT(0.5 0.5)', 'POINT EMPTY', 'POINT Z (1 2 3)', 'POINT(1e30 -1e30)', 'POINT(1e-30 0)']),
	(2, 'geometry_distance_ops', 'geometry(Point, 32632)', '<->',
		'ST_SetSRID(ST_Point(500000 + random() * 100, 5000000 + random() * 100), 32632)',
		ARRAY['SRID=32632;POINT(500050 5000050)', 'SRID=32632;POINT EMPTY']),
	(3, 'geometry_distance_ops', 'geometry', '<->', 'random_shape(i)',
		ARRAY['POINT(0 0)', 'POLYGON((-100 -50, 100 -50, 100 50, -100 -50))', 'LINESTRING(-180 90, 180 -90)',
			'LINESTRING EMPTY', 'POLYGON EMPTY', 'GEOMETRYCOLLECTION(POINT EMPTY, LINESTRING EMPTY)',
			'GEOMETRYCOLLECTION(POINT EMPTY, POINT(1 2))', 'GEOMETRYCOLLECTION(POINT(1 2), POINT EMPTY, POINT(-1 -2))',
			'MULTIPOINT ZM (1 2 3 4, 5 6 7 8)', 'CIRCULARSTRING(0 0, 20 20, 40 0)',
			'CURVEPOLYGON(CIRCULARSTRING(0 0, 9 9, 0 0))', 'TRIANGLE((0 0, 5 0, 0 5, 0 0))',
			'MULTIPOLYGON(((0 0, 1 0, 0 1, 0 0)), ((50 50, 51 50, 50 51, 50 50)))']),
	(4, 'geography_distance_ops', 'geography', '<->', 'random_place()',
		ARRAY['POINT(0 0)', 'POINT(180 0)', 'POINT(-180 0)', 'POINT(180 -0.0000001)', 'POINT(0 90)', 'POINT(77 90)',
			'POINT(0 -90)', 'POINT(179.9999999 45)', 'POINT(-179.9999999 45)', 'POINT(90 0)',
			'POINT(0 0.0000000000001)', 'POINT EMPTY']),
	(5, 'geography_distance_ops', 'geography(Point, 4267)', '<->',
		'ST_SetSRID(ST_Point(13.3 + random() / 10, 52.5 + random() / 10), 4267)',
		ARRAY['SRID=4267;POINT(13.35 52.55)', 'SRID=4267;POINT(13.35 -52.55)']),
	(6, 'geography_distance_ops', 'geography', '<->', 'random_shape(i)',
		ARRAY['POINT(0 0)', 'POINT(180 0)', 'POINT(12 90)', 'POLYGON((170 -10, -170 -10, -170 10, 170 10, 170 -10))',
			'POLYGON((0 80, 90 80, 180 80, -90 80, 0 80))', 'POLYGON((0 -60, -120 -60, 120 -60, 0 -60))',
			'LINESTRING(179 0, -179 0)', 'LINESTRING(0 0, 179 1)', 'LINESTRING(0 85, 180 85)',
			'LINESTRING(-90 80, 0 89, 90 80)', 'POLYGON EMPTY', 'POLYGON((-20 -20, 20 -20, 20 20, -20 20, -20 -20))',
			'POLYGON((-80 -70, 80 -70, 80 70, -80 70, -80 -70))', 'MULTIPOINT(180 0, -180 10)',
			'MULTILINESTRING((1 1, 2 2))'])
	) v(n, class, type, operator, value, special), check_class(class, type, operator, value, special) c
ORDER BY n;
