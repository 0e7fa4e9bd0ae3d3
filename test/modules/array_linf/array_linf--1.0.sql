\echo Use "CREATE EXTENSION array_linf" to load this file. \quit

CREATE FUNCTION array_linf_distance(integer[], integer[]) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION array_linf_distance(integer[], integer[]) IS 'largest difference of elements in the same place';

CREATE OPERATOR <*> (LEFTARG = integer[], RIGHTARG = integer[], FUNCTION = array_linf_distance, COMMUTATOR = <*>);
COMMENT ON OPERATOR <*>(integer[], integer[]) IS 'largest difference of elements in the same place';

CREATE FUNCTION array_linf_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION array_linf_routine(internal) IS 'metric support';

CREATE OPERATOR CLASS int4_array_linf_ops FOR TYPE integer[] USING mmdb AS
	OPERATOR 1 <*>(integer[], integer[]) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 array_linf_distance(integer[], integer[]),
	FUNCTION 2 array_linf_routine(internal);
COMMENT ON OPERATOR CLASS int4_array_linf_ops USING mmdb IS 'L-infinity metric of integer arrays of one length';
