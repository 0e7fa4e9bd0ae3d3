-- Operations on distributed tables.  They are in library mmdb_shard, which
-- mm_shard_call loads.
--
-- Their own SQL is written for some settings, and what moves rows compares them by their
-- texts, which must be exact.  Nor may a policy of row-level security hide a row from it.

CREATE FUNCTION mmdb.distribute(table_name regclass, servers name[], regions integer DEFAULT NULL,
	method text DEFAULT 'tree', using_index regclass DEFAULT NULL, keys text DEFAULT 'refuse')
	RETURNS bigint
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000 SET search_path TO pg_catalog, pg_temp
	SET standard_conforming_strings TO on SET quote_all_identifiers TO off SET array_nulls TO on
	SET extra_float_digits TO 3 SET datestyle TO iso SET timezone TO utc SET intervalstyle TO postgres
	SET row_security TO off
	AS 'MODULE_PATHNAME', 'mm_shard_call';
COMMENT ON FUNCTION mmdb.distribute(regclass, name[], integer, text, regclass, text)
	IS 'distribute a table over servers, by the regions of an index; returns the number of rows';

CREATE FUNCTION mmdb.undistribute(table_name regclass) RETURNS bigint
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000 SET search_path TO pg_catalog, pg_temp
	SET standard_conforming_strings TO on SET quote_all_identifiers TO off SET array_nulls TO on
	SET extra_float_digits TO 3 SET datestyle TO iso SET timezone TO utc SET intervalstyle TO postgres
	SET row_security TO off
	AS 'MODULE_PATHNAME', 'mm_shard_call';
COMMENT ON FUNCTION mmdb.undistribute(regclass)
	IS 'make a distributed table an ordinary one again; returns the number of rows';

CREATE FUNCTION mmdb.move_region(table_name regclass, region integer, server name) RETURNS void
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000 SET search_path TO pg_catalog, pg_temp
	SET standard_conforming_strings TO on SET quote_all_identifiers TO off SET array_nulls TO on
	SET extra_float_digits TO 3 SET datestyle TO iso SET timezone TO utc SET intervalstyle TO postgres
	SET row_security TO off
	AS 'MODULE_PATHNAME', 'mm_shard_call';
COMMENT ON FUNCTION mmdb.move_region(regclass, integer, name)
	IS 'move a region of a distributed table to another server';

CREATE FUNCTION mmdb.split_region(table_name regclass, region integer) RETURNS integer[]
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000 SET search_path TO pg_catalog, pg_temp
	SET standard_conforming_strings TO on SET quote_all_identifiers TO off SET array_nulls TO on
	SET extra_float_digits TO 3 SET datestyle TO iso SET timezone TO utc SET intervalstyle TO postgres
	SET row_security TO off
	AS 'MODULE_PATHNAME', 'mm_shard_call';
COMMENT ON FUNCTION mmdb.split_region(regclass, integer)
	IS 'split a region of a distributed table in two; returns the numbers of these';

CREATE FUNCTION mmdb.region_sizes(table_name regclass, OUT region integer, OUT server text, OUT rows bigint,
	OUT bytes bigint)
	RETURNS SETOF record
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 100000 SET search_path TO pg_catalog, pg_temp
	SET standard_conforming_strings TO on SET quote_all_identifiers TO off
	AS 'MODULE_PATHNAME', 'mm_shard_call';
COMMENT ON FUNCTION mmdb.region_sizes(regclass)
	IS 'sizes of the regions of a distributed table, as its servers estimate them';

CREATE FUNCTION mmdb.rebalance_plan(table_name regclass, servers name[] DEFAULT NULL,
	tolerance double precision DEFAULT 0.1, OUT step integer, OUT action text, OUT region integer,
	OUT from_server text, OUT to_server text, OUT rows bigint)
	RETURNS SETOF record
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 100000 SET search_path TO pg_catalog, pg_temp
	SET standard_conforming_strings TO on SET quote_all_identifiers TO off
	AS 'MODULE_PATHNAME', 'mm_shard_call';
COMMENT ON FUNCTION mmdb.rebalance_plan(regclass, name[], double precision)
	IS 'the steps by which mmdb.rebalance would make servers even';

