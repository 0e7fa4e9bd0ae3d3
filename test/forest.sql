-- For tests of sub-indexes: a table, forest, whose index has one of each kind; and
-- what finds its rows under each driver, compared with a sequential scan.
--
-- To add a kind of sub-index, add a column for it: in forest_values, in
-- random_tree and in forest_column.  Drivers are known from mmdb.driver.
CREATE TYPE forest_values AS (a integer, v mmvector, s text, tags text[]);

-- Values around some hundred places.  Texts and sets are long, so that few rows
-- fill the pages of an inverted index.
CREATE FUNCTION random_tree(near integer) RETURNS forest_values LANGUAGE sql VOLATILE AS $$
	SELECT ROW(near * 10 + (random() * 9)::integer,
			   CASE WHEN random() < 0.95 THEN
					ARRAY(SELECT sin(near * i) + random() * 0.1 FROM generate_series(1, 6) i) END,
			   CASE WHEN random() < 0.95 THEN
					left(md5((near / 10)::text) || md5((near / 3)::text), 40 + (random() * 24)::integer)
					|| left(md5(random()::text), 4) END,
			   CASE WHEN random() < 0.95 THEN
					ARRAY(SELECT 'tag ' || near / 10 + i + (random() * 3)::integer
						  FROM generate_series(1, 20 + (random() * 20)::integer) i) END)::forest_values
$$;

-- The operator of each column's distance, a radius for it, and its sub-index.
CREATE TABLE forest_column (name text, operator text, radius float8, kind text);
INSERT INTO forest_column VALUES ('a', '<+>', 20, NULL), ('v', '<->', 0.3, 'rtree'), ('s', '<~>', 12, 'inverted'),
	('tags', '<&>', 0.4, 'inverted');

-- Make an empty table, with its index.
CREATE FUNCTION make_forest(persistence text DEFAULT '', options text DEFAULT '') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE %s TABLE forest (id serial, LIKE forest_values)
		WITH (autovacuum_enabled = off, vacuum_truncate = off)', persistence);
	EXECUTE (SELECT format('CREATE INDEX forest_mm ON forest USING mmdb (%s) WITH (subindexes = %L %s)',
		string_agg(name, ', '), string_agg(name || ' ' || kind, ', '), options) FROM forest_column);
END $$;

