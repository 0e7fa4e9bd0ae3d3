-- An index goes on where PostgreSQL keeps it through ALTER TABLE, and where a composite
-- type it is on is altered: rows come and go, and answers are right, without REINDEX.

-- How many rows a query gives; those that it gives with the index and not without,
-- or in another place; and does it use the index?
CREATE FUNCTION compare(query text, OUT rows bigint, OUT differences text, OUT index boolean) LANGUAGE plpgsql AS $$
DECLARE
	step text;
	with_index text[];
	without text[];
BEGIN
	SET LOCAL enable_seqscan = off;
	SET LOCAL enable_sort = off;
	index := false;
	FOR step IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		index := index OR step ~ 'MMDB Scan|Index Scan';
	END LOOP;
	EXECUTE format('SELECT array_agg(q::text) FROM (%s) q', query) INTO with_index;
	SET LOCAL mmdb.enable_scan = off;
	SET LOCAL enable_seqscan = on;
	SET LOCAL enable_sort = on;
	SET LOCAL enable_indexscan = off;
	SET LOCAL enable_bitmapscan = off;
	EXECUTE format('SELECT array_agg(q::text) FROM (%s) q', query) INTO without;
	rows := coalesce(cardinality(without), 0);
	differences := differences(query, with_index, without);
	RESET enable_seqscan;
	RESET enable_sort;
	RESET enable_indexscan;
	RESET enable_bitmapscan;
	RESET mmdb.enable_scan;
END $$;

-- Types that are the same to the operator class: nothing is rewritten.
CREATE DOMAIN heading AS varchar;
CREATE TABLE books (id integer, title varchar(60), bits bit(8), names text);
CREATE TABLE few (LIKE books);
INSERT INTO books SELECT i, md5(i::text), (i % 256)::bit(8), md5('n' || i) FROM generate_series(1, 600) i;
INSERT INTO few SELECT * FROM books LIMIT 50;
CREATE INDEX books_mm ON books USING mmdb (title, bits, names);
CREATE INDEX few_mm ON few USING mmdb (title, bits, names);
CREATE TABLE files AS SELECT oid::regclass AS index, relfilenode, relname FROM pg_class
	WHERE relname IN ('books_mm', 'few_mm');
PREPARE nearest AS SELECT id FROM books ORDER BY title <~> md5('33') LIMIT 1;
EXECUTE nearest;

DO $$
DECLARE
	change text;
	n integer := 600;
