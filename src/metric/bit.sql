-- Metrics of bit strings; bit varying uses them, too.

CREATE FUNCTION mm_hamming_distance(bit, bit) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5 SUPPORT mm_distance_support AS 'MODULE_PATHNAME', 'mm_bit_hamming';
COMMENT ON FUNCTION mm_hamming_distance(bit, bit) IS 'Hamming distance: number of positions that differ';
CREATE OPERATOR <^> (LEFTARG = bit, RIGHTARG = bit, FUNCTION = mm_hamming_distance, COMMUTATOR = <^>);
COMMENT ON OPERATOR <^>(bit, bit) IS 'Hamming distance: number of positions that differ';
CREATE FUNCTION mm_bit_hamming_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_bit_hamming_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS bit_hamming_ops DEFAULT FOR TYPE bit USING mmdb AS
	OPERATOR 1 <^>(bit, bit) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_hamming_distance(bit, bit),
	FUNCTION 2 mm_bit_hamming_routine(internal);

CREATE FUNCTION mm_jaccard_distance(bit, bit) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5 SUPPORT mm_distance_support AS 'MODULE_PATHNAME', 'mm_bit_jaccard';
COMMENT ON FUNCTION mm_jaccard_distance(bit, bit) IS 'Jaccard distance of the sets of one bits';
CREATE OPERATOR <&> (LEFTARG = bit, RIGHTARG = bit, FUNCTION = mm_jaccard_distance, COMMUTATOR = <&>);
COMMENT ON OPERATOR <&>(bit, bit) IS 'Jaccard distance of the sets of one bits';
CREATE OPERATOR <%%> (LEFTARG = bit, RIGHTARG = bit, FUNCTION = mm_jaccard_distance, COMMUTATOR = <%%>);
COMMENT ON OPERATOR <%%>(bit, bit) IS 'deprecated name of <&>';
CREATE FUNCTION mm_bit_jaccard_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_bit_jaccard_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS bit_jaccard_ops FOR TYPE bit USING mmdb AS
	OPERATOR 1 <&>(bit, bit) FOR ORDER BY pg_catalog.float_ops,
	OPERATOR 3 <%%>(bit, bit) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_jaccard_distance(bit, bit),
	FUNCTION 2 mm_bit_jaccard_routine(internal);
