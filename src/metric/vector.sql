-- Metrics of vectors.

CREATE FUNCTION mm_l2_distance(mmvector, mmvector) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20 SUPPORT mm_distance_support AS 'MODULE_PATHNAME', 'mm_mmvector_l2';
COMMENT ON FUNCTION mm_l2_distance(mmvector, mmvector) IS 'Euclidean (L2) distance';
CREATE OPERATOR <-> (LEFTARG = mmvector, RIGHTARG = mmvector, FUNCTION = mm_l2_distance, COMMUTATOR = <->);
COMMENT ON OPERATOR <->(mmvector, mmvector) IS 'Euclidean (L2) distance';
CREATE FUNCTION mm_mmvector_l2_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_mmvector_l2_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS mmvector_l2_ops DEFAULT FOR TYPE mmvector USING mmdb AS
	OPERATOR 1 <->(mmvector, mmvector) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_l2_distance(mmvector, mmvector),
	FUNCTION 2 mm_mmvector_l2_routine(internal);

CREATE FUNCTION mm_l1_distance(mmvector, mmvector) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20 SUPPORT mm_distance_support AS 'MODULE_PATHNAME', 'mm_mmvector_l1';
COMMENT ON FUNCTION mm_l1_distance(mmvector, mmvector) IS 'L1 distance';
CREATE OPERATOR <+> (LEFTARG = mmvector, RIGHTARG = mmvector, FUNCTION = mm_l1_distance, COMMUTATOR = <+>);
COMMENT ON OPERATOR <+>(mmvector, mmvector) IS 'L1 distance';
CREATE FUNCTION mm_mmvector_l1_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_mmvector_l1_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS mmvector_l1_ops FOR TYPE mmvector USING mmdb AS
	OPERATOR 1 <+>(mmvector, mmvector) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_l1_distance(mmvector, mmvector),
	FUNCTION 2 mm_mmvector_l1_routine(internal);

CREATE FUNCTION mm_linf_distance(mmvector, mmvector) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20 SUPPORT mm_distance_support AS 'MODULE_PATHNAME', 'mm_mmvector_linf';
COMMENT ON FUNCTION mm_linf_distance(mmvector, mmvector) IS 'L-infinity distance: largest difference of two components';
CREATE OPERATOR <*> (LEFTARG = mmvector, RIGHTARG = mmvector, FUNCTION = mm_linf_distance, COMMUTATOR = <*>);
COMMENT ON OPERATOR <*>(mmvector, mmvector) IS 'L-infinity distance: largest difference of two components';
CREATE FUNCTION mm_mmvector_linf_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_mmvector_linf_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS mmvector_linf_ops FOR TYPE mmvector USING mmdb AS
	OPERATOR 1 <*>(mmvector, mmvector) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_linf_distance(mmvector, mmvector),
	FUNCTION 2 mm_mmvector_linf_routine(internal);

CREATE FUNCTION mm_cosine_distance(mmvector, mmvector) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20 SUPPORT mm_distance_support AS 'MODULE_PATHNAME', 'mm_mmvector_cosine';
COMMENT ON FUNCTION mm_cosine_distance(mmvector, mmvector) IS 'cosine distance: 1 - cosine of the angle';
CREATE OPERATOR <=> (LEFTARG = mmvector, RIGHTARG = mmvector, FUNCTION = mm_cosine_distance, COMMUTATOR = <=>);
COMMENT ON OPERATOR <=>(mmvector, mmvector) IS 'cosine distance: 1 - cosine of the angle';
CREATE FUNCTION mm_mmvector_cosine_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_mmvector_cosine_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS mmvector_cosine_ops FOR TYPE mmvector USING mmdb AS
	OPERATOR 1 <=>(mmvector, mmvector) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_cosine_distance(mmvector, mmvector),
	FUNCTION 2 mm_mmvector_cosine_routine(internal);

CREATE FUNCTION mm_l2_distance(real[], real[]) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20 SUPPORT mm_distance_support AS 'MODULE_PATHNAME', 'mm_real_array_l2';
COMMENT ON FUNCTION mm_l2_distance(real[], real[]) IS 'Euclidean (L2) distance';
CREATE OPERATOR <-> (LEFTARG = real[], RIGHTARG = real[], FUNCTION = mm_l2_distance, COMMUTATOR = <->);
COMMENT ON OPERATOR <->(real[], real[]) IS 'Euclidean (L2) distance';
CREATE FUNCTION mm_real_array_l2_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_real_array_l2_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS real_array_l2_ops DEFAULT FOR TYPE real[] USING mmdb AS
	OPERATOR 1 <->(real[], real[]) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_l2_distance(real[], real[]),
	FUNCTION 2 mm_real_array_l2_routine(internal);

