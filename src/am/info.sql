-- What an index knows about its columns.

-- Parallel unsafe, as it begins subtransactions.
CREATE FUNCTION mmdb.index_column_statistics(index_name regclass,
	OUT column_number integer, OUT column_name text, OUT type regtype,
	OUT metric text, OUT operator regoperator, OUT dimensions integer,
	OUT count bigint, OUT mean double precision, OUT variance double precision,
	OUT scale double precision, OUT measured_scale double precision,
	OUT pinned boolean, OUT settled boolean, OUT intrinsic_dimension double precision,
	OUT problem text)
	RETURNS SETOF record
	LANGUAGE C STABLE STRICT PARALLEL UNSAFE ROWS 10
	AS 'MODULE_PATHNAME', 'mm_index_column_statistics';
COMMENT ON FUNCTION mmdb.index_column_statistics(regclass)
	IS 'metrics and distance statistics of the columns of an mmdb index';

CREATE VIEW mmdb.index_columns AS
	SELECT i.indrelid::pg_catalog.regclass AS table_name,
		   i.indexrelid::pg_catalog.regclass AS index_name,
		   s.*
	FROM pg_catalog.pg_index i
		 JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
		 JOIN pg_catalog.pg_am a ON a.oid = c.relam
		 CROSS JOIN LATERAL mmdb.index_column_statistics(i.indexrelid) s
	WHERE a.amname = 'mmdb' AND c.relkind IN ('i', 'I') AND i.indisvalid
		  AND NOT pg_catalog.pg_is_other_temp_schema(c.relnamespace);
COMMENT ON VIEW mmdb.index_columns
	IS 'metrics and distance statistics of the columns of all valid mmdb indexes';
GRANT SELECT ON mmdb.index_columns TO PUBLIC;

CREATE FUNCTION mm_scale(index_name regclass, column_name text) RETURNS double precision
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_scale(regclass, text)
	IS 'scale in force of a column of an mmdb index: the one pinned, or twice the median of its distances';

CREATE FUNCTION mmdb.subindexes_of(index_name regclass,
	OUT column_number integer, OUT column_name text, OUT kind text, OUT why text,
	OUT pages bigint, OUT entries bigint,
	OUT work_pages real, OUT work_entries real, OUT work_candidates real,
	OUT shared_pages real, OUT shared_entries real, OUT shared_candidates real)
	RETURNS SETOF record
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED ROWS 10
	AS 'MODULE_PATHNAME', 'mm_subindexes';
COMMENT ON FUNCTION mmdb.subindexes_of(regclass)
	IS 'sub-indexes of an mmdb index, and the work that a trial has measured for each';

CREATE VIEW mmdb.subindexes AS
	SELECT i.indrelid::pg_catalog.regclass AS table_name,
		   i.indexrelid::pg_catalog.regclass AS index_name,
		   s.*
	FROM pg_catalog.pg_index i
		 JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
		 JOIN pg_catalog.pg_am a ON a.oid = c.relam
		 CROSS JOIN LATERAL mmdb.subindexes_of(i.indexrelid) s
	WHERE a.amname = 'mmdb' AND c.relkind = 'i' AND i.indisvalid
		  AND NOT pg_catalog.pg_is_other_temp_schema(c.relnamespace);
COMMENT ON VIEW mmdb.subindexes
	IS 'sub-indexes of all valid mmdb indexes';
GRANT SELECT ON mmdb.subindexes TO PUBLIC;

-- Parallel unsafe, as it measures time.
CREATE FUNCTION mm_calibrate(index_name regclass DEFAULT NULL,
	OUT what text, OUT nanoseconds double precision, OUT setting text,
	OUT present double precision, OUT measured double precision, OUT statement text)
	RETURNS SETOF record
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 10
	AS 'MODULE_PATHNAME', 'mm_calibrate';
COMMENT ON FUNCTION mm_calibrate(regclass)
	IS 'measures what searches cost on this server, and says which settings follow from it';
