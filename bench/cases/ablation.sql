-- What sub-indexes and the choice of a driver are worth: the ten nearest by many
-- weights, each driver forced in turn (mmdb.driver), and the algorithm of the OneDB
-- paper.  All answers are compared with those of scans.
--
-- A setting is an index, which is built anew under the name of the set's own, and
-- what drives searches by it.

-- The kinds of sub-indexes.  Of those that a column can have, the one that comes
-- first is in the index with all sub-indexes.  A kind that this version does not know is
-- left out.
CREATE TABLE bench.kinds (
	n				integer PRIMARY KEY,
	kind			text
);
INSERT INTO bench.kinds VALUES (1, 'inverted'), (2, 'mvp'), (3, 'rtree');

INSERT INTO bench.sides
	SELECT 'driver ' || driver, true, 'SET mmdb.driver = ' || driver || CASE WHEN driver = 'auto' THEN '' ELSE '; SET enable_seqscan = off' END
	FROM unnest('{auto,shared,subindex,merge,paper}'::text[]) driver;

-- Columns that are weighted together, besides all and each by itself.
CREATE TABLE bench.groups (
	data			text,
	columns			text[]
);
INSERT INTO bench.groups VALUES
	('footballers', '{name,club}'), ('footballers', '{skills,name}'), ('footballers', '{ratings,value}'),
	('food', '{name,ingredients,nutrients}'), ('food', '{name,ingredients}'), ('food', '{ingredients,nutrients}'),
	('apartments', '{place,name}'), ('apartments', '{place,price}'), ('apartments', '{name,price,nights}'),
	('air', '{pm25,pm10}'), ('air', '{no2,o3}'), ('air', '{temp_c,rh,o3}');

-- The columns of a set, as they were before its index is built anew.
CREATE TABLE bench.set_columns (
	data			text,
	n				integer,
	name			text,
	definition		text,
	kinds			text[],			-- of sub-indexes that it can have
	PRIMARY KEY (data, n)
);

CREATE TABLE bench.weightings (
	n				integer GENERATED ALWAYS AS IDENTITY,
	data			text,
	weights			text,
	columns			text[],			-- with weight; NULL: varies
	mostly			text[],			-- those that have most of it, unless it is even
	statement		text,
	objects			text[],
	PRIMARY KEY (data, weights)
);

CREATE TABLE bench.settings (
	n				integer GENERATED ALWAYS AS IDENTITY,
	data			text,
	setting			text,
	definition		text,			-- of the index
	side			text REFERENCES bench.sides,
	least_columns	integer,		-- only for weightings with so many,
	columns			text[],			-- and for those with most weight on this one,
	alone			boolean,		-- or all
	build_s			float8,
	index_bytes		bigint,
	pages			bigint,
	subindexes		text,			-- that it has, with their pages
	PRIMARY KEY (data, setting)
);

CREATE TABLE bench.scans (
	data			text,
	weights			text,
	query			integer,
	ms				float8,
	farthest		float8,			-- distance of the last row
	PRIMARY KEY (data, weights, query)
);

CREATE TABLE bench.searches (
	data			text,
	setting			text,
	weights			text,
	query			integer,
	ms				float8,
	right_answer	boolean,
	by_index		boolean,
	given_up		boolean,		-- the whole table was read instead
	leaf_pages		bigint,
	postings_pages	bigint,
	bounded			bigint,
	postings		bigint,
	verified		bigint,
	changes			bigint,
	drivers			text[],
	PRIMARY KEY (data, setting, weights, query)
);

-- ---------- what is compared ----------

