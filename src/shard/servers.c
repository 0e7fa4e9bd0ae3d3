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
#include "commands/extension.h"
#include "commands/tablecmds.h"
#include "fanout/fanout.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "parser/parser.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/resowner.h"

#include "region/guard.h"
#include "region/remote_use.h"
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

/*
 * Does a server's definition say that it has mmdb, so that distances can be sent there?
 */
bool
mm_lists_mmdb(Oid serverid)
{
	return list_member_oid(mm_server_extensions(serverid), get_extension_oid("mmdb", false));
}

/*
 * Raise an error if two servers are the same database, or if one of them is this one.
 * Their transactions, which are open, would wait for each other's locks, and nobody
 * would see that.  Each takes an advisory lock of its own number, and tries those of
 * the ones before: the locks of a database are its own.  (Those that were tried are
 * taken, too, so that the greatest number that fails tells which server it is.)
 */
void
mm_check_apart(int n, MMConnection *const *conns)
{
	char	   *key = mm_local_value("SELECT (random() * 9e15)::bigint");

	(void) mm_local("SELECT pg_advisory_xact_lock(%s)", key);
	for (int i = 1; i <= n; i++)
	{
		MMConnection *conn = conns[i - 1];
		char	   *same = MM_ROW_VALUE(mm_exec(conn,
												psprintf("SELECT pg_advisory_xact_lock(%s + %d); "
														 "SELECT max(j) FROM generate_series(0, %d) j WHERE NOT pg_try_advisory_xact_lock(%s + j)",
														 key, i, i - 1, key)), 0, 0);

		if (same == NULL)
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 atoi(same) == 0 ? errmsg("server \"%s\" is this database itself", conn->server) :
				 errmsg("servers \"%s\" and \"%s\" are the same database", conns[atoi(same) - 1]->server,
						conn->server),
				 errdetail("Each server holds its part of the table under the table's name."),
				 errhint("Give servers whose options host, port and dbname lead to different databases.")));
	}
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

	if (!mm_lists_mmdb(part->serverid))
		add_problem(result, part->server,
					"its option \"extensions\" does not list mmdb, so searches are not sent to it");
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
	/* A default partition is of no region. */
	rows = mm_exec(part->conn,
				   psprintf("SELECT CASE WHEN t.name IS NULL THEN format('it has no partition for region %%s', h.region) "
							"WHEN t.region IS NULL THEN format('partition %%s is of no region', t.name) "
							"ELSE format('it has a partition for region %%s, which another server has', t.region) END "
							"FROM (SELECT substring(pg_get_expr(c.relpartbound, c.oid) FROM '[0-9]+')::int, c.oid::regclass FROM pg_inherits i "
							"JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = %s::regclass) t(region, name) "
							"FULL JOIN unnest('{%s}'::int[]) h(region) ON h.region = t.region WHERE t.region IS NULL OR h.region IS NULL "
							"ORDER BY coalesce(t.region, h.region)",
							remote, regions.data));
	for (int i = 0; i < rows->nrows; i++)
		add_problem(result, part->server, MM_ROW_VALUE(rows, i, 0));
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
 * Let the position of an error refer to the command, not to the statement that calls
 * us.
 */
static void
command_error_context(void *arg)
{
	int			position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(arg);
	}
	errcontext("command for all servers");
}

/*
 * The lock that a statement may take on the table, or on one of its indexes in the way of
 * those who read or write; what is not known to take a strong one is taken to take none.
 */
static LOCKMODE
lock_of(const Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_AlterTableStmt:
			return AlterTableGetLockLevel(((const AlterTableStmt *) statement)->cmds);
		case T_IndexStmt:
		case T_CreateTrigStmt:
			return ShareRowExclusiveLock;
		case T_RenameStmt:
		case T_DropStmt:
		case T_TruncateStmt:
		case T_ClusterStmt:
		case T_ReindexStmt:
		case T_RuleStmt:
		case T_CreatePolicyStmt:
		case T_AlterPolicyStmt:
		case T_AlterObjectSchemaStmt:
		case T_AlterOwnerStmt:
		case T_LockStmt:
		case T_DoStmt:
		case T_CallStmt:
			return AccessExclusiveLock;
		default:
			return NoLock;
	}
}

/*
 * Lock the table here as strongly as a command may lock it at the servers.
 */
