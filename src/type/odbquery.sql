-- The type odbquery.

CREATE TYPE odbquery;

CREATE FUNCTION odbquery_in(cstring) RETURNS odbquery
	LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION odbquery_in(cstring) IS 'I/O';
CREATE FUNCTION odbquery_out(odbquery) RETURNS cstring
	LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION odbquery_out(odbquery) IS 'I/O';
CREATE FUNCTION odbquery_recv(internal) RETURNS odbquery
	LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION odbquery_recv(internal) IS 'I/O';
CREATE FUNCTION odbquery_send(odbquery) RETURNS bytea
	LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION odbquery_send(odbquery) IS 'I/O';

CREATE TYPE odbquery (
	INPUT = odbquery_in,
	OUTPUT = odbquery_out,
	RECEIVE = odbquery_recv,
	SEND = odbquery_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE odbquery IS 'multi-metric query: object, weights, and optionally scales and radius';

CREATE FUNCTION odbquery(object record, weights double precision[],
						 scales double precision[] DEFAULT NULL)
	RETURNS odbquery
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'mm_odbquery';
COMMENT ON FUNCTION odbquery(record, double precision[], double precision[])
	IS 'query by an object and a weight for each of its components';

CREATE FUNCTION odbrange(object record, weights double precision[],
						 radius double precision,
						 scales double precision[] DEFAULT NULL)
	RETURNS odbquery
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'mm_odbrange';
COMMENT ON FUNCTION odbrange(record, double precision[], double precision, double precision[])
	IS 'query for objects within a radius of an object';

-- Equality, with an order of no meaning, and hashing.

CREATE FUNCTION odbquery_lt(odbquery, odbquery) RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION odbquery_lt(odbquery, odbquery) IS 'implementation of < operator';
CREATE FUNCTION odbquery_le(odbquery, odbquery) RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION odbquery_le(odbquery, odbquery) IS 'implementation of <= operator';
CREATE FUNCTION odbquery_eq(odbquery, odbquery) RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION odbquery_eq(odbquery, odbquery) IS 'implementation of = operator';
CREATE FUNCTION odbquery_ne(odbquery, odbquery) RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION odbquery_ne(odbquery, odbquery) IS 'implementation of <> operator';
CREATE FUNCTION odbquery_ge(odbquery, odbquery) RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION odbquery_ge(odbquery, odbquery) IS 'implementation of >= operator';
CREATE FUNCTION odbquery_gt(odbquery, odbquery) RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION odbquery_gt(odbquery, odbquery) IS 'implementation of > operator';
CREATE FUNCTION odbquery_cmp(odbquery, odbquery) RETURNS integer
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION odbquery_cmp(odbquery, odbquery) IS 'less-equal-greater';
CREATE FUNCTION odbquery_hash(odbquery) RETURNS integer
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION odbquery_hash(odbquery) IS 'hash';
CREATE FUNCTION odbquery_hash_extended(odbquery, bigint) RETURNS bigint
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION odbquery_hash_extended(odbquery, bigint) IS 'hash';

CREATE OPERATOR < (
	LEFTARG = odbquery, RIGHTARG = odbquery, FUNCTION = odbquery_lt,
	COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR <= (
	LEFTARG = odbquery, RIGHTARG = odbquery, FUNCTION = odbquery_le,
	COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR = (
	LEFTARG = odbquery, RIGHTARG = odbquery, FUNCTION = odbquery_eq,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR <> (
	LEFTARG = odbquery, RIGHTARG = odbquery, FUNCTION = odbquery_ne,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR >= (
	LEFTARG = odbquery, RIGHTARG = odbquery, FUNCTION = odbquery_ge,
	COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR > (
	LEFTARG = odbquery, RIGHTARG = odbquery, FUNCTION = odbquery_gt,
	COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
COMMENT ON OPERATOR <(odbquery, odbquery) IS 'less than';
COMMENT ON OPERATOR <=(odbquery, odbquery) IS 'less than or equal';
COMMENT ON OPERATOR =(odbquery, odbquery) IS 'equal';
COMMENT ON OPERATOR <>(odbquery, odbquery) IS 'not equal';
COMMENT ON OPERATOR >=(odbquery, odbquery) IS 'greater than or equal';
COMMENT ON OPERATOR >(odbquery, odbquery) IS 'greater than';

CREATE OPERATOR CLASS odbquery_ops DEFAULT FOR TYPE odbquery USING btree AS
	OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
	FUNCTION 1 odbquery_cmp(odbquery, odbquery);
CREATE OPERATOR CLASS odbquery_ops DEFAULT FOR TYPE odbquery USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 odbquery_hash(odbquery),
	FUNCTION 2 odbquery_hash_extended(odbquery, bigint);
