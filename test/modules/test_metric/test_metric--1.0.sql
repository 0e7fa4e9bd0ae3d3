\echo Use "CREATE EXTENSION test_metric" to load this file. \quit

CREATE FUNCTION test_metric_distance(integer, integer) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION test_metric_distance(integer, integer) IS 'difference, where 0 is infinitely far from all others';

CREATE OPERATOR <*> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = test_metric_distance, COMMUTATOR = <*>);
COMMENT ON OPERATOR <*>(integer, integer) IS 'difference, where 0 is infinitely far from all others';

-- The metric by its distance function alone, and with its routine.
CREATE OPERATOR CLASS test_metric_distance_ops FOR TYPE integer USING mmdb AS
	OPERATOR 1 <*>(integer, integer) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 test_metric_distance(integer, integer);
CREATE FUNCTION test_metric_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION test_metric_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS test_metric_routine_ops FOR TYPE integer USING mmdb AS
	OPERATOR 1 <*>(integer, integer) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 test_metric_distance(integer, integer),
	FUNCTION 2 test_metric_routine(internal);

-- What mmdb has to refuse, but for the routine of a later mmdb, which is larger.
CREATE FUNCTION test_metric_null(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION test_metric_null(internal) IS 'metric support';
CREATE OPERATOR CLASS test_metric_null_ops FOR TYPE integer USING mmdb AS
	OPERATOR 1 <*>(integer, integer) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 test_metric_distance(integer, integer),
	FUNCTION 2 test_metric_null(internal);
CREATE FUNCTION test_metric_no_magic(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION test_metric_no_magic(internal) IS 'metric support';
CREATE OPERATOR CLASS test_metric_no_magic_ops FOR TYPE integer USING mmdb AS
	OPERATOR 1 <*>(integer, integer) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 test_metric_distance(integer, integer),
	FUNCTION 2 test_metric_no_magic(internal);
CREATE FUNCTION test_metric_other_version(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION test_metric_other_version(internal) IS 'metric support';
CREATE OPERATOR CLASS test_metric_other_version_ops FOR TYPE integer USING mmdb AS
	OPERATOR 1 <*>(integer, integer) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 test_metric_distance(integer, integer),
	FUNCTION 2 test_metric_other_version(internal);
CREATE FUNCTION test_metric_smaller(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION test_metric_smaller(internal) IS 'metric support';
CREATE OPERATOR CLASS test_metric_smaller_ops FOR TYPE integer USING mmdb AS
	OPERATOR 1 <*>(integer, integer) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 test_metric_distance(integer, integer),
	FUNCTION 2 test_metric_smaller(internal);
CREATE FUNCTION test_metric_first(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION test_metric_first(internal) IS 'metric support';
CREATE OPERATOR CLASS test_metric_first_ops FOR TYPE integer USING mmdb AS
	OPERATOR 1 <*>(integer, integer) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 test_metric_distance(integer, integer),
	FUNCTION 2 test_metric_first(internal);
CREATE FUNCTION test_metric_larger(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION test_metric_larger(internal) IS 'metric support';
CREATE OPERATOR CLASS test_metric_larger_ops FOR TYPE integer USING mmdb AS
	OPERATOR 1 <*>(integer, integer) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 test_metric_distance(integer, integer),
	FUNCTION 2 test_metric_larger(internal);
CREATE FUNCTION test_metric_no_distance(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION test_metric_no_distance(internal) IS 'metric support';
CREATE OPERATOR CLASS test_metric_no_distance_ops FOR TYPE integer USING mmdb AS
	OPERATOR 1 <*>(integer, integer) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 test_metric_distance(integer, integer),
	FUNCTION 2 test_metric_no_distance(internal);
CREATE FUNCTION test_metric_no_coordinates(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION test_metric_no_coordinates(internal) IS 'metric support';
CREATE OPERATOR CLASS test_metric_no_coordinates_ops FOR TYPE integer USING mmdb AS
	OPERATOR 1 <*>(integer, integer) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 test_metric_distance(integer, integer),
	FUNCTION 2 test_metric_no_coordinates(internal);
CREATE FUNCTION test_metric_no_sketch_bounds(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION test_metric_no_sketch_bounds(internal) IS 'metric support';
CREATE OPERATOR CLASS test_metric_no_sketch_bounds_ops FOR TYPE integer USING mmdb AS
	OPERATOR 1 <*>(integer, integer) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 test_metric_distance(integer, integer),
	FUNCTION 2 test_metric_no_sketch_bounds(internal);
CREATE FUNCTION test_metric_no_refine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION test_metric_no_refine(internal) IS 'metric support';
CREATE OPERATOR CLASS test_metric_no_refine_ops FOR TYPE integer USING mmdb AS
	OPERATOR 1 <*>(integer, integer) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 test_metric_distance(integer, integer),
	FUNCTION 2 test_metric_no_refine(internal);
CREATE FUNCTION test_metric_no_token_bound(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION test_metric_no_token_bound(internal) IS 'metric support';
CREATE OPERATOR CLASS test_metric_no_token_bound_ops FOR TYPE integer USING mmdb AS
	OPERATOR 1 <*>(integer, integer) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 test_metric_distance(integer, integer),
	FUNCTION 2 test_metric_no_token_bound(internal);
CREATE FUNCTION test_metric_many_coordinates(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION test_metric_many_coordinates(internal) IS 'metric support';
CREATE OPERATOR CLASS test_metric_many_coordinates_ops FOR TYPE integer USING mmdb AS
	OPERATOR 1 <*>(integer, integer) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 test_metric_distance(integer, integer),
	FUNCTION 2 test_metric_many_coordinates(internal);
CREATE FUNCTION test_metric_no_embedding(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION test_metric_no_embedding(internal) IS 'metric support';
CREATE OPERATOR CLASS test_metric_no_embedding_ops FOR TYPE integer USING mmdb AS
	OPERATOR 1 <*>(integer, integer) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 test_metric_distance(integer, integer),
	FUNCTION 2 test_metric_no_embedding(internal);
CREATE FUNCTION test_metric_no_triangle(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION test_metric_no_triangle(internal) IS 'metric support';
CREATE OPERATOR CLASS test_metric_no_triangle_ops FOR TYPE integer USING mmdb AS
	OPERATOR 1 <*>(integer, integer) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 test_metric_distance(integer, integer),
	FUNCTION 2 test_metric_no_triangle(internal);

CREATE FUNCTION test_metric_nan_distance(integer, integer) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION test_metric_nan_distance(integer, integer) IS 'difference; NaN for 7';
CREATE OPERATOR <*?> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = test_metric_nan_distance, COMMUTATOR = <*?>);
COMMENT ON OPERATOR <*?>(integer, integer) IS 'difference; NaN for 7';
CREATE FUNCTION test_metric_nan(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION test_metric_nan(internal) IS 'metric support';
CREATE OPERATOR CLASS test_metric_nan_ops FOR TYPE integer USING mmdb AS
	OPERATOR 1 <*?>(integer, integer) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 test_metric_nan_distance(integer, integer),
	FUNCTION 2 test_metric_nan(internal);

CREATE FUNCTION test_metric_gap_distance(int4range, int4range) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION test_metric_gap_distance(int4range, int4range) IS 'the gap between two ranges';
CREATE OPERATOR <*> (LEFTARG = int4range, RIGHTARG = int4range, FUNCTION = test_metric_gap_distance, COMMUTATOR = <*>);
COMMENT ON OPERATOR <*>(int4range, int4range) IS 'the gap between two ranges';
CREATE FUNCTION test_metric_gap(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION test_metric_gap(internal) IS 'metric support';
CREATE OPERATOR CLASS test_metric_gap_ops FOR TYPE int4range USING mmdb AS
	OPERATOR 1 <*>(int4range, int4range) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 test_metric_gap_distance(int4range, int4range),
	FUNCTION 2 test_metric_gap(internal);
