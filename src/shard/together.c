/*-------------------------------------------------------------------------
 *
 * together.c
 *	  Commands at several servers at once, and the common end of their
 *	  transactions.
 *
 * Where all servers allow prepared transactions (max_prepared_transactions), an
 * operation ends by two-phase commit: servers prepare, this server commits, and
 * then the servers commit what is prepared.  If this server or a connection is
 * lost in between, the prepared transactions keep their locks: a query waits
 * rather than sees one half of the change.  mmdb.recover() ends them as the
 * transaction here has ended, whose number is in their names, and cancels the
 * queries that wait, as their snapshots are from before that.
 *
 * Where they do not, servers commit one after the other before this server
 * does, as those of postgres_fdw.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <poll.h>

#include "access/xact.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "shard/operations.h"

/* How long to wait for a server to end a prepared transaction, in milliseconds. */
#define END_TIMEOUT		10000

/*
 * Send commands to n servers, one each.  A command of NULL is none.  With single, the
 * protocol makes a text that has several commands an error.  What subtransactions have
 * left to be sent goes before.
 */
static void
send_all(int n, MMConnection *const *conns, const char *const *sql, bool single)
{
	for (int i = 0; i < n; i++)
		if (sql[i] != NULL)
			mm_catch_up(conns[i], sql[i]);
	for (int i = 0; i < n; i++)
	{
		if (sql[i] == NULL)
			continue;
		conns[i]->busy = true;
		if (!(single ? PQsendQueryParams(conns[i]->pg, sql[i], 0, NULL, NULL, NULL, NULL, 0) :
			  PQsendQuery(conns[i]->pg, sql[i])))
			mm_remote_error(conns[i], NULL, sql[i]);
		while (PQflush(conns[i]->pg) > 0)
			mm_connection_wait(conns[i], WL_SOCKET_WRITEABLE);
	}
}

/*
 * Wait for a command's next result, NULL after the last one.  Returns false if the
 * connection is lost.
 */
static bool
next_result(MMConnection *conn, PGresult **result)
{
	while (PQisBusy(conn->pg))
	{
		mm_connection_wait(conn, WL_SOCKET_READABLE);
		if (!PQconsumeInput(conn->pg))
			return false;
	}
	*result = PQgetResult(conn->pg);
	return true;
}

/*
 * Run a command at each of n servers at the same time, each in the transaction
 * that is open there.  A command of NULL is none.  single: see send_all.
 */
void
mm_exec_together(int n, MMConnection *const *conns, const char *const *sql, bool single)
{
	send_all(n, conns, sql, single);
	for (int i = 0; i < n; i++)
	{
		if (sql[i] == NULL)
			continue;
		for (;;)
		{
			PGresult   *result;
			ExecStatusType status;

			if (!next_result(conns[i], &result))
				mm_remote_error(conns[i], NULL, sql[i]);
			if (result == NULL)
				break;
			status = PQresultStatus(result);
			if (status == PGRES_FATAL_ERROR)
				mm_remote_error(conns[i], result, sql[i]);
			PQclear(result);
			/* libpq would say so for ever. */
			if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH)
			{
				for (int j = i; j < n; j++)
					mm_disconnect(conns[j]);
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("COPY from or to the client cannot be run at servers"),
						 errhint("To load rows, use mmdb.copy_from().")));
			}
		}
		conns[i]->busy = false;
	}
}

/* ---------- two-phase commit ---------- */

/* A transaction that is prepared at a server. */
typedef struct Prepared
{
	MMConnection *conn;
	char		gid[64];
	bool		refused;		/* it is not prepared */
	bool		sent;			/* its end was sent */
	struct Prepared *next;
} Prepared;

static Prepared *prepared = NULL;

/*
 * Connections whose transactions are to be prepared before the one here commits.
 * That is left until then because what is prepared is out of reach: whatever this
 * transaction still does there would wait for its locks.
 */
static int	nasked = 0;
static MMConnection **asked = NULL;

/* Has an operation begun in this transaction? */
static bool begun = false;

/*
 * Send a command, without any error but a false result.
 */
static bool
send_quietly(MMConnection *conn, const char *sql)
{
	if (conn->pg == NULL || !PQsendQuery(conn->pg, sql))
		return false;
	conn->busy = true;
	return PQflush(conn->pg) >= 0;
}

/*
 * Wait for the end of a command that was sent, not after a moment, without any error but
 * a false result.
 */
static bool
end_quietly(MMConnection *conn, TimestampTz end)
{
	bool		done = true;
	PGresult   *result;

	for (;;)
	{
		int			unsent = PQflush(conn->pg);

		if (unsent < 0 || !PQconsumeInput(conn->pg))
			return false;
		if (unsent > 0 || PQisBusy(conn->pg))
		{
			struct pollfd poll_for = {.fd = PQsocket(conn->pg), .events = POLLIN | (unsent > 0 ? POLLOUT : 0)};

			if (GetCurrentTimestamp() > end)
				return false;
			(void) poll(&poll_for, 1, 1000);
			continue;
		}
		result = PQgetResult(conn->pg);
		if (result == NULL)
			break;
		done &= PQresultStatus(result) == PGRES_COMMAND_OK;
		PQclear(result);
	}
	conn->busy = false;
	return done;
}

static bool
can_prepare(int n, MMConnection *const *conns)
{
	for (int i = 0; i < n; i++)
		if (strcmp(MM_ROW_VALUE(mm_exec(conns[i], "SHOW max_prepared_transactions"), 0, 0), "0") == 0)
			return false;
	return true;
}

