-- Rows with missing modalities: penalty, ignore, exclude.
CREATE TABLE things (id integer PRIMARY KEY, a float8, b text, c point);
INSERT INTO things SELECT i, CASE WHEN i % 3 > 0 THEN i END, CASE WHEN i % 4 > 0 THEN repeat('x', i % 7) END,
	CASE WHEN i % 5 > 0 THEN point(i % 10, i % 6) END FROM generate_series(1, 120) i;
CREATE INDEX things_mm ON things USING mmdb (a, b, c);

-- The rules, written out: a missing value counts as a normalized distance of 1;
-- or not at all, the others' weights making up for it; or the row is left out.
CREATE FUNCTION by_hand(t things, w float8[], missing text, normalized boolean) RETURNS float8
	LANGUAGE plpgsql STABLE AS $$
DECLARE
	s float8[] := ARRAY[mm_scale('things_mm', 'a'), mm_scale('things_mm', 'b'), mm_scale('things_mm', 'c')];
	d float8[] := ARRAY[t.a <+> 50, t.b <~> 'xxx', t.c <-> '(3,3)'];
	total float8 := 0;
	present float8 := 0;
	all_weights float8 := 0;
BEGIN
	FOR i IN 1 .. 3 LOOP
		CONTINUE WHEN w[i] = 0;
		all_weights := all_weights + w[i];
		IF d[i] IS NOT NULL THEN
			total := total + w[i] * d[i] / CASE WHEN normalized THEN s[i] ELSE 1 END;
			present := present + w[i];
		ELSIF missing = 'penalty' THEN
			total := total + w[i] * CASE WHEN normalized THEN 1 ELSE s[i] END;
		ELSIF missing = 'exclude' THEN
			RETURN NULL;
		END IF;
	END LOOP;
	RETURN CASE WHEN missing = 'ignore' THEN total * all_weights / nullif(present, 0) ELSE total END;
END $$;

CREATE TABLE cases AS SELECT * FROM (VALUES ('{1,1,1}'::float8[]), ('{0.5,2,0.1}'), ('{1,0,1}'), ('{0,1,0}')) w(w),
	(VALUES ('penalty'), ('ignore'), ('exclude')) m(missing), (VALUES (true), (false)) n(normalized);
CREATE TABLE answers AS
	SELECT missing, normalized, w, t.id, r.id IS NOT NULL AS found, r.distance, t.d AS expected,
		   coalesce(r.distance >= r.before, r.before IS NULL OR r.distance IS NULL) AS ordered
	FROM cases, LATERAL (SELECT id, by_hand(things, w, missing, normalized) AS d FROM things) t
	LEFT JOIN LATERAL (SELECT (obj).id, distance, lag(distance) OVER () AS before
					   FROM odbknn(NULL::things, ROW(50, 'xxx', '(3,3)'), w, 1000, 'things_mm', normalized, missing)) r
		USING (id);
SELECT missing, normalized, count(*) FILTER (WHERE found) AS rows, bool_and(ordered) AS ordered
FROM answers GROUP BY missing, normalized ORDER BY 1, 2;
SELECT * FROM answers
WHERE abs(distance - expected) > 1e-12 OR (distance IS NULL) <> (expected IS NULL) OR
	  found = (missing = 'exclude' AND expected IS NULL)
LIMIT 10;

-- Rows that have none of the weighted columns come last under 'ignore', without
-- a distance, and are in no range.
SELECT (r.obj).id, r.distance FROM odbknn(NULL::things, ROW(50, 'xxx', '(3,3)'), NULL, 1000, missing => 'ignore') r
WHERE (r.obj).id IN (60, 59) ORDER BY 1;
SELECT missing, count(*) FILTER (WHERE (r.obj).id = 60) AS number_60, count(*) > 50 AS many
FROM (VALUES ('penalty'), ('ignore'), ('exclude')) m(missing),
	 odbrange(NULL::things, ROW(50, 'xxx', '(3,3)'), NULL, 1e6, missing => missing) r GROUP BY 1 ORDER BY 1;
SELECT r.distance FROM odbrange(NULL::things, ROW(50, 'xxx', '(3,3)'), '{1,1,0.5}', 1e6) r WHERE (r.obj).id = 60;

-- Range, against the same rules.
DROP TABLE answers;
CREATE TABLE answers AS
	SELECT missing, normalized, w, radius, t.id, r.id IS NOT NULL AS found, t.d AS expected
	FROM cases, (VALUES (0.3), (0.7), (1.5), (40)) v(radius),
		 LATERAL (SELECT id, by_hand(things, w, missing, normalized) AS d FROM things) t
	LEFT JOIN LATERAL (SELECT (obj).id
					   FROM odbrange(NULL::things, ROW(50, 'xxx', '(3,3)'), w, radius, 'things_mm', normalized,
									 missing)) r
		USING (id);
SELECT missing, bool_or(found) AS found FROM answers GROUP BY missing ORDER BY 1;
SELECT * FROM answers WHERE found IS DISTINCT FROM coalesce(expected <= radius, false) LIMIT 10;

-- In plain SQL a missing value makes the sum NULL; coalesce states a penalty.
SELECT count(*) FILTER (WHERE (a <+> 50) + (b <~> 'xxx') IS NULL) AS nulls,
	   count(*) FILTER (WHERE coalesce(a <+> 50, 10) + coalesce(b <~> 'xxx', 3) IS NULL) AS with_penalty FROM things;
SELECT mm_distance_sql('things_mm', '{1,2,0}', missing => 'ignore', normalized => false);
SELECT mm_distance_sql('things_mm', '{1,2,0}', missing => 'exclude', normalized => false);
SELECT mm_distance_sql('things_mm', '{1,2,0}', missing => 'drop');

-- A column declared NOT NULL needs no rule.
ALTER TABLE things ADD d integer NOT NULL DEFAULT 5;
CREATE INDEX things_d ON things USING mmdb (d, a);
SELECT mm_distance_sql('things_d', '{1,0}', missing => m, normalized => false)
	FROM (VALUES ('penalty'), ('ignore'), ('exclude')) v(m);
SELECT count(*) FROM odbknn(NULL::things, ROW(5, NULL), NULL, 1000, 'things_d', missing => 'exclude');
-- but one that is so for new rows only, which there is since 18, does
DO $$ BEGIN EXECUTE 'ALTER TABLE things ADD CONSTRAINT new NOT NULL a NOT VALID'; EXCEPTION WHEN syntax_error THEN NULL;
	END $$;
SELECT mm_distance_sql('things_d', '{0,1}');
-- and in a view any may be missing
CREATE VIEW outer_things AS SELECT id, t.d, t.a FROM (VALUES (1), (1000)) v(id) LEFT JOIN things t USING (id);
SELECT missing, (r.obj).id, r.distance FROM (VALUES ('penalty'), ('ignore'), ('exclude')) m(missing),
	 odbknn(NULL::outer_things, ROW(3, NULL), NULL, 10, 'things_d', normalized => false, missing => missing) r
		 ORDER BY 1, 2;
DROP VIEW outer_things;

DROP FUNCTION by_hand;
DROP TABLE things, cases, answers;
