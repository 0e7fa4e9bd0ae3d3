-- The type mmvector.

CREATE TYPE mmvector;

CREATE FUNCTION mmvector_in(cstring, oid, integer) RETURNS mmvector
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmvector_in(cstring, oid, integer) IS 'I/O';
CREATE FUNCTION mmvector_out(mmvector) RETURNS cstring
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmvector_out(mmvector) IS 'I/O';
CREATE FUNCTION mmvector_recv(internal, oid, integer) RETURNS mmvector
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmvector_recv(internal, oid, integer) IS 'I/O';
CREATE FUNCTION mmvector_send(mmvector) RETURNS bytea
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmvector_send(mmvector) IS 'I/O';
CREATE FUNCTION mmvector_typmod_in(cstring[]) RETURNS integer
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmvector_typmod_in(cstring[]) IS 'I/O typmod';

-- External storage: float4 components do not compress, so do not try.
CREATE TYPE mmvector (
	INPUT = mmvector_in,
	OUTPUT = mmvector_out,
	RECEIVE = mmvector_recv,
	SEND = mmvector_send,
	TYPMOD_IN = mmvector_typmod_in,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = external
);
COMMENT ON TYPE mmvector IS 'vector of 1 to 16000 real components, e.g. [1,2.5,3]';

-- Casts.  To and from arrays on assignment only: both sides have distance
-- operators, and an implicit cast would silently choose between them.

CREATE FUNCTION mmvector(mmvector, integer, boolean) RETURNS mmvector
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmvector_enforce_typmod';
COMMENT ON FUNCTION mmvector(mmvector, integer, boolean) IS 'check the number of dimensions';
CREATE FUNCTION mmvector(smallint[], integer, boolean) RETURNS mmvector
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmvector_from_array';
COMMENT ON FUNCTION mmvector(smallint[], integer, boolean) IS 'convert smallint[] to mmvector';
CREATE FUNCTION mmvector(integer[], integer, boolean) RETURNS mmvector
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmvector_from_array';
COMMENT ON FUNCTION mmvector(integer[], integer, boolean) IS 'convert integer[] to mmvector';
CREATE FUNCTION mmvector(bigint[], integer, boolean) RETURNS mmvector
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmvector_from_array';
COMMENT ON FUNCTION mmvector(bigint[], integer, boolean) IS 'convert bigint[] to mmvector';
CREATE FUNCTION mmvector(real[], integer, boolean) RETURNS mmvector
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmvector_from_array';
COMMENT ON FUNCTION mmvector(real[], integer, boolean) IS 'convert real[] to mmvector';
CREATE FUNCTION mmvector(double precision[], integer, boolean) RETURNS mmvector
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmvector_from_array';
COMMENT ON FUNCTION mmvector(double precision[], integer, boolean) IS 'convert double precision[] to mmvector';
CREATE FUNCTION mmvector(numeric[], integer, boolean) RETURNS mmvector
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmvector_from_array';
COMMENT ON FUNCTION mmvector(numeric[], integer, boolean) IS 'convert numeric[] to mmvector';
CREATE FUNCTION mmvector_to_real(mmvector) RETURNS real[]
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmvector_to_float4_array';
COMMENT ON FUNCTION mmvector_to_real(mmvector) IS 'convert mmvector to real[]';
CREATE FUNCTION mmvector_to_double(mmvector) RETURNS double precision[]
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmvector_to_float8_array';
COMMENT ON FUNCTION mmvector_to_double(mmvector) IS 'convert mmvector to double precision[]';
CREATE FUNCTION mmvector_to_integer(mmvector) RETURNS integer[]
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmvector_to_int4_array';
COMMENT ON FUNCTION mmvector_to_integer(mmvector) IS 'convert mmvector to integer[], rounding';

CREATE CAST (mmvector AS mmvector)
	WITH FUNCTION mmvector(mmvector, integer, boolean) AS IMPLICIT;
