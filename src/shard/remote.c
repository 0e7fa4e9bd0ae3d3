/*-------------------------------------------------------------------------
 *
 * remote.c
 *	  Statements run on several servers at once, for the fan-out.
 *
 * Each call goes through these states, and a connection serves one call at a
 * time; others for the same server wait in their first state:
 *
 *	CALL_WAITING	the connection is in use by another call
 *	CALL_CONNECTING	it is being made
 *	CALL_CATCHING_UP	the answer to what earlier (sub)transactions have left is awaited
 *	CALL_BEGINNING	a transaction is being opened, or a savepoint made
 *	CALL_PREPARING	the statement is being prepared
 *	CALL_RUNNING	its result is awaited
 *	CALL_DONE
 *
 * A statement is prepared when the same text is run for the second time on a
 * connection: many texts are run but once.
 *
 * All waiting is in one WaitEventSet, so that servers work in parallel, and a
 * cancel or a timeout is noticed at once, whatever state a server is in.  What
 * is under way then is closed when the transaction aborts (transaction.c).  So the
 * error of one server waits for the others, if the error is in a savepoint that may
 * be rolled back while the transactions at the servers go on.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "compat.h"
#include "fanout/remote.h"
#include "shard/connection.h"

enum
{
	CALL_WAITING,
	CALL_CONNECTING,
	CALL_CATCHING_UP,
	CALL_BEGINNING,
	CALL_PREPARING,
	CALL_RUNNING,
	CALL_DONE
};

/* ---------- prepared statements ---------- */

/* So many texts are remembered; then all are forgotten. */
#define MOST_STATEMENTS		1000

typedef struct StatementKey
{
	MMConnection *conn;
	uint64		hash;			/* of the text */
} StatementKey;

/*
 * What is known of a text on a connection.
 */
typedef struct Statement
{
	StatementKey key;
	char	   *sql;
	uint64		generation;		/* of the connection */
	uint64		number;			/* of the prepared statement */
	bool		run_before;
	bool		prepared;
} Statement;

static HTAB *statements = NULL;
static MemoryContext statement_context = NULL;

/* One of them could not be run any more, so others may not, either. */
static bool are_outdated = false;

static void
forget_prepared(MMConnection *conn, void *arg)
{
	conn->generation++;
	conn->forgotten = conn->pg != NULL;
}

/*
 * Make room for the texts of a few calls.
 */
