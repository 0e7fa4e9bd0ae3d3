-- Statistics of queries: which are asked, and what they take.

CREATE FUNCTION mmdb.query_stats_entries(
	OUT database_id oid, OUT user_id oid, OUT index_id oid, OUT index_name regclass,
	OUT class text, OUT answered_by text,
	OUT calls bigint, OUT rows bigint,
	OUT total_ms double precision, OUT min_ms double precision, OUT max_ms double precision,
	OUT mean_ms double precision, OUT stddev_ms double precision,
	OUT inner_pages bigint, OUT leaf_pages bigint, OUT sketch_pages bigint, OUT postings_pages bigint,
	OUT entries bigint, OUT sketched_entries bigint, OUT refined bigint, OUT postings bigint,
	OUT candidates bigint, OUT verified bigint, OUT proved bigint,
	OUT columns text[], OUT distances bigint[], OUT share_read double precision,
	OUT by_shared_tree bigint, OUT by_subindex bigint, OUT by_merge bigint, OUT by_paper bigint,
	OUT driver_changes bigint, OUT spills bigint, OUT table_scans bigint, OUT peak_memory bigint,
	OUT recall double precision, OUT accuracy double precision,
	OUT samples integer, OUT since timestamptz, OUT last_call timestamptz)
	RETURNS SETOF record
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 100
	AS 'MODULE_PATHNAME', 'mm_query_stats';
COMMENT ON FUNCTION mmdb.query_stats_entries()
	IS 'what searches did, by database, user, index and class of queries: see mmdb.query_stats';

CREATE VIEW mmdb.query_stats AS
	SELECT d.datname AS database, pg_catalog.pg_get_userbyid(s.user_id) AS user_name,
		   s.index_name, s.class, s.answered_by, s.calls, s.rows,
		   s.total_ms, s.min_ms, s.max_ms, s.mean_ms, s.stddev_ms,
		   s.inner_pages, s.leaf_pages, s.sketch_pages, s.postings_pages,
		   s.entries, s.sketched_entries, s.refined, s.postings, s.candidates, s.verified, s.proved,
		   s.columns, s.distances, s.share_read,
		   s.by_shared_tree, s.by_subindex, s.by_merge, s.by_paper, s.driver_changes,
		   s.spills, s.table_scans, s.peak_memory, s.recall, s.accuracy, s.samples, s.since, s.last_call,
		   s.database_id, s.user_id, s.index_id
	FROM mmdb.query_stats_entries() s
		 LEFT JOIN pg_catalog.pg_database d ON d.oid = s.database_id;
COMMENT ON VIEW mmdb.query_stats IS 'what searches did, by database, user, index and class of queries';
GRANT SELECT ON mmdb.query_stats TO PUBLIC;

CREATE FUNCTION mmdb.query_samples(index_name regclass DEFAULT NULL,
	OUT index regclass, OUT class text, OUT weights double precision[], OUT k integer,
	OUT radius double precision, OUT query text, OUT filter boolean, OUT calls bigint,
	OUT mean_ms double precision)
	RETURNS SETOF record
	LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 100
	AS 'MODULE_PATHNAME', 'mm_query_samples';
COMMENT ON FUNCTION mmdb.query_samples(regclass)
	IS 'sampled searches of an index, or of all in this database: weights, and query objects where they are kept';

CREATE FUNCTION mmdb.query_stats_where(
	OUT kept_in text, OUT classes integer, OUT most_classes integer, OUT evicted bigint,
	OUT since timestamptz, OUT saved boolean)
	RETURNS record
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'mm_query_stats_info';
COMMENT ON FUNCTION mmdb.query_stats_where()
	IS 'where mmdb.query_stats is kept, and how full it is: see mmdb.query_stats_info';
CREATE VIEW mmdb.query_stats_info AS SELECT * FROM mmdb.query_stats_where();
COMMENT ON VIEW mmdb.query_stats_info IS 'where mmdb.query_stats is kept, and how full it is';
GRANT SELECT ON mmdb.query_stats_info TO PUBLIC;

CREATE FUNCTION mmdb.profile_use_entries(
	OUT database_id oid, OUT user_id oid, OUT profile text, OUT uses bigint, OUT last_use timestamptz)
	RETURNS SETOF record
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 10
	AS 'MODULE_PATHNAME', 'mm_profile_use';
COMMENT ON FUNCTION mmdb.profile_use_entries()
	IS 'how often weight profiles are used, by database and user: see mmdb.profile_use';
CREATE VIEW mmdb.profile_use AS
	SELECT d.datname AS database, pg_catalog.pg_get_userbyid(u.user_id) AS user_name,
		   u.profile, u.uses, u.last_use
	FROM mmdb.profile_use_entries() u
		 LEFT JOIN pg_catalog.pg_database d ON d.oid = u.database_id;
COMMENT ON VIEW mmdb.profile_use IS 'how many statements have used a weight profile, by database and user';
GRANT SELECT ON mmdb.profile_use TO PUBLIC;

CREATE FUNCTION mm_reset_query_stats(index_name regclass DEFAULT NULL, user_name regrole DEFAULT NULL,
									 all_databases boolean DEFAULT false)
	RETURNS bigint
	LANGUAGE C VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_reset_query_stats(regclass, regrole, boolean)
	IS 'forget the statistics of queries: of an index, a user, or all';
REVOKE ALL ON FUNCTION mm_reset_query_stats(regclass, regrole, boolean) FROM PUBLIC;

-- It depends on what the session has done, and must run in the session's process.
CREATE FUNCTION mmdb.last_statement_work(
	OUT inner_pages bigint, OUT leaf_pages bigint, OUT postings_pages bigint, OUT verified bigint)
	RETURNS record
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'mm_last_statement_work';
COMMENT ON FUNCTION mmdb.last_statement_work()
	IS 'what the searches of the statement before this one have read; NULLs where row-level security hides it';
