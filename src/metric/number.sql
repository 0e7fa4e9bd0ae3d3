-- Absolute difference of numbers, dates and times.

CREATE FUNCTION mm_l1_distance(smallint, smallint) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT mm_operator_support AS 'MODULE_PATHNAME', 'mm_int2_l1';
COMMENT ON FUNCTION mm_l1_distance(smallint, smallint) IS 'absolute difference';
CREATE OPERATOR <+> (LEFTARG = smallint, RIGHTARG = smallint, FUNCTION = mm_l1_distance, COMMUTATOR = <+>);
COMMENT ON OPERATOR <+>(smallint, smallint) IS 'absolute difference';
CREATE FUNCTION mm_int2_l1_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_int2_l1_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS int2_l1_ops DEFAULT FOR TYPE smallint USING mmdb AS
	OPERATOR 1 <+>(smallint, smallint) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_l1_distance(smallint, smallint),
	FUNCTION 2 mm_int2_l1_routine(internal);

CREATE FUNCTION mm_l1_distance(integer, integer) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT mm_operator_support AS 'MODULE_PATHNAME', 'mm_int4_l1';
COMMENT ON FUNCTION mm_l1_distance(integer, integer) IS 'absolute difference';
CREATE OPERATOR <+> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = mm_l1_distance, COMMUTATOR = <+>);
COMMENT ON OPERATOR <+>(integer, integer) IS 'absolute difference';
CREATE FUNCTION mm_int4_l1_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_int4_l1_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS int4_l1_ops DEFAULT FOR TYPE integer USING mmdb AS
	OPERATOR 1 <+>(integer, integer) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_l1_distance(integer, integer),
	FUNCTION 2 mm_int4_l1_routine(internal);

CREATE FUNCTION mm_l1_distance(bigint, bigint) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT mm_operator_support AS 'MODULE_PATHNAME', 'mm_int8_l1';
COMMENT ON FUNCTION mm_l1_distance(bigint, bigint) IS 'absolute difference';
CREATE OPERATOR <+> (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = mm_l1_distance, COMMUTATOR = <+>);
COMMENT ON OPERATOR <+>(bigint, bigint) IS 'absolute difference';
CREATE FUNCTION mm_int8_l1_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_int8_l1_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS int8_l1_ops DEFAULT FOR TYPE bigint USING mmdb AS
	OPERATOR 1 <+>(bigint, bigint) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_l1_distance(bigint, bigint),
	FUNCTION 2 mm_int8_l1_routine(internal);

CREATE FUNCTION mm_l1_distance(real, real) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT mm_operator_support AS 'MODULE_PATHNAME', 'mm_float4_l1';
COMMENT ON FUNCTION mm_l1_distance(real, real) IS 'absolute difference';
CREATE OPERATOR <+> (LEFTARG = real, RIGHTARG = real, FUNCTION = mm_l1_distance, COMMUTATOR = <+>);
COMMENT ON OPERATOR <+>(real, real) IS 'absolute difference';
CREATE FUNCTION mm_float4_l1_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_float4_l1_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS float4_l1_ops DEFAULT FOR TYPE real USING mmdb AS
	OPERATOR 1 <+>(real, real) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_l1_distance(real, real),
	FUNCTION 2 mm_float4_l1_routine(internal);

CREATE FUNCTION mm_l1_distance(double precision, double precision) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT mm_operator_support AS 'MODULE_PATHNAME', 'mm_float8_l1';
COMMENT ON FUNCTION mm_l1_distance(double precision, double precision) IS 'absolute difference';
CREATE OPERATOR <+> (LEFTARG = double precision, RIGHTARG = double precision, FUNCTION = mm_l1_distance, COMMUTATOR = <+>);
COMMENT ON OPERATOR <+>(double precision, double precision) IS 'absolute difference';
CREATE FUNCTION mm_float8_l1_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_float8_l1_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS float8_l1_ops DEFAULT FOR TYPE double precision USING mmdb AS
	OPERATOR 1 <+>(double precision, double precision) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_l1_distance(double precision, double precision),
	FUNCTION 2 mm_float8_l1_routine(internal);

