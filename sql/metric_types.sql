-- Types that tables have: double precision[], varchar[], uuid[], char(n).
CREATE SCHEMA metric_types;
SET search_path = metric_types, public;

-- double precision[]: distances in double precision.
SELECT '{1,2}'::float8[] <-> '{4,6}' AS l2, '{1,2}'::float8[] <+> '{4,6}' AS l1, '{1,2}'::float8[] <*> '{4,6}' AS linf,
	   '{1,0}'::float8[] <=> '{0,3}' AS cosine, '{}'::float8[] <-> '{}' AS empty;
SELECT '{1e8,1}'::float8[] <+> '{1e8,3}' AS exact, '{1700000000.25}'::float8[] <-> '{1700000000}' AS seconds,
	   '{1e-200}'::float8[] <-> '{0}' AS tiny, '{1e37}'::float8[] <-> '{-1e37}' AS large;
SELECT '{0.1,0.2,0.3}'::float8[] <=> '{0.1,0.2,0.3}' AS same, '{1,2}'::float8[] <=> '{-1,-2}' AS opposite,
	   '{1e-100,0}'::float8[] <=> '{0,1e30}' AS right_angle;
-- Where squares are no numbers any more, and a bit above that.
SELECT '{3e-300,-4e-300}'::float8[] <-> '{0,0}' AS small, '{3e-310,4e-310}'::float8[] <-> '{0,0}' AS smaller,
	   '{5e-324}'::float8[] <-> '{-5e-324}' AS smallest, '{1e-300,1}'::float8[] <-> '{0,1}' AS one,
	   abs(('{3e-130,4e-130}'::float8[] <-> '{0,0}') / 5e-130 - 1) < 1e-15 AS "above";
SELECT '{1,NaN}'::float8[] <-> '{1,2}';
SELECT '{1,2}'::float8[] <+> '{1,Infinity}';
SELECT '{1,1e38}'::float8[] <*> '{1,2}';
SELECT '{0,0}'::float8[] <=> '{1,2}';
SELECT '{1,2}'::float8[] <-> '{1,2,3}';
SELECT '{1,NULL}'::float8[] <-> '{1,2}';
SELECT '{{1,2}}'::float8[] <-> '{1,2}';