-- The kinds of sub-indexes that a column can have: try on an empty table.
CREATE FUNCTION bench.kinds_of(set_name text, definition text, column_name text) RETURNS text[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS $$
DECLARE
	name text;
	found text[] = '{}';
BEGIN
	EXECUTE format('CREATE TEMP TABLE empty (LIKE %I)', set_name);
	FOR name IN SELECT kind FROM bench.kinds ORDER BY n LOOP
		BEGIN
			EXECUTE format('CREATE INDEX ON empty USING mmdb (%s) WITH (subindexes = %L)', definition, format('%I %s', column_name, name));
			found := found || name;
		EXCEPTION WHEN invalid_parameter_value THEN
			NULL;
		END;
	END LOOP;
	DROP TABLE empty;
	RETURN found;
END $$;

CREATE PROCEDURE bench.add_weighting(set_name text, weights_name text, names text[], heavy text, queries integer)
LANGUAGE plpgsql AS $$
DECLARE
	list float8[] := ARRAY(SELECT CASE WHEN name = heavy THEN 10 ELSE (name = ANY (names))::integer END
						   FROM bench.set_columns WHERE data = set_name ORDER BY n);
BEGIN
	INSERT INTO bench.weightings (data, weights, columns, mostly, statement, objects)
		VALUES (set_name, weights_name, names, CASE WHEN heavy IS NOT NULL THEN ARRAY[heavy] WHEN weights_name <> 'even' THEN names END, bench.nearest(set_name, list), bench.objects(set_name, queries, list))
		ON CONFLICT DO NOTHING;
END $$;

CREATE PROCEDURE bench.add_weightings(set_name text, queries integer)
LANGUAGE plpgsql AS $$
DECLARE
	all_names text[] := ARRAY(SELECT name FROM bench.set_columns WHERE data = set_name ORDER BY n);
	names text[];
	name text;
BEGIN
	CALL bench.add_weighting(set_name, 'even', all_names, NULL, queries);
	FOREACH name IN ARRAY all_names LOOP
		CALL bench.add_weighting(set_name, name, ARRAY[name], NULL, queries);
	END LOOP;
	FOR names IN SELECT g.columns FROM bench.groups g WHERE data = set_name LOOP
		CALL bench.add_weighting(set_name, array_to_string(names, ' + '), names, NULL, queries);
	END LOOP;
	FOREACH name IN ARRAY all_names LOOP
		CALL bench.add_weighting(set_name, name || ' 10', all_names, name, queries);
	END LOOP;
END $$;

-- An index with these sub-indexes, for instance "auto", of the columns of a set or of one.
CREATE PROCEDURE bench.add_setting(set_name text, setting text, driver text, parameters text,
								   least_columns integer DEFAULT 1, columns text[] DEFAULT NULL, alone boolean DEFAULT false)
LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO bench.settings (data, setting, definition, side, least_columns, columns, alone)
		SELECT set_name, setting, format('USING mmdb (%s) WITH (%s)', string_agg(definition, ', ' ORDER BY c.n), parameters),
			   'driver ' || driver, least_columns, columns, alone
		FROM bench.set_columns c WHERE data = set_name AND (NOT alone OR name = ANY (columns));
END $$;

CREATE PROCEDURE bench.add_settings(set_name text, each_column boolean)
LANGUAGE plpgsql AS $$
DECLARE
	every text := (SELECT format('subindexes = %L', string_agg(format('%I %s', name, kinds[1]), ', ' ORDER BY n))
				   FROM bench.set_columns WHERE data = set_name);
	name text;
	kind text;
	several boolean := (SELECT count(*) > 1 FROM bench.set_columns WHERE data = set_name);
BEGIN
	CALL bench.add_setting(set_name, 'shared', 'shared', 'subindexes = none');
	CALL bench.add_setting(set_name, 'auto', 'auto', 'subindexes = auto');
	CALL bench.add_setting(set_name, 'all, auto', 'auto', every);
	IF several THEN
		CALL bench.add_setting(set_name, 'all, subindex', 'subindex', every);
		CALL bench.add_setting(set_name, 'all, merge', 'merge', every, 2);
	END IF;
	CALL bench.add_setting(set_name, 'paper', 'paper', every || ', pivots = 1');
	FOR name, kind IN SELECT c.name, k FROM bench.set_columns c, unnest(kinds) k WHERE each_column AND data = set_name ORDER BY c.n LOOP
		CALL bench.add_setting(set_name, name || ' ' || kind, 'subindex', format('subindexes = ''%I %s''', name, kind), 1, ARRAY[name]);
	END LOOP;
	IF several AND each_column THEN
		FOR name IN SELECT c.name FROM bench.set_columns c WHERE data = set_name ORDER BY n LOOP
			CALL bench.add_setting(set_name, 'only ' || name, 'auto', 'subindexes = auto', 1, ARRAY[name], true);
		END LOOP;
	END IF;
END $$;

CREATE PROCEDURE bench.describe(set_name text, queries integer, each_column boolean)
LANGUAGE plpgsql AS $$
DECLARE
	definitions text[] := string_to_array(substring(pg_get_indexdef((set_name || '_mm')::regclass) FROM 'USING mmdb \((.*)\)'), ', ');
BEGIN
	INSERT INTO bench.set_columns
		SELECT set_name, column_number, column_name, definitions[column_number],
			   bench.kinds_of(set_name, definitions[column_number], column_name)
		FROM mmdb.index_columns WHERE index_name = (set_name || '_mm')::regclass;
	CALL bench.add_weightings(set_name, queries);
	CALL bench.add_settings(set_name, each_column);
END $$;

-- ---------- measuring ----------

CREATE PROCEDURE bench.scan_all(set_name text)
LANGUAGE plpgsql AS $$
DECLARE
	w bench.weightings;
	ms float8;
	ids bigint[];
	distances float8[];
BEGIN
	FOR w IN SELECT * FROM bench.weightings WHERE data = set_name ORDER BY n LOOP
		CALL bench.prepare('serial', w.statement);
		FOR nth IN 1 .. cardinality(w.objects) LOOP
			CALL bench.execute('serial', w.objects[nth], ms, ids, distances);
			INSERT INTO bench.scans VALUES (set_name, w.weights, nth, ms, distances[cardinality(distances)]);
		END LOOP;
	END LOOP;
END $$;

-- The sum of a number in a plan's list of drivers.
CREATE FUNCTION bench.sum_of(drivers text[], pattern text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT coalesce(sum(substring(d FROM pattern)::bigint), 0) FROM unnest(drivers) d);

-- Have a side's session explain what it did.  That has no count of postings: in a driver's
-- entries, 16 of them count as one.
CREATE PROCEDURE bench.explain_search(set_name text, setting text, side text, weights text, query integer, object text,
									  ms float8, right_answer boolean)
LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO bench.searches
		SELECT set_name, setting, weights, query, ms, right_answer, node IS NOT NULL, node ->> 'Search Method' LIKE 'whole table%',
			   (node ->> 'Leaf Pages')::bigint,
			   CASE WHEN drivers <> '{}' THEN bench.sum_of(drivers, ': (\d+) \([^)]*\) pages') - (node ->> 'Leaf Pages')::bigint ELSE 0 END,
			   (node ->> 'Entries Bounded')::bigint,
			   CASE WHEN drivers <> '{}' THEN 16 * (bench.sum_of(drivers, ', (\d+) \([^)]*\) entries') - (node ->> 'Entries Bounded')::bigint) ELSE 0 END,
			   (node ->> 'Rows Verified')::bigint, coalesce((node ->> 'Changes of Driver')::bigint, 0), drivers
		FROM dblink(side, format('EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE query(%s)', object)) answer(plan jsonb),
			 jsonb_path_query_first(plan, 'strict $.** ? (@."Custom Plan Provider" == "MMDB Scan")') node,
			 LATERAL (SELECT ARRAY(SELECT jsonb_array_elements_text(node -> 'Drivers')) AS drivers) d;
END $$;

-- Some settings take a hundred times as long as others, so each gets only so many of the
-- query objects as it does in some seconds, but three.
CREATE PROCEDURE bench.search_all(s bench.settings, rounds integer, seconds float8)
LANGUAGE plpgsql AS $$
DECLARE
	w bench.weightings;
	started timestamptz;
	ms float8;
	least_ms float8;
	ids bigint[];
	distances float8[];
	right_answer boolean;
BEGIN
	FOR w IN SELECT * FROM bench.weightings WHERE data = s.data AND (s.columns IS NULL OR s.columns[1] = ANY (mostly))
		AND coalesce(cardinality(weightings.columns) >= s.least_columns, true) AND (NOT s.alone OR weightings.columns = s.columns)
		ORDER BY n
	LOOP
		CALL bench.prepare(s.side, w.statement);
		started := clock_timestamp();
		FOR nth IN 1 .. cardinality(w.objects) LOOP
			least_ms := NULL;
			FOR round IN 1 .. rounds LOOP
				CALL bench.execute(s.side, w.objects[nth], ms, ids, distances);
				least_ms := least(least_ms, ms);
				right_answer := distances[cardinality(distances)] IS NOT DISTINCT FROM
					(SELECT farthest FROM bench.scans WHERE (data, weights, query) = (s.data, w.weights, nth));
				EXIT WHEN NOT right_answer;
			END LOOP;
			CALL bench.explain_search(s.data, s.setting, s.side, w.weights, nth, w.objects[nth], least_ms, right_answer);
			EXIT WHEN nth >= 3 AND bench.ms_since(started) > 1000 * seconds * CASE WHEN w.columns IS NULL THEN 10 ELSE 1 END;
		END LOOP;
	END LOOP;
END $$;

-- Settings of the same index come one after the other.
CREATE PROCEDURE bench.ablate(set_name text, rounds integer, seconds float8)
LANGUAGE plpgsql AS $$
DECLARE
	s bench.settings;
	definition text = '';
	started timestamptz;
	index_name regclass;
BEGIN
	CALL bench.scan_all(set_name);
	COMMIT;
	FOR s IN SELECT * FROM bench.settings WHERE data = set_name ORDER BY n LOOP
		IF s.definition <> definition THEN
			EXECUTE format('DROP INDEX %I', set_name || '_mm');
			started := clock_timestamp();
			EXECUTE format('CREATE INDEX %I ON %I %s', set_name || '_mm', set_name, s.definition);
			s.build_s := bench.ms_since(started) / 1000;
			definition := s.definition;
			index_name := (set_name || '_mm')::regclass;
			PERFORM pg_prewarm(index_name);
			COMMIT;
		END IF;
		UPDATE bench.settings SET build_s = s.build_s, index_bytes = pg_relation_size(index_name),
								  pages = pg_relation_size(index_name) / current_setting('block_size')::bigint,
								  subindexes = (SELECT string_agg(format('%s %s %s', column_name, kind, i.pages), '; ' ORDER BY column_number)
												FROM mmdb.subindexes_of(index_name) i WHERE kind IS NOT NULL)
			WHERE (data, setting) = (set_name, s.setting);
		CALL bench.search_all(s, rounds, seconds);
		COMMIT;
	END LOOP;
END $$;

-- ---------- what is said of it ----------

-- Work in one number, as the choice of a driver sees it; see cost_model.c.
CREATE FUNCTION bench.total_work(pages float8, entries float8, rows float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 20 * pages + entries + 50 * rows;

-- The same as it was expected of one driver.
CREATE FUNCTION bench.expected_work(driver text) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN bench.total_work(substring(driver FROM '\((\d+)\) pages')::float8, substring(driver FROM '\((\d+)\) entries')::float8,
						substring(driver FROM '\((\d+)\) candidates')::float8);

CREATE VIEW bench.search_work AS
SELECT *, bench.total_work(leaf_pages + postings_pages, bounded + postings / 16, verified) AS work,
	   coalesce(substring(drivers[1] FROM '^[^:]*'), CASE WHEN by_index THEN 'shared tree' ELSE 'another plan' END) AS driver
FROM bench.searches;

CREATE VIEW bench.ablation AS
SELECT s.data, s.weights, s.setting, count(*) AS queries, sum((NOT right_answer)::integer) AS wrong,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY s.ms), 3) AS median_ms,
	   bench.digits(percentile_cont(0.95) WITHIN GROUP (ORDER BY s.ms), 3) AS p95_ms,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY c.ms), 3) AS scan_ms,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY c.ms / s.ms), 1) AS times,
	   bench.digits(min(c.ms / s.ms), 2) AS least,
	   percentile_disc(0.5) WITHIN GROUP (ORDER BY leaf_pages) AS leaf_pages,
	   percentile_disc(0.5) WITHIN GROUP (ORDER BY postings_pages) AS postings_pages,
	   bench.digits(100.0 * percentile_disc(0.5) WITHIN GROUP (ORDER BY leaf_pages + postings_pages) / max(pages), 1) AS pages_percent,
	   percentile_disc(0.5) WITHIN GROUP (ORDER BY bounded) AS bounded,
	   percentile_disc(0.5) WITHIN GROUP (ORDER BY postings) AS postings,
	   percentile_disc(0.5) WITHIN GROUP (ORDER BY verified) AS verified,
	   percentile_disc(0.95) WITHIN GROUP (ORDER BY verified) AS verified_p95,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY work), 0) AS work,
	   sum(given_up::integer) AS given_up, sum((changes > 0)::integer) AS changed,
	   mode() WITHIN GROUP (ORDER BY driver) AS driver