CREATE CAST (smallint[] AS mmvector)
	WITH FUNCTION mmvector(smallint[], integer, boolean) AS ASSIGNMENT;
CREATE CAST (integer[] AS mmvector)
	WITH FUNCTION mmvector(integer[], integer, boolean) AS ASSIGNMENT;
CREATE CAST (bigint[] AS mmvector)
	WITH FUNCTION mmvector(bigint[], integer, boolean) AS ASSIGNMENT;
CREATE CAST (real[] AS mmvector)
	WITH FUNCTION mmvector(real[], integer, boolean) AS ASSIGNMENT;
CREATE CAST (double precision[] AS mmvector)
	WITH FUNCTION mmvector(double precision[], integer, boolean) AS ASSIGNMENT;
CREATE CAST (numeric[] AS mmvector)
	WITH FUNCTION mmvector(numeric[], integer, boolean) AS ASSIGNMENT;
CREATE CAST (mmvector AS real[])
	WITH FUNCTION mmvector_to_real(mmvector) AS ASSIGNMENT;
CREATE CAST (mmvector AS double precision[])
	WITH FUNCTION mmvector_to_double(mmvector) AS ASSIGNMENT;
CREATE CAST (mmvector AS integer[])
	WITH FUNCTION mmvector_to_integer(mmvector) AS ASSIGNMENT;

-- Order and hashing.

CREATE FUNCTION mmvector_lt(mmvector, mmvector) RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmvector_lt(mmvector, mmvector) IS 'implementation of < operator';
CREATE FUNCTION mmvector_le(mmvector, mmvector) RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmvector_le(mmvector, mmvector) IS 'implementation of <= operator';
CREATE FUNCTION mmvector_eq(mmvector, mmvector) RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmvector_eq(mmvector, mmvector) IS 'implementation of = operator';
CREATE FUNCTION mmvector_ne(mmvector, mmvector) RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmvector_ne(mmvector, mmvector) IS 'implementation of <> operator';
CREATE FUNCTION mmvector_ge(mmvector, mmvector) RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmvector_ge(mmvector, mmvector) IS 'implementation of >= operator';
CREATE FUNCTION mmvector_gt(mmvector, mmvector) RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmvector_gt(mmvector, mmvector) IS 'implementation of > operator';
CREATE FUNCTION mmvector_cmp(mmvector, mmvector) RETURNS integer
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmvector_cmp(mmvector, mmvector) IS 'less-equal-greater';
CREATE FUNCTION mmvector_hash(mmvector) RETURNS integer
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmvector_hash(mmvector) IS 'hash';
CREATE FUNCTION mmvector_hash_extended(mmvector, bigint) RETURNS bigint
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmvector_hash_extended(mmvector, bigint) IS 'hash';

