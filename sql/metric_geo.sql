-- Metrics of point.
SET extra_float_digits = -2;
SELECT point(1, 2) <-> point(4, 6) AS l2, point(1, 2) <+> point(4, 6) AS l1;

-- Great circles, in metres: known distances (longitude, latitude).
SELECT round((point(2.3522, 48.8566) <@@> point(-0.1276, 51.5072))::numeric, -3) AS paris_london,
	   round((point(0, 0) <@@> point(90, 0))::numeric, 1) AS quarter,
	   round((point(0, 0) <@@> point(180, 0))::numeric, 1) AS half,
	   round((point(10, 90) <@@> point(-120, -90))::numeric, 1) AS poles;
-- Near, nearly antipodal, and the same place by other names.
SELECT round((point(13.4, 52.5) <@@> point(13.4, 52.500001))::numeric, 4) AS metre_tenth,
	   round((point(0, 0.000001) <@@> point(180, 0))::numeric, 3) AS nearly_half,
	   point(180, 12) <@@> point(-180, 12) AS date_line, point(5, 90) <@@> point(77, 90) AS pole,
	   round((point(370, 1) <@@> point(10, 1))::numeric, 6) AS turn;
SELECT point(200, 91) <@@> point(0, 0);
RESET extra_float_digits;
SELECT point(0, 90.0000001) <@@> point(0, 0);
SET extra_float_digits = -2;
SELECT point(0, 0) <@@> point('NaN', 0);
SELECT point(0, 0) <@@> point('Infinity', 0);
SELECT point(0, 0) <@@> NULL;