FROM bench.search_work s JOIN bench.scans c USING (data, weights, query) JOIN bench.settings t USING (data, setting)
	 JOIN bench.weightings w USING (data, weights)
GROUP BY s.data, s.weights, s.setting
ORDER BY min(w.n), min(t.n);

CREATE VIEW bench.ablation_indexes AS
SELECT data, setting, bench.digits(s.build_s, 2) AS build_s, bench.digits(s.index_bytes / 1e6, 1) AS index_mb,
	   bench.digits(s.index_bytes::float8 / first_value(s.index_bytes) OVER (PARTITION BY data ORDER BY s.n), 2) AS size_by_shared,
	   bench.digits(s.build_s / first_value(s.build_s) OVER (PARTITION BY data ORDER BY s.n), 2) AS build_by_shared,
	   bench.digits(s.index_bytes::float8 / table_bytes, 2) AS size_by_table,
	   s.subindexes
FROM bench.settings s JOIN bench.sets ON name = data WHERE s.build_s IS NOT NULL ORDER BY s.n;

-- Where the index with all sub-indexes was searched by another driver than the best
-- of those that can be forced, and took more than 1.3 times the work.  Expected and
-- actual work are medians over the same queries.
CREATE VIEW bench.ablation_choices AS
WITH forced AS (
	SELECT data, weights, query, setting, work, bench.expected_work(drivers[1]) AS expected, driver FROM bench.search_work
	WHERE setting = 'shared' OR
		(driver <> 'shared tree' AND (setting IN ('all, subindex', 'all, merge') OR
		 (data, setting) IN (SELECT data, name || ' ' || kinds[1] FROM bench.set_columns)))
), compared AS (
	SELECT a.data, a.weights, f.setting, mode() WITHIN GROUP (ORDER BY a.driver) AS chosen, count(*) AS queries,
		   percentile_cont(0.5) WITHIN GROUP (ORDER BY bench.expected_work(a.drivers[1])) AS chosen_expected,
		   percentile_cont(0.5) WITHIN GROUP (ORDER BY a.work) AS chosen_work,
		   percentile_cont(0.5) WITHIN GROUP (ORDER BY f.expected) AS expected,
		   percentile_cont(0.5) WITHIN GROUP (ORDER BY f.work) AS work,
		   percentile_cont(0.5) WITHIN GROUP (ORDER BY a.work / f.work) AS ratio,
		   sum((a.changes > 0)::integer) AS changed,
		   (array_agg(array_to_string(a.drivers, '; ') ORDER BY a.work DESC))[1] AS worst_query,
		   row_number() OVER (PARTITION BY a.data, a.weights ORDER BY percentile_cont(0.5) WITHIN GROUP (ORDER BY f.work), f.setting = 'shared' DESC) AS place
	FROM bench.search_work a JOIN forced f USING (data, weights, query)
	WHERE a.setting = 'all, auto' GROUP BY a.data, a.weights, f.setting
)
SELECT data, weights, chosen, round(chosen_expected) AS chosen_expected, round(chosen_work) AS chosen_work, setting AS best,
	   round(expected) AS best_expected, round(work) AS best_work, bench.digits(ratio, 2) AS ratio, changed, queries,
	   worst_query
