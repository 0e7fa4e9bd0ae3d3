-- odbknn runs with the caller's rights: as if the caller had written the SELECT.
CREATE TABLE docs (id integer, owner name, title text, size float8);
INSERT INTO docs SELECT i, CASE WHEN i % 2 = 0 THEN 'regress_mm_alice' ELSE 'regress_mm_bob' END, 'title ' || i, i
	FROM generate_series(1, 20) i;
CREATE INDEX docs_mm ON docs USING mmdb (title, size);
SET client_min_messages = warning;
DROP ROLE IF EXISTS regress_mm_alice, regress_mm_bob;
RESET client_min_messages;
CREATE ROLE regress_mm_alice;
CREATE ROLE regress_mm_bob;

-- Privileges: of the table, and of the columns.
SET ROLE regress_mm_alice;
SELECT count(*) FROM odbknn(NULL::docs, ROW('title 3', NULL), NULL, 5);
SELECT mm_scale('docs_mm', 'size');
SELECT mm_distance_sql('docs_mm');
SELECT count(*) FROM mmdb.index_columns WHERE index_name = 'docs_mm'::regclass;
RESET ROLE;
GRANT SELECT (id, title) ON docs TO regress_mm_alice;
SET ROLE regress_mm_alice;
SELECT count(*) FROM odbknn(NULL::docs, ROW('title 3', NULL), NULL, 5);
SELECT count(*) FROM mmdb.index_columns WHERE index_name = 'docs_mm'::regclass;
RESET ROLE;
GRANT SELECT ON docs TO regress_mm_alice, regress_mm_bob;
SET ROLE regress_mm_alice;
SELECT count(*) FROM odbknn(NULL::docs, ROW('title 3', NULL), NULL, 5);

-- Row-level security.
RESET ROLE;
ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON docs USING (owner = current_user);
SET ROLE regress_mm_alice;
SELECT count(*), bool_and((obj).owner = 'regress_mm_alice')
FROM odbknn(NULL::docs, ROW('title 3', 3), NULL, 100, normalized => false, missing => 'exclude');
SET ROLE regress_mm_bob;
SELECT count(*), bool_and((obj).owner = 'regress_mm_bob')
FROM odbrange(NULL::docs, ROW('title 3', 3), NULL, 100, normalized => false, missing => 'ignore');
RESET ROLE;

