-- Distances that are Infinity, under weights that may be 0, which is known at run
-- time only: 0 * Infinity is NaN, the last of sums, and the first where a sum is
-- subtracted.  A routine says whether its distances are finite; then those of
-- weight 0 are not computed.
SET jit = off;

-- A metric by its function alone: 0 is infinitely far from all other numbers.
CREATE FUNCTION lonely_zero(a integer, b integer) RETURNS double precision
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog
	RETURN CASE WHEN a = b THEN 0 WHEN a = 0 OR b = 0 THEN 'Infinity'::float8 ELSE abs(a::bigint - b) END;
CREATE OPERATOR <@#> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = lonely_zero, COMMUTATOR = <@#>);
CREATE OPERATOR CLASS lonely_zero_ops FOR TYPE integer USING mmdb AS
	OPERATOR 1 <@#> (integer, integer) FOR ORDER BY float_ops,
	FUNCTION 1 lonely_zero(integer, integer);

-- The rows of a query that differ by custom scans and by sequential scans, and how
-- many distances of rows the custom scan has computed in the column x.
CREATE FUNCTION wrong_sums(query text, OUT differences text, OUT computed bigint) LANGUAGE plpgsql AS $$
DECLARE
	plan json;
	by_index text[];
	by_sort text[];
BEGIN
	PERFORM set_config(name, 'off', true)
		FROM unnest('{enable_seqscan,enable_sort,enable_indexscan,enable_bitmapscan}'::text[]) name;
	SET LOCAL mmdb.enable_scan = on;
	EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ' || query INTO plan;
	IF plan::text !~ 'MMDB Scan' THEN
		RAISE 'not by the index: %', query;
	END IF;
	computed := substring(plan::text FROM '"Distances Computed": \["x (\d+)');
	EXECUTE 'SELECT array_agg(q::text) FROM (' || query || ') q' INTO by_index;
	SET LOCAL enable_seqscan = on;
	SET LOCAL enable_sort = on;
	SET LOCAL mmdb.enable_scan = off;
	EXECUTE 'SELECT array_agg(q::text) FROM (' || query || ') q' INTO by_sort;
	differences := differences(query, by_index, by_sort);
END $$;

-- A table of random values of a type, some of them special ones, and queries by
-- all special values and another.
CREATE FUNCTION check_infinite(class text, type text, operator text, random_value text, special text[],
	OUT infinite boolean, OUT computed boolean, OUT queries bigint, OUT differences text) LANGUAGE plpgsql AS $$
DECLARE
	value text;
	query text;
	w float8[];
	d record;
