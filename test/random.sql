-- Randomized comparison of searches with brute force.  The TAP test 006_random.pl
-- runs random_table() and what random_script() returns for one seed after another.
--
-- A round makes a table of random columns, with an index over them: columns,
-- expressions, one composite, or part of the rows.  It fills the table with
-- random values, NULLs and duplicates, changes it and the index in random ways,
-- and asks random queries in between: odbknn and odbrange, weighted sums in SQL,
-- and what index scans and bitmap scans answer.  Each answer is compared with
-- distances computed one by one and added up here, or that of a sequential scan.

CREATE TABLE kinds (class text, type text, operator text, value text);
-- value: an expression for a random value; n is a column of the row source
-- Of each type, the first class is the default one.
INSERT INTO kinds VALUES
	('mmvector_l2_ops', 'mmvector', '<->', 'ARRAY(SELECT random() FROM generate_series(1, 5) WHERE n > 0)'),
	('mmvector_l1_ops', 'mmvector', '<+>',
		'ARRAY(SELECT (random() * 3)::integer FROM generate_series(1, 70) WHERE n > 0)'),
	('mmvector_linf_ops', 'mmvector', '<*>', 'ARRAY(SELECT random() FROM generate_series(1, 33) WHERE n > 0)'),
	('mmvector_cosine_ops', 'mmvector', '<=>', 'ARRAY(SELECT random() - 0.3 FROM generate_series(1, 3) WHERE n > 0)'),
	('real_array_l2_ops', 'real[]', '<->', 'ARRAY(SELECT random() FROM generate_series(1, 4) WHERE n > 0)'),
	('real_array_l1_ops', 'real[]', '<+>', 'ARRAY(SELECT random() FROM generate_series(1, 400) WHERE n > 0)'),
	('real_array_linf_ops', 'real[]', '<*>', 'ARRAY(SELECT random() FROM generate_series(1, 2) WHERE n > 0)'),
	('real_array_cosine_ops', 'real[]', '<=>', 'ARRAY(SELECT random() + 0.1 FROM generate_series(1, 20) WHERE n > 0)'),
	('double_array_l2_ops', 'float8[]', '<->', 'ARRAY(SELECT random() * 1e3 FROM generate_series(1, 6) WHERE n > 0)'),
	('double_array_l1_ops', 'float8[]', '<+>', 'ARRAY(SELECT random() - 0.5 FROM generate_series(1, 3) WHERE n > 0)'),
	('double_array_linf_ops', 'float8[]', '<*>',
		'ARRAY(SELECT 1e9 + (random() * 99)::integer FROM generate_series(1, 50) WHERE n > 0)'),
	('double_array_cosine_ops', 'float8[]', '<=>',
		'ARRAY(SELECT random() + 0.1 FROM generate_series(1, 12) WHERE n > 0)'),
	('int2_l1_ops', 'smallint', '<+>', '(random() * 20)::integer'),
	('int4_l1_ops', 'integer', '<+>', '(random() * 2e9 - 1e9)::integer'),
	('int8_l1_ops', 'bigint', '<+>', '(random() * 1e18)::bigint'),
	('float4_l1_ops', 'real', '<+>', 'random()'),
	('float8_l1_ops', 'double precision', '<+>', 'CASE WHEN random() < 0.05 THEN ''Infinity'' ELSE random() * 1e6 END'),
	('numeric_l1_ops', 'numeric', '<+>', 'round(random()::numeric, 3)'),
	('date_l1_ops', 'date', '<+>',
		'CASE WHEN random() < 0.05 THEN ''infinity''::date ELSE date ''2020-01-01'' + (random() * 999)::integer END'),
	('timestamp_l1_ops', 'timestamp', '<+>', 'timestamp ''2020-01-01'' + random() * interval ''10 years'''),
	('timestamptz_l1_ops', 'timestamptz', '<+>', 'timestamptz ''2020-01-01'' + random() * interval ''10 years'''),
	('interval_l1_ops', 'interval', '<+>', 'random() * interval ''10 months'''),
	('point_l2_ops', 'point', '<->', 'point(random(), random())'),
	('point_l1_ops', 'point', '<+>', 'point((random() * 9)::integer, random())'),
	('point_geo_ops', 'point', '<@@>', 'point(random() * 360 - 180, random() * 180 - 90)'),
	('text_edit_ops', 'text', '<~>',
		'left(md5(random()::text) || repeat(''é'', (random() * 3)::integer), 3 + (random() * 40)::integer)'),
	('text_edit_ops', 'varchar(40)', '<~>',
		'left(translate(md5(random()::text), ''0123456789'', ''aaaaabbbbb''), (random() * 6)::integer)'),
	('text_discrete_ops', 'text', '<!>', '(random() * 4)::integer'),
	('bit_hamming_ops', 'bit(70)', '<^>', '(random() * 1e18)::bigint::bit(70)'),
	('bit_hamming_ops', 'varbit', '<^>', '(random() * 1e4)::integer::bit(12)'),
	('bit_jaccard_ops', 'bit(30)', '<&>', '(random() * 1e9)::integer::bit(30)'),
	('text_array_jaccard_ops', 'text[]', '<&>',
		'ARRAY(SELECT (random() * 9)::integer FROM generate_series(1, (random() * 6)::integer) WHERE n > 0)'),
	('int4_array_jaccard_ops', 'integer[]', '<&>',
		'ARRAY(SELECT (random() * 9)::integer FROM generate_series(1, (random() * 6)::integer) WHERE n > 0)'),
	('int8_array_jaccard_ops', 'bigint[]', '<%>',
		'ARRAY(SELECT (random() * 9)::integer FROM generate_series(1, (random() * 6)::integer) WHERE n > 0)'),
	('varchar_array_jaccard_ops', 'varchar(9)[]', 'OPERATOR(mmdb.<&>)',
		'ARRAY(SELECT (random() * 9)::integer FROM generate_series(1, (random() * 6)::integer) WHERE n > 0)'),
	('uuid_array_jaccard_ops', 'uuid[]', '<&>',
		'ARRAY(SELECT md5((random() * 9)::integer::text)::uuid FROM generate_series(1, (random() * 6)::integer)
			   WHERE n > 0)'),
	('bpchar_edit_ops', 'char(9)', '<~>',
		'left(translate(md5(random()::text), ''0123456789'', ''aaaa  bbbb''), (random() * 9)::integer)'),
	('bpchar_discrete_ops', 'char(3)', '<!>', '(random() * 3)::integer'),
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

-- What the current round is about.
CREATE TABLE round (
	seed integer,
	shape text,			-- of the index: columns, expressions, composite, partial
	chosen kinds[],
	ncolumns integer,
	names text,			-- c1, c2, ...
	"values" text,		-- random values for them
	terms text[],		-- what the index has for each column
	filter text,		-- the rows it has
	definition text,	-- of the index
	source text			-- what sums are asked of: r, or the same rows in partitions
);

-- What has been compared by which kind of search.
CREATE TABLE tally (search text PRIMARY KEY, answers bigint);

