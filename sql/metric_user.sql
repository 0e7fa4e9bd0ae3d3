-- A metric of the user's own: a type mmdb has never seen, its distance, and an
-- operator class with OPERATOR 1 and FUNCTION 1 only.  Hosts are near each
-- other if their addresses share many leading bits.
CREATE FUNCTION host_distance(a inet, b inet) RETURNS double precision
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog
	RETURN 32 - masklen(inet_merge(a, b));
CREATE OPERATOR <-> (LEFTARG = inet, RIGHTARG = inet, FUNCTION = host_distance, COMMUTATOR = <->);
CREATE OPERATOR CLASS inet_host_ops DEFAULT FOR TYPE inet USING mmdb AS
	OPERATOR 1 <-> (inet, inet) FOR ORDER BY float_ops,
	FUNCTION 1 host_distance(inet, inet);
SELECT amvalidate(oid) FROM pg_opclass WHERE opcname = 'inet_host_ops';

CREATE TABLE visits (id integer, host inet, page text);
INSERT INTO visits SELECT i, '10.0.0.0'::inet + i * 377, 'page ' || i % 10 FROM generate_series(1, 200) i;
CREATE INDEX visits_mm ON visits USING mmdb (host, page);
SELECT column_name, metric, operator, count, round(mean::numeric, 3) AS mean, scale
FROM mmdb.index_columns WHERE index_name = 'visits_mm'::regclass;
SELECT (obj).*, distance FROM odbknn(NULL::visits, ROW('10.0.5.7', 'page 3'), '{1,0.5}', 2) ORDER BY distance, obj;
SELECT id, host <-> '10.0.5.7' AS distance FROM visits ORDER BY 2, 1 LIMIT 3;
-- By the index: the planner has not put the function's body in the operator's place.
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM visits ORDER BY (host <-> '10.0.5.7') + (page <~> 'page') LIMIT 3;
RESET enable_seqscan;

-- As an attribute of a composite.
CREATE TYPE visit AS (host inet, page text);
SELECT ROW('10.0.0.1', 'a')::visit <-> odbquery(ROW('10.0.0.9', 'b')::visit, '{1,1}') AS distance;

-- A distance that breaks its promise is found out.
CREATE OR REPLACE FUNCTION host_distance(a inet, b inet) RETURNS double precision
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN -1.0;
REINDEX INDEX visits_mm;
CREATE OR REPLACE FUNCTION host_distance(a inet, b inet) RETURNS double precision
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN NULL::double precision;
REINDEX INDEX visits_mm;
CREATE OR REPLACE FUNCTION host_distance(a inet, b inet) RETURNS double precision
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$ BEGIN RAISE 'no distance'; END $$;
REINDEX INDEX visits_mm;

DROP TABLE visits;
DROP TYPE visit;
DROP FUNCTION host_distance CASCADE;
