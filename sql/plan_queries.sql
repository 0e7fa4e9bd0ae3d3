-- Custom scans in all kinds of queries: joins, cursors, changes and locks, partitions, row-level security, ...
CREATE TABLE homes (id integer PRIMARY KEY, gone integer, photo mmvector(2), price float8, stars integer, review text)
	WITH (autovacuum_enabled = off);
INSERT INTO homes SELECT i, 0, ARRAY[sin(i), cos(i * 2)], CASE WHEN i % 50 > 0 THEN i * 7919 % 10007 END, i * 31 % 1009,
	repeat(chr(97 + i % 3), i % 17)
	FROM generate_series(1, 1200) i;
ALTER TABLE homes DROP COLUMN gone;
CREATE INDEX homes_mm ON homes USING mmdb (photo, price, stars, review);
ALTER TABLE homes ADD COLUMN kind text DEFAULT 'old';
ALTER TABLE homes ADD COLUMN twice integer GENERATED ALWAYS AS (stars * 2) STORED;
UPDATE homes SET kind = 'new' WHERE id % 10 = 0;
CREATE TABLE wishes AS SELECT i AS id, ARRAY[cos(i), sin(i)]::mmvector(2) AS photo,
	CASE WHEN i <> 3 THEN i * 1000.5 END AS price, i / 4.0::float8 AS weight FROM generate_series(1, 6) i;
ANALYZE homes, wishes;

-- A query by custom scans and by sequential scans: how many custom scans there
-- are in its plan, how many rows it returns, and those that differ.
CREATE FUNCTION compare(query text, OUT scans bigint, OUT rows bigint, OUT differences text) LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
	by_index text[];
	by_sort text[];
BEGIN
	PERFORM set_config(name, 'off', true)
		FROM unnest('{enable_seqscan,enable_sort,enable_indexscan,enable_bitmapscan}'::text[]) name;
	SET LOCAL mmdb.enable_scan = on;
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	scans := (SELECT count(*) FROM jsonb_path_query(plan, 'strict $.** ? (@."Custom Plan Provider" == "MMDB Scan")'));
	EXECUTE 'SELECT array_agg(q::text) FROM (' || query || ') q' INTO by_index;
	SET LOCAL enable_seqscan = on;
	SET LOCAL enable_sort = on;
	SET LOCAL mmdb.enable_scan = off;
	EXECUTE 'SELECT array_agg(q::text) FROM (' || query || ') q' INTO by_sort;
	SET LOCAL mmdb.enable_scan = on;
	rows := coalesce(cardinality(by_sort), 0);
	differences := differences(query, by_index, by_sort);
END $$;

