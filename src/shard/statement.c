/*-------------------------------------------------------------------------
 *
 * statement.c
 *	  Commands, small results and COPY over a connection.
 *
 * A command is waited for.  An error of the server is raised here with its
 * SQLSTATE; the server is named in the message, and the command in the context.
 * A command is never sent a second time: whether the first one took effect
 * cannot be known once the connection is lost.  A connection that was lost
 * while it was idle is made anew before anything is sent (mm_connect).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/builtins.h"

#include "shard/connection.h"

/* How much of a COPY may wait in memory to be sent. */
#define COPY_BUFFER		(256 * 1024)

/*
 * A server's hint, or NULL, and what we have to add: that names are not known there is
 * the sign of a server that differs from this one.  A palloc'd string, or NULL.
 */
static char *
full_hint(int code, const char *hint)
{
	const char *ours = "What servers have otherwise than this one is told by mmdb.check_servers(table).";

	switch (code)
	{
		case ERRCODE_UNDEFINED_TABLE:
		case ERRCODE_UNDEFINED_COLUMN:
		case ERRCODE_UNDEFINED_FUNCTION:
		case ERRCODE_UNDEFINED_OBJECT:
		case ERRCODE_INVALID_SCHEMA_NAME:
			return hint != NULL ? psprintf("%s %s", hint, ours) : pstrdup(ours);
		default:
			return hint != NULL ? pstrdup(hint) : NULL;
	}
}

/*
 * Raise an error of a server: of a result, which is freed, or of the connection
 * if result is NULL or tells nothing.  sql is the command, or NULL.
 */
void
mm_remote_error(MMConnection *conn, PGresult *result, const char *sql)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
	const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
	const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT);
	int			code = ERRCODE_CONNECTION_FAILURE;
	bool		is_lost = conn->pg == NULL || PQstatus(conn->pg) == CONNECTION_BAD;

	if (sqlstate != NULL && strlen(sqlstate) == 5)
		code = MAKE_SQLSTATE(sqlstate[0], sqlstate[1], sqlstate[2], sqlstate[3], sqlstate[4]);
	/* That a server goes down is an error of class 57 there, and of 08 here. */
	if (is_lost || ERRCODE_TO_CATEGORY(code) == ERRCODE_TO_CATEGORY(ERRCODE_ADMIN_SHUTDOWN))
	{
		if (is_lost || code == ERRCODE_ADMIN_SHUTDOWN || code == ERRCODE_CRASH_SHUTDOWN ||
			code == ERRCODE_CANNOT_CONNECT_NOW)
		{
			is_lost = true;
			code = ERRCODE_CONNECTION_FAILURE;
		}
	}
	if (message == NULL)
		message = pchomp(conn->pg != NULL ? PQerrorMessage(conn->pg) : "connection is closed");
	message = pstrdup(message);
	detail = detail != NULL ? pstrdup(detail) : NULL;
	hint = full_hint(code, hint);
	context = context != NULL ? pstrdup(context) : NULL;
	PQclear(result);
	if (is_lost)
		mm_disconnect(conn);
	else
		conn->busy = false;
	ereport(ERROR,
			(errcode(code),
			 is_lost ? errmsg("connection to server \"%s\" was lost", conn->server)
			 : errmsg("server \"%s\": %s", conn->server, message),
			 is_lost ? errdetail_internal("%s", message)
			 : detail != NULL ? errdetail_internal("%s", detail) : 0,
			 hint != NULL ? errhint("%s", hint) : 0,
			 context != NULL ? errcontext("%s", context) : 0,
			 sql != NULL ? errcontext("command sent to server \"%s\": %s", conn->server, sql) : 0));
}

/*
 * Wait until everything is sent.
 */
static void
flush(MMConnection *conn, const char *sql)
{
	int			left;

	while ((left = PQflush(conn->pg)) != 0)
	{
		if (left < 0)
			mm_remote_error(conn, NULL, sql);
		/* The server may itself wait for us to read. */
		mm_connection_wait(conn, WL_SOCKET_WRITEABLE | WL_SOCKET_READABLE);
		if (!PQconsumeInput(conn->pg))
			mm_remote_error(conn, NULL, sql);
	}
}

/*
 * Wait for the next result; NULL if the command is over.
 */
