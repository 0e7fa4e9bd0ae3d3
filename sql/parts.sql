-- Why a row ranks where it does: what each column adds to its distance.
CREATE SCHEMA parts;
SET search_path = parts, public;
CREATE TABLE things (id integer PRIMARY KEY, a float8, b text, c point NOT NULL, d mmvector(3));
INSERT INTO things SELECT i, CASE WHEN i % 3 > 0 THEN i END, CASE WHEN i % 4 > 0 THEN repeat('x', i % 7) END,
	point(i % 10, i % 6), CASE WHEN i % 60 > 0 THEN ARRAY[i % 5, i % 7, i % 3] END FROM generate_series(1, 300) i;
CREATE INDEX things_mm ON things USING mmdb (a, b, c, d);

SELECT (obj).id, round(distance::numeric, 3) AS distance, parts::numeric(10, 3)[]
FROM odbknn(NULL::things, ROW(50, 'xxx', '(3,3)', NULL), '{1,0.5,0,1}', 3) ORDER BY distance, 1;
SELECT (obj).id, round(distance::numeric, 3) AS distance, parts::numeric(10, 3)[]
FROM odbrange(NULL::things, ROW(50, 'xxx', '(3,3)', NULL), '{1,0.5,0,1}', 0.2) ORDER BY distance, 1;
-- Who asks for the row and the distance gets those.
SELECT (obj).*, distance FROM odbknn(NULL::things, ROW(50, 'xxx', NULL, NULL), NULL, 1);

-- Parts add up to the distance, to the last bit, in the order of the columns; where
-- something makes up for missing values, to a few units in the last place.
CREATE TABLE answers AS
	SELECT missing, normalized, w, (r.obj).*, r.distance, r.parts,
		   (SELECT sum(p ORDER BY n) FROM unnest(r.parts) WITH ORDINALITY u(p, n)) AS total
	FROM (VALUES ('{1,1,1,1}'::float8[]), ('{0.3,2,0.1,0.7}'), ('{1,0,1,0}'), ('{0,1,0,0}')) w(w),
		 (VALUES ('penalty'), ('ignore'), ('exclude')) m(missing), (VALUES (true), (false)) n(normalized),
		 odbknn(NULL::things, ROW(50, 'xxx', '(3,3)', '[1,2,3]'), w, 1000, 'things_mm', normalized, missing) r;
SELECT missing, count(*) > 500 AS many,
	   count(*) FILTER (WHERE total IS DISTINCT FROM distance) > 0 AS some_differ,
	   count(*) FILTER (WHERE abs(total - distance) > 1e-15 * distance) AS differ
FROM answers GROUP BY 1 ORDER BY 1;
-- NULL: weight 0; or ignored, as there is no value.
SELECT missing, count(*) FILTER (WHERE (parts[1] IS NULL) <> (w[1] = 0 OR a IS NULL)) > 0 AS a_counts,
	   count(*) FILTER (WHERE (parts[2] IS NULL) <> (w[2] = 0 OR b IS NULL)) > 0 AS b_counts,
	   count(*) FILTER (WHERE (parts[3] IS NULL) <> (w[3] = 0)) AS c_counts, max(cardinality(parts)) AS parts
FROM answers GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM answers WHERE missing = 'exclude' AND array_position(parts, NULL) IS NOT NULL AND 0 <> ALL (w);
-- A missing value costs the weight, under 'penalty'.
SELECT normalized, count(*) > 50 AS many, bool_and(parts[1] = w[1] * CASE WHEN normalized THEN 1
	ELSE mm_scale('things_mm', 'a') END) AS all_right
FROM answers WHERE missing = 'penalty' AND a IS NULL AND w[1] > 0 GROUP BY 1 ORDER BY 1;
SELECT DISTINCT distance, parts FROM odbknn(NULL::things, ROW(50, NULL, NULL, '[1,2,3]'), NULL, 1000,
	missing => 'ignore') WHERE (obj).a IS NULL AND (obj).d IS NULL;

-- mm_explain_distance says the same of one row, whatever the mode.
SELECT column_name, metric, round(distance::numeric, 3) AS distance, round(scale::numeric, 3) AS scale, weight,
	   round(part::numeric, 3) AS part, round(share::numeric, 3) AS share
FROM things t, mm_explain_distance('things_mm', t, ROW(50, 'xxx', NULL, '[1,2,3]'), '{1,0.5,1,2}') WHERE id = 44;
SELECT count(*) AS rows,
	   count(*) FILTER (WHERE parts IS DISTINCT FROM (SELECT array_agg(e.part) FROM mm_explain_distance('things_mm',
			things, ROW(50, 'xxx', '(3,3)', '[1,2,3]'), w, normalized, missing) e)) AS differ
FROM answers JOIN things USING (id);
SELECT count(*) AS rows, bool_and(shares IS NULL OR abs(shares - 1) < 1e-12) AS shares_add_up
FROM things t, LATERAL (SELECT sum(share) AS shares
	FROM mm_explain_distance('things_mm', t, '{"a": 50, "b": "xxx"}', '{"a": 3, "b": 1}')) s;
