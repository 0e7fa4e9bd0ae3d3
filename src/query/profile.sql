-- Weights under a name.

CREATE TABLE mmdb.weight_profile (
	name text PRIMARY KEY,
	index_name text,
	columns text[] NOT NULL,
	weights double precision[] NOT NULL,
	recall double precision,
	heldout_recall double precision,
	learned jsonb,
	saved_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
	CHECK (pg_catalog.cardinality(columns) OPERATOR(pg_catalog.=) pg_catalog.cardinality(weights)),
	-- A row that trains an index reads a profile, and must not fail because of it.
	CONSTRAINT weights_finite_and_not_negative CHECK (pg_catalog.array_ndims(weights) OPERATOR(pg_catalog.=) 1
		AND (0 OPERATOR(pg_catalog.<=) ALL (weights)) IS TRUE AND ('Infinity' OPERATOR(pg_catalog.>) ALL (weights)) IS TRUE),
	CONSTRAINT weights_not_all_zero CHECK ((0 OPERATOR(pg_catalog.<) ANY (weights)) IS TRUE)
);
COMMENT ON TABLE mmdb.weight_profile IS 'weights under a name';
COMMENT ON COLUMN mmdb.weight_profile.name IS 'what mm_weights() and mm_distance_sql() call them';
COMMENT ON COLUMN mmdb.weight_profile.index_name IS 'the index whose columns they are for, when they were saved';
COMMENT ON COLUMN mmdb.weight_profile.columns IS 'the columns'' names';
COMMENT ON COLUMN mmdb.weight_profile.weights IS 'a weight for each of the columns';
COMMENT ON COLUMN mmdb.weight_profile.recall IS 'recall on the examples that they were learned from';
COMMENT ON COLUMN mmdb.weight_profile.heldout_recall IS 'recall on examples that were held out';
COMMENT ON COLUMN mmdb.weight_profile.learned IS 'how they were learned';
COMMENT ON COLUMN mmdb.weight_profile.saved_at IS 'when they were saved';
GRANT SELECT ON mmdb.weight_profile TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('mmdb.weight_profile', '');

CREATE FUNCTION mm_weights(profile text) RETURNS double precision[]
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mm_weights(text) IS 'the weights of a saved profile';