FROM compared WHERE place = 1 AND ratio > 1.3
ORDER BY ratio DESC;

-- ---------- words ----------

-- Words with one or two letters changed, left out or doubled.
CREATE FUNCTION bench.misspelt(number integer) RETURNS text[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS $$
DECLARE
	found text[];
	misspelt text;
	place integer;
BEGIN
	PERFORM setseed(0.75);
	FOR misspelt IN SELECT word FROM words WHERE word ~ '^[a-z]{5,}$' ORDER BY hashint4(id), id LIMIT number LOOP
		FOR i IN 1 .. 1 + (random() < 0.5)::integer LOOP
			place := 1 + floor(random() * length(misspelt));
			misspelt := overlay(misspelt PLACING CASE floor(random() * 3)
								WHEN 0 THEN chr(97 + floor(random() * 26)::integer)
								WHEN 1 THEN ''
								ELSE repeat(substr(misspelt, place, 1), 2) END FROM place FOR 1);
		END LOOP;
		found := found || quote_literal(misspelt);
	END LOOP;
	RETURN found;
END $$;

-- All words within so many edits, by mmdb, and by a scan with fuzzystrmatch's bounded
-- distance.
CREATE TABLE bench.spelling (
	edits			integer,
	query			integer,
	ms				float8,
	others_ms		float8,
	rows			integer,
	same			boolean,
	PRIMARY KEY (edits, query)
);

CREATE PROCEDURE bench.compare_spelling(objects text[], few integer, rounds integer)
LANGUAGE plpgsql AS $$
DECLARE
	ms float8;
	others_ms float8;
	ids bigint[];
	others_ids bigint[];
	distances float8[];
BEGIN
	FOR edits IN 1 .. 3 LOOP
		CALL bench.prepare('driver auto', format('SELECT id, word <~> $1 AS distance FROM words WHERE word <~> $1 <= %s', edits));
		CALL bench.prepare('others', format('SELECT id, levenshtein_less_equal(word, $1, %s)::float8 AS distance
											FROM words WHERE levenshtein_less_equal(word, $1, %1$s) <= %1$s', edits));
		FOR round IN 1 .. rounds LOOP
			FOR nth IN 1 .. cardinality(objects) LOOP
				CALL bench.execute('driver auto', objects[nth], ms, ids, distances);
				others_ms := NULL;
				others_ids := ids;
				IF nth <= few THEN
					CALL bench.execute('others', objects[nth], others_ms, others_ids, distances);
				END IF;
				INSERT INTO bench.spelling AS s VALUES (edits, nth, ms, others_ms, coalesce(cardinality(ids), 0), ids IS NOT DISTINCT FROM others_ids)
					ON CONFLICT ON CONSTRAINT spelling_pkey DO UPDATE
					SET ms = least(s.ms, excluded.ms), others_ms = least(s.others_ms, excluded.others_ms), same = s.same AND excluded.same;
			END LOOP;
		END LOOP;
	END LOOP;
END $$;

CREATE VIEW bench.spelling_summary AS
SELECT edits, count(*) AS queries, sum((NOT same)::integer) AS wrong, percentile_disc(0.5) WITHIN GROUP (ORDER BY rows) AS rows,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY ms), 3) AS median_ms,
	   bench.digits(percentile_cont(0.95) WITHIN GROUP (ORDER BY ms), 3) AS p95_ms,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY others_ms), 1) AS fuzzystrmatch_ms,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY others_ms / ms), 1) AS times,
	   bench.digits(min(others_ms / ms), 1) AS least