-- What drives a search decides which rows are looked at, and EXPLAIN ANALYZE counts
-- them.  So a condition that may not be checked before the policy may not drive
-- it either, alone, in an OR, or from another table of a join.  ORDER BY may, as
-- in every index of PostgreSQL, but no condition of the query narrows it down.
CREATE FUNCTION drivers(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF line ~ 'Search Method|Within|Order By|Scan on docs' THEN
			RETURN NEXT btrim(line, ' ->');
		END IF;
	END LOOP;
END $$;
SET enable_seqscan = off;
SELECT drivers('SELECT id FROM docs WHERE (size <+> 7) <= 0');
SET ROLE regress_mm_alice;
SELECT drivers('SELECT id FROM docs WHERE (size <+> 7) <= 0');
SELECT drivers('SELECT id FROM docs WHERE (size <+> 7) <= 0 OR (title <~> ''title 7'') <= 0');
SELECT drivers('SELECT d.id FROM (VALUES (7.0::float8), (9)) v(x) JOIN docs d ON (d.size <+> v.x) <= 0');
SELECT drivers('SELECT id FROM docs WHERE (size <+> 7) <= 0 ORDER BY size <+> 7 LIMIT 1');
SELECT drivers('SELECT id FROM docs ORDER BY coalesce(title <~> ''title 3'', 2) + coalesce(size <+> 3, 12) LIMIT 1');
RESET ROLE;

-- Nor are the scan's own counts shown, which are about hidden rows, too; only
-- PostgreSQL's of rows removed.
CREATE FUNCTION counters(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF, BUFFERS OFF, FORMAT JSON) ' || query INTO plan;
	RETURN QUERY SELECT key FROM json_each(plan #> '{0,Plan,Plans,0}')
		WHERE key ~ 'Custom|Pages|Bounded|Candidates|Verified|Removed|Computed|Memory';
END $$;
SELECT counters('SELECT id FROM docs ORDER BY coalesce(title <~> ''title 3'', 2) + coalesce(size <+> 3, 12) LIMIT 1');
SET ROLE regress_mm_alice;
SELECT counters('SELECT id FROM docs ORDER BY coalesce(title <~> ''title 3'', 2) + coalesce(size <+> 3, 12) LIMIT 1');
RESET ROLE;

-- A policy may itself be a condition on a distance, and drive the search.  Then
-- too, nothing in the query sees a row before the policy has let it pass; some of
-- those that the bounds leave, it does not.
CREATE FUNCTION look(title text) RETURNS boolean LANGUAGE plpgsql STABLE COST 0.0001 AS $$
BEGIN
	IF title <~> 'title 12' > 1 THEN
		RAISE NOTICE 'saw %', title;
	END IF;
	RETURN true;
END $$;
CREATE POLICY near ON docs AS RESTRICTIVE USING ((title <~> 'title 12') <= 1);
SET ROLE regress_mm_alice;
SELECT drivers('SELECT id FROM docs WHERE look(title)');
SELECT count(*) FROM docs WHERE look(title);
SET enable_sort = off;
SELECT drivers('SELECT id FROM docs ORDER BY (CASE WHEN look(title) THEN 1.0::float8 ELSE 2.0 END) * (size <+> 3)');
SELECT id FROM docs ORDER BY (CASE WHEN look(title) THEN 1.0::float8 ELSE 2.0 END) * (size <+> 3);
RESET ROLE;
RESET enable_seqscan;
RESET enable_sort;
DROP POLICY near ON docs;
DROP FUNCTION look, counters;

-- A cursor that a function opens with its owner's rights: what these are counts, though
-- others fetch from it.
CREATE FUNCTION doubled(float8) RETURNS float8 LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 2 * $1; END';
REVOKE EXECUTE ON FUNCTION doubled FROM PUBLIC;
CREATE FUNCTION open_search(query text) RETURNS refcursor LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	found refcursor := 'found';
BEGIN
	OPEN found FOR EXECUTE query;
	RETURN found;
END $$;
SET enable_seqscan = off;
SET enable_sort = off;
SET ROLE regress_mm_alice;
BEGIN;
SELECT open_search('SELECT id FROM docs ORDER BY doubled(1) * (title <~> ''title 3'') + (size <+> 4) LIMIT 2');
FETCH ALL FROM found;
CLOSE found;
-- the function in what the scan returns
SELECT open_search('SELECT doubled(id) FROM docs ORDER BY (title <~> ''title 3'') + 2 * (size <+> 4) LIMIT 2');
FETCH ALL FROM found;
COMMIT;
RESET ROLE;
RESET enable_seqscan;
RESET enable_sort;
DROP FUNCTION doubled, open_search;

-- Views: metrics and scales come from the index named.
CREATE VIEW small_docs AS SELECT id, upper(title) AS label, title, size FROM docs WHERE size <= 6;
GRANT SELECT ON small_docs TO regress_mm_bob;
REVOKE SELECT ON docs FROM regress_mm_bob;
SELECT count(*) FROM odbknn(NULL::small_docs, ROW('title 3', 3), NULL, 100);
SET ROLE regress_mm_bob;
SELECT (obj).*, distance FROM odbknn(NULL::small_docs, ROW('title 3', 3), NULL, 3, 'docs_mm', false, 'exclude')
	ORDER BY distance, obj;
RESET ROLE;
SELECT (obj).*, round(distance::numeric, 3) AS distance
	FROM odbknn(NULL::small_docs, ROW('title 3', 3), NULL, 3, 'docs_mm') ORDER BY distance, obj;
CREATE VIEW no_size AS SELECT id, title FROM docs;
SELECT count(*) FROM odbknn(NULL::no_size, ROW('title 3', 3), NULL, 100, 'docs_mm');

-- Partitions: the index of the parent; scales are those of all rows, once they are pinned.
CREATE TABLE logs (day date, host text, load float8) PARTITION BY RANGE (day);
CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE logs_2 PARTITION OF logs FOR VALUES FROM ('2026-02-01') TO ('2026-04-01') PARTITION BY RANGE (day);
CREATE TABLE logs_2a PARTITION OF logs_2 FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
CREATE TABLE logs_2b PARTITION OF logs_2 FOR VALUES FROM ('2026-03-01') TO ('2026-04-01');
INSERT INTO logs SELECT date '2026-01-01' + i, 'host' || i % 7, (i * 31) % 17 FROM generate_series(0, 58) i;
CREATE INDEX logs_mm ON logs USING mmdb (day, host, load);
SELECT count(*) FROM odbknn(NULL::logs_2, ROW('2026-01-31', 'host3', 5), NULL, 1000);
SELECT mm_pin_scales('logs_mm');
SELECT index_name, column_name, count, scale, measured_scale FROM mmdb.index_columns
WHERE table_name::text LIKE 'logs%' AND column_name <> 'host' ORDER BY column_name, index_name::text;
SELECT r.obj, round(r.distance::numeric, 3) AS distance
	FROM odbknn(NULL::logs, ROW('2026-01-31', 'host3', 5), '{1,1,1}', 4) r ORDER BY 2, 1;
SELECT count(*) FROM odbknn(NULL::logs, ROW('2026-01-31', 'host3', 5), NULL, 1000);
SELECT count(*) FROM odbknn(NULL::logs_2, ROW('2026-01-31', 'host3', 5), NULL, 1000);
SELECT count(*) FROM odbknn(NULL::logs_1, ROW('2026-01-31', 'host3', 5), NULL, 1000, 'logs_mm');

-- a scale may be as small as it likes
CREATE TABLE tiny (a float8) PARTITION BY LIST (a);
CREATE TABLE tiny_1 PARTITION OF tiny DEFAULT;
INSERT INTO tiny SELECT i * 1e-20 FROM generate_series(1, 10) i;
CREATE INDEX tiny_mm ON tiny USING mmdb (a);
SELECT mm_pin_scales('tiny_mm');
SELECT mm_scale('tiny_mm', 'a'), distance FROM odbknn(NULL::tiny, ROW(2.5e-20), NULL, 1);

-- Inheritance: the children's rows are found, too.
CREATE TABLE more_docs () INHERITS (docs);
INSERT INTO more_docs VALUES (100, 'regress_mm_alice', 'title 3', 3);
SELECT count(*) FROM odbrange(NULL::docs, ROW('title 3', 3), NULL, 0);

-- Also those that may lack a value where the parent's column is NOT NULL.
CREATE TABLE parents (a integer NOT NULL);
CREATE TABLE children () INHERITS (parents);
CREATE INDEX parents_mm ON parents USING mmdb (a) WITH (scales = '{1}');
SET client_min_messages = error;
DO $$
BEGIN
	ALTER TABLE children ALTER a DROP NOT NULL;
EXCEPTION WHEN OTHERS THEN
	-- since 18, a child may only do without it if the parent says so
	DROP TABLE parents CASCADE;
	EXECUTE 'CREATE TABLE parents (a integer, CONSTRAINT here NOT NULL a NO INHERIT)';
	CREATE TABLE children () INHERITS (parents);
	CREATE INDEX parents_mm ON parents USING mmdb (a) WITH (scales = '{1}');
END $$;
RESET client_min_messages;
INSERT INTO parents VALUES (1);
INSERT INTO children VALUES (2), (NULL);
SELECT missing, obj, distance FROM (VALUES ('penalty'), ('exclude')) m(missing),
	 odbknn(NULL::parents, ROW(1), NULL, 5, missing => missing) ORDER BY missing, distance, obj;
SELECT mm_distance_sql('parents_mm');
DROP TABLE parents CASCADE;

-- Read-only transactions, and snapshots.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT count(*) FROM odbknn(NULL::docs, ROW('title 3', 3), NULL, 5);
COMMIT;
-- as any SELECT, it does not see what the same statement inserts
WITH added AS (INSERT INTO docs SELECT 200 + i, 'regress_mm_bob', 'title 3', 3
	FROM generate_series(1, 3) i RETURNING size)
SELECT added, count(r.obj) FROM (SELECT count(*) AS added FROM added) a,
	 odbrange(NULL::docs, ROW('title 3', NULL), NULL, added - 3) r GROUP BY added;
SELECT count(*) FROM odbrange(NULL::docs, ROW('title 3', NULL), NULL, 0);

DROP FUNCTION drivers;
DROP TABLE docs, logs, tiny CASCADE;
DROP ROLE regress_mm_alice, regress_mm_bob;
