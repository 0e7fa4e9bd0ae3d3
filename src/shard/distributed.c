/*-------------------------------------------------------------------------
 *
 * distributed.c
 *	  What the catalogs know of a distributed table.
 *
 * A distributed table is partitioned by mm_region.  Its partitions are foreign
 * tables, one a server, and the bound of each lists the regions of that server.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "region/region.h"
#include "shard/operations.h"

/*
 * Parse the text of an array of integers.
 */
static int *
parse_integers(const char *text, int *n)
{
	int		   *result = palloc(sizeof(int) * (strlen(text) + 1));

	*n = 0;
	for (const char *at = text; *at != '\0';)
	{
		char	   *end;
		long		number = strtol(at, &end, 10);

		if (end == at)
		{
			at++;
			continue;
		}
		result[(*n)++] = (int) number;
		at = end;
	}
	return result;
}

/*
 * The partition key that goes with a tree, as text.
 */
char *
mm_key_of_tree(const char *tree)
{
	return psprintf("mmdb.mm_region(%s::mmdb.region_tree, %s)", quote_literal_cstr(tree),
					mm_local_value("SELECT string_agg(c->>'name', ', ' ORDER BY n) FROM jsonb_array_elements(%s::jsonb->'columns') WITH ORDINALITY a(c, n)",
								   quote_literal_cstr(tree)));
}

/*
 * Read what the catalogs know.  Raises an error if the table is not distributed.
 */
MMDistributed *
mm_distributed_read(Oid relid)
{
	MMDistributed *table = palloc0(sizeof(MMDistributed));
	Relation	relation = table_open(relid, AccessShareLock);
	Datum		tree;
	List	   *columns;
	MMRows	   *rows;

	if (!mm_region_key(relation, &tree, &columns))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("table \"%s\" is not distributed", RelationGetRelationName(relation)),
				 errhint("mmdb.distribute() distributes a table over servers.")));
	table->relid = relid;
	table->schema = get_namespace_name(RelationGetNamespace(relation));
	table->name = pstrdup(RelationGetRelationName(relation));
	table->qualified = mm_qualified(table->schema, table->name);
	table->tree = DatumGetCString(DirectFunctionCall1(jsonb_out, tree));
	table->key = mm_key_of_tree(table->tree);
	table_close(relation, NoLock);

	rows = mm_local("SELECT s.oid, s.srvname, c.oid, c.oid::regclass, "
					"coalesce((SELECT option_value FROM pg_options_to_table(f.ftoptions) WHERE option_name = 'schema_name'), n.nspname), "
					"coalesce((SELECT option_value FROM pg_options_to_table(f.ftoptions) WHERE option_name = 'table_name'), c.relname), "
					"ARRAY(SELECT m[1]::int FROM regexp_matches(pg_get_expr(c.relpartbound, c.oid), '[0-9]+', 'g') m ORDER BY 1) "
					"FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
					"JOIN pg_foreign_table f ON f.ftrelid = c.oid JOIN pg_foreign_server s ON s.oid = f.ftserver "
					"WHERE i.inhparent = %u ORDER BY s.srvname, c.relname", relid);
	table->parts = palloc0(sizeof(MMPart) * (rows->nrows + 1));
	for (int i = 0; i < rows->nrows; i++)
	{
		MMPart	   *part = &table->parts[table->nparts++];

		part->serverid = atooid(MM_ROW_VALUE(rows, i, 0));
		part->server = MM_ROW_VALUE(rows, i, 1);
		part->foreign_table = atooid(MM_ROW_VALUE(rows, i, 2));
		part->foreign_name = MM_ROW_VALUE(rows, i, 3);
		part->remote_name = mm_qualified(MM_ROW_VALUE(rows, i, 4), MM_ROW_VALUE(rows, i, 5));
		part->regions = parse_integers(MM_ROW_VALUE(rows, i, 6), &part->nregions);
	}
	return table;
}

Oid
mm_server_by_name(const char *name)
{
	ForeignServer *server = GetForeignServerByName(name, true);
	AclResult	result;

	if (server == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("server \"%s\" does not exist", name),
				 errhint("Make it by CREATE SERVER ... FOREIGN DATA WRAPPER postgres_fdw, and a user mapping by CREATE USER MAPPING.")));
	result = mm_server_aclcheck(server->serverid, GetUserId(), ACL_USAGE);
	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_FOREIGN_SERVER, server->servername);
	return server->serverid;
}

/*
 * Raise an error if the current user has no mapping for a server, which PostgreSQL's
 * own error does not name.
 */
static void
require_mapping(const MMPart *part)
{
	Oid			user = GetUserId();

	if (SearchSysCacheExists2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(user), ObjectIdGetDatum(part->serverid)) ||
		SearchSysCacheExists2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(InvalidOid), ObjectIdGetDatum(part->serverid)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("user \"%s\" has no user mapping for server \"%s\"", GetUserNameFromId(user, false), part->server),
			 errhint("CREATE USER MAPPING FOR %s SERVER %s OPTIONS (user '...', password '...')",
					 quote_identifier(GetUserNameFromId(user, false)), quote_identifier(part->server))));
}

/*
 * Connect to the server of a part, as the current user, and begin a transaction
 * there in which an operation can change something.  Each of its statements must
 * see what was committed before it; a transaction that has begun already keeps
 * its isolation level.  An operation has to see all rows, and may take long; it is idle at one
 * server while another one is at work.
 */
void
mm_part_connect(MMPart *part)
{
	if (part->conn != NULL)
		return;
	require_mapping(part);
	part->conn = mm_connect(part->serverid, GetUserId());
	if (part->conn->depth == 0)
	{
		mm_begin(part->conn, true);
		if (!IsolationUsesXactSnapshot())
			mm_exec(part->conn, "SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
	}
	else
		mm_begin(part->conn, true);
	if (mm_is_operating())
		mm_exec(part->conn, "SET LOCAL row_security = off; SELECT set_config(name, '0', true) FROM pg_settings WHERE name IN "
				"('idle_in_transaction_session_timeout', 'statement_timeout', 'transaction_timeout')");
}

/*
 * Connect to all servers of a table.
 */
void
mm_distributed_connect(MMDistributed *table)
{
	for (int i = 0; i < table->nparts; i++)
		mm_part_connect(&table->parts[i]);
}

/*
 * The number of the part that holds a region.  Raises an error if there is no
 * such region.
 */
int
mm_distributed_region(const MMDistributed *table, int region)
{
	for (int i = 0; i < table->nparts; i++)
		for (int j = 0; j < table->parts[i].nregions; j++)
			if (table->parts[i].regions[j] == region)
				return i;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("table \"%s\" has no region %d", table->name, region),
			 errhint("The view mmdb.regions shows the regions.")));
}
