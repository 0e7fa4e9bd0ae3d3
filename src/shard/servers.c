/*-------------------------------------------------------------------------
 *
 * servers.c
 *	  What a server must be to hold a part of a table, mmdb.check_servers, and
 *	  mmdb.on_servers.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/resowner.h"

#include "shard/operations.h"

PG_FUNCTION_INFO_V1(mm_shard_check_servers);
PG_FUNCTION_INFO_V1(mm_shard_on_servers);

extern PGDLLEXPORT Datum mm_shard_check_servers(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum mm_shard_on_servers(PG_FUNCTION_ARGS);

/*
 * Raise an error if a server cannot hold a part of a table of ours: it lacks
 * mmdb, or has another version of it or in another schema, or another encoding.
 */
void
mm_check_server(MMConnection *conn)
{
	MMRows	   *there = mm_exec(conn, "SELECT extversion, extnamespace::regnamespace::text, current_setting('server_encoding') "
								"FROM (SELECT) one LEFT JOIN pg_extension ON extname = 'mmdb'");
	MMRows	   *here = mm_local("SELECT extversion, extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'mmdb'");

	if (MM_ROW_VALUE(there, 0, 0) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("server \"%s\" does not have extension mmdb", conn->server),
				 errhint("Run CREATE EXTENSION mmdb in its database.")));
	if (strcmp(MM_ROW_VALUE(there, 0, 0), MM_ROW_VALUE(here, 0, 0)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("server \"%s\" has another version of mmdb", conn->server),
				 errdetail("It has version %s, and this server has version %s.", MM_ROW_VALUE(there, 0, 0),
						   MM_ROW_VALUE(here, 0, 0)),
				 errhint("Install the same version everywhere, and run ALTER EXTENSION mmdb UPDATE.")));
	if (strcmp(MM_ROW_VALUE(there, 0, 1), MM_ROW_VALUE(here, 0, 1)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("server \"%s\" has mmdb in another schema", conn->server),
				 errdetail("It is in schema %s there, and in schema %s here.", MM_ROW_VALUE(there, 0, 1),
						   MM_ROW_VALUE(here, 0, 1)),
				 errhint("Operators are named with their schema, so it must be the same on all servers.")));
	if (strcmp(MM_ROW_VALUE(there, 0, 2), GetDatabaseEncodingName()) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the database at server \"%s\" has encoding %s", conn->server, MM_ROW_VALUE(there, 0, 2)),
				 errdetail("This database has encoding %s.", GetDatabaseEncodingName())));
}

/* ---------- check_servers ---------- */

/*
 * What must be the same here and at a server: a query, with the table's name as
 * a literal for its argument.
 */
typedef struct Comparison
{
	const char *what;
	const char *query;
} Comparison;

static const Comparison comparisons[] = {
	{"another major version of PostgreSQL",
	"SELECT current_setting('server_version_num')::int / 10000 WHERE %s IS NOT NULL"},
	{"another collation of its database",
	"SELECT datcollate || ', ' || datctype FROM pg_database WHERE datname = current_database() AND %s IS NOT NULL"},
	{"other columns",
		"SELECT string_agg(concat_ws(' ', quote_ident(attname), format_type(atttypid, atttypmod), nullif(attcollation, 0)::regcollation, "
		"CASE WHEN attnotnull THEN 'NOT NULL' END, CASE attgenerated WHEN 's' THEN 'GENERATED' END), ', ' ORDER BY attname) "
		"FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"},
	{"another region tree", "SELECT pg_get_partkeydef(%s::regclass)"},
	{"other CHECK constraints",
		"SELECT string_agg(pg_get_constraintdef(oid), ', ' ORDER BY pg_get_constraintdef(oid)) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'"},
	{"other indexes",
		"SELECT string_agg(d, '; ' ORDER BY d) FROM (SELECT regexp_replace(pg_get_indexdef(indexrelid), '^CREATE INDEX .* ON (ONLY )?.* USING ', '') "
		"FROM pg_index WHERE indrelid = %s::regclass) i(d)"},
};

static void
add_problem(ReturnSetInfo *result, const char *server, const char *problem)
{
	Datum		values[2];
	bool		isnull[2] = {false};

	values[0] = CStringGetTextDatum(server);
	values[1] = CStringGetTextDatum(problem);
	tuplestore_putvalues(result->setResult, result->setDesc, values, isnull);
}

static const char *
or_none(const char *value)
{
	return value == NULL || value[0] == '\0' ? "none" : value;
}

/*
 * Find the problems of one server.  Raises an error for the first one that is
 * in the way of all others.
 */