static PGresult *
next_result(MMConnection *conn, const char *sql)
{
	while (PQisBusy(conn->pg))
	{
		mm_connection_wait(conn, WL_SOCKET_READABLE);
		if (!PQconsumeInput(conn->pg))
			mm_remote_error(conn, NULL, sql);
	}
	return PQgetResult(conn->pg);
}

/*
 * Wait for the end of a command, and return its last result, or the first that
 * is an error.  The caller frees it.
 */
static PGresult *
last_result(MMConnection *conn, const char *sql)
{
	PGresult   *volatile last = NULL;

	PG_TRY();
	{
		PGresult   *result;

		while ((result = next_result(conn, sql)) != NULL)
		{
			ExecStatusType status = PQresultStatus(result);

			if (last != NULL && PQresultStatus(last) == PGRES_FATAL_ERROR)
				PQclear(result);
			else
			{
				PQclear(last);
				last = result;
			}
			/* A COPY goes on, for its caller. */
			if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT)
				break;
		}
	}
	PG_CATCH();
	{
		PQclear(last);
		PG_RE_THROW();
	}
	PG_END_TRY();
	return last;
}

/*
 * Send a command and wait for its result.
 */
static PGresult *
run(MMConnection *conn, const char *sql, int nparams, const char *const *values)
{
	PGresult   *result;

	if (conn->pg == NULL)
		mm_remote_error(conn, NULL, sql);
	conn->busy = true;
	if (!(nparams == 0 ? PQsendQuery(conn->pg, sql) :
		  PQsendQueryParams(conn->pg, sql, nparams, NULL, values, NULL, NULL, 0)))
		mm_remote_error(conn, NULL, sql);
	flush(conn, sql);
	result = last_result(conn, sql);
	if (result == NULL || PQresultStatus(result) == PGRES_FATAL_ERROR ||
		PQresultStatus(result) == PGRES_BAD_RESPONSE)
		mm_remote_error(conn, result, sql);
	return result;
}

/*
 * What has to be sent before the next command, which is up to the caller then: a palloc'd
 * string, or NULL.
 */
char *
mm_before(MMConnection *conn)
{
	StringInfoData sql;

	if (conn->undone == 0 && conn->before.len == 0 && !conn->forgotten)
		return NULL;
	initStringInfo(&sql);
	if (conn->undone == 1)
		appendStringInfoString(&sql, "ROLLBACK TRANSACTION; ");
	else if (conn->undone > 1)
		appendStringInfo(&sql, "ROLLBACK TO SAVEPOINT s%d; RELEASE SAVEPOINT s%d; ",
						 conn->undone, conn->undone);
	appendBinaryStringInfo(&sql, conn->before.data, conn->before.len);
	if (conn->forgotten)
		appendStringInfoString(&sql, "DEALLOCATE ALL; ");
	conn->undone = 0;
	resetStringInfo(&conn->before);
	conn->forgotten = false;
	return sql.data;
}

/*
 * Send what has to be sent before a command: the end of a transaction that was rolled
 * back without waiting for it, and what subtransactions have left.  sql is the command.
 */
void
mm_catch_up(MMConnection *conn, const char *sql)
{
	char	   *before;

	if (conn->end_sent)
	{
		PQclear(last_result(conn, sql));
		conn->end_sent = conn->busy = false;
	}
	if (conn->busy)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("connection to server \"%s\" is in use by another command", conn->server)));
	before = mm_before(conn);
	if (before != NULL)
	{
		PQclear(run(conn, before, 0, NULL));
		conn->busy = false;
		pfree(before);
	}
}

/*
 * The rows of a result, copied.
 */
static pg_noinline MMRows *
copy_values(const PGresult *result)
{
	MMRows	   *rows = palloc0(sizeof(MMRows));

	rows->nrows = PQntuples(result);
	rows->ncolumns = PQnfields(result);
	rows->values = palloc0(sizeof(char *) * Max(rows->nrows * rows->ncolumns, 1));
	for (int i = 0; i < rows->nrows; i++)
		for (int j = 0; j < rows->ncolumns; j++)
			if (!PQgetisnull(result, i, j))
				MM_ROW_VALUE(rows, i, j) = pstrdup(PQgetvalue(result, i, j));
	return rows;
}

/*
 * The same; frees the result.
 */