-- What is returned: whole rows, columns that came later, system columns; and what
-- is made of it.
SELECT query, c.* FROM unnest(ARRAY[
	$$SELECT homes FROM homes ORDER BY (photo <-> '[0.3,0.4]') + 1 LIMIT 3$$,
	$$SELECT *, ctid AS place, xmin, tableoid::regclass FROM homes ORDER BY (photo <-> '[0.3,0.4]') + 1 LIMIT 3$$,
	$$SELECT kind, twice, ctid AS place, tableoid FROM homes WHERE (stars <+> 3) < 7 ORDER BY id$$,
	$$SELECT id FROM homes WHERE ctid <> '(0,1)' ORDER BY (photo <-> '[0.3,0.4]') + 1 LIMIT 3$$,
	$$SELECT min((photo <-> '[0.3,0.4]') + (stars <+> 7)) FROM homes$$,
	$$SELECT id FROM homes TABLESAMPLE BERNOULLI (100) ORDER BY photo <-> '[0.3,0.4]' LIMIT 3$$,
	$$SELECT id FROM homes WHERE id NOT IN (SELECT id FROM wishes) ORDER BY photo <-> '[0.3,0.4]' LIMIT 3$$,
	$$SELECT count(*), sum(id) FROM homes WHERE id NOT IN (SELECT id FROM wishes) AND (photo <-> '[0.3,0.4]') < 0.3$$,
	$$SELECT count(*) FROM (SELECT FROM homes ORDER BY photo <-> '[0.3,0.4]' LIMIT 7) s$$,
	$$SELECT 1 AS one FROM homes ORDER BY photo <-> '[0.3,0.4]' LIMIT 7$$,
	$$SELECT id, generate_series(1, 2) AS n FROM homes ORDER BY photo <-> '[0.3,0.4]' LIMIT 7$$,
	$$SELECT DISTINCT stars <+> 77 AS d FROM homes ORDER BY d LIMIT 7$$,
	$$SELECT DISTINCT ON (stars <+> 77) id, stars <+> 77 AS d FROM homes ORDER BY d, id LIMIT 7$$,
	$$SELECT stars <+> 77 AS d, count(*), min(id) FROM homes GROUP BY stars <+> 77 ORDER BY d LIMIT 7$$,
	$$SELECT count(*), sum(stars) FROM homes WHERE (stars <+> 77) < 30$$,
	$$SELECT id, rank() OVER (ORDER BY stars <+> 77) AS n FROM homes ORDER BY stars <+> 77, id LIMIT 7$$,
	$$SELECT id, row_number() OVER (ORDER BY photo <-> '[0.3,0.4]') AS n FROM homes
		ORDER BY photo <-> '[0.3,0.4]' LIMIT 7$$,
	$$SELECT stars <+> 77 AS d FROM homes ORDER BY d FETCH FIRST 3 ROWS WITH TIES$$,
	$$SELECT id FROM homes ORDER BY photo <-> '[0.3,0.4]' LIMIT 0$$,
	$$SELECT id FROM homes ORDER BY photo <-> '[0.3,0.4]' LIMIT NULL OFFSET 1195$$,
	$$SELECT id FROM homes ORDER BY photo <-> '[0.3,0.4]' LIMIT (SELECT 5) OFFSET (SELECT 2)$$,
	$$SELECT id FROM homes ORDER BY photo <-> '[0.3,0.4]' OFFSET 2000$$,
	$$SELECT id, d FROM (SELECT id, photo <-> '[0.3,0.4]' AS d FROM homes ORDER BY d LIMIT 20) s WHERE id % 2 = 0
		ORDER BY d$$,
	$$(SELECT id, 1 AS n FROM homes ORDER BY photo <-> '[0.3,0.4]' LIMIT 3)
		UNION ALL (SELECT id, 2 FROM homes ORDER BY photo <-> '[0,0]' LIMIT 3)$$,
	$$(SELECT id FROM homes WHERE (photo <-> '[0.3,0.4]') < 0.5
		INTERSECT SELECT id FROM homes WHERE (stars <+> 5) < 100) ORDER BY id$$,
	$$WITH near AS MATERIALIZED (SELECT id FROM homes ORDER BY photo <-> '[0.3,0.4]' LIMIT 3)
		SELECT n.id AS a, m.id AS b FROM near n, near m$$
	]) query, compare(query) c;

-- Joins: a scan for each row of another table; outer joins.
SELECT query, c.* FROM unnest(ARRAY[
	$$SELECT w.id, n.id AS home, n.d
		FROM wishes w, LATERAL (SELECT id, w.weight * (photo <-> w.photo) + coalesce(price <+> w.price, 7) / 1000 AS d
		FROM homes ORDER BY d LIMIT 3) n ORDER BY w.id, n.d$$,
	$$SELECT w.id, n.d FROM wishes w LEFT JOIN LATERAL (SELECT (price <+> w.price) + (stars <+> 7) AS d FROM homes
		WHERE (price <+> w.price) + (stars <+> 7) < w.weight * 100 ORDER BY d LIMIT 3) n ON true ORDER BY w.id, n.d$$,
	$$SELECT w.id, (SELECT h.id FROM homes h ORDER BY (h.photo <-> w.photo) * w.weight LIMIT 1) AS nearest FROM wishes w
		ORDER BY w.id$$,
	$$SELECT w.id, (SELECT count(*) FROM homes h WHERE (h.photo <-> w.photo) < w.weight) AS n FROM wishes w
		ORDER BY w.id$$,
	$$SELECT w.id, h.id AS home FROM wishes w
		JOIN homes h ON w.weight * (h.photo <-> w.photo) + (h.price <+> w.price) / 1000 <= 0.5 ORDER BY w.id, home$$,
	$$SELECT w.id, h.id AS home FROM wishes w LEFT JOIN homes h ON (h.photo <-> w.photo) <= w.weight / 4
		AND h.kind = 'new' ORDER BY w.id, home$$,
	$$SELECT w.id FROM wishes w WHERE EXISTS (SELECT FROM homes h WHERE (w.price <+> h.price) < 1) ORDER BY w.id$$,
	$$SELECT w.id FROM wishes w WHERE NOT EXISTS (SELECT FROM homes h WHERE (w.price <+> h.price) < 1) ORDER BY w.id$$,
	$$SELECT w.id, v.id AS other, h.id AS home FROM wishes w LEFT JOIN wishes v ON v.id = w.id + 1
		LEFT JOIN homes h ON (h.photo <-> v.photo) + (h.price <+> w.price) / 1000 < 0.5 ORDER BY 1, 2, 3$$,
	$$SELECT count(*), sum(h.id) FROM homes h
		JOIN (wishes w LEFT JOIN (SELECT id + 1 AS id, 0.5::float8 AS f FROM wishes) s USING (id))
		ON coalesce(s.f, 0.3) * (h.photo <-> w.photo) < 0.1$$,
	$$SELECT count(*), sum(n.d) FROM wishes w
		LEFT JOIN (SELECT id + 1 AS id, 0.5::float8 AS f FROM wishes) s USING (id),
		LATERAL (SELECT coalesce(s.f, 0.3) * (h.photo <-> w.photo) AS d FROM homes h ORDER BY 1 LIMIT 3) n$$,
	$$WITH RECURSIVE walk(n, id, photo) AS (SELECT 1, id, photo FROM wishes WHERE id = 1 UNION ALL
		SELECT n + 1, x.id, x.photo FROM walk,
		LATERAL (SELECT h.id, h.photo FROM homes h WHERE h.id <> walk.id
			ORDER BY (h.photo <-> walk.photo) * n LIMIT 1 OFFSET 2) x WHERE n < 10) SELECT n, id FROM walk$$,
	$$SELECT a.id, b.id AS other FROM homes a JOIN homes b ON (a.photo <-> b.photo) <= 0.001
		WHERE a.id < 5 AND a.id <> b.id ORDER BY a.id, b.id$$,
	$$SELECT w.id, h.id AS home FROM wishes w JOIN homes h ON (h.photo <-> w.photo) <= 0.05 OR (h.price <+> w.price) < 3
		ORDER BY w.id, home$$,
	$$SELECT w.id, h.id AS home FROM homes h JOIN wishes w ON h.id = w.id ORDER BY h.photo <-> '[0.3,0.4]' LIMIT 3$$,
	$$SELECT w.id, h.id AS home FROM homes h LEFT JOIN wishes w ON h.id = w.id
		ORDER BY h.photo <-> '[0.3,0.4]' LIMIT 3$$
	]) query, compare(query) c;
