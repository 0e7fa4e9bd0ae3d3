-- Tuning of an index and of a session's settings.

CREATE FUNCTION mm_tune(index_name regclass, workload text DEFAULT 'recorded',
	steps integer DEFAULT 50, method text DEFAULT 'search', reward text DEFAULT 'exponential',
	seed integer DEFAULT 0, knob_names text[] DEFAULT NULL, queries integer DEFAULT 60,
	copy_rows integer DEFAULT 20000, judge text DEFAULT 'work', confirm_rows integer DEFAULT 200000)
	RETURNS TABLE (step integer, phase text, knobs jsonb, latency_ms double precision,
		throughput double precision, work double precision, pages double precision,
		entries double precision, rows_read double precision, distances double precision,
		index_bytes bigint, build_s double precision, reward_value double precision,
		gain double precision, best_gain double precision, statements text[])
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 100000000 ROWS 50 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_tune(regclass, text, integer, text, text, integer, text[], integer, integer, text, integer)
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

-- Advice, and what applies it.

CREATE FUNCTION mm_advise(index_name regclass, workload text DEFAULT 'recorded',
	queries integer DEFAULT 60, copy_rows integer DEFAULT 20000, seed integer DEFAULT 0,
	least_gain double precision DEFAULT 0.05, confirm_rows integer DEFAULT 200000)
	RETURNS TABLE (rank integer, change text, statements text[], reason text,
		ms_before double precision, ms_after double precision,
		pages_before double precision, pages_after double precision,
		bytes_before bigint, bytes_after bigint, build_s double precision,
		gain double precision, gain_low double precision, gain_high double precision,
		certainty text)
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 100000000 ROWS 5 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_advise(regclass, text, integer, integer, integer, double precision, integer)
	IS 'changes that would make an index better for a workload, measured on a copy of the table';

CREATE PROCEDURE mm_apply_advice(statements text[])
	LANGUAGE C AS 'MODULE_PATHNAME';
COMMENT ON PROCEDURE mm_apply_advice(text[])
	IS 'run statements of mm_advise or mm_tune, building indexes without CONCURRENTLY';

CREATE PROCEDURE mmdb.replace_index(old_index regclass, new_index regclass)
	LANGUAGE C AS 'MODULE_PATHNAME', 'mm_replace_index';
COMMENT ON PROCEDURE mmdb.replace_index(regclass, regclass)
	IS 'drop an index and give its name to another one of the table, if that is valid';