static void
limit_statements(int ncalls)
{
	HASHCTL		ctl;

	if (statements != NULL && !are_outdated && hash_get_num_entries(statements) + ncalls < MOST_STATEMENTS)
		return;
	are_outdated = false;
	if (statements != NULL)
	{
		statements = NULL;
		MemoryContextReset(statement_context);
		mm_connection_each(forget_prepared, NULL);
	}
	else
		statement_context = AllocSetContextCreate(TopMemoryContext, "mmdb remote statements",
												  ALLOCSET_DEFAULT_SIZES);
	ctl.keysize = sizeof(StatementKey);
	ctl.entrysize = sizeof(Statement);
	ctl.hcxt = statement_context;
	statements = hash_create("mmdb remote statements", 256, &ctl,
							 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * What is known of a call's text on its connection; NULL if it must not be
 * prepared.
 */
static Statement *
find_statement(const MMRemoteCall *call)
{
	MMConnection *conn = call->connection;
	StatementKey key;
	Statement  *statement;
	bool		found;

	if (!call->prepare)
		return NULL;
	memset(&key, 0, sizeof(key));
	key.conn = conn;
	key.hash = hash_bytes_extended((const unsigned char *) call->sql, (int) strlen(call->sql), 0);
	statement = hash_search(statements, &key, HASH_FIND, &found);
	if (!found)
	{
		char	   *sql = MemoryContextStrdup(statement_context, call->sql);

		statement = hash_search(statements, &key, HASH_ENTER, &found);
		statement->sql = sql;
		statement->generation = 0;
	}
	if (strcmp(statement->sql, call->sql) != 0)
		return NULL;
	if (statement->generation != conn->generation)
	{
		statement->generation = conn->generation;
		statement->number = ++conn->statements;
		statement->run_before = statement->prepared = false;
	}
	return statement;
}

/* ---------- results ---------- */

static void
free_result(void *result)
{
	PQclear(result);
}

/*
 * Keep a result as long as the current memory context.
 */
static void
keep_result(MMRemoteCall *call, PGresult *result)
{
	MemoryContextCallback *callback = MemoryContextAllocExtended(CurrentMemoryContext,
																 sizeof(MemoryContextCallback),
																 MCXT_ALLOC_NO_OOM);

	if (callback == NULL)
	{
		PQclear(result);
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	}
	call->holder = callback;
	callback->func = free_result;
	callback->arg = result;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
	call->result = result;
	call->nrows = PQntuples(result);
}

/* ---------- a call's states ---------- */

/*
 * The result that is an error, which is the caller's then; NULL if there is none.
 */
static PGresult *
take_error(MMRemoteCall *call)
{
	MemoryContextCallback *holder = call->holder;
	PGresult   *result = call->result;

	if (!call->failed)
		return NULL;
	holder->arg = NULL;
	call->holder = call->result = NULL;
	call->nrows = 0;
	call->failed = false;
	return result;
}

/*
 * Has a call failed because its prepared statement cannot be run any more?  That is so
 * if a column of its result has another type by now, or if the statement is gone: a
 * command of mmdb.on_servers may deallocate it.  Then it is forgotten, and so are all
 * others before the next calls.
 */
static bool
is_outdated(const MMRemoteCall *call, const PGresult *error)
{
	const char *sqlstate = PQresultErrorField(error, PG_DIAG_SQLSTATE);
	Statement  *statement = call->state == CALL_RUNNING ? find_statement(call) : NULL;

	if (statement == NULL || !statement->prepared || sqlstate == NULL ||
		(strcmp(sqlstate, "0A000") != 0 && strcmp(sqlstate, "26000") != 0))
		return false;
	statement->generation = 0;
	are_outdated = true;
	return true;
}

/*
 * A call cannot go on.  Begin anew, with another connection or another prepared
 * statement, if nothing can be lost by that; or let the answer go without this server;
 * or raise the error.
 */
static void
fail(MMRemoteCall *call, bool partial)
{
	MMConnection *conn = call->connection;
	bool		is_lost = conn->pg == NULL || PQstatus(conn->pg) == CONNECTION_BAD;
	PGresult   *result = take_error(call);

	/* What the call itself has opened can be opened anew, as nothing was read in it. */
	if (!is_lost && is_outdated(call, result) && (conn->depth == 0 || call->depth < conn->depth) &&
		!call->retried)
	{
		PQclear(result);
		conn->busy = false;
		mm_undo(conn, call->depth);
		call->retried = true;
		call->state = CALL_WAITING;
		return;
	}

	if (is_lost && conn->depth == 0 && !conn->fresh && !call->retried)
	{
		PQclear(result);
		mm_disconnect(conn);
		call->retried = true;
		call->state = CALL_WAITING;
		return;
	}
	if (is_lost && partial && conn->depth == 0)
	{
		char	   *why = pchomp(conn->pg != NULL ? PQerrorMessage(conn->pg) : "connection is closed");

		PQclear(result);
		mm_disconnect(conn);
		ereport(WARNING,
				(errcode(ERRCODE_CONNECTION_FAILURE),
				 errmsg("the answer is without the rows of server \"%s\"", conn->server),
				 errdetail_internal("%s", why)));
		call->missing = true;
		call->state = CALL_DONE;
		return;
	}
	mm_remote_error(conn, result, call->sql);
}

/*
 * Begin to connect, or go on with it: with its socket ready, or else only as far as
 * time goes.  Returns the events to wait for, 0 when the connection is there.
 */
static int
try_connect(MMRemoteCall *call, bool ready, bool partial)
{
	MMConnection *conn = call->connection;
	MemoryContext context = CurrentMemoryContext;
	volatile int events = 0;

	PG_TRY();
	{
		if (conn->pg == NULL)
		{
			mm_connection_start(conn);
			events = conn->poll_for;
		}
		else
		{
			uint64		generation = conn->generation;

			(void) mm_connection_timeout(conn);
			/* It may have begun anew, with another host. */
			events = ready && generation == conn->generation ? mm_connection_poll(conn) :
				conn->poll_for;
		}
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (!partial ||
			ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_TO_CATEGORY(ERRCODE_CONNECTION_FAILURE) ||
			conn->pg != NULL)
			PG_RE_THROW();
		FlushErrorState();
		ereport(WARNING,
				(errcode(ERRCODE_CONNECTION_FAILURE),
				 errmsg("the answer is without the rows of server \"%s\"", conn->server),
				 error->detail != NULL ? errdetail_internal("%s", error->detail) : 0));
		call->missing = true;
		call->state = CALL_DONE;
	}
	PG_END_TRY();
	return events;
}

/*
 * Is a connection in use by another of the calls?
 */
static bool
is_taken(const MMRemoteCall *calls, int ncalls, const MMRemoteCall *by)
{
	for (int i = 0; i < ncalls; i++)
		if (&calls[i] != by && calls[i].connection == by->connection &&
			calls[i].state != CALL_WAITING && calls[i].state != CALL_DONE)
			return true;
	return false;
}

/*
 * Send what comes next on a connection that is ready, and let the call be in the
 * state that awaits its end.
 */
static void
send_next(MMRemoteCall *call, bool partial)
{
	MMConnection *conn = call->connection;
	int			level = GetCurrentTransactionNestLevel();
	bool		begins = (call->in_transaction && conn->depth < level) ||
		(conn->depth > 0 && conn->depth < level);
	char	   *before;
	bool		sent;

	if (conn->end_sent)
	{
		call->state = CALL_CATCHING_UP;
		return;
	}
	conn->busy = true;
	before = mm_before(conn);
	if (before != NULL)
	{
		call->state = CALL_CATCHING_UP;
		sent = PQsendQuery(conn->pg, before);
		pfree(before);
	}
	else if (begins)
	{
		char	   *sql = mm_begin_sql(conn);

		call->state = CALL_BEGINNING;
		sent = PQsendQuery(conn->pg, sql);
		pfree(sql);
	}
	else
	{
		Statement  *statement = find_statement(call);
		char		name[NAMEDATALEN];

		if (statement != NULL)
			snprintf(name, NAMEDATALEN, "mmdb_" UINT64_FORMAT, statement->number);
		if (statement != NULL && statement->prepared)
		{
			call->state = CALL_RUNNING;
			sent = PQsendQueryPrepared(conn->pg, name, call->nparams, call->values,
									   call->lengths, call->formats, 1);
		}
		else if (statement != NULL && statement->run_before)
		{
			call->state = CALL_PREPARING;
			sent = PQsendPrepare(conn->pg, name, call->sql, 0, NULL);
		}
		else
		{
			if (statement != NULL)
				statement->run_before = true;
			call->state = CALL_RUNNING;
			sent = PQsendQueryParams(conn->pg, call->sql, call->nparams, NULL, call->values,
									 call->lengths, call->formats, 1);
		}
	}
	if (!sent)
		fail(call, partial);
	else
		(void) PQflush(conn->pg);
}

/*
 * The command that was sent has ended, and was no error: note what that means for
 * its connection.
 */
static void
note_end(MMRemoteCall *call)
{
	MMConnection *conn = call->connection;

	conn->busy = conn->end_sent = false;
	conn->fresh = false;
	if (call->state == CALL_BEGINNING)
		mm_begun(conn);
	else if (call->state == CALL_PREPARING)
		find_statement(call)->prepared = true;
}

static void
command_ended(MMRemoteCall *call, bool partial)
{
	note_end(call);
	if (call->state == CALL_RUNNING)
		call->state = CALL_DONE;
	else
		send_next(call, partial);
}

/*
 * Go on with a call, as far as that is possible without waiting.
 */
static void
go_on(MMRemoteCall *call, bool partial)
{
	MMConnection *conn = call->connection;

	if (call->state == CALL_CONNECTING)
	{
		if (try_connect(call, true, partial) == 0 && call->state == CALL_CONNECTING)
			send_next(call, partial);
		return;
	}
	if (PQflush(conn->pg) < 0 || !PQconsumeInput(conn->pg))
	{
		fail(call, partial);
		return;
	}
	while (call->state != CALL_DONE && call->state != CALL_WAITING && !PQisBusy(conn->pg))
	{
		PGresult   *result = PQgetResult(conn->pg);
		ExecStatusType status = PQresultStatus(result);

		if (result == NULL && call->failed)
			fail(call, partial);
		else if (result == NULL)
			command_ended(call, partial);
		else if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE)
		{
			/* If it fails, the transaction is over all the same. */
			if (call->state == CALL_CATCHING_UP && conn->end_sent &&
				PQstatus(conn->pg) == CONNECTION_OK)
				PQclear(result);
			else
			{
				/* The command ends with this; until then, nothing else can be sent. */
				keep_result(call, result);
				call->failed = true;
			}
		}
		else if (call->state == CALL_RUNNING && status == PGRES_TUPLES_OK)
			keep_result(call, result);
		else
			PQclear(result);
	}
}

/*
 * Begin with a call, if its connection is free.
 */
static void
start(MMRemoteCall *calls, int ncalls, MMRemoteCall *call, bool partial)
{
	MMConnection *conn;

	call->connection = conn = mm_connection(call->serverid, call->userid);
	if (is_taken(calls, ncalls, call))
		return;
	call->depth = conn->depth;
	mm_connection_alive(conn);
	if (conn->pg == NULL || conn->connecting)
	{
		call->state = CALL_CONNECTING;
		(void) try_connect(call, false, partial);
		return;
	}
	if (conn->busy && !conn->end_sent)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("connection to server \"%s\" is in use by another command", conn->server)));
	send_next(call, partial);
	/* The end of an earlier transaction may have been read from the socket already. */
	if (call->state == CALL_CATCHING_UP)
		go_on(call, partial);
}

