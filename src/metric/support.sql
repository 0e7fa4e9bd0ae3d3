-- What distances cost, and which operators their functions are of.

CREATE FUNCTION mm_distance_support(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_distance_support(internal) IS 'planner support: what a distance costs, by the size of the values, and its operator';
CREATE FUNCTION mm_operator_support(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_operator_support(internal) IS 'planner support: the operator that the call of a function stands for';
