-- VACUUM keeps the tree good, however often rows are changed: leaves are merged, boxes
-- made smaller, pages used again.  Compared with an index made anew.
CREATE FUNCTION noise(i integer, k integer) RETURNS float8 LANGUAGE sql IMMUTABLE
	RETURN (hashint8extended(i * 1000::bigint + k, 1) & 1048575) / 1048576.0::float8;
CREATE TABLE notes (id integer, v mmvector(8), s text, a float8) WITH (autovacuum_enabled = off, vacuum_truncate = off);
CREATE FUNCTION add_notes(first integer, last integer) RETURNS void LANGUAGE sql AS $$
	INSERT INTO notes SELECT i, ARRAY(SELECT sin(floor(noise(i, 0) * 30) * j) + noise(i, j)
		FROM generate_series(1, 8) j),
		left(md5(floor(noise(i, 9) * 20)::text), 8) || left(md5(i::text), 6), noise(i, 10) * 100
	FROM generate_series(first, last) i $$;
SELECT add_notes(1, 3000);
CREATE INDEX notes_mm ON notes USING mmdb (v, s, a) WITH (subindexes = none);
ANALYZE notes;

CREATE TABLE figures (state text, size bigint, leaves bigint, fill float8, read bigint);
CREATE FUNCTION measure(state text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	q notes;
	plan json;
	leaves bigint := 0;
BEGIN
	PERFORM mmdb_index_check('notes_mm');
	SET LOCAL enable_seqscan = off;
	SET LOCAL enable_sort = off;
	FOR q IN SELECT * FROM notes WHERE id % 151 = 7 ORDER BY id
	LOOP
		EXECUTE format('EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) SELECT id FROM notes
			ORDER BY (v <-> %L) + (s <~> %L) / 10 + (a <+> %L) / 50 LIMIT 10', q.v, q.s, q.a) INTO plan;
		leaves := leaves + (plan #>> '{0,Plan,Plans,0,Leaf Pages}')::bigint;
	END LOOP;
	INSERT INTO figures SELECT state, pg_relation_size('notes_mm') / current_setting('block_size')::integer, leaf_pages,
		leaf_fill, leaves FROM mmdb_index_stats('notes_mm') s;
END $$;
CREATE FUNCTION compare(a text, b text, OUT size boolean, OUT leaves boolean, OUT fill boolean, OUT read boolean)
	LANGUAGE sql AS $$
	SELECT a.size <= 4 * b.size, a.leaves <= 2.5 * b.leaves, a.fill >= 40, a.read <= 2.5 * b.read
	FROM figures a, figures b WHERE a.state = $1 AND b.state = $2 $$;
SELECT measure('fresh');

-- all rows, again and again
\set ECHO none
SELECT s FROM generate_series(1, 25) i,
	unnest(ARRAY['UPDATE notes SET a = a + 0.001', 'VACUUM notes']) WITH ORDINALITY s(s, n) ORDER BY i, n \gexec
\set ECHO all
SELECT measure('after 25 updates of all rows');
\set ECHO none
SELECT s FROM generate_series(1, 25) i,
	unnest(ARRAY['UPDATE notes SET a = a + 0.001', 'VACUUM notes']) WITH ORDINALITY s(s, n) ORDER BY i, n \gexec
\set ECHO all
SELECT measure('after 50 updates of all rows');
SELECT a.size <= 1.2 * b.size AS size, a.leaves <= 1.2 * b.leaves AS leaves, a.fill >= 0.85 * b.fill AS fill
FROM figures a, figures b WHERE a.state = 'after 50 updates of all rows' AND b.state = 'after 25 updates of all rows';
SELECT * FROM compare('after 50 updates of all rows', 'fresh');

-- some go, others come
REINDEX INDEX notes_mm;
\set ECHO none
\o /dev/null
SELECT s FROM generate_series(1, 40) i,
	unnest(ARRAY[format('DELETE FROM notes WHERE abs(hashint4(id)) %% 10 = %s', i % 10),
				 format('SELECT add_notes(%s, %s)', 10000 + i * 300, 10299 + i * 300),
				 'VACUUM notes']) WITH ORDINALITY s(s, n) ORDER BY i, n \gexec
\o
\set ECHO all
SELECT measure('some rows, 40 times');
REINDEX INDEX notes_mm;
SELECT measure('these anew');
SELECT * FROM compare('some rows, 40 times', 'these anew');

-- the values move on
\set ECHO none
\o /dev/null
SELECT s FROM generate_series(1, 40) i,
	unnest(ARRAY[format('DELETE FROM notes WHERE id < %s', 19000 + i * 300),
				 format('SELECT add_notes(%s, %s)', 22000 + i * 300, 22299 + i * 300),
				 format('UPDATE notes SET a = a + %s WHERE id >= %s', i * 10, 22000 + i * 300),
				 'VACUUM notes']) WITH ORDINALITY s(s, n) ORDER BY i, n \gexec
\o
\set ECHO all
SELECT measure('values that move on');
REINDEX INDEX notes_mm;
SELECT measure('these anew, too');
SELECT * FROM compare('values that move on', 'these anew, too');

-- all values at random in every round: not much worse than a tree of insertions alone
REINDEX INDEX notes_mm;
\set ECHO none
\o /dev/null
TRUNCATE notes;
INSERT INTO notes SELECT i, ARRAY(SELECT noise(i, j) FROM generate_series(1, 8) j), md5((i % 500)::text),
	noise(i, 10) * 100 FROM generate_series(1, 4000) i;
REINDEX INDEX notes_mm;
SELECT s FROM generate_series(1, 20) i, unnest(ARRAY[format('UPDATE notes SET a = noise(id, 10 + %s) * 100', i),
	'VACUUM notes']) WITH ORDINALITY s(s, n) ORDER BY i, n \gexec
\o
\set ECHO all
SELECT measure('at random');
CREATE TEMP TABLE shuffled AS SELECT * FROM notes ORDER BY noise(id, 5);
TRUNCATE notes;
INSERT INTO notes SELECT * FROM shuffled;
SELECT measure('inserted');
SELECT a.read <= 1.15 * b.read AS read, a.leaves <= 1.15 * b.leaves AS leaves FROM figures a, figures b
	WHERE a.state = 'at random' AND b.state = 'inserted';

-- most rows go, then all
DELETE FROM notes WHERE id % 5 > 0;
VACUUM notes;
SELECT measure('a fifth');
SELECT a.leaves < 0.6 * b.leaves AS fewer FROM figures a, figures b
	WHERE a.state = 'a fifth' AND b.state = 'these anew, too';
DELETE FROM notes;
\set ECHO none
\o /dev/null
SELECT s FROM generate_series(1, 8) i,
	unnest(ARRAY['INSERT INTO notes SELECT', 'DELETE FROM notes', 'VACUUM notes']) WITH ORDINALITY s(s, n)
	ORDER BY i, n \gexec
\o
\set ECHO all
SELECT entries, leaf_pages, inner_pages, height, mmdb_index_check('notes_mm') FROM mmdb_index_stats('notes_mm');
SELECT add_notes(1, 1000);
SELECT entries, leaf_pages > 10 AS leaves, mmdb_index_check('notes_mm') FROM mmdb_index_stats('notes_mm');

-- More dead rows in an inverted index than there is memory for at once.
CREATE TABLE marks (id integer, tags integer[], n integer) WITH (autovacuum_enabled = off);
INSERT INTO marks SELECT i, ARRAY(SELECT i % (11 * j) FROM generate_series(1, i % 3) j), i % 100
	FROM generate_series(1, 160000) i;
CREATE INDEX marks_mm ON marks USING mmdb (tags, n) WITH (subindexes = 'tags inverted');
SET maintenance_work_mem = '1MB';
DELETE FROM marks WHERE id % 20 > 0;
VACUUM marks;
RESET maintenance_work_mem;
SELECT entries, (SELECT entries FROM mmdb.subindexes WHERE index_name = 'marks_mm'::regclass) AS inverted,
	mmdb_index_check('marks_mm') FROM mmdb_index_stats('marks_mm');
CREATE FUNCTION marks_near(near integer[], OUT by_distance text, OUT by_radius text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT string_agg(d::text, '' '') FROM
		(SELECT tags <&> %L AS d FROM marks ORDER BY d LIMIT 100) s', near) INTO by_distance;
	EXECUTE format('SELECT string_agg(id::text, '' '' ORDER BY id) FROM
		(SELECT id FROM marks WHERE (tags <&> %L) <= 0.6) s', near) INTO by_radius;
END $$;
BEGIN;
SET LOCAL mmdb.enable_scan = off;
SET LOCAL enable_indexscan = off;
SET LOCAL enable_bitmapscan = off;
CREATE TABLE marks_expected AS
	SELECT tags, near.* FROM (VALUES ('{}'::integer[]), ('{3}'), ('{7,18}'), ('{7,7}')) q(tags), marks_near(tags) near;
COMMIT;
BEGIN;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_sort = off;
SET LOCAL mmdb.driver = subindex;
SELECT e.tags, length(e.by_radius) > 0 AS some, near.by_distance = e.by_distance AS by_distance,
	near.by_radius = e.by_radius AS by_radius
	FROM marks_expected e, marks_near(e.tags) near ORDER BY 1;
COMMIT;
-- Their places are used again.
INSERT INTO marks SELECT i, ARRAY[i % 50], 1 FROM generate_series(1, 10000) i;
SELECT mmdb_index_check('marks_mm');
DROP TABLE marks, marks_expected;
DROP FUNCTION marks_near;
DROP TABLE notes, figures;
DROP FUNCTION noise, add_notes, measure, compare;