CREATE FUNCTION add_trees(n integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO forest (a, v, s, tags)
		SELECT (t).* FROM (SELECT random_tree((random() * 300)::integer) AS t FROM generate_series(1, n) OFFSET 0) r;
END $$;

-- Queries about what is near a value: in each column by itself, by a sum of the
-- columns that have sub-indexes, and in all columns.  Where rows are as far away as
-- others, only distances are compared.
CREATE FUNCTION forest_queries(t forest_values) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	c record;
	value text;
	distance text;
	total text;
	weights text;
BEGIN
	FOR c IN SELECT * FROM forest_column LOOP
		EXECUTE format('SELECT ($1).%I', c.name) INTO value USING t;
		distance := format('(%I %s %L)', c.name, c.operator, value);
		weights := concat_ws(', ', weights, (random() / c.radius)::numeric(10, 3));
		IF c.kind IS NOT NULL THEN
			total := concat_ws(' + ', total,
				format('%s * %s', ((0.3 + random()) / c.radius)::numeric(10, 3), distance));
		END IF;
		RETURN NEXT format('SELECT array_agg(d) FROM (SELECT %s AS d FROM forest ORDER BY 1 LIMIT 10) q', distance);
		RETURN NEXT format('SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM forest ORDER BY %s) q', distance);
		RETURN NEXT format('SELECT array_agg(id ORDER BY id) FROM forest WHERE %s <= %s', distance,
			c.radius * random());
	END LOOP;
	RETURN NEXT format('SELECT array_agg(d) FROM (SELECT %s AS d FROM forest ORDER BY 1 LIMIT 10) q', total);
	RETURN NEXT format('SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM forest ORDER BY %s) q', total);
	RETURN NEXT format('SELECT array_agg(id ORDER BY id) FROM forest WHERE %s <= %s', total, random());
	RETURN NEXT format('SELECT array_agg(distance) FROM odbknn(NULL::forest, %L::forest_values, ARRAY[%s], 10, '
		'''forest_mm'', normalized => false, missing => ''exclude'')', t, weights);
END $$;

-- The parameter is there once the library is loaded.
CREATE FUNCTION forest_drivers() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	LOAD 'mmdb';
	RETURN QUERY SELECT unnest(enumvals) FROM pg_settings WHERE name = 'mmdb.driver';
END $$;

-- What a query returns by the index under a driver; or if that is NULL, without the
-- index.
CREATE FUNCTION forest_answer(query text, driver text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	result text[];
BEGIN
	PERFORM set_config(name, CASE WHEN driver IS NULL THEN 'on' ELSE 'off' END, true)
		FROM unnest(ARRAY['enable_seqscan', 'enable_sort']) name;
	PERFORM set_config(name, CASE WHEN driver IS NULL THEN 'off' ELSE 'on' END, true)
		FROM unnest(ARRAY['enable_indexscan', 'enable_bitmapscan', 'mmdb.enable_scan']) name;
	PERFORM set_config('mmdb.driver', coalesce(driver, 'auto'), true);
	EXECUTE query INTO result;
	RETURN result;
END $$;

-- Compare what each driver finds near such a value with a sequential scan.  Raises an
-- error if they differ.  Returns how many answers came from the index alone: a search
-- for all rows may change over to reading the table.  With a part below 1, only so many
-- of the queries are tried.
CREATE FUNCTION compare_drivers(near integer, part float8 DEFAULT 1) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	by_index integer := 0;
	query text;
	driver text;
	expected text[];
	got text[];
	scans bigint;
BEGIN
	FOR query IN SELECT q FROM forest_queries(random_tree(near)) q WHERE random() < part LOOP
		expected := forest_answer(query, NULL);
		FOR driver IN SELECT forest_drivers() LOOP
			scans := pg_stat_get_xact_numscans('forest'::regclass);
			got := forest_answer(query, driver);
			IF got IS DISTINCT FROM expected THEN
				RAISE 'answers differ' USING DETAIL = differences(driver || ': ' || query, got, expected);
			END IF;
			by_index := by_index + (pg_stat_get_xact_numscans('forest'::regclass) = scans)::integer;
		END LOOP;
	END LOOP;
	RETURN by_index;
END $$;

-- What EXPLAIN says has driven searches, for each setting of the driver.
CREATE FUNCTION drivers_used(near integer) RETURNS TABLE (setting text, used text) LANGUAGE plpgsql AS $$
DECLARE
	query text;
	line text;
BEGIN
	PERFORM set_config(name, 'off', true) FROM unnest(ARRAY['enable_seqscan', 'enable_sort']) name;
	FOR setting IN SELECT forest_drivers() LOOP
		PERFORM set_config('mmdb.driver', setting, true);
		FOR query IN SELECT forest_queries(random_tree(near)) LOOP
			FOR line IN EXECUTE 'EXPLAIN (ANALYZE) ' || query LOOP
				used := substring(line FROM 'Drivers: (.*?):');
				IF used IS NOT NULL THEN
					RETURN NEXT;
				END IF;
			END LOOP;
		END LOOP;
	END LOOP;
END $$;

-- Queries with their answers, to compare with those of a damaged copy later.
CREATE TABLE forest_right (query text, answer text[]);
CREATE FUNCTION remember_answers(near integer, part float8 DEFAULT 1) RETURNS void LANGUAGE sql AS $$
	INSERT INTO forest_right
		SELECT q, forest_answer(q, NULL) FROM forest_queries(random_tree(near)) q WHERE random() < part
$$;

-- What is wrong with the index, compared with these answers, one line each: an answer
-- that is another, unless that is allowed, or an error, unless damage is allowed and
-- the error says so, with the hint to REINDEX.
CREATE FUNCTION forest_faults(damage_allowed boolean DEFAULT false, wrong_allowed boolean DEFAULT false)
RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	r record;
	driver text;
	got text[];
	state text;
	message text;
	hint text;
BEGIN
	FOR r IN SELECT query, answer FROM public.forest_right LOOP
		FOR driver IN SELECT forest_drivers() LOOP
			BEGIN
				got := forest_answer(r.query, driver);
				IF got IS DISTINCT FROM r.answer AND NOT wrong_allowed THEN
					RETURN NEXT differences(driver || ': ' || r.query, got, r.answer);
				END IF;
			EXCEPTION WHEN OTHERS THEN
				GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
				-- the executor may notice a wrong answer
				IF NOT (damage_allowed AND state = 'XX002' AND hint ~ 'REINDEX')
					AND NOT (wrong_allowed AND message ~ 'wrong order') THEN
					RETURN NEXT format('%s: %s %s: %s', driver, state, message, r.query);
				END IF;
			END;
		END LOOP;
	END LOOP;
END $$;

-- How many chains and runs the inverted indexes have begun, according to their home
-- pages on disk; see src/inverted/layout.h.
CREATE FUNCTION inverted_stamps() RETURNS bigint LANGUAGE sql VOLATILE AS $$
	WITH pages AS (
		SELECT substring(content FROM size * block + 1 FOR size) AS page, size
		FROM (SELECT pg_read_binary_file(pg_relation_filepath(to_regclass('forest_mm'))) AS content,
				current_setting('block_size')::integer AS size) f,
			generate_series(0, length(content) / size - 1) block
	)
	SELECT sum(get_byte(page, 24) + 256 * get_byte(page, 25)) FROM pages WHERE get_byte(page, size - 13) = 8
$$;
