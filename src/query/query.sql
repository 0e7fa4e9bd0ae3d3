-- Multi-metric queries.

-- Composites: the operators, and the class that lets an index hold one.

CREATE FUNCTION mm_distance(object record, query odbquery) RETURNS double precision
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 20 SUPPORT mm_operator_support AS 'MODULE_PATHNAME', 'mm_record_distance';
COMMENT ON FUNCTION mm_distance(record, odbquery)
	IS 'multi-metric distance of a composite value from a query';
CREATE FUNCTION mm_within(object record, query odbquery) RETURNS boolean
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 20 SUPPORT mm_operator_support AS 'MODULE_PATHNAME', 'mm_record_within';
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
-- The table is told by its row type, or by its name; the query object is a row,
-- with a component for each column, or has names.
CREATE FUNCTION odbknn(anyelement, query record, weights odbvalues DEFAULT NULL, k bigint DEFAULT 10,
					   using_index regclass DEFAULT NULL,
					   normalized boolean DEFAULT true,
					   missing text DEFAULT 'penalty',
					   filter text DEFAULT NULL)
	RETURNS TABLE (obj anyelement, distance double precision, parts double precision[])
	LANGUAGE C STABLE PARALLEL UNSAFE COST 10000 ROWS 10 SUPPORT mm_odbknn_support
	AS 'MODULE_PATHNAME', 'mm_odbknn';
COMMENT ON FUNCTION odbknn(anyelement, record, odbvalues, bigint, regclass, boolean, text, text)
	IS 'the k rows of a table nearest to a query object';
CREATE FUNCTION odbknn(anyelement, query odbvalues, weights odbvalues DEFAULT NULL, k bigint DEFAULT 10,
					   using_index regclass DEFAULT NULL,
					   normalized boolean DEFAULT true,
					   missing text DEFAULT 'penalty',
					   filter text DEFAULT NULL)
	RETURNS TABLE (obj anyelement, distance double precision, parts double precision[])
	LANGUAGE C STABLE PARALLEL UNSAFE COST 10000 ROWS 10 SUPPORT mm_odbknn_support
	AS 'MODULE_PATHNAME', 'mm_odbknn_values';
COMMENT ON FUNCTION odbknn(anyelement, odbvalues, odbvalues, bigint, regclass, boolean, text, text)
	IS 'the k rows of a table nearest to a query object, given by names';
CREATE FUNCTION odbknn(table_name text, query odbvalues, weights odbvalues DEFAULT NULL, k bigint DEFAULT 10,
					   using_index regclass DEFAULT NULL,
					   normalized boolean DEFAULT true,
					   missing text DEFAULT 'penalty',
					   filter text DEFAULT NULL)
	RETURNS TABLE (obj jsonb, distance double precision, parts double precision[])
	LANGUAGE C STABLE PARALLEL UNSAFE COST 10000 ROWS 10 SUPPORT mm_odbknn_support
	AS 'MODULE_PATHNAME', 'mm_odbknn_name';
COMMENT ON FUNCTION odbknn(text, odbvalues, odbvalues, bigint, regclass, boolean, text, text)
	IS 'the k rows of a table nearest to a query object, given by names, as jsonb';

-- In the first two, nothing before the radius has a default: with one argument
-- less, they would be mistaken for the function that makes an odbquery.
CREATE FUNCTION odbrange(anyelement, query record, weights odbvalues, radius double precision,
					   using_index regclass DEFAULT NULL,
					   normalized boolean DEFAULT true,
					   missing text DEFAULT 'penalty',
					   filter text DEFAULT NULL)
	RETURNS TABLE (obj anyelement, distance double precision, parts double precision[])
	LANGUAGE C STABLE PARALLEL UNSAFE COST 10000 ROWS 100
	AS 'MODULE_PATHNAME', 'mm_odbrange_search';
COMMENT ON FUNCTION odbrange(anyelement, record, odbvalues, double precision, regclass, boolean, text, text)
	IS 'the rows of a table within a radius of a query object, nearest first';
CREATE FUNCTION odbrange(anyelement, query odbvalues, weights odbvalues, radius double precision,
					   using_index regclass DEFAULT NULL,
					   normalized boolean DEFAULT true,
					   missing text DEFAULT 'penalty',
					   filter text DEFAULT NULL)
	RETURNS TABLE (obj anyelement, distance double precision, parts double precision[])
	LANGUAGE C STABLE PARALLEL UNSAFE COST 10000 ROWS 100
	AS 'MODULE_PATHNAME', 'mm_odbrange_search_values';
COMMENT ON FUNCTION odbrange(anyelement, odbvalues, odbvalues, double precision, regclass, boolean, text, text)
	IS 'the rows of a table within a radius of a query object, given by names, nearest first';
CREATE FUNCTION odbrange(table_name text, query odbvalues, weights odbvalues DEFAULT NULL, radius double precision DEFAULT NULL,
					   using_index regclass DEFAULT NULL,
					   normalized boolean DEFAULT true,
					   missing text DEFAULT 'penalty',
					   filter text DEFAULT NULL)
	RETURNS TABLE (obj jsonb, distance double precision, parts double precision[])
	LANGUAGE C STABLE PARALLEL UNSAFE COST 10000 ROWS 100
	AS 'MODULE_PATHNAME', 'mm_odbrange_search_name';
COMMENT ON FUNCTION odbrange(text, odbvalues, odbvalues, double precision, regclass, boolean, text, text)
	IS 'the rows of a table within a radius of a query object, given by names, nearest first, as jsonb';

CREATE FUNCTION mm_distance_sql(index_name regclass,
								weights odbvalues DEFAULT NULL,
								query record DEFAULT NULL,
								normalized boolean DEFAULT true,
								missing text DEFAULT 'penalty',
								profile text DEFAULT NULL)
	RETURNS text
	LANGUAGE C STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_distance_sql(regclass, odbvalues, record, boolean, text, text)
	IS 'the distance that odbknn orders by, as SQL text';

CREATE FUNCTION mm_explain_distance(index_name regclass, object record, query record,
									weights odbvalues DEFAULT NULL,
									normalized boolean DEFAULT true,
									missing text DEFAULT 'penalty')
	RETURNS TABLE (column_name text, metric text, distance double precision, scale double precision,
				   weight double precision, part double precision, share double precision)
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000 ROWS 5 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_explain_distance(regclass, record, record, odbvalues, boolean, text)
	IS 'what each column of an index adds to the distance of a row from a query object';
CREATE FUNCTION mm_explain_distance(index_name regclass, object record, query odbvalues,
									weights odbvalues DEFAULT NULL,
									normalized boolean DEFAULT true,
									missing text DEFAULT 'penalty')
	RETURNS TABLE (column_name text, metric text, distance double precision, scale double precision,
				   weight double precision, part double precision, share double precision)
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000 ROWS 5 AS 'MODULE_PATHNAME', 'mm_explain_distance_values';
COMMENT ON FUNCTION mm_explain_distance(regclass, record, odbvalues, odbvalues, boolean, text)
	IS 'what each column of an index adds to the distance of a row from a query object, given by names';

CREATE FUNCTION odbquery_by_name(index_name regclass, object odbvalues, weights odbvalues DEFAULT NULL,
								 radius double precision DEFAULT NULL,
								 normalized boolean DEFAULT true)
	RETURNS odbquery
	LANGUAGE C STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'mm_odbquery_by_name';
COMMENT ON FUNCTION odbquery_by_name(regclass, odbvalues, odbvalues, double precision, boolean)
	IS 'query by an object and weights that are given by the names of an index''s columns';
