-- Distances up to a bound, as ranges over composites compute them: whatever
-- the radius, a value is within it if and only if the operator's distance is,
-- to the last bit.  Each operator class in turn is made its type's default.
CREATE FUNCTION check_bound(class text, type text, random_value text, OUT comparisons bigint, OUT differences text[])
	LANGUAGE plpgsql AS $$
DECLARE
	opclass pg_opclass;
	distance text;
BEGIN
	SELECT c.* INTO STRICT opclass FROM pg_opclass c JOIN pg_am a ON a.oid = c.opcmethod
		WHERE a.amname = 'mmdb' AND opcname = class;
	UPDATE pg_opclass SET opcdefault = (oid = opclass.oid) WHERE opcmethod = opclass.opcmethod
		AND opcintype = opclass.opcintype;
	SELECT oprnamespace::regnamespace || '.' || oprname INTO STRICT distance
		FROM pg_amop JOIN pg_operator o ON o.oid = amopopr
		WHERE amopfamily = opclass.opcfamily AND amopstrategy = 1 AND amoplefttype = opclass.opcintype;

	EXECUTE format('CREATE TYPE boxed AS (v %s)', type);
	EXECUTE format('CREATE TABLE points AS SELECT i, ROW((%s)::%s)::boxed AS b FROM generate_series(1, 24) i',
		random_value, type);
	EXECUTE format($q$
		WITH distances AS MATERIALIZED (
			SELECT x.b AS xb, y.b AS yb, (x.b).v OPERATOR(%s) (y.b).v AS d
				FROM points x, points y WHERE x.i <= 20 AND y.i > 20),
		radii AS (
			SELECT *, w * (d / s) AS total
				FROM distances, (VALUES (1::float8, 1::float8), (0.3, 7), (1e-5, 1e3)) v(w, s))
		SELECT count(*), (array_agg(format('%%s of %%s within %%s of %%s: %%s', xb, total, r, yb, within))
						  FILTER (WHERE within IS DISTINCT FROM (total <= r)))[1:10]
		FROM radii, LATERAL (VALUES (0::float8), (total), (total * (1 - 3e-16)), (total * (1 + 3e-16)), (total / 2),
									(total * 0.99), (random() * total), (1e9)) r(r),
			LATERAL (SELECT xb <@ odbrange(yb, ARRAY[w], r, ARRAY[s]) AS within) x
		WHERE r >= 0 AND r <> 'NaN'
		$q$, distance) INTO comparisons, differences;
	DROP TABLE points;
	DROP TYPE boxed;
END $$;