FROM bench.spelling GROUP BY edits ORDER BY edits;

-- ---------- insertions ----------

-- A table's rows, inserted into an empty table with an index, where no sub-index is chosen;
-- and the second half, inserted into a table with the first half and an index.
CREATE TABLE bench.insertions (
	n				integer GENERATED ALWAYS AS IDENTITY,
	data			text,
	setting			text,
	into_half		boolean,
	rows			bigint,
	s				float8
);

CREATE PROCEDURE bench.insert_rows(set_name text, setting text, into_half boolean, definition text)
LANGUAGE plpgsql AS $$
DECLARE
	inserted bigint;
	started timestamptz;
BEGIN
	EXECUTE format('CREATE TABLE inserted (LIKE %I, PRIMARY KEY (id))', set_name);
	IF into_half THEN
		EXECUTE format('INSERT INTO inserted SELECT * FROM %I WHERE id %% 2 = 0', set_name);
	END IF;
	IF definition <> '' THEN
		EXECUTE 'CREATE INDEX ON inserted ' || definition;
	END IF;
	started := clock_timestamp();
	EXECUTE format('INSERT INTO inserted SELECT * FROM %I %s', set_name, CASE WHEN into_half THEN 'WHERE id % 2 = 1' ELSE '' END);
	GET DIAGNOSTICS inserted = ROW_COUNT;
	INSERT INTO bench.insertions (data, setting, into_half, rows, s) VALUES (set_name, setting, into_half, inserted, bench.ms_since(started) / 1000);
	DROP TABLE inserted;
	COMMIT;
