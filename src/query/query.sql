-- Multi-metric queries.

-- Composites: the operators, and the class that lets an index hold one.

CREATE FUNCTION mm_distance(object record, query odbquery) RETURNS double precision
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 20 AS 'MODULE_PATHNAME', 'mm_record_distance';
COMMENT ON FUNCTION mm_distance(record, odbquery)
	IS 'multi-metric distance of a composite value from a query';
CREATE FUNCTION mm_within(object record, query odbquery) RETURNS boolean
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 20 AS 'MODULE_PATHNAME', 'mm_record_within';
COMMENT ON FUNCTION mm_within(record, odbquery)
	IS 'is a composite value within the radius of a query?';

CREATE OPERATOR <-> (LEFTARG = record, RIGHTARG = odbquery, FUNCTION = mm_distance);
COMMENT ON OPERATOR <->(record, odbquery) IS 'multi-metric distance';
CREATE FUNCTION mm_within_restriction(internal, oid, internal, integer) RETURNS double precision
	LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_within_restriction(internal, oid, internal, integer) IS 'selectivity of composite <@ odbquery';
CREATE OPERATOR <@ (LEFTARG = record, RIGHTARG = odbquery, FUNCTION = mm_within,
	RESTRICT = mm_within_restriction, JOIN = contjoinsel);
COMMENT ON OPERATOR <@(record, odbquery) IS 'within the radius of the query';

CREATE OPERATOR CLASS record_ops DEFAULT FOR TYPE record USING mmdb AS
	OPERATOR 1 <->(record, odbquery) FOR ORDER BY pg_catalog.float_ops,
	OPERATOR 2 <@(record, odbquery);

-- Tables.

CREATE FUNCTION mm_odbknn_support(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_odbknn_support(internal) IS 'planner support for odbknn';

-- Parallel unsafe, as what a view or a policy calls may be.
CREATE FUNCTION odbknn(anyelement, query record, weights double precision[], k bigint,
					   using_index regclass DEFAULT NULL,
					   normalized boolean DEFAULT true,
					   missing text DEFAULT 'penalty')
	RETURNS TABLE (obj anyelement, distance double precision)
	LANGUAGE C STABLE PARALLEL UNSAFE COST 10000 ROWS 10 SUPPORT mm_odbknn_support
	AS 'MODULE_PATHNAME', 'mm_odbknn';
COMMENT ON FUNCTION odbknn(anyelement, record, double precision[], bigint, regclass, boolean, text)
	IS 'the k rows of a table nearest to a query object';

CREATE FUNCTION odbrange(anyelement, query record, weights double precision[],
						 radius double precision,
						 using_index regclass DEFAULT NULL,
						 normalized boolean DEFAULT true,
						 missing text DEFAULT 'penalty')
	RETURNS TABLE (obj anyelement, distance double precision)
	LANGUAGE C STABLE PARALLEL UNSAFE COST 10000 ROWS 100
	AS 'MODULE_PATHNAME', 'mm_odbrange_search';
COMMENT ON FUNCTION odbrange(anyelement, record, double precision[], double precision, regclass, boolean, text)
	IS 'the rows of a table within a radius of a query object, nearest first';

CREATE FUNCTION mm_distance_sql(index_name regclass,
								weights double precision[] DEFAULT NULL,
								query record DEFAULT NULL,
								normalized boolean DEFAULT true,
								missing text DEFAULT 'penalty',
								profile text DEFAULT NULL)
	RETURNS text
	LANGUAGE C STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_distance_sql(regclass, double precision[], record, boolean, text, text)
	IS 'the distance that odbknn orders by, as SQL text';
