-- The discrete metric.
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
SELECT 'a'::text <!> 'a' AS same, 'a'::text <!> 'b' AS other, 1 <!> 1 AS int4, 1 <!> 2 AS int4_other,
	   true <!> false AS bool, 'sad'::mood <!> 'sad' AS enum, 'sad'::mood <!> 'happy' AS enum_other;
SELECT '6ecd8c99-4036-403d-bf84-cf8400f67836'::uuid <!> '6ecd8c99-4036-403d-bf84-cf8400f67836' AS same,
	   '6ecd8c99-4036-403d-bf84-cf8400f67836'::uuid <!> '6ecd8c99-4036-403d-bf84-cf8400f67837' AS other;
SELECT NULL::text <!> 'a';

-- In the classes of these types, by default or by name.
CREATE TABLE people (name text, feels mood, member boolean, key uuid, room integer);
INSERT INTO people SELECT 'n' || i, (ARRAY['sad', 'ok', 'happy'])[1 + i % 3]::mood, i % 2 = 0,
	md5(i::text)::uuid, i % 10 FROM generate_series(1, 60) i;
CREATE INDEX people_mm ON people USING mmdb (name text_discrete_ops, feels, member, key, room int4_discrete_ops);
SELECT column_name, metric, round(mean::numeric, 4) AS mean, scale FROM mmdb.index_columns
WHERE index_name = 'people_mm'::regclass ORDER BY column_number;
SELECT CASE WHEN r.distance = 1 THEN (r.obj).name END AS name, r.distance
FROM odbknn(NULL::people, ROW('n7', 'ok', true, md5('9')::uuid, 7), NULL, 3) r ORDER BY 2, 1;
DROP TABLE people;

-- Equal is what the column's collation says, be it case-insensitive.  (That
-- needs ICU: a PostgreSQL or an encoding without it skips this.)
\set equal 0
\set mean 0
SELECT to_regcollation('"und-x-icu"') IS NOT NULL AS has_icu \gset
\if :has_icu
CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE flowers (name text COLLATE any_case);
INSERT INTO flowers VALUES ('Rose'), ('rose'), ('ROSE');
CREATE INDEX flowers_mm ON flowers USING mmdb (name text_discrete_ops);
SELECT a.name <!> b.name AS equal FROM flowers a, flowers b WHERE a.name COLLATE "C" = 'Rose'
	AND b.name COLLATE "C" = 'rose' \gset
SELECT mean FROM mmdb.index_columns WHERE index_name = 'flowers_mm'::regclass \gset
DROP TABLE flowers;
DROP COLLATION any_case;
\endif
SELECT :equal AS "Rose and rose", :mean AS mean;
DROP TYPE mood;
