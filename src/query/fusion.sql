-- Fusion of ranked lists.

CREATE FUNCTION mmdb.rrf_add(score double precision, rank bigint) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mm_rrf_add';
COMMENT ON FUNCTION mmdb.rrf_add(double precision, bigint) IS 'step of mm_rrf';
CREATE AGGREGATE mm_rrf(rank bigint) (
	SFUNC = mmdb.rrf_add, STYPE = double precision, INITCOND = 0, COMBINEFUNC = float8pl, PARALLEL = SAFE);
COMMENT ON AGGREGATE mm_rrf(bigint) IS 'reciprocal rank fusion: the sum of weight / (k + rank)';

CREATE FUNCTION mmdb.rrf_add(score double precision, rank bigint, weight double precision) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mm_rrf_add';
COMMENT ON FUNCTION mmdb.rrf_add(double precision, bigint, double precision) IS 'step of mm_rrf';
CREATE AGGREGATE mm_rrf(rank bigint, weight double precision) (
	SFUNC = mmdb.rrf_add, STYPE = double precision, INITCOND = 0, COMBINEFUNC = float8pl, PARALLEL = SAFE);
COMMENT ON AGGREGATE mm_rrf(bigint, double precision) IS 'reciprocal rank fusion: the sum of weight / (k + rank)';

CREATE FUNCTION mmdb.rrf_add(score double precision, rank bigint, weight double precision, k double precision) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mm_rrf_add';
COMMENT ON FUNCTION mmdb.rrf_add(double precision, bigint, double precision, double precision) IS 'step of mm_rrf';
CREATE AGGREGATE mm_rrf(rank bigint, weight double precision, k double precision) (
	SFUNC = mmdb.rrf_add, STYPE = double precision, INITCOND = 0, COMBINEFUNC = float8pl, PARALLEL = SAFE);
COMMENT ON AGGREGATE mm_rrf(bigint, double precision, double precision) IS 'reciprocal rank fusion: the sum of weight / (k + rank)';

CREATE FUNCTION mmdb.late_fusion_add(score double precision, distance double precision, farthest double precision) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mm_late_fusion_add';
COMMENT ON FUNCTION mmdb.late_fusion_add(double precision, double precision, double precision) IS 'step of mm_late_fusion';
CREATE AGGREGATE mm_late_fusion(distance double precision, farthest double precision) (
	SFUNC = mmdb.late_fusion_add, STYPE = double precision, INITCOND = 0, COMBINEFUNC = float8pl, PARALLEL = SAFE);
COMMENT ON AGGREGATE mm_late_fusion(double precision, double precision) IS 'weighted late fusion: the sum of weight * (1 - distance / farthest)';

CREATE FUNCTION mmdb.late_fusion_add(score double precision, distance double precision, farthest double precision, weight double precision) RETURNS double precision
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mm_late_fusion_add';
COMMENT ON FUNCTION mmdb.late_fusion_add(double precision, double precision, double precision, double precision) IS 'step of mm_late_fusion';
CREATE AGGREGATE mm_late_fusion(distance double precision, farthest double precision, weight double precision) (
	SFUNC = mmdb.late_fusion_add, STYPE = double precision, INITCOND = 0, COMBINEFUNC = float8pl, PARALLEL = SAFE);
COMMENT ON AGGREGATE mm_late_fusion(double precision, double precision, double precision) IS 'weighted late fusion: the sum of weight * (1 - distance / farthest)';

-- Parallel unsafe, as it runs what a user has written, and measures time.
CREATE FUNCTION mm_measure_recall(index_name regclass, alternative text DEFAULT 'late fusion',
								  workload text DEFAULT 'recorded', label text DEFAULT NULL,
								  queries integer DEFAULT 100, depth integer DEFAULT 10,
								  OUT class text, OUT measured bigint,
								  OUT recall double precision, OUT accuracy double precision,
								  OUT exact_ms double precision, OUT alternative_ms double precision)
	RETURNS SETOF record
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_measure_recall(regclass, text, text, text, integer, integer)
	IS 'what late fusion, or a SELECT of your own, finds of what exact searches find';
