/*-------------------------------------------------------------------------
 *
 * transaction.c
 *	  Transactions at servers that end with the local one.
 *
 * A remote transaction has the isolation level of the local one.  There is a
 * savepoint for each subtransaction in which the connection is used.
 *
 * It commits before the local one does, server by server.  When a later server
 * fails, the earlier ones have committed: that is postgres_fdw's guarantee, too.
 * It rolls back without waiting for the server, as an abort must not fail and
 * may not be interrupted; the answer is read before the next command is sent.  A
 * transaction that has only read ends in the same way, unless the server may still
 * say that it could not be serialized.
 *
 * A connection on which a command is running when the transaction, or a part of
 * it, aborts is closed.  A remote transaction is then lost, and another use of
 * the connection in the same local transaction is an error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"

#include "region/remote_use.h"
#include "shard/connection.h"

/* Is any remote transaction open, or was one lost? */
static bool any_open = false;

/*
 * What opens a transaction at the server, or its savepoint for the current
 * subtransaction; a palloc'd string.  mm_begun must be called when it has run.
 */
char *
mm_begin_sql(const MMConnection *conn)
{
	int			level = GetCurrentTransactionNestLevel();
	StringInfoData sql;

	initStringInfo(&sql);
	if (conn->depth == 0)
		appendStringInfo(&sql, "START TRANSACTION ISOLATION LEVEL %s; ",
						 IsolationIsSerializable() ? "SERIALIZABLE" :
						 IsolationUsesXactSnapshot() ? "REPEATABLE READ" : "READ COMMITTED");
	for (int i = Max(conn->depth + 1, 2); i <= level; i++)
		appendStringInfo(&sql, "SAVEPOINT s%d; ", i);
	return sql.data;
}

void
mm_begun(MMConnection *conn)
{
	any_open = true;
	mm_use_opened();
	conn->depth = GetCurrentTransactionNestLevel();
}

/*
 * Open a transaction at the server, or its savepoint for the current
 * subtransaction, if there is none yet.  writes says that the caller will change
 * something there: the local transaction can then commit only if this one does.
 */
void
mm_begin(MMConnection *conn, bool writes)
{
	char	   *sql;

	if (conn->depth < GetCurrentTransactionNestLevel())
	{
		sql = mm_begin_sql(conn);
		mm_exec(conn, sql);
		pfree(sql);
		mm_begun(conn);
	}
	conn->wrote |= writes;
}

/*
 * Send the end of a transaction that is rolled back, or has only read, without waiting
 * for the answer.
 */
static void
send_end(MMConnection *conn, const char *sql)
{
	resetStringInfo(&conn->before);
	conn->undone = 0;
	if (PQsendQuery(conn->pg, sql) && PQflush(conn->pg) >= 0)
		conn->busy = conn->end_sent = true;
	else
		mm_disconnect(conn);
}

static void
commit(MMConnection *conn, void *arg)
{
	if (conn->lost && conn->wrote)
		ereport(ERROR,
				(errcode(ERRCODE_CONNECTION_FAILURE),
				 errmsg("connection to server \"%s\" was lost in this transaction", conn->server)));
	/* What only read, and was lost in a part that was rolled back, is not missed. */
	if (conn->depth > 0 && !conn->lost)
	{
		if (conn->wrote || conn->busy || IsolationIsSerializable())
			mm_exec_end(conn, "COMMIT TRANSACTION");
		else
			send_end(conn, "COMMIT TRANSACTION");
	}
	conn->depth = 0;
	conn->lost = conn->wrote = false;
}

/*
 * Roll back what is open, without waiting.
 */
static void
roll_back(MMConnection *conn, void *arg)
{
	if (conn->connecting || (conn->busy && !conn->end_sent))
		mm_disconnect(conn);
	else if (conn->depth > 0 && conn->pg != NULL)
		send_end(conn, "ROLLBACK TRANSACTION");
	conn->depth = 0;
	conn->lost = conn->wrote = false;
}

static void
refuse_prepare(MMConnection *conn, void *arg)
{
	if (conn->depth > 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot PREPARE a transaction that has used a distributed table")));
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PARALLEL_PRE_COMMIT:
			if (any_open)
				mm_connection_each(commit, NULL);
			break;
		case XACT_EVENT_PRE_PREPARE:
			if (any_open)
				mm_connection_each(refuse_prepare, NULL);
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PARALLEL_ABORT:
			mm_connection_each(roll_back, NULL);
			any_open = false;
			break;
		default:
			any_open = false;
			break;
	}
}

/*
 * Roll back what is open at the server beyond a depth, at the next command: the
 * transaction (depth 0), or the savepoints above.
 */
void
mm_undo(MMConnection *conn, int depth)
{
	if (conn->depth <= depth)
		return;
	/* What was to be sent is undone by this, or does not matter. */
	resetStringInfo(&conn->before);
	conn->undone = depth + 1;
	conn->depth = depth;
}

/*
 * Roll back to the savepoint of a subtransaction, at the next command.
 */
static void
roll_back_part(MMConnection *conn, void *arg)
{
	if (conn->connecting || (conn->busy && !conn->end_sent))
		mm_disconnect(conn);
	if (conn->pg != NULL)
		mm_undo(conn, *(int *) arg - 1);
}

static void
commit_part(MMConnection *conn, void *arg)
{
	int			level = *(int *) arg;

	if (conn->depth >= level && conn->pg != NULL)
	{
		appendStringInfo(&conn->before, "RELEASE SAVEPOINT s%d; ", level);
		conn->depth = level - 1;
	}
}

static void
at_subtransaction_end(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();

	if (event == SUBXACT_EVENT_ABORT_SUB)
		mm_connection_each(roll_back_part, &level);
	else if (event == SUBXACT_EVENT_PRE_COMMIT_SUB)
		mm_connection_each(commit_part, &level);
}

void
mm_transaction_init(void)
{
	RegisterXactCallback(at_transaction_end, NULL);
	RegisterSubXactCallback(at_subtransaction_end, NULL);
}
