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
SELECT (r.obj).name, r.distance FROM odbknn(NULL::people, ROW('n7', 'ok', true, md5('9')::uuid, 7), NULL, 3) r
ORDER BY 2, 1;
DROP TABLE people;
DROP TYPE mood;