END $$;

CREATE PROCEDURE bench.insert_all(set_name text, rounds integer)
LANGUAGE plpgsql AS $$
DECLARE
	s record;
BEGIN
	FOR round IN 1 .. rounds LOOP
		FOR s IN SELECT setting, half, definition
			FROM (SELECT 0 AS n, 'no index' AS setting, '' AS definition
				  UNION ALL SELECT n, setting, definition FROM bench.settings WHERE data = set_name AND setting IN ('shared', 'auto', 'all, auto')) d,
				 unnest('{false,true}'::boolean[]) half
			ORDER BY half, n
		LOOP
			CALL bench.insert_rows(set_name, s.setting, s.half, s.definition);
		END LOOP;
	END LOOP;
END $$;

CREATE VIEW bench.insertion_rates AS
SELECT data, CASE WHEN into_half THEN 'second half' ELSE 'all' END AS inserted, setting, max(rows) AS rows,
	   bench.digits(max(rows / s), 0) AS rows_per_s
FROM bench.insertions GROUP BY data, into_half, setting ORDER BY min(n);

-- ---------- all ----------

-- Without each_column, sub-indexes are built all at once only, and no index of one column.
CREATE PROCEDURE bench.ablate_if_there(set_name text, queries integer, each_column boolean DEFAULT true, seconds float8 DEFAULT 2)
LANGUAGE plpgsql AS $$
BEGIN
	IF NOT bench.have(set_name) THEN
		RETURN;
	END IF;
	CALL bench.describe(set_name, bench.queries(queries), each_column);
	IF set_name = 'footballers' THEN
		INSERT INTO bench.weightings (data, weights, statement, objects)
			VALUES (set_name, 'random', bench.nearest_by_parameters(set_name), bench.objects_with_weights(set_name, bench.queries(200)));
	ELSIF set_name = 'words' THEN
		UPDATE bench.weightings SET objects = bench.misspelt(bench.queries(queries)) WHERE data = set_name;
		DELETE FROM bench.weightings WHERE data = set_name AND weights <> 'word';		-- all the same
	END IF;
	COMMIT;
	CALL bench.ablate(set_name, 2, seconds);
