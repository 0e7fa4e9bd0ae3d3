-- What is known of an expression's values.

CREATE FUNCTION mm_bounded(value double precision, low double precision) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_bounded(double precision, double precision)
	IS 'the value, which is at least low: a sum that adds it can be searched for';
