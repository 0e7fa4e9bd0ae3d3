-- Edit distance of text.

CREATE FUNCTION mm_edit_distance(text, text) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 SUPPORT mm_distance_support AS 'MODULE_PATHNAME', 'mm_text_edit';
COMMENT ON FUNCTION mm_edit_distance(text, text) IS 'edit distance in characters';
CREATE OPERATOR <~> (LEFTARG = text, RIGHTARG = text, FUNCTION = mm_edit_distance, COMMUTATOR = <~>);
COMMENT ON OPERATOR <~>(text, text) IS 'edit distance in characters';
CREATE FUNCTION mm_text_edit_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_text_edit_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS text_edit_ops DEFAULT FOR TYPE text USING mmdb AS
	OPERATOR 1 <~>(text, text) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_edit_distance(text, text),
	FUNCTION 2 mm_text_edit_routine(internal);

-- char(n), without the blanks at the end.
CREATE FUNCTION mm_edit_distance(character, character) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 SUPPORT mm_distance_support AS 'MODULE_PATHNAME', 'mm_bpchar_edit';
COMMENT ON FUNCTION mm_edit_distance(character, character) IS 'edit distance in characters';
CREATE OPERATOR <~> (LEFTARG = character, RIGHTARG = character, FUNCTION = mm_edit_distance, COMMUTATOR = <~>);
COMMENT ON OPERATOR <~>(character, character) IS 'edit distance in characters';
CREATE FUNCTION mm_bpchar_edit_routine(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_bpchar_edit_routine(internal) IS 'metric support';
CREATE OPERATOR CLASS bpchar_edit_ops DEFAULT FOR TYPE character USING mmdb AS
	OPERATOR 1 <~>(character, character) FOR ORDER BY pg_catalog.float_ops,
	FUNCTION 1 mm_edit_distance(character, character),
	FUNCTION 2 mm_bpchar_edit_routine(internal);