END $$;

CALL bench.ablate_if_there('footballers', 30);
\echo 'Where the choice of a driver was bad:'
SELECT data, weights, chosen, chosen_expected, chosen_work, best, best_expected, best_work, ratio, changed FROM bench.ablation_choices;
CALL bench.ablate_if_there('words', 100, true, 30);
CALL bench.ablate_if_there('food', 30);
CALL bench.ablate_if_there('apartments', 30);
CALL bench.ablate_if_there('air', 6, false, 1);
TABLE bench.ablation;
\copy (TABLE bench.ablation) TO PROGRAM 'cat >"$RESULTS/ablation.csv"' WITH (FORMAT csv, HEADER)
TABLE bench.ablation_indexes;
\copy (TABLE bench.ablation_indexes) TO PROGRAM 'cat >"$RESULTS/ablation-indexes.csv"' WITH (FORMAT csv, HEADER)
TABLE bench.ablation_choices;
\copy (TABLE bench.ablation_choices) TO PROGRAM 'cat >"$RESULTS/ablation-choices.csv"' WITH (FORMAT csv, HEADER)

SELECT bench.have('footballers') AS have_footballers, bench.have('words') AS have_words,
	   EXISTS (SELECT FROM pg_available_extensions WHERE name = 'fuzzystrmatch') AS have_fuzzystrmatch \gset
\if :have_footballers
	CALL bench.insert_all('footballers', bench.queries(2));
	TABLE bench.insertion_rates;
	\copy (TABLE bench.insertion_rates) TO PROGRAM 'cat >"$RESULTS/ablation-inserts.csv"' WITH (FORMAT csv, HEADER)
\endif
\if :have_words
\if :have_fuzzystrmatch
	CREATE EXTENSION IF NOT EXISTS fuzzystrmatch;
	DROP INDEX words_mm;
	CREATE INDEX words_mm ON words USING mmdb (word);
	CALL bench.compare_spelling(bench.misspelt(bench.queries(100)), bench.queries(15), 2);
	TABLE bench.spelling_summary;
	\copy (TABLE bench.spelling_summary) TO PROGRAM 'cat >"$RESULTS/ablation-words.csv"' WITH (FORMAT csv, HEADER)
\endif
\endif

DO $$
BEGIN
	IF EXISTS (SELECT FROM bench.searches WHERE NOT right_answer) OR EXISTS (SELECT FROM bench.spelling WHERE NOT same) THEN
		RAISE 'wrong answers: see bench.searches and bench.spelling';
	END IF;
END $$;
