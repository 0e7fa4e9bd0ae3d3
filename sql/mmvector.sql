-- The type mmvector: input, output, typmod, casts, order, arithmetic.

-- Text.
SELECT '[1,2.5,3]'::mmvector, ' [ 1 , -2e1 ,3.0 ] '::mmvector, '[0.1,1e38,1e-38,-0]'::mmvector;
SELECT '[16777216,0.30000001192092896,3.4028235e38]'::mmvector;
SELECT '1,2'::mmvector;
SELECT '[1,2'::mmvector;
SELECT '[1,2]x'::mmvector;
SELECT '[1,,2]'::mmvector;
SELECT '[1 2]'::mmvector;
SELECT '[1,äöü]'::mmvector;
SELECT '[äöü]'::mmvector;
SELECT ''::mmvector;
SELECT '[]'::mmvector;
SELECT '{1,2}'::mmvector;
SELECT '[NaN]'::mmvector;
SELECT '[1,Infinity]'::mmvector;
SELECT '[1e39]'::mmvector;
SELECT '[1e-50]'::mmvector;
SELECT ('[' || repeat('1.25,', 100) || 'x]')::mmvector;
SELECT mm_dims(('[' || repeat('1,', 15999) || '1]')::mmvector);
SELECT mm_dims(('[' || repeat('1,', 16000) || '1]')::mmvector);

-- Type modifier.
CREATE TABLE v3 (v mmvector(3));
INSERT INTO v3 VALUES ('[1,2,3]');
INSERT INTO v3 VALUES ('[1,2]');
INSERT INTO v3 VALUES (ARRAY[1,2]::real[]);
INSERT INTO v3 VALUES (ARRAY[4,5,6]);
INSERT INTO v3 SELECT '[1,2,3,4]'::mmvector;
UPDATE v3 SET v = '[7]'::mmvector;
-- COPY knows the column
COPY v3 FROM stdin;
[1,2]
\.
SELECT v, format_type(atttypid, atttypmod) FROM v3, pg_attribute WHERE attrelid = 'v3'::regclass AND attname = 'v';
SELECT '[1,2]'::mmvector(2), '[1,2]'::mmvector(3);
CREATE TABLE bad (v mmvector(0));
CREATE TABLE bad (v mmvector(16001));
CREATE TABLE bad (v mmvector(1,2));

-- Binary.
SELECT mmvector_send('[1,-2.5]');

-- Casts.
SELECT ARRAY[1,2]::mmvector, ARRAY[1.5,2]::real[]::mmvector, ARRAY[0.1,2]::double precision[]::mmvector,
	   ARRAY[1.25,3]::mmvector;
-- whole numbers of all sizes, as drivers send lists of them
SELECT ARRAY[1,2]::smallint[]::mmvector, ARRAY[-3,16777217,9007199791611905,9223372036854775807]::bigint[]::mmvector,
	   (ARRAY[9007199791611905]::bigint[]::mmvector::real[])[1] = 9007199791611905::bigint::real AS as_cast;
INSERT INTO v3 VALUES (ARRAY[1,2,3]::smallint[]), (ARRAY[4,5,6]::bigint[]);
SELECT v FROM v3 ORDER BY v;
SELECT ARRAY[1,NULL]::bigint[]::mmvector;
SELECT '[1,2.5]'::mmvector::real[], '[1,0.1]'::mmvector::double precision[], '[1.5,2.5,-3.5]'::mmvector::integer[];
SELECT ARRAY[1,NULL]::mmvector;
SELECT ARRAY[[1,2],[3,4]]::mmvector;
SELECT '{}'::integer[]::mmvector;
SELECT ARRAY['NaN'::real]::mmvector;
SELECT ARRAY['-Infinity'::double precision]::mmvector;
SELECT ARRAY[1e300]::double precision[]::mmvector;
SELECT ARRAY[1e-300]::double precision[]::mmvector;
SELECT '[1e20]'::mmvector::integer[];

