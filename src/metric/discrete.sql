-- The discrete metric: 0 for equal values, 1 for others.

CREATE FUNCTION mm_discrete_distance(text, text) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2 SUPPORT mm_operator_support AS 'MODULE_PATHNAME', 'mm_text_discrete';
COMMENT ON FUNCTION mm_discrete_distance(text, text) IS 'discrete distance: 0 if equal, else 1';
CREATE OPERATOR <!> (LEFTARG = text, RIGHTARG = text, FUNCTION = mm_discrete_distance, COMMUTATOR = <!>);
COMMENT ON OPERATOR <!>(text, text) IS 'discrete distance: 0 if equal, else 1';
CREATE FUNCTION mm_text_discrete_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_text_discrete_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS text_discrete_ops FOR TYPE text USING mmdb AS
	OPERATOR 1 <!>(text, text) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_discrete_distance(text, text),
	FUNCTION 2 mm_text_discrete_routine(internal);

CREATE FUNCTION mm_discrete_distance(character, character) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2 SUPPORT mm_operator_support AS 'MODULE_PATHNAME', 'mm_bpchar_discrete';
COMMENT ON FUNCTION mm_discrete_distance(character, character) IS 'discrete distance: 0 if equal, else 1';
CREATE OPERATOR <!> (LEFTARG = character, RIGHTARG = character, FUNCTION = mm_discrete_distance, COMMUTATOR = <!>);
COMMENT ON OPERATOR <!>(character, character) IS 'discrete distance: 0 if equal, else 1';
CREATE FUNCTION mm_bpchar_discrete_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_bpchar_discrete_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS bpchar_discrete_ops FOR TYPE character USING mmdb AS
	OPERATOR 1 <!>(character, character) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_discrete_distance(character, character),
	FUNCTION 2 mm_bpchar_discrete_routine(internal);

CREATE FUNCTION mm_discrete_distance(integer, integer) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT mm_operator_support AS 'MODULE_PATHNAME', 'mm_int4_discrete';
COMMENT ON FUNCTION mm_discrete_distance(integer, integer) IS 'discrete distance: 0 if equal, else 1';
CREATE OPERATOR <!> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = mm_discrete_distance, COMMUTATOR = <!>);
COMMENT ON OPERATOR <!>(integer, integer) IS 'discrete distance: 0 if equal, else 1';
CREATE FUNCTION mm_int4_discrete_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_int4_discrete_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS int4_discrete_ops FOR TYPE integer USING mmdb AS
	OPERATOR 1 <!>(integer, integer) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_discrete_distance(integer, integer),
	FUNCTION 2 mm_int4_discrete_routine(internal);

CREATE FUNCTION mm_discrete_distance(boolean, boolean) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT mm_operator_support AS 'MODULE_PATHNAME', 'mm_bool_discrete';
COMMENT ON FUNCTION mm_discrete_distance(boolean, boolean) IS 'discrete distance: 0 if equal, else 1';
CREATE OPERATOR <!> (LEFTARG = boolean, RIGHTARG = boolean, FUNCTION = mm_discrete_distance, COMMUTATOR = <!>);
COMMENT ON OPERATOR <!>(boolean, boolean) IS 'discrete distance: 0 if equal, else 1';
CREATE FUNCTION mm_bool_discrete_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_bool_discrete_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS bool_discrete_ops DEFAULT FOR TYPE boolean USING mmdb AS
	OPERATOR 1 <!>(boolean, boolean) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_discrete_distance(boolean, boolean),
	FUNCTION 2 mm_bool_discrete_routine(internal);

CREATE FUNCTION mm_discrete_distance(uuid, uuid) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT mm_operator_support AS 'MODULE_PATHNAME', 'mm_uuid_discrete';
COMMENT ON FUNCTION mm_discrete_distance(uuid, uuid) IS 'discrete distance: 0 if equal, else 1';
CREATE OPERATOR <!> (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = mm_discrete_distance, COMMUTATOR = <!>);
COMMENT ON OPERATOR <!>(uuid, uuid) IS 'discrete distance: 0 if equal, else 1';
CREATE FUNCTION mm_uuid_discrete_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_uuid_discrete_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS uuid_discrete_ops DEFAULT FOR TYPE uuid USING mmdb AS
	OPERATOR 1 <!>(uuid, uuid) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_discrete_distance(uuid, uuid),
	FUNCTION 2 mm_uuid_discrete_routine(internal);

CREATE FUNCTION mm_discrete_distance(anyenum, anyenum) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT mm_operator_support AS 'MODULE_PATHNAME', 'mm_enum_discrete';
COMMENT ON FUNCTION mm_discrete_distance(anyenum, anyenum) IS 'discrete distance: 0 if equal, else 1';
CREATE OPERATOR <!> (LEFTARG = anyenum, RIGHTARG = anyenum, FUNCTION = mm_discrete_distance, COMMUTATOR = <!>);
COMMENT ON OPERATOR <!>(anyenum, anyenum) IS 'discrete distance: 0 if equal, else 1';
CREATE FUNCTION mm_enum_discrete_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_enum_discrete_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS enum_discrete_ops DEFAULT FOR TYPE anyenum USING mmdb AS
	OPERATOR 1 <!>(anyenum, anyenum) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_discrete_distance(anyenum, anyenum),
	FUNCTION 2 mm_enum_discrete_routine(internal);
