-- The type odbvalues: what an argument says of an index's columns.
--
-- Its text is a JSON object by the columns' names, or an array in their order,
-- JSON's or PostgreSQL's.  It is of the category of strings, so that where
-- functions differ in an argument only, a parameter or literal of unknown type
-- is taken for it.  Whatever such a text or array may come as is cast to it
-- implicitly.

CREATE TYPE odbvalues;

CREATE FUNCTION odbvalues_in(cstring) RETURNS odbvalues
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textin';
COMMENT ON FUNCTION odbvalues_in(cstring) IS 'I/O';
CREATE FUNCTION odbvalues_out(odbvalues) RETURNS cstring
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textout';
COMMENT ON FUNCTION odbvalues_out(odbvalues) IS 'I/O';
CREATE FUNCTION odbvalues_recv(internal) RETURNS odbvalues
	LANGUAGE internal STABLE STRICT PARALLEL SAFE AS 'textrecv';
COMMENT ON FUNCTION odbvalues_recv(internal) IS 'I/O';
CREATE FUNCTION odbvalues_send(odbvalues) RETURNS bytea
	LANGUAGE internal STABLE STRICT PARALLEL SAFE AS 'textsend';
COMMENT ON FUNCTION odbvalues_send(odbvalues) IS 'I/O';

CREATE TYPE odbvalues (
	INPUT = odbvalues_in,
	OUTPUT = odbvalues_out,
	RECEIVE = odbvalues_recv,
	SEND = odbvalues_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended,
	CATEGORY = 'S'
);
COMMENT ON TYPE odbvalues IS 'query values or weights for the columns of an index, by name or in order';

CREATE FUNCTION odbvalues(double precision[]) RETURNS odbvalues
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mm_odbvalues_from_float8';
COMMENT ON FUNCTION odbvalues(double precision[]) IS 'convert double precision[] to odbvalues';
CREATE FUNCTION odbvalues(real[]) RETURNS odbvalues
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mm_odbvalues_from_float4';
COMMENT ON FUNCTION odbvalues(real[]) IS 'convert real[] to odbvalues';

CREATE CAST (text AS odbvalues) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (varchar AS odbvalues) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (json AS odbvalues) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (jsonb AS odbvalues) WITH INOUT AS IMPLICIT;
CREATE CAST (double precision[] AS odbvalues) WITH FUNCTION odbvalues(double precision[]) AS IMPLICIT;
CREATE CAST (real[] AS odbvalues) WITH FUNCTION odbvalues(real[]) AS IMPLICIT;
CREATE CAST (smallint[] AS odbvalues) WITH INOUT AS IMPLICIT;
CREATE CAST (integer[] AS odbvalues) WITH INOUT AS IMPLICIT;
CREATE CAST (bigint[] AS odbvalues) WITH INOUT AS IMPLICIT;
CREATE CAST (numeric[] AS odbvalues) WITH INOUT AS IMPLICIT;