CREATE FUNCTION mm_l1_distance(real[], real[]) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20 SUPPORT mm_distance_support AS 'MODULE_PATHNAME', 'mm_real_array_l1';
COMMENT ON FUNCTION mm_l1_distance(real[], real[]) IS 'L1 distance';
CREATE OPERATOR <+> (LEFTARG = real[], RIGHTARG = real[], FUNCTION = mm_l1_distance, COMMUTATOR = <+>);
COMMENT ON OPERATOR <+>(real[], real[]) IS 'L1 distance';
CREATE FUNCTION mm_real_array_l1_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_real_array_l1_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS real_array_l1_ops FOR TYPE real[] USING mmdb AS
	OPERATOR 1 <+>(real[], real[]) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_l1_distance(real[], real[]),
	FUNCTION 2 mm_real_array_l1_routine(internal);

CREATE FUNCTION mm_linf_distance(real[], real[]) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20 SUPPORT mm_distance_support AS 'MODULE_PATHNAME', 'mm_real_array_linf';
COMMENT ON FUNCTION mm_linf_distance(real[], real[]) IS 'L-infinity distance: largest difference of two components';
CREATE OPERATOR <*> (LEFTARG = real[], RIGHTARG = real[], FUNCTION = mm_linf_distance, COMMUTATOR = <*>);
COMMENT ON OPERATOR <*>(real[], real[]) IS 'L-infinity distance: largest difference of two components';
CREATE FUNCTION mm_real_array_linf_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_real_array_linf_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS real_array_linf_ops FOR TYPE real[] USING mmdb AS
	OPERATOR 1 <*>(real[], real[]) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_linf_distance(real[], real[]),
	FUNCTION 2 mm_real_array_linf_routine(internal);

CREATE FUNCTION mm_cosine_distance(real[], real[]) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20 SUPPORT mm_distance_support AS 'MODULE_PATHNAME', 'mm_real_array_cosine';
COMMENT ON FUNCTION mm_cosine_distance(real[], real[]) IS 'cosine distance: 1 - cosine of the angle';
CREATE OPERATOR <=> (LEFTARG = real[], RIGHTARG = real[], FUNCTION = mm_cosine_distance, COMMUTATOR = <=>);
COMMENT ON OPERATOR <=>(real[], real[]) IS 'cosine distance: 1 - cosine of the angle';
CREATE FUNCTION mm_real_array_cosine_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_real_array_cosine_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS real_array_cosine_ops FOR TYPE real[] USING mmdb AS
	OPERATOR 1 <=>(real[], real[]) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_cosine_distance(real[], real[]),
	FUNCTION 2 mm_real_array_cosine_routine(internal);

CREATE FUNCTION mm_l2_distance(double precision[], double precision[]) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20 SUPPORT mm_distance_support AS 'MODULE_PATHNAME', 'mm_double_array_l2';
COMMENT ON FUNCTION mm_l2_distance(double precision[], double precision[]) IS 'Euclidean (L2) distance';
CREATE OPERATOR <-> (LEFTARG = double precision[], RIGHTARG = double precision[], FUNCTION = mm_l2_distance, COMMUTATOR = <->);
COMMENT ON OPERATOR <->(double precision[], double precision[]) IS 'Euclidean (L2) distance';
CREATE FUNCTION mm_double_array_l2_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_double_array_l2_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS double_array_l2_ops DEFAULT FOR TYPE double precision[] USING mmdb AS
	OPERATOR 1 <->(double precision[], double precision[]) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_l2_distance(double precision[], double precision[]),
	FUNCTION 2 mm_double_array_l2_routine(internal);

CREATE FUNCTION mm_l1_distance(double precision[], double precision[]) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20 SUPPORT mm_distance_support AS 'MODULE_PATHNAME', 'mm_double_array_l1';
COMMENT ON FUNCTION mm_l1_distance(double precision[], double precision[]) IS 'L1 distance';
CREATE OPERATOR <+> (LEFTARG = double precision[], RIGHTARG = double precision[], FUNCTION = mm_l1_distance, COMMUTATOR = <+>);
COMMENT ON OPERATOR <+>(double precision[], double precision[]) IS 'L1 distance';
CREATE FUNCTION mm_double_array_l1_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_double_array_l1_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS double_array_l1_ops FOR TYPE double precision[] USING mmdb AS
	OPERATOR 1 <+>(double precision[], double precision[]) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_l1_distance(double precision[], double precision[]),
	FUNCTION 2 mm_double_array_l1_routine(internal);

