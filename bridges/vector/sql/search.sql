-- Searches by each operator class, compared with sequential scans.
SET jit = off;
SET extra_float_digits = 1;

-- A table of random values of a type, some of them special; some rows come after
-- the index.  Queries by special values and random ones.
CREATE FUNCTION check_class(class text, type text, operator text, value text, special text[],
	OUT queries bigint, OUT differences text) LANGUAGE plpgsql AS $$
DECLARE
	query_value text;
	query text;
	indexed text;
	sorted text;
BEGIN
	EXECUTE format('CREATE TABLE t AS SELECT i AS id,
			CASE WHEN i %% 23 = 0 THEN NULL
				 WHEN i %% 29 = 0 THEN ($1)[1 + i %% cardinality($1)]::%1$s
				 ELSE (%2$s)::%1$s END AS x, i * 31 %% 101 AS n FROM generate_series(1, 1500) i', type, value)
		USING special;
	EXECUTE format('CREATE INDEX t_mm ON t USING mmdb (x %s, n)', class);
	EXECUTE format('INSERT INTO t SELECT i, (%2$s)::%1$s, i %% 101 FROM generate_series(1501, 1800) i', type, value);
	DELETE FROM t WHERE id % 13 = 0;
	ANALYZE t;
	PERFORM mmdb_index_check('t_mm');
	queries := 0;
	FOR query_value IN SELECT unnest(special) UNION ALL
		(SELECT x::text FROM t WHERE x IS NOT NULL ORDER BY id LIMIT 5) LOOP
		query_value := format('%L::%s', query_value, type);
		FOREACH query IN ARRAY ARRAY[
			'SELECT :d AS d FROM t ORDER BY :d LIMIT 10',
			'SELECT :d AS d FROM t ORDER BY :d',
			'SELECT :v :o x AS d FROM t ORDER BY :v :o x LIMIT 400',
			'SELECT 2 * (:d) + 0.1 * (n <+> 7) AS d FROM t ORDER BY 2 * (:d) + 0.1 * (n <+> 7) LIMIT 30',
			'SELECT coalesce(:d, 0.5) + (n <+> 7) AS d FROM t WHERE id % 3 > 0
			 ORDER BY coalesce(:d, 0.5) + (n <+> 7)',
			'SELECT 0 * (:d) + (n <+> 7) AS d FROM t ORDER BY 0 * (:d) + (n <+> 7) LIMIT 50',
			'SELECT count(*), sum(id) FROM t WHERE :d <= 0.5',
			'SELECT count(*), sum(id) FROM t WHERE :d <= (SELECT :d FROM t WHERE id = 2)',
			'SELECT count(*), sum(id) FROM t WHERE (:d) + (n <+> 7) < (SELECT (:d) + 20 FROM t WHERE id = 2)'] LOOP
			query := replace(replace(replace(query, ':d', 'x :o :v'), ':o', operator), ':v', query_value);
			differences := nullif(concat_ws(E'\n', differences, difference(query)), '');
			queries := queries + 1;
		END LOOP;
		query := format('SELECT x %1$s %2$s AS d FROM t ORDER BY x %1$s %2$s LIMIT 40', operator, query_value);
		differences := nullif(concat_ws(E'\n', differences, difference(query, 'Index Scan')), '');
		-- The distances that odbknn reports are those of its rows, and the least.
		EXECUTE format('SELECT array_agg(CASE WHEN distance = (SELECT x %s %s FROM t WHERE t.id = (r.obj).id)
				THEN distance END)
			FROM odbknn(NULL::t, ROW(%2$s, 7), ''{1,0}'', 20, normalized => false, missing => ''exclude'') r',
			operator, query_value) INTO indexed;
		EXECUTE format('SELECT array_agg(d) FROM (
				SELECT x %s %s AS d FROM t WHERE x IS NOT NULL ORDER BY 1 LIMIT 20) s',
			operator, query_value) INTO sorted;
		IF indexed IS DISTINCT FROM sorted THEN
			differences := concat_ws(E'\n', differences, 'odbknn by ' || query_value, indexed, sorted);
		END IF;
	END LOOP;
	PERFORM mmdb_index_check('t_mm');
	DROP TABLE t;
