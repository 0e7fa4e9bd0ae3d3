-- What odbknn, odbrange and learning run is what they mean, whatever others have
-- put into the search_path.  All the operators below match better than mmdb's own and
-- PostgreSQL's, or as well; each tells when it is called.
CREATE DOMAIN whole AS integer;
CREATE DOMAIN words AS text;
CREATE DOMAIN short AS varchar(40);
CREATE DOMAIN spot AS mmvector(2);
CREATE DOMAIN amount AS numeric;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE goods (id whole PRIMARY KEY, n whole, title words, label short, v spot, price amount, feeling mood,
	plain varchar);
INSERT INTO goods SELECT i, i % 50, 'title ' || i, 'label ' || i % 30, ARRAY[i % 10, i % 7], i * 1.5,
	(ARRAY['sad', 'ok', 'happy']::mood[])[1 + i % 3], 'plain ' || i FROM generate_series(1, 400) i;
CREATE INDEX goods_mm ON goods USING mmdb (n, title, label, v, price, feeling, plain, (n + 1), lower(title));
CREATE TABLE codes (code short PRIMARY KEY, x amount);
INSERT INTO codes SELECT 'code ' || i, i * i FROM generate_series(1, 100) i;
CREATE INDEX codes_mm ON codes USING mmdb (x);

CREATE FUNCTION answers() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	sql text;
BEGIN
	FOREACH sql IN ARRAY ARRAY[
		$q$ odbknn(NULL::goods, ROW(7, 'title 8', 'label 9', '[1,1]', 10, 'ok', 'plain 1', 8, 'title 8'),
			NULL, 5) r $q$,
		$q$ odbknn(NULL::goods, ROW(7, 'title 8', 'label 9', '[1,1]', 10, 'ok', 'plain 1', 8, 'title 8'),
			NULL, 5, missing => 'ignore') r $q$,
		$q$ odbknn(NULL::goods, ROW(7, 'title 8', 'label 9', '[1,1]', 10, 'ok', 'plain 1', 8, 'title 8'),
			NULL, 5, normalized => false, missing => 'exclude') r $q$,
		$q$ odbrange(NULL::goods, ROW(7, 'title 8', 'label 9', '[1,1]', 10, 'ok', 'plain 1', 8, 'title 8'),
			'{1,0.5,1,1,1,1,1,1,0}', 2.2) r $q$]
	LOOP
		RETURN QUERY EXECUTE 'SELECT (r.obj).id::pg_catalog.text || '' ''
			|| pg_catalog.round(r.distance::pg_catalog.numeric, 9)::pg_catalog.text FROM ' || sql;
	END LOOP;
	RETURN QUERY SELECT weights::text
		FROM mm_learn_weights('goods_mm', 'VALUES (7, ARRAY[57, 107, 157]), (8, ARRAY[58, 108])', bootstrap => 0);
	RETURN QUERY SELECT weights::text
		FROM mm_learn_weights('goods_mm', '[{"key": 7, "relevant": [57, 107]},
			{"query": {"n": 8, "title": "x", "label": "label 8", "feeling": "ok", "v": "[1,1]"},
			 "relevant": [58, 108]}]'::jsonb, bootstrap => 0, negatives => 'random');
	RETURN QUERY SELECT mm_refine_weights('goods_mm', NULL, 7, ARRAY[57, 107], ARRAY[3])::text;
	RETURN QUERY SELECT mm_refine_weights('codes_mm', NULL, 'code 7'::text, ARRAY['code 8', 'code 9'],
		ARRAY['code 99'])::text;
END $$;
SET client_min_messages = error;
CREATE TABLE before AS SELECT * FROM answers() WITH ORDINALITY a(answer, i);
RESET client_min_messages;

CREATE SCHEMA hostile;
CREATE FUNCTION hostile.put(place text, name text, type1 text, type2 text, result text) RETURNS void
	LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE OR REPLACE FUNCTION hostile.f_%s(%s, %s) RETURNS %1$s LANGUAGE plpgsql IMMUTABLE
		AS ''BEGIN RAISE ''''captured''''; END''', result, type1, type2);
	EXECUTE format('CREATE OPERATOR %s.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = hostile.f_%s)', place, name,
		type1, type2, result);
EXCEPTION WHEN duplicate_function THEN
	NULL;						-- there is one of that very name: ours