static void
lock_for(const MMDistributed *table, LOCKMODE mode)
{
	if (mode != NoLock)
		mm_use_check_lock(table->relid);
	mm_lock_table(table->qualified,
				  mode >= AccessExclusiveLock ? "ACCESS EXCLUSIVE" :
				  mode >= ExclusiveLock ? "EXCLUSIVE" :
				  mode > ShareUpdateExclusiveLock ? "SHARE ROW EXCLUSIVE" : "SHARE UPDATE EXCLUSIVE");
}

/*
 * The statements of a command, and the strongest lock that one may take.  None of them may begin or end a transaction, or a
 * part of one: what was done until then would stay at some servers, whatever happens
 * at the others.  (Procedures and DO blocks cannot do that within a transaction.)
 */
static List *
split_command(const MMDistributed *table, const char *command, LOCKMODE *lock)
{
	List	   *result = NIL;
	ErrorContextCallback callback = {
		.previous = error_context_stack,
		.callback = command_error_context,
		.arg = unconstify(char *, command),
	};
	ListCell   *lc;

	*lock = NoLock;
	error_context_stack = &callback;
	foreach(lc, pg_parse_query(command))
	{
		RawStmt    *raw = lfirst_node(RawStmt, lc);

		if (IsA(raw->stmt, TransactionStmt))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
					 errmsg("%s cannot be part of a command for all servers",
							GetCommandTagName(CreateCommandTag(raw->stmt))),
					 errdetail("A command for all servers runs in one transaction, which ends everywhere when the call of mmdb.on_servers() does."),
					 errhint("Leave BEGIN, COMMIT, SAVEPOINT and the like out of the command.")));
		mm_guard_unique(raw->stmt, table->schema, table->name);
		*lock = Max(*lock, lock_of(raw->stmt));
		result = lappend(result, raw->stmt_len > 0 ?
						 pnstrdup(command + raw->stmt_location, raw->stmt_len) :
						 pstrdup(command + Max(raw->stmt_location, 0)));
	}
	error_context_stack = callback.previous;
	if (result == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("there is no command for the servers in the text")));
	return result;
}

/*
 * Run a statement at all servers.  Each must still be in its transaction afterwards.
 */
static void
run_everywhere(int n, MMConnection **conns, const char *statement)
{
	const char **sql = palloc(sizeof(char *) * n);

	for (int i = 0; i < n; i++)
		sql[i] = statement;
	mm_exec_together(n, conns, sql, true);
	for (int i = 0; i < n; i++)
		if (PQtransactionStatus(conns[i]->pg) != PQTRANS_INTRANS)
		{
			mm_disconnect(conns[i]);
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
					 errmsg("the command has ended the transaction at server \"%s\"", conns[i]->server),
					 errhint("A command for all servers runs in one transaction, and must not end it.")));
		}
	pfree(sql);
}

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
	List	   *statements;
	LOCKMODE	lock;
	ListCell   *lc;
	int			nest;

	mm_require_operator(fcinfo, 3, "mmdb.on_servers()");
	/* It waits for other operations now, and not for their last step with a lock that they want. */
	mm_lock_operation(PG_GETARG_OID(0));
	table = mm_distributed_read(PG_GETARG_OID(0));
	command = text_to_cstring(PG_GETARG_TEXT_PP(1));
	statements = split_command(table, command, &lock);
	path = psprintf("%s, public", quote_identifier(table->schema));
	lock_for(table, lock);
	mm_distributed_connect(table);
	conns = palloc(sizeof(MMConnection *) * table->nparts);
	for (int i = 0; i < table->nparts; i++)
	{
		conns[i] = table->parts[i].conn;
		/* Servers must read strings as they were read here. */
		mm_exec(conns[i], psprintf("SET LOCAL search_path = %s; SET LOCAL standard_conforming_strings = %s; "
								   "SET LOCAL row_security TO DEFAULT",
								   path, standard_conforming_strings ? "on" : "off"));
	}
	foreach(lc, statements)
		run_everywhere(table->nparts, conns, lfirst(lc));
	if (PG_GETARG_BOOL(2))
	{
		nest = NewGUCNestLevel();
		(void) set_config_option("search_path", path, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
		(void) mm_local("%s", command);
		AtEOXact_GUC(true, nest);
	}
	/* The command may have changed what later statements rely on. */
	for (int i = 0; i < table->nparts; i++)
		mm_exec(conns[i], MM_SESSION_SETTINGS "; RESET client_encoding; RESET ROLE");
	mm_finish_together(table->nparts, conns);
	PG_RETURN_INT32(table->nparts);
}
