-- The type odbquery.

CREATE TYPE odbquery;

CREATE FUNCTION mm_odbquery_in(cstring) RETURNS odbquery
	LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_odbquery_in(cstring) IS 'I/O';
CREATE FUNCTION mm_odbquery_out(odbquery) RETURNS cstring
	LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_odbquery_out(odbquery) IS 'I/O';
CREATE FUNCTION mm_odbquery_recv(internal) RETURNS odbquery
	LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_odbquery_recv(internal) IS 'I/O';
CREATE FUNCTION mm_odbquery_send(odbquery) RETURNS bytea
	LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_odbquery_send(odbquery) IS 'I/O';

CREATE TYPE odbquery (
	INPUT = mm_odbquery_in,
	OUTPUT = mm_odbquery_out,
	RECEIVE = mm_odbquery_recv,
	SEND = mm_odbquery_send,
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
