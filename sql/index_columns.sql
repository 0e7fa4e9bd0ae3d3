-- mmdb.index_columns shows what it can of every index: one that cannot be read does not
-- hide the others, and its row says why.  Nor does it keep odbknn from another index.
CREATE TABLE good (id integer, a text);
INSERT INTO good SELECT i, 'text ' || i FROM generate_series(1, 50) i;
CREATE INDEX good_mm ON good USING mmdb (a);

-- a composite type that has got an attribute without a metric
CREATE TYPE pair AS (x integer, y text);
CREATE TABLE pairs (id integer, p pair, n integer);
INSERT INTO pairs SELECT i, ROW(i, 'y')::pair, i FROM generate_series(1, 50) i;
CREATE INDEX pairs_mm ON pairs USING mmdb (p);
CREATE INDEX pairs_n ON pairs USING mmdb (n);
CREATE INDEX pairs_invalid ON pairs USING mmdb (n, id);
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'pairs_invalid'::regclass;
ALTER TYPE pair ADD ATTRIBUTE j json;

-- a class whose parts are not what they should be any more, as only superusers can do
CREATE FUNCTION far(inet, inet) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT RETURN abs(masklen($1) - masklen($2));
CREATE OPERATOR <-> (LEFTARG = inet, RIGHTARG = inet, FUNCTION = far, COMMUTATOR = <->);
CREATE OPERATOR CLASS inet_far_ops FOR TYPE inet USING mmdb AS OPERATOR 1 <->
	FOR ORDER BY float_ops, FUNCTION 1 far(inet, inet);
CREATE TABLE hosts (id integer, host inet, n integer);
CREATE INDEX hosts_mm ON hosts USING mmdb (n, host inet_far_ops);
UPDATE pg_proc SET prorettype = 'float4'::regtype WHERE oid = 'far(inet, inet)'::regprocedure;

-- a row type of more attributes than an index can have
CREATE TABLE kinds (k1 integer);
CREATE TABLE of_kinds (id integer, k kinds);
CREATE INDEX of_kinds_mm ON of_kinds USING mmdb (k);
DO $$ BEGIN FOR i IN 2 .. 40 LOOP EXECUTE 'ALTER TABLE kinds ADD k' || i || ' integer'; END LOOP; END $$;

CREATE TEMP TABLE mine (a integer);
CREATE INDEX mine_mm ON mine USING mmdb (a);

SELECT index_name, column_number AS n, column_name, type, metric, operator, count, problem
FROM mmdb.index_columns WHERE column_name !~ 'k[2-9]|k..' ORDER BY index_name::text, column_number;
SELECT count(*) FROM mmdb.index_columns WHERE index_name = 'of_kinds_mm'::regclass;
SELECT problem FROM mmdb.index_column_statistics('hosts_mm');
SELECT * FROM mmdb.index_column_statistics('good');
SELECT * FROM mmdb.index_column_statistics(0);
INSERT INTO of_kinds VALUES (1, jsonb_populate_record(NULL::kinds, '{"k1": 1}'));
SELECT id FROM of_kinds ORDER BY (k).k1 <+> 1;

-- searches by other indexes
SELECT (obj).id, distance FROM odbknn(NULL::pairs, ROW(7), NULL, 1);
SELECT (obj).id, round(distance::numeric, 3) FROM odbknn(NULL::pairs, ROW(7, 'y'), NULL, 1);
SELECT * FROM odbknn(NULL::pairs, ROW(7, 'y', 1), NULL, 1);

-- The rest of a transaction goes on as before.
BEGIN;
INSERT INTO good VALUES (51, 'x');
SELECT count(*) FROM mmdb.index_columns WHERE problem LIKE '%real%' OR problem LIKE '%distance%';
SAVEPOINT s;
SELECT count(*) FROM mmdb.index_columns WHERE index_name = 'hosts_mm'::regclass;
ROLLBACK TO s;
COMMIT;
SELECT count(*) FROM good WHERE id = 51;

UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'pairs_invalid'::regclass;
UPDATE pg_proc SET prorettype = 'float8'::regtype WHERE oid = 'far(inet, inet)'::regprocedure;
DROP TABLE good, pairs, hosts, of_kinds, kinds, mine;
DROP TYPE pair;
DROP FUNCTION far CASCADE;
