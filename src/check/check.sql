-- Is an index what it should be, and how good is it?

CREATE FUNCTION mmdb_index_check(index regclass, heap boolean DEFAULT true) RETURNS void
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmdb_index_check(regclass, boolean)
	IS 'verify the pages of an mmdb index, and its entries against the rows of the table';
REVOKE ALL ON FUNCTION mmdb_index_check(regclass, boolean) FROM PUBLIC;

CREATE FUNCTION mmdb_index_stats(index regclass,
	OUT metadata_pages bigint, OUT model_pages bigint, OUT inner_pages bigint,
	OUT leaf_pages bigint, OUT subindex_pages bigint, OUT free_pages bigint, OUT height integer,
	OUT entries bigint, OUT leaf_fill double precision,
	OUT inner_fill double precision, OUT overlap double precision,
	OUT bytes_per_entry double precision, OUT entries_per_leaf integer,
	OUT coordinates integer, OUT sketch_bytes integer, OUT trained boolean,
	OUT splits bigint)
	RETURNS record
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mmdb_index_stats(regclass)
	IS 'pages, tree and entries of an mmdb index';