/* ---------- waiting ---------- */

/*
 * What is to be waited for, for a call.
 */
static int
events_of(const MMRemoteCall *call)
{
	const MMConnection *conn = call->connection;

	return call->state == CALL_CONNECTING ? conn->poll_for :
		WL_SOCKET_READABLE | (PQflush(conn->pg) > 0 ? WL_SOCKET_WRITEABLE : 0);
}

static bool
is_under_way(const MMRemoteCall *call)
{
	return call->state != CALL_DONE && call->state != CALL_WAITING;
}

/*
 * A set to wait with for the calls that are under way: one that is kept, with those of
 * other connections if the caller likes, or, if they wait for something else than to
 * read, one for a single wait, which becomes *own.
 */
static WaitEventSet *
set_for(const MMRemoteCall *calls, int ncalls, bool others, WaitEventSet *volatile *own)
{
	MMConnection **conns = palloc(sizeof(MMConnection *) * ncalls);
	int		   *events = palloc(sizeof(int) * ncalls);
	bool		plain = true;
	int			n = 0;
	WaitEventSet *set;

	for (int i = 0; i < ncalls; i++)
		if (is_under_way(&calls[i]))
		{
			conns[n] = calls[i].connection;
			events[n] = events_of(&calls[i]);
			plain &= calls[i].state != CALL_CONNECTING && events[n] == WL_SOCKET_READABLE;
			n++;
		}
	if (plain && n <= MM_MOST_KEPT_SOCKETS)
		set = mm_sockets_kept(n, conns, others);
	else
		set = *own = mm_sockets_set(n, conns, events);
	pfree(conns);
	pfree(events);
	return set;
}