static void
check_part(const MMDistributed *table, MMPart *part, ReturnSetInfo *result)
{
	char	   *remote = quote_literal_cstr(part->remote_name);
	MMRows	   *rows;
	StringInfoData regions;

	part->conn = mm_connect(part->serverid, GetUserId());
	mm_check_server(part->conn);
	rows = mm_exec(part->conn, psprintf("SELECT gid FROM pg_prepared_xacts WHERE database = current_database() AND starts_with(gid, '%s') ORDER BY 1",
										mm_prepared_prefix()));
	for (int i = 0; i < rows->nrows; i++)
		add_problem(result, part->server, psprintf("transaction %s is prepared; see mmdb.recover()", MM_ROW_VALUE(rows, i, 0)));
	/* What follows would wait for its locks. */
	if (rows->nrows > 0)
		return;
	if (MM_ROW_VALUE(mm_exec(part->conn, psprintf("SELECT to_regclass(%s)", remote)), 0, 0) == NULL)
	{
		add_problem(result, part->server, psprintf("there is no table %s", part->remote_name));
		return;
	}
	for (int i = 0; i < (int) lengthof(comparisons); i++)
	{
		char	   *here = mm_local_value(comparisons[i].query, quote_literal_cstr(table->qualified));
		StringInfoData sql;
		MMRows	   *there;

		initStringInfo(&sql);
		appendStringInfo(&sql, comparisons[i].query, remote);
		there = mm_exec(part->conn, sql.data);
		if (strcmp(or_none(here), or_none(MM_ROW_VALUE(there, 0, 0))) != 0)
			add_problem(result, part->server, psprintf("%s: %s, and here: %s", comparisons[i].what,
													   or_none(MM_ROW_VALUE(there, 0, 0)), or_none(here)));
	}
	initStringInfo(&regions);
	for (int i = 0; i < part->nregions; i++)
		appendStringInfo(&regions, "%s%d", i > 0 ? "," : "", part->regions[i]);
	rows = mm_exec(part->conn,
				   psprintf("SELECT coalesce(t.region, h.region), t.region IS NULL FROM (SELECT substring(pg_get_expr(c.relpartbound, c.oid) FROM '\\d+')::int FROM pg_inherits i "
							"JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = %s::regclass) t(region) "
							"FULL JOIN unnest('{%s}'::int[]) h(region) ON h.region = t.region WHERE t.region IS NULL OR h.region IS NULL ORDER BY 1",
							remote, regions.data));
	for (int i = 0; i < rows->nrows; i++)
		add_problem(result, part->server,
					psprintf(MM_ROW_VALUE(rows, i, 1)[0] == 't' ? "it has no partition for region %s" :
							 "it has a partition for region %s, which another server has", MM_ROW_VALUE(rows, i, 0)));
	rows = mm_exec(part->conn, psprintf("SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid AND indrelid IN "
										"(SELECT relid FROM pg_partition_tree(%s)) ORDER BY 1::text", remote));
	for (int i = 0; i < rows->nrows; i++)
		add_problem(result, part->server, psprintf("index %s is not valid", MM_ROW_VALUE(rows, i, 0)));
}

/*
 * check_servers(table): the problems of its servers.
 */
Datum
mm_shard_check_servers(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MMDistributed *table;

	mm_require_operator(fcinfo, -1, "mmdb.check_servers()");
	InitMaterializedSRF(fcinfo, 0);
	table = mm_distributed_read(PG_GETARG_OID(0));
	for (int i = 0; i < table->nparts; i++)
	{
		MemoryContext context = CurrentMemoryContext;
		ResourceOwner owner = CurrentResourceOwner;

		/* A server that is down must not hide the problems of the others. */
		BeginInternalSubTransaction(NULL);
		MemoryContextSwitchTo(context);
		PG_TRY();
		{
			check_part(table, &table->parts[i], result);
			ReleaseCurrentSubTransaction();
		}
		PG_CATCH();
		{
			ErrorData  *error;

			MemoryContextSwitchTo(context);
			error = CopyErrorData();
			FlushErrorState();
			RollbackAndReleaseCurrentSubTransaction();
			MemoryContextSwitchTo(context);
			CurrentResourceOwner = owner;
			if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
				ReThrowError(error);
			add_problem(result, table->parts[i].server,
						error->detail == NULL ? error->message : psprintf("%s: %s", error->message, error->detail));
		}
		PG_END_TRY();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
	}
	return (Datum) 0;
}

/* ---------- on_servers ---------- */

/*
 * on_servers(table, command, here): run a command at all servers, and here,
 * where unqualified names are those of the table's schema first.  Returns the
 * number of servers.
 */
Datum
mm_shard_on_servers(PG_FUNCTION_ARGS)
{
	MMDistributed *table;
	char	   *command;
	char	   *path;
	MMConnection **conns;
	const char **sql;
	int			nest;

	mm_require_operator(fcinfo, 3, "mmdb.on_servers()");
	table = mm_distributed_read(PG_GETARG_OID(0));
	command = text_to_cstring(PG_GETARG_TEXT_PP(1));
	path = psprintf("%s, public", quote_identifier(table->schema));
	(void) mm_local("LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE", table->qualified);
	mm_distributed_connect(table);
	conns = palloc(sizeof(MMConnection *) * table->nparts);
	sql = palloc(sizeof(char *) * table->nparts);
	for (int i = 0; i < table->nparts; i++)
	{
		conns[i] = table->parts[i].conn;
		mm_exec(conns[i], psprintf("SET LOCAL search_path = %s", path));
		sql[i] = command;
	}
	mm_exec_together(table->nparts, conns, sql);
	for (int i = 0; i < table->nparts; i++)
		if (PQtransactionStatus(conns[i]->pg) != PQTRANS_INTRANS)
		{
			mm_disconnect(conns[i]);
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
					 errmsg("the command has ended the transaction at server \"%s\"", conns[i]->server),
					 errhint("A command for all servers runs in one transaction, and must not end it.")));
		}
	if (PG_GETARG_BOOL(2))
	{
		nest = NewGUCNestLevel();
		(void) set_config_option("search_path", path, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
		(void) mm_local("%s", command);
		AtEOXact_GUC(true, nest);
	}
	for (int i = 0; i < table->nparts; i++)
		mm_exec(conns[i], "SET LOCAL search_path = pg_catalog");
	mm_finish_together(table->nparts, conns);
	PG_RETURN_INT32(table->nparts);
}
