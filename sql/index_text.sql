-- Leaves that hold the text itself: what they tell of distances, against plain SQL.
-- Most texts fit the room that they have there; some are longer, and some are much
-- longer.  There are empty ones, equal ones and NULLs, and characters of one to four
-- bytes, where a text that is too long may be cut.
CREATE DOMAIN label AS varchar(400) CHECK (VALUE <> 'forbidden');
CREATE FUNCTION noise(i integer, k integer) RETURNS float8 LANGUAGE sql IMMUTABLE
	RETURN (hashint8extended(i * 1000::bigint + k, 1) & 1048575) / 1048576.0::float8;
CREATE FUNCTION pieces(i integer, k integer, n integer) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN coalesce((SELECT string_agg((ARRAY['ab', 'ba', 'é', 'ß', '日', '本', 'x', '👍', ' ', 'Ā'])
									   [1 + floor(noise(i, k + j) * 10)::integer], '')
					 FROM generate_series(1, n) j), '');
CREATE TABLE texts WITH (autovacuum_enabled = off) AS
	SELECT i AS id, i % 50 AS n, (noise(i, 1) * 100)::float8 AS f, s AS plain, s::label AS dom,
		   CASE WHEN i % 9 > 0 THEN left(s, 12) END AS short, CASE WHEN i % 3 > 0 THEN reverse(left(s, 12)) END AS other
	FROM (SELECT i, CASE WHEN i % 11 = 0 THEN NULL WHEN i % 97 = 0 THEN '' WHEN i % 40 = 1
							  THEN repeat(pieces(i, 1, 6), 20)
						 WHEN i % 23 = 0 THEN pieces(i, 1, 40) WHEN i % 2 = 0 THEN pieces(i % 300, 1, 6 + i % 7)
						 ELSE translate(pieces(i, 1, 2 + i % 14), 'éß日本👍Ā', 'cdefgh') END AS s
		  FROM generate_series(1, 1500) i) s;
CREATE TABLE objects AS
	SELECT row_number() OVER () AS q, o FROM (
		SELECT plain AS o FROM texts WHERE plain IS NOT NULL AND id % 400 = 5
		UNION ALL SELECT overlay(plain PLACING '日x' FROM 2 FOR 3) FROM texts WHERE plain IS NOT NULL AND id % 500 = 2
		UNION ALL VALUES (''), ('x'), (repeat('ab日', 30)), (repeat('é', 64)), (repeat('a', 65)),
						 (repeat('x👍', 150)), (repeat('abé', 700))) s;
VACUUM ANALYZE texts;

-- Both ways, and what the search did.
CREATE FUNCTION answers(statement text, by_index boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	PERFORM set_config('enable_seqscan', (NOT by_index)::text, true),
		set_config('enable_sort', (NOT by_index)::text, true),
		set_config('enable_indexscan', by_index::text, true),
		set_config('enable_bitmapscan', by_index::text, true), set_config('mmdb.enable_scan', by_index::text, true);
	EXECUTE format('SELECT string_agg(d::text, '' '') FROM (%s) s', statement) INTO result;
	RETURN coalesce(result, 'none');
END $$;
CREATE FUNCTION work(statement text, what text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true),
		set_config('enable_indexscan', 'on', true), set_config('mmdb.enable_scan', 'on', true);
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) ' || statement INTO plan;
	RETURN coalesce(jsonb_path_query_first(plan::jsonb, ('$.**."' || what || '"')::jsonpath)::bigint, 0);
END $$;
CREATE FUNCTION compare(columns text, sum text) RETURNS TABLE (statements bigint, refined boolean, differences text[])
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE INDEX texts_mm ON texts USING mmdb (%s)', columns);
	PERFORM mmdb_index_check('texts_mm');
	RETURN QUERY
		WITH s AS MATERIALIZED (
			SELECT format('SELECT %1$s AS d FROM texts ORDER BY d LIMIT %2$s', format(sum, o, q), k) AS s
			FROM objects, (VALUES (1), (15)) k(k)
			UNION ALL SELECT format('SELECT d FROM (SELECT %1$s AS d FROM texts WHERE %1$s <= %2$s ORDER BY 1) s',
									format(sum, o, q), r)
			FROM objects, (VALUES (0), (7.25)) r(r)
			UNION ALL SELECT format('SELECT %1$s AS d FROM texts ORDER BY d LIMIT 5000', format(sum, o, q))
			FROM objects WHERE q = 3),
		a AS MATERIALIZED (SELECT s, answers(s, true) AS got, answers(s, false) AS expected FROM s)
		SELECT count(*), (SELECT sum(work(s, 'Entries Refined')) > 0 FROM s WHERE s LIKE '%LIMIT 15'),
			   (array_agg(format('%s: %s, not %s', s, left(got, 200), left(expected, 200)))
				FILTER (WHERE got <> expected))[1:5] FROM a;
	DROP INDEX texts_mm;
END $$;