/*
 * Wait until something happens to one of the calls.  timeout is in milliseconds,
 * or -1.  Returns false if something has happened to another connection, which then
 * must not be waited for.
 */
static bool
wait_for(WaitEventSet *set, MMRemoteCall *calls, int ncalls, int timeout, bool partial)
{
	WaitEvent	events[16];
	int			n = WaitEventSetWait(set, timeout, events, lengthof(events), PG_WAIT_EXTENSION);
	bool		ours = true;

	for (int i = 0; i < n; i++)
	{
		if ((events[i].events & WL_LATCH_SET) != 0)
		{
			ResetLatch(MyLatch);
			CHECK_FOR_INTERRUPTS();
		}
		else if (events[i].user_data != NULL)
		{
			int			j = 0;

			while (j < ncalls && !(is_under_way(&calls[j]) && calls[j].connection == events[i].user_data))
				j++;
			if (j < ncalls)
				go_on(&calls[j], partial);
			else
				ours = false;
		}
	}
	return ours;
}

/* ---------- all calls ---------- */

/*
 * Start the calls that can start.  Returns how many are not done, and sets *timeout to
 * the milliseconds that are left for connecting, or -1.
 */
static int
start_all(MMRemoteCall *calls, int ncalls, bool partial, int *timeout)
{
	int			left = 0;

	*timeout = -1;
	for (int i = 0; i < ncalls; i++)
	{
		MMRemoteCall *call = &calls[i];

		if (call->state == CALL_WAITING)
			start(calls, ncalls, call, partial);
		else if (call->state == CALL_CONNECTING)
			(void) try_connect(call, false, partial);
		if (call->state == CALL_DONE)
			continue;
		left++;
		if (call->state == CALL_CONNECTING)
		{
			int			t = mm_connection_timeout(call->connection);

			if (t >= 0 && (*timeout < 0 || t < *timeout))
				*timeout = t;
		}
	}
	return left;
}

/* ---------- errors within savepoints ---------- */

/*
 * Wait for the end of the command that is under way for a call, whatever comes of it.
 */
