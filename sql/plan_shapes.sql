-- Terms that are functions of a distance: bounds go through functions that grow
-- with it, and answers are those of a sequential scan, to the last bit.
CREATE SCHEMA plan_shapes;
SET search_path = plan_shapes, public;
SELECT setseed(0.25);
CREATE TABLE offers AS
	SELECT i AS id, CASE WHEN i % 17 > 0 THEN point(round((random() * 10)::numeric, 3), random() * 10) END AS place,
		   date '2026-01-01' - (random() * 400)::integer AS day,
		   CASE WHEN i % 13 > 0 THEN substr(md5(i::text), 1, 4 + i % 7) END AS title, random() * 1000 AS price,
		   ARRAY(SELECT random() + (i % 5 = j % 5)::integer FROM generate_series(1, 12) j)::mmvector AS photo,
		   i % 4 = 0 AS on_sale, CASE WHEN i % 19 > 0 THEN (i % 10)::float8 END AS stock,
		   CASE WHEN i % 50 = 0 THEN 'Infinity' WHEN i % 51 = 0 THEN 'NaN' ELSE random() END::float8 AS odd
	FROM generate_series(1, 6000) i;
CREATE INDEX offers_mm ON offers USING mmdb (place, day, title, price, photo, odd)
	WITH (subindexes = 'title inverted, photo mvp');
ANALYZE offers;

