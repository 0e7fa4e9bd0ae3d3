-- Learning of weights.

CREATE FUNCTION mm_learn_weights(index_name regclass, examples text,
	k bigint DEFAULT NULL, negatives text DEFAULT 'hard',
	l1 double precision DEFAULT 0, heldout double precision DEFAULT 0.2,
	max_iterations integer DEFAULT 20, seed integer DEFAULT 0,
	bootstrap integer DEFAULT 100, profile text DEFAULT NULL,
	OUT columns text[], OUT weights double precision[],
	OUT lower double precision[], OUT upper double precision[],
	OUT recall double precision, OUT heldout_recall double precision,
	OUT loss double precision, OUT iterations integer, OUT seconds double precision)
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_learn_weights(regclass, text, bigint, text, double precision, double precision, integer, integer, integer, text)
	IS 'weights of an index''s columns, learned from the examples that a query returns';

CREATE FUNCTION mm_learn_weights(index_name regclass, examples jsonb,
	k bigint DEFAULT NULL, negatives text DEFAULT 'hard',
	l1 double precision DEFAULT 0, heldout double precision DEFAULT 0.2,
	max_iterations integer DEFAULT 20, seed integer DEFAULT 0,
	bootstrap integer DEFAULT 100, profile text DEFAULT NULL,
	OUT columns text[], OUT weights double precision[],
	OUT lower double precision[], OUT upper double precision[],
	OUT recall double precision, OUT heldout_recall double precision,
	OUT loss double precision, OUT iterations integer, OUT seconds double precision)
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_learn_weights(regclass, jsonb, bigint, text, double precision, double precision, integer, integer, integer, text)
	IS 'weights of an index''s columns, learned from an array of examples';

CREATE FUNCTION mm_learn_weights_trace(index_name regclass, examples text,
	k bigint DEFAULT NULL, negatives text DEFAULT 'hard',
	l1 double precision DEFAULT 0, heldout double precision DEFAULT 0.2,
	max_iterations integer DEFAULT 20, seed integer DEFAULT 0)
	RETURNS TABLE (iteration integer, weights double precision[], loss double precision,
		recall double precision, heldout_recall double precision,
		candidates bigint, seconds double precision)
	LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_learn_weights_trace(regclass, text, bigint, text, double precision, double precision, integer, integer)
	IS 'the iterations of mm_learn_weights';

CREATE FUNCTION mm_learn_weights_trace(index_name regclass, examples jsonb,
	k bigint DEFAULT NULL, negatives text DEFAULT 'hard',
	l1 double precision DEFAULT 0, heldout double precision DEFAULT 0.2,
	max_iterations integer DEFAULT 20, seed integer DEFAULT 0)
	RETURNS TABLE (iteration integer, weights double precision[], loss double precision,
		recall double precision, heldout_recall double precision,
		candidates bigint, seconds double precision)
	LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_learn_weights_trace(regclass, jsonb, bigint, text, double precision, double precision, integer, integer)
	IS 'the iterations of mm_learn_weights';

CREATE FUNCTION mm_refine_weights(index_name regclass, weights double precision[],
	query "any", liked "any", disliked "any" DEFAULT NULL)
	RETURNS double precision[]
	LANGUAGE C STABLE PARALLEL UNSAFE COST 10000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_refine_weights(regclass, double precision[], "any", "any", "any")
	IS 'weights moved towards the rows that a user liked, and away from those he did not';