BEGIN
	FOREACH change IN ARRAY ARRAY['title TYPE text', 'title TYPE varchar', 'title TYPE heading',
		'title TYPE text, ALTER names TYPE varchar', 'bits TYPE varbit'] LOOP
		EXECUTE 'ALTER TABLE books ALTER ' || change;
		EXECUTE 'ALTER TABLE few ALTER ' || change;
		INSERT INTO books SELECT i, md5(i::text), (i % 256)::bit(8), md5('n' || i)
			FROM generate_series(n + 1, n + 50) i;
		INSERT INTO few SELECT * FROM books WHERE id > n AND id <= n + 20;
		UPDATE books SET names = names || 'x' WHERE id = n;
		n := n + 50;
		PERFORM mmdb_index_check('books_mm'), mmdb_index_check('few_mm');
		RAISE NOTICE '%: % % %', change,
			compare('SELECT id, (title <~> md5(''33'')) + (bits <^> B''11110000'') AS d
				FROM books ORDER BY d, id LIMIT 50'),
			compare('SELECT id, names <~> md5(''n40'') AS d FROM few ORDER BY d, id'),
			(SELECT array_agg((r.obj).id) FROM odbknn(NULL::books, ROW(md5('77'), NULL, md5('n77')), NULL, 1) r);
	END LOOP;
END $$;
EXECUTE nearest;
SELECT f.relname, c.relfilenode = f.relfilenode AS kept FROM files f JOIN pg_class c USING (relname) ORDER BY 1;
SELECT column_name, type, metric, count, problem FROM mmdb.index_columns WHERE index_name = 'books_mm'::regclass;
-- a few rows more, and the small one gets its model
INSERT INTO few SELECT * FROM books;
SELECT mmdb_index_check('few_mm'), c.*
	FROM compare($$SELECT id, names <~> md5('n40') AS d FROM few ORDER BY d, id LIMIT 50$$) c;
DROP TABLE files, few;

-- With another default operator class, the index is made anew, and that is said if its
-- metric is another.
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE days (id integer, feeling mood, other mood, n integer, word text);
INSERT INTO days SELECT i, (ARRAY['sad', 'ok', 'happy']::mood[])[1 + i % 3], 'ok', i, 'word'
	FROM generate_series(1, 20) i;
CREATE INDEX days_mm ON days USING mmdb (feeling, n, word text_discrete_ops, other);
CREATE INDEX days_n ON days USING mmdb (n);
ALTER TABLE days ALTER feeling TYPE text;
ALTER TABLE days ALTER n TYPE bigint, ALTER other TYPE integer USING 1;
ALTER TABLE days ALTER n TYPE text, ALTER word TYPE varchar;
SELECT index_name, column_name, metric FROM mmdb.index_columns WHERE table_name = 'days'::regclass
	ORDER BY index_name::text, column_number;
-- not where somebody wants another
BEGIN;
DROP INDEX days_mm;
CREATE INDEX days_mm ON days USING mmdb (n text_discrete_ops, word text_edit_ops);
COMMIT;
BEGIN;
SAVEPOINT before;
ALTER TABLE days ALTER n TYPE bigint USING 1;
ROLLBACK TO before;
ALTER TABLE days ALTER n TYPE varchar;
COMMIT;
DROP TABLE days;

-- A composite type.  Attributes added later are no columns of the index ...
CREATE TYPE card AS (a integer, b text, c text);
CREATE TABLE cards (id integer, o card);
CREATE TABLE few (id integer, o card);
INSERT INTO cards SELECT i, ROW(i, left(md5(i::text), 6), left(md5((i * 7)::text), 6))::card
	FROM generate_series(1, 600) i;
INSERT INTO few SELECT * FROM cards LIMIT 50;
CREATE INDEX cards_mm ON cards USING mmdb (o);
CREATE INDEX few_mm ON few USING mmdb (o);
PREPARE cards AS SELECT id, ((o).a <+> 70) + ((o).c <~> 'abcdef') AS d FROM cards ORDER BY d LIMIT 1;
EXECUTE cards;
ALTER TYPE card ADD ATTRIBUTE d integer;
INSERT INTO cards SELECT i,
	ROW(i, left(md5(i::text), 6), left(md5((i * 7)::text), 6), CASE WHEN i % 3 > 0 THEN i END)::card
	FROM generate_series(601, 900) i;
INSERT INTO few SELECT * FROM cards WHERE id BETWEEN 590 AND 620;
UPDATE cards SET o.d = 5 WHERE id % 10 = 0;
SELECT mmdb_index_check('cards_mm'), mmdb_index_check('few_mm');
EXECUTE cards;
SELECT * FROM compare('SELECT id, ((o).a <+> 700) + ((o).c <~> ''abcdef'') AS d FROM cards ORDER BY d, id LIMIT 100');
SELECT * FROM compare('SELECT id, ((o).a <+> 700) + ((o).d <+> 5) AS d FROM cards ORDER BY d, id LIMIT 100');
SELECT * FROM compare('SELECT id FROM cards WHERE ((o).a <+> 700) + ((o).c <~> ''abcdef'') < 30 ORDER BY id');
SELECT * FROM compare($$SELECT id, o <-> odbquery(ROW(5, 'abcdef', NULL, 3)::card, '{1,1,1,1}') AS d FROM cards
	ORDER BY d, id LIMIT 1000$$);
SELECT * FROM compare($$SELECT id, o <-> odbquery(ROW(NULL, NULL, NULL, 3)::card, '{1,1,1,1}') AS d FROM cards
	ORDER BY d, id LIMIT 1000$$);
SELECT * FROM compare($$SELECT id, o <-> odbquery(ROW(5, 'abcdef', NULL, 3)::card, '{1,1,1,1}') AS d FROM cards
	ORDER BY d NULLS FIRST, id LIMIT 700$$);
SELECT * FROM compare($$SELECT id, 2 * (o <-> odbquery(ROW(5, 'abcdef', NULL, 3)::card, '{1,1,1,0}')) AS d FROM few
	ORDER BY d, id$$);
SELECT * FROM compare($$SELECT id FROM cards WHERE o <@ odbrange(ROW(700, 'abcdef', NULL, 690)::card, '{1,1,1,1}', 40)
	ORDER BY id$$);
SELECT * FROM compare($$SELECT id FROM few WHERE o <@ odbrange(ROW(600, NULL, NULL, 610)::card, '{1,1,1,1}', 12)
	ORDER BY id$$);
SET mmdb.enable_scan = off;
SET enable_seqscan = off;
SELECT count(*) FROM cards WHERE o <@ odbrange(ROW(700, 'abcdef', NULL, 690)::card, '{1,1,1,1}', 40);
SELECT id FROM cards ORDER BY o <-> odbquery(ROW(700, NULL, NULL, 690)::card, '{1,1,1,1}') LIMIT 3;
RESET enable_seqscan;
RESET mmdb.enable_scan;
SELECT count(*) FROM cards WHERE o <@ odbrange(ROW(700, 'abcdef', NULL, 690)::card, '{1,1,1,1}', 40);
SELECT id FROM cards ORDER BY o <-> odbquery(ROW(700, NULL, NULL, 690)::card, '{1,1,1,1}') LIMIT 3;
SELECT (r.obj).id, r.distance < 1 AS near FROM odbknn(NULL::cards, ROW(7, left(md5('7'), 6), NULL), NULL, 1) r;
SELECT mm_scale('cards_mm', 'a') > 0 AS scale, mm_distance_sql('cards_mm', NULL, NULL, false, 'exclude');
SELECT column_number AS n, column_name, type, metric, count, problem FROM mmdb.index_columns
	WHERE index_name = 'cards_mm'::regclass;
-- ... and are asked for in vain
SELECT * FROM odbknn(NULL::cards, ROW(7, 'x', 'y', 5), NULL, 1, 'cards_mm');
SELECT mm_scale('cards_mm', 'd');

-- Attributes dropped are no more, whatever rows still have; and one added in the place of
-- one dropped is not the same.
ALTER TYPE card DROP ATTRIBUTE b;
ALTER TYPE card ADD ATTRIBUTE e text;
INSERT INTO cards SELECT i, ROW(i, left(md5((i * 7)::text), 6), i, left(md5(i::text), 6))::card
	FROM generate_series(901, 1200) i;
INSERT INTO few SELECT * FROM cards WHERE id BETWEEN 890 AND 920;
UPDATE cards SET o.a = 1 + (o).a WHERE id % 10 = 1;
VACUUM cards, few;
SELECT * FROM compare('SELECT id, ((o).a <+> 700) + ((o).c <~> ''abcdef'') AS d FROM cards ORDER BY d, id LIMIT 100');
SELECT * FROM compare('SELECT id, (o).e <~> ''abcdef'' AS d FROM cards ORDER BY d, id LIMIT 1200');
SELECT * FROM compare($$SELECT id, coalesce((o).e <~> 'abcdef', 0) + coalesce((o).a <+> 7, 5) AS d FROM cards
	ORDER BY d, id LIMIT 1200$$);
SELECT * FROM compare($$SELECT id, o <-> odbquery(ROW(5, 'abcdef', 3, 'bcd')::card, '{1,1,1,1}') AS d FROM cards
	ORDER BY d, id LIMIT 1000$$);
SELECT * FROM compare($$SELECT id, o <-> odbquery(ROW(5, 'abcdef', 3, 'bcd')::card, '{1,1,1,0}') AS d FROM few
	ORDER BY d, id LIMIT 1000$$);
SELECT (r.obj).id, r.distance < 1 AS near FROM odbknn(NULL::cards, ROW(7, left(md5('49'), 6)), NULL, 1) r;
SELECT column_number AS n, column_name, type, metric, count, problem FROM mmdb.index_columns
	WHERE index_name = 'cards_mm'::regclass;
SELECT mmdb_index_check('cards_mm'), mmdb_index_check('few_mm');
-- the small one gets its model, without the column
INSERT INTO few SELECT * FROM cards;
SELECT * FROM compare('SELECT id, ((o).a <+> 700) + ((o).c <~> ''abcdef'') AS d FROM few ORDER BY d, id LIMIT 100');
SELECT trained, mmdb_index_check('few_mm') FROM mmdb_index_stats('few_mm');
-- REINDEX brings all together
REINDEX TABLE cards;
REINDEX TABLE few;
SELECT mmdb_index_check('cards_mm'), mmdb_index_check('few_mm');
SELECT * FROM compare($$SELECT id, coalesce((o).e <~> 'abcdef', 0) + coalesce((o).a <+> 7, 5) AS d FROM cards
	ORDER BY d, id LIMIT 1200$$);
SELECT column_number AS n, column_name, type, metric, count, problem FROM mmdb.index_columns
	WHERE index_name = 'cards_mm'::regclass;

-- An attribute without a metric does not keep rows out either.
ALTER TYPE card ADD ATTRIBUTE j json;
INSERT INTO cards SELECT id, o FROM cards LIMIT 10;
SELECT mmdb_index_check('cards_mm'), c.*
	FROM compare($$SELECT id, ((o).a <+> 700) AS d FROM cards ORDER BY d, id LIMIT 100$$) c;
SELECT column_name, problem FROM mmdb.index_columns WHERE index_name = 'cards_mm'::regclass AND column_number IS NULL;
REINDEX INDEX cards_mm;
ALTER TYPE card DROP ATTRIBUTE j;

-- One dropped and one added: as many as before, of the same types, but not the same.
CREATE TYPE swap AS (a integer, b text);
CREATE TABLE swaps (id integer, o swap);
INSERT INTO swaps SELECT i, ROW(i, left(md5(i::text), 6))::swap FROM generate_series(1, 600) i;
CREATE INDEX swaps_mm ON swaps USING mmdb (o);
ALTER TYPE swap DROP ATTRIBUTE b, ADD ATTRIBUTE c text;
INSERT INTO swaps SELECT i, ROW(i, left(md5(i::text), 6))::swap FROM generate_series(601, 700) i;
SELECT * FROM compare('SELECT id, (o).c <~> ''abcdef'' AS d FROM swaps ORDER BY d, id LIMIT 50');
SELECT * FROM compare($$SELECT id, coalesce((o).c <~> 'abcdef', 0) + ((o).a <+> 300) AS d FROM swaps
	ORDER BY d, id LIMIT 50$$);
SELECT * FROM compare($$SELECT id, o <-> odbquery(ROW(650, 'abcdef')::swap, '{1,1}') AS d FROM swaps
	ORDER BY d, id LIMIT 200$$);
DROP TABLE swaps;
DROP TYPE swap;

-- Partitions may be at different stages.
CREATE TABLE parts (id integer, o card) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (1000);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (1000) TO (2000);
INSERT INTO parts SELECT DISTINCT ON (id) id, o FROM cards ORDER BY id;
CREATE INDEX parts_mm ON parts USING mmdb (o);
ALTER TYPE card ADD ATTRIBUTE f integer;
UPDATE parts SET o.f = id % 20 WHERE id % 5 = 0;
REINDEX INDEX parts_2_o_idx;
SELECT * FROM compare($$SELECT id, o <-> odbquery(ROW(5, 'abcdef', NULL, NULL, 7)::card, '{1,1,1,1,1}') AS d FROM parts
	ORDER BY d, id LIMIT 1000$$);
SELECT index_name, column_number AS n, column_name, count, problem FROM mmdb.index_columns
	WHERE table_name::text LIKE 'parts%' ORDER BY index_name::text, 2, 3;
DROP TABLE cards, few, parts;
DROP TYPE card;

-- Attributes have the metric of their type's default class, which may become another.
CREATE TYPE entry AS (a varchar, b integer);
CREATE TABLE lines (id integer, o entry);
INSERT INTO lines SELECT i, ROW(md5(i::text), i)::entry FROM generate_series(1, 600) i;
CREATE INDEX lines_mm ON lines USING mmdb (o);
PREPARE lines AS SELECT id FROM lines ORDER BY (o).a <~> md5('77') LIMIT 1;
SET plan_cache_mode = force_generic_plan;
EXECUTE lines;
CREATE FUNCTION by_length(varchar, varchar) RETURNS float8
	LANGUAGE sql IMMUTABLE STRICT RETURN abs(length($1) - length($2));
CREATE OPERATOR <-> (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = by_length, COMMUTATOR = <->);
CREATE OPERATOR CLASS varchar_length_ops DEFAULT FOR TYPE varchar USING mmdb AS
	OPERATOR 1 <-> FOR ORDER BY float_ops, FUNCTION 1 by_length(varchar, varchar);
SELECT column_name, metric, count, problem FROM mmdb.index_columns WHERE index_name = 'lines_mm'::regclass;
SELECT * FROM compare($$SELECT id, ((o).a <-> 'abc'::varchar) + ((o).b <+> 7) AS d FROM lines
	ORDER BY d, id LIMIT 100$$);
SELECT * FROM compare('SELECT id, (o).a <~> ''abc'' AS d FROM lines ORDER BY d, id LIMIT 100');
SELECT * FROM compare('SELECT id, (o).b <+> 70 AS d FROM lines ORDER BY d, id LIMIT 100');
SELECT * FROM compare($$SELECT id, o <-> odbquery(ROW('abc', 7)::entry, '{1,1}') AS d FROM lines
	ORDER BY d, id LIMIT 100$$);
EXECUTE lines;
INSERT INTO lines VALUES (601, ROW('x', 1));
SELECT mm_scale('lines_mm', 'a');
SELECT count(*) FROM odbknn(NULL::lines, ROW('x', 1), NULL, 5);
SELECT count(*) FROM odbknn(NULL::lines, ROW(NULL, 1), NULL, 5);
SELECT mmdb_index_check('lines_mm');
VACUUM lines;
DROP OPERATOR CLASS varchar_length_ops USING mmdb;
EXECUTE lines;
INSERT INTO lines VALUES (601, ROW('x', 1));
SELECT mmdb_index_check('lines_mm');

RESET plan_cache_mode;
DEALLOCATE ALL;
DROP TABLE lines, books;
DROP TYPE entry, mood;
DROP DOMAIN heading;
DROP FUNCTION by_length CASCADE;
DROP FUNCTION compare;
