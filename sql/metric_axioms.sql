-- Every metric is one: on random values, d(x, x) = 0, d(x, y) = d(y, x) to the
-- last bit, d >= 0, and d(x, z) <= d(x, y) + d(y, z) but for rounding.
CREATE FUNCTION check_axioms(distance text, type text, random_value text, metric_of text DEFAULT '%s',
	OUT checks bigint, OUT failures text[]) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TEMP TABLE points AS SELECT i, (%s)::%s AS p FROM generate_series(1, 25) i',
		random_value, type);
	INSERT INTO points SELECT i + 25, p FROM points WHERE i <= 3;	-- some values twice
	EXECUTE format('CREATE TEMP TABLE distances AS
		SELECT a.i, b.i AS j, a.p AS x, b.p AS y, a.p %1$s b.p AS raw, %2$s AS d FROM points a, points b',
		distance, format(metric_of, 'a.p ' || distance || ' b.p'));
	SELECT count(*), (array_agg(failure) FILTER (WHERE failure IS NOT NULL))[1:10] INTO checks, failures FROM (
		SELECT CASE WHEN d <> 0 OR raw <> 0 THEN format('d(%s, the same) = %s, from %s', x, d, raw) END AS failure
			FROM distances WHERE i = j
		UNION ALL SELECT CASE WHEN d < 0 OR d = 'NaN' OR d IS NULL THEN format('d(%s, %s) = %s', x, y, d) END
			FROM distances
		UNION ALL SELECT CASE WHEN xy.raw <> yx.raw
							  THEN format('d(%s, %s) = %s, but %s', xy.x, xy.y, xy.raw, yx.raw) END
			FROM distances xy, distances yx WHERE xy.i = yx.j AND xy.j = yx.i
		UNION ALL SELECT CASE WHEN xz.d > (xy.d + yz.d) * (1 + 1e-6) + 1e-7
							  THEN format('d(%s, %s) = %s > %s + %s, by %s', xz.x, xz.y, xz.d, xy.d, yz.d, xy.y) END
			FROM distances xy, distances yz, distances xz WHERE xy.j = yz.i AND xz.i = xy.i AND xz.j = yz.j) t;
	DROP TABLE points, distances;
END $$;

SELECT setseed(0.0625);
SELECT distance, type, c.*
FROM (VALUES
	('<->', 'mmvector', 'ARRAY[random() * 2 - 1, random(), random() * 1e-3, random() * 100]', NULL),
	('<+>', 'mmvector', 'ARRAY[random() * 2 - 1, random(), random() * 1e-3, random() * 100]', NULL),
	('<*>', 'mmvector', 'ARRAY[random() * 2 - 1, random(), random() * 1e-3, random() * 100]', NULL),
	-- cosine distance stands for the angle
	('<=>', 'mmvector', 'ARRAY[random() * 2 - 1, random() - 0.5, random() - 0.5]', 'acos(1 - (%s))'),
	('<->', 'real[]', 'ARRAY[random() * 2e38 - 1e38, random() * 1e38]', NULL),
	('<+>', 'real[]', 'ARRAY[random() * 1e-38, random() * 1e-40]', NULL),
	('<*>', 'real[]', 'ARRAY[random(), random()]', NULL),
	('<=>', 'real[]', 'ARRAY[random() - 0.5, random() - 0.5, 1]', 'acos(1 - (%s))'),
	('<+>', 'smallint', '(random() * 60000 - 30000)::integer', NULL),
	('<+>', 'integer', '(random() * 4e9 - 2e9)::bigint', NULL),
	('<+>', 'bigint', '(random() * 1.8e19 - 9e18)::numeric(30)', NULL),
	('<+>', 'real', 'random() * 1e38', NULL),
	('<+>', 'double precision',
		'CASE WHEN i % 9 = 0 THEN ''Infinity'' WHEN i % 11 = 0 THEN ''NaN'' ELSE random() * 1e300 END', NULL),
	('<+>', 'numeric', 'CASE WHEN i % 9 = 0 THEN ''-Infinity'' WHEN i % 11 = 0 THEN ''NaN'' ELSE random() * 1e10 END',
		NULL),
	('<+>', 'date',
		'CASE WHEN i % 9 = 0 THEN ''infinity''::date ELSE date ''2000-01-01'' + (random() * 20000)::integer END', NULL),
	('<+>', 'timestamp',
		$$CASE WHEN i % 9 = 0 THEN '-infinity'::timestamp
			   ELSE timestamp '2000-01-01' + random() * interval '20 years' END$$, NULL),
	('<+>', 'timestamptz', 'timestamptz ''2000-01-01 00:00+00'' + random() * interval ''20 years''', NULL),
	('<+>', 'interval',
		'make_interval(months => (random() * 1000)::integer, days => (random() * 1000)::integer,
					   secs => random() * 1e6)', NULL),
	('<->', 'point', 'point(random(), random() * 1000)', NULL),
	('<+>', 'point', 'point(random(), random() * 1000)', NULL),
	('<@@>', 'point', 'point(random() * 720 - 360, CASE WHEN i % 9 = 0 THEN 90 ELSE random() * 180 - 90 END)', NULL),
	('<~>', 'text', 'left(md5(random()::text), (random() * 12)::integer)', NULL),
	('<^>', 'bit(70)', '(random() * 1e9)::bigint::bit(35)::text || (random() * 1e9)::bigint::bit(35)::text', NULL),
	('<&>', 'bit(40)', '(random() * 1e12)::bigint::bit(40)', NULL),
	('<&>', 'integer[]', 'ARRAY(SELECT (random() * 9)::integer FROM generate_series(1, i % 8))', NULL),
	('<&>', 'bigint[]', 'ARRAY(SELECT (random() * 9)::integer FROM generate_series(1, i % 8))', NULL),
	('<&>', 'text[]', 'ARRAY(SELECT (random() * 9)::integer FROM generate_series(1, i % 8))', NULL),
	('<!>', 'text', '(random() * 5)::integer', NULL),
	('<!>', 'integer', '(random() * 5)::integer', NULL),
	('<!>', 'boolean', 'random() < 0.5', NULL),
	('<!>', 'uuid', 'md5((random() * 5)::integer::text)::uuid', NULL)) m(distance, type, value, metric),
	check_axioms(distance, type, value, coalesce(metric, '%s')) c;
DROP FUNCTION check_axioms;
