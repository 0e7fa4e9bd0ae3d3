-- Why a query is not answered by an index.

-- Plans the query, which may evaluate whatever the planner evaluates.
CREATE FUNCTION mm_why_not(query text,
	OUT place text, OUT expression text, OUT index_name regclass, OUT verdict text, OUT hint text)
	RETURNS SETOF record
	LANGUAGE C STABLE STRICT PARALLEL UNSAFE COST 10000 ROWS 10
	AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_why_not(text)
	IS 'which distances of a query an mmdb index answers, and why it does not answer the others';