SELECT * FROM compare('plain', '(plain <~> %1$L)');
SELECT * FROM compare('dom', '(dom <~> %1$L)');
-- sums, with NULLs that make them NULL and others that add a number
SELECT * FROM compare('plain, n', '(plain <~> %1$L) + (n <+> %2$s::integer)');
SELECT * FROM compare('plain, n', '2 * coalesce(plain <~> %1$L, 3) + 0.5 * (n <+> %2$s::integer)');
SELECT * FROM compare('f, plain', '(f <+> %2$s * 3.3::float8) / 7 + (plain <~> %1$L) * 0.3');
SELECT * FROM compare('short, other',
					  '(short <~> left(%1$L, 12)) + 0.1 * coalesce(other <~> reverse(left(%1$L, 12)), 2.5)');
SELECT * FROM compare('short, other', '0.7 * coalesce(short <~> left(%1$L, 12), 1)');
SELECT * FROM compare('other, short', '(short <~> left(%1$L, 12)) * 1e-42');
SELECT * FROM compare('short, other', '(short <~> left(%1$L, 12)) + 0 * (other <~> %1$L)');

-- One sum orders, and others are to be within a radius.
CREATE INDEX texts_mm ON texts USING mmdb (f, short);
WITH s AS MATERIALIZED (
	SELECT format('SELECT f <+> %s AS d FROM texts WHERE (short <~> left(%L, 12)) <= %s ORDER BY f <+> %1$s LIMIT 20',
				  q * 3.3::float8, o, r) AS s FROM objects, (VALUES (0), (3), (6)) r(r)),
	a AS MATERIALIZED (SELECT s, answers(s, true) AS got, answers(s, false) AS expected FROM s)
SELECT count(*), array_agg(s) FILTER (WHERE got <> expected) FROM a;
DROP INDEX texts_mm;

-- An index that grows, and loses rows: entries move while a cursor goes on.
CREATE INDEX texts_mm ON texts USING mmdb (plain);
BEGIN;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_sort = off;
DECLARE c CURSOR FOR SELECT plain <~> 'abbaéx' AS d FROM texts ORDER BY d LIMIT 1200;
FETCH 2 FROM c;
INSERT INTO texts (id, plain) SELECT 3000 + i, 'abba' || i FROM generate_series(1, 2000) i;
CREATE TEMP TABLE rest (d float8);
DO $$
DECLARE
	c refcursor := 'c';
	row record;
BEGIN
	LOOP
		FETCH c INTO row;
		EXIT WHEN NOT FOUND;
		INSERT INTO rest VALUES (row.d);
	END LOOP;
END $$;
SELECT count(*), count(*) FILTER (WHERE d IS DISTINCT FROM expected) AS differences
FROM (SELECT d, row_number() OVER (ORDER BY d) + 2 AS n FROM rest) r
JOIN (SELECT plain <~> 'abbaéx' AS expected, row_number() OVER (ORDER BY plain <~> 'abbaéx') AS n
	  FROM texts WHERE id <= 3000) e USING (n);
COMMIT;
DELETE FROM texts WHERE id % 3 = 0;
VACUUM texts;
SELECT mmdb_index_check('texts_mm');
SELECT answers(s, true) = answers(s, false) AS same FROM (
	SELECT 'SELECT plain <~> ''abba17'' AS d FROM texts ORDER BY d LIMIT 300' AS s) s;

-- With the text in the leaves, few rows are verified.
SELECT work(s, 'Rows Verified') < work(s, 'Entries Refined') AS fewer, work(s, 'Rows Verified') < 100 AS few
FROM (SELECT 'SELECT plain <~> ''abba日1x7'' AS d FROM texts ORDER BY d LIMIT 5' AS s) s;
DROP TABLE texts, objects;

-- So it is with words, too, in an index of their own.  Even so an inverted index is worth having.
CREATE TABLE words WITH (autovacuum_enabled = off) AS
	SELECT i AS id, overlay((SELECT string_agg(chr(97 + floor(26 * noise(i % 500, j) ^ 2)::integer), '')
							 FROM generate_series(1, 8 + i % 5) j)
							PLACING chr(97 + i % 26) FROM 1 + i % 9 FOR i % 2) AS word
	FROM generate_series(1, 8000) i;
VACUUM ANALYZE words;
CREATE INDEX words_mm ON words USING mmdb (word) WITH (subindexes = none);
SELECT max(work(s, 'Rows Verified')) < 60 AS few, max(work(s, 'Entries Refined')) > 0 AS refined
FROM words, format('SELECT word <~> %L AS d FROM words ORDER BY d LIMIT 10', overlay(word PLACING 'xx' FROM 3)) s
WHERE id % 2000 = 7;
DROP INDEX words_mm;
CREATE INDEX words_mm ON words USING mmdb (word);
SELECT column_name, kind FROM mmdb.subindexes WHERE index_name = 'words_mm'::regclass;
DROP TABLE words;
DROP FUNCTION answers, work, compare, pieces, noise;
DROP DOMAIN label;

-- Of very long texts, a hundred pairs are measured when an index is made, not all 4,950: the mean is a
-- hundredth of a whole number.
CREATE TABLE long_texts AS SELECT i AS id, repeat('x', 30000) || md5(i::text) AS body FROM generate_series(1, 100) i;
CREATE INDEX long_texts_mm ON long_texts USING mmdb (body);
SELECT abs(100 * mean - round(100 * mean)) < 1e-9 AS hundred_pairs, scale BETWEEN 40 AND 60 AS scale
FROM mmdb.index_columns WHERE index_name = 'long_texts_mm'::regclass;
DROP TABLE long_texts;
