/*-------------------------------------------------------------------------
 *
 * recover.c
 *	  mmdb.recover: ends transactions that an operation has prepared at servers
 *	  and could not end.
 *
 * The name of such a transaction has the number of the one here.  If that has
 * committed, the prepared one is committed; if it has not and is over, the
 * prepared one is rolled back.  A crash that loses a commit here (with
 * synchronous_commit = off) loses it before it was told to any server.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/builtins.h"

#include "shard/operations.h"

PG_FUNCTION_INFO_V1(mm_shard_recover);

extern PGDLLEXPORT Datum mm_shard_recover(PG_FUNCTION_ARGS);

/*
 * The servers to look at: those that are named, or all that the user has a
 * mapping for.
 */
static MMRows *
servers_to_visit(FunctionCallInfo fcinfo)
{
	if (!PG_ARGISNULL(0))
	{
		char	   *names = OidOutputFunctionCall(F_ARRAY_OUT, PG_GETARG_DATUM(0));

		return mm_local("SELECT unnest(%s::name[])", quote_literal_cstr(names));
	}
	return mm_local("SELECT s.srvname FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw "
					"WHERE w.fdwname = '" MM_WRAPPER "' AND has_server_privilege(s.oid, 'USAGE') AND EXISTS "
					"(SELECT FROM pg_user_mappings m WHERE m.srvid = s.oid AND m.umuser IN (0, %u)) ORDER BY 1", GetUserId());
}

/*
 * Cancel what waits at a server for prepared transactions, as far as the user may.  Its
 * snapshot is older than their commit, and would see only one half of it.
 */
static void
cancel_waiting(MMConnection *conn)
{
	(void) mm_exec(conn, "SELECT pg_cancel_backend(a.pid) FROM pg_stat_activity a WHERE a.datname = current_database() "
				   "AND (a.usename = current_user OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)) "
				   "AND 0 = ANY (pg_blocking_pids(a.pid))");
}

static void
recover_server(MMConnection *conn, ReturnSetInfo *result)
{
	char	   *prefix = mm_prepared_prefix();
	MMRows	   *rows = mm_exec(conn, psprintf("SELECT gid FROM pg_prepared_xacts WHERE database = current_database() "
											  "AND starts_with(gid, '%s') AND gid LIKE '%%\\_%u' ORDER BY gid", prefix, conn->serverid));

	for (int i = 0; i < rows->nrows; i++)
	{
		char	   *gid = MM_ROW_VALUE(rows, i, 0);
		char	   *status = mm_local_value("SELECT pg_xact_status(split_part(%s, '_', 4)::xid8)", quote_literal_cstr(gid));
		const char *action = "left: its transaction goes on";
		Datum		values[3];
		bool		isnull[3] = {false};

		if (status != NULL && strcmp(status, "committed") == 0)
		{
			cancel_waiting(conn);
			mm_exec(conn, psprintf("COMMIT PREPARED %s", quote_literal_cstr(gid)));
			action = "committed";
		}
		else if (status != NULL && strcmp(status, "aborted") == 0)
		{
			mm_exec(conn, psprintf("ROLLBACK PREPARED %s", quote_literal_cstr(gid)));
			action = "rolled back";
		}
		else if (status == NULL)
			action = "left: too old for its outcome to be known here";
		values[0] = CStringGetTextDatum(conn->server);
		values[1] = CStringGetTextDatum(gid);
		values[2] = CStringGetTextDatum(action);
		tuplestore_putvalues(result->setResult, result->setDesc, values, isnull);
	}
}

/*
 * recover(servers)
 */
Datum
mm_shard_recover(PG_FUNCTION_ARGS)
{
	MMRows	   *servers;

	PreventCommandDuringRecovery("mmdb.recover()");
	/* COMMIT PREPARED takes effect at once. */
	PreventInTransactionBlock(true, "mmdb.recover()");
	InitMaterializedSRF(fcinfo, 0);
	servers = servers_to_visit(fcinfo);
	for (int i = 0; i < servers->nrows; i++)
		recover_server(mm_connect(mm_server_by_name(MM_ROW_VALUE(servers, i, 0)), GetUserId()),
					   (ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}
