-- Jaccard distance of arrays, taken as sets.
--
-- The operator has two names.  In programs, the per cent sign of the older one may
-- be taken for a placeholder.

CREATE FUNCTION mm_jaccard_distance(text[], text[]) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 SUPPORT mm_distance_support AS 'MODULE_PATHNAME', 'mm_array_jaccard';
COMMENT ON FUNCTION mm_jaccard_distance(text[], text[]) IS 'Jaccard distance of the sets of elements';
CREATE OPERATOR <&> (LEFTARG = text[], RIGHTARG = text[], FUNCTION = mm_jaccard_distance, COMMUTATOR = <&>);
COMMENT ON OPERATOR <&>(text[], text[]) IS 'Jaccard distance of the sets of elements';
CREATE OPERATOR <%> (LEFTARG = text[], RIGHTARG = text[], FUNCTION = mm_jaccard_distance, COMMUTATOR = <%>);
COMMENT ON OPERATOR <%>(text[], text[]) IS 'deprecated name of <&>';
CREATE FUNCTION mm_array_jaccard_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_array_jaccard_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS text_array_jaccard_ops DEFAULT FOR TYPE text[] USING mmdb AS
	OPERATOR 1 <&>(text[], text[]) FOR ORDER BY pg_catalog.float_ops,
	OPERATOR 3 <%>(text[], text[]) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_jaccard_distance(text[], text[]),
	FUNCTION 2 mm_array_jaccard_routine(internal);

CREATE FUNCTION mm_jaccard_distance(integer[], integer[]) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 SUPPORT mm_distance_support AS 'MODULE_PATHNAME', 'mm_array_jaccard';
COMMENT ON FUNCTION mm_jaccard_distance(integer[], integer[]) IS 'Jaccard distance of the sets of elements';
CREATE OPERATOR <&> (LEFTARG = integer[], RIGHTARG = integer[], FUNCTION = mm_jaccard_distance, COMMUTATOR = <&>);
COMMENT ON OPERATOR <&>(integer[], integer[]) IS 'Jaccard distance of the sets of elements';
CREATE OPERATOR <%> (LEFTARG = integer[], RIGHTARG = integer[], FUNCTION = mm_jaccard_distance, COMMUTATOR = <%>);
COMMENT ON OPERATOR <%>(integer[], integer[]) IS 'deprecated name of <&>';
CREATE OPERATOR CLASS int4_array_jaccard_ops DEFAULT FOR TYPE integer[] USING mmdb AS
	OPERATOR 1 <&>(integer[], integer[]) FOR ORDER BY pg_catalog.float_ops,
	OPERATOR 3 <%>(integer[], integer[]) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_jaccard_distance(integer[], integer[]),
	FUNCTION 2 mm_array_jaccard_routine(internal);

CREATE FUNCTION mm_jaccard_distance(bigint[], bigint[]) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 SUPPORT mm_distance_support AS 'MODULE_PATHNAME', 'mm_array_jaccard';
COMMENT ON FUNCTION mm_jaccard_distance(bigint[], bigint[]) IS 'Jaccard distance of the sets of elements';
CREATE OPERATOR <&> (LEFTARG = bigint[], RIGHTARG = bigint[], FUNCTION = mm_jaccard_distance, COMMUTATOR = <&>);
COMMENT ON OPERATOR <&>(bigint[], bigint[]) IS 'Jaccard distance of the sets of elements';
CREATE OPERATOR <%> (LEFTARG = bigint[], RIGHTARG = bigint[], FUNCTION = mm_jaccard_distance, COMMUTATOR = <%>);
COMMENT ON OPERATOR <%>(bigint[], bigint[]) IS 'deprecated name of <&>';
CREATE OPERATOR CLASS int8_array_jaccard_ops DEFAULT FOR TYPE bigint[] USING mmdb AS
	OPERATOR 1 <&>(bigint[], bigint[]) FOR ORDER BY pg_catalog.float_ops,
	OPERATOR 3 <%>(bigint[], bigint[]) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_jaccard_distance(bigint[], bigint[]),
	FUNCTION 2 mm_array_jaccard_routine(internal);

CREATE FUNCTION mm_jaccard_distance(uuid[], uuid[]) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 SUPPORT mm_distance_support AS 'MODULE_PATHNAME', 'mm_array_jaccard';
COMMENT ON FUNCTION mm_jaccard_distance(uuid[], uuid[]) IS 'Jaccard distance of the sets of elements';
CREATE OPERATOR <&> (LEFTARG = uuid[], RIGHTARG = uuid[], FUNCTION = mm_jaccard_distance, COMMUTATOR = <&>);
COMMENT ON OPERATOR <&>(uuid[], uuid[]) IS 'Jaccard distance of the sets of elements';
CREATE OPERATOR CLASS uuid_array_jaccard_ops DEFAULT FOR TYPE uuid[] USING mmdb AS
	OPERATOR 1 <&>(uuid[], uuid[]) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_jaccard_distance(uuid[], uuid[]),
	FUNCTION 2 mm_array_jaccard_routine(internal);

-- varchar[] is compared as text[], by the operator of that.  The one that its class
-- needs is out of the way: an operator beside the other would make the choice
-- between them ambiguous where a varchar[] is compared with a text[].
CREATE FUNCTION mmdb.jaccard_distance(varchar[], varchar[]) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 SUPPORT mm_distance_support AS 'MODULE_PATHNAME', 'mm_array_jaccard';
COMMENT ON FUNCTION mmdb.jaccard_distance(varchar[], varchar[]) IS 'Jaccard distance of the sets of elements';
CREATE OPERATOR mmdb.<&> (LEFTARG = varchar[], RIGHTARG = varchar[], FUNCTION = mmdb.jaccard_distance,
	COMMUTATOR = OPERATOR(mmdb.<&>));
COMMENT ON OPERATOR mmdb.<&>(varchar[], varchar[]) IS 'Jaccard distance of the sets of elements';
CREATE OPERATOR CLASS varchar_array_jaccard_ops DEFAULT FOR TYPE varchar[] USING mmdb FAMILY text_array_jaccard_ops AS
	OPERATOR 1 mmdb.<&>(varchar[], varchar[]) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mmdb.jaccard_distance(varchar[], varchar[]),
	FUNCTION 2 mm_array_jaccard_routine(internal);