CREATE FUNCTION mm_linf_distance(double precision[], double precision[]) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20 SUPPORT mm_distance_support AS 'MODULE_PATHNAME', 'mm_double_array_linf';
COMMENT ON FUNCTION mm_linf_distance(double precision[], double precision[]) IS 'L-infinity distance: largest difference of two components';
CREATE OPERATOR <*> (LEFTARG = double precision[], RIGHTARG = double precision[], FUNCTION = mm_linf_distance, COMMUTATOR = <*>);
COMMENT ON OPERATOR <*>(double precision[], double precision[]) IS 'L-infinity distance: largest difference of two components';
CREATE FUNCTION mm_double_array_linf_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_double_array_linf_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS double_array_linf_ops FOR TYPE double precision[] USING mmdb AS
	OPERATOR 1 <*>(double precision[], double precision[]) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_linf_distance(double precision[], double precision[]),
	FUNCTION 2 mm_double_array_linf_routine(internal);

CREATE FUNCTION mm_cosine_distance(double precision[], double precision[]) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20 SUPPORT mm_distance_support AS 'MODULE_PATHNAME', 'mm_double_array_cosine';
COMMENT ON FUNCTION mm_cosine_distance(double precision[], double precision[]) IS 'cosine distance: 1 - cosine of the angle';
CREATE OPERATOR <=> (LEFTARG = double precision[], RIGHTARG = double precision[], FUNCTION = mm_cosine_distance, COMMUTATOR = <=>);
COMMENT ON OPERATOR <=>(double precision[], double precision[]) IS 'cosine distance: 1 - cosine of the angle';
CREATE FUNCTION mm_double_array_cosine_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_double_array_cosine_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS double_array_cosine_ops FOR TYPE double precision[] USING mmdb AS
	OPERATOR 1 <=>(double precision[], double precision[]) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_cosine_distance(double precision[], double precision[]),
	FUNCTION 2 mm_double_array_cosine_routine(internal);

