-- mm_why_not: which sums a query has, which index has them, and why not.
CREATE TYPE home AS (place mmvector(2), review text);
CREATE TABLE homes (id integer PRIMARY KEY, photo mmvector(2), price float8, title text, stars integer, num numeric,
	since date, weight float8, obj home)
	WITH (autovacuum_enabled = off);
INSERT INTO homes SELECT i, ARRAY[sin(i), cos(i * 2)], i, 'x' || i, i % 7, i, '2020-01-01'::date + i, i % 5,
	ROW(ARRAY[sin(i), 1]::mmvector, 'x')::home FROM generate_series(1, 1000) i;
CREATE INDEX homes_mm ON homes USING mmdb (photo, price, title, num, since);
CREATE INDEX homes_stars ON homes USING mmdb (stars);
CREATE INDEX homes_obj ON homes USING mmdb (obj);
ANALYZE homes;
CREATE TABLE plain (a integer, b text);
CREATE VIEW guarded WITH (security_barrier) AS SELECT * FROM homes WHERE id > 5;
-- as contrib's btree_gist has it
CREATE FUNCTION other_distance(integer, integer) RETURNS integer
	LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN abs($1 - $2); END';
CREATE OPERATOR <-> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = other_distance, COMMUTATOR = <->);
CREATE FUNCTION other_function(integer, integer) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1 > $2; END';
CREATE OPERATOR FAMILY other_ops USING gist;
ALTER OPERATOR FAMILY other_ops USING gist ADD OPERATOR 15 <-> (integer, integer) FOR ORDER BY integer_ops;

-- so that plans do not depend on costs
SET enable_seqscan = off;
SET enable_sort = off;
\t
\pset format unaligned
\pset fieldsep '  |  '
-- The index has it.
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY 2 * (photo <-> '[1,2]') + (price <+> $1) LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes WHERE 1 - (price <+> 5) > 0.5 AND (title <~> $1) <= $2$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes WHERE (price <+> 5) < 3 OR id > 3 AND (photo <-> '[1,2]') < 0.3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY obj <-> odbquery(ROW('[1,1]', 'x')::home, NULL) LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT h.id FROM homes h, homes i WHERE i.id = 42 ORDER BY h.photo <-> i.photo LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT min(price <+> 5) FROM homes$$);
SELECT * FROM mm_why_not($$UPDATE homes SET stars = 3 WHERE (price <+> 5) < 3$$);
-- Terms that do not fit.
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY (photo <-> '[1,2]') + (stars <-> 5) LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY stars <-> 5 LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY photo <+> '[1,2]' LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY (photo <-> '[1,2]') + (stars <+> 5) LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY (photo <-> '[1,2]') + (weight <+> 5) LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY lower(title) <~> 'abc' LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY title COLLATE "POSIX" <~> 'abc' LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY num <+> 5.5::float8 LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY since <+> now()::timestamp LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY price <+> random() LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY price <+> weight LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM plain ORDER BY (a <+> 5) + (upper(b) <!> 'X') LIMIT 3$$);
-- Distances that are not in parentheses: arithmetic comes before them.
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY (title <~> 'crow') + price <+> 4 LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY price <+> 4 + 2 * (title <~> 'crow') LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY (title <~> 'crow') + 2 * stars <+> 4 LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes WHERE (title <~> 'crow') + price <+> 4 < 3$$);
-- Two indexes, or two distances of one column.
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY (price <+> 5) + (stars <+> 4) LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM plain ORDER BY (b <~> 'x') + (b <!> 'y') LIMIT 3$$);
BEGIN;
CREATE INDEX ON homes USING mmdb (photo mmvector_cosine_ops);
SELECT verdict, hint FROM mm_why_not($$SELECT * FROM homes ORDER BY (photo <-> '[1,2]') + (photo <=> '[1,2]') LIMIT 3$$)
	WHERE place = 'ORDER BY';
ROLLBACK;
-- Expressions that are no sum.
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY ((photo <-> '[1,2]') + (price <+> 5))::numeric LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY sqrt(photo <-> '[1,2]') LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY (photo <-> '[1,2]') * weight LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY (photo <-> '[1,2]') * random() LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY (photo <-> '[1,2]') + weight LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY (photo <-> '[1,2]') - (price <+> 5) LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY -2 * (photo <-> '[1,2]') LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY coalesce((photo <-> '[1,2]') + (price <+> 5), 3) LIMIT 3$$);
-- A distance whose function is in SQL is not seen any more.
CREATE FUNCTION text_distance(text, text) RETURNS float8
	LANGUAGE sql IMMUTABLE STRICT RETURN abs(length($1) - length($2));
CREATE OPERATOR <#|#> (LEFTARG = text, RIGHTARG = text, FUNCTION = text_distance, COMMUTATOR = <#|#>);
CREATE OPERATOR CLASS text_length_ops FOR TYPE text USING mmdb AS OPERATOR 1 <#|#> (text, text)
	FOR ORDER BY float_ops, FUNCTION 1 text_distance(text, text);
