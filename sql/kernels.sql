-- The kernels of all instruction sets this CPU has, forced in turn, against
-- plain SQL, and against each other to the last bit.
CREATE FUNCTION noise(i integer, k integer) RETURNS float8 LANGUAGE sql IMMUTABLE
	RETURN (hashint8extended(i * 1000::bigint + k, 1) & 1048575) / 1048576.0::float8;
SELECT setseed(0.125);
CREATE TABLE pairs AS
	SELECT n, ARRAY(SELECT (random() * 20 - 10)::real FROM generate_series(1, n) WHERE i > 0) AS a,
		   ARRAY(SELECT (random() * 20 - 10)::real FROM generate_series(1, n) WHERE i > 0) AS b
	FROM (SELECT generate_series(1, 130) UNION ALL
		  VALUES (191), (192), (193), (255), (256), (257), (300), (319), (320), (384), (511), (512), (513),
				 (640), (767), (768), (769), (1000), (1024), (1536), (3072), (16000)) d(n),
		 generate_series(1, 2) i;
ALTER TABLE pairs ADD va mmvector, ADD vb mmvector, ADD ba varbit, ADD bb varbit;
UPDATE pairs SET va = a::mmvector, vb = b::mmvector,
	ba = (SELECT string_agg((x > 0)::integer::text, '') FROM unnest(a) x)::varbit,
	bb = (SELECT string_agg((x > 3)::integer::text, '') FROM unnest(b) x)::varbit;