CREATE FUNCTION brute_force(query text, k integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	got text[];
	expected text[];
	line text;
	by_index boolean := false;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN ' || query || ' LIMIT ' || k LOOP
		by_index := by_index OR line ~ 'MMDB Scan';
	END LOOP;
	EXECUTE 'SELECT array_agg(d::text) FROM (' || query || ' LIMIT ' || k || ') s' INTO got;
	SET LOCAL mmdb.enable_scan = off;
	SET LOCAL enable_indexscan = off;
	EXECUTE 'SELECT array_agg(d::text) FROM (' || query || ' LIMIT ' || k || ') s' INTO expected;
	RESET mmdb.enable_scan;
	RESET enable_indexscan;
	RETURN coalesce(differences(query, got, expected), CASE WHEN by_index THEN 'by index' ELSE 'not by index' END);
END $$;
SELECT setseed(0.5);
-- Vectors of 3, 40 and 300 dimensions; parts of them differ by less than a float tells.
CREATE TABLE vectors AS
	SELECT i AS id,
		   ARRAY[i % 17, random(), 1e6 + i % 5 + 1e-9 * (i % 7)] AS few,
		   (SELECT array_agg(1e5 * (i % 4) + 100 * sin(i % 50 + j) + 1e-7 * random() + random())
			FROM generate_series(1, 40) j) AS middle,
		   (SELECT array_agg(CASE WHEN j % 10 = i % 10 THEN 5 ELSE 0 END + random())
			FROM generate_series(1, 300) j) AS many
	FROM generate_series(1, 2000) i;
CREATE INDEX vectors_l2 ON vectors USING mmdb (few, middle, many);
CREATE INDEX vectors_l1 ON vectors USING mmdb (few double_array_l1_ops, middle double_array_l1_ops,
	many double_array_l1_ops);
CREATE INDEX vectors_linf ON vectors USING mmdb (few double_array_linf_ops, middle double_array_linf_ops,
	many double_array_linf_ops);
CREATE INDEX vectors_cosine ON vectors USING mmdb (few double_array_cosine_ops, middle double_array_cosine_ops,
	many double_array_cosine_ops);
ANALYZE vectors;
SELECT mmdb_index_check(indexrelid) FROM pg_index WHERE indrelid = 'vectors'::regclass;
-- The index knows no more of tiny vectors than that they are tiny; their distances are right all the same.
CREATE TABLE tiny AS
	SELECT i AS id, ARRAY[i % 50 * 1e-300, i % 7 * 1e-305, 1e-310, 0, 0, i % 3 * 1e-300]::float8[] AS v
	FROM generate_series(1, 2000) i;
CREATE INDEX tiny_l2 ON tiny USING mmdb (v);
ANALYZE tiny;
SELECT mmdb_index_check('tiny_l2');
SELECT brute_force('SELECT v <-> (SELECT v FROM tiny WHERE id = 77) AS d FROM tiny ORDER BY 1', 100);
SELECT op, id, column_name,
	   brute_force(format('SELECT %I %s (SELECT %I FROM vectors WHERE id = %s) AS d FROM vectors ORDER BY 1',
						  column_name, op, column_name, id), 30)
FROM unnest(ARRAY['<->', '<+>', '<*>', '<=>']) op, unnest(ARRAY['few', 'middle', 'many']) column_name,
	 unnest(ARRAY[77, 1500]) id
ORDER BY 1, 2, 3;
SELECT op, brute_force(format('SELECT (few %s ''{3,0.5,1e6}'')
	+ 0.001 * (middle %s (SELECT middle FROM vectors WHERE id = 9))
	+ 3 * (many %s (SELECT many FROM vectors WHERE id = 10)) AS d FROM vectors ORDER BY 1', op, op, op), 50)
FROM unnest(ARRAY['<->', '<+>', '<*>', '<=>']) op;
-- Nearest of all but itself: the bounds tell apart what floats do not.
SELECT (r.obj).id, r.distance FROM odbknn(NULL::vectors, '{"middle": [1, 2]}', using_index => 'vectors_l2') r;
SELECT (r.obj).id
FROM vectors q, odbknn(NULL::vectors, ROW(q.few, q.middle, q.many), k => 1, using_index => 'vectors_l2') r
WHERE q.id = 1234;
INSERT INTO vectors VALUES (0, '{1,2,1e39}', NULL, NULL);
INSERT INTO vectors (id, middle) VALUES (0, array_fill(0::float8, ARRAY[40]));

-- varchar[] is compared as text[], whatever the other side is.
CREATE TABLE posts (id integer, tags varchar(10)[], refs uuid[], code char(6), lang char(2));
INSERT INTO posts SELECT i, ARRAY['t' || i % 7, 't' || i % 11, 't' || i % 3],
	ARRAY[md5((i % 5)::text)::uuid, md5((i % 13)::text)::uuid], 'c' || i % 97, (ARRAY['en', 'de', 'f'])[i % 3 + 1]
	FROM generate_series(1, 3000) i;
CREATE INDEX posts_mm ON posts USING mmdb (tags, refs, code, lang bpchar_discrete_ops);
ANALYZE posts;
SELECT column_name, type, metric, operator, count FROM mmdb.index_columns WHERE index_name = 'posts_mm'::regclass;
SELECT mmdb_index_check('posts_mm');
SELECT brute_force('SELECT tags <&> ''{t1,t2}'' AS d FROM posts ORDER BY 1', 300);
SELECT brute_force('SELECT tags <&> ARRAY[''t1'', ''t2'', ''t5'']::text[] AS d FROM posts ORDER BY 1', 300);
SELECT brute_force('SELECT ''{t1,t2}''::varchar[] <&> tags AS d FROM posts ORDER BY 1', 300);
SELECT brute_force('SELECT tags <%> ''{t1,t2}'' AS d FROM posts ORDER BY 1', 300);
SELECT brute_force('SELECT mm_jaccard_distance(tags, ''{t1,t2}'') AS d FROM posts ORDER BY 1', 300);
SELECT brute_force('SELECT (tags <&> (SELECT tags FROM posts WHERE id = 5))
	+ (refs <&> (SELECT refs FROM posts WHERE id = 6)) AS d FROM posts ORDER BY 1', 300);
SELECT brute_force('SELECT refs <&> (SELECT refs FROM posts WHERE id = 6) AS d FROM posts ORDER BY 1', 300);
SELECT verdict FROM mm_why_not('SELECT FROM posts ORDER BY tags <&> ''{a}'' LIMIT 1');
SELECT mm_distance_sql('posts_mm', '{"tags": 1, "code": 1}', missing => 'exclude');
SELECT differences('tags', array_agg(distance::text), array_agg((tags_distance + 0.5 * refs_distance)::text)) FROM (
	SELECT distance, (obj).tags <&> '{t1}' AS tags_distance, (obj).refs <&> ARRAY[md5('3')]::uuid[] AS refs_distance
	FROM odbknn(NULL::posts, jsonb_build_object('tags', ARRAY['t1'], 'refs', ARRAY[md5('3')::uuid]),
		'{"tags": 1, "refs": 0.5}', 500, normalized => false, missing => 'exclude')) s;
SELECT ARRAY[md5('1'), NULL, md5('2'), md5('1')]::uuid[] <&> ARRAY[md5('2')]::uuid[] AS half,
	   '{}'::uuid[] <&> '{}' AS empty;

-- char(n): blanks at the end do not count.
SELECT 'ab'::char(4) <~> 'ab   '::char(8) AS blanks, 'ab c'::char(6) <~> 'ab' AS edits, 'x'::char(3) <!> 'x' AS same,
	   pg_typeof('ab'::char(4) || '') AS text;
SELECT brute_force('SELECT code <~> ''c12'' AS d FROM posts ORDER BY 1', 300);
SELECT brute_force('SELECT code <~> ''c1   '' AS d FROM posts ORDER BY 1', 300);
SELECT brute_force('SELECT (code <~> ''c1x   '') + (lang <!> ''f '') AS d FROM posts ORDER BY 1', 300);
SELECT count(*) FROM posts WHERE code <~> 'c12 ' <= 0;
-- With a text, a char(n) becomes one; the index does not know it.
SELECT brute_force('SELECT code <~> ''c12 ''::text AS d FROM posts ORDER BY 1', 300);
SELECT (obj).code, distance FROM odbknn(NULL::posts, '{"code": "c12  ", "lang": "f"}', k => 1, normalized => false);

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA metric_types CASCADE;

-- Arrays of other numbers are compared as double precision[].
SELECT ARRAY[1,2] <-> ARRAY[2,4] AS l2, ARRAY[1,2] <+> ARRAY[2,4] AS l1,
	round((ARRAY[1,2] <=> ARRAY[2,4.5])::numeric, 6) AS cosine, ARRAY[0.1,2] <-> ARRAY[0.1,2.5] AS exact_numbers,
	ARRAY[0.1,2] <-> ARRAY[3,4] AS both, ARRAY[1,2] <-> '{2,4}'::real[] AS real,
	'{1,2}'::float8[] <-> ARRAY[2,4] AS double;
SELECT a <-> b AS l2, a <+> b AS l1, round((a <=> b)::numeric, 6) AS cosine, c <-> d AS small_l2, c <+> d AS small_l1,
	round((c <=> d)::numeric, 6) AS small_cosine
FROM (VALUES ('{1,2}'::bigint[], '{2,4}'::bigint[], '{1,2}'::smallint[], '{4,6}'::smallint[])) v(a, b, c, d);
