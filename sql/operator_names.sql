-- A distance is matched with an index by whatever name it is called: by its
-- function, and by an older name of its operator.
CREATE SCHEMA operator_names;
SET search_path = operator_names, public;
CREATE TABLE cards (id integer PRIMARY KEY, title text, tags text[], ids integer[], bigs bigint[],
	flags bit(12), price float8, mood varchar);
INSERT INTO cards SELECT i, 'title ' || i % 97, ARRAY['t' || i % 7, 't' || i % 11], ARRAY[i % 5, i % 13],
	ARRAY[i % 6, i % 9], (i % 4096)::bit(12), (i * 37) % 1000, 'm' || i % 3 FROM generate_series(1, 3000) i;
CREATE INDEX cards_mm ON cards USING mmdb (title, tags, ids, bigs, flags bit_jaccard_ops, price,
	mood text_discrete_ops);
ANALYZE cards;
CREATE FUNCTION plan_line(query text, pattern text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF line ~ pattern THEN
			RETURN NEXT btrim(line, ' ->');
		END IF;
	END LOOP;
END $$;

-- What is asked for by one name is answered as what is asked for by the other.
CREATE TABLE asked (new text, old text);
INSERT INTO asked VALUES
	('tags <&> ''{t1,t2}''', 'tags <%> ''{t1,t2}'''),
	('ids <&> ''{1,2}''', '''{1,2}'' <%> ids'),
	('bigs <&> ''{1,2}''', 'bigs <%> ''{1,2}'''),
	('flags <&> B''000011110000''', 'flags <%%> B''000011110000'''),
	('tags <&> ''{t1,t2}''', 'mm_jaccard_distance(tags, ''{t1,t2}'')'),
	('flags <&> B''000011110000''', 'mm_jaccard_distance(B''000011110000'', flags)'),
	('title <~> ''title 50''', 'mm_edit_distance(title, ''title 50'')'),
	('title <~> ''title 50''', 'mm_edit_distance(''title 50'', title)'),
	('price <+> 500', 'mm_l1_distance(price, 500)'),
	('mood <!> ''m1''', 'mm_discrete_distance(mood, ''m1'')'),
	('0.1 * (title <~> ''title 50'') + (tags <&> ''{t1,t2}'')',
		'0.1 * mm_edit_distance(title, ''title 50'') + (tags <%> ''{t1,t2}'')'),
	('coalesce(tags <&> ''{t1,t2}'', 1) + 0.01 * (price <+> 500)',
		'coalesce(mm_jaccard_distance(tags, ''{t1,t2}''), 1) + 0.01 * mm_l1_distance(500, price)');
CREATE FUNCTION answer(sum text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	result text[];
BEGIN
	EXECUTE format('SELECT array_agg((%s)::text) FROM (SELECT * FROM cards ORDER BY %s LIMIT 20) s', sum, sum)
		INTO result;
	RETURN result;
END $$;
SELECT old, plan_line(format('SELECT id FROM cards ORDER BY %s LIMIT 5', old), 'Custom Scan|Order By'),
	   differences(old, answer(old), answer(new)) FROM asked;
SELECT plan_line('SELECT FROM cards WHERE mm_edit_distance(title, ''title 50'') + (tags <%> ''{t1,t2}'') <= 1.5',
				 'Custom Scan|Within');
SELECT count(*) FROM cards WHERE mm_edit_distance(title, 'title 50') + (tags <%> '{t1,t2}') <= 1.5;
SET mmdb.enable_scan = off;
SELECT count(*) FROM cards WHERE mm_edit_distance(title, 'title 50') + (tags <%> '{t1,t2}') <= 1.5;
SELECT plan_line('SELECT id FROM cards ORDER BY ' || old || ' LIMIT 5', 'Scan|Order By') FROM asked
WHERE old IN ('tags <%> ''{t1,t2}''', 'mm_edit_distance(title, ''title 50'')');
RESET mmdb.enable_scan;

-- Parameters, prepared; a join; a composite.
PREPARE near(text, text[]) AS
	SELECT id FROM cards ORDER BY 0.2 * mm_edit_distance(title, $1) + mm_jaccard_distance(tags, $2), id LIMIT 2;
SET plan_cache_mode = force_generic_plan;
SELECT plan_line('EXECUTE near(''title 5'', ''{t5}'')', 'Custom Scan');
EXECUTE near('title 5', '{t5}');
RESET plan_cache_mode;
SELECT c.id, n.id FROM cards c, LATERAL (SELECT id FROM cards d WHERE d.id <> c.id
	ORDER BY mm_edit_distance(d.title, c.title) + mm_l1_distance(d.price, c.price), d.id LIMIT 1) n
WHERE c.id < 3 ORDER BY 1;
CREATE TYPE card AS (title text, price integer);
CREATE TABLE card_objects AS SELECT id, ROW(title, price)::card AS obj FROM cards;
CREATE INDEX card_objects_mm ON card_objects USING mmdb (obj);
SELECT plan_line('SELECT id FROM card_objects
				  ORDER BY mm_distance(obj, odbquery(ROW(''title 5'', 7), NULL)) LIMIT 1', 'Scan');
SELECT plan_line('SELECT id FROM card_objects WHERE mm_within(obj, odbrange(ROW(''title 5'', 7), NULL, 3))', 'Cond');
SELECT verdict
FROM mm_why_not('SELECT id FROM cards ORDER BY mm_edit_distance(title, $1) + (tags <%> $2) LIMIT 3');

-- An index's expressions and conditions may have them, too.
DROP INDEX cards_mm;
CREATE INDEX cards_near ON cards USING mmdb (price) WHERE mm_edit_distance(title, 'title 50') <= 1;
SET enable_seqscan = off;
SELECT plan_line('SELECT FROM cards WHERE (title <~> ''title 50'') <= 1 AND mm_l1_distance(price, 500) <= 1', 'Index');

-- What is the same for all rows is computed once; NULL is NULL.
SELECT mm_edit_distance('kitten', 'sitting'), mm_edit_distance(NULL, 'x') IS NULL AS null;
-- Another operator of a class must have the function of the first.
CREATE FUNCTION another_distance(text[], text[]) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT 0.0::float8';
CREATE OPERATOR <&&&> (LEFTARG = text[], RIGHTARG = text[], FUNCTION = another_distance);
CREATE OPERATOR CLASS wrong_ops FOR TYPE text[] USING mmdb AS
	OPERATOR 1 <&>(text[], text[]) FOR ORDER BY float_ops,
	OPERATOR 3 <&&&>(text[], text[]) FOR ORDER BY float_ops,
	FUNCTION 1 mm_jaccard_distance(text[], text[]);
SELECT amvalidate(oid) FROM pg_opclass WHERE opcname = 'wrong_ops';
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA operator_names CASCADE;