-- Of a row that 'exclude' leaves out, parts but no shares.
SELECT column_name, weight, round(part::numeric, 3) AS part, share
FROM things t, mm_explain_distance('things_mm', t, '{"a": 50, "b": "xxx"}', missing => 'exclude') WHERE id = 45;
-- The row of a search; that of a view; of a partition, whose columns lie otherwise.
SELECT (r.obj).id, e.column_name, round(e.share::numeric, 3) AS share
FROM odbknn(NULL::things, '{"a": 50, "b": "xxx"}', k => 1) r,
	 mm_explain_distance('things_mm', r.obj, '{"a": 50, "b": "xxx"}') e WHERE e.part IS NOT NULL;
CREATE VIEW seen AS SELECT id, d, c, b, a FROM things;
SELECT column_name, round(part::numeric, 3) AS part
FROM seen s, mm_explain_distance('things_mm', s, '{"a": 50, "b": "x"}') WHERE id = 44;
CREATE TABLE whole (id integer, a float8, b text) PARTITION BY RANGE (id);
CREATE TABLE half (b text, gone integer, id integer, a float8);
ALTER TABLE half DROP gone;
ALTER TABLE whole ATTACH PARTITION half FOR VALUES FROM (0) TO (100);
INSERT INTO whole SELECT i, i * i, repeat('x', i % 9) FROM generate_series(1, 99) i;
CREATE INDEX whole_mm ON whole USING mmdb (a, (upper(b)));
SELECT mm_pin_scales('whole_mm');
SELECT (obj).id, r.distance = r.parts[1] + r.parts[2] AS same, e.part = r.parts[2] AS explained
FROM odbknn(NULL::whole, ROW(50, 'XX'), NULL, 2) r, mm_explain_distance('whole_mm', r.obj, ROW(50, 'XX')) e
WHERE e.column_name = 'upper' ORDER BY 1;
SELECT column_name, part IS NULL AS no_part FROM half h, mm_explain_distance('whole_mm', h, ROW(50, NULL)) WHERE id = 7;
-- A composite.
CREATE TYPE pair AS (n integer, t text);
CREATE TABLE pairs AS SELECT i AS id, ROW(i, repeat('y', i % 5))::pair AS obj FROM generate_series(1, 50) i;
CREATE INDEX pairs_mm ON pairs USING mmdb (obj);
SELECT id, e.column_name, e.distance, e.weight
FROM pairs p, mm_explain_distance('pairs_mm', p, ROW(10, 'yy'), '{1,2}') e WHERE id = 13;

-- Errors.
SELECT * FROM mm_explain_distance('things_mm', ROW(1, 2), ROW(1, 'x', NULL, NULL));
SELECT e.* FROM pairs p, mm_explain_distance('things_mm', p, ROW(1, 'x', NULL, NULL)) e;
SELECT e.* FROM things t, mm_explain_distance('things_mm', t, ROW(1, 'x')) e;
SELECT e.* FROM things t, mm_explain_distance('things_pkey', t, ROW(1, 'x')) e;
SELECT * FROM mm_explain_distance('things_mm', NULL, ROW(1, 'x', NULL, NULL));
SELECT e.* FROM things t, mm_explain_distance('things_mm', t, ROW(NULL, NULL, NULL, '[1,2]')) e;

-- Scales are for those who may know statistics; parts that need none are for all.
SET client_min_messages = warning;
DROP ROLE IF EXISTS regress_mm_parts;
RESET client_min_messages;
CREATE ROLE regress_mm_parts;
GRANT USAGE ON SCHEMA parts TO regress_mm_parts;
CREATE FUNCTION a_thing() RETURNS things LANGUAGE sql IMMUTABLE
	AS $$ SELECT ROW(1, 44.0, 'x', '(4,4)', NULL)::things $$;
SET ROLE regress_mm_parts;
SELECT * FROM mm_explain_distance('things_mm', a_thing(), ROW(50, 'xxx', NULL, NULL));
SELECT * FROM mm_explain_distance('things_mm', a_thing(), ROW(50, 'xxx', NULL, NULL), normalized => false);
SELECT * FROM mm_explain_distance('things_mm', a_thing(), ROW(50, 'xxx', NULL, NULL), normalized => false,
	missing => 'exclude');
RESET ROLE;
GRANT SELECT ON things TO regress_mm_parts;
SET ROLE regress_mm_parts;
SELECT count(part) FROM mm_explain_distance('things_mm', a_thing(), ROW(50, 'xxx', NULL, NULL));
RESET ROLE;
ALTER TABLE things ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON things USING (id % 2 = 0);
SET ROLE regress_mm_parts;
SELECT * FROM mm_explain_distance('things_mm', a_thing(), ROW(50, 'xxx', NULL, NULL));
SELECT count(*), bool_and((obj).id % 2 = 0) AS own, bool_and(distance = parts[1]) AS same
FROM odbknn(NULL::things, ROW(50, NULL, NULL, NULL), NULL, 1000, normalized => false, missing => 'exclude');
RESET ROLE;
-- A distance whose function one may not call is not computed.
REVOKE EXECUTE ON FUNCTION mm_edit_distance(text, text) FROM PUBLIC;
SET ROLE regress_mm_parts;
SELECT * FROM mm_explain_distance('things_mm', a_thing(), ROW(NULL, 'xxx', NULL, NULL), normalized => false,
	missing => 'exclude');
RESET ROLE;
GRANT EXECUTE ON FUNCTION mm_edit_distance(text, text) TO PUBLIC;
REVOKE SELECT ON things FROM regress_mm_parts;
REVOKE USAGE ON SCHEMA parts FROM regress_mm_parts;
DROP ROLE regress_mm_parts;
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA parts CASCADE;
