-- Randomized comparison of odbknn and odbrange with brute force; the TAP test
-- 006_random.pl calls random_round() with one seed after another.
--
-- A round makes a table of random columns, fills it with random values, NULLs and
-- duplicates, and an index over it, before or after.  It changes some of it,
-- then asks random queries, and compares each answer with distances computed
-- one by one and added up here.

CREATE TABLE kinds (class text, type text, operator text, value text);
-- value: an expression for a random value; n is a column of the row source
INSERT INTO kinds VALUES
	('mmvector_l2_ops', 'mmvector', '<->', 'ARRAY(SELECT random() FROM generate_series(1, 5) WHERE n > 0)'),
	('mmvector_l1_ops', 'mmvector', '<+>', 'ARRAY(SELECT (random() * 3)::integer FROM generate_series(1, 70) WHERE n > 0)'),
	('mmvector_linf_ops', 'mmvector', '<*>', 'ARRAY(SELECT random() FROM generate_series(1, 33) WHERE n > 0)'),
	('mmvector_cosine_ops', 'mmvector', '<=>', 'ARRAY(SELECT random() - 0.3 FROM generate_series(1, 3) WHERE n > 0)'),
	('real_array_l2_ops', 'real[]', '<->', 'ARRAY(SELECT random() FROM generate_series(1, 4) WHERE n > 0)'),
	('real_array_l1_ops', 'real[]', '<+>', 'ARRAY(SELECT random() FROM generate_series(1, 400) WHERE n > 0)'),
	('real_array_linf_ops', 'real[]', '<*>', 'ARRAY(SELECT random() FROM generate_series(1, 2) WHERE n > 0)'),
	('real_array_cosine_ops', 'real[]', '<=>', 'ARRAY(SELECT random() + 0.1 FROM generate_series(1, 20) WHERE n > 0)'),
	('int2_l1_ops', 'smallint', '<+>', '(random() * 20)::integer'),
	('int4_l1_ops', 'integer', '<+>', '(random() * 2e9 - 1e9)::integer'),
	('int8_l1_ops', 'bigint', '<+>', '(random() * 1e18)::bigint'),
	('float4_l1_ops', 'real', '<+>', 'random()'),
	('float8_l1_ops', 'double precision', '<+>', 'CASE WHEN random() < 0.05 THEN ''Infinity'' ELSE random() * 1e6 END'),
	('numeric_l1_ops', 'numeric', '<+>', 'round(random()::numeric, 3)'),
	('date_l1_ops', 'date', '<+>', 'CASE WHEN random() < 0.05 THEN ''infinity''::date ELSE date ''2020-01-01'' + (random() * 999)::integer END'),
	('timestamp_l1_ops', 'timestamp', '<+>', 'timestamp ''2020-01-01'' + random() * interval ''10 years'''),
	('timestamptz_l1_ops', 'timestamptz', '<+>', 'timestamptz ''2020-01-01'' + random() * interval ''10 years'''),
	('interval_l1_ops', 'interval', '<+>', 'random() * interval ''10 months'''),
	('point_l2_ops', 'point', '<->', 'point(random(), random())'),
	('point_l1_ops', 'point', '<+>', 'point((random() * 9)::integer, random())'),
	('point_geo_ops', 'point', '<@@>', 'point(random() * 360 - 180, random() * 180 - 90)'),
	('text_edit_ops', 'text', '<~>', 'left(md5(random()::text) || repeat(''é'', (random() * 3)::integer), 3 + (random() * 40)::integer)'),
	('text_edit_ops', 'varchar(40)', '<~>', 'left(translate(md5(random()::text), ''0123456789'', ''aaaaabbbbb''), (random() * 6)::integer)'),
	('text_discrete_ops', 'text', '<!>', '(random() * 4)::integer'),
	('bit_hamming_ops', 'bit(70)', '<^>', '(random() * 1e18)::bigint::bit(70)'),
	('bit_hamming_ops', 'varbit', '<^>', '(random() * 1e4)::integer::bit(12)'),
	('bit_jaccard_ops', 'bit(30)', '<%%>', '(random() * 1e9)::integer::bit(30)'),
	('text_array_jaccard_ops', 'text[]', '<%>', 'ARRAY(SELECT (random() * 9)::integer FROM generate_series(1, (random() * 6)::integer) WHERE n > 0)'),
	('int4_array_jaccard_ops', 'integer[]', '<%>', 'ARRAY(SELECT (random() * 9)::integer FROM generate_series(1, (random() * 6)::integer) WHERE n > 0)'),
	('int8_array_jaccard_ops', 'bigint[]', '<%>', 'ARRAY(SELECT (random() * 9)::integer FROM generate_series(1, (random() * 6)::integer) WHERE n > 0)'),
	('int4_discrete_ops', 'integer', '<!>', '(random() * 3)::integer'),
	('bool_discrete_ops', 'boolean', '<!>', 'random() < 0.3'),
	('uuid_discrete_ops', 'uuid', '<!>', 'md5((random() * 3)::integer::text)::uuid');

