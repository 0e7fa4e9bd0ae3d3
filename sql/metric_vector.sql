-- Distances of mmvector and real[].
SELECT '[1,2,3]'::mmvector <-> '[1,5,7]' AS l2, '[1,2,3]'::mmvector <+> '[1,5,7]' AS l1,
	   '[1,2,3]'::mmvector <*> '[1,5,7]' AS linf, '[1,0]'::mmvector <=> '[1,1]' AS cosine;
SELECT '{1,2,3}'::real[] <-> '{1,5,7}' AS l2, '{1,2,3}'::real[] <+> '{1,5,7}' AS l1,
	   '{1,2,3}'::real[] <*> '{1,5,7}' AS linf, '{1,0}'::real[] <=> '{1,1}' AS cosine;
SELECT mm_l2_distance('[0,0]'::mmvector, '[3,4]'), mm_l1_distance('[0,0]'::mmvector, '[3,4]'),
	   mm_linf_distance('[0,0]'::mmvector, '[3,4]'), mm_cosine_distance('[0,1]'::mmvector, '[3,4]');

-- Cosine is exactly 0 for a vector and itself, and stays within 0 and 2.
SELECT '[0.1,0.7,1e-3]'::mmvector <=> '[0.1,0.7,1e-3]' AS same, '[1,2]'::mmvector <=> '[-1,-2]' AS opposite,
	   '[1,0]'::mmvector <=> '[0,5]' AS right_angle;

-- Zero vectors have no angle.
SELECT '[0,0]'::mmvector <-> '[0,0]' AS l2, '[0,0]'::mmvector <=> '[1,0]' AS cosine;
SELECT '{1,0}'::real[] <=> '{0,0}';

-- Different dimensions.
SELECT '[1,2]'::mmvector <-> '[1,2,3]';
SELECT '{1,2}'::real[] <+> '{1}';

-- Arrays have more ways to be wrong than vectors.
SELECT '{}'::real[] <-> '{}' AS empty_arrays;
SELECT '{}'::real[] <=> '{}';
SELECT '{1,NULL}'::real[] <-> '{1,2}';
SELECT '{{1,2},{3,4}}'::real[] <-> '{{1,2},{3,4}}';
SELECT '{1,NaN}'::real[] <-> '{1,2}';
SELECT '{1,Infinity}'::real[] <+> '{1,2}';
SELECT '{1,2}'::real[] <*> '{1,NaN}';
SELECT '{1,2}'::real[] <*> '{1,-Infinity}';
SELECT '{1,2}'::real[] <=> '{1,NaN}';

-- NULL.
SELECT '[1]'::mmvector <-> NULL AS l2, NULL::real[] <=> '{1}' AS cosine;

-- Where float4 sums would overflow or underflow, float8 ones take over.
SELECT '[3e38,-3e38]'::mmvector <-> '[-3e38,3e38]' AS l2, '[3e38,-3e38]'::mmvector <+> '[-3e38,3e38]' AS l1,
	   '[3e38]'::mmvector <*> '[-3e38]' AS linf, '[3e38,1]'::mmvector <=> '[3e38,2]' AS cosine;
SELECT '[3e-38]'::mmvector <-> '[1e-38]' AS l2, '[1e-44]'::mmvector <+> '[0]' AS l1,
	   '[1e-38,0]'::mmvector <=> '[1e-38,1e-38]' AS cosine;

-- Values with short and long headers, and out of line, are all the same.
CREATE TABLE stored (id integer, v mmvector, a real[]);
INSERT INTO stored SELECT n, array_agg((i * 7 % 11)::real)::mmvector, array_agg((i * 7 % 11)::real)
	FROM (VALUES (1), (29), (30), (31), (500), (2000), (16000)) s(n), generate_series(1, n) i GROUP BY n;
SELECT id, mm_dims(v), v <-> array_fill(0::real, ARRAY[id])::mmvector AS l2,
	a <-> array_fill(0::real, ARRAY[id]) AS l2_array
FROM stored ORDER BY id;
DROP TABLE stored;
