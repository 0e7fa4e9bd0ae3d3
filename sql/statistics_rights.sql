-- Statistics of an index are for those who may read its columns, as with pg_stats:
-- also where they show through, in a normalized distance or in an error.
SET client_min_messages = warning;
DROP ROLE IF EXISTS regress_mm_reader, regress_mm_owner;
RESET client_min_messages;
CREATE ROLE regress_mm_owner;
CREATE ROLE regress_mm_reader;
GRANT CREATE ON SCHEMA public TO regress_mm_owner, regress_mm_reader;
SET ROLE regress_mm_owner;

CREATE FUNCTION half(x float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN x / 2; END';
REVOKE EXECUTE ON FUNCTION half FROM PUBLIC;
CREATE TYPE pay AS (base float8, bonus float8);
CREATE TABLE staff (id integer, name text, salary float8, face mmvector, pay pay, owner name DEFAULT current_user);
INSERT INTO staff SELECT i, 'name ' || i, 1000 + i * i, ARRAY[i, i % 7], ROW(i::float8, (i * i)::float8)::pay
	FROM generate_series(1, 50) i;
CREATE INDEX staff_mm ON staff USING mmdb (name, salary, face);
CREATE INDEX staff_raise ON staff USING mmdb (id, (salary - id), half(id));
CREATE INDEX staff_rich ON staff USING mmdb (name) WHERE salary > 2000;
CREATE INDEX staff_pay ON staff USING mmdb (pay);
CREATE TABLE mine (id integer, name text, salary float8, face mmvector);
GRANT SELECT ON mine TO regress_mm_reader;
INSERT INTO mine VALUES (1, 'name', 1, '[1,1]');

CREATE FUNCTION tell(sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE 'SELECT (' || sql || ')::text' INTO result;
	RETURN coalesce(result, 'NULL');
EXCEPTION WHEN insufficient_privilege THEN
	RETURN SQLERRM;
END $$;
CREATE VIEW what_is_told AS
	SELECT index_name, column_name, metric IS NOT NULL AS metric,
		   num_nonnulls(dimensions, count, mean, variance, scale, intrinsic_dimension) AS statistics, problem
	FROM mmdb.index_columns WHERE table_name = 'staff'::regclass ORDER BY index_name::text, column_number;
GRANT SELECT ON what_is_told TO PUBLIC;

-- The owner knows it all; who may read nothing, what the catalogs tell.
SELECT * FROM what_is_told;
SET ROLE regress_mm_reader;
SELECT * FROM what_is_told;
SELECT tell($$mm_scale('staff_mm', 'salary')$$);
SELECT tell($$mm_distance_sql('staff_mm')$$);
SELECT tell($$mmdb_index_stats('staff_mm')$$);
-- another table, divided by their scale
SELECT tell($$SELECT distance FROM odbknn(NULL::mine, ROW(NULL, 0, NULL), NULL, 1, 'staff_mm')$$);
SELECT tell($$SELECT distance FROM odbrange(NULL::mine, ROW(NULL, 0, NULL), NULL, 1e9, 'staff_mm')$$);
SELECT tell($$SELECT distance FROM odbknn(NULL::mine, ROW(NULL, 0, NULL), NULL, 1, 'staff_mm', normalized => false)$$);
SELECT tell($$SELECT distance
	FROM odbknn(NULL::mine, ROW(NULL, 0, NULL), NULL, 1, 'staff_mm', normalized => false, missing => 'exclude')$$);
-- or asked how many dimensions they have
SELECT distance FROM odbknn(NULL::mine, ROW(NULL, NULL, '[0,0,0]'), NULL, 1, 'staff_mm', normalized => false,
	missing => 'exclude');
SELECT mm_distance_sql('staff_mm', NULL, ROW(NULL, NULL, '[0,0,0]'), normalized => false, missing => 'exclude');

-- Columns: each by itself; expressions and conditions by all that they use.
RESET ROLE;
GRANT SELECT (id, name) ON staff TO regress_mm_reader;
SET ROLE regress_mm_reader;
SELECT * FROM what_is_told;
SELECT tell($$mm_scale('staff_mm', 'name')$$);
SELECT tell($$mm_scale('staff_mm', 'salary')$$);
SELECT tell($$mm_scale('staff_raise', 'id')$$);
SELECT tell($$mm_scale('staff_raise', 'expr')$$);
SELECT tell($$mm_scale('staff_raise', 'half')$$);
SELECT tell($$mm_scale('staff_rich', 'name')$$);
SELECT tell($$mm_scale('staff_pay', 'base')$$);
SELECT tell($$mm_distance_sql('staff_mm', '{1,0,0}')$$);
SELECT tell($$mm_distance_sql('staff_mm', '{1,1,0}')$$);
SELECT tell($$mmdb_index_stats('staff_mm')$$);
SELECT tell($$SELECT distance FROM odbknn(NULL::mine, ROW('name 1', 0, NULL), '{1,0,0}', 1, 'staff_mm')$$);
SELECT tell($$SELECT distance FROM odbknn(NULL::mine, ROW('name 1', 0, NULL), '{1,1,0}', 1, 'staff_mm')$$);
RESET ROLE;
GRANT EXECUTE ON FUNCTION half TO regress_mm_reader;
GRANT SELECT (salary, pay) ON staff TO regress_mm_reader;
SET ROLE regress_mm_reader;
SELECT * FROM what_is_told;

-- Whoever may only insert is not told what others have.
RESET ROLE;
REVOKE ALL ON staff FROM regress_mm_reader;
GRANT INSERT ON staff TO regress_mm_reader;
SET ROLE regress_mm_reader;
INSERT INTO staff (id, face) VALUES (0, '[1,2,3]');
RESET ROLE;
INSERT INTO staff (id, face) VALUES (0, '[1,2,3]');

-- Row-level security hides them from all to whom it applies.
REVOKE ALL ON staff FROM regress_mm_reader;
GRANT SELECT ON staff TO regress_mm_reader;
ALTER TABLE staff ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON staff USING (owner = current_user);
SELECT count(scale) FROM mmdb.index_columns WHERE index_name = 'staff_mm'::regclass;
SET ROLE regress_mm_reader;
SELECT * FROM what_is_told;
SELECT tell($$mm_scale('staff_mm', 'name')$$);
SELECT tell($$mm_distance_sql('staff_mm')$$);
SELECT tell($$mm_distance_sql('staff_mm', '{1,1,0}', normalized => false, missing => 'exclude')$$);
SELECT tell($$mmdb_index_stats('staff_mm')$$);
SELECT distance FROM odbknn(NULL::staff, ROW('name 1', NULL, NULL), NULL, 1, 'staff_mm');
SELECT distance FROM odbknn(NULL::staff, ROW('name 1', NULL, NULL), NULL, 1, 'staff_mm', false, 'exclude');
-- a vector of other dimensions is an error where there is a row, as without the index
SELECT id FROM staff ORDER BY face <-> '[1,2,3]' LIMIT 1;
SET enable_seqscan = off;
SELECT id FROM staff ORDER BY face <-> '[1,2,3]' LIMIT 1;
SELECT id FROM staff WHERE face <-> '[1,2,3]' < 1;
RESET ROLE;
SELECT id FROM staff ORDER BY face <-> '[1,2,3]' LIMIT 1;
INSERT INTO staff (id, face, owner) VALUES (0, '[1,2]', 'regress_mm_reader');
SET ROLE regress_mm_reader;
SELECT id FROM staff ORDER BY face <-> '[1,2,3]' LIMIT 1;
SELECT id FROM staff ORDER BY face <-> '[1,2]' LIMIT 1;
-- Nor do estimates tell of hidden rows, whoever asks for many radii; those of
-- partitions neither.
RESET ROLE;
CREATE FUNCTION estimates(query text, OUT rows bigint, OUT costs bigint) LANGUAGE plpgsql AS $$
DECLARE
	plan json;
	all_rows text[];
	all_costs text[];
BEGIN
	FOR i IN 0 .. 20
	LOOP
		EXECUTE 'EXPLAIN (FORMAT JSON) ' || replace(query, '$r', (1.5 ^ i)::text) INTO plan;
		all_rows := all_rows || (plan #>> '{0,Plan,Plan Rows}');
		all_costs := all_costs || (plan #>> '{0,Plan,Total Cost}');
	END LOOP;
	SELECT count(DISTINCT r), count(DISTINCT c) INTO rows, costs FROM unnest(all_rows, all_costs) u(r, c);
END $$;
CREATE TABLE parts (id integer, salary float8, pay pay, owner name) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (1000);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (1000) TO (10000);
INSERT INTO parts SELECT i, sqrt(i) * 50, ROW(sqrt(i) * 30, i)::pay, 'somebody' FROM generate_series(1, 3000) i;
CREATE INDEX parts_mm ON parts USING mmdb (salary);
CREATE INDEX parts_pay ON parts USING mmdb (pay);
ANALYZE parts;
ALTER TABLE parts ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON parts USING (owner = current_user);
GRANT SELECT ON parts TO regress_mm_reader, regress_mm_owner;
CREATE VIEW queries AS SELECT * FROM (VALUES ('within', 'SELECT * FROM parts WHERE (salary <+> 50) < $r'),
	('not within', 'SELECT * FROM parts WHERE (salary <+> 50) > $r'),
	('either', 'SELECT * FROM parts WHERE (salary <+> 50) < $r OR (salary <+> 5) <= $r'),
	('near within', 'SELECT * FROM parts WHERE (salary <+> 50) < $r ORDER BY salary <+> 50 LIMIT 3'),
	('composite', 'SELECT * FROM parts WHERE pay <@ odbrange(ROW(50, 100)::pay, ''{1,1}'', $r)'),
	('join', 'SELECT * FROM mine m JOIN parts p ON (p.salary <+> m.salary) < $r')) q (name, query);
GRANT SELECT ON queries TO regress_mm_reader;
SELECT name, rows > 5 AS rows FROM queries, estimates(query);
SET ROLE regress_mm_reader;
SELECT name, e.* FROM queries, estimates(query) e;
SELECT (estimates('SELECT id FROM staff WHERE (salary <+> 1100) < $r AND (name <~> ''name 1'') < $r')).*;
-- the index is used all the same
EXPLAIN (COSTS OFF) SELECT id FROM parts WHERE id >= 1000 ORDER BY salary <+> 50 LIMIT 3;
RESET ROLE;
DROP TABLE parts CASCADE;
DROP VIEW queries;
DROP FUNCTION estimates;
-- the owner is not exempt from what is forced
SET ROLE regress_mm_owner;
SELECT count(scale) FROM mmdb.index_columns WHERE index_name = 'staff_mm'::regclass;
ALTER TABLE staff FORCE ROW LEVEL SECURITY;
SELECT count(scale) FROM mmdb.index_columns WHERE index_name = 'staff_mm'::regclass;
RESET ROLE;
RESET enable_seqscan;

DROP TABLE staff, mine CASCADE;
DROP TYPE pay;
DROP FUNCTION half, tell;
REVOKE ALL ON SCHEMA public FROM regress_mm_owner, regress_mm_reader;
DROP ROLE regress_mm_owner, regress_mm_reader;