CREATE OPERATOR < (
	LEFTARG = mmvector, RIGHTARG = mmvector, FUNCTION = mmvector_lt,
	COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR <= (
	LEFTARG = mmvector, RIGHTARG = mmvector, FUNCTION = mmvector_le,
	COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR = (
	LEFTARG = mmvector, RIGHTARG = mmvector, FUNCTION = mmvector_eq,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR <> (
	LEFTARG = mmvector, RIGHTARG = mmvector, FUNCTION = mmvector_ne,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR >= (
	LEFTARG = mmvector, RIGHTARG = mmvector, FUNCTION = mmvector_ge,
	COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR > (
	LEFTARG = mmvector, RIGHTARG = mmvector, FUNCTION = mmvector_gt,
	COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
COMMENT ON OPERATOR <(mmvector, mmvector) IS 'less than';
COMMENT ON OPERATOR <=(mmvector, mmvector) IS 'less than or equal';
COMMENT ON OPERATOR =(mmvector, mmvector) IS 'equal';
COMMENT ON OPERATOR <>(mmvector, mmvector) IS 'not equal';
COMMENT ON OPERATOR >=(mmvector, mmvector) IS 'greater than or equal';
COMMENT ON OPERATOR >(mmvector, mmvector) IS 'greater than';

CREATE OPERATOR CLASS mmvector_ops DEFAULT FOR TYPE mmvector USING btree AS
	OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
	FUNCTION 1 mmvector_cmp(mmvector, mmvector);
CREATE OPERATOR CLASS mmvector_ops DEFAULT FOR TYPE mmvector USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 mmvector_hash(mmvector),
	FUNCTION 2 mmvector_hash_extended(mmvector, bigint);

-- What users call.

CREATE FUNCTION mm_dims(mmvector) RETURNS integer
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmvector_dims';
COMMENT ON FUNCTION mm_dims(mmvector) IS 'number of dimensions';
CREATE FUNCTION mm_norm(mmvector) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmvector_norm';
COMMENT ON FUNCTION mm_norm(mmvector) IS 'Euclidean length';
CREATE FUNCTION mm_normalize(mmvector) RETURNS mmvector
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mmvector_normalize';
COMMENT ON FUNCTION mm_normalize(mmvector) IS 'vector of length 1 in the same direction; the zero vector stays zero';
CREATE FUNCTION mmvector_add(mmvector, mmvector) RETURNS mmvector
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmvector_add(mmvector, mmvector) IS 'implementation of + operator';
CREATE FUNCTION mmvector_sub(mmvector, mmvector) RETURNS mmvector
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmvector_sub(mmvector, mmvector) IS 'implementation of - operator';
CREATE FUNCTION mmvector_mul(mmvector, mmvector) RETURNS mmvector
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmvector_mul(mmvector, mmvector) IS 'implementation of * operator';

CREATE OPERATOR + (LEFTARG = mmvector, RIGHTARG = mmvector, FUNCTION = mmvector_add, COMMUTATOR = +);
CREATE OPERATOR - (LEFTARG = mmvector, RIGHTARG = mmvector, FUNCTION = mmvector_sub);
CREATE OPERATOR * (LEFTARG = mmvector, RIGHTARG = mmvector, FUNCTION = mmvector_mul, COMMUTATOR = *);
COMMENT ON OPERATOR +(mmvector, mmvector) IS 'add component by component';
COMMENT ON OPERATOR -(mmvector, mmvector) IS 'subtract component by component';
COMMENT ON OPERATOR *(mmvector, mmvector) IS 'multiply component by component';

CREATE FUNCTION mmvector_accum(internal, mmvector) RETURNS internal
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmvector_accum(internal, mmvector) IS 'aggregate transition function';
CREATE FUNCTION mmvector_combine(internal, internal) RETURNS internal
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmvector_combine(internal, internal) IS 'aggregate combine function';
CREATE FUNCTION mmvector_serialize(internal) RETURNS bytea
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmvector_serialize(internal) IS 'aggregate serial function';
CREATE FUNCTION mmvector_deserialize(bytea, internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmvector_deserialize(bytea, internal) IS 'aggregate deserial function';
CREATE FUNCTION mmvector_sum_final(internal) RETURNS mmvector
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmvector_sum_final(internal) IS 'aggregate final function';
CREATE FUNCTION mmvector_avg_final(internal) RETURNS mmvector
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmvector_avg_final(internal) IS 'aggregate final function';

CREATE AGGREGATE sum(mmvector) (
	SFUNC = mmvector_accum, STYPE = internal, FINALFUNC = mmvector_sum_final,
	COMBINEFUNC = mmvector_combine, SERIALFUNC = mmvector_serialize,
	DESERIALFUNC = mmvector_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE sum(mmvector) IS 'sum component by component';
CREATE AGGREGATE avg(mmvector) (
	SFUNC = mmvector_accum, STYPE = internal, FINALFUNC = mmvector_avg_final,
	COMBINEFUNC = mmvector_combine, SERIALFUNC = mmvector_serialize,
	DESERIALFUNC = mmvector_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE avg(mmvector) IS 'mean component by component';