/*
 * The beginning of the names of this database's prepared transactions.
 */
char *
mm_prepared_prefix(void)
{
	return psprintf("mmdb_" UINT64_FORMAT "_%u_", GetSystemIdentifier(), MyDatabaseId);
}

/*
 * The last step of an operation: let the transactions at servers end as the one
 * here does.
 */
void
mm_finish_together(int n, MMConnection *const *conns)
{
	if (n == 0 || !can_prepare(n, conns))
		return;
	asked = MemoryContextAlloc(TopTransactionContext, sizeof(MMConnection *) * n);
	memcpy(asked, conns, sizeof(MMConnection *) * n);
	nasked = n;
}

/*
 * Has an operation begun in this transaction?
 */
bool
mm_is_operating(void)
{
	return begun;
}

/*
 * An operation begins.  There can be one in a transaction.
 */
void
mm_begin_together(const char *operation)
{
	if (begun)
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("%s cannot run in a transaction in which another operation on a distributed table has begun",
						operation),
				 errhint("Use a statement of its own for each operation.")));
	begun = true;
}

/*
 * Wait until a transaction is prepared.  Returns false if it is not, with the error in
 * *error, or NULL there if the connection is lost.
 */
static bool
is_prepared(MMConnection *conn, PGresult *volatile *error)
{
	PGresult   *result;

	*error = NULL;
	while (next_result(conn, &result))
	{
		if (result == NULL)
		{
			conn->busy = false;
			return *error == NULL;
		}
		if (*error == NULL && PQresultStatus(result) == PGRES_FATAL_ERROR)
			*error = result;
		else
			PQclear(result);
	}
	return false;
}

/*
 * Prepare at all servers at the same time, as locks are held meanwhile that others wait
 * for.  If that fails at one of them, the answers of the others are awaited before the
 * error is raised: what is prepared there has to be rolled back.
 */
static void
prepare(void)
{
	char	   *prefix;
	FullTransactionId xid;
	const char **sql;
	Prepared  **ones;
	volatile int failed = -1;
	PGresult   *volatile error = NULL;
	PGresult   *volatile e = NULL;

	/* A transaction that only searches must not get a number: it may run on a standby. */
	if (nasked == 0)
		return;
	prefix = mm_prepared_prefix();
	xid = GetTopFullTransactionId();
	sql = palloc(sizeof(char *) * nasked);
	ones = palloc(sizeof(Prepared *) * nasked);
	for (int i = 0; i < nasked; i++)
	{
		Prepared   *one = MemoryContextAllocZero(TopMemoryContext, sizeof(Prepared));

		one->conn = asked[i];
		snprintf(one->gid, sizeof(one->gid), "%s" UINT64_FORMAT "_%u", prefix, U64FromFullTransactionId(xid),
				 one->conn->serverid);
		sql[i] = psprintf("PREPARE TRANSACTION '%s'", one->gid);
		one->next = prepared;
		prepared = ones[i] = one;
	}
	send_all(nasked, asked, sql, false);
	PG_TRY();
	{
		for (int i = 0; i < nasked; i++)
		{
			if (is_prepared(asked[i], &e))
			{
				asked[i]->depth = 0;
				asked[i]->wrote = false;
				continue;
			}
			ones[i]->refused = e != NULL && PQstatus(asked[i]->pg) == CONNECTION_OK;
			if (failed < 0)
			{
				failed = i;
				error = e;
			}
			else
				PQclear(e);
			e = NULL;
		}
	}
	PG_CATCH();
	{
		PQclear(e);
		PQclear(error);
		PG_RE_THROW();
	}
	PG_END_TRY();
	if (failed >= 0)
		mm_remote_error(asked[failed], error, sql[failed]);
}

/*
 * End what is prepared, at all servers at the same time.
 */
static void
end_prepared(bool committed)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), END_TIMEOUT);

	for (Prepared *one = prepared; one != NULL; one = one->next)
	{
		char		sql[128];

		if (one->refused)
			continue;
		snprintf(sql, sizeof(sql), "%s PREPARED '%s'", committed ? "COMMIT" : "ROLLBACK", one->gid);
		one->sent = send_quietly(one->conn, sql);
	}
	while (prepared != NULL)
	{
		Prepared   *one = prepared;

		prepared = one->next;
		if (!one->refused && (!one->sent || !end_quietly(one->conn, end)))
			ereport(WARNING,
					(errmsg("server \"%s\" has not ended transaction \"%s\"", one->conn->server, one->gid),
					 errdetail("The transaction here is %s; the prepared one keeps its locks there.",
							   committed ? "committed" : "rolled back"),
					 errhint("Call mmdb.recover() when the server is up.")));
		/* Nobody waits for an answer that comes later. */
		if (one->sent && one->conn->busy)
			mm_disconnect(one->conn);
		pfree(one);
	}
}

/*
 * Prepare before the transaction here commits, and end what is prepared as it
 * ends.  That is past the point where an error could still change anything.
 */
static void
at_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_PRE_COMMIT)
		prepare();
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT)
		return;
	nasked = 0;
	begun = false;
	if (prepared != NULL)
		end_prepared(event == XACT_EVENT_COMMIT);
}

void
mm_together_init(void)
{
	RegisterXactCallback(at_transaction_end, NULL);
}