-- The multi-metric distance, from each column's distance d (NULL: no value).
CREATE FUNCTION expected(w float8[], s float8[], d float8[], missing text, normalized boolean)
	RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	total float8 := 0;
	present float8 := 0;
	all_weights float8 := 0;
BEGIN
	FOR i IN 1 .. array_length(w, 1) LOOP
		CONTINUE WHEN w[i] = 0;
		all_weights := all_weights + w[i];
		IF d[i] IS NOT NULL THEN
			total := total + w[i] * d[i] / CASE WHEN normalized THEN s[i] ELSE 1 END;
			present := present + w[i];
		ELSIF missing = 'penalty' THEN
			total := total + w[i] * CASE WHEN normalized THEN 1 ELSE s[i] END;
		ELSIF missing = 'exclude' THEN
			RETURN NULL;
		END IF;
	END LOOP;
	RETURN CASE WHEN missing = 'ignore' THEN total * all_weights / nullif(present, 0) ELSE total END;
END $$;

CREATE FUNCTION differ(a float8, b float8) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT (a IS NULL) <> (b IS NULL) OR coalesce(a <> b AND NOT abs(a - b) <= 1e-9 * (abs(a) + abs(b)), false)
$$;

-- One round.  Returns how many distances it compared; raises an error that tells
-- the seed and the query if one differs.
CREATE FUNCTION random_round(seed integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	chosen kinds[];
	ncolumns integer;
	names text;				-- c1, c2, ...
	"values" text;			-- random values for them
	nrows integer;
	fill text;
	w float8[];
	s float8[];
	k integer;
	missing text;
	normalized boolean;
	radius float8;
	query text;
	result record;
	comparisons bigint := 0;
BEGIN
	PERFORM setseed((seed % 1000003) / 1000003.0);
	SELECT array_agg(c), count(*) INTO chosen, ncolumns FROM (SELECT x AS c FROM kinds x ORDER BY random() LIMIT 1 + (random() * 5)::integer) y;
	SELECT string_agg('c' || i, ', ' ORDER BY i),
		   string_agg(format('CASE WHEN random() < %s THEN NULL ELSE (%s)::%s END', CASE WHEN i % 2 = 0 THEN 0.2 ELSE 0.01 END, (chosen[i]).value, (chosen[i]).type), ', ' ORDER BY i)
		INTO names, "values" FROM generate_series(1, ncolumns) i;

	-- the table, its rows and its index, in either order
	EXECUTE 'CREATE TABLE r (id serial, ' || (SELECT string_agg(format('c%s %s', i, (chosen[i]).type), ', ') FROM generate_series(1, ncolumns) i) || ')';
	nrows := (ARRAY[0, 1, 2, 30, 200, 400])[1 + (random() * 5)::integer];
	fill := format('INSERT INTO r (%s) SELECT %s FROM generate_series(1, %s) n', names, "values", nrows);
	IF random() < 0.3 THEN
		EXECUTE 'CREATE INDEX r_mm ON r USING mmdb (' || (SELECT string_agg(format('c%s %s', i, (chosen[i]).class), ', ') FROM generate_series(1, ncolumns) i) || ')';
		EXECUTE fill;
	ELSE
		EXECUTE fill;
		EXECUTE 'CREATE INDEX r_mm ON r USING mmdb (' || (SELECT string_agg(format('c%s %s', i, (chosen[i]).class), ', ') FROM generate_series(1, ncolumns) i) || ')';
	END IF;
	EXECUTE format('INSERT INTO r (%1$s) SELECT %1$s FROM r ORDER BY id LIMIT 20', names);		-- duplicates
	DELETE FROM r WHERE random() < 0.1;
	EXECUTE format('UPDATE r SET (%s) = (SELECT %s FROM (SELECT 1 AS n) one WHERE r.id > 0) WHERE random() < 0.1',
				   names, "values");
	IF random() < 0.5 THEN
		REINDEX INDEX r_mm;
	END IF;

	FOR q IN 1 .. 6 LOOP
		-- a query: a row, or new values; weights, some zero; the rest
		DROP TABLE IF EXISTS query_row;
		IF random() < 0.5 AND EXISTS (SELECT FROM r) THEN
			EXECUTE format('CREATE TEMP TABLE query_row AS SELECT %s FROM r ORDER BY random() LIMIT 1', names);
		ELSE
			EXECUTE format('CREATE TEMP TABLE query_row (%s) AS SELECT %s FROM (SELECT 1 AS n) one', names, "values");
		END IF;
		LOOP
			SELECT array_agg(CASE WHEN random() < 0.3 THEN 0 ELSE round((random() * 3)::numeric, (random() * 5)::integer) END) INTO w FROM generate_series(1, ncolumns);
			EXIT WHEN w IS NOT NULL AND (SELECT max(x) FROM unnest(w) x) > 0;
		END LOOP;
		k := (ARRAY[1, 3, 17, 10000])[1 + (random() * 3)::integer];
		missing := (ARRAY['penalty', 'ignore', 'exclude'])[1 + (random() * 2)::integer];
		normalized := random() < 0.7;
		SELECT array_agg(scale ORDER BY column_number) INTO s FROM mmdb.index_columns WHERE index_name = 'r_mm'::regclass;
		-- what plays no part
		EXECUTE 'SELECT ARRAY[' || (SELECT string_agg(format('CASE WHEN c%1$s IS NULL THEN 0 ELSE $1[%1$s] END', i), ', ') FROM generate_series(1, ncolumns) i) || '] FROM query_row'
			INTO w USING w;
		CONTINUE WHEN (SELECT max(x) FROM unnest(w) x) = 0;

		DROP TABLE IF EXISTS brute_force;
		EXECUTE format('CREATE TEMP TABLE brute_force AS SELECT id, expected($1, $2, ARRAY[%s]::float8[], $3, $4) AS distance FROM r, query_row q',
					   (SELECT string_agg(format('r.c%1$s %2$s q.c%1$s', i, (chosen[i]).operator), ', ') FROM generate_series(1, ncolumns) i))
			USING w, s, missing, normalized;
		SELECT coalesce(percentile_disc(0.3) WITHIN GROUP (ORDER BY distance), 1) INTO radius FROM brute_force;

		query := format('NULL::r, (SELECT ROW(%s) FROM query_row), $1, $2, normalized => $3, missing => $4', names);
		DROP TABLE IF EXISTS found;
		EXECUTE 'CREATE TEMP TABLE found AS SELECT (obj).id, distance FROM odbknn(' || query || ')' USING w, k, normalized, missing;
		SELECT count(*) AS n, count(f.id) AS nfound, max(f.distance) AS farthest,
			   count(*) FILTER (WHERE f.id IS NOT NULL AND differ(f.distance, b.distance)) AS wrong,
			   min(b.distance) FILTER (WHERE f.id IS NULL) AS nearest_left,
			   least(k, count(*) FILTER (WHERE missing <> 'exclude' OR b.distance IS NOT NULL)) AS expected
			INTO result FROM brute_force b LEFT JOIN found f USING (id);
		IF result.wrong > 0 OR result.nfound <> result.expected OR
		   (result.nearest_left < result.farthest AND differ(result.nearest_left, result.farthest)) THEN
			RAISE 'odbknn differs: seed %, query %, classes %, weights %, k %, missing %, normalized %: %',
				seed, q, (SELECT array_agg(c.class) FROM unnest(chosen) c), w, k, missing, normalized, result;
		END IF;

		DROP TABLE found;
		EXECUTE 'CREATE TEMP TABLE found AS SELECT (obj).id, distance FROM odbrange(' || query || ')' USING w, radius, normalized, missing;
		SELECT count(*) AS n, count(*) FILTER (WHERE f.id IS NOT NULL AND differ(f.distance, b.distance)) AS wrong,
			   count(*) FILTER (WHERE f.id IS NULL AND b.distance <= radius AND differ(b.distance, radius)) AS lost,
			   count(*) FILTER (WHERE f.id IS NOT NULL AND b.distance > radius AND differ(b.distance, radius)) AS added
			INTO result FROM brute_force b LEFT JOIN found f USING (id);
		IF result.wrong > 0 OR result.lost > 0 OR result.added > 0 THEN
			RAISE 'odbrange differs: seed %, query %, classes %, weights %, radius %, missing %, normalized %: %',
				seed, q, (SELECT array_agg(c.class) FROM unnest(chosen) c), w, radius, missing, normalized, result;
		END IF;
		comparisons := comparisons + 2 * result.n;
	END LOOP;
	DROP TABLE r;
	RETURN comparisons;
END $$;