BEGIN;
SELECT setseed(0.375);
SELECT class, c.* FROM (VALUES
	('mmvector_l2_ops', 'mmvector', 'ARRAY(SELECT random() FROM generate_series(1, 1100) WHERE i > 0)'),
	('mmvector_l1_ops', 'mmvector', 'ARRAY(SELECT random() FROM generate_series(1, 1100) WHERE i > 0)'),
	('mmvector_linf_ops', 'mmvector', 'ARRAY(SELECT random() * g FROM generate_series(1, 1100) g WHERE i > 0)'),
	('mmvector_cosine_ops', 'mmvector', 'ARRAY(SELECT random() - 0.5 FROM generate_series(1, 40) WHERE i > 0)'),
	('real_array_l2_ops', 'real[]', 'ARRAY(SELECT random() * 1e30 FROM generate_series(1, 600) WHERE i > 0)'),
	('real_array_l1_ops', 'real[]', 'ARRAY(SELECT random() * 3e38 FROM generate_series(1, 600) WHERE i > 0)'),
	('real_array_linf_ops', 'real[]', 'ARRAY(SELECT random() FROM generate_series(1, 600) WHERE i > 0)'),
	('real_array_cosine_ops', 'real[]', 'ARRAY(SELECT random() - 0.5 FROM generate_series(1, 40) WHERE i > 0)'),
	('double_array_l2_ops', 'float8[]', 'ARRAY(SELECT random() * 1e30 FROM generate_series(1, 600) WHERE i > 0)'),
	('double_array_l1_ops', 'float8[]', 'ARRAY(SELECT random() * 1e36 FROM generate_series(1, 600) WHERE i > 0)'),
	('double_array_linf_ops', 'float8[]', 'ARRAY(SELECT random() FROM generate_series(1, 600) WHERE i > 0)'),
	('double_array_cosine_ops', 'float8[]', 'ARRAY(SELECT random() - 0.5 FROM generate_series(1, 40) WHERE i > 0)'),
	('int2_l1_ops', 'smallint', '(random() * 1000)::integer'),
	('int4_l1_ops', 'integer', '(random() * 1e9)::integer'),
	('int8_l1_ops', 'bigint', '(random() * 1e18)::bigint'),
	('float4_l1_ops', 'real', 'random()'),
	('float8_l1_ops', 'double precision', 'CASE WHEN i % 7 = 0 THEN ''Infinity'' ELSE random() END'),
	('numeric_l1_ops', 'numeric', 'random()'),
	('date_l1_ops', 'date', 'date ''2000-01-01'' + (random() * 9999)::integer'),
	('timestamp_l1_ops', 'timestamp', 'timestamp ''2000-01-01'' + random() * interval ''20 years'''),
	('timestamptz_l1_ops', 'timestamptz', 'timestamptz ''2000-01-01'' + random() * interval ''20 years'''),
	('interval_l1_ops', 'interval', 'random() * interval ''20 years'''),
	('point_l2_ops', 'point', 'point(random(), random())'),
	('point_l1_ops', 'point', 'point(random(), random())'),
	('point_geo_ops', 'point', 'point(random() * 360, random() * 180 - 90)'),
	('text_edit_ops', 'text',
		'(SELECT string_agg(chr(97 + (random() * 9)::integer), '''') FROM generate_series(1, 2 + i * i) WHERE i > 0)'),
	('text_discrete_ops', 'text', '(random() * 3)::integer'),
	('bit_hamming_ops', 'bit(64)', '(random() * 1e18)::bigint::bit(64)'),
	('bit_jaccard_ops', 'bit(64)', '(random() * 1e18)::bigint::bit(64)'),
	('text_array_jaccard_ops', 'text[]', 'ARRAY(SELECT (random() * 9)::integer FROM generate_series(1, i % 8))'),
	('int4_array_jaccard_ops', 'integer[]', 'ARRAY(SELECT (random() * 9)::integer FROM generate_series(1, i % 8))'),
	('int8_array_jaccard_ops', 'bigint[]', 'ARRAY(SELECT (random() * 9)::integer FROM generate_series(1, i % 8))'),
	('varchar_array_jaccard_ops', 'varchar[]',
		'ARRAY(SELECT (random() * 9)::integer FROM generate_series(1, 6) WHERE i > 0)'),
	('uuid_array_jaccard_ops', 'uuid[]',
		'ARRAY(SELECT md5((random() * 9)::integer::text)::uuid FROM generate_series(1, 6) WHERE i > 0)'),
	('bpchar_edit_ops', 'char(20)', 'left(md5(random()::text), (random() * 20)::integer)'),
	('bpchar_discrete_ops', 'char(3)', '(random() * 3)::integer'),
	('int4_discrete_ops', 'integer', '(random() * 3)::integer'),
	('bool_discrete_ops', 'boolean', 'random() < 0.5'),
	('uuid_discrete_ops', 'uuid', 'md5((random() * 3)::integer::text)::uuid')) v(class, type, value),
	check_bound(class, type, value) c;
-- edit distance of near relatives of many lengths, where bounds matter most
SELECT * FROM check_bound('text_edit_ops', 'text',
	'overlay((SELECT string_agg(chr(97 + n * n % 17), '''') FROM generate_series(1, 700) n)
		PLACING repeat(''x'', i) FROM i * 23 FOR i * 20)');
-- and where the bound leaves no cell to spare: all edits at the front, for
-- patterns of one word, of four, and of several strips
SELECT n, edits, c.*
FROM (SELECT n, left(string_agg(md5(i::text), '' ORDER BY i), n) AS s
	  FROM (VALUES (40), (200), (600)) v(n), generate_series(1, 20) i GROUP BY n) t,
	 (VALUES ('inserted', $$repeat('-', 24 - i) || %L$$), ('deleted', $$repeat('-', i) || %L$$),
			 ('substituted', $$repeat('-', i) || substr(%L, 1 + i)$$)) v(edits, value),
	 check_bound('text_edit_ops', 'text', format(value, s)) c
ORDER BY n, edits;
ROLLBACK;
DROP FUNCTION check_bound;