END $$;
SELECT count(hostile.put(place, name, a.type, b.type, result))
FROM unnest(ARRAY['hostile', 'public']) place,
	 (VALUES ('{whole,integer}'::text[], ARRAY['<+>', '<!>'], 'float8'), ('{amount,numeric}', ARRAY['<+>'], 'float8'),
			 ('{words,short,text,varchar}', ARRAY['<~>', '<!>'], 'float8'), ('{spot,mmvector}', ARRAY['<->'], 'float8'),
			 ('{float8,integer,numeric}', ARRAY['+', '*', '/'], 'float8'),
			 ('{float8,integer,numeric}', ARRAY['<', '<=', '>', '='], 'boolean'),
			 ('{whole,integer,short,words,varchar,text}', ARRAY['=', '<'], 'boolean')) v(types, names, result),
	 unnest(types) a(type), unnest(types) b(type), unnest(names) name;
SELECT hostile.put('hostile', '<!>', 'mood', 'mood', 'float8');
SELECT hostile.put('hostile', '->', 'jsonb', 'text', 'jsonb');
CREATE FUNCTION hostile.lower(words) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE 'captured'; END $$;

-- They are in the way of what is written without care ...
SET search_path = hostile, public, pg_catalog;
\set VERBOSITY terse
SELECT n <+> 5 FROM goods;
SELECT title <~> 'x' FROM goods;
\set VERBOSITY default
-- ... but not of these.
CREATE TEMP TABLE now AS SELECT * FROM answers() WITH ORDINALITY a(answer, i);
RESET search_path;
SELECT count(*) AS answers, differences('answers', array_agg(n.answer ORDER BY i), array_agg(b.answer ORDER BY i))
FROM before b FULL JOIN pg_temp.now n USING (i);

-- Nor of the text that mm_distance_sql gives, where it is run with the same search_path.
SELECT mm_distance_sql('goods_mm', NULL,
	ROW(7, 'title 8', 'label 9', '[1,1]', 10, 'ok', 'plain 1', 8, 'title 8')) AS distance_here \gset
SET search_path = hostile, public, pg_catalog;
SELECT mm_distance_sql('goods_mm', NULL,
	ROW(7, 'title 8', 'label 9', '[1,1]', 10, 'ok', 'plain 1', 8, 'title 8')) AS distance_there \gset
CREATE TEMP TABLE there AS SELECT id, :distance_there AS distance FROM goods;
RESET search_path;
CREATE TEMP TABLE here AS SELECT id, :distance_here AS distance FROM goods;
SELECT count(*) AS rows, differences('mm_distance_sql', array_agg(t.distance::text ORDER BY h.id::integer),
											array_agg(h.distance::text ORDER BY h.id::integer))
FROM pg_temp.here h FULL JOIN pg_temp.there t ON t.id::integer OPERATOR(pg_catalog.=) h.id::integer;
SELECT mm_distance_sql('goods_mm', '{1,0,0,0,0,0,0,0,0}', normalized => false);

-- An enum's operator is declared for all enums, so one in mmdb's own schema for that
-- very type would be meant.  It is found out.
SELECT hostile.put('public', '<!>', 'mood', 'mood', 'float8');
SELECT * FROM odbknn(NULL::goods, ROW(NULL, NULL, NULL, NULL, NULL, 'ok', NULL, NULL, NULL), NULL, 1);
SELECT mm_distance_sql('goods_mm', '{0,0,0,0,0,1,0,0,0}');

-- Another table's index: columns of other types might mean something else.
CREATE VIEW other AS SELECT title::text AS title, n FROM goods;
SELECT * FROM odbknn(NULL::other, ROW(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'title 8'), NULL, 1, 'goods_mm');

-- The hints of mm_why_not can be run as they are written, wherever mmdb is.
SET search_path = pg_catalog;
SELECT verdict, hint FROM public.mm_why_not($$SELECT * FROM public.goods
	ORDER BY v OPERATOR(public.<+>) '[1,2]', n LIMIT 1$$);
RESET search_path;

SET client_min_messages = warning;
DROP SCHEMA hostile CASCADE;
DROP TABLE goods, codes, before, here, there, now CASCADE;
DROP FUNCTION answers;
DROP TYPE mood;
DROP DOMAIN whole, words, short, spot, amount;
