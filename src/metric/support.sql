-- What distances cost.

CREATE FUNCTION mm_distance_support(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_distance_support(internal) IS 'planner support: what a distance costs, by the size of the values';