END $$;

-- Values, and arrays of vectors of n times the same number.
CREATE FUNCTION random_array(n integer, center double precision DEFAULT 0) RETURNS real[] LANGUAGE sql AS
	'SELECT array_agg((center + random() - 0.5 + random() - 0.5)::real) FROM generate_series(1, n)';
CREATE FUNCTION random_sparse(n integer, dim integer) RETURNS text LANGUAGE sql AS $$
	WITH x AS (SELECT DISTINCT ON (k) 1 + (random() ^ 3 * (dim - 1))::integer AS k, random() - 0.2 AS v
			   FROM generate_series(1, n))
	SELECT format('{%s}/%s', string_agg(format('%s:%s', k, v), ','), dim) FROM x
$$;
CREATE FUNCTION filled(n integer, VARIADIC numbers text[]) RETURNS text[] LANGUAGE sql AS $$
	SELECT array_agg('[' || repeat(x || ',', n - 1) || x || ']') FROM unnest(numbers) x
$$;

-- Vectors at one distance from (3, 3, ...), or from 0 in the sparse case, but for
-- rounding: their order is that of the last bits.
CREATE FUNCTION on_sphere(n integer, metric text) RETURNS real[] LANGUAGE sql AS $$
	WITH direction AS (SELECT i, random() - 0.5 AS x FROM generate_series(1, n) i),
		centered AS (SELECT i, x - CASE metric WHEN '<=>' THEN avg(x) OVER () ELSE 0 END AS x FROM direction),
		l AS (SELECT CASE metric WHEN '<+>' THEN sum(abs(x)) / n ELSE sqrt(sum(x ^ 2) / n) END AS length FROM centered)
	SELECT array_agg((3 + x / length)::real ORDER BY i) FROM centered, l
$$;
CREATE FUNCTION sparse_on_sphere(n integer, dim integer, metric text) RETURNS text LANGUAGE sql AS $$
	WITH x AS (SELECT DISTINCT ON (k) 1 + (random() * (dim - 1))::integer AS k, random() - 0.5 AS v
			   FROM generate_series(1, n)),
		l AS (SELECT CASE metric WHEN '<+>' THEN sum(abs(v)) ELSE sqrt(sum(v ^ 2)) END AS length FROM x)
	SELECT format('{%s}/%s', string_agg(format('%s:%s', k, v / length), ','), dim) FROM x, l
$$;