CREATE INDEX plain_mm ON plain USING mmdb (b text_length_ops);
SELECT * FROM mm_why_not($$SELECT * FROM plain ORDER BY b <#|#> 'abc' LIMIT 3$$);
ALTER FUNCTION text_distance SET search_path = pg_catalog;
SELECT * FROM mm_why_not($$SELECT * FROM plain ORDER BY b <#|#> 'abc' LIMIT 3$$);
-- Orders and conditions that are not about the nearest.
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY photo <-> '[1,2]' DESC NULLS LAST LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY 1 - (photo <-> '[1,2]') LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY weight, price <+> 5 LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT weight, min(price <+> 5) FROM homes GROUP BY weight ORDER BY 2 LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT id FROM homes ORDER BY (price <+> 5) * count(weight) OVER (PARTITION BY stars)
	LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes WHERE (price <+> 5) > 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes WHERE (price <+> 5) < weight$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes WHERE (price <+> 5)::numeric < 3.5$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes WHERE (price <+> 5) < 3 OR id < 3$$);
SELECT * FROM mm_why_not($$SELECT id, price <+> 5 FROM homes$$);
SELECT * FROM mm_why_not($$SELECT id FROM homes WHERE id = 5$$);
SELECT * FROM mm_why_not($$SELECT id FROM homes ORDER BY mm_l2_distance(photo, '[1,2]') LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT id FROM homes ORDER BY other_distance(stars, 5) LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT id FROM homes WHERE other_function(stars, 5)$$);
SELECT * FROM mm_why_not($$SELECT * FROM odbknn(NULL::homes, '{"price": 5}') WHERE distance < 3$$);
SELECT verdict FROM mm_why_not($$SELECT * FROM odbrange('homes', '{"price": 5}', radius => 3)$$);
-- Where something stands between.
SELECT * FROM mm_why_not($$SELECT * FROM (SELECT id, price <+> 5 AS d FROM homes LIMIT 1000) s ORDER BY d LIMIT 3$$);
SELECT * FROM mm_why_not($$WITH s AS MATERIALIZED (SELECT id, price <+> 5 AS d FROM homes) SELECT * FROM s
	WHERE d < 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM guarded ORDER BY price <+> 5 LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT h.id FROM homes h, homes i WHERE i.id < 3 ORDER BY h.photo <-> i.photo LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT h.id FROM plain p LEFT JOIN homes h ON h.id = p.a
	WHERE coalesce(h.price <+> 4, 1) < 3$$);
SELECT * FROM mm_why_not($$SELECT * FROM homes TABLESAMPLE BERNOULLI (10) ORDER BY price <+> 5 LIMIT 3$$);
-- The setting; costs; indexes that cannot be used.
SET mmdb.enable_scan = off;
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY price <+> 5 LIMIT 3$$);
RESET mmdb.enable_scan;
SET enable_seqscan = on;
SET enable_sort = on;
SELECT verdict FROM mm_why_not($$SELECT * FROM homes ORDER BY price <+> 5 OFFSET 900$$);
CREATE TABLE ports AS SELECT i AS id, point(i % 100, i / 100) AS place FROM generate_series(1, 10000) i;
CREATE INDEX ports_mm ON ports USING mmdb (place);
CREATE INDEX ports_gist ON ports USING gist (place);
ANALYZE ports;
SELECT * FROM mm_why_not($$SELECT id FROM ports ORDER BY place <-> '(3,4)' LIMIT 3$$);
SELECT * FROM mm_why_not($$SELECT id FROM ports ORDER BY (place <-> '(3,4)') + 0 LIMIT 3$$);
DROP TABLE ports;
BEGIN;
DROP INDEX homes_stars;
CREATE INDEX homes_part ON homes USING mmdb (stars) WHERE weight > 3;
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY stars <+> 5 LIMIT 3$$);
ROLLBACK;
CREATE FUNCTION fail(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE 'no index'; END $$;
CREATE INDEX CONCURRENTLY homes_broken ON homes USING mmdb (weight, (fail(id)));
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY weight <+> 5 LIMIT 3$$);
DROP INDEX homes_broken;
-- An index that does not exist is found by the hint.
SET enable_seqscan = off;
SET enable_sort = off;
CREATE INDEX ON homes USING mmdb ((lower(title)));
SELECT verdict FROM mm_why_not($$SELECT * FROM homes ORDER BY lower(title) <~> 'abc' LIMIT 3$$);