-- Arrays of whole and of exact numbers, such as ARRAY[1, 2] and ARRAY[0.5, 2] are, are
-- compared as double precision[].  Without operators of their own, they could as well
-- be taken for real[].  (L-infinity of integer[] is left to the example of a metric of
-- one's own, in docs/metric-howto.md.)
CREATE FUNCTION mm_l2_distance(integer[], integer[]) RETURNS double precision
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 20
	RETURN mm_l2_distance($1::double precision[], $2::double precision[]);
COMMENT ON FUNCTION mm_l2_distance(integer[], integer[]) IS 'Euclidean (L2) distance';
CREATE OPERATOR <-> (LEFTARG = integer[], RIGHTARG = integer[], FUNCTION = mm_l2_distance, COMMUTATOR = <->);
COMMENT ON OPERATOR <->(integer[], integer[]) IS 'Euclidean (L2) distance';
CREATE FUNCTION mm_l1_distance(integer[], integer[]) RETURNS double precision
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 20
	RETURN mm_l1_distance($1::double precision[], $2::double precision[]);
COMMENT ON FUNCTION mm_l1_distance(integer[], integer[]) IS 'L1 distance';
CREATE OPERATOR <+> (LEFTARG = integer[], RIGHTARG = integer[], FUNCTION = mm_l1_distance, COMMUTATOR = <+>);
COMMENT ON OPERATOR <+>(integer[], integer[]) IS 'L1 distance';
CREATE FUNCTION mm_cosine_distance(integer[], integer[]) RETURNS double precision
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 20
	RETURN mm_cosine_distance($1::double precision[], $2::double precision[]);
COMMENT ON FUNCTION mm_cosine_distance(integer[], integer[]) IS 'cosine distance: 1 - cosine of the angle';
CREATE OPERATOR <=> (LEFTARG = integer[], RIGHTARG = integer[], FUNCTION = mm_cosine_distance, COMMUTATOR = <=>);
COMMENT ON OPERATOR <=>(integer[], integer[]) IS 'cosine distance: 1 - cosine of the angle';
CREATE FUNCTION mm_l2_distance(numeric[], numeric[]) RETURNS double precision
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 20
	RETURN mm_l2_distance($1::double precision[], $2::double precision[]);
COMMENT ON FUNCTION mm_l2_distance(numeric[], numeric[]) IS 'Euclidean (L2) distance';
CREATE OPERATOR <-> (LEFTARG = numeric[], RIGHTARG = numeric[], FUNCTION = mm_l2_distance, COMMUTATOR = <->);
COMMENT ON OPERATOR <->(numeric[], numeric[]) IS 'Euclidean (L2) distance';
CREATE FUNCTION mm_l1_distance(numeric[], numeric[]) RETURNS double precision
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 20
	RETURN mm_l1_distance($1::double precision[], $2::double precision[]);
COMMENT ON FUNCTION mm_l1_distance(numeric[], numeric[]) IS 'L1 distance';
CREATE OPERATOR <+> (LEFTARG = numeric[], RIGHTARG = numeric[], FUNCTION = mm_l1_distance, COMMUTATOR = <+>);
COMMENT ON OPERATOR <+>(numeric[], numeric[]) IS 'L1 distance';
CREATE FUNCTION mm_cosine_distance(numeric[], numeric[]) RETURNS double precision
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 20
	RETURN mm_cosine_distance($1::double precision[], $2::double precision[]);
COMMENT ON FUNCTION mm_cosine_distance(numeric[], numeric[]) IS 'cosine distance: 1 - cosine of the angle';
CREATE OPERATOR <=> (LEFTARG = numeric[], RIGHTARG = numeric[], FUNCTION = mm_cosine_distance, COMMUTATOR = <=>);
COMMENT ON OPERATOR <=>(numeric[], numeric[]) IS 'cosine distance: 1 - cosine of the angle';
CREATE FUNCTION mm_l2_distance(bigint[], bigint[]) RETURNS double precision
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 20
	RETURN mm_l2_distance($1::double precision[], $2::double precision[]);
COMMENT ON FUNCTION mm_l2_distance(bigint[], bigint[]) IS 'Euclidean (L2) distance';
CREATE OPERATOR <-> (LEFTARG = bigint[], RIGHTARG = bigint[], FUNCTION = mm_l2_distance, COMMUTATOR = <->);
COMMENT ON OPERATOR <->(bigint[], bigint[]) IS 'Euclidean (L2) distance';
CREATE FUNCTION mm_l1_distance(bigint[], bigint[]) RETURNS double precision
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 20
	RETURN mm_l1_distance($1::double precision[], $2::double precision[]);
COMMENT ON FUNCTION mm_l1_distance(bigint[], bigint[]) IS 'L1 distance';
CREATE OPERATOR <+> (LEFTARG = bigint[], RIGHTARG = bigint[], FUNCTION = mm_l1_distance, COMMUTATOR = <+>);
COMMENT ON OPERATOR <+>(bigint[], bigint[]) IS 'L1 distance';
CREATE FUNCTION mm_cosine_distance(bigint[], bigint[]) RETURNS double precision
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 20
	RETURN mm_cosine_distance($1::double precision[], $2::double precision[]);
COMMENT ON FUNCTION mm_cosine_distance(bigint[], bigint[]) IS 'cosine distance: 1 - cosine of the angle';
CREATE OPERATOR <=> (LEFTARG = bigint[], RIGHTARG = bigint[], FUNCTION = mm_cosine_distance, COMMUTATOR = <=>);
COMMENT ON OPERATOR <=>(bigint[], bigint[]) IS 'cosine distance: 1 - cosine of the angle';
CREATE FUNCTION mm_l2_distance(smallint[], smallint[]) RETURNS double precision
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 20
	RETURN mm_l2_distance($1::double precision[], $2::double precision[]);
COMMENT ON FUNCTION mm_l2_distance(smallint[], smallint[]) IS 'Euclidean (L2) distance';
CREATE OPERATOR <-> (LEFTARG = smallint[], RIGHTARG = smallint[], FUNCTION = mm_l2_distance, COMMUTATOR = <->);
COMMENT ON OPERATOR <->(smallint[], smallint[]) IS 'Euclidean (L2) distance';
CREATE FUNCTION mm_l1_distance(smallint[], smallint[]) RETURNS double precision
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 20
	RETURN mm_l1_distance($1::double precision[], $2::double precision[]);
COMMENT ON FUNCTION mm_l1_distance(smallint[], smallint[]) IS 'L1 distance';
CREATE OPERATOR <+> (LEFTARG = smallint[], RIGHTARG = smallint[], FUNCTION = mm_l1_distance, COMMUTATOR = <+>);
COMMENT ON OPERATOR <+>(smallint[], smallint[]) IS 'L1 distance';
CREATE FUNCTION mm_cosine_distance(smallint[], smallint[]) RETURNS double precision
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 20
	RETURN mm_cosine_distance($1::double precision[], $2::double precision[]);
COMMENT ON FUNCTION mm_cosine_distance(smallint[], smallint[]) IS 'cosine distance: 1 - cosine of the angle';
CREATE OPERATOR <=> (LEFTARG = smallint[], RIGHTARG = smallint[], FUNCTION = mm_cosine_distance, COMMUTATOR = <=>);
COMMENT ON OPERATOR <=>(smallint[], smallint[]) IS 'cosine distance: 1 - cosine of the angle';