CREATE FUNCTION rows_of(query text, OUT answer text[]) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'SELECT array_agg(s::text) FROM (' || query || ') s' INTO answer;
END $$;
-- Is an answer by the index the same as without it?  And is the index used?
CREATE FUNCTION compare(sum text, k integer DEFAULT 25, rest text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	query text := format('SELECT %s AS d FROM offers ORDER BY %s %s LIMIT %s', sum, sum, rest, k);
	by_index boolean := false;
	got text[];
	line text;
BEGIN
	SET LOCAL enable_seqscan = off;
	SET LOCAL mmdb.enable_scan = on;
	SET LOCAL enable_indexscan = on;
	FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
		by_index := by_index OR line ~ 'MMDB Scan';
	END LOOP;
	got := rows_of(query);
	SET LOCAL mmdb.enable_scan = off;
	SET LOCAL enable_indexscan = off;
	RETURN coalesce(differences(sum, got, rows_of(query)), CASE WHEN by_index THEN 'by index' ELSE 'plain' END);
END $$;
CREATE FUNCTION distances(OUT d text) RETURNS SETOF text LANGUAGE sql AS $$
	VALUES ('(place <-> ''(4,5)'')'), ('(title <~> ''abcdef'')'), ('(0.01 * (price <+> 500))'),
		('(photo <-> mmvector ''[1,0,0,0,1,0,0,0,0,1,0,0]'')'), ('((day <+> ''2025-08-01'') / 30)')
$$;

-- Each of the functions, of each distance, alone and in a sum.
CREATE TABLE shapes (shape text);
INSERT INTO shapes VALUES ('least(%1$s, 3)'), ('greatest(%1$s, 2)'), ('%1$s ^ 2'), ('%1$s ^ 0.5'), ('power(%1$s, 1.5)'),
	('sqrt(%1$s)'), ('(|/ %1$s)'), ('(1 - exp(-%1$s / 7))'), ('(1 - exp(-(%1$s ^ 2) / 50))'), ('ln(1 + %1$s)'),
	('%1$s / (%1$s + 4)'), ('%1$s / (4 + %1$s)'), ('(-exp(-0.3 * %1$s))'), ('(1 - 0.5 ^ (%1$s / 5))'),
	('2 ^ (%1$s / 9)'), ('least(sqrt(%1$s), 2)'), ('greatest(%1$s - 3, 0)'), ('(%1$s + least(%1$s, 2))'),
	('(3 * %1$s + sqrt(%1$s) + 7)'), ('1 / (1 / (%1$s + 1) + 1)'), ('(-1 / (1 + %1$s))'),
	('coalesce(least(%1$s, 3), 1.5)'), ('least(coalesce(%1$s, 2), 3)'), ('(ln(%1$s + 0.001) + 100)'),
	('exp(least(%1$s, 9))');
SELECT shape, array_agg(DISTINCT compare(format(shape, d))) AS alone,
	   array_agg(DISTINCT compare('0.3 * ' || format(shape, d)
		|| ' + 0.002 * (price <+> 100) + (photo <-> (SELECT photo FROM offers WHERE id = 3))')) AS in_sum
FROM shapes, distances() GROUP BY shape ORDER BY shape COLLATE "C";

-- A function of a single distance ranks rows as the distance does, so a search by it reads
-- about as many leaves, be the object among the rows or far from all of them.
CREATE TABLE spots AS SELECT i AS id, point(random() * 10, random() * 10) AS place FROM generate_series(1, 20000) i;
CREATE INDEX spots_mm ON spots USING mmdb (place);
CREATE FUNCTION leaves(sum text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
BEGIN
	SET LOCAL enable_seqscan = off;
	EXECUTE format('EXPLAIN (ANALYZE, FORMAT JSON) SELECT id FROM spots ORDER BY %s LIMIT 10', sum) INTO plan;
	RETURN jsonb_path_query_first(plan, '$.**."Leaf Pages"');
END $$;
SELECT shape, object, leaves(format(shape, d)) <= 2 * leaves(d) AS few_leaves
FROM (VALUES ('%1$s ^ 2'), ('sqrt(%1$s)'), ('ln(1 + %1$s)'), ('%1$s / (%1$s + 1e4)'),
		('(3 * %1$s + least(%1$s, 1e4))')) s(shape),
	 (VALUES ('(5,5)'), ('(100,5)')) o(object), format('(place <-> %L)', object) d ORDER BY shape COLLATE "C", object;

-- Descending: similarities that decay.
SELECT sum, compare(sum, 25, 'DESC NULLS LAST'), compare(sum, 25, 'DESC') FROM (VALUES
	('exp(-(place <-> ''(4,5)'') / 2)'),
	('0.7 * exp(-(place <-> ''(4,5)'') / 2) + 0.3 * exp(-(day <+> ''2025-08-01'') / 30)'),
	('1 / (1 + (price <+> 500))'), ('3 - sqrt(price <+> 500)'),
	('-least(place <-> ''(4,5)'', 2) - (title <~> ''abc'')'),
	('exp(-(odd <+> 0.3))')) s(sum);

-- Infinite distances.
SELECT compare('least(odd <+> 0.3, 1) / 2 + (title <~> ''abcdef'')'),
	   compare('sqrt(odd <+> 0.3) + (title <~> ''abcdef'')', 5999),
	   compare('(odd <+> 0.3) / ((odd <+> 0.3) + 1) + (price <+> 9)', 5999);

-- What is added and depends on the row: a CASE of constants, GREATEST of a constant, and what is said to be bounded.
SELECT sum, compare(sum), compare(sum, 25, 'NULLS FIRST') FROM (VALUES
	('(place <-> ''(4,5)'') + CASE WHEN on_sale THEN 0 ELSE 1 END'),
	('CASE WHEN on_sale THEN -0.5 WHEN stock > 3 THEN 0.25 ELSE 1 END + (place <-> ''(4,5)'') + 0.01 * (price <+> 3)'),
	('(place <-> ''(4,5)'') + CASE WHEN on_sale THEN 0.5 END'),
	('(place <-> ''(4,5)'') + 2 * CASE WHEN (price <+> 5) < 300 THEN 1 ELSE 3 END'),
	('(place <-> ''(4,5)'') + 0.1 * greatest(stock - 5, 0)'),
	('(place <-> ''(4,5)'') + 0.1 * mm_bounded(stock, 0)'),
	('sqrt(price <+> 10) + mm_bounded(-stock, -9) + least(title <~> ''abc'', 4)'),
	('(place <-> ''(4,5)'') + 0.5 * CASE WHEN on_sale THEN 1.5 ELSE 3 END'),
	('(place <-> ''(4,5)'') + mm_bounded(odd, 0)')) s(sum);
SELECT compare('1 - (price <+> 10) - CASE WHEN on_sale THEN 0 ELSE 5 END', 25, 'DESC');
SELECT count(*) FROM (SELECT FROM offers ORDER BY (place <-> '(4,5)') + 0.1 * mm_bounded(stock, 5) LIMIT 9) s;
SELECT mm_bounded(3, 3), mm_bounded('NaN', 3), mm_bounded(NULL, 3) IS NULL AS null, mm_bounded('Infinity', 3);
SELECT mm_bounded(2.5, 3);
SELECT mm_bounded('-Infinity', 3);

-- Values that are not what they are taken to be make a plain plan of it, at run time.
PREPARE decay(float8, float8) AS
	SELECT (1 - exp(-(place <-> '(4,5)') / $1)) + least(price <+> 500, $2) / 1000 FROM offers ORDER BY 1 LIMIT 20;
SET plan_cache_mode = force_generic_plan;
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) EXECUTE decay(2, 100);
CREATE FUNCTION decayed(a float8, b float8) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	got text[];
BEGIN
	SET LOCAL mmdb.enable_scan = on;
	got := rows_of(format('SELECT (1 - exp(-(place <-> ''(4,5)'') / (SELECT %L::float8)))
		+ least(price <+> 500, (SELECT %L::float8)) / 1000 FROM offers ORDER BY 1 LIMIT 20', a, b));
	SET LOCAL mmdb.enable_scan = off;
	RETURN coalesce(differences(a || ', ' || b, got,
		rows_of(format('SELECT (1 - exp(-(place <-> ''(4,5)'') / %L::float8)) + least(price <+> 500, %L::float8) / 1000
			FROM offers ORDER BY 1 LIMIT 20', a, b))), 'the same');
END $$;
SELECT a, b, decayed(a, b) FROM (VALUES (2, 100), (-2, 100), (1e-1, 100), (1e9, 1e9), (2, 0), (2, -100),
	(2, 'Infinity'), (2, NULL), ('Infinity', 100), (NULL, 100)) v(a, b);
RESET plan_cache_mode;
RESET enable_seqscan;

-- Radii, alone, with others, and with filters.
CREATE FUNCTION within(condition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	query text := format('SELECT id FROM offers WHERE %s ORDER BY id', condition);
	by_index boolean := false;
	got text[];
	line text;
BEGIN
	SET LOCAL enable_seqscan = off;
	SET LOCAL mmdb.enable_scan = on;
	SET LOCAL enable_indexscan = on;
	FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
		by_index := by_index OR line ~ 'MMDB Scan';
	END LOOP;
	got := rows_of(query);
	SET LOCAL mmdb.enable_scan = off;
	SET LOCAL enable_indexscan = off;
	SET LOCAL enable_bitmapscan = off;
	RETURN coalesce(differences(condition, got, rows_of(query)),
					format('%s rows %s', cardinality(got), CASE WHEN by_index THEN 'by index' ELSE 'plain' END));
END $$;
SELECT condition, within(condition) FROM (VALUES
	('sqrt(place <-> ''(4,5)'') <= 0.9'), ('(1 - exp(-(place <-> ''(4,5)''))) + ln(1 + (price <+> 300)) < 4'),
	('exp(-(place <-> ''(4,5)'') / 2) >= 0.6'), ('least(title <~> ''abcdef'', 4) + (price <+> 300) / 100 <= 4.5'),
	('(place <-> ''(4,5)'') + CASE WHEN on_sale THEN 0 ELSE 1 END <= 1.2'),
	('(place <-> ''(4,5)'') ^ 2 <= 1 AND sqrt(price <+> 300) <= 20'),
	('(place <-> ''(4,5)'') ^ 2 <= 0.25 OR sqrt(price <+> 300) <= 3 AND on_sale'),
	('greatest(place <-> ''(4,5)'', 2) <= 2'), ('greatest(place <-> ''(4,5)'', 2) < 2'),
	('ln(place <-> ''(4,5)'') <= -0.5'), ('coalesce(least(place <-> ''(4,5)'', 3), 1) <= 1')) c(condition);

-- Through names, drivers, joins, partitions.
SET mmdb.driver = subindex;
SELECT compare('least(title <~> ''abcdef'', 4) + 0.0001 * sqrt(price <+> 3)'),
	   compare('ln(1 + (photo <-> (SELECT photo FROM offers WHERE id = 4)))');
SET mmdb.driver = merge;
SELECT compare('least(title <~> ''abcdef'', 4) + ln(1 + (photo <-> (SELECT photo FROM offers WHERE id = 4)))');
SET mmdb.driver = paper;
SELECT compare('least(title <~> ''abcdef'', 4) + ln(1 + (photo <-> (SELECT photo FROM offers WHERE id = 4)))');
RESET mmdb.driver;
SELECT o.id, n.id FROM offers o, LATERAL (SELECT id FROM offers p WHERE p.id <> o.id
	ORDER BY sqrt(p.place <-> o.place) + (p.price <+> o.price) / (200 + (p.price <+> o.price)), p.id LIMIT 1) n
WHERE o.id < 5 ORDER BY 1;
SET mmdb.enable_scan = off;
SELECT o.id, n.id FROM offers o, LATERAL (SELECT id FROM offers p WHERE p.id <> o.id
	ORDER BY sqrt(p.place <-> o.place) + (p.price <+> o.price) / (200 + (p.price <+> o.price)), p.id LIMIT 1) n
WHERE o.id < 5 ORDER BY 1;
RESET mmdb.enable_scan;
EXPLAIN (COSTS OFF) SELECT id FROM offers ORDER BY sqrt(place <-> '(4,5)') + 0.01 * (price <+> 3) LIMIT 5;

-- What does not grow, and what nothing is known of, keeps the plain plan.
SELECT sum, compare(sum) FROM (VALUES ('exp(-(price <+> 5) / 100)'), ('abs((price <+> 5) - 100)'), ('sin(price <+> 5)'),
	('(price <+> 5) * (title <~> ''abc'')'), ('(price <+> 5) - sqrt(price <+> 5)'), ('(place <-> ''(4,5)'') + stock'),
	('(place <-> ''(4,5)'') + CASE WHEN on_sale THEN stock ELSE 1 END'), ('(price <+> 5) / (title <~> ''abc'')'),
	('least(price <+> 5, stock)'), ('sqrt((price <+> 5) + (title <~> ''abc''))'), ('(price <+> 5) ^ -1'),
	('(place <-> ''(4,5)'') - mm_bounded(stock, 0)')) s(sum);
SELECT verdict, hint FROM mm_why_not('SELECT id FROM offers ORDER BY (place <-> ''(4,5)'') + stock LIMIT 3');
SELECT verdict FROM mm_why_not('SELECT id FROM offers ORDER BY exp(-(price <+> 5)) LIMIT 3');
SELECT verdict FROM mm_why_not('SELECT id FROM offers ORDER BY sqrt(price <+> 5) + least(place <-> $1, $2) LIMIT 3');

-- NaN is the greatest number.  So it would come first in minus a sum, and nothing
-- that could be NaN may be subtracted.
SELECT compare(f, 25, 'DESC NULLS LAST') AS how, f FROM (VALUES ('1 - ((title <~> ''abc'') + mm_bounded(odd, 0))'),
	('1 - ((title <~> ''abc'') + greatest(odd, 0))'), ('-((title <~> ''abc'') + greatest(odd, 0))'),
	('1 - ((title <~> ''abc'') + CASE WHEN on_sale THEN 1 ELSE 2 END)')) v(f);
SET enable_seqscan = off;
SELECT count(*) > 0 AS found FROM offers WHERE -((title <~> 'abc') + mm_bounded(odd, 0)) > 1;
RESET enable_seqscan;
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA plan_shapes CASCADE;