CREATE TABLE plain AS
	SELECT n, a, b, d.*, length(replace((ba # bb)::text, '0', ''))::float8 AS hamming,
		   1 - coalesce(length(replace((ba & bb)::text, '0', ''))::float8
						/ nullif(length(replace((ba | bb)::text, '0', '')), 0), 1) AS jaccard
	FROM pairs, LATERAL (SELECT sqrt(sum((x - y) ^ 2)) AS l2, sum(abs(x - y)) AS l1, max(abs(x - y)) AS linf,
								1 - sum(x * y) / sqrt(sum(x * x) * sum(y * y)) AS cosine
						 FROM unnest(a::float8[], b::float8[]) u(x, y)) d;
CREATE TABLE computed (level text, n integer, a real[], l2 float8, l1 float8, linf float8, cosine float8,
	hamming float8, jaccard float8);
CREATE TABLE grown (level text, tree text);
-- vectors whose sketches have 4 bits a component, 8 bits, and fewer numbers than components
CREATE TABLE bounded AS SELECT i, (SELECT array_agg(noise(i, j)) FROM generate_series(1, 60) j)::mmvector AS even,
		(SELECT array_agg(sin(i % 40 * j) + 0.02 * noise(i, j)) FROM generate_series(1, 11) j)::mmvector AS near,
		(SELECT array_agg(sin(i % 40 + j / 100.0) + 0.1 * noise(i, j)) FROM generate_series(1, 700) j)::mmvector
			AS wide,
		repeat(left(md5((i % 50)::text), 5), 1 + i % 3) || left(md5(i::text), 3) AS s
	FROM generate_series(1, 600) i;
CREATE TABLE work (level text, class text, c text, counts text, nearest float8[]);
-- the ten nearest, by functions of a distance d: how many entries were looked at in which way, and the distances
CREATE FUNCTION work(level text, class text, c text, operator text, shapes text[] = '{d}') RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	distance text := format('(%1$I %2$s (SELECT %1$I FROM bounded WHERE i = 7))', c, operator);
	shape text;
	query text;
	plan jsonb;
	nearest float8[];
BEGIN
	EXECUTE format('CREATE INDEX bounded_mm ON bounded USING mmdb (%I %s) WITH (subindexes = none)', c, class);
	PERFORM mmdb_index_check('bounded_mm');
	FOREACH shape IN ARRAY shapes LOOP
		query := format('SELECT %s AS d FROM bounded ORDER BY 1 LIMIT 10',
			regexp_replace(shape, '\md\M', distance, 'g'));
		EXECUTE 'EXPLAIN (ANALYZE, BUFFERS OFF, FORMAT JSON, TIMING OFF) ' || query INTO plan;
		EXECUTE format('SELECT array_agg(d) FROM (%s) q', query) INTO nearest;
		INSERT INTO work VALUES (level, class, c || coalesce(': ' || nullif(shape, 'd'), ''),
			(jsonb_path_query_first(plan, '$.** ? (exists (@."Candidates"))')
			 - '{Plans,Startup Cost,Total Cost,Memory,Actual Startup Time,Actual Total Time}'::text[])::text, nearest);
	END LOOP;
	DROP INDEX bounded_mm;
END $$;
DO $$
DECLARE
	level text;
	searched record;
BEGIN
	SET LOCAL enable_seqscan = off;
	SET LOCAL enable_sort = off;
	FOREACH level IN ARRAY '{scalar,neon,dotprod,avx2,avx512}'::text[] LOOP
		BEGIN
			PERFORM set_config('mmdb.simd', level, true);
		EXCEPTION WHEN invalid_parameter_value THEN
			CONTINUE;			-- not this CPU
		END;
		INSERT INTO computed
			SELECT level, n, a, va <-> vb, va <+> vb, va <*> vb, va <=> vb, ba <^> bb, ba <&> bb FROM pairs;
		-- real[] goes the same way
		IF EXISTS (SELECT FROM pairs WHERE (a <-> b) <> (va <-> vb) OR (a <+> b) <> (va <+> vb)
								  OR (a <*> b) <> (va <*> vb) OR (a <=> b) <> (va <=> vb)) THEN
			RAISE 'real[] differs from mmvector at level %', level;
		END IF;
		-- so does the other order
		IF EXISTS (SELECT FROM pairs WHERE (va <-> vb) <> (vb <-> va) OR (va <+> vb) <> (vb <+> va)
								  OR (va <*> vb) <> (vb <*> va) OR (va <=> vb) <> (vb <=> va)) THEN
			RAISE 'not symmetric at level %', level;
		END IF;
		-- insertions go to the same leaves
		CREATE TABLE inserted (i integer, v mmvector, s text);
		CREATE INDEX inserted_mm ON inserted USING mmdb (i, v, s);
		INSERT INTO inserted
			SELECT nullif(i % 100, 7), (SELECT array_agg(sin(i * j)) FROM generate_series(1, 7) j)::real[], md5(i::text)
			FROM generate_series(1, 3000) i;
		PERFORM mmdb_index_check('inserted_mm');
		INSERT INTO grown SELECT level, t::text FROM mmdb_index_stats('inserted_mm') t WHERE t.splits > 20;
		DROP TABLE inserted;
		-- and bounds are the same
		FOR searched IN SELECT class, c, operator FROM unnest('{even,near,wide}'::text[]) c,
				(VALUES ('mmvector_l2_ops', '<->'), ('mmvector_l1_ops', '<+>'), ('mmvector_linf_ops', '<*>'),
					('mmvector_cosine_ops', '<=>')) v(class, operator)
			UNION ALL SELECT 'text_edit_ops', 's', '<~>'
		LOOP
			PERFORM work(level, searched.class, searched.c, searched.operator);
		END LOOP;
		-- and functions of distances
		PERFORM work(level, 'mmvector_l2_ops', 'near', '<->', ARRAY['sqrt(d)', 'd ^ 2', '1 - exp(-d / 3)',
			'1 - exp(-d ^ 2)', 'ln(1 + d)', '(d / 2) ^ 0.7', 'least(d, 0.8)', 'greatest(d, 0.7)', 'd + sqrt(d)',
			'0.1 * d ^ 3 + sqrt(d)']);
	END LOOP;
END $$;

SELECT count(*) * 6 AS comparisons_a_level FROM plain;
SELECT level, n, a, p.b, c.l2, p.l2 AS expected_l2, c.l1, p.l1 AS expected_l1, c.linf, p.linf AS expected_linf,
	   c.cosine, p.cosine AS expected_cosine, c.hamming, p.hamming AS expected_hamming,
	   c.jaccard, p.jaccard AS expected_jaccard
FROM computed c JOIN plain p USING (n, a)
WHERE abs(c.l2 - p.l2) > 1e-6 * p.l2 OR abs(c.l1 - p.l1) > 1e-6 * p.l1 OR c.linf <> p.linf::real OR
	  abs(c.cosine - p.cosine) > 1e-12 OR c.hamming <> p.hamming OR abs(c.jaccard - p.jaccard) > 1e-15
LIMIT 10;
SELECT c.*, s AS scalar
FROM computed c JOIN computed s USING (n, a)
WHERE s.level = 'scalar' AND row(c.l2, c.l1, c.linf, c.cosine, c.hamming, c.jaccard) IS DISTINCT FROM
						 row(s.l2, s.l1, s.linf, s.cosine, s.hamming, s.jaccard)
LIMIT 10;
SELECT count(DISTINCT tree) || ' tree' AS grown FROM grown;
SELECT class, c, count(DISTINCT counts) AS ways, count(DISTINCT nearest) AS answers,
	bool_and(counts ~ '"Candidates"') AS by_index
FROM work GROUP BY class, c ORDER BY class, c;

-- The setting takes what the CPU has.
SET mmdb.simd = scalar;
SHOW mmdb.simd;
SET mmdb.simd = auto;
SELECT current_setting('mmdb.simd') <> 'auto' AS says_which;
\set VERBOSITY terse
SET mmdb.simd = mmx;
DROP TABLE pairs, plain, computed, grown, bounded, work;
DROP FUNCTION noise, work;
