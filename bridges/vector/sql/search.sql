-- Searches by each operator class, compared with sequential scans.
SET jit = off;
SET extra_float_digits = 1;

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
