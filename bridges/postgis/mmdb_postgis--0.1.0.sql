-- The bridge to PostGIS: operator classes of mmdb with PostGIS's operators.

CREATE FUNCTION mmdb_geometry_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmdb_postgis_geometry_routine';
COMMENT ON FUNCTION mmdb_geometry_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS geometry_distance_ops DEFAULT FOR TYPE geometry USING mmdb AS
	OPERATOR 1 <->(geometry, geometry) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 geometry_distance_centroid(geometry, geometry),
	FUNCTION 2 mmdb_geometry_routine(internal);

CREATE FUNCTION mmdb_geography_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmdb_postgis_geography_routine';
COMMENT ON FUNCTION mmdb_geography_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS geography_distance_ops DEFAULT FOR TYPE geography USING mmdb AS
	OPERATOR 1 <->(geography, geography) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 geography_distance_knn(geography, geography),
	FUNCTION 2 mmdb_geography_routine(internal);