CREATE FUNCTION count_answer(text) RETURNS void LANGUAGE sql AS $$
	INSERT INTO tally VALUES ($1, 1) ON CONFLICT (search) DO UPDATE SET answers = tally.answers + 1
$$;

CREATE FUNCTION pick(VARIADIC text[]) RETURNS text LANGUAGE sql AS $$
	SELECT $1[1 + floor(random() * cardinality($1))]
$$;

CREATE FUNCTION seed_step(seed integer, step integer) RETURNS void LANGUAGE sql AS $$
	SELECT setseed((seed::bigint * 7919 + step * 104729) % 1000003 / 1000003.0)
$$;

-- The kinds of sub-index that a column can have.
CREATE FUNCTION subindex_kinds(kind kinds) RETURNS text[] LANGUAGE sql AS $$
	SELECT CASE WHEN kind.class ~ 'edit|array_jaccard' THEN '{rtree,mvp,inverted,inverted}'
		ELSE '{rtree,mvp}' END::text[]
$$;

-- Make the table.
CREATE FUNCTION random_table(seed integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	round round;
BEGIN
	PERFORM seed_step(seed, 0);
	round.seed := seed;
	round.source := 'r';
	round.shape := pick('columns', 'columns', 'columns', 'composite', 'composite', 'expressions', 'partial');
	SELECT array_agg(c), count(*) INTO round.chosen, round.ncolumns FROM (
		SELECT k AS c FROM kinds k JOIN pg_opclass o ON o.opcname = k.class
		WHERE round.shape <> 'composite' OR o.opcdefault
		ORDER BY random() LIMIT 1 + (random() * 5)::integer) y;
	SELECT string_agg('c' || i, ', ' ORDER BY i),
		   string_agg(format('CASE WHEN random() < %s THEN NULL ELSE (%s)::%s END',
			   pick('0', '0.01', '0.01', '0.2', '0.2', '1'),
							 (round.chosen[i]).value, (round.chosen[i]).type), ', ' ORDER BY i),
		   array_agg(CASE round.shape WHEN 'composite' THEN '(r.obj).c' || i
					 WHEN 'expressions' THEN format('(CASE WHEN r.id > -1 THEN r.c%s END)', i)
					 ELSE 'r.c' || i END ORDER BY i)
		INTO round.names, round."values", round.terms FROM generate_series(1, round.ncolumns) i;
	round.filter := CASE WHEN round.shape = 'partial' THEN 'id % 3 > 0' ELSE 'true' END;

	EXECUTE 'CREATE TYPE rt AS (' || (SELECT string_agg(format('c%s %s', i, (round.chosen[i]).type), ', ' ORDER BY i)
									  FROM generate_series(1, round.ncolumns) i) || ')';
	EXECUTE format('CREATE %s TABLE r (id serial, obj rt, %s) WITH (autovacuum_enabled = off)',
		pick('', '', '', 'UNLOGGED', 'TEMP'),
				   (SELECT string_agg(format('c%s %s', i, (round.chosen[i]).type), ', ' ORDER BY i)
					   FROM generate_series(1, round.ncolumns) i));
	round.definition := format('r_mm ON r USING mmdb (%s) WITH (fillfactor = %s, pivots = %s, subindexes = %L%s)%s',
		CASE WHEN round.shape = 'composite' THEN 'obj' ELSE
			(SELECT string_agg(concat_ws(' ', replace(round.terms[i], 'r.', ''), (round.chosen[i]).class), ', '
				ORDER BY i)
			 FROM generate_series(1, round.ncolumns) i) END,
		pick('90', '90', '100', '10', '30'), pick('0', '0', '1', '16'),
		CASE WHEN round.shape = 'expressions' THEN pick('auto', 'none')
			 ELSE coalesce((SELECT string_agg(format('c%s %s', i, pick(VARIADIC subindex_kinds(round.chosen[i]))), ', ')
							FROM generate_series(1, round.ncolumns) i WHERE random() < 0.7), pick('auto', 'none')) END,
		CASE WHEN random() < 0.3 THEN format(', weights = %L',
			(SELECT array_agg(CASE WHEN i > 1 AND random() < 0.3 THEN 0 ELSE round(random()::numeric * 5, 1) + 0.1 END)
			 FROM generate_series(1, round.ncolumns) i)) END,
		CASE WHEN round.filter <> 'true' THEN ' WHERE ' || round.filter END);
	DELETE FROM round;
	INSERT INTO round VALUES (round.*);
END $$;

CREATE FUNCTION create_index() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'CREATE INDEX ' || (SELECT definition FROM round);
END $$;

-- Insert rows: new values, copies of old ones, or all alike.
CREATE FUNCTION random_insert(step integer, nrows integer, how text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	round round;
	source text;
BEGIN
	SELECT * INTO round FROM round r;
	PERFORM seed_step(round.seed, step);
	source := CASE how
		WHEN 'new' THEN format('SELECT %s FROM generate_series(1, %s) n', round."values", nrows)
		WHEN 'copy' THEN format('SELECT %s FROM r ORDER BY id LIMIT %s', round.names, nrows)
		ELSE format('SELECT s.* FROM (SELECT %s FROM (SELECT 1 AS n) one) s, generate_series(1, %s)', round."values",
			nrows) END;
	EXECUTE format('INSERT INTO r (obj, %1$s) SELECT CASE WHEN random() < 0.95 THEN ROW(%1$s)::rt END, %1$s
					FROM (%2$s OFFSET 0) s (%1$s)',
				   round.names, source);
END $$;

CREATE FUNCTION random_update(step integer, share float8) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	round round;
BEGIN
	SELECT * INTO round FROM round r;
	PERFORM seed_step(round.seed, step);
	EXECUTE format('UPDATE r SET (%1$s) = (SELECT %2$s FROM (SELECT 1 AS n) one WHERE r.id > 0) WHERE random() < %3$s',
				   round.names, round."values", share);
	EXECUTE format('UPDATE r SET obj = ROW(%s) WHERE random() < %s', round.names, share);
END $$;

-- The rows of an answer that are not as in the table brute_force (id, distance), or
-- not in order, and those missing from it that are within the radius; ten at most.
CREATE FUNCTION wrong_rows(ids integer[], distances float8[], radius float8, ordered boolean) RETURNS text
	LANGUAGE plpgsql AS $$
BEGIN
	RETURN (SELECT string_agg(format('row %s is at %s, expected %s, after %s', id, coalesce(got::text, 'NULL'),
									 coalesce(expected::text, 'NULL'), coalesce(before::text, 'NULL')), E'\n')
			FROM (SELECT id, f.distance AS got, b.distance AS expected, before
				  FROM brute_force b
				  FULL JOIN (SELECT id, distance, lag(distance) OVER (ORDER BY n) AS before
							 FROM unnest(ids, distances) WITH ORDINALITY u(id, distance, n)) f USING (id)
				  WHERE CASE WHEN f.id IS NULL THEN b.distance <= radius
							 ELSE b.id IS NULL OR differ(f.distance, b.distance) OR
								  b.distance > radius AND differ(b.distance, radius) OR
								  ordered AND f.distance < before END
				  ORDER BY b.distance, id LIMIT 10) w);
END $$;

-- Does an answer agree with the table brute_force (id, distance)?  It is to be
-- the k nearest (NULL: all), in order.
CREATE FUNCTION check_answer(what text, ids integer[], distances float8[], k bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	result record;
BEGIN
	SELECT count(*) AS n, count(f.id) AS nfound, count(DISTINCT f.id) AS ndistinct, max(f.distance) AS farthest,
		   count(*) FILTER (WHERE b.id IS NULL) AS added,
		   count(*) FILTER (WHERE f.id IS NOT NULL AND differ(f.distance, b.distance)) AS wrong,
		   count(*) FILTER (WHERE f.distance < f.before OR f.distance IS NOT NULL AND f.n > 1
			   AND f.before IS NULL) AS disordered,
		   min(b.distance) FILTER (WHERE f.id IS NULL) AS nearest_left,
		   count(*) FILTER (WHERE f.id IS NOT NULL AND f.distance IS NULL) AS nulls_found,
		   least(k, count(b.id)) AS expected
		INTO result
		FROM brute_force b
		FULL JOIN (SELECT n, id, distance, lag(distance) OVER (ORDER BY n) AS before
			FROM unnest(ids, distances) WITH ORDINALITY u(id, distance, n)) f
		USING (id);
	IF result.added > 0 OR result.wrong > 0 OR result.disordered > 0 OR result.nfound <> result.expected OR
	   result.ndistinct <> result.nfound OR
	   (result.nearest_left IS NOT NULL AND result.nulls_found > 0) OR
	   (result.nearest_left < result.farthest AND differ(result.nearest_left, result.farthest)) THEN
		RAISE 'wrong answer: %: %', what, result
			USING DETAIL = coalesce(wrong_rows(ids, distances,
				CASE WHEN result.nfound < result.expected THEN 'Infinity' ELSE result.farthest END, true),
				'rows are missing, or come twice');
	END IF;
END $$;

-- The same for all within a radius, in any order.
CREATE FUNCTION check_range(what text, ids integer[], distances float8[], radius float8) RETURNS void
	LANGUAGE plpgsql AS $$
DECLARE
	result record;
BEGIN
	SELECT count(*) AS n, count(f.id) AS nfound, count(DISTINCT f.id) AS ndistinct,
		   count(*) FILTER (WHERE f.id IS NOT NULL AND differ(f.distance, b.distance)) AS wrong,
		   count(*) FILTER (WHERE f.id IS NULL AND b.distance <= radius AND differ(b.distance, radius)) AS lost,
		   count(*) FILTER (WHERE f.id IS NOT NULL
			   AND (b.distance IS NULL OR b.distance > radius AND differ(b.distance, radius))) AS added
		INTO result FROM brute_force b FULL JOIN unnest(ids, distances) f (id, distance) USING (id);
	IF result.wrong > 0 OR result.lost > 0 OR result.added > 0 OR result.ndistinct <> result.nfound THEN
		RAISE 'wrong answer: %, radius %: %', what, radius, result
			USING DETAIL = coalesce(wrong_rows(ids, distances, radius, false), 'rows come twice');
	END IF;
END $$;

-- The distances to the query that play a part, into brute_force.
CREATE FUNCTION brute_force(w float8[], s float8[], missing text, normalized boolean, filter text) RETURNS void
	LANGUAGE plpgsql AS $$
DECLARE
	round round;
BEGIN
	SELECT * INTO round FROM round r;
	DROP TABLE IF EXISTS brute_force;
	EXECUTE format('CREATE TEMP TABLE brute_force AS
					SELECT id, expected($1, $2, ARRAY[%s]::float8[], $3, $4) AS distance FROM r, query_row q WHERE %s',
				   (SELECT string_agg(format('%s %s q.c%s', round.terms[i], (round.chosen[i]).operator, i), ', ')
					   FROM generate_series(1, round.ncolumns) i),
				   filter)
		USING w, s, missing, normalized;
END $$;

-- Run a query of ids and distances by the index, of which there is to be at
-- least one scan.
CREATE FUNCTION by_index(query text, off text, OUT ids integer[], OUT distances float8[]) LANGUAGE plpgsql AS $$
DECLARE
	scans bigint := pg_stat_get_xact_numscans('r_mm'::regclass);
BEGIN
	PERFORM set_config(name, 'off', true)
		FROM unnest(ARRAY['enable_seqscan', 'enable_sort', 'mmdb.enable_scan', off]) name;
	EXECUTE format('SELECT array_agg(id), array_agg(distance) FROM (%s) q (id, distance)', query) INTO ids, distances;
	PERFORM set_config(name, 'on', true)
		FROM unnest(ARRAY['enable_seqscan', 'enable_sort', 'mmdb.enable_scan', off]) name;
	IF pg_stat_get_xact_numscans('r_mm'::regclass) = scans THEN
		RAISE 'the index was not used: %', query;
	END IF;
END $$;

-- The scales of the index; sometimes others are pinned, and some for columns that
-- have none.
CREATE FUNCTION scales_in_force() RETURNS float8[] LANGUAGE plpgsql AS $$
DECLARE
	change float8 := random();
	s float8[];
BEGIN
	SELECT array_agg(CASE WHEN change < 0.1 AND random() < 0.7 OR scale IS NULL THEN exp(random() * 10 - 5)
					 WHEN pinned AND change < 0.8 THEN scale END ORDER BY column_number)
		INTO s FROM mmdb.index_columns WHERE index_name = 'r_mm'::regclass;
	PERFORM mm_pin_scales('r_mm', s);
	-- of those that were pinned before, some may never have been measured
	SELECT array_agg(coalesce(scale, 1) ORDER BY column_number) INTO s
		FROM mmdb.index_columns WHERE index_name = 'r_mm'::regclass;
	IF EXISTS (SELECT FROM mmdb.index_columns WHERE index_name = 'r_mm'::regclass AND scale IS NULL) THEN
		PERFORM mm_pin_scales('r_mm', s);
	END IF;
	RETURN s;
END $$;

-- odbknn and odbrange.
CREATE FUNCTION random_search(w float8[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	round round;
	s float8[];
	k integer := pick('1', '3', '17', '10000');
	missing text := pick('penalty', 'ignore', 'exclude');
	normalized boolean := random() < 0.7;
	radius float8;
	what text;
	query text;
	ids integer[];
	distances float8[];
	seqscans bigint;
BEGIN
	SELECT * INTO round FROM round r;
	s := scales_in_force();
	PERFORM brute_force(w, s, missing, normalized, 'true');
	SELECT coalesce(percentile_disc(random() * 0.4) WITHIN GROUP (ORDER BY distance), 1) INTO radius FROM brute_force;
	query := format('NULL::r, (SELECT ROW(%s) FROM query_row), $1, $2, ''r_mm'', $3, $4', round.names);
	what := format('%s: seed %s, %s %s, weights %s, k %s, missing %s, normalized %s', '%s', round.seed, round.shape,
				   (SELECT array_agg(c.class) FROM unnest(round.chosen) c), w, k, missing, normalized);

	-- by the index, or as the planner likes it
	PERFORM set_config('enable_seqscan', pick('on', 'off', 'off'), true);
	DISCARD PLANS;
	seqscans := pg_stat_get_xact_numscans('r'::regclass);
	EXECUTE 'SELECT array_agg((obj).id), array_agg(distance) FROM odbknn(' || query || ')' INTO ids, distances USING w,
		k, normalized, missing;
	PERFORM count_answer('odbknn' || CASE WHEN pg_stat_get_xact_numscans('r'::regclass) = seqscans THEN ' by index'
		ELSE '' END);
	IF missing = 'exclude' THEN
		DELETE FROM brute_force WHERE distance IS NULL;
	END IF;
	PERFORM check_answer(format(what, 'odbknn'), ids, distances, k);

	seqscans := pg_stat_get_xact_numscans('r'::regclass);
	EXECUTE 'SELECT array_agg((obj).id), array_agg(distance) FROM odbrange(' || query || ')'
		INTO ids, distances USING w, radius, normalized, missing;
	PERFORM count_answer('odbrange' || CASE WHEN pg_stat_get_xact_numscans('r'::regclass) = seqscans THEN ' by index'
		ELSE '' END);
	PERFORM check_range(format(what, 'odbrange'), ids, distances, radius);
	PERFORM set_config('enable_seqscan', 'on', true);
	RETURN 2 * (SELECT count(*) FROM brute_force);
END $$;

-- Index scans of one column, or of the composite.
CREATE FUNCTION random_scan(w float8[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	round round;
	c integer;
	s float8[];
	filter text;
	distance text;
	k bigint := pick('1', '5', '50', NULL);
	kind text;
	radius float8;
	what text;
	query text;
	answer record;
	rest refcursor := 'c';
	x record;
BEGIN
	SELECT * INTO round FROM round r;
	filter := round.filter || pick('', '', ' AND id % 5 <> 1');
	IF round.shape = 'composite' THEN
		kind := 'composite ';
		SELECT array_agg(round((0.01 + random())::numeric, 3)) INTO s FROM generate_series(1, round.ncolumns);
		distance := format('obj <-> (SELECT odbquery(ROW(%s)::rt, %L, %L) FROM query_row)', round.names, w, s);
	ELSE
		kind := '';
		c := 1 + floor(random() * round.ncolumns);
		SELECT array_agg((i = c)::integer), array_agg(1) INTO w, s FROM generate_series(1, round.ncolumns) i;
		distance := format('%s %s (SELECT c%s FROM query_row)', round.terms[c], (round.chosen[c]).operator, c);
	END IF;
	PERFORM brute_force(w, s, 'exclude', true, filter);
	IF round.shape <> 'composite' AND NOT EXISTS (SELECT FROM query_row q
		WHERE (row_to_json(q) ->> ('c' || c)) IS NOT NULL) THEN
		UPDATE brute_force SET distance = NULL;
	END IF;
	query := format('SELECT id, %s AS distance FROM r WHERE %s ORDER BY 2', distance, filter);
	what := format('%s: seed %s, %s, weights %s, scales %s, k %s: %s', '%s', round.seed,
				   (SELECT array_agg(c.class) FROM unnest(round.chosen) c), w, s, k, replace(query, '%', '%%'));

	answer := by_index(query || coalesce(' LIMIT ' || k, ''), 'enable_bitmapscan');
	PERFORM check_answer(format(what, 'index scan'), answer.ids, answer.distances, k);
	PERFORM count_answer(kind || CASE WHEN k IS NULL THEN 'index scan to the end' ELSE 'index scan' END);

	IF round.shape = 'composite' THEN
		SELECT coalesce(percentile_disc(random() * 0.4) WITHIN GROUP (ORDER BY b.distance), 1) INTO radius
			FROM brute_force b;
		query := format('SELECT id, %s FROM r
						 WHERE obj <@ (SELECT odbrange(ROW(%s)::rt, %L, %L::float8, %L::float8[]) FROM query_row)
						 AND %s',
						distance, round.names, w, radius, s, filter);
		answer := by_index(query, 'enable_indexscan');
		PERFORM check_range(format(what, 'bitmap scan'), answer.ids, answer.distances, radius);
		PERFORM count_answer('bitmap scan');
		answer := by_index(query, 'enable_bitmapscan');
		PERFORM check_range(format(what, 'index scan of a radius'), answer.ids, answer.distances, radius);
		PERFORM count_answer('index scan of a radius');
		answer := by_index(query || ' ORDER BY 2', 'enable_bitmapscan');
		PERFORM check_range(format(what, 'ordered index scan of a radius'), answer.ids, answer.distances, radius);
		PERFORM count_answer('ordered index scan of a radius');
	END IF;

	-- some rows by a cursor, then the others
	IF random() < 0.5 THEN
		PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true);
		answer.ids := '{}';
		answer.distances := '{}';
		OPEN rest FOR EXECUTE format('SELECT id, %s AS distance FROM r WHERE %s ORDER BY 2', distance, filter);
		LOOP
			FETCH rest INTO x;
			EXIT WHEN NOT FOUND;
			answer.ids := answer.ids || x.id;
			answer.distances := answer.distances || x.distance;
			IF cardinality(answer.ids) = 3 THEN
				DELETE FROM r WHERE id % 11 = 0;
				PERFORM random_insert(99, 30, 'new');
			END IF;
		END LOOP;
		CLOSE rest;
		PERFORM set_config('enable_seqscan', 'on', true), set_config('enable_sort', 'on', true);
		PERFORM check_answer(format(what, 'cursor'), answer.ids, answer.distances, NULL);
		PERFORM count_answer('cursor');
	END IF;
	RETURN (SELECT count(*) FROM brute_force);
END $$;

CREATE FUNCTION pairs(ids anyarray, distances float8[]) RETURNS text[] LANGUAGE sql AS $$
	SELECT array_agg(u::text) FROM unnest(ids, distances) u
$$;

-- One scan for each of several rows; and by two distances.
CREATE FUNCTION random_rescan() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	round round;
	c integer;
	d integer;
	query text;
	answer record;
	expected record;
	places integer[];
BEGIN
	SELECT * INTO round FROM round r;
	c := 1 + floor(random() * round.ncolumns);
	d := 1 + floor(random() * round.ncolumns);
	SELECT array_agg(id) INTO places FROM (SELECT id FROM r ORDER BY random() LIMIT 5) s;
	IF round.shape = 'composite' OR places IS NULL THEN
		RETURN 0;
	END IF;
	query := format('SELECT q.id, n.distance FROM (SELECT * FROM r WHERE id = ANY (%L)) q, LATERAL
		(SELECT %s %s q.c%s AS distance FROM r WHERE %s ORDER BY 1 LIMIT 7) n ORDER BY 1, 2', places, round.terms[c],
		(round.chosen[c]).operator, c, round.filter);
	answer := by_index(query, 'enable_bitmapscan');
	EXECUTE format('SELECT array_agg(id) AS ids, array_agg(distance) AS distances FROM (%s) q (id, distance)', query)
		INTO expected;
	IF answer IS DISTINCT FROM expected THEN
		RAISE 'wrong answer: rescan: seed %', round.seed
			USING DETAIL = differences(query, pairs(answer.ids, answer.distances),
									   pairs(expected.ids, expected.distances));
	END IF;
	PERFORM count_answer('rescan');

	query := format('SELECT rank() OVER (ORDER BY a, b), b
					 FROM (SELECT %s %s q.c%s AS a, %s %s q.c%s AS b FROM r, query_row q WHERE %s ORDER BY 1, 2) s',
					round.terms[c], (round.chosen[c]).operator, c, round.terms[d], (round.chosen[d]).operator,
					d, replace(round.filter, 'id', 'r.id'));
	PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true);
	EXECUTE format('SELECT array_agg(id) AS ids, array_agg(distance) AS distances FROM (%s) q (id, distance)', query)
		INTO answer;
	PERFORM set_config('enable_seqscan', 'on', true), set_config('enable_sort', 'on', true);
	EXECUTE format('SELECT array_agg(id) AS ids, array_agg(distance) AS distances FROM (%s) q (id, distance)', query)
		INTO expected;
	IF answer IS DISTINCT FROM expected THEN
		RAISE 'wrong answer: two distances: seed %', round.seed
			USING DETAIL = differences(query, pairs(answer.ids, answer.distances),
									   pairs(expected.ids, expected.distances));
	END IF;
	PERFORM count_answer('two distances');
	RETURN cardinality(answer.ids);
END $$;

-- A term of a sum: the distance of a column from a value, by a weight, written
-- in one way or another; or of the composite as a whole.
-- Something of the row that is at least 1, or NULL.
CREATE FUNCTION random_factor() RETURNS text LANGUAGE sql AS $$
	SELECT pick('greatest(id % 7, 1)::float8', 'greatest((id % 5)::float8, 1)',
		'(CASE WHEN id % 5 = 0 THEN 1 ELSE 2.5::float8 END)',
		'(CASE WHEN id % 6 = 0 THEN NULL ELSE 1.5::float8 END)')
$$;

CREATE FUNCTION random_term(c integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	round round;
	value text;
	distance text;
	weight text := pick('0', '1', '2', '0.5', '1e-3', '1e6', round(random()::numeric, 4)::text,
		'(SELECT ' || round(random()::numeric, 2) || '::float8)', '(SELECT 0::float8)');
	missing text := pick('0', '1', '0.25', '1e9', '''Infinity''', '(SELECT 0.5::float8)', '-0.5');
BEGIN
	SELECT * INTO round FROM round r;
	IF c > round.ncolumns THEN
		distance := format('(r.obj <-> (SELECT odbquery(ROW(%s)::rt, %L) FROM query_row))', round.names,
						   (SELECT array_agg(CASE WHEN random() < 0.2 THEN 0 ELSE round(random()::numeric, 3) END)
							   || 1.0 FROM generate_series(2, round.ncolumns)));
		RETURN format(pick('%s', '%s * %s', '%2$s * %1$s'), distance, weight);
	END IF;
	-- the value asked for, as it is in a row, or given as a literal; or NULL
	value := format('(SELECT c%s FROM query_row)', c);
	IF random() < 0.5 THEN
		EXECUTE format('SELECT quote_nullable(c%s::text) FROM %s ORDER BY random() LIMIT 1', c,
			pick('query_row', 'query_row', 'r')) INTO value;
		value := format('%s::%s', coalesce(value, 'NULL'), (round.chosen[c]).type);
	END IF;
	-- or of a wider type, so that the column is cast
	IF (round.chosen[c]).operator = '<+>' AND random() < 0.3 THEN
		value := CASE WHEN (round.chosen[c]).type IN ('smallint', 'integer', 'real')
					  THEN format('(%s::float8 + 0.25)', value)
					  WHEN (round.chosen[c]).type = 'bigint' THEN format('(%s::numeric + 0.25)', value) ELSE value END;
	END IF;
	distance := format('(%s %s %s)', round.terms[c], (round.chosen[c]).operator, value);
	-- a function of it, or what depends on the row besides
	IF random() < 0.15 THEN
		distance := format(pick('sqrt(%s)', 'least(%s, 0.75)', 'greatest(%s, 0.125)', '(%s + 0.5)', '(%s / (%1$s + 2))',
			'(%s * %s)', '(%2$s * %1$s)', 'coalesce(%s * %s, 2)', 'coalesce(%s, 2) * %s', 'coalesce(%s, -2) * %s'),
			distance, random_factor());
	END IF;
	RETURN format(pick('%s', '%2$s * %1$s', '%2$s * %1$s', '%s * %s', '%s / 7 * %s', 'coalesce(%1$s, %3$s)',
		'%2$s * coalesce(%1$s, %3$s)', 'coalesce(%1$s * %2$s, %3$s)',
					   'coalesce(%1$s / 1e3, %3$s) * %2$s', '(%s + 3) * %s', '%s * -(%2$s)',
					   '(SELECT -0.3::float8) * %s'), distance, weight, missing);
END $$;

CREATE FUNCTION random_sum() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	round round;
	whole integer;				-- 1: the composite's distance, too, if some column has weight
BEGIN
	SELECT * INTO round FROM round r;
	whole := (SELECT count(*) FROM query_row q WHERE round.shape = 'composite'
		AND row_to_json(q) ->> ('c' || round.ncolumns) IS NOT NULL);
	RETURN (SELECT format(pick('%s', '%s', '%s', '%s', '%s', '(%s) * %s', '%2$s * (%1$s)'),
						  string_agg(random_term(c), ' + ' ORDER BY random()), random_factor())
			FROM (SELECT 1 + floor(random() * (round.ncolumns + whole))::integer AS c
				  FROM generate_series(1, 1 + floor(random() * 4)::integer) OFFSET 0) s)
		|| pick('', '', '', ' + 5', ' - 1.5', ' - 1e3', ' + (SELECT 0.125::float8)', ' + 1e17 - 1e17',
			' + CASE WHEN id % 4 = 0 THEN NULL WHEN id % 4 = 1 THEN -0.5::float8 ELSE 0.25 END',
			' + mm_bounded((id % 11)::float8, 0)');
END $$;

CREATE FUNCTION slow_filter(id integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE COST 10000 AS $$
BEGIN
	RETURN id % 3 <> 1;
END $$;

-- Run a query for an array, by custom scans if there is a plan with them: used
-- tells; or by sequential scans.
CREATE FUNCTION by_custom_scan(query text, OUT answer text[], OUT used boolean) LANGUAGE plpgsql AS $$
DECLARE
	plan text;
BEGIN
	PERFORM set_config(name, 'off', true)
		FROM unnest(ARRAY['enable_seqscan', 'enable_sort', 'enable_indexscan', 'enable_bitmapscan']) name;
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	used := plan ~ CASE (SELECT source FROM round) WHEN 'r' THEN 'MMDB Scan' ELSE 'MMDB Partition Scan' END;
	EXECUTE query INTO answer;
	PERFORM set_config(name, 'on', true)
		FROM unnest(ARRAY['enable_seqscan', 'enable_sort', 'enable_indexscan', 'enable_bitmapscan']) name;
END $$;
CREATE FUNCTION by_sequential_scan(query text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	answer text[];
BEGIN
	PERFORM set_config(name, 'off', true)
		FROM unnest(ARRAY['mmdb.enable_scan', 'enable_indexscan', 'enable_bitmapscan']) name;
	EXECUTE query INTO answer;
	PERFORM set_config(name, 'on', true)
		FROM unnest(ARRAY['mmdb.enable_scan', 'enable_indexscan', 'enable_bitmapscan']) name;
	RETURN answer;
END $$;

-- Compare what custom scans answer with what sequential scans do, to the last bit.
CREATE FUNCTION compare_sum(kind text, query text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	by_index record;
	expected text[];
BEGIN
	SELECT replace(query, ' FROM r ', format(' FROM %s ', source)),
		   CASE source WHEN 'r' THEN kind ELSE kind || ', of partitions' END INTO query, kind FROM round;
	by_index := by_custom_scan(query);
	IF by_index.used THEN
		expected := by_sequential_scan(query);
		IF by_index.answer IS DISTINCT FROM expected THEN
			RAISE 'wrong answer: %: seed %', kind, (SELECT seed FROM round)
				USING DETAIL = differences(query, by_index.answer, expected);
		END IF;
		PERFORM count_answer(kind);
	END IF;
END $$;

-- Weighted sums: in order, within a bound, and within any of several.
CREATE FUNCTION random_sums() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	round round;
	sum text := random_sum();
	other text := random_sum();
	filter text;
	k text := pick(' LIMIT 1', ' LIMIT 10', ' LIMIT (SELECT 30) OFFSET 5', '', '');
	bound text;
	rest refcursor := 's';
	x record;
	nread integer := 0;
	values_read text[];
	expected text[];
BEGIN
	SELECT * INTO round FROM round r;
	filter := round.filter || pick('', '', ' AND id % 5 <> 1', ' AND slow_filter(id)',
		' AND slow_filter(id) AND id % 5 <> 1', ' AND id < (SELECT 150)', ' AND id = ANY (''{3,50,180,181}'')');
	EXECUTE format('SELECT quote_literal(coalesce(percentile_disc(%s) WITHIN GROUP (ORDER BY s), 1)) || ''::float8''
					FROM (SELECT %s AS s FROM r) s',
				   random() * 0.5, sum) INTO bound;
	bound := pick(bound, format('(SELECT %s)', bound));

	PERFORM compare_sum(CASE k WHEN '' THEN 'sum in order to the end' ELSE 'sum in order' END
		|| CASE WHEN filter ~ 'slow' THEN ' after a slow filter' ELSE '' END,
		format('SELECT array_agg(s::text) FROM (SELECT %s AS s FROM r WHERE %s ORDER BY 1%s) q', sum, filter, k));
	PERFORM compare_sum('sum and key',
		format('SELECT array_agg(q::text) FROM (SELECT %s AS s, id FROM r WHERE %s ORDER BY 1, 2%s) q', sum, filter,
		k));
	PERFORM compare_sum('sum within',
		format('SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM r WHERE %s AND %s <= %s OFFSET 0) q', filter,
		sum, bound));
	PERFORM compare_sum('sum within in order',
		format('SELECT array_agg(s::text)
				FROM (SELECT %1$s AS s FROM r WHERE %2$s AND %1$s %3$s %4$s ORDER BY 1%5$s) q',
			   sum, filter, pick('<=', '<'), bound, k));
	PERFORM compare_sum('sum in order, NULLs first',
		format('SELECT array_agg(s::text) FROM (SELECT %s AS s FROM r WHERE %s ORDER BY 1 NULLS FIRST%s) q', sum,
		filter, k));
	PERFORM compare_sum('minus a sum, descending',
		format('SELECT array_agg(s::text) FROM (SELECT %s - (%s) AS s FROM r WHERE %s ORDER BY 1 DESC%s%s) q',
		pick('1', '0', '-2.5', '(SELECT 0.1::float8)'), sum, filter, pick('', ' NULLS LAST'), k));
	PERFORM compare_sum('minus a sum, descending, above a bound',
		format('SELECT array_agg(s::text)
				FROM (SELECT -(%1$s) AS s FROM r WHERE %2$s AND -(%1$s) %3$s -%4$s ORDER BY 1 DESC%5$s) q',
		sum, filter, pick('>=', '>'), bound, k));
	PERFORM compare_sum('any of several sums',
		format('SELECT array_agg(id ORDER BY id)
				FROM (SELECT id FROM r WHERE %s AND (%s <= %s OR %s AND %s < %s) OFFSET 0) q',
		round.filter, sum, bound, filter, other, pick('0', '1', '20', '-1', '1e6', 'NULL')));
	PERFORM compare_sum('sum for each of several rows',
		format('SELECT array_agg(q::text) FROM (SELECT w, s FROM (VALUES (1), (0), (-0.5), (NULL)) v(w),
				LATERAL (SELECT %s + w * (%s) AS s FROM r WHERE %s ORDER BY 1 LIMIT 5) l ORDER BY 1, 2) q',
		sum, random_term(1), filter));

	-- some rows by a cursor, then the others
	IF random() < 0.5 THEN
		x := NULL;
		PERFORM set_config(name, 'off', true)
			FROM unnest(ARRAY['enable_seqscan', 'enable_sort', 'enable_indexscan', 'enable_bitmapscan']) name;
		OPEN rest FOR EXECUTE format('SELECT %s AS s FROM %s WHERE %s ORDER BY 1', sum, round.source, filter);
		PERFORM set_config(name, 'on', true)
			FROM unnest(ARRAY['enable_seqscan', 'enable_sort', 'enable_indexscan', 'enable_bitmapscan']) name;
		expected := by_sequential_scan(format('SELECT array_agg(s::text)
			FROM (SELECT %s AS s FROM %s WHERE %s ORDER BY 1) q', sum, round.source, filter));
		LOOP
			FETCH rest INTO x;
			EXIT WHEN NOT FOUND;
			values_read := values_read || x.s::text;
			nread := nread + 1;
			IF nread = 3 THEN
				EXECUTE format('DELETE FROM %s WHERE id %% 13 = 0', split_part(round.source, ' ', 1));
				IF round.source = 'r' THEN
					PERFORM random_insert(99, 30, 'new');
				ELSE
					INSERT INTO rp SELECT * FROM rp LIMIT 30;
				END IF;
			END IF;
		END LOOP;
		CLOSE rest;
		IF values_read IS DISTINCT FROM expected THEN
			RAISE 'wrong answer: sum by cursor: seed %: %, %', round.seed, sum, filter
				USING DETAIL = coalesce(differences('sum', values_read, expected), 'NULLs are missing, or too many');
		END IF;
		PERFORM count_answer('sum by cursor');
	END IF;
	RETURN 9 * (SELECT count(*) FROM r);
END $$;

-- Some queries.  Returns how many distances were compared; raises an error that
-- tells the seed and the query if one differs.
CREATE FUNCTION random_queries(step integer, nqueries integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	round round;
	w float8[];
	comparisons bigint := 0;
BEGIN
	SELECT * INTO round FROM round r;
	PERFORM seed_step(round.seed, step);
	PERFORM mmdb_index_check('r_mm');
	-- of a table as large as that no search gives up
	IF random() < 0.8 THEN
		UPDATE pg_class SET reltuples = 1e8, relpages = greatest(relpages, 1) WHERE oid = 'r'::regclass;
	END IF;
	PERFORM set_config('work_mem', pick('64kB', '4MB'), true);

	FOR q IN 1 .. nqueries LOOP
		PERFORM set_config('mmdb.driver', pick('auto', 'auto', 'shared', 'subindex', 'merge', 'paper'), true);
		-- a row, or new values; weights, some zero
		DROP TABLE IF EXISTS query_row;
		IF random() < 0.5 AND EXISTS (SELECT FROM r) THEN
			EXECUTE format('CREATE TEMP TABLE query_row AS SELECT %s FROM r ORDER BY random() LIMIT 1', round.names);
		ELSE
			EXECUTE format('CREATE TEMP TABLE query_row (%s) AS SELECT %s FROM (SELECT 1 AS n) one', round.names,
				round."values");
		END IF;
		SELECT array_agg(CASE WHEN random() < 0.3 THEN 0
			ELSE round((random() * 3)::numeric, (random() * 5)::integer) END) INTO w
			FROM generate_series(1, round.ncolumns);
		-- what plays no part
		EXECUTE 'SELECT ARRAY[' || (SELECT string_agg(format('CASE WHEN c%1$s IS NULL THEN 0 ELSE $1[%1$s] END', i),
			', ') FROM generate_series(1, round.ncolumns) i) || '] FROM query_row'
			INTO w USING w;
		IF (SELECT max(x) FROM unnest(w) x) > 0 THEN
			comparisons := comparisons + random_search(w) + random_scan(w);
		ELSIF round.shape <> 'composite' THEN
			comparisons := comparisons + random_scan(w);
		END IF;
		comparisons := comparisons + random_rescan() + random_sums();
	END LOOP;
	RETURN comparisons;
END $$;

-- The same rows in a table rp with partitions, or with children by inheritance, in which
-- columns have other numbers.  Some have been made before the index, some are attached
-- to it, one may be empty; a child may have no index.
CREATE FUNCTION random_partitions(step integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	round round;
	layout text;
	n integer;
	columns text;
	definition text;
	comparisons bigint := 0;
	query text;
	answer text[];
	expected text[];
	w float8[];
	index regclass;
BEGIN
	SELECT * INTO round FROM round r;
	PERFORM seed_step(round.seed, step);
	layout := pick('hash', 'range', 'list', 'inherited');
	n := pick('2', '3', '5');
	SELECT format('junk integer, id integer NOT NULL, %s, obj rt',
				  string_agg(format('c%s %s', i, (round.chosen[i]).type), ', ' ORDER BY i DESC))
		INTO columns FROM generate_series(1, round.ncolumns) i;
	definition := 'CREATE INDEX ' || replace(round.definition, 'r_mm ON r ', 'ON rp ');
	DROP TABLE IF EXISTS rp CASCADE;
	EXECUTE 'CREATE TABLE rp (LIKE r)' || CASE layout WHEN 'hash' THEN ' PARTITION BY HASH (id)'
		WHEN 'range' THEN ' PARTITION BY RANGE (id)' WHEN 'list' THEN format(' PARTITION BY LIST ((id %% %s))', n)
		ELSE '' END;
	IF layout <> 'inherited' AND random() < 0.5 THEN
		EXECUTE definition;
	END IF;
	FOR i IN 0 .. n - 1 LOOP
		EXECUTE format('CREATE TABLE rp_%s (%s)%s', i, columns,
			CASE WHEN layout <> 'inherited' AND i = 1 THEN ' PARTITION BY LIST ((id % 2))' END);
		EXECUTE format('ALTER TABLE rp_%s DROP COLUMN junk', i);
		IF layout <> 'inherited' AND i = 1 THEN
			CREATE TABLE rp_1a PARTITION OF rp_1 FOR VALUES IN (0);
			CREATE TABLE rp_1b PARTITION OF rp_1 DEFAULT;
		END IF;
		IF layout = 'inherited' THEN
			EXECUTE format('ALTER TABLE rp_%s INHERIT rp', i);
			IF random() < 0.8 THEN
				EXECUTE replace(definition, 'ON rp ', format('ON rp_%s ', i));
			END IF;
		ELSE
			IF random() < 0.3 THEN
				EXECUTE replace(definition, 'ON rp ', format('ON rp_%s ', i));
			END IF;
			EXECUTE format('ALTER TABLE rp ATTACH PARTITION rp_%s %s', i, CASE layout
				WHEN 'hash' THEN format('FOR VALUES WITH (MODULUS %s, REMAINDER %s)', n, i)
				WHEN 'list' THEN format('FOR VALUES IN (%s)', i)
				ELSE CASE WHEN i = n - 1 THEN 'DEFAULT' ELSE format('FOR VALUES FROM (%s) TO (%s)', i * 60, i * 60 + 60)
				END END);
		END IF;
		IF layout = 'inherited' THEN
			EXECUTE format('INSERT INTO rp_%s (id, obj, %2$s) SELECT id, obj, %2$s FROM r WHERE id %% %3$s = %1$s', i,
				round.names, n);
		END IF;
	END LOOP;
	IF layout <> 'inherited' THEN
		EXECUTE format('INSERT INTO rp (id, obj, %1$s) SELECT id, obj, %1$s FROM r', round.names);
	END IF;
	IF layout = 'inherited' OR NOT EXISTS (SELECT FROM pg_index WHERE indrelid = 'rp'::regclass) THEN
		EXECUTE definition;
	END IF;
	IF random() < 0.8 THEN
		UPDATE pg_class SET reltuples = 1e7, relpages = greatest(relpages, 1)
			WHERE relkind = 'r' AND oid::regclass::text ~ '^rp';
	END IF;

	UPDATE round SET source = 'rp r';
	FOR q IN 1 .. 3 LOOP
		PERFORM set_config('work_mem', pick('64kB', '4MB'), true);
		PERFORM set_config('mmdb.driver', pick('auto', 'auto', 'shared', 'subindex', 'merge', 'paper'), true);
		DROP TABLE IF EXISTS query_row;
		EXECUTE format('CREATE TEMP TABLE query_row (%s) AS SELECT %s FROM (SELECT 1 AS n) one', round.names,
			round."values");
		comparisons := comparisons + random_sums();
		query := random_sum();
		PERFORM compare_sum('sum for each of several keys',
			format('SELECT array_agg(q::text) FROM (SELECT w, s FROM (VALUES (1), (70), (200), (NULL)) v(w),
					LATERAL (SELECT %s AS s FROM r WHERE %s AND id %s w ORDER BY 1 LIMIT 5) l ORDER BY 1, 2) q',
			query, round.filter, pick('<', '>=', '=')));
		PERFORM compare_sum('sum, locked',
			format('SELECT array_agg(s::text) FROM (SELECT %s AS s FROM r WHERE %s ORDER BY 1 LIMIT 10 FOR UPDATE) q',
				query, round.filter));
		PERFORM compare_sum('sum with rows',
			format('SELECT array_agg(s::text) FROM (SELECT %1$s AS s, r, r.tableoid, r.ctid, %1$s + 1 FROM r WHERE %2$s
					ORDER BY 1 LIMIT 10) q WHERE (q.r).id > 0', query, round.filter));
		-- odbknn
		SELECT array_agg(CASE WHEN random() < 0.3 THEN 0 ELSE round((0.1 + random() * 3)::numeric, 3) END) INTO w
			FROM generate_series(1, round.ncolumns);
		EXECUTE 'SELECT ARRAY[' || (SELECT string_agg(format('CASE WHEN c%1$s IS NULL THEN 0 ELSE $1[%1$s] END', i),
			', ') FROM generate_series(1, round.ncolumns) i) || '] FROM query_row'
			INTO w USING w;
		IF (SELECT max(x) FROM unnest(w) x) > 0 THEN
			SELECT indexrelid INTO index FROM pg_index WHERE indrelid = 'rp'::regclass;
			PERFORM mm_pin_scales(index, ARRAY(SELECT 0.5 + c FROM generate_series(1, round.ncolumns) c));
			query := format('SELECT array_agg(distance::text) FROM (SELECT distance FROM odbknn(NULL::rp,
				(SELECT ROW(%s) FROM query_row), %L, %s, missing => %L, using_index => %L) ORDER BY 1) o', round.names,
				w, pick('1', '10', '1000'), pick('penalty', 'ignore', 'exclude'), index);
			EXECUTE query INTO answer;
			expected := by_sequential_scan(query);
			IF answer IS DISTINCT FROM expected THEN
				RAISE 'wrong answer: odbknn of partitions: seed %', round.seed
					USING DETAIL = differences(query, answer, expected);
			END IF;
			PERFORM count_answer('odbknn of partitions');
		END IF;
	END LOOP;
	UPDATE round SET source = 'r';
	DROP TABLE rp CASCADE;
	RETURN comparisons;
END $$;

-- What to do with the table, as statements to be run one by one.
CREATE FUNCTION random_script(seed integer) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	large boolean;
	rows integer;
	definition text := (SELECT round.definition FROM round);
BEGIN
	PERFORM seed_step(seed, -1);
	large := random() < 0.08;
	IF random() < 0.4 THEN
		RETURN NEXT 'SELECT create_index()';
	END IF;
	rows := CASE WHEN large THEN pick('1000', '2000', '3000')
		ELSE pick('0', '1', '2', '30', '200', '240', '300', '500') END;
	RETURN NEXT format('SELECT random_insert(1, %s, %L)', rows, pick('new', 'new', 'new', 'new', 'alike'));
	RETURN NEXT 'SELECT create_index() WHERE to_regclass(''r_mm'') IS NULL';
	FOR step IN 2 .. 3 + floor(random() * 8)::integer LOOP
		CASE floor(random() * 15)
			WHEN 0, 1, 2 THEN
				RETURN NEXT format('SELECT random_insert(%s, %s, %L)', step, pick('1', '20', '100', '300'),
					pick('new', 'new', 'copy', 'alike'));
			WHEN 3, 4 THEN
				RETURN NEXT 'BEGIN';
				RETURN NEXT format('SELECT random_insert(%s, %s, ''new'')', step, pick('20', '260'));
				RETURN NEXT pick('ROLLBACK', 'COMMIT');
			WHEN 5, 6 THEN
				RETURN NEXT format('SELECT random_update(%s, %s)', step, pick('0.1', '0.5', '1'));
			WHEN 7, 8 THEN
				RETURN NEXT 'DELETE FROM r WHERE ' || pick('id % 10 = 3', 'id % 2 = 0',
					'id < (SELECT percentile_disc(0.7) WITHIN GROUP (ORDER BY id) FROM r)', 'true');
			WHEN 9, 10 THEN
				RETURN NEXT pick('VACUUM r', 'VACUUM ANALYZE r', 'VACUUM (INDEX_CLEANUP on) r');
			WHEN 11 THEN
				RETURN NEXT 'REINDEX INDEX r_mm';
			WHEN 12 THEN
				RETURN NEXT 'REINDEX INDEX CONCURRENTLY r_mm';
			WHEN 13 THEN
				RETURN NEXT 'DROP INDEX r_mm';
				RETURN NEXT 'CREATE INDEX CONCURRENTLY ' || definition;
			WHEN 14 THEN
				RETURN NEXT pick('TRUNCATE r', 'SELECT random_queries(98, 1)');
		END CASE;
		IF random() < 0.4 THEN
			RETURN NEXT format('SELECT random_queries(%s, %s)', 1000 + step, 2);
		END IF;
	END LOOP;
	RETURN NEXT format('SELECT random_queries(2000, %s)', CASE WHEN large THEN 2 ELSE 3 END);
	IF random() < 0.5 THEN
		RETURN NEXT 'SELECT random_partitions(3000)';
	END IF;
	RETURN NEXT 'DROP TABLE r';
	RETURN NEXT 'DROP TYPE rt';
END $$;

-- An index built in little memory: by partitions.
CREATE FUNCTION large_table() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM random_table(0);
	DROP TABLE r;
	DROP TYPE rt;
	CREATE TYPE rt AS (c1 integer, c2 float8, c3 point);
	CREATE TABLE r (id serial, obj rt, c1 integer, c2 float8, c3 point) WITH (autovacuum_enabled = off);
	UPDATE round SET shape = 'columns', chosen = (SELECT array_agg(k ORDER BY type DESC, operator DESC) FROM kinds k),
		filter = 'true';
	UPDATE round SET chosen = ARRAY(SELECT k
		FROM (VALUES (1, 'int4_l1_ops'), (2, 'float8_l1_ops'), (3, 'point_l2_ops')) c(i, class)
		JOIN kinds k USING (class) ORDER BY i),
		ncolumns = 3, names = 'c1, c2, c3', terms = '{r.c1,r.c2,r.c3}',
		"values" = 'CASE WHEN random() < 0.9 THEN n % 700 END, random(),
					CASE WHEN random() < 0.99 THEN point(random(), n % 300) END',
		definition = 'r_mm ON r USING mmdb (c1, c2, c3)';
END $$;