-- Values from a relation that has one row: in order, without a sort.
CREATE FUNCTION embed(text) RETURNS mmvector
	LANGUAGE plpgsql VOLATILE AS $$ BEGIN RETURN CASE WHEN $1 <> 'none' THEN '[0.3,0.4]' END; END $$;
CREATE FUNCTION sorts(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE plan jsonb;
BEGIN
	PERFORM set_config(name, 'off', true) FROM unnest('{enable_seqscan,enable_sort}'::text[]) name;
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	PERFORM set_config(name, 'on', true) FROM unnest('{enable_seqscan,enable_sort}'::text[]) name;
	RETURN (SELECT count(*) FROM jsonb_path_query(plan, 'strict $.** ? (@."Node Type" == "Sort")'));
END $$;
SELECT query, sorts(query), c.* FROM unnest(ARRAY[
	$$WITH vars AS (SELECT embed('x') AS q) SELECT h.id, h.photo <-> q AS d FROM homes h, vars ORDER BY d LIMIT 3$$,
	$$WITH vars AS (SELECT embed('x') AS q), more AS MATERIALIZED (SELECT 500 AS p)
		SELECT h.id, (h.photo <-> q) + (h.price <+> p) / 1000 AS d FROM vars, homes h, more ORDER BY d LIMIT 3$$,
	$$WITH vars AS (SELECT embed('x') AS q) SELECT h.id, 1 - (h.photo <-> q) AS s FROM homes h, vars
		WHERE 1 - (h.photo <-> q) > 0.7 AND h.id > length(q::text) ORDER BY s DESC$$,
	$$WITH vars AS (SELECT embed('x') AS q) SELECT h.id, (h.photo <-> a.q) + (h.photo <-> b.q) AS d
		FROM homes h, vars a, vars b ORDER BY d LIMIT 3$$,
	$$WITH vars AS (SELECT embed('none') AS q) SELECT h.photo <-> q AS d FROM homes h, vars ORDER BY d LIMIT 3$$,
	$$SELECT h.id, h.photo <-> i.photo AS d FROM homes h, homes i WHERE i.id = 42 ORDER BY d LIMIT 3$$,
	$$SELECT h.id, h.photo <-> i.photo AS d FROM homes h, homes i WHERE i.id = -42 ORDER BY d LIMIT 3$$,
	$$SELECT h.id, (h.photo <-> i.photo) + coalesce(h.price <+> i.price, 1) AS d FROM homes h
		JOIN homes i ON h.id <> i.id AND (h.stars <+> i.stars) < 300 WHERE i.id = 42 AND h.kind = 'old'
		ORDER BY d LIMIT 5$$,
	$$SELECT h.price <+> i.price AS d FROM homes h, homes i WHERE i.id = 42 ORDER BY d NULLS FIRST LIMIT 30$$,
	$$SELECT h.id, w.id AS wish, h.photo <-> i.photo AS d FROM homes i, homes h JOIN wishes w ON w.id = h.id
		WHERE i.id = 42 ORDER BY d LIMIT 3$$,
	$$SELECT h.id, h.photo <-> v.q AS d FROM homes h, (SELECT avg(photo) AS q FROM wishes) v ORDER BY d LIMIT 3$$,
	$$SELECT h.id, h.photo <-> v.q AS d FROM homes h, (SELECT photo AS q FROM wishes ORDER BY id LIMIT 1) v
		ORDER BY d LIMIT 3$$,
	$$SELECT h.id, h.photo <-> v AS d FROM homes h, embed('x') v ORDER BY d, h.id LIMIT 3$$,
	$$SELECT h.id, h.photo <-> v.q AS d FROM homes h, (VALUES (embed('x'))) v(q) ORDER BY d LIMIT 3$$,
	$$SELECT n, (SELECT array_agg(id)
		FROM (SELECT h.id FROM homes h, homes i WHERE i.id = n ORDER BY h.photo <-> i.photo LIMIT 3) s)
		FROM generate_series(1, 5) n$$,
	$$SELECT h.id, h.photo <-> i.photo AS d FROM homes h JOIN homes i ON h.id <> i.id WHERE i.id = (SELECT 42)
		ORDER BY d LIMIT 3$$
	]) query, compare(query) c;
-- from one that may have more, or is joined otherwise
SELECT query, sorts(query), c.rows, c.differences FROM unnest(ARRAY[
	$$SELECT h.id, h.photo <-> v.q AS d FROM homes h, (SELECT photo AS q FROM wishes ORDER BY id LIMIT 2) v
		ORDER BY d LIMIT 3$$,
	$$SELECT h.id, h.photo <-> v.q AS d
		FROM homes h, (SELECT photo AS q FROM wishes ORDER BY id FETCH FIRST 1 ROW WITH TIES) v ORDER BY d LIMIT 3$$,
	$$SELECT h.id, h.photo <-> v.q AS d FROM homes h, (SELECT avg(photo) AS q FROM wishes GROUP BY id) v
		ORDER BY d LIMIT 3$$,
	$$SELECT h.id, h.photo <-> v.q AS d
		FROM homes h, (SELECT avg(photo) AS q FROM wishes GROUP BY GROUPING SETS ((), ())) v ORDER BY d LIMIT 3$$,
	$$SELECT h.id, (h.stars <+> v.q) AS d FROM homes h, (SELECT generate_series(1, max(id)) AS q FROM wishes) v
		ORDER BY d, h.id LIMIT 3$$,
	$$WITH vars AS (SELECT embed('x') AS q UNION ALL SELECT '[0,0]') SELECT h.id, h.photo <-> q AS d FROM homes h, vars
		ORDER BY d LIMIT 3$$,
	$$WITH RECURSIVE vars(n, q) AS (SELECT 1, embed('x') UNION ALL SELECT n + 1, '[0,1]' FROM vars WHERE n < 3)
		SELECT h.id, h.photo <-> q AS d FROM homes h, vars ORDER BY d LIMIT 3$$,
	$$SELECT h.id, h.photo <-> w.photo AS d FROM homes h, wishes w WHERE w.id = 2 ORDER BY d LIMIT 3$$,
	$$SELECT h.id, h.photo <-> i.photo AS d FROM homes h, homes i WHERE i.id < 3 ORDER BY d LIMIT 3$$,
	$$SELECT h.id, h.photo <-> v.q AS d FROM homes h LEFT JOIN (SELECT embed('x') AS q) v ON h.id < 9
		ORDER BY d, h.id LIMIT 12$$,
	$$SELECT h.id, h.photo <-> v.q AS d FROM homes h, (SELECT 1 AS n) a
		FULL JOIN (SELECT 2 AS n, embed('x') AS q) v USING (n) ORDER BY d, h.id LIMIT 3$$
	]) query, compare(query) c;
DROP FUNCTION sorts;

-- order and conditions that hold above the join, not for the table
SELECT query, c.rows, c.differences FROM unnest(ARRAY[
	$$SELECT w.id, h.id AS home FROM wishes w LEFT JOIN homes h ON h.id = w.id
		ORDER BY h.photo <-> '[0.3,0.4]', w.id LIMIT 3$$,
	$$SELECT w.id, h.id AS home FROM wishes w LEFT JOIN homes h ON h.id = w.id AND h.id < 4
		WHERE coalesce(h.photo <-> '[0.3,0.4]', 0.1) <= 0.2 ORDER BY w.id$$,
	$$SELECT w.id, h.id AS home FROM wishes w LEFT JOIN homes h ON h.id = w.id AND h.id < 4
		WHERE coalesce(h.photo <-> '[0.3,0.4]', 0.1) <= 0.2 OR coalesce(h.stars <+> 5, 0) <= 2 ORDER BY w.id$$,
	$$SELECT count(*), count(w.id) FROM homes h LEFT JOIN wishes w ON (h.photo <-> '[0.3,0.4]') <= 0.3 AND w.id = 2
		OR (h.stars <+> 5) <= 2 AND w.id = 3$$,
	$$SELECT count(*), count(w.id) FROM homes h LEFT JOIN wishes w ON (h.photo <-> '[0.3,0.4]') <= 0.3$$,
	$$SELECT count(*), count(w.id) FROM homes h FULL JOIN wishes w ON h.id = w.id AND (h.photo <-> '[0.3,0.4]') <= 0.3$$
	]) query, compare(query) c;

-- Cursors: without knowing how many rows will be asked for; back and forth;
-- beyond the transaction.
SET enable_seqscan = off;
SET enable_sort = off;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
BEGIN;
DECLARE near CURSOR FOR SELECT id, kind FROM homes ORDER BY (photo <-> '[0.3,0.4]') + (stars <+> 7) / 100;
FETCH 2 FROM near;
DELETE FROM homes WHERE id % 7 = 0;
INSERT INTO homes (id, photo, stars) SELECT i, '[0.3,0.4]', 7 FROM generate_series(2001, 2300) i;
FETCH 2 FROM near;
UPDATE homes SET kind = 'now' WHERE CURRENT OF near RETURNING id, kind;
FETCH 2 FROM near;
DELETE FROM homes WHERE CURRENT OF near RETURNING id, kind;
MOVE FORWARD ALL IN near;
FETCH BACKWARD 1 FROM near;
ROLLBACK;
BEGIN;
DECLARE near SCROLL CURSOR WITH HOLD FOR SELECT id FROM homes ORDER BY (photo <-> '[0.3,0.4]') + (stars <+> 7) / 100
	LIMIT 100;
FETCH 3 FROM near;
FETCH BACKWARD 2 FROM near;
FETCH ABSOLUTE 50 FROM near;
FETCH LAST FROM near;
FETCH FIRST FROM near;
COMMIT;
FETCH 3 FROM near;
FETCH LAST FROM near;
CLOSE near;
BEGIN;
DECLARE within CURSOR FOR SELECT id FROM homes WHERE (stars <+> 7) < 3 FOR UPDATE;
FETCH 2 FROM within;
UPDATE homes SET kind = 'now' WHERE CURRENT OF within RETURNING id, kind;
ROLLBACK;

-- Locks, and changes of the rows that are found.
BEGIN;
SELECT id FROM homes ORDER BY (photo <-> '[0.3,0.4]') + 1 LIMIT 3 FOR UPDATE;
SELECT id FROM homes WHERE (stars <+> 7) < 3 ORDER BY id FOR SHARE SKIP LOCKED;
SELECT h.id FROM homes h, wishes w WHERE w.id = 2 ORDER BY (h.photo <-> '[0.3,0.4]') + 1 LIMIT 2 FOR UPDATE OF h;
UPDATE homes SET stars = 5000 WHERE (stars <+> 7) < 3;
SELECT id, twice FROM homes WHERE (stars <+> 5000) < 1 ORDER BY id;
WITH changed AS (UPDATE homes h SET price = w.price FROM wishes w WHERE (h.photo <-> w.photo) < 0.4
	AND (h.price <+> w.price) < 50 RETURNING h.id, w.id AS wish) SELECT * FROM changed ORDER BY id;
WITH changed AS (UPDATE homes SET price = 0
	WHERE id IN (SELECT id FROM homes ORDER BY (photo <-> '[0.3,0.4]') + 1 LIMIT 2 FOR UPDATE) RETURNING id)
	SELECT * FROM changed ORDER BY id;
WITH gone AS (DELETE FROM homes h USING wishes w WHERE (h.photo <-> w.photo) < 0.3 RETURNING h.id, w.id AS wish)
	SELECT count(*), count(DISTINCT wish) FROM gone;
WITH gone AS (DELETE FROM homes WHERE (photo <-> '[0.3,0.4]') < 0.2237 OR (stars <+> 5000) < 1 RETURNING id)
	SELECT * FROM gone ORDER BY id;
INSERT INTO homes (id, photo, stars) SELECT id + 5000, photo, stars FROM homes
	ORDER BY (photo <-> '[0.3,0.4]') + 1 LIMIT 2 RETURNING id;
ROLLBACK;

-- How scans are counted.
BEGIN;
SELECT pg_stat_get_xact_numscans('homes_mm'::regclass) AS before \gset
SELECT count(*) FROM (SELECT id FROM homes ORDER BY (photo <-> '[0.3,0.4]') + 1 LIMIT 3) s;
SELECT count(*) FROM homes WHERE (stars <+> 7) < 3;
SELECT pg_stat_get_xact_numscans('homes_mm'::regclass) - :before AS scans,
	pg_stat_get_xact_tuples_fetched('homes_mm'::regclass) > 0 AS fetched;
COMMIT;
RESET enable_seqscan;
RESET enable_sort;
RESET enable_indexscan;
RESET enable_bitmapscan;

-- In parallel workers, where they may do what is asked for.
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT query, c.* FROM unnest(ARRAY[
	$$SELECT id, (photo <-> '[0.3,0.4]') + (stars <+> 7) AS d FROM homes WHERE kind <> 'new' ORDER BY d LIMIT 5$$,
	$$SELECT count(*) FROM homes WHERE (photo <-> '[0.3,0.4]') < 0.5 OR (stars <+> 7) < 3$$,
	$$SELECT count(*), sum(h.id) FROM wishes w JOIN homes h ON (h.photo <-> w.photo) <= 0.3$$,
	$$SELECT count(*), sum(n.d) FROM wishes w, LATERAL (SELECT w.weight * (h.photo <-> w.photo) AS d FROM homes h
		ORDER BY 1 LIMIT 3) n$$,
	$$SELECT w.id, (SELECT count(*) FROM homes WHERE (SELECT 0.5) * (photo <-> w.photo) < (SELECT 0.1)) AS n
		FROM wishes w ORDER BY 1$$,
	$$SELECT id FROM homes ORDER BY (photo <-> '[0.3,0.4]') + pg_my_temp_schema()::bigint LIMIT 3$$,
	$$SELECT id FROM homes ORDER BY photo <-> '[0.3,0.4]' LIMIT (SELECT 3 + 0 * pg_my_temp_schema()::bigint)$$
	]) query, compare(query) c;
SELECT set_config(name, 'off', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');

-- Partitions, inheritance, and UNION ALL: one scan each, merged.
CREATE TABLE parts (id integer, photo mmvector(2), price float8, obj wishes) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (300);
CREATE TABLE parts_2 (price float8, extra integer, id integer, photo mmvector(2), obj wishes);
ALTER TABLE parts_2 DROP COLUMN extra;
ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES FROM (300) TO (600);
CREATE TABLE parts_3 PARTITION OF parts FOR VALUES FROM (600) TO (2000);
CREATE INDEX parts_mm ON parts USING mmdb (photo, price);
INSERT INTO parts SELECT id, photo, price FROM homes;
CREATE TABLE base (id integer, photo mmvector(2), price float8);
CREATE TABLE derived (more text) INHERITS (base);
INSERT INTO base SELECT id, photo, price FROM homes WHERE id < 500;
INSERT INTO derived SELECT id, photo, price, kind FROM homes WHERE id >= 500;
CREATE INDEX base_mm ON base USING mmdb (photo, price);
CREATE INDEX derived_mm ON derived USING mmdb (photo, price);
CREATE VIEW both_tables AS SELECT id, photo, price, 'base' AS origin FROM ONLY base UNION ALL
	SELECT id, photo, price, more FROM derived;
ANALYZE parts, base, derived;
SELECT query, t, c.* FROM unnest('{parts,base,both_tables}'::text[]) t, unnest(ARRAY[
	$$SELECT id, (photo <-> '[0.3,0.4]') + coalesce(price <+> 5, 1) / 1000 AS d FROM %s ORDER BY d LIMIT 5$$,
	$$SELECT id, (photo <-> '[0.3,0.4]') + (price <+> 5) / 1000 AS d FROM %s
		WHERE id > 290 AND (photo <-> '[0.3,0.4]') + (price <+> 5) / 1000 < 2 ORDER BY d OFFSET 5 LIMIT 7$$,
	$$SELECT id FROM %s WHERE (photo <-> '[0.3,0.4]') < 0.3 OR (price <+> 5) < 100 ORDER BY id$$,
	$$SELECT w.id, n.id AS home, n.d
		FROM wishes w, LATERAL (SELECT id, photo <-> w.photo AS d FROM %s ORDER BY d LIMIT 2) n ORDER BY w.id, n.d$$,
	$$SELECT w.id, t.id AS home FROM wishes w JOIN %s t ON (t.photo <-> w.photo) < 0.3 ORDER BY w.id, home$$
	]) query, compare(format(query, t)) c;
SET enable_partitionwise_join = on;
CREATE TABLE others (id integer, photo mmvector(2)) PARTITION BY RANGE (id);
CREATE TABLE others_1 PARTITION OF others FOR VALUES FROM (0) TO (300);
CREATE TABLE others_2 PARTITION OF others FOR VALUES FROM (300) TO (600);
CREATE TABLE others_3 PARTITION OF others FOR VALUES FROM (600) TO (2000);
INSERT INTO others SELECT i, ARRAY[cos(i), sin(i)] FROM generate_series(1, 1000, 50) i;
ANALYZE others;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT query, c.* FROM unnest(ARRAY[
	$$SELECT o.id, p.id AS home FROM others o JOIN parts p ON p.id = o.id AND (p.photo <-> o.photo) < 1
		ORDER BY o.id, home$$,
	$$SELECT o.id, p.id AS home FROM others o LEFT JOIN parts p ON p.id = o.id
		AND (p.photo <-> o.photo) + (p.price <+> o.id) / 1000 < 5 ORDER BY o.id, home$$
	]) query, compare(query) c;
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_partitionwise_join;
DROP TABLE parts, others, base CASCADE;

-- Row-level security, and views as barriers: no distance is computed of a row
-- that the user may not see.
CREATE FUNCTION loud_distance(integer, integer) RETURNS float8 LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
	IF $1 < 0 THEN
		RAISE 'this has seen %', $1;
	END IF;
	RETURN abs($1 - $2);
END $$;
CREATE OPERATOR <=|=> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = loud_distance, COMMUTATOR = <=|=>);
CREATE OPERATOR CLASS loud_ops FOR TYPE integer USING mmdb AS OPERATOR 1 <=|=>(integer, integer)
	FOR ORDER BY float_ops, FUNCTION 1 loud_distance(integer, integer);
CREATE FUNCTION whisper(integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE COST 1 AS $$
BEGIN
	IF $1 < 0 THEN
		RAISE 'this has heard %', $1;
	END IF;
	RETURN true;
END $$;
CREATE FUNCTION may_see(owner text) RETURNS boolean
	LANGUAGE plpgsql STABLE COST 100000 AS $$ BEGIN RETURN owner = current_user; END $$;
CREATE TABLE secrets (id integer, a integer, b integer, owner text DEFAULT 'mmdb_visitor');
INSERT INTO secrets SELECT i, i, i * 7 % 500 FROM generate_series(1, 500) i;
CREATE INDEX secrets_mm ON secrets USING mmdb (a loud_ops, b);
CREATE VIEW known AS SELECT * FROM secrets WHERE may_see(owner);
CREATE VIEW guarded WITH (security_barrier) AS SELECT * FROM secrets WHERE may_see(owner);
CREATE ROLE mmdb_visitor;
GRANT SELECT ON secrets, known, guarded, wishes TO mmdb_visitor;
ALTER TABLE secrets ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON secrets USING (may_see(owner));
BEGIN;
SET LOCAL ROLE mmdb_visitor;
SELECT query, c.* FROM unnest(ARRAY[
	$$SELECT id FROM secrets ORDER BY (a <=|=> 7) + (b <+> 7) LIMIT 3$$,
	$$SELECT id FROM secrets WHERE (a <=|=> 7) < 10 ORDER BY id$$,
	$$SELECT id FROM secrets WHERE (a <=|=> 7) < 10 OR (b <+> 7) < 3 ORDER BY id$$,
	$$SELECT id FROM secrets WHERE whisper(a) ORDER BY (a <=|=> 7) + (b <+> 7) LIMIT 3$$,
	$$SELECT id FROM guarded WHERE whisper(a) AND (a <=|=> 7) < 10 ORDER BY id$$,
	$$SELECT id FROM known ORDER BY (a <=|=> 7) + (b <+> 7) LIMIT 3$$
	]) query, compare(query) c;
ROLLBACK;
-- rows of someone else, whose values such functions cannot stand
DROP INDEX secrets_mm;
CREATE INDEX secrets_mm ON secrets USING mmdb (b);
INSERT INTO secrets SELECT -i, -i, i, 'somebody' FROM generate_series(1, 500) i;
BEGIN;
SET LOCAL ROLE mmdb_visitor;
SELECT query, c.* FROM unnest(ARRAY[
	$$SELECT b <+> 7 AS d FROM secrets WHERE whisper(a) ORDER BY d LIMIT 3$$,
	$$SELECT id FROM secrets WHERE whisper(a) AND (b <+> 7) < 10 ORDER BY id$$,
	$$SELECT id FROM secrets WHERE whisper(a) AND (b <+> 7) < 10 OR (b <+> 70) < 3 ORDER BY id$$,
	$$SELECT id FROM secrets WHERE whisper(a) ORDER BY (SELECT -1::float8) * (b <+> 7), id LIMIT 3$$,
	$$SELECT id FROM guarded WHERE whisper(a) AND (b <+> 7) < 10 ORDER BY id$$,
	$$SELECT s.id, w.id AS wish FROM wishes w, LATERAL (SELECT id FROM secrets WHERE whisper(a) AND (b <+> w.id) < 3) s
		ORDER BY 1, 2$$
	]) query, compare(query) c;
ROLLBACK;
-- A barrier lets conditions through whose functions are leakproof, and no others.
BEGIN;
SET LOCAL ROLE mmdb_visitor;
SELECT scans, rows, differences FROM compare($$SELECT id FROM guarded WHERE (b <+> 7) < 10 ORDER BY id$$);
RESET ROLE;
ALTER FUNCTION mm_l1_distance(integer, integer) LEAKPROOF;
SET LOCAL ROLE mmdb_visitor;
SELECT scans, rows, differences FROM compare($$SELECT id FROM guarded WHERE (b <+> 7) < 10 ORDER BY id$$);
ROLLBACK;
DROP TABLE secrets CASCADE;
DROP OPERATOR CLASS loud_ops USING mmdb;
DROP OPERATOR FAMILY loud_ops USING mmdb;
DROP OPERATOR <=|=> (integer, integer);
DROP FUNCTION loud_distance, whisper, may_see;
REVOKE ALL ON wishes FROM mmdb_visitor;
DROP ROLE mmdb_visitor;

-- Many radii: the most selective ones drive the search, the others are filters.  Plans
-- are made in no time.
SET jit = off;
CREATE FUNCTION many(radius text, operator text, n integer) RETURNS text LANGUAGE sql
	RETURN (SELECT string_agg(replace(radius, '$i', i::text), operator ORDER BY i) FROM generate_series(1, n) i);
SELECT compare.* FROM unnest(ARRAY['price', 'stars']) c,
	compare('SELECT id FROM homes WHERE ' || many('(' || c || ' <+> $i) < 400 - 2 * $i', ' AND ', 40) ||
		' ORDER BY id');
SELECT compare.* FROM compare('SELECT id FROM homes WHERE ' || many('(stars <+> 3 * $i) < 400 - $i', ' AND ', 40) ||
	' ORDER BY stars <+> 3, id LIMIT 7');
SELECT compare.* FROM compare('SELECT id FROM homes WHERE ' || many('(stars <+> 3 * $i) < 3', ' OR ', 40) ||
	' ORDER BY id + 0');
SELECT compare.* FROM compare('SELECT h.id, w.id FROM wishes w JOIN homes h ON ' ||
	many('(h.price <+> (w.price + $i)) < 400 - $i', ' AND ', 40) || ' ORDER BY 1, 2');
CREATE FUNCTION driving(query text) RETURNS TABLE (within integer, filters integer) LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	within := (SELECT count(*) FROM regexp_matches(plan #>> '{0,Plan,Within}', '<\+>', 'g'));
	filters := (SELECT count(*) FROM regexp_matches(plan #>> '{0,Plan,Filter}', '<\+>', 'g'));
	RETURN NEXT;
END $$;
SET enable_seqscan = off;
SELECT driving.* FROM unnest('{10,16,17,40}'::integer[]) n,
	driving('SELECT id FROM homes WHERE ' || many('(price <+> $i) < 400 - 2 * $i', ' AND ', n));
RESET enable_seqscan;
SET statement_timeout = '20s';
SELECT count(*) > 0 AS planned FROM driving('SELECT id FROM homes WHERE ' ||
	many('(price <+> $i) < 4000 - $i', ' AND ', 500));
RESET statement_timeout;
RESET jit;

DROP TABLE homes, wishes;
DROP FUNCTION compare, embed, many, driving;
