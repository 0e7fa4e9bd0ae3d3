-- Metrics of point.  L2 is the built-in operator.

CREATE FUNCTION mm_point_l2_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_point_l2_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS point_l2_ops DEFAULT FOR TYPE point USING mmdb AS
	OPERATOR 1 pg_catalog.<->(point, point) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 pg_catalog.point_distance(point, point),
	FUNCTION 2 mm_point_l2_routine(internal);

CREATE FUNCTION mm_l1_distance(point, point) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT mm_operator_support AS 'MODULE_PATHNAME', 'mm_point_l1';
COMMENT ON FUNCTION mm_l1_distance(point, point) IS 'L1 distance';
CREATE OPERATOR <+> (LEFTARG = point, RIGHTARG = point, FUNCTION = mm_l1_distance, COMMUTATOR = <+>);
COMMENT ON OPERATOR <+>(point, point) IS 'L1 distance';
CREATE FUNCTION mm_point_l1_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_point_l1_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS point_l1_ops FOR TYPE point USING mmdb AS
	OPERATOR 1 <+>(point, point) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_l1_distance(point, point),
	FUNCTION 2 mm_point_l1_routine(internal);

CREATE FUNCTION mm_geo_distance(point, point) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 15 SUPPORT mm_operator_support AS 'MODULE_PATHNAME', 'mm_point_geo';
COMMENT ON FUNCTION mm_geo_distance(point, point) IS 'great circle distance in metres of points (longitude, latitude)';
CREATE OPERATOR <@@> (LEFTARG = point, RIGHTARG = point, FUNCTION = mm_geo_distance, COMMUTATOR = <@@>);
COMMENT ON OPERATOR <@@>(point, point) IS 'great circle distance in metres of points (longitude, latitude)';
CREATE FUNCTION mm_point_geo_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_point_geo_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS point_geo_ops FOR TYPE point USING mmdb AS
	OPERATOR 1 <@@>(point, point) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_geo_distance(point, point),
	FUNCTION 2 mm_point_geo_routine(internal);
