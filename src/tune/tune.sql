-- Tuning of an index and of a session's settings.

CREATE FUNCTION mm_tune(index_name regclass, workload text DEFAULT 'recorded',
	steps integer DEFAULT 50, method text DEFAULT 'search', reward text DEFAULT 'exponential',
	seed integer DEFAULT 0, knob_names text[] DEFAULT NULL, queries integer DEFAULT 60,
	copy_rows integer DEFAULT 20000, judge text DEFAULT 'work')
	RETURNS TABLE (step integer, phase text, knobs jsonb, latency_ms double precision,
		throughput double precision, work double precision, pages double precision,
		entries double precision, rows_read double precision, distances double precision,
		index_bytes bigint, build_s double precision, reward_value double precision,
		gain double precision, best_gain double precision, statements text[])
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 100000000 ROWS 50 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_tune(regclass, text, integer, text, text, integer, text[], integer, integer, text)
	IS 'configurations of an index that were tried on a workload, and the one recommended';

CREATE FUNCTION mmdb.last_tuning()
	RETURNS TABLE (step integer, phase text, knobs jsonb, latency_ms double precision,
		throughput double precision, work double precision, pages double precision,
		entries double precision, rows_read double precision, distances double precision,
		index_bytes bigint, build_s double precision, reward_value double precision,
		gain double precision, best_gain double precision, statements text[])
	LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 50 AS 'MODULE_PATHNAME', 'mm_last_tuning';
COMMENT ON FUNCTION mmdb.last_tuning()
	IS 'what the last call of mm_tune in this session has found, even if it was canceled';