SELECT setseed(0.3);
SELECT class, type, c.* FROM (VALUES
	(1, 'vector_l2_ops', 'vector(3)', '<->', 'random_array(3)',
		ARRAY['[0,0,0]', '[3e38,3e38,3e38]', '[-3e38,0,1]', '[1e-30,0,0]', '[2e-30,0,0]', '[1e19,0,0]']),
	(2, 'vector_l2_ops', 'vector(40)', '<->', 'random_array(40)',
		filled(40, '0', '3e38', '-3e38', '1e-30', '2e18', '-1.5e18')),
	(3, 'vector_l2_ops', 'vector(400)', '<->', 'random_array(400, i % 5)', filled(400, '0', '1e30')),
	(4, 'vector_l1_ops', 'vector(2)', '<+>', 'random_array(2)',
		ARRAY['[0,0]', '[3e38,3e38]', '[-3e38,0]', '[1e-45,0]']),
	(5, 'vector_l1_ops', 'vector(40)', '<+>', 'random_array(40)', filled(40, '0', '3e38', '-3e38', '1e-45')),
	(6, 'vector_l1_ops', 'vector(400)', '<+>', 'random_array(400, i % 5)', filled(400, '0', '1e30')),
	(7, 'vector_cosine_ops', 'vector(3)', '<=>', 'random_array(3)',
		ARRAY['[0,0,0]', '[-0,0,0]', '[5e17,5e17,-5e17]', '[1e-14,0,0]', '[-1,-1,-1]']),
	(8, 'vector_cosine_ops', 'vector(40)', '<=>', 'random_array(40)', filled(40, '0', '-1', '1e17', '1e-15')),
	(9, 'vector_cosine_ops', 'vector(400)', '<=>', 'random_array(400, i % 5)', filled(400, '0', '-1')),
	(10, 'halfvec_l2_ops', 'halfvec(3)', '<->', 'random_array(3)::vector',
		ARRAY['[0,0,0]', '[65504,65504,65504]', '[-65504,0,6e-8]', '[6e-8,0,0]']),
	(11, 'halfvec_l2_ops', 'halfvec(400)', '<->', 'random_array(400, i % 5)::vector',
		filled(400, '0', '65504', '-6e-8')),
	(12, 'halfvec_l1_ops', 'halfvec(4)', '<+>', 'random_array(4)::vector',
		ARRAY['[0,0,0,0]', '[65504,65504,65504,-65504]']),
	(13, 'halfvec_l1_ops', 'halfvec(100)', '<+>', 'random_array(100)::vector', filled(100, '0', '65504', '-6e-8')),
	(14, 'halfvec_cosine_ops', 'halfvec(3)', '<=>', 'random_array(3)::vector',
		ARRAY['[0,0,0]', '[-0,0,0]', '[65504,65504,-65504]', '[6e-8,0,0]']),
	(15, 'halfvec_cosine_ops', 'halfvec(100)', '<=>', 'random_array(100)::vector', filled(100, '0', '65504', '-6e-8')),
	(16, 'sparsevec_l2_ops', 'sparsevec(3000)', '<->', 'random_sparse(30, 3000)',
		ARRAY['{}/3000', '{1:3e38,2:-3e38,3000:1}/3000', '{7:1e-30}/3000']),
	(17, 'sparsevec_l1_ops', 'sparsevec(3000)', '<+>', 'random_sparse(30, 3000)',
		ARRAY['{}/3000', '{1:3e38,2:-3e38,3000:1}/3000', '{7:1e-45}/3000']),
	(18, 'sparsevec_cosine_ops', 'sparsevec(3000)', '<=>', 'random_sparse(30, 3000)',
		ARRAY['{}/3000', '{1:5e17,2:-5e17,3000:1}/3000', '{7:1e-14}/3000']),
	(19, 'bit_vector_hamming_ops', 'bit(70)', '<~>', '((random() * 4e18)::bigint)::bit(70)',
		ARRAY[repeat('0', 70), repeat('1', 70)]),
	(20, 'bit_vector_jaccard_ops', 'bit(70)', '<%>', '((random() * 4e18)::bigint)::bit(70)',
		ARRAY[repeat('0', 70), repeat('1', 70)]),
	(21, 'bit_vector_jaccard_ops', 'bit(9)', '<%>', '(random() * 20)::integer::bit(9)',
		ARRAY['000000000', '111111111']),
	(22, 'vector_l2_ops', 'vector(500)', '<->', 'on_sphere(500, ''<->'')', filled(500, '3')),
	(23, 'vector_l1_ops', 'vector(500)', '<+>', 'on_sphere(500, ''<+>'')', filled(500, '3')),
	(24, 'vector_cosine_ops', 'vector(500)', '<=>', 'on_sphere(500, ''<=>'')', filled(500, '3')),
	(25, 'halfvec_l2_ops', 'halfvec(500)', '<->', 'on_sphere(500, ''<->'')::vector', filled(500, '3')),
	(26, 'halfvec_cosine_ops', 'halfvec(500)', '<=>', 'on_sphere(500, ''<=>'')::vector', filled(500, '3')),
	(27, 'sparsevec_l2_ops', 'sparsevec(3000)', '<->', 'sparse_on_sphere(50, 3000, ''<->'')', ARRAY['{}/3000']),
	(28, 'sparsevec_l1_ops', 'sparsevec(3000)', '<+>', 'sparse_on_sphere(50, 3000, ''<+>'')', ARRAY['{}/3000'])
	) v(n, class, type, operator, value, special), check_class(class, type, operator, value, special) c
ORDER BY n;
