-- The access method.

CREATE FUNCTION mmdb_handler(internal) RETURNS index_am_handler
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmdb_handler(internal) IS 'mmdb index access method handler';

CREATE ACCESS METHOD mmdb TYPE INDEX HANDLER mmdb_handler;
COMMENT ON ACCESS METHOD mmdb IS 'multi-metric similarity index access method';
