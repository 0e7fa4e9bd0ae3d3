-- What a session keeps of the indexes that it searches is forgotten when they change, and
-- so is what it knows of their metrics.
CREATE TABLE t (id integer, a integer, b integer);
INSERT INTO t SELECT i, i * 7 % 1009, i * 31 % 1013 FROM generate_series(1, 1000) i;
CREATE OPERATOR CLASS own_ops FOR TYPE integer USING mmdb AS
	OPERATOR 1 <+> FOR ORDER BY float_ops, FUNCTION 1 mm_l1_distance(integer, integer);
ALTER OPERATOR FAMILY own_ops USING mmdb ADD FUNCTION 2 (integer, integer) mm_int4_l1_routine(internal);
CREATE INDEX t_mm ON t USING mmdb (a own_ops, b);
ANALYZE t;
SET enable_seqscan = off;
CREATE FUNCTION weights() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN SELECT id FROM t ORDER BY (t.a <+> 500) + 2 * (t.b <+> 500) LIMIT 2' LOOP
		IF line ~ 'Weights' THEN
			RETURN NEXT trim(line);
		END IF;
	END LOOP;
END $$;
SELECT id FROM t ORDER BY (a <+> 500) + 2 * (b <+> 500), id LIMIT 2;
SELECT weights();

-- A name.
ALTER TABLE t RENAME a TO c;
ALTER TABLE t RENAME b TO a;
ALTER TABLE t RENAME c TO b;
SELECT weights();

-- An open cursor goes on with what it has, whatever is forgotten.
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM t ORDER BY (b <+> 500) + 2 * (a <+> 500);
FETCH 1 FROM c;
CREATE FUNCTION unrelated() RETURNS integer LANGUAGE sql RETURN 1;
SELECT id FROM t ORDER BY (b <+> 400) + 2 * (a <+> 400) LIMIT 1;
FETCH 1 FROM c;
ROLLBACK;

-- The model.
UPDATE t SET a = a * 1000, b = -b;
REINDEX INDEX t_mm;
SELECT id FROM t ORDER BY (b <+> -500) + (a <+> 500000) / 500, id LIMIT 2;

-- The metric.
ALTER OPERATOR FAMILY own_ops USING mmdb DROP FUNCTION 2 (integer, integer);
SELECT id FROM t ORDER BY (b <+> -500) + (a <+> 500000) / 500 LIMIT 2;
ALTER OPERATOR FAMILY own_ops USING mmdb ADD FUNCTION 2 (integer, integer) mm_int4_l1_routine(internal);
SELECT id FROM t ORDER BY (b <+> -500) + (a <+> 500000) / 500, id LIMIT 2;
DROP TABLE t;
DROP OPERATOR FAMILY own_ops USING mmdb;
DROP FUNCTION weights;

-- More indexes than are kept.
CREATE TABLE many (id integer, x integer) PARTITION BY RANGE (id);
DO $$
BEGIN
	FOR i IN 0 .. 139 LOOP
		EXECUTE format('CREATE TABLE many_%s PARTITION OF many FOR VALUES FROM (%s) TO (%s)', i, 3 * i, 3 * i + 3);
	END LOOP;
END $$;
INSERT INTO many SELECT i, i * 37 % 421 FROM generate_series(0, 419) i;
CREATE INDEX ON many USING mmdb (x);
SELECT id, x <+> 200 AS d FROM many ORDER BY d, id LIMIT 3;
SELECT id, x <+> 300 AS d FROM many ORDER BY d, id LIMIT 3;
DROP TABLE many;