static void
wait_for_end(MMRemoteCall *call)
{
	MMConnection *conn = call->connection;
	/* An error's result may be here already, and only the end of the command be missing. */
	bool		failed = call->failed;

	for (;;)
	{
		int			unsent = PQflush(conn->pg);
		PGresult   *result;

		if (unsent < 0 || !PQconsumeInput(conn->pg))
			return;
		if (unsent > 0 || PQisBusy(conn->pg))
		{
			mm_connection_wait(conn, WL_SOCKET_READABLE | (unsent > 0 ? WL_SOCKET_WRITEABLE : 0));
			continue;
		}
		result = PQgetResult(conn->pg);
		if (result == NULL)
			break;
		failed |= PQresultStatus(result) == PGRES_FATAL_ERROR ||
			PQresultStatus(result) == PGRES_BAD_RESPONSE;
		PQclear(result);
	}
	if (!failed)
		note_end(call);
	else if (call->state != CALL_BEGINNING)
		conn->busy = false;		/* rolling back to the savepoint mends it */
}

/*
 * A call has failed within a subtransaction, which may be rolled back alone.  What is
 * under way for the others, in the transactions that are open there, is waited for:
 * connections on which a command is running are closed, and their transactions with
 * them.
 */
static void
wait_for_others(MMRemoteCall *calls, int ncalls)
{
	for (int i = 0; i < ncalls; i++)
	{
		MMConnection *conn = calls[i].connection;

		if (conn != NULL && conn->pg != NULL && conn->busy && !conn->connecting &&
			(conn->depth > 0 || calls[i].state == CALL_BEGINNING) &&
			calls[i].state != CALL_WAITING && calls[i].state != CALL_DONE)
			wait_for_end(&calls[i]);
	}
}

static void
run_calls(MMRemoteCall *calls, int ncalls, bool partial)
{
	WaitEventSet *volatile own = NULL;
	MemoryContext context = CurrentMemoryContext;
	int			timeout;

	limit_statements(ncalls);
	for (int i = 0; i < ncalls; i++)
	{
		calls[i].state = CALL_WAITING;
		calls[i].connection = calls[i].holder = calls[i].result = NULL;
		calls[i].nrows = 0;
		calls[i].retried = calls[i].missing = calls[i].failed = false;
	}
	PG_TRY();
	{
		bool		others = true;

		while (start_all(calls, ncalls, partial, &timeout) > 0)
		{
			WaitEventSet *set = set_for(calls, ncalls, others, &own);

			if (!wait_for(set, calls, ncalls, timeout, partial))
			{
				others = false;
				mm_sockets_drop();
			}
			if (own != NULL)
			{
				FreeWaitEventSet(own);
				own = NULL;
			}
		}
	}
	PG_CATCH();
	{
		if (own != NULL)
			FreeWaitEventSet(own);
		if (GetCurrentTransactionNestLevel() > 1 && !proc_exit_inprogress)
		{
			ErrorData  *error;

			MemoryContextSwitchTo(context);
			error = CopyErrorData();
			if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_TO_CATEGORY(ERRCODE_QUERY_CANCELED))
			{
				FlushErrorState();
				wait_for_others(calls, ncalls);
				ReThrowError(error);
			}
		}
		PG_RE_THROW();
	}
	PG_END_TRY();
}

static void
release(MMRemoteCall *call)
{
	MemoryContextCallback *holder = call->holder;

	if (holder == NULL)
		return;
	PQclear(call->result);
	holder->arg = NULL;
	call->holder = call->result = NULL;
	call->nrows = 0;
}

static const char *
call_value(const MMRemoteCall *call, int row, int column, int *length)
{
	if (PQgetisnull(call->result, row, column))
		return NULL;
	*length = PQgetlength(call->result, row, column);
	return PQgetvalue(call->result, row, column);
}

static int
call_ncolumns(const MMRemoteCall *call)
{
	return PQnfields(call->result);
}

static Oid
call_type(const MMRemoteCall *call, int column)
{
	return PQftype(call->result, column);
}

static void
close_cursor(const MMRemoteCall *call, const char *cursor)
{
	MMConnection *conn = call->connection;

	if (conn != NULL && conn->pg != NULL && conn->depth > 0 && !conn->lost)
		appendStringInfo(&conn->before, "CLOSE %s; ", cursor);
}

static const MMRemoteRoutine routine = {
	.run = run_calls,
	.release = release,
	.value = call_value,
	.ncolumns = call_ncolumns,
	.type = call_type,
	.close_cursor = close_cursor,
};

extern PGDLLEXPORT const MMRemoteRoutine *mm_remote(void);

const MMRemoteRoutine *
mm_remote(void)
{
	return &routine;
}