BEGIN
	EXECUTE format('CREATE TABLE infinite AS SELECT i AS id,
			CASE WHEN i %% 23 = 0 THEN NULL
				 WHEN i %% 7 = 0 AND cardinality($1) > 0 THEN ($1)[1 + i %% cardinality($1)]::%1$s
				 ELSE (%2$s)::%1$s END AS x, i * 31 %% 101 AS n FROM generate_series(1, 300) i',
			type, random_value) USING special;
	EXECUTE format('CREATE INDEX infinite_mm ON infinite USING mmdb (x %s, n)', class);
	ANALYZE infinite;
	EXECUTE format('SELECT bool_or(a.x %1$s b.x = ''Infinity'') FROM infinite a, infinite b', operator) INTO infinite;
	computed := false;
	queries := 0;
	FOREACH value IN ARRAY special || ARRAY(SELECT x::text FROM infinite WHERE x IS NOT NULL ORDER BY id LIMIT 1) LOOP
		FOR w IN SELECT ARRAY[a, b] FROM (VALUES (0, 0), (0, 1), (0.7, 0), (0.7, 1)) w(a, b) LOOP
			FOREACH query IN ARRAY ARRAY[
				'SELECT :a * (x :o :v) + :b * (n <+> 7) AS d FROM infinite ORDER BY d LIMIT 40',
				'SELECT :a * (x :o :v) + :b * (n <+> 7) AS d FROM infinite ORDER BY d',
				'SELECT 5 - :a * (x :o :v) - :b * (n <+> 7) AS d FROM infinite ORDER BY d DESC LIMIT 40',
				'SELECT id FROM infinite WHERE :a * (x :o :v) + :b * (n <+> 7) <= 30 ORDER BY id',
				'SELECT coalesce(:a * (x :o :v), 3) + :b * (n <+> 7) AS d FROM infinite
				 WHERE id % 3 > 0 ORDER BY d'] LOOP
				query := replace(replace(replace(query, ':o', operator), ':a', format('(SELECT %L::float8)', w[1])),
					':b', format('(SELECT %L::float8)', w[2]));
				d := wrong_sums(replace(query, ':v', format('%L::%s', value, type)));
				queries := queries + 1;
				differences := nullif(concat_ws(E'\n', differences, d.differences), '');
				computed := computed OR w[1] = 0 AND d.computed > 0;
			END LOOP;
		END LOOP;
	END LOOP;
	DROP TABLE infinite;
END $$;

-- computed: distances of weight 0 are.
SELECT setseed(0.21);
SELECT class, c.* FROM (VALUES
	(1, 'lonely_zero_ops', 'integer', '<@#>', '(random() * 50)::integer', '{0}'),
	(2, 'mmvector_l2_ops', 'mmvector', '<->', 'ARRAY[random(), 1, i]',
		'{"[3e38,3e38,-3e38]","[-3e38,-3e38,3e38]","[1e-45,0,0]"}'),
	(3, 'mmvector_l1_ops', 'mmvector', '<+>', 'ARRAY[random(), 1, i, 0, 0]',
		'{"[3e38,3e38,-3e38,3e38,3e38]","[-3e38,-3e38,3e38,-3e38,-3e38]"}'),
	(4, 'mmvector_linf_ops', 'mmvector', '<*>', 'ARRAY[random(), i]', '{"[3.4e38,3e38]","[-3.4e38,-3e38]"}'),
	(5, 'mmvector_cosine_ops', 'mmvector', '<=>', 'ARRAY[random(), 1, i]',
		'{"[3.4e38,3.4e38,3.4e38]","[-3.4e38,3.4e38,0]","[1e-45,0,0]"}'),
	(6, 'real_array_l2_ops', 'real[]', '<->', 'ARRAY[random(), 1, i]', '{"{3e38,3e38,-3e38}","{-3e38,-3e38,3e38}"}'),
	(7, 'int2_l1_ops', 'smallint', '<+>', 'i', '{-32768,32767}'),
	(8, 'int4_l1_ops', 'integer', '<+>', 'i', '{-2147483648,2147483647}'),
	(9, 'int8_l1_ops', 'bigint', '<+>', 'i', '{-9223372036854775808,9223372036854775807}'),
	(10, 'float4_l1_ops', 'real', '<+>', 'random()', '{Infinity,-Infinity,NaN,3e38,-3e38}'),
	(11, 'float8_l1_ops', 'double precision', '<+>', 'random()', '{Infinity,-Infinity,NaN}'),
	(12, 'float8_l1_ops', 'double precision', '<+>', 'random()', '{1.7e308,-1.7e308}'),
	(13, 'numeric_l1_ops', 'numeric', '<+>', 'random()', '{Infinity,-Infinity,NaN}'),
	(14, 'numeric_l1_ops', 'numeric', '<+>', 'random()', '{1e400}'),
	(15, 'date_l1_ops', 'date', '<+>', 'date ''2020-01-01'' + i', '{infinity,-infinity}'),
	(16, 'timestamp_l1_ops', 'timestamp', '<+>', 'timestamp ''2020-01-01'' + i * interval ''1 hour''',
		'{infinity,-infinity}'),
	(17, 'timestamptz_l1_ops', 'timestamptz', '<+>', 'timestamptz ''2020-01-01'' + i * interval ''1 hour''',
		'{infinity,-infinity}'),
	(18, 'point_l2_ops', 'point', '<->', 'point(random(), i)', '{"(1e308,0)"}'),
	(19, 'point_l1_ops', 'point', '<+>', 'point(random(), i)', '{"(1e308,1e308)"}'),
	(20, 'point_geo_ops', 'point', '<@@>', 'point(i, random())', '{"(1e300,90)","(0,-90)"}'),
	(21, 'text_edit_ops', 'text', '<~>', 'md5(i::text)', '{""}'),
	(22, 'text_discrete_ops', 'text', '<!>', 'i % 9', '{}'),
	(23, 'bit_hamming_ops', 'bit(9)', '<^>', 'i::bit(9)', '{000000000,111111111}'),
	(24, 'bit_jaccard_ops', 'bit(9)', '<&>', 'i::bit(9)', '{000000000,111111111}'),
	(25, 'int4_array_jaccard_ops', 'integer[]', '<&>', 'ARRAY[i, i % 7, i % 5]', '{"{}"}'),
	(26, 'bool_discrete_ops', 'boolean', '<!>', 'i % 3 = 0', '{}'),
	(27, 'uuid_discrete_ops', 'uuid', '<!>', 'md5((i % 5)::text)::uuid', '{}')
	) v(n, class, type, operator, value, special), check_infinite(class, type, operator, value, special::text[]) c
		ORDER BY v.n;

-- A column of integers and a value of a wider type: by that type's distance, which
-- may be Infinity.
CREATE TABLE whole (id integer, x integer, n integer);
INSERT INTO whole SELECT i, i % 37, i * 31 % 101 FROM generate_series(1, 300) i;
CREATE INDEX whole_mm ON whole USING mmdb (x, n);
ANALYZE whole;
SELECT value, d.*
FROM unnest('{7::bigint,7.5::float8,Infinity::float8,NaN::float8,7.5::numeric,Infinity::numeric}'::text[]) value,
	wrong_sums(format('SELECT (SELECT 0::float8) * (x <+> %L::%s) + (n <+> 7) AS d FROM whole ORDER BY d LIMIT 40',
					   split_part(value, '::', 1), split_part(value, '::', 2))) d;

DROP TABLE whole;
DROP FUNCTION wrong_sums, check_infinite;
DROP OPERATOR CLASS lonely_zero_ops USING mmdb;
DROP FUNCTION lonely_zero CASCADE;