static MMRows *
copy_rows(PGresult *result)
{
	MMRows	   *volatile rows = NULL;

	PG_TRY();
	{
		rows = copy_values(result);
	}
	PG_CATCH();
	{
		PQclear(result);
		PG_RE_THROW();
	}
	PG_END_TRY();
	PQclear(result);
	return rows;
}

/*
 * Run a command with parameters given as text (NULL for NULL), of the types that
 * the server finds out.  Returns its rows, if any, in the current context.
 *
 * The command runs in the remote transaction if one is open (mm_begin), and by
 * itself otherwise.
 */
MMRows *
mm_exec_params(MMConnection *conn, const char *sql, int nparams, const char *const *values)
{
	PGresult   *result;

	mm_catch_up(conn, sql);
	result = run(conn, sql, nparams, values);
	conn->busy = conn->fresh = false;
	return copy_rows(result);
}

/*
 * Run a command, or several that are separated by semicolons; the rows are those
 * of the last one.  See mm_exec_params.
 */
MMRows *
mm_exec(MMConnection *conn, const char *sql)
{
	return mm_exec_params(conn, sql, 0, NULL);
}

/*
 * Begin COPY ... FROM STDIN or TO STDOUT.
 */
void
mm_copy_begin(MMConnection *conn, const char *sql)
{
	PGresult   *result;
	ExecStatusType status;

	mm_catch_up(conn, sql);
	result = run(conn, sql, 0, NULL);
	conn->fresh = false;
	status = PQresultStatus(result);
	PQclear(result);
	conn->unsent = 0;
	if (status != PGRES_COPY_IN && status != PGRES_COPY_OUT)
		elog(ERROR, "not a COPY to or from the client: %s", sql);
}

/*
 * Send data of a COPY FROM STDIN.  Waits only when much of it is not sent yet, so
 * several connections can be served in turn.
 */
void
mm_copy_put(MMConnection *conn, const char *data, int length)
{
	int			done;

	while ((done = PQputCopyData(conn->pg, data, length)) == 0)
		mm_connection_wait(conn, WL_SOCKET_WRITEABLE);
	if (done < 0)
		mm_remote_error(conn, NULL, "COPY");
	conn->unsent += length;
	if (conn->unsent >= COPY_BUFFER)
	{
		flush(conn, "COPY");
		conn->unsent = 0;
	}
}

/*
 * Send the end of a COPY FROM STDIN.
 */
void
mm_copy_last(MMConnection *conn)
{
	int			done;

	while ((done = PQputCopyEnd(conn->pg, NULL)) == 0)
		mm_connection_wait(conn, WL_SOCKET_WRITEABLE);
	if (done < 0)
		mm_remote_error(conn, NULL, "COPY");
	flush(conn, "COPY");
}

/*
 * Wait until the server has taken everything of a COPY FROM STDIN, whose end was sent.
 */
void
mm_copy_end(MMConnection *conn)
{
	PGresult   *result = last_result(conn, "COPY");

	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		mm_remote_error(conn, result, "COPY");
	PQclear(result);
	conn->busy = false;
}

/*
 * The next row of a COPY TO STDOUT, as one piece of data.  Returns its length,
 * and -1 at the end.  The data is freed by PQfreemem.
 */
int
mm_copy_get(MMConnection *conn, char **data)
{
	int			length;
	PGresult   *result;

	while ((length = PQgetCopyData(conn->pg, data, 1)) == 0)
	{
		mm_connection_wait(conn, WL_SOCKET_READABLE);
		if (!PQconsumeInput(conn->pg))
			mm_remote_error(conn, NULL, "COPY");
	}
	if (length > 0)
		return length;
	result = last_result(conn, "COPY");
	if (length < -1 || PQresultStatus(result) != PGRES_COMMAND_OK)
		mm_remote_error(conn, result, "COPY");
	PQclear(result);
	conn->busy = false;
	return -1;
}

/*
 * Run a command for the end of a transaction: only what is open is waited for, and what
 * is to be rolled back before.
 */
void
mm_exec_end(MMConnection *conn, const char *sql)
{
	resetStringInfo(&conn->before);
	mm_catch_up(conn, sql);
	PQclear(run(conn, sql, 0, NULL));
	conn->busy = false;
}