-- Each step is a transaction, so that writes are blocked only briefly.  A
-- procedure that commits can have no SET clause.
CREATE PROCEDURE mmdb.rebalance(table_name regclass, servers name[] DEFAULT NULL,
	tolerance double precision DEFAULT 0.1, dry_run boolean DEFAULT false)
	LANGUAGE plpgsql AS $$
DECLARE
	step record;
BEGIN
	IF dry_run THEN
		FOR step IN SELECT * FROM mmdb.rebalance_plan(table_name, servers, tolerance) LOOP
			RAISE NOTICE '% region % of server % (% rows)%', step.action, step.region, step.from_server, step.rows,
				pg_catalog.concat(' to server ' OPERATOR(pg_catalog.||) step.to_server);
		END LOOP;
		RETURN;
	END IF;
	LOOP
		SELECT * INTO step FROM mmdb.rebalance_plan(table_name, servers, tolerance) LIMIT 1;
		EXIT WHEN NOT FOUND;
		IF step.action OPERATOR(pg_catalog.=) 'move' THEN
			PERFORM mmdb.move_region(table_name, step.region, step.to_server::pg_catalog.name);
		ELSE
			PERFORM mmdb.split_region(table_name, step.region);
		END IF;
		COMMIT;
	END LOOP;
END
$$;
COMMENT ON PROCEDURE mmdb.rebalance(regclass, name[], double precision, boolean)
	IS 'move and split regions of a distributed table until its servers are even';

CREATE FUNCTION mmdb.check_servers(table_name regclass, OUT server text, OUT problem text)
	RETURNS SETOF record
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 100000 SET search_path TO pg_catalog, pg_temp
	SET standard_conforming_strings TO on SET quote_all_identifiers TO off
	AS 'MODULE_PATHNAME', 'mm_shard_call';
COMMENT ON FUNCTION mmdb.check_servers(regclass)
	IS 'what is wrong with the servers of a distributed table; no row if nothing is';

CREATE FUNCTION mmdb.on_servers(table_name regclass, command text, here boolean DEFAULT true) RETURNS integer
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 100000 SET search_path TO pg_catalog, pg_temp
	AS 'MODULE_PATHNAME', 'mm_shard_call';
COMMENT ON FUNCTION mmdb.on_servers(regclass, text, boolean)
	IS 'run a command at all servers of a distributed table, and here, in one transaction; returns the number of servers';

CREATE FUNCTION mmdb.recover(servers name[] DEFAULT NULL, OUT server text, OUT transaction text, OUT action text)
	RETURNS SETOF record
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 100000 SET search_path TO pg_catalog, pg_temp
	AS 'MODULE_PATHNAME', 'mm_shard_call';
COMMENT ON FUNCTION mmdb.recover(name[])
	IS 'end the transactions that operations on distributed tables have left prepared at servers';

-- The query runs under the caller's search_path; the function sees to its own.
CREATE FUNCTION mmdb.copy_from(table_name regclass, query text) RETURNS bigint
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000
	AS 'MODULE_PATHNAME', 'mm_shard_call';
COMMENT ON FUNCTION mmdb.copy_from(regclass, text)
	IS 'insert the rows of a query into a distributed table, by one COPY a server; returns their number';

CREATE VIEW mmdb.regions AS
	SELECT i.inhparent::pg_catalog.regclass AS table_name,
		   r.region[1]::pg_catalog.int4 AS region,
		   s.srvname AS server,
		   c.oid::pg_catalog.regclass AS foreign_table
	FROM pg_catalog.pg_foreign_table f
		 JOIN pg_catalog.pg_foreign_server s ON s.oid = f.ftserver
		 JOIN pg_catalog.pg_class c ON c.oid = f.ftrelid
		 JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid
		 CROSS JOIN LATERAL pg_catalog.regexp_matches(pg_catalog.pg_get_expr(c.relpartbound, c.oid), '\d+', 'g') r(region)
	WHERE pg_catalog.starts_with(pg_catalog.pg_get_partkeydef(i.inhparent), 'LIST (mmdb.mm_region(');
COMMENT ON VIEW mmdb.regions
	IS 'the regions of all distributed tables, and the servers that hold them';
GRANT SELECT ON mmdb.regions TO PUBLIC;