-- What it is not about.
SELECT * FROM mm_why_not($$SELECT 1; SELECT 2$$);
SELECT * FROM mm_why_not('');
SELECT * FROM mm_why_not($$CREATE TABLE t AS SELECT * FROM homes$$);
SELECT * FROM mm_why_not($$EXPLAIN SELECT * FROM homes$$);
SELECT * FROM mm_why_not($$SELECT * FROM nowhere$$);
SELECT * FROM mm_why_not($$SELECT $1$$);
SELECT count(*) FROM mm_why_not(NULL);
-- It changes nothing.
SELECT verdict FROM mm_why_not($$DELETE FROM homes WHERE (price <+> 5) < 300$$);
SELECT count(*) FROM homes;

-- Indexes that are advised are such as would do.
CREATE TABLE advised (n numeric, s smallint, i integer, t text, b bigint);
CREATE OPERATOR CLASS another_ops FOR TYPE integer USING mmdb AS OPERATOR 1 <+> FOR ORDER BY float_ops,
	FUNCTION 1 mm_l1_distance(integer, integer);
SELECT hint FROM mm_why_not('SELECT * FROM advised ORDER BY n <+> 3.5::float8 LIMIT 1');
SELECT hint FROM mm_why_not('SELECT * FROM advised ORDER BY s <+> 3 LIMIT 1');
SELECT hint FROM mm_why_not('SELECT * FROM advised ORDER BY i <+> 3 LIMIT 1');
SELECT hint FROM mm_why_not('SELECT * FROM advised ORDER BY (s + b) <+> 3 LIMIT 1');
SELECT hint FROM mm_why_not($$SELECT * FROM advised ORDER BY t COLLATE "C" <~> 'x' LIMIT 1$$);
SELECT hint FROM mm_why_not($$SELECT * FROM advised ORDER BY lower(t) COLLATE "C" <!> 'x' LIMIT 1$$);
CREATE INDEX ON advised USING mmdb (((n)::double precision));
CREATE INDEX ON advised USING mmdb (s);
CREATE INDEX ON advised USING mmdb (t COLLATE pg_catalog."C");
CREATE INDEX ON advised USING mmdb ((lower(t)) COLLATE pg_catalog."C" text_discrete_ops);
SELECT verdict FROM mm_why_not('SELECT * FROM advised ORDER BY n <+> 3.5::float8 LIMIT 1');
SELECT verdict FROM mm_why_not('SELECT * FROM advised ORDER BY s <+> 3 LIMIT 1');
SELECT verdict FROM mm_why_not($$SELECT * FROM advised ORDER BY t COLLATE "C" <~> 'x' LIMIT 1$$);
SELECT verdict FROM mm_why_not($$SELECT * FROM advised ORDER BY lower(t) COLLATE "C" <!> 'x' LIMIT 1$$);
-- No index can have these.
SELECT hint FROM mm_why_not('SELECT * FROM advised ORDER BY ((SELECT max(i) FROM advised) + i) <+> 3 LIMIT 1');
SELECT hint FROM mm_why_not('SELECT * FROM advised ORDER BY (i + $1::integer) <+> 3 LIMIT 1');
SELECT hint FROM mm_why_not($$SELECT * FROM advised ORDER BY ctid::text <~> 'x' LIMIT 1$$);
SELECT hint FROM mm_why_not('SELECT * FROM pg_class ORDER BY relpages <+> 3 LIMIT 1');
DROP OPERATOR FAMILY another_ops USING mmdb CASCADE;
DROP TABLE advised;

-- The user must be allowed to run the query; and policies come first.
CREATE ROLE mmdb_visitor;
SET ROLE mmdb_visitor;
SELECT * FROM mm_why_not($$SELECT * FROM homes ORDER BY price <+> 5 LIMIT 3$$);
RESET ROLE;
GRANT SELECT ON homes TO mmdb_visitor;
ALTER TABLE homes ENABLE ROW LEVEL SECURITY;
CREATE POLICY heavy ON homes USING (weight > 2);
SET ROLE mmdb_visitor;
SELECT place, verdict, hint FROM mm_why_not($$SELECT * FROM homes WHERE (price <+> 5) < 3$$);
RESET ROLE;
-- a query of a function that the planner evaluates is not what was asked about
CREATE FUNCTION nearest_price(float8) RETURNS float8
	LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN (SELECT price FROM homes ORDER BY price <+> $1 LIMIT 1); END $$;
SELECT place, index_name, verdict
	FROM mm_why_not($$SELECT * FROM homes WHERE (stars <+> nearest_price(3)::integer) < 2$$);

RESET enable_seqscan;
RESET enable_sort;
DROP TABLE homes, plain CASCADE;
DROP ROLE mmdb_visitor;
DROP OPERATOR FAMILY other_ops USING gist CASCADE;
DROP OPERATOR <-> (integer, integer);
DROP OPERATOR CLASS text_length_ops USING mmdb;
DROP OPERATOR FAMILY text_length_ops USING mmdb;
DROP OPERATOR <#|#> (text, text);
DROP FUNCTION other_distance, other_function, text_distance, fail, nearest_price;
DROP TYPE home;
