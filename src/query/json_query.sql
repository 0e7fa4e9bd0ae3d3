-- Queries written as JSON.

-- Parallel unsafe, as what a view or a policy calls may be.
CREATE FUNCTION odb_query(query jsonb) RETURNS SETOF jsonb
	LANGUAGE C STABLE STRICT PARALLEL UNSAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'mm_odb_query';
COMMENT ON FUNCTION odb_query(jsonb)
	IS 'answer a query written as JSON: rows, distances and their parts';
