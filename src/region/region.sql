-- Regions of distributed tables.

CREATE TYPE mmdb.region_tree;

CREATE FUNCTION mmdb.region_tree_in(cstring) RETURNS mmdb.region_tree
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mm_region_tree_in';
COMMENT ON FUNCTION mmdb.region_tree_in(cstring) IS 'I/O';
CREATE FUNCTION mmdb.region_tree_out(mmdb.region_tree) RETURNS cstring
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mm_region_tree_out';
COMMENT ON FUNCTION mmdb.region_tree_out(mmdb.region_tree) IS 'I/O';
CREATE FUNCTION mmdb.region_tree_recv(internal) RETURNS mmdb.region_tree
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mm_region_tree_recv';
COMMENT ON FUNCTION mmdb.region_tree_recv(internal) IS 'I/O';
CREATE FUNCTION mmdb.region_tree_send(mmdb.region_tree) RETURNS bytea
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mm_region_tree_send';
COMMENT ON FUNCTION mmdb.region_tree_send(mmdb.region_tree) IS 'I/O';

CREATE TYPE mmdb.region_tree (
	INPUT = mmdb.region_tree_in, OUTPUT = mmdb.region_tree_out,
	RECEIVE = mmdb.region_tree_recv, SEND = mmdb.region_tree_send,
	INTERNALLENGTH = VARIABLE, STORAGE = extended
);
COMMENT ON TYPE mmdb.region_tree IS 'how a distributed table is divided into regions';

CREATE FUNCTION mmdb.region_support(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mm_region_support';
COMMENT ON FUNCTION mmdb.region_support(internal) IS 'planner support: loads the library where a distributed table is planned';

CREATE FUNCTION mmdb.mm_region(tree mmdb.region_tree, VARIADIC columns "any") RETURNS integer
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 SUPPORT mmdb.region_support
	AS 'MODULE_PATHNAME', 'mm_region';
COMMENT ON FUNCTION mmdb.mm_region(mmdb.region_tree, "any") IS 'the region of a row, given as the values of the tree''s columns';

CREATE FUNCTION mmdb.train_regions(index_name regclass, regions integer, method text DEFAULT 'tree')
	RETURNS mmdb.region_tree
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'mm_train_regions';
COMMENT ON FUNCTION mmdb.train_regions(regclass, integer, text)
	IS 'a region tree for the table of an mmdb index, from a sample of its rows';
CREATE FUNCTION mmdb.train_split(tree mmdb.region_tree, region integer, partition regclass)
	RETURNS mmdb.region_tree
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'mm_train_split';
COMMENT ON FUNCTION mmdb.train_split(mmdb.region_tree, integer, regclass)
	IS 'the tree with one region split, as the rows of its partition suggest';

CREATE FUNCTION mmdb.set_region_tree(table_name regclass, tree mmdb.region_tree) RETURNS void
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'mm_set_region_tree';
COMMENT ON FUNCTION mmdb.set_region_tree(regclass, mmdb.region_tree)
	IS 'refine the region tree in a table''s partition key, after the partitions of the split regions were detached';

CREATE FUNCTION mmdb.changed_versions(table_name regclass, picture regclass, OUT home oid, OUT place tid,
	OUT pictured tid)
	RETURNS SETOF record
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'mm_changed_versions';
COMMENT ON FUNCTION mmdb.changed_versions(regclass, regclass)
	IS 'where a table has versions of rows that a picture of it has not, or had others, and where the picture has these';

CREATE FUNCTION mmdb.region_bounds(tree mmdb.region_tree, weights double precision[], missing double precision[],
	VARIADIC query "any", OUT region integer, OUT bound double precision)
	RETURNS SETOF record
	LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 16 AS 'MODULE_PATHNAME', 'mm_region_bounds_of_query';
COMMENT ON FUNCTION mmdb.region_bounds(mmdb.region_tree, double precision[], double precision[], "any")
	IS 'lower bounds of a weighted sum of distances in each region; a NULL row value adds the column''s missing, or excludes the row if that is NULL';