CREATE FUNCTION mm_l1_distance(numeric, numeric) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 SUPPORT mm_operator_support AS 'MODULE_PATHNAME', 'mm_numeric_l1';
COMMENT ON FUNCTION mm_l1_distance(numeric, numeric) IS 'absolute difference';
CREATE OPERATOR <+> (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = mm_l1_distance, COMMUTATOR = <+>);
COMMENT ON OPERATOR <+>(numeric, numeric) IS 'absolute difference';
CREATE FUNCTION mm_numeric_l1_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_numeric_l1_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS numeric_l1_ops DEFAULT FOR TYPE numeric USING mmdb AS
	OPERATOR 1 <+>(numeric, numeric) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_l1_distance(numeric, numeric),
	FUNCTION 2 mm_numeric_l1_routine(internal);

CREATE FUNCTION mm_l1_distance(date, date) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT mm_operator_support AS 'MODULE_PATHNAME', 'mm_date_l1';
COMMENT ON FUNCTION mm_l1_distance(date, date) IS 'absolute difference in days';
CREATE OPERATOR <+> (LEFTARG = date, RIGHTARG = date, FUNCTION = mm_l1_distance, COMMUTATOR = <+>);
COMMENT ON OPERATOR <+>(date, date) IS 'absolute difference in days';
CREATE FUNCTION mm_date_l1_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_date_l1_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS date_l1_ops DEFAULT FOR TYPE date USING mmdb AS
	OPERATOR 1 <+>(date, date) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_l1_distance(date, date),
	FUNCTION 2 mm_date_l1_routine(internal);

CREATE FUNCTION mm_l1_distance(timestamp, timestamp) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT mm_operator_support AS 'MODULE_PATHNAME', 'mm_timestamp_l1';
COMMENT ON FUNCTION mm_l1_distance(timestamp, timestamp) IS 'absolute difference in seconds';
CREATE OPERATOR <+> (LEFTARG = timestamp, RIGHTARG = timestamp, FUNCTION = mm_l1_distance, COMMUTATOR = <+>);
COMMENT ON OPERATOR <+>(timestamp, timestamp) IS 'absolute difference in seconds';
CREATE FUNCTION mm_timestamp_l1_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_timestamp_l1_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS timestamp_l1_ops DEFAULT FOR TYPE timestamp USING mmdb AS
	OPERATOR 1 <+>(timestamp, timestamp) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_l1_distance(timestamp, timestamp),
	FUNCTION 2 mm_timestamp_l1_routine(internal);

CREATE FUNCTION mm_l1_distance(timestamptz, timestamptz) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT mm_operator_support AS 'MODULE_PATHNAME', 'mm_timestamp_l1';
COMMENT ON FUNCTION mm_l1_distance(timestamptz, timestamptz) IS 'absolute difference in seconds';
CREATE OPERATOR <+> (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = mm_l1_distance, COMMUTATOR = <+>);
COMMENT ON OPERATOR <+>(timestamptz, timestamptz) IS 'absolute difference in seconds';
CREATE OPERATOR CLASS timestamptz_l1_ops DEFAULT FOR TYPE timestamptz USING mmdb AS
	OPERATOR 1 <+>(timestamptz, timestamptz) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_l1_distance(timestamptz, timestamptz),
	FUNCTION 2 mm_timestamp_l1_routine(internal);

CREATE FUNCTION mm_l1_distance(interval, interval) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT mm_operator_support AS 'MODULE_PATHNAME', 'mm_interval_l1';
COMMENT ON FUNCTION mm_l1_distance(interval, interval) IS 'absolute difference in seconds';
CREATE OPERATOR <+> (LEFTARG = interval, RIGHTARG = interval, FUNCTION = mm_l1_distance, COMMUTATOR = <+>);
COMMENT ON OPERATOR <+>(interval, interval) IS 'absolute difference in seconds';
CREATE FUNCTION mm_interval_l1_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_interval_l1_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS interval_l1_ops DEFAULT FOR TYPE interval USING mmdb AS
	OPERATOR 1 <+>(interval, interval) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_l1_distance(interval, interval),
	FUNCTION 2 mm_interval_l1_routine(internal);
