-- The bridge to pgvector: operator classes of mmdb with pgvector's operators.

CREATE FUNCTION mmdb_vector_l2_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmdb_vector_vector_l2_routine';
COMMENT ON FUNCTION mmdb_vector_l2_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS vector_l2_ops DEFAULT FOR TYPE vector USING mmdb AS
	OPERATOR 1 <->(vector, vector) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 l2_distance(vector, vector),
	FUNCTION 2 mmdb_vector_l2_routine(internal);

CREATE FUNCTION mmdb_vector_l1_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmdb_vector_vector_l1_routine';
COMMENT ON FUNCTION mmdb_vector_l1_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS vector_l1_ops FOR TYPE vector USING mmdb AS
	OPERATOR 1 <+>(vector, vector) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 l1_distance(vector, vector),
	FUNCTION 2 mmdb_vector_l1_routine(internal);

CREATE FUNCTION mmdb_vector_cosine_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmdb_vector_vector_cosine_routine';
COMMENT ON FUNCTION mmdb_vector_cosine_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS vector_cosine_ops FOR TYPE vector USING mmdb AS
	OPERATOR 1 <=>(vector, vector) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 cosine_distance(vector, vector),
	FUNCTION 2 mmdb_vector_cosine_routine(internal);

CREATE FUNCTION mmdb_halfvec_l2_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmdb_vector_halfvec_l2_routine';
COMMENT ON FUNCTION mmdb_halfvec_l2_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS halfvec_l2_ops DEFAULT FOR TYPE halfvec USING mmdb AS
	OPERATOR 1 <->(halfvec, halfvec) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 l2_distance(halfvec, halfvec),
	FUNCTION 2 mmdb_halfvec_l2_routine(internal);

CREATE FUNCTION mmdb_halfvec_l1_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmdb_vector_halfvec_l1_routine';
COMMENT ON FUNCTION mmdb_halfvec_l1_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS halfvec_l1_ops FOR TYPE halfvec USING mmdb AS
	OPERATOR 1 <+>(halfvec, halfvec) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 l1_distance(halfvec, halfvec),
	FUNCTION 2 mmdb_halfvec_l1_routine(internal);

CREATE FUNCTION mmdb_halfvec_cosine_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmdb_vector_halfvec_cosine_routine';
COMMENT ON FUNCTION mmdb_halfvec_cosine_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS halfvec_cosine_ops FOR TYPE halfvec USING mmdb AS
	OPERATOR 1 <=>(halfvec, halfvec) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 cosine_distance(halfvec, halfvec),
	FUNCTION 2 mmdb_halfvec_cosine_routine(internal);

CREATE FUNCTION mmdb_sparsevec_l2_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmdb_vector_sparsevec_l2_routine';
COMMENT ON FUNCTION mmdb_sparsevec_l2_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS sparsevec_l2_ops DEFAULT FOR TYPE sparsevec USING mmdb AS
	OPERATOR 1 <->(sparsevec, sparsevec) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 l2_distance(sparsevec, sparsevec),
	FUNCTION 2 mmdb_sparsevec_l2_routine(internal);

CREATE FUNCTION mmdb_sparsevec_l1_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmdb_vector_sparsevec_l1_routine';
COMMENT ON FUNCTION mmdb_sparsevec_l1_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS sparsevec_l1_ops FOR TYPE sparsevec USING mmdb AS
	OPERATOR 1 <+>(sparsevec, sparsevec) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 l1_distance(sparsevec, sparsevec),
	FUNCTION 2 mmdb_sparsevec_l1_routine(internal);

CREATE FUNCTION mmdb_sparsevec_cosine_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmdb_vector_sparsevec_cosine_routine';
COMMENT ON FUNCTION mmdb_sparsevec_cosine_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS sparsevec_cosine_ops FOR TYPE sparsevec USING mmdb AS
	OPERATOR 1 <=>(sparsevec, sparsevec) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 cosine_distance(sparsevec, sparsevec),
	FUNCTION 2 mmdb_sparsevec_cosine_routine(internal);

-- The Hamming distance of both extensions has the same bits.
CREATE OPERATOR CLASS bit_vector_hamming_ops FOR TYPE bit USING mmdb AS
	OPERATOR 1 <~>(bit, bit) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 hamming_distance(bit, bit),
	FUNCTION 2 mm_bit_hamming_routine(internal);

CREATE FUNCTION mmdb_bit_jaccard_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmdb_vector_bit_jaccard_routine';
COMMENT ON FUNCTION mmdb_bit_jaccard_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS bit_vector_jaccard_ops FOR TYPE bit USING mmdb AS
	OPERATOR 1 <%>(bit, bit) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 jaccard_distance(bit, bit),
	FUNCTION 2 mmdb_bit_jaccard_routine(internal);

CREATE FUNCTION mmvector(vector) RETURNS mmvector
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmdb_vector_to_mmvector';
COMMENT ON FUNCTION mmvector(vector) IS 'convert a vector to an mmvector';
CREATE CAST (vector AS mmvector) WITH FUNCTION mmvector(vector) AS ASSIGNMENT;

CREATE FUNCTION vector(mmvector) RETURNS vector
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmdb_vector_from_mmvector';
COMMENT ON FUNCTION vector(mmvector) IS 'convert an mmvector to a vector';
CREATE CAST (mmvector AS vector) WITH FUNCTION vector(mmvector) AS ASSIGNMENT;