-- Not compressed, stored out of line when long.
SELECT typstorage, typalign FROM pg_type WHERE typname = 'mmvector';

-- Order, equality, hashing.
SELECT v FROM (VALUES ('[2,1]'::mmvector), ('[1,2,3]'), ('[1,2]'), ('[1,10]'), ('[-1]')) t(v) ORDER BY v;
SELECT a < b AS lt, a <= b AS le, a = b AS eq, a <> b AS ne, a >= b AS ge, a > b AS gt
FROM (VALUES ('[1,2]'::mmvector, '[1,3]'::mmvector), ('[1,2]', '[1,2]'), ('[1,2]', '[1]'), ('[0]', '[-0]')) t(a, b);
SELECT count(DISTINCT v) FROM (VALUES ('[0,1]'::mmvector), ('[-0,1]'), ('[1,0]')) t(v);
CREATE TABLE keys AS SELECT ARRAY[i % 7, i % 3]::mmvector AS v FROM generate_series(1, 42) i;
SELECT count(*) FROM (SELECT v FROM keys GROUP BY v) g;
CREATE INDEX ON keys (v);
CREATE INDEX ON keys USING hash (v);
ANALYZE keys;
SET enable_hashjoin = off; SET enable_nestloop = off;
SELECT count(*) FROM keys a JOIN keys b USING (v);
RESET enable_hashjoin; SET enable_mergejoin = off;
SELECT count(*) FROM keys a JOIN keys b USING (v);
RESET enable_nestloop; RESET enable_mergejoin;
SET enable_seqscan = off;
SELECT count(*) FROM keys WHERE v = '[3,0]';
SELECT count(*) FROM keys WHERE v < '[1,0]';
RESET enable_seqscan;
SELECT mmvector_hash('[0,1]') = mmvector_hash('[-0,1]') AS hash,
	   mmvector_hash_extended('[0,1]', 5) = mmvector_hash_extended('[-0,1]', 5) AS extended,
	   mmvector_hash_extended('[0,1]', 0)::bit(32)::integer = mmvector_hash('[0,1]') AS low_bits;

-- Arithmetic.
SELECT '[1,2]'::mmvector + '[3,4]', '[1,2]'::mmvector - '[3,4]', '[1,2]'::mmvector * '[3,4]';
SELECT '[1,2]'::mmvector + '[3]';
SELECT '[3e38]'::mmvector + '[3e38]';
SELECT '[3e38]'::mmvector - '[-3e38]';
SELECT '[3e38]'::mmvector * '[2]';
SELECT '[1e-30]'::mmvector * '[1e-30]';
SELECT mm_dims('[1,2,3]'), mm_norm('[3,4]'), mm_norm('[1e38,1e38]') > 1e38 AS large;
SELECT mm_normalize('[3,4]'), mm_normalize('[0,0]'), mm_norm(mm_normalize('[1e-38,1e-38]'));

-- Aggregates.
SELECT sum(v), avg(v) FROM (VALUES ('[1,2]'::mmvector), ('[3,5]'), (NULL)) t(v);
SELECT sum(v), avg(v) FROM (SELECT NULL::mmvector AS v WHERE false) t;
SELECT sum(v), avg(v) FROM (VALUES (NULL::mmvector)) t(v);
SELECT sum(v) FROM (VALUES ('[1,2]'::mmvector), ('[3]')) t(v);
SELECT sum(v) FROM (VALUES ('[3e38]'::mmvector), ('[3e38]')) t(v);
SELECT avg(v) FROM (VALUES ('[3e38]'::mmvector), ('[3e38]')) t(v);
-- in parallel
CREATE TABLE many AS SELECT ARRAY[i, i % 10, 1]::mmvector AS v FROM generate_series(1, 20000) i;
ANALYZE many;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT sum(v), avg(v) FROM many;
SELECT sum(v), avg(v) FROM many;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size;

DROP TABLE v3, keys, many;
